//! Installing into a workspace: where to send the admin, and what comes back.

use secrecy::SecretString;
use serde_json::Value;

use crate::payload::{first_text, is_true, text_at};

/// Where a workspace's admin agrees.
pub const AUTHORIZE_URL: &str = "https://slack.com/oauth/v2/authorize";

/// What we may do in a workspace, and why.
pub const SCOPES: [&str; 15] = [
    "app_mentions:read", // to be mentioned
    "channels:history",  // to find a message of ours whose posting was cut off
    "channels:read",     // to know whether people of other organisations read a channel
    "chat:write",        // to answer
    "commands",          // slash commands
    "files:read",        // to read contracts that people send us
    "files:write",       // to send what is too long for a message
    "groups:history",    // as for channels, in private ones that we were invited to
    "groups:read",       // the same
    "im:history",        // direct messages to us
    "im:write",          // to ask approvers in private
    "links:read",        // to be told of links to our own pages
    "links:write",       // to show what is behind them
    "users:read",        // names, guests, admins
    "users:read.email",  // to know a person again on other channels
];

/// Our app as registered with Slack.
#[derive(Debug, Clone)]
pub struct App {
    /// Public.
    pub client_id: String,
    /// Secret.
    pub client_secret: SecretString,
    /// Where Slack sends the admin back; must be one of those registered.
    pub redirect_url: Option<String>,
}

/// A workspace that installed us.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The workspace as inbound messages name it: the team, or the organisation when installed organisation-wide.
    pub workspace: String,
    /// Its name.
    pub name: String,
    /// The bot's token.
    pub token: SecretString,
    /// What renews the token, and how long the token is good, seconds; none for a token that does not expire.
    pub renewal: Option<(SecretString, i64)>,
    /// Our own user id there.
    pub bot_user: Option<String>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// The admin who agreed.
    pub installer: Option<String>,
}

/// The page where an admin agrees. `state` must be unguessable, bound to the browser, and checked on return.
pub fn authorize_url(app: &App, state: &str) -> String {
    let mut url = format!("{AUTHORIZE_URL}?client_id=");
    escape_into(&mut url, &app.client_id);
    url.push_str("&scope=");
    escape_into(&mut url, &SCOPES.join(","));
    url.push_str("&state=");
    escape_into(&mut url, state);
    if let Some(redirect) = &app.redirect_url {
        url.push_str("&redirect_uri=");
        escape_into(&mut url, redirect);
    }
    url
}

fn escape_into(url: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(byte.into()),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
}

impl Installed {
    /// Reads Slack's answer; none if it holds no bot token or no workspace.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        if text_at(answer, "/token_type").is_some_and(|kind| kind != "bot") {
            return None;
        }
        let paths: &[&str] =
            if is_true(answer, "/is_enterprise_install") { &["/enterprise/id"] } else { &["/team/id"] };
        Some(Self {
            workspace: first_text(answer, paths)?.to_owned(),
            name: first_text(answer, &["/team/name", "/enterprise/name"]).unwrap_or_default().to_owned(),
            token: SecretString::from(text_at(answer, "/access_token")?.to_owned()),
            renewal: renewal(answer),
            bot_user: text_at(answer, "/bot_user_id").map(str::to_owned),
            scopes: text_at(answer, "/scope").unwrap_or_default().split(',').map(str::to_owned).collect(),
            installer: text_at(answer, "/authed_user/id").map(str::to_owned),
        })
    }
}

fn renewal(answer: &Value) -> Option<(SecretString, i64)> {
    let refresh = text_at(answer, "/refresh_token")?;
    let lasts_s = answer.get("expires_in").and_then(Value::as_i64).filter(|seconds| *seconds > 0)?;
    Some((SecretString::from(refresh.to_owned()), lasts_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_escaped() {
        let app = App {
            client_id: "1.2".into(),
            client_secret: SecretString::from("s"),
            redirect_url: Some("https://desk.example/slack/oauth?x=1".into()),
        };
        let url = authorize_url(&app, "a b&c");
        assert!(
            url.starts_with(
                "https://slack.com/oauth/v2/authorize?client_id=1.2&scope=app_mentions%3Aread%2C"
            )
        );
        assert!(
            url.ends_with("&state=a%20b%26c&redirect_uri=https%3A%2F%2Fdesk.example%2Fslack%2Foauth%3Fx%3D1")
        );
    }

    #[test]
    fn only_a_bot_token_of_a_workspace_is_taken() {
        let good = serde_json::json!({"ok": true, "access_token": "xoxb-1", "token_type": "bot", "scope": "chat:write,commands",
            "bot_user_id": "UBOT", "team": {"id": "T1", "name": "Acme"}, "enterprise": null, "authed_user": {"id": "U1"}});
        let installed = Installed::read(&good).unwrap();
        assert_eq!((installed.workspace.as_str(), installed.scopes.len()), ("T1", 2));
        assert!(installed.renewal.is_none());
        let mut rotating = good.clone();
        rotating["refresh_token"] = serde_json::json!("xoxe-1");
        rotating["expires_in"] = serde_json::json!(43200);
        assert!(matches!(Installed::read(&rotating).unwrap().renewal, Some((_, 43_200))));
        let mut wide = good.clone();
        wide["is_enterprise_install"] = serde_json::json!(true);
        wide["enterprise"] = serde_json::json!({"id": "E1"});
        assert_eq!(Installed::read(&wide).unwrap().workspace, "E1");
        let mut user = good;
        user["token_type"] = serde_json::json!("user");
        assert!(Installed::read(&user).is_none());
    }
}
