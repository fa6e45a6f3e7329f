//! The app manifest that an admin pastes into Slack, made from the table of commands.

use super::oauth::SCOPES;

/// Stands where the admin puts the address of their own Dealdesk.
pub const HOST: &str = "https://YOUR-HOST";
/// Stands where the admin of an installation in Socket Mode may put the host of its console: links to it are shown in
/// short. It needs no change to work.
const CONSOLE: &str = "dealdesk.example.com";

/// Events that we need. Messages in channels are not among them: we hear what mentions us, and nothing else.
pub const EVENTS: [&str; 6] =
    ["app_home_opened", "app_mention", "app_uninstalled", "link_shared", "message.im", "tokens_revoked"];

/// How Slack reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over connections that we open.
    Socket,
    /// At our public address.
    Http,
}

impl Way {
    fn head(self) -> String {
        let how = match self {
            Self::Socket => {
                "# For Socket Mode: no public address is needed, and nothing here need be changed. Paste it at\n\
                 # https://api.slack.com/apps. To have links to your console shown in short, put its host in place of\n\
                 # dealdesk.example.com.\n"
            }
            Self::Http => {
                "# Put your own address in place of https://YOUR-HOST, then paste it at https://api.slack.com/apps.\n"
            }
        };
        format!(
            "# Slack app manifest of Dealdesk, generated from the command table: edit that, not this.\n{how}"
        )
    }
}

/// The manifest as YAML. Commands are (name with its slash, usage hint, description).
pub fn manifest(way: Way, commands: &[(&str, &str, &str)]) -> String {
    let host = if way == Way::Http { HOST.trim_start_matches("https://") } else { CONSOLE };
    let mut out = way.head();
    out.push_str(&format!(
        "display_information:\n  \
           name: Dealdesk\n  \
           description: Finds partners, reads contracts, moves deals; people decide.\n  \
           background_color: \"#1f3a5f\"\n\
         features:\n  \
           app_home:\n    \
             home_tab_enabled: true\n    \
             messages_tab_enabled: true\n    \
             messages_tab_read_only_enabled: false\n  \
           bot_user:\n    \
             display_name: Dealdesk\n    \
             always_online: true\n  \
           unfurl_domains:\n    \
             - {host}\n  \
           slash_commands:\n",
    ));
    for (name, hint, description) in commands {
        out.push_str(&format!("    - command: {}\n", quoted(name)));
        if way == Way::Http {
            out.push_str(&format!("      url: {HOST}/slack/commands\n"));
        }
        out.push_str(&format!("      description: {}\n", quoted(description)));
        if !hint.is_empty() {
            out.push_str(&format!("      usage_hint: {}\n", quoted(hint)));
        }
        // Mentions in commands come with their ids only when this is set.
        out.push_str("      should_escape: true\n");
    }
    out.push_str("oauth_config:\n");
    if way == Way::Http {
        out.push_str(&format!("  redirect_urls:\n    - {HOST}/slack/oauth\n"));
    }
    out.push_str("  scopes:\n    bot:\n");
    for scope in SCOPES {
        out.push_str(&format!("      - {}\n", quoted(scope)));
    }
    out.push_str("settings:\n  event_subscriptions:\n");
    if way == Way::Http {
        out.push_str(&format!("    request_url: {HOST}/slack/events\n"));
    }
    out.push_str("    bot_events:\n");
    for event in EVENTS {
        out.push_str(&format!("      - {event}\n"));
    }
    out.push_str("  interactivity:\n    is_enabled: true\n");
    if way == Way::Http {
        let at = format!("{HOST}/slack/interactions");
        out.push_str(&format!("    request_url: {at}\n    message_menu_options_url: {at}\n"));
    }
    let by_socket = way == Way::Socket;
    out.push_str(&format!(
        "  org_deploy_enabled: true\n  socket_mode_enabled: {by_socket}\n  token_rotation_enabled: false\n"
    ));
    out
}

/// A YAML scalar in double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: [(&str, &str, &str); 2] =
        [("/deal", "find \"x\"", "Partners and deals"), ("/approvals", "", "What waits for me")];

    #[test]
    fn in_socket_mode_no_address_is_named() {
        let text = manifest(Way::Socket, &COMMANDS);
        assert!(!text.contains("url:") && !text.contains("_url") && !text.contains("YOUR-HOST"), "{text}");
        assert!(text.contains("socket_mode_enabled: true") && text.contains("home_tab_enabled: true"));
    }

    #[test]
    fn the_manifest_names_every_command_scope_and_address() {
        let text = manifest(Way::Http, &COMMANDS);
        for line in [
            "    - command: \"/deal\"\n      url: https://YOUR-HOST/slack/commands\n",
            "      usage_hint: \"find \\\"x\\\"\"\n      should_escape: true\n",
            "    - command: \"/approvals\"\n      url: https://YOUR-HOST/slack/commands\n      description: \"What waits for me\"\n      should_escape: true\n",
            "  redirect_urls:\n    - https://YOUR-HOST/slack/oauth\n",
            "    request_url: https://YOUR-HOST/slack/events\n",
            "    request_url: https://YOUR-HOST/slack/interactions\n",
            "  unfurl_domains:\n    - YOUR-HOST\n",
            "  socket_mode_enabled: false\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        for word in SCOPES.iter().chain(&EVENTS) {
            assert!(text.contains(word), "{word}");
        }
    }
}
