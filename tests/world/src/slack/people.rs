//! People at the keyboard: what they do becomes the deliveries that Slack would make of it.

use serde_json::{Map, Value, json};

use super::delivery::{Ack, Delivery, Tamper, form};
use super::methods::{message_json, view_json};
use super::workspace::{Kind, Message, SharedFile, View, Workspace, elements, word};
use super::{Slack, Trouble};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A person at the keyboard.
#[derive(Debug, Clone)]
pub struct Actor {
    slack: Slack,
    handle: String,
    tamper: Tamper,
}

/// What a person did, and how the product took it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The last answer.
    pub ack: Ack,
    /// The requests, to be sent again by [`Slack::send`] or [`Slack::redeliver`].
    pub deliveries: Vec<Delivery>,
    /// Room id.
    pub room: String,
    /// The number of the message that was written, or of the one that was pressed.
    pub ts: String,
}

impl Actor {
    pub(super) fn new(slack: Slack, handle: &str) -> Self {
        Self { slack, handle: handle.to_owned(), tamper: Tamper::default() }
    }

    /// Signs with another secret.
    #[must_use]
    pub fn with_wrong_secret(mut self) -> Self {
        self.tamper.wrong_secret = true;
        self
    }

    /// Alters the body after it was signed.
    #[must_use]
    pub fn with_altered_body(mut self) -> Self {
        self.tamper.altered = true;
        self
    }

    /// Sends with a time that lies back (or ahead, when negative), properly signed.
    #[must_use]
    pub fn with_age(mut self, age_s: i64) -> Self {
        self.tamper.age_s = age_s;
        self
    }

    fn id(&self, w: &Workspace) -> Result<String, Trouble> {
        let missing = || Trouble::Missing { what: format!("person {}", self.handle) };
        w.user(&self.handle).map(|user| user.id.clone()).ok_or_else(missing)
    }

    async fn deliver(&self, path: &str, kind: &str, body: Vec<u8>) -> Result<(Ack, Delivery), Trouble> {
        let delivery = self.slack.tampered(path, kind, body, self.tamper);
        Ok((self.slack.send(&delivery).await?, delivery))
    }

    /// Types a slash command, e.g. `/deal find …`, in a room; the person's own name stands for direct messages
    /// with the app.
    ///
    /// # Errors
    /// When person or room do not exist, or the product gives no answer.
    pub async fn command(&self, line: &str, room: &str) -> Result<Sent, Trouble> {
        let (body, room, ts) = self.slack.look(|w| {
            let user = self.id(w)?;
            let room = room_of(w, &user, room)?;
            let typed = w.said(&user, &room, line, Kind::Command);
            let ts = w.write(typed);
            let (command, text) = line.split_once(' ').unwrap_or((line, ""));
            let text = encoded(text, w, true);
            let trigger = w.next_trigger(&user);
            let name = w.room(&room).map(|room| room.name.clone()).unwrap_or_default();
            let name = if room.starts_with('D') { "directmessage".to_owned() } else { name };
            let organisation = w.setup.organisation.clone().unwrap_or_default();
            let is_wide = if organisation.is_empty() { "false" } else { "true" };
            let mut fields = vec![
                ("token", "verification"),
                ("team_id", &w.setup.team),
                ("team_domain", "acme-bd"),
                ("channel_id", &room),
                ("channel_name", &name),
                ("user_id", &user),
                ("user_name", &self.handle),
                ("command", command),
                ("text", &text),
                ("api_app_id", "A0DESK"),
                ("is_enterprise_install", is_wide),
                ("response_url", "https://hooks.slack.example/commands/1"),
                ("trigger_id", &trigger),
            ];
            if !organisation.is_empty() {
                fields.push(("enterprise_id", &organisation));
            }
            Ok::<_, Trouble>((form(&fields), room, ts))
        })?;
        let (ack, delivery) = self.deliver("/slack/commands", FORM, body).await?;
        Ok(Sent { ack, deliveries: vec![delivery], room, ts })
    }

    /// Mentions the app in a channel.
    ///
    /// # Errors
    /// When person or room do not exist, or the product gives no answer.
    pub async fn mentions(&self, text: &str, room: &str) -> Result<Sent, Trouble> {
        self.writes(text, room, None, true).await
    }

    /// Writes to the app in direct messages.
    ///
    /// # Errors
    /// When the person does not exist, or the product gives no answer.
    pub async fn dm(&self, text: &str) -> Result<Sent, Trouble> {
        let room = self.slack.look(|w| self.id(w).map(|user| w.direct(&user)))?;
        self.writes(text, &room, None, false).await
    }

    /// Says something in a channel that is not meant for the app.
    ///
    /// # Errors
    /// When person or room do not exist, or the product gives no answer.
    pub async fn says(&self, text: &str, room: &str) -> Result<Sent, Trouble> {
        self.writes(text, room, None, false).await
    }

    /// Replies in the thread of a message; `mentioning` says whether the app is mentioned.
    ///
    /// # Errors
    /// When the person does not exist, or the product gives no answer.
    pub async fn replies(&self, text: &str, to: &Message, mentioning: bool) -> Result<Sent, Trouble> {
        let root = to.thread.as_ref().unwrap_or(&to.ts);
        self.writes(text, &to.room, Some(root.clone()), mentioning).await
    }

    /// Shares files with the app in direct messages, with words beside them.
    ///
    /// # Errors
    /// When the person does not exist, or the product gives no answer.
    pub async fn shares(&self, text: &str, files: &[(&str, Vec<u8>)]) -> Result<Sent, Trouble> {
        let address = self.slack.api_url();
        let (body, room, ts) = self.slack.look(|w| {
            let user = self.id(w)?;
            let room = w.direct(&user);
            let message = w.said(&user, &room, &encoded(text, w, false), Kind::Posted);
            let mut event = message_json(&message, w, false);
            let mut listed = Vec::new();
            for (name, bytes) in files {
                let id = w.next_id("F");
                let url = format!("{address}/files-pri/{id}/{}", name.replace(' ', "_").to_lowercase());
                listed.push(json!({
                    "id": id, "name": name, "title": name, "mode": "hosted", "is_external": false, "user": user,
                    "size": bytes.len(), "url_private": url, "url_private_download": url,
                }));
                w.files.push(SharedFile { id, name: (*name).to_owned(), bytes: bytes.clone(), fetched: 0 });
            }
            event["subtype"] = json!("file_share");
            event["files"] = json!(listed);
            event["channel"] = json!(room);
            event["channel_type"] = json!("im");
            event["event_ts"] = json!(message.ts);
            let body = envelope(w, &event);
            let ts = w.write(message);
            Ok::<_, Trouble>((body, room, ts))
        })?;
        let (ack, delivery) = self.deliver("/slack/events", JSON, body.to_string().into_bytes()).await?;
        Ok(Sent { ack, deliveries: vec![delivery], room, ts })
    }

    async fn writes(
        &self,
        text: &str,
        room: &str,
        thread: Option<String>,
        is_mention: bool,
    ) -> Result<Sent, Trouble> {
        let (bodies, room, ts) = self.slack.look(|w| {
            let user = self.id(w)?;
            let room = room_of(w, &user, room)?;
            let text = encoded(text, w, false);
            let text = if is_mention { format!("<@{}> {text}", w.setup.bot) } else { text };
            let message = Message { thread, ..w.said(&user, &room, &text, Kind::Posted) };
            let mut event = message_json(&message, w, false);
            event["channel"] = json!(room);
            event["event_ts"] = json!(message.ts);
            let direct = room.starts_with('D');
            event["channel_type"] = json!(if direct { "im" } else { "channel" });
            let mut bodies = Vec::new();
            if direct || w.setup.hears_channels {
                bodies.push(envelope(w, &event));
            }
            if is_mention && !direct {
                event["type"] = json!("app_mention");
                bodies.push(envelope(w, &event));
            }
            let ts = w.write(message);
            Ok::<_, Trouble>((bodies, room, ts))
        })?;
        let mut sent = Sent { ack: Ack { status: 0, body: String::new() }, deliveries: Vec::new(), room, ts };
        for body in bodies {
            let (ack, delivery) = self.deliver("/slack/events", JSON, body.to_string().into_bytes()).await?;
            sent.ack = ack;
            sent.deliveries.push(delivery);
        }
        Ok(sent)
    }

    /// Presses a button, by name or label, on a message as this person has it on the screen: it may be an old
    /// version. What is ticked from the start stays so.
    ///
    /// # Errors
    /// When the message has no such button, or the product gives no answer.
    pub async fn presses(&self, message: &Message, button: &str) -> Result<Sent, Trouble> {
        self.press(message, button, None).await
    }

    /// Ticks exactly these, by value or label, and presses a button.
    ///
    /// # Errors
    /// When the message has no such button or choice, or the product gives no answer.
    pub async fn ticks_and_presses(
        &self,
        message: &Message,
        ticks: &[&str],
        button: &str,
    ) -> Result<Sent, Trouble> {
        self.press(message, button, Some(ticks)).await
    }

    async fn press(&self, message: &Message, button: &str, ticks: Option<&[&str]>) -> Result<Sent, Trouble> {
        let payload = self.slack.look(|w| {
            let user = self.id(w)?;
            let is_it = |e: &&Value| {
                e["type"] == "button" && (e["action_id"] == button || e["text"]["text"] == button)
            };
            let missing = || Trouble::Missing { what: format!("button {button}, only {:?}", message.buttons()) };
            let pressed = elements(&message.blocks).find(is_it).ok_or_else(missing)?;
            let mut action = pressed.clone();
            action["action_ts"] = json!(w.next_ts());
            action["block_id"] = json!(block_of(&message.blocks, pressed));
            let state = ticked(&message.blocks, ticks)?;
            let trigger = w.next_trigger(&user);
            let is_ephemeral = matches!(message.kind, Kind::Ephemeral { .. });
            let mut payload = json!({
                "type": "block_actions", "team": w.team_json(), "api_app_id": "A0DESK", "token": "verification",
                "user": {"id": user, "username": self.handle, "name": self.handle, "team_id": w.setup.team},
                "channel": {"id": message.room, "name": w.room(&message.room).map(|room| room.name.clone())},
                "container": {"type": "message", "message_ts": message.ts, "channel_id": message.room,
                    "is_ephemeral": is_ephemeral, "thread_ts": message.thread},
                "trigger_id": trigger, "response_url": "https://hooks.slack.example/actions/1",
                "is_enterprise_install": w.setup.organisation.is_some(),
                "enterprise": w.setup.organisation.as_ref().map(|id| json!({"id": id, "name": "Acme"})),
                "state": {"values": state}, "actions": [action],
            });
            if !is_ephemeral {
                payload["message"] = message_json(message, w, false);
            }
            Ok::<_, Trouble>(payload)
        })?;
        self.interacts(&payload, &message.room, &message.ts).await
    }

    /// Writes a link to a page of the product into a room, or, as a draft, into the composer.
    ///
    /// # Errors
    /// When person or room do not exist, or the product gives no answer.
    pub async fn links(&self, url: &str, room: &str, is_draft: bool) -> Result<Sent, Trouble> {
        let (event, room, ts) = self.slack.look(|w| {
            let user = self.id(w)?;
            let room = room_of(w, &user, room)?;
            let id = w.next_id("unfurl-");
            let links = json!([{"domain": "desk.example", "url": url}]);
            if is_draft {
                let event = json!({"type": "link_shared", "channel": "COMPOSER", "user": user, "message_ts": id,
                    "unfurl_id": id, "source": "composer", "links": links});
                return Ok::<_, Trouble>((event, room, id));
            }
            let message = w.said(&user, &room, &format!("<{url}>"), Kind::Posted);
            let ts = w.write(message);
            let event = json!({"type": "link_shared", "channel": room, "user": user, "message_ts": ts,
                "unfurl_id": id, "source": "conversations_history", "links": links, "event_ts": ts});
            Ok((event, room, ts))
        })?;
        let sent = self.slack.event(&event).await?;
        Ok(Sent { room, ts, ..sent })
    }

    /// Opens the app's home tab.
    ///
    /// # Errors
    /// When the person does not exist, or the product gives no answer.
    pub async fn opens_home(&self) -> Result<Sent, Trouble> {
        let event = self.slack.look(|w| {
            let user = self.id(w)?;
            let room = w.direct(&user);
            Ok::<_, Trouble>(json!({"type": "app_home_opened", "user": user, "channel": room, "tab": "home",
                "event_ts": w.next_ts()}))
        })?;
        self.slack.event(&event).await
    }

    /// Presses a button of the home tab, by name or label: the first one that fits whose block comes after `after`.
    ///
    /// # Errors
    /// When there is no home or no such button, or the product gives no answer.
    pub async fn presses_at_home(&self, after: &str, button: &str) -> Result<Sent, Trouble> {
        let payload = self.slack.look(|w| {
            let user = self.id(w)?;
            let missing = || Trouble::Missing { what: format!("button {button} after {after:?} at home") };
            let home = w.homes.iter().find(|home| home.user == user).cloned().ok_or_else(missing)?;
            let blocks = home.view["blocks"].as_array().cloned().unwrap_or_default();
            let from = blocks.iter().position(|block| block.to_string().contains(after)).ok_or_else(missing)?;
            let rest = Value::Array(blocks[from..].to_vec());
            let is_it = |e: &&Value| {
                e["type"] == "button" && (e["action_id"] == button || e["text"]["text"] == button)
            };
            let pressed = elements(&rest).find(is_it).ok_or_else(missing)?;
            let mut action = pressed.clone();
            action["action_ts"] = json!(w.next_ts());
            action["block_id"] = json!(block_of(&rest, pressed));
            Ok::<_, Trouble>(json!({
                "type": "block_actions", "team": w.team_json(), "api_app_id": "A0DESK", "token": "verification",
                "user": {"id": user, "username": self.handle, "name": self.handle, "team_id": w.setup.team},
                "container": {"type": "view", "view_id": home.id}, "view": view_json(&home, w),
                "trigger_id": w.next_trigger(&user),
                "is_enterprise_install": w.setup.organisation.is_some(),
                "enterprise": w.setup.organisation.as_ref().map(|id| json!({"id": id, "name": "Acme"})),
                "actions": [action],
            }))
        })?;
        self.interacts(&payload, "", "").await
    }

    /// Sends a form with these fields, by block id.
    ///
    /// # Errors
    /// When the form is not open or lacks a field, or the product gives no answer.
    pub async fn submits(&self, view: &View, fields: &[(&str, &str)]) -> Result<Sent, Trouble> {
        let payload = self.slack.look(|w| {
            let user = self.id(w)?;
            let missing = |what: String| Trouble::Missing { what };
            let open = w.views.iter().find(|v| v.id == view.id && v.is_open && v.user == user);
            let mut shown = view_json(open.ok_or_else(|| missing(format!("open form {}", view.id)))?, w);
            let mut values = Map::new();
            for (name, text) in fields {
                let blocks = shown["blocks"].as_array().into_iter().flatten();
                let block = blocks.into_iter().find(|block| block["block_id"] == *name);
                let element = &block.ok_or_else(|| missing(format!("field {name}")))?["element"];
                let kind = word(&element["type"]);
                let state = if kind.ends_with("_select") {
                    json!({"type": kind, "selected_option": {"value": text, "text": {"type": "plain_text", "text": text}}})
                } else {
                    json!({"type": kind, "value": text})
                };
                values.insert((*name).to_owned(), json!({word(&element["action_id"]): state}));
            }
            shown["state"] = json!({"values": values});
            Ok::<_, Trouble>(json!({
                "type": "view_submission", "team": w.team_json(), "api_app_id": "A0DESK", "token": "verification",
                "user": {"id": user, "username": self.handle, "name": self.handle, "team_id": w.setup.team},
                "trigger_id": w.next_trigger(&user), "view": shown, "response_urls": [],
                "is_enterprise_install": w.setup.organisation.is_some(),
                "enterprise": w.setup.organisation.as_ref().map(|id| json!({"id": id, "name": "Acme"})),
            }))
        })?;
        let sent = self.interacts(&payload, "", "").await?;
        // The form closes unless the product answers with errors or another form; errors stand at fields that it has.
        if let Ok(answer) = serde_json::from_str::<Value>(&sent.ack.body) {
            let blocks = view.view["blocks"].as_array().cloned().unwrap_or_default();
            for name in answer["errors"].as_object().into_iter().flat_map(|errors| errors.keys()) {
                if !blocks.iter().any(|block| block["block_id"] == name.as_str() && block["type"] == "input")
                {
                    return Err(Trouble::Missing { what: format!("field {name} for an error") });
                }
            }
        }
        if sent.ack.status == 200 && !sent.ack.body.contains("response_action") {
            self.slack.look(|w| {
                if let Some(open) = w.views.iter_mut().find(|v| v.id == view.id) {
                    open.is_open = false;
                }
            });
        }
        Ok(sent)
    }

    /// Types into a list of an open form whose entries the product is asked for; their values and labels.
    ///
    /// # Errors
    /// When the form lacks the field, or the product gives no answer.
    pub async fn types_into(
        &self,
        view: &View,
        field: &str,
        text: &str,
    ) -> Result<Vec<(String, String)>, Trouble> {
        let payload = self.slack.look(|w| {
            let user = self.id(w)?;
            let shown = view_json(view, w);
            let blocks = shown["blocks"].as_array().cloned().unwrap_or_default();
            let block = blocks.into_iter().find(|block| block["block_id"] == field);
            let missing = || Trouble::Missing { what: format!("field {field}") };
            let element = block.ok_or_else(missing)?["element"].clone();
            Ok::<_, Trouble>(json!({
                "type": "block_suggestion", "team": w.team_json(), "api_app_id": "A0DESK", "token": "verification",
                "user": {"id": user, "username": self.handle, "name": self.handle, "team_id": w.setup.team},
                "container": {"type": "view", "view_id": view.id}, "view": shown, "block_id": field,
                "action_id": element["action_id"], "value": text,
                "is_enterprise_install": w.setup.organisation.is_some(),
                "enterprise": w.setup.organisation.as_ref().map(|id| json!({"id": id, "name": "Acme"})),
            }))
        })?;
        let sent = self.interacts(&payload, "", "").await?;
        let answer: Value = serde_json::from_str(&sent.ack.body).unwrap_or_default();
        let options = answer["options"].as_array().cloned().unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(options.iter().map(|option| (word(&option["value"]), word(&option["text"]["text"]))).collect())
    }

    async fn interacts(&self, payload: &Value, room: &str, ts: &str) -> Result<Sent, Trouble> {
        let body = form(&[("payload", &payload.to_string())]);
        let (ack, delivery) = self.deliver("/slack/interactions", FORM, body).await?;
        Ok(Sent { ack, deliveries: vec![delivery], room: room.to_owned(), ts: ts.to_owned() })
    }
}

impl Slack {
    /// Sends an event that no person causes, e.g. `{"type": "app_uninstalled"}`, or a message of the app itself.
    ///
    /// # Errors
    /// When the product gives no answer.
    pub async fn event(&self, event: &Value) -> Result<Sent, Trouble> {
        let body = self.look(|w| envelope(w, event)).to_string().into_bytes();
        let delivery = self.signed("/slack/events", JSON, body);
        let ack = self.send(&delivery).await?;
        Ok(Sent { ack, deliveries: vec![delivery], room: String::new(), ts: String::new() })
    }
}

fn room_of(w: &mut Workspace, user: &str, name: &str) -> Result<String, Trouble> {
    if w.user(name).is_some_and(|named| named.id == user) {
        return Ok(w.direct(user));
    }
    let missing = || Trouble::Missing { what: format!("room {name}") };
    w.room(name).map(|room| room.id.clone()).ok_or_else(missing)
}

/// What was typed as Slack sends it: escaped, people as tags.
fn encoded(text: &str, w: &Workspace, with_names: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let words = text.split(' ').map(|word| match word.strip_prefix('@').and_then(|handle| w.user(handle)) {
        Some(user) if with_names => format!("<@{}|{}>", user.id, user.handle),
        Some(user) => format!("<@{}>", user.id),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn envelope(w: &mut Workspace, event: &Value) -> Value {
    let wide = w.setup.organisation.is_some();
    json!({
        "token": "verification", "team_id": w.setup.team, "enterprise_id": w.setup.organisation, "api_app_id": "A0DESK",
        "event": event, "type": "event_callback", "event_id": w.next_id("Ev"),
        "event_time": w.setup.clock.now().timestamp(), "is_ext_shared_channel": false,
        "authorizations": [{"enterprise_id": w.setup.organisation, "team_id": if wide { Value::Null } else { json!(w.setup.team) },
            "user_id": w.setup.bot, "is_bot": true, "is_enterprise_install": wide}],
    })
}

fn block_of(blocks: &Value, element: &Value) -> String {
    let holds = |block: &&Value| elements(&json!([block])).any(|e| e == element);
    blocks
        .as_array()
        .into_iter()
        .flatten()
        .find(holds)
        .map(|block| word(&block["block_id"]))
        .unwrap_or_default()
}

/// The state of everything that can be ticked on the message.
fn ticked(blocks: &Value, ticks: Option<&[&str]>) -> Result<Value, Trouble> {
    let mut values = Map::new();
    let mut found = 0;
    for block in blocks.as_array().into_iter().flatten() {
        let list = json!([block]);
        for element in elements(&list).filter(|e| e["options"].is_array()) {
            let is_ticked = |o: &&Value| {
                ticks.is_some_and(|all| {
                    all.iter().any(|tick| o["value"] == *tick || o["text"]["text"] == *tick)
                })
            };
            let options = element["options"].as_array().into_iter().flatten();
            let selected: Vec<Value> = match ticks {
                Some(_) => options.filter(is_ticked).cloned().collect(),
                None => element["initial_options"].as_array().cloned().unwrap_or_default(),
            };
            found += selected.len();
            let state =
                json!({word(&element["action_id"]): {"type": element["type"], "selected_options": selected}});
            values.insert(word(&block["block_id"]), state);
        }
    }
    match ticks {
        Some(all) if found < all.len() => Err(Trouble::Missing { what: format!("choice among {all:?}") }),
        _ => Ok(Value::Object(values)),
    }
}
