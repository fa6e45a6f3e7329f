//! People of the server: they type commands, press, choose, fill in forms and write.

use serde_json::{Value, json};

use super::state::{Form, Message, Token, text};
use super::{Discord, Trouble, locked};

/// A person at the keyboard.
#[derive(Debug, Clone)]
pub struct Actor {
    discord: Discord,
    handle: String,
}

/// An interaction that was sent, and its answer.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The body, to send it again.
    pub body: Vec<u8>,
    /// The status that answered it.
    pub status: u16,
    /// The answer.
    pub answer: Value,
}

impl Actor {
    pub(super) fn new(discord: Discord, handle: &str) -> Self {
        Self { discord, handle: handle.to_owned() }
    }

    fn missing(&self, what: &str) -> Trouble {
        Trouble::Missing(format!("{what} for {}; so far:\n{}", self.handle, self.discord.transcript()))
    }

    /// Types a command such as `/deal find payments`; its first word is the subcommand where there are some.
    ///
    /// # Errors
    /// When it is not taken, or the server has no such command.
    pub async fn command(&self, line: &str, room: &str) -> Result<Sent, Trouble> {
        let (name, rest) =
            line.trim_start_matches('/').split_once(' ').unwrap_or((line.trim_start_matches('/'), ""));
        let commands = self.discord.look(|server| server.commands.clone());
        let known = commands.as_array().into_iter().flatten().find(|one| one["name"] == name);
        let known = known.ok_or_else(|| self.missing(&format!("command {name}")))?;
        let words = |text: &str| {
            if text.is_empty() { json!([]) } else { json!([{"type": 3, "name": "text", "value": text}]) }
        };
        let options = if known["options"][0]["type"] == 1 {
            let (sub, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let is_there = known["options"].as_array().into_iter().flatten().any(|one| one["name"] == sub);
            if !is_there {
                return Err(self.missing(&format!("subcommand {sub:?}")));
            }
            json!([{"type": 1, "name": sub, "options": words(rest)}])
        } else {
            words(rest)
        };
        self.interact(2, room, json!({"data": {"type": 1, "id": "1", "name": name, "options": options}}))
            .await
    }

    /// Presses the button with that label.
    ///
    /// # Errors
    /// When there is none, or the press is not taken.
    pub async fn presses(&self, message: &Message, label: &str) -> Result<Sent, Trouble> {
        let now = self.discord.look(|server| server.messages.iter().find(|m| m.id == message.id).cloned());
        let now = now.unwrap_or_else(|| message.clone());
        let on = if now.buttons().iter().any(|(_, l)| l == label) { &now } else { message };
        let found = on.buttons().into_iter().find(|(_, l)| l == label);
        let (id, _) = found.ok_or_else(|| self.missing(&format!("button {label:?}")))?;
        let data = json!({"component_type": 2, "custom_id": id});
        let sent = self.interact(3, &message.room, json!({"data": data, "message": self.shown(on)})).await?;
        if sent.answer["type"] == 9 {
            let (user, data) = (self.handle.clone(), sent.answer["data"].clone());
            self.discord.look(|server| server.forms.push(Form { user, message: on.clone(), data }));
        }
        Ok(sent)
    }

    /// Chooses these values of the message's list.
    ///
    /// # Errors
    /// When there is no list, or the choice is not taken.
    pub async fn chooses(&self, message: &Message, values: &[&str]) -> Result<Sent, Trouble> {
        let list = message.elements().find(|e| e["type"] == 3).ok_or_else(|| self.missing("list"))?;
        let data = json!({"component_type": 3, "custom_id": list["custom_id"], "values": values});
        let sent =
            self.interact(3, &message.room, json!({"data": data, "message": self.shown(message)})).await?;
        if sent.answer["type"] == 7 {
            self.discord.look(|server| {
                if let Some(m) = server.messages.iter_mut().find(|m| m.id == message.id) {
                    m.body["components"] = sent.answer["data"]["components"].clone();
                }
            });
        }
        Ok(sent)
    }

    /// Fills in the open form's only field and sends it.
    ///
    /// # Errors
    /// When no form is open, or it is not taken.
    pub async fn submits(&self, words: &str) -> Result<Sent, Trouble> {
        let form = self.discord.look(|server| {
            let at = server.forms.iter().rposition(|form| form.user == self.handle)?;
            Some(server.forms.remove(at))
        });
        let form = form.ok_or_else(|| self.missing("form"))?;
        let field = &form.data["components"][0]["component"]["custom_id"];
        let components = json!([{"type": 18, "component": {"type": 4, "custom_id": field, "value": words}}]);
        let data = json!({"custom_id": form.data["custom_id"], "components": components});
        let message = self.shown(&form.message);
        self.interact(5, &form.message.room, json!({"data": data, "message": message})).await
    }

    /// Mentions the application in a room, with the bytes of a file perhaps; it hears of it at the gateway.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn mentions(&self, words: &str, room: &str, file: Option<(&str, &[u8])>) -> Result<Message, Trouble> {
        let (bot, guild) = self.discord.look(|server| (server.setup.bot.clone(), server.setup.guild.clone()));
        let body = json!({"content": format!("<@{bot}> {words}"), "guild_id": guild,
            "mentions": [{"id": bot, "username": "Dealdesk", "discriminator": "0", "avatar": null}]});
        self.writes(body, room, file)
    }

    /// Says something in a room that mentions nobody.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn says(&self, words: &str, room: &str) -> Result<Message, Trouble> {
        let guild = self.discord.look(|server| server.setup.guild.clone());
        self.writes(json!({"content": words, "guild_id": guild}), room, None)
    }

    /// Writes to the application directly.
    ///
    /// # Errors
    /// When the person is not there.
    pub fn dm(&self, words: &str) -> Result<Message, Trouble> {
        let id = self.id()?;
        let room = self.discord.look(|server| server.direct(&id));
        self.writes(json!({"content": words}), &room, None)
    }

    fn id(&self) -> Result<String, Trouble> {
        let found = self.discord.look(|server| server.user(&self.handle).map(|user| user.id.clone()));
        found.ok_or_else(|| self.missing("person"))
    }

    fn writes(&self, mut body: Value, room: &str, file: Option<(&str, &[u8])>) -> Result<Message, Trouble> {
        let author = self.id()?;
        if let Some((name, bytes)) = file {
            let url = format!("http://{}/files/{name}", self.discord.0.address);
            body["attachments"] = json!([{"id": "77", "filename": name, "size": bytes.len(), "url": url,
                "proxy_url": url}]);
            self.discord.look(|server| server.files.push((name.to_owned(), bytes.to_vec())));
        }
        let written = self.discord.look(|server| {
            let room = server.room(room)?.id.clone();
            let id = server.next_id();
            let message = Message { id, room, author, body, nonce: String::new(), to: None, edits: 0 };
            server.messages.push(message.clone());
            let shown = server.shown(&message);
            server.events.push(json!({"t": "MESSAGE_CREATE", "d": shown}));
            Some(message)
        });
        written.ok_or_else(|| self.missing(&format!("room {room}")))
    }

    fn shown(&self, message: &Message) -> Value {
        self.discord.look(|server| server.shown(message))
    }

    /// Sends a signed interaction of that type from a room.
    async fn interact(&self, kind: u8, room: &str, more: Value) -> Result<Sent, Trouble> {
        let user = self.id()?;
        let payload = self.discord.look(|server| {
            let room = server.room(room)?.clone();
            let id = server.next_id();
            let token = format!("token-{id}");
            server.tokens.push(Token {
                token: token.clone(),
                user: user.clone(),
                room: room.id.clone(),
                is_waiting: false,
            });
            let person = json!({"id": user, "username": self.handle});
            let mut payload = json!({"type": kind, "id": id, "token": token, "version": 1,
                "application_id": server.setup.application, "channel_id": room.id,
                "channel": {"id": room.id, "type": room.kind, "parent_id": room.parent}});
            if room.kind == 1 {
                payload["user"] = person;
            } else {
                payload["guild_id"] = json!(server.setup.guild);
                payload["member"] = json!({"user": person, "permissions": "0"});
            }
            for (name, value) in more.as_object().into_iter().flatten() {
                payload[name] = value.clone();
            }
            Some((token, payload))
        });
        let (token, payload) = payload.ok_or_else(|| self.missing(&format!("room {room}")))?;
        // The wait shows before the answer does: the product may end it as soon as it has stored the command.
        self.discord.look(|server| hold(server, &token, kind == 2));
        let body = payload.to_string().into_bytes();
        let (status, answer) = self.discord.sends(&body).await?;
        if answer["type"] == 4 {
            self.tell(&user, room, &answer["data"]);
        }
        if answer["type"] != 5 {
            self.discord.look(|server| hold(server, &token, false));
        }
        Ok(Sent { body, status, answer })
    }

    /// An answer in words that only this person sees.
    fn tell(&self, user: &str, room: &str, data: &Value) {
        self.discord.look(|server| {
            let (id, author) = (server.next_id(), server.setup.bot.clone());
            let (body, to) = (json!({"content": text(&data["content"])}), Some(user.to_owned()));
            let room = server.room(room).map(|room| room.id.clone()).unwrap_or_default();
            server.messages.push(Message { id, room, author, body, nonce: String::new(), to, edits: 0 });
        });
    }

    /// What the application registered and what goes to the product, for tests of their own.
    pub fn product(&self) -> String {
        locked(&self.discord.0.product).clone()
    }
}

fn hold(server: &mut super::Server, token: &str, is_waiting: bool) {
    if let Some(known) = server.tokens.iter_mut().find(|known| known.token == token) {
        known.is_waiting = is_waiting;
    }
}
