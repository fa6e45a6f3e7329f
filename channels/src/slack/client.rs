//! Slack's Web API, called through slack-morphism; one call is one request, nothing is retried here.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::person::Profile;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;

use super::files::Files;
use super::oauth::{App, Installed};
use super::render::Rendered;
use crate::FileError;
use crate::SendError;
use crate::payload::{first_text, is_true, text_at};

/// Where Slack's Web API is.
pub const API_URL: &str = "https://slack.com/api";
/// How long a call may take, unless said otherwise.
pub const TIME_OUT: Duration = Duration::from_secs(10);

/// The type of the metadata that our messages carry, with their key.
const METADATA: &str = "dealdesk_message";
/// Pages of history that a look-up reads at most, of 200 messages each.
const PAGES_MAX: usize = 10;

/// A client for all workspaces; each call says with which token. Clones share connections.
#[derive(Debug, Clone)]
pub struct Slack {
    client: Arc<SlackHyperClient>,
    files: Files,
    time_out: Duration,
}

/// The client cannot be built, e.g. because the machine has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for Slack: {0}")]
pub struct SetupError(#[from] std::io::Error);

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The channel's id.
    pub room: String,
    /// The thread in it.
    pub thread: Option<String>,
}

/// A message that Slack has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The channel's id.
    pub room: String,
    /// The message's number in it.
    pub ts: String,
}

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The workspace as our inbound messages name it: the team, or the organisation of an organisation-wide
    /// installation.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Our own user id there.
    pub bot_user: String,
}

impl Slack {
    /// A client for the API at `api_url` (no slash at the end); plain HTTP is taken as well.
    ///
    /// # Errors
    /// When an https address is asked for and the machine has no root certificates.
    pub fn new(api_url: &str, time_out: Duration) -> Result<Self, SetupError> {
        let provider = rustls::crypto::ring::default_provider();
        let builder = hyper_rustls::HttpsConnectorBuilder::new();
        let https = match builder.with_provider_and_native_roots(provider.clone()) {
            Ok(builder) => builder.https_or_http().enable_http1().enable_http2().build(),
            Err(error) if api_url.starts_with("https:") => return Err(SetupError(error)),
            Err(_) => {
                let config = rustls::ClientConfig::builder_with_provider(provider.into())
                    .with_safe_default_protocol_versions()
                    .map_err(std::io::Error::other)?
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_no_client_auth();
                let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config);
                builder.https_or_http().enable_http1().enable_http2().build()
            }
        };
        let connector = SlackClientHyperConnector::with_connector(https)
            .with_slack_api_url(api_url.trim_end_matches('/'));
        Ok(Self { client: Arc::new(SlackClient::new(connector)), files: Files::new(api_url)?, time_out })
    }

    /// Posts a message that carries `key`, by which [`Slack::find_by_key`] finds it again.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn post(
        &self,
        token: &SecretString,
        to: &Target,
        message: &Rendered,
        key: &str,
    ) -> Result<Posted, SendError> {
        let mut request = json!({
            "channel": to.room,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": {"event_type": METADATA, "event_payload": {"key": key}},
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(thread) = &to.thread {
            request["thread_ts"] = json!(thread);
        }
        let answer = self.call(token, "chat.postMessage", &request).await?;
        Ok(Posted {
            room: text_at(&answer, "/channel").unwrap_or(&to.room).to_owned(),
            ts: needed(&answer, "/ts")?,
        })
    }

    /// Looks for our message with that key among those since a time: whether an unknown outcome was one.
    ///
    /// # Errors
    /// See [`SendError`]; when it fails nothing is known.
    pub async fn find_by_key(
        &self,
        token: &SecretString,
        to: &Target,
        since: DateTime<Utc>,
        key: &str,
    ) -> Result<Option<String>, SendError> {
        let is_it = |message: &Value| {
            text_at(message, "/metadata/event_type") == Some(METADATA)
                && text_at(message, "/metadata/event_payload/key") == Some(key)
        };
        self.find(token, to, since, is_it).await
    }

    /// The number of the first message since a time that is the one.
    async fn find(
        &self,
        token: &SecretString,
        to: &Target,
        since: DateTime<Utc>,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Option<String>, SendError> {
        let oldest = format!("{}.{:06}", since.timestamp(), since.timestamp_subsec_micros());
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let mut query: Vec<(&str, Option<&str>)> = vec![
                ("channel", Some(&to.room)),
                ("oldest", Some(&oldest)),
                ("inclusive", Some("true")),
                ("include_all_metadata", Some("true")),
                ("limit", Some("200")),
                ("cursor", (!cursor.is_empty()).then_some(cursor.as_str())),
            ];
            let method = match to.thread.as_deref() {
                Some(thread) => {
                    query.push(("ts", Some(thread)));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            let answer = self.read(token, method, &query).await?;
            let mut messages = answer.get("messages").and_then(Value::as_array).into_iter().flatten();
            let ours = messages.find(|message| is_it(message));
            if let Some(ts) = ours.and_then(|m| text_at(m, "/ts")) {
                return Ok(Some(ts.to_owned()));
            }
            match text_at(&answer, "/response_metadata/next_cursor") {
                Some(next) => cursor = next.to_owned(),
                None => return Ok(None),
            }
        }
        Err(SendError::Refused { reason: "too much history to look through".to_owned() })
    }

    /// Replaces a message of ours.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn update(
        &self,
        token: &SecretString,
        at: &Posted,
        message: &Rendered,
    ) -> Result<(), SendError> {
        let request =
            json!({"channel": at.room, "ts": at.ts, "text": message.text, "blocks": message.blocks});
        self.call(token, "chat.update", &request).await.map(drop)
    }

    /// Shows a message to one person only, in a room that they are in; it cannot be edited or found again.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn ephemeral(
        &self,
        token: &SecretString,
        to: &Target,
        user: &str,
        message: &Rendered,
    ) -> Result<(), SendError> {
        let mut request =
            json!({"channel": to.room, "user": user, "text": message.text, "blocks": message.blocks});
        if let Some(thread) = &to.thread {
            request["thread_ts"] = json!(thread);
        }
        self.call(token, "chat.postEphemeral", &request).await.map(drop)
    }

    /// The room of direct messages with a person.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn open_dm(&self, token: &SecretString, user: &str) -> Result<String, SendError> {
        let answer = self.call(token, "conversations.open", &json!({"users": user})).await?;
        needed(&answer, "/channel/id")
    }

    /// Opens a form made by [`super::form::comment_form`]; a trigger lives three seconds.
    ///
    /// # Errors
    /// See [`SendError`]; an expired trigger is `Gone`.
    pub async fn open_form(
        &self,
        token: &SecretString,
        trigger: &str,
        form: &Value,
    ) -> Result<(), SendError> {
        self.call(token, "views.open", &json!({"trigger_id": trigger, "view": form})).await.map(drop)
    }

    /// Shows a person's home tab, made by [`super::render::home`].
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn show_home(&self, token: &SecretString, user: &str, view: &Value) -> Result<(), SendError> {
        self.call(token, "views.publish", &json!({"user_id": user, "view": view})).await.map(drop)
    }

    /// Sends a file into a thread, unless one of that name and length is there already.
    ///
    /// # Errors
    /// See [`SendError`]. When it is not known whether the file arrived, sending it again finds out.
    pub async fn send_file(
        &self,
        token: &SecretString,
        to: &Target,
        (name, bytes): (&str, Vec<u8>),
        since: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let length = bytes.len().to_string();
        let is_it = |message: &Value| {
            let files = message.get("files").and_then(Value::as_array).into_iter().flatten();
            files.into_iter().any(|file| {
                text_at(file, "/name") == Some(name)
                    && file.get("size").map(Value::to_string) == Some(length.clone())
            })
        };
        if self.find(token, to, since, is_it).await?.is_some() {
            return Ok(());
        }
        let query = [("filename", Some(name)), ("length", Some(length.as_str()))];
        let place = self.read(token, "files.getUploadURLExternal", &query).await?;
        let (address, id) = (needed(&place, "/upload_url")?, needed(&place, "/file_id")?);
        match self.files.give(&address, bytes).await {
            Ok(()) => {}
            Err(FileError::Broken(cause)) => return Err(SendError::NotSent { cause }),
            Err(error) => return Err(SendError::Refused { reason: error.to_string() }),
        }
        let mut request = json!({"files": [{"id": id, "title": name}], "channel_id": to.room});
        if let Some(thread) = &to.thread {
            request["thread_ts"] = json!(thread);
        }
        self.call(token, "files.completeUploadExternal", &request).await.map(drop)
    }

    /// Shows what is behind links in somebody's message; `at` names the message, `unfurls` holds blocks by address.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn unfurl(&self, token: &SecretString, at: &Value, unfurls: &Value) -> Result<(), SendError> {
        let mut request = at.clone();
        request["unfurls"] = unfurls.clone();
        self.call(token, "chat.unfurl", &request).await.map(drop)
    }

    /// Whether people of other organisations are in a room; true when that cannot be told.
    pub async fn is_shared(&self, token: &SecretString, room: &str) -> bool {
        let asked = self.read(token, "conversations.info", &[("channel", Some(room))]).await;
        asked.map_or(true, |answer| {
            ["/channel/is_ext_shared", "/channel/is_pending_ext_shared"]
                .iter()
                .any(|flag| is_true(&answer, flag))
        })
    }

    /// Where a connection of Socket Mode can be opened now, once; `app_token` is the app's own (xapp-…).
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn socket_address(&self, app_token: &SecretString) -> Result<String, SendError> {
        let answer = self.call(app_token, "apps.connections.open", &json!({})).await?;
        needed(&answer, "/url")
    }

    /// Who a user is; `workspace` is ours, so that people of others are told apart.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn profile(
        &self,
        token: &SecretString,
        workspace: &str,
        user: &str,
    ) -> Result<Profile, SendError> {
        let answer = self.read(token, "users.info", &[("user", Some(user))]).await?;
        answer.get("user").map(|user| profile(user, workspace)).ok_or_else(unreadable)
    }

    /// The bytes of a file that somebody shared, at most `most`.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn file(&self, token: &SecretString, url: &str, most: usize) -> Result<Vec<u8>, FileError> {
        self.files.fetch(token, url, most).await
    }

    /// Who the token stands for.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn auth_test(&self, token: &SecretString) -> Result<Team, SendError> {
        let answer = self.call(token, "auth.test", &json!({})).await?;
        let organisation =
            is_true(&answer, "/is_enterprise_install").then(|| text_at(&answer, "/enterprise_id"));
        Ok(Team {
            id: organisation.flatten().map_or_else(|| needed(&answer, "/team_id"), |id| Ok(id.to_owned()))?,
            name: first_text(&answer, &["/team", "/team_id"]).unwrap_or_default().to_owned(),
            bot_user: needed(&answer, "/user_id")?,
        })
    }

    /// Trades the code that came back from the install page for a token.
    ///
    /// # Errors
    /// See [`SendError`]; a code works once.
    pub async fn oauth_access(&self, code: &str, app: &App) -> Result<Installed, SendError> {
        self.oauth(app, &[("code", Some(code)), ("redirect_uri", app.redirect_url.as_deref())]).await
    }

    /// Trades what renews a token for a new token and what renews that; it works once.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn oauth_renew(&self, refresh: &SecretString, app: &App) -> Result<Installed, SendError> {
        let refresh = Some(refresh.expose_secret());
        self.oauth(app, &[("grant_type", Some("refresh_token")), ("refresh_token", refresh)]).await
    }

    async fn oauth(&self, app: &App, query: &[(&str, Option<&str>)]) -> Result<Installed, SendError> {
        let connector = &self.client.http_api.connector;
        let address = connector.create_method_uri_path("oauth.v2.access")?;
        let address = SlackClientHttpApiUri::create_url_with_params(address, &query.to_vec())?;
        let id = SlackClientId(app.client_id.clone());
        let secret = SlackClientSecret(app.client_secret.expose_secret().to_owned());
        let asked = connector.http_get_with_client_secret::<Value>(address, &id, &secret);
        let answer = self.in_time(asked).await?;
        Installed::read(&answer).ok_or_else(unreadable)
    }

    /// Calls a method that changes something, with JSON.
    async fn call(&self, token: &SecretString, method: &str, request: &Value) -> Result<Value, SendError> {
        let token = api_token(token);
        let session = self.client.open_session(&token);
        self.in_time(session.http_session_api.http_post(method, request, None)).await
    }

    /// Calls a method that reads; these take no JSON.
    async fn read(
        &self,
        token: &SecretString,
        method: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<Value, SendError> {
        let token = api_token(token);
        let session = self.client.open_session(&token);
        self.in_time(session.http_session_api.http_get(method, &query.to_vec(), None)).await
    }

    async fn in_time(
        &self,
        call: impl Future<Output = Result<Value, SlackClientError>>,
    ) -> Result<Value, SendError> {
        let Ok(answer) = tokio::time::timeout(self.time_out, call).await else {
            let cause = format!("no answer within {} ms", self.time_out.as_millis());
            return Err(SendError::OutcomeUnknown { cause });
        };
        let answer = answer?;
        // Whoever answers without this word is not Slack, but something in between.
        if answer.get("ok") == Some(&Value::Bool(true)) { Ok(answer) } else { Err(unreadable()) }
    }
}

fn api_token(token: &SecretString) -> SlackApiToken {
    SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()))
}

fn unreadable() -> SendError {
    SendError::OutcomeUnknown { cause: "the answer is not one of Slack's".to_owned() }
}

fn needed(answer: &Value, pointer: &str) -> Result<String, SendError> {
    text_at(answer, pointer).map(str::to_owned).ok_or_else(unreadable)
}

fn profile(user: &Value, workspace: &str) -> Profile {
    let teams = user.pointer("/enterprise_user/teams").and_then(Value::as_array);
    let home = [
        text_at(user, "/team_id"),
        text_at(user, "/enterprise_user/enterprise_id"),
        text_at(user, "/enterprise_id"),
    ];
    let is_ours = home.contains(&Some(workspace))
        || teams.is_some_and(|teams| teams.iter().any(|team| team.as_str() == Some(workspace)));
    let flags = [
        "/is_restricted",
        "/is_ultra_restricted",
        "/is_stranger",
        "/is_bot",
        "/is_workflow_bot",
        "/deleted",
        "/is_invited_user",
    ];
    let is_outsider = !is_ours || flags.iter().any(|flag| is_true(user, flag));
    // Slack says so when an address was never confirmed; for addresses from single sign-on it says nothing.
    let is_refuted = user.get("is_email_confirmed") == Some(&Value::Bool(false));
    let names = ["/profile/display_name", "/profile/real_name", "/real_name", "/name"];
    Profile {
        name: first_text(user, &names).unwrap_or_default().to_owned(),
        email: text_at(user, "/profile/email").filter(|_| !is_refuted).map(str::to_lowercase),
        is_admin: !is_outsider
            && ["/is_admin", "/is_owner", "/is_primary_owner"].iter().any(|f| is_true(user, f)),
        is_outsider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outsiders_are_told_apart() {
        let base = json!({"id": "U1", "team_id": "T1", "name": "dana", "is_admin": true, "is_email_confirmed": true,
            "profile": {"display_name": "Dana", "email": "Dana@Corp.example"}});
        let dana = profile(&base, "T1");
        let expected = Profile {
            name: "Dana".into(),
            email: Some("dana@corp.example".into()),
            is_admin: true,
            is_outsider: false,
        };
        assert_eq!(dana, expected);
        for flag in ["is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted"] {
            let mut user = base.clone();
            user[flag] = json!(true);
            let profile = profile(&user, "T1");
            assert!(profile.is_outsider && !profile.is_admin, "{flag}");
        }
        assert!(profile(&base, "T2").is_outsider, "people of other workspaces");
        let mut grid = base.clone();
        grid["enterprise_user"] = json!({"enterprise_id": "E1", "teams": ["T2", "T3"]});
        assert!(!profile(&grid, "T3").is_outsider && !profile(&grid, "E1").is_outsider);
        let mut unconfirmed = base;
        unconfirmed["is_email_confirmed"] = json!(false);
        assert_eq!(profile(&unconfirmed, "T1").email, None);
    }
}
