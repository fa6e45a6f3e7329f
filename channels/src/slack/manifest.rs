//! The app manifest that an admin pastes into Slack, made from the table of commands.

use super::oauth::SCOPES;

/// Stands where the admin puts the address of their own Dealdesk.
pub const HOST: &str = "https://YOUR-HOST";

/// Events that we need. Messages in channels are not among them: we hear what mentions us, and nothing else.
pub const EVENTS: [&str; 4] = ["app_mention", "app_uninstalled", "message.im", "tokens_revoked"];

/// The manifest as YAML. Commands are (name with its slash, usage hint, description).
pub fn manifest(commands: &[(&str, &str, &str)]) -> String {
    let mut out = String::from(
        "# Slack app manifest of Dealdesk, generated from the command table: edit that, not this.\n\
         # Put your own address in place of https://YOUR-HOST, then paste it at https://api.slack.com/apps.\n\
         display_information:\n  \
           name: Dealdesk\n  \
           description: Finds partners, reads contracts, moves deals; people decide.\n  \
           background_color: \"#1f3a5f\"\n\
         features:\n  \
           app_home:\n    \
             home_tab_enabled: false\n    \
             messages_tab_enabled: true\n    \
             messages_tab_read_only_enabled: false\n  \
           bot_user:\n    \
             display_name: Dealdesk\n    \
             always_online: true\n  \
           slash_commands:\n",
    );
    for (name, hint, description) in commands {
        out.push_str(&format!(
            "    - command: {}\n      url: {HOST}/slack/commands\n      description: {}\n",
            quoted(name),
            quoted(description)
        ));
        if !hint.is_empty() {
            out.push_str(&format!("      usage_hint: {}\n", quoted(hint)));
        }
        // Mentions in commands come with their ids only when this is set.
        out.push_str("      should_escape: true\n");
    }
    out.push_str(&format!(
        "oauth_config:\n  redirect_urls:\n    - {HOST}/slack/oauth\n  scopes:\n    bot:\n"
    ));
    for scope in SCOPES {
        out.push_str(&format!("      - {}\n", quoted(scope)));
    }
    out.push_str(&format!(
        "settings:\n  event_subscriptions:\n    request_url: {HOST}/slack/events\n    bot_events:\n"
    ));
    for event in EVENTS {
        out.push_str(&format!("      - {event}\n"));
    }
    out.push_str(&format!(
        "  interactivity:\n    is_enabled: true\n    request_url: {HOST}/slack/interactions\n  \
         org_deploy_enabled: true\n  socket_mode_enabled: false\n  token_rotation_enabled: false\n"
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

    #[test]
    fn the_manifest_names_every_command_scope_and_address() {
        let text = manifest(&[
            ("/deal", "find \"x\"", "Partners and deals"),
            ("/approvals", "", "What waits for me"),
        ]);
        insta::assert_snapshot!(text, @r##"
        # Slack app manifest of Dealdesk, generated from the command table: edit that, not this.
        # Put your own address in place of https://YOUR-HOST, then paste it at https://api.slack.com/apps.
        display_information:
          name: Dealdesk
          description: Finds partners, reads contracts, moves deals; people decide.
          background_color: "#1f3a5f"
        features:
          app_home:
            home_tab_enabled: false
            messages_tab_enabled: true
            messages_tab_read_only_enabled: false
          bot_user:
            display_name: Dealdesk
            always_online: true
          slash_commands:
            - command: "/deal"
              url: https://YOUR-HOST/slack/commands
              description: "Partners and deals"
              usage_hint: "find \"x\""
              should_escape: true
            - command: "/approvals"
              url: https://YOUR-HOST/slack/commands
              description: "What waits for me"
              should_escape: true
        oauth_config:
          redirect_urls:
            - https://YOUR-HOST/slack/oauth
          scopes:
            bot:
              - "app_mentions:read"
              - "channels:history"
              - "chat:write"
              - "commands"
              - "files:read"
              - "groups:history"
              - "im:history"
              - "im:write"
              - "users:read"
              - "users:read.email"
        settings:
          event_subscriptions:
            request_url: https://YOUR-HOST/slack/events
            bot_events:
              - app_mention
              - app_uninstalled
              - message.im
              - tokens_revoked
          interactivity:
            is_enabled: true
            request_url: https://YOUR-HOST/slack/interactions
          org_deploy_enabled: true
          socket_mode_enabled: false
          token_rotation_enabled: false
        "##);
    }
}
