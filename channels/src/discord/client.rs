//! Discord's REST interface; one call is one request, nothing is retried here.
//!
//! Messages are written and edited by channel and number, with the application's own token: an interaction's token
//! lives fifteen minutes, a request for approval days.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::person::Profile;
use reqwest::{Client, Method, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::buckets::{Buckets, PATIENCE};
use super::render::Rendered;
use super::{channel_of, direct, errors, files};
use crate::payload::{first_text, is_true, text_at};
use crate::{FileError, SendError};

/// Where Discord's REST interface is.
pub const API_URL: &str = "https://discord.com/api/v10";
/// How long a call may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// The first millisecond that Discord's numbers count from.
const EPOCH_MS: i64 = 1_420_070_400_000;
/// Pages of history that a look-up reads at most, of 100 messages each.
const PAGES_MAX: usize = 10;
/// Permissions that make somebody an administrator: that itself, or managing the server.
const ADMIN_BITS: u64 = 0x8 | 0x20;

/// A client with the application's token. Clones share connections and what is known of limits.
#[derive(Debug, Clone)]
pub struct Discord {
    client: Client,
    api: Url,
    token: SecretString,
    application: String,
    buckets: Buckets,
}

/// The client cannot be built: the address is none, or there are no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the client for Discord: {0}")]
pub struct SetupError(String);

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The room as our tables call it.
    pub room: String,
    /// The thread in it: the number of the message that it hangs on.
    pub thread: Option<String>,
}

/// A server that added us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guild {
    /// Discord's number of it.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Discord {
    /// A client for the interface at `api_url`, e.g. [`API_URL`]; plain HTTP is taken as well.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(api_url: &str, token: SecretString, application: &str) -> Result<Self, SetupError> {
        let api = Url::parse(&format!("{}/", api_url.trim_end_matches('/')))
            .map_err(|error| SetupError(format!("{api_url}: {error}")))?;
        // A redirect would carry the token on.
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(TIME_OUT);
        let client = client.build().map_err(|error| SetupError(error.to_string()))?;
        Ok(Self { client, api, token, application: application.to_owned(), buckets: Buckets::default() })
    }

    /// The token, for the gateway.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// The origin of the interface, for the gateway.
    pub fn origin(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    /// Writes a message that carries `key`, by which [`Discord::find_by_key`] finds it again; its number, as
    /// [`Discord::update`] takes it.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn post(&self, to: &Target, message: &Rendered, key: &str) -> Result<String, SendError> {
        let room = channel_of(&to.room);
        let mut body = body(message, key);
        let Some(thread) = &to.thread else { return self.create(room, &body).await };
        if !to.room.starts_with('D') {
            match self.create_in_thread(room, thread, (message, &body)).await {
                // Threads cannot be had everywhere, e.g. inside another one: then a reply is as good.
                Err(SendError::NotHere { .. } | SendError::Refused { .. } | SendError::Gone { .. }) => {}
                done => return done.map(|id| format!("{thread}/{id}")),
            }
        }
        body["message_reference"] = json!({"message_id": thread, "fail_if_not_exists": false});
        self.create(room, &body).await
    }

    async fn create(&self, channel: &str, body: &Value) -> Result<String, SendError> {
        let answer = self.call(Method::POST, &format!("channels/{channel}/messages"), Some(body)).await?;
        needed(&answer, "/id")
    }

    /// A thread has the number of the message that it hangs on; it is begun with the first answer.
    async fn create_in_thread(
        &self,
        room: &str,
        thread: &str,
        (message, body): (&Rendered, &Value),
    ) -> Result<String, SendError> {
        match self.create(thread, body).await {
            Err(SendError::NotHere { .. }) => {}
            done => return done,
        }
        let name = if message.title.trim().is_empty() { "Dealdesk" } else { &message.title };
        let path = format!("channels/{room}/messages/{thread}/threads");
        self.call(Method::POST, &path, Some(&json!({"name": name, "auto_archive_duration": 10080}))).await?;
        self.create(thread, body).await
    }

    /// Looks for our message with that key among those since a time: whether an unknown outcome was one.
    ///
    /// # Errors
    /// See [`SendError`]; when it fails nothing is known.
    pub async fn find_by_key(
        &self,
        to: &Target,
        since: DateTime<Utc>,
        key: &str,
    ) -> Result<Option<String>, SendError> {
        if let Some(thread) = to.thread.as_deref().filter(|_| !to.room.starts_with('D')) {
            match self.find_in(thread, since, key).await {
                Ok(Some(id)) => return Ok(Some(format!("{thread}/{id}"))),
                // No such thread, so nothing in it.
                Ok(None) | Err(SendError::NotHere { .. } | SendError::Gone { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.find_in(channel_of(&to.room), since, key).await
    }

    async fn find_in(
        &self,
        channel: &str,
        since: DateTime<Utc>,
        key: &str,
    ) -> Result<Option<String>, SendError> {
        let mut after = ((since.timestamp_millis() - EPOCH_MS).max(0) << 22).to_string();
        let mark = mark(key);
        for _ in 0..PAGES_MAX {
            let path = format!("channels/{channel}/messages?limit=100&after={after}");
            let answer = self.call(Method::GET, &path, None).await?;
            let page = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let is_ours = |m: &&Value| {
                text_at(m, "/nonce") == Some(&mark)
                    || text_at(m, "/embeds/0/url").is_some_and(|url| url.ends_with(&format!("#{mark}")))
            };
            if let Some(id) = page.iter().find(is_ours).and_then(|m| text_at(m, "/id")) {
                return Ok(Some(id.to_owned()));
            }
            let newest = page.iter().filter_map(|m| text_at(m, "/id")?.parse::<u64>().ok()).max();
            match newest.filter(|_| page.len() == 100) {
                Some(newest) => after = newest.to_string(),
                None => return Ok(None),
            }
        }
        Err(SendError::Refused { reason: "too much history to look through".to_owned() })
    }

    /// Replaces a message of ours; `number` is what [`Discord::post`] gave.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn update(
        &self,
        room: &str,
        number: &str,
        message: &Rendered,
        key: &str,
    ) -> Result<(), SendError> {
        let (channel, id) = number.split_once('/').unwrap_or((channel_of(room), number));
        let mut body = body(message, key);
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|name, _| !matches!(name.as_str(), "nonce" | "enforce_nonce"));
        }
        self.call(Method::PATCH, &format!("channels/{channel}/messages/{id}"), Some(&body)).await.map(drop)
    }

    /// Shows a message to the sender of an interaction only; it cannot be found again. The token lives 15 minutes.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn whisper(&self, token: &str, message: &Rendered) -> Result<(), SendError> {
        let body = json!({
            "embeds": message.embeds,
            "components": message.components,
            "flags": 64,
            "allowed_mentions": {"parse": []},
        });
        self.call(Method::POST, &format!("webhooks/{}/{token}", self.application), Some(&body))
            .await
            .map(drop)
    }

    /// Ends the wait that a command was answered with, in words for its sender only.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn settle(&self, token: &str, words: &str) -> Result<(), SendError> {
        let path = format!("webhooks/{}/{token}/messages/@original", self.application);
        let body = json!({"content": words, "allowed_mentions": {"parse": []}});
        self.call(Method::PATCH, &path, Some(&body)).await.map(drop)
    }

    /// The room of direct messages with a person.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn open_dm(&self, user: &str) -> Result<String, SendError> {
        let body = json!({"recipient_id": user});
        let answer = self.call(Method::POST, "users/@me/channels", Some(&body)).await?;
        needed(&answer, "/id").map(|id| direct(&id))
    }

    /// Who a member of a server is. Discord tells no address.
    ///
    /// # Errors
    /// See [`SendError`]; who is no member is `Gone`.
    pub async fn profile(&self, guild: &str, user: &str) -> Result<Profile, SendError> {
        let member = self.call(Method::GET, &format!("guilds/{guild}/members/{user}"), None).await?;
        let server = self.call(Method::GET, &format!("guilds/{guild}"), None).await?;
        Ok(profile(&member, &server))
    }

    /// Our own number.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn me(&self) -> Result<String, SendError> {
        needed(&self.call(Method::GET, "users/@me", None).await?, "/id")
    }

    /// The servers that added us; at most 200.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn guilds(&self) -> Result<Vec<Guild>, SendError> {
        let answer = self.call(Method::GET, "users/@me/guilds", None).await?;
        let all = answer.as_array().ok_or_else(unreadable)?;
        all.iter()
            .map(|guild| {
                let id = needed(guild, "/id")?;
                Ok(Guild { name: text_at(guild, "/name").unwrap_or(&id).to_owned(), id })
            })
            .collect()
    }

    /// Registers the slash commands, in place of those that there were.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn register(&self, commands: &Value) -> Result<(), SendError> {
        let path = format!("applications/{}/commands", self.application);
        self.call(Method::PUT, &path, Some(commands)).await.map(drop)
    }

    /// The bytes of a file that somebody shared, at most `most`.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn file(&self, url: &str, most: usize) -> Result<Vec<u8>, FileError> {
        files::fetch(&self.client, &self.api, url, most).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, SendError> {
        let route = format!("{method} {}", path.split('?').next().unwrap_or(path));
        if let Some(wait) = self.buckets.wait(&route, Instant::now()) {
            if wait > PATIENCE {
                return Err(SendError::RateLimited { after_s: errors::whole_seconds(wait.as_secs_f64()) });
            }
            tokio::time::sleep(wait).await;
        }
        let url = self.api.join(path).map_err(|error| SendError::NotSent { cause: error.to_string() })?;
        let mut request = self.client.request(method, url);
        // An interaction's own token is in the address; ours is for everything else.
        if !path.starts_with("webhooks/") {
            request = request.header("authorization", format!("Bot {}", self.token.expose_secret()));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| errors::of_transport(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.map_err(|error| errors::of_transport(&error))?;
        let read: Option<Value> =
            if text.is_empty() { Some(Value::Null) } else { serde_json::from_str(&text).ok() };
        self.learn(&route, status, &headers, read.as_ref());
        match (status, read) {
            // Whoever answers without JSON is not Discord, but something in between.
            (200..=299, read) => read.ok_or_else(unreadable),
            (_, read) => Err(errors::of_answer(status, &read.unwrap_or_default())),
        }
    }

    /// Notes what an answer says of the limits.
    fn learn(&self, route: &str, status: u16, headers: &reqwest::header::HeaderMap, answer: Option<&Value>) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let now = Instant::now();
        if status == 429 {
            let answer = answer.unwrap_or(&Value::Null);
            let is_global = is_true(answer, "/global") || header("x-ratelimit-scope") == Some("global");
            self.buckets.close(route, is_global, (now, Duration::from_secs_f64(errors::wait_s(answer))));
        } else if header("x-ratelimit-remaining") == Some("0") {
            let reset = header("x-ratelimit-reset-after").and_then(|text| text.parse::<f64>().ok());
            if let Some(reset) = reset.filter(|s| s.is_finite() && (0.0..86_400.0).contains(s)) {
                self.buckets.close(route, false, (now, Duration::from_secs_f64(reset)));
            }
        }
    }
}

/// What a key is as a nonce: at most 25 characters.
fn mark(key: &str) -> String {
    hex::encode(Sha256::digest(key))[..25].to_owned()
}

/// A message as Discord takes it. Discord refuses a second one with the same nonce for some minutes; after that it is
/// known by the address of its first embed.
fn body(message: &Rendered, key: &str) -> Value {
    let mut embeds = message.embeds.clone();
    if let (Some(first), Some(page)) = (embeds.first_mut(), &message.page) {
        first["url"] = json!(format!("{page}#{}", mark(key)));
    }
    json!({
        "content": "",
        "embeds": embeds,
        "components": message.components,
        "nonce": mark(key),
        "enforce_nonce": true,
        "allowed_mentions": {"parse": []},
    })
}

fn unreadable() -> SendError {
    SendError::OutcomeUnknown { cause: "the answer is not one of Discord's".to_owned() }
}

fn needed(answer: &Value, pointer: &str) -> Result<String, SendError> {
    text_at(answer, pointer).map(str::to_owned).ok_or_else(unreadable)
}

fn profile(member: &Value, server: &Value) -> Profile {
    let user = text_at(member, "/user/id");
    let is_owner = user.is_some() && text_at(server, "/owner_id") == user;
    let held: Vec<&str> = member
        .get("roles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let roles = server.get("roles").and_then(Value::as_array).into_iter().flatten();
    let has_power = roles.into_iter().any(|role| {
        // The role of everybody has the server's own number.
        let is_held =
            text_at(role, "/id").is_some_and(|id| held.contains(&id) || text_at(server, "/id") == Some(id));
        let bits = text_at(role, "/permissions").and_then(|bits| bits.parse::<u64>().ok()).unwrap_or(0);
        is_held && bits & ADMIN_BITS != 0
    });
    let is_outsider = ["/pending", "/user/bot", "/user/system"].iter().any(|flag| is_true(member, flag));
    let names = ["/nick", "/user/global_name", "/user/username"];
    Profile {
        name: first_text(member, &names).unwrap_or_default().to_owned(),
        email: None,
        is_admin: !is_outsider && (is_owner || has_power),
        is_outsider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_and_outsiders_are_told_apart() {
        let server = json!({"id": "4", "owner_id": "1",
            "roles": [{"id": "4", "permissions": "1024"}, {"id": "5", "permissions": "8"}, {"id": "6", "permissions": "32"}]});
        let of = |user: &str, roles: &[&str]| {
            profile(&json!({"user": {"id": user, "username": "dana"}, "roles": roles}), &server)
        };
        assert!(of("1", &[]).is_admin && of("2", &["5"]).is_admin && of("2", &["6"]).is_admin);
        assert!(!of("2", &["9"]).is_admin && !of("2", &[]).is_outsider);
        for flag in [json!({"pending": true}), json!({"user": {"id": "1", "bot": true}})] {
            let seen = profile(&flag, &server);
            assert!(seen.is_outsider && !seen.is_admin);
        }
    }

    #[test]
    fn a_message_carries_its_key_twice_and_pings_nobody() {
        let message = Rendered {
            title: String::new(),
            embeds: vec![json!({"title": "T"})],
            components: Vec::new(),
            page: Some("https://desk.example/plans/1".to_owned()),
        };
        let body = body(&message, "key");
        assert!(body["nonce"].as_str().unwrap().len() <= 25);
        assert_eq!(body["embeds"][0]["url"], format!("https://desk.example/plans/1#{}", mark("key")));
        assert_eq!(body["allowed_mentions"], json!({"parse": []}));
    }
}
