//! What is in the server now, and the ledger of what was done to it.

use domain::clock::Clock;
use serde_json::{Value, json};

/// The server at the start; change what a test is about.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Discord's number of the server.
    pub guild: String,
    /// The application's number.
    pub application: String,
    /// The application's own user.
    pub bot: String,
    /// The token that calls must carry.
    pub token: String,
    /// What the application's key is made from.
    pub seed: [u8; 32],
    /// People.
    pub users: Vec<User>,
    /// Channels; threads and direct messages are made when needed.
    pub rooms: Vec<Room>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// A person.
#[derive(Debug, Clone)]
pub struct User {
    /// Discord's number.
    pub id: String,
    /// Name, by which tests call them.
    pub handle: String,
    /// Has the role of administrators.
    pub is_admin: bool,
}

/// A channel.
#[derive(Debug, Clone)]
pub struct Room {
    /// Discord's number.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// Discord's kind: 0 text, 1 direct, 11 thread.
    pub kind: u8,
    /// The application may not see it.
    pub is_closed: bool,
    /// A thread's channel, or whose direct messages these are.
    pub parent: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: String,
    /// The channel or thread.
    pub room: String,
    /// Who wrote it.
    pub author: String,
    /// Content, embeds, components as they came.
    pub body: Value,
    /// The key it was sent with.
    pub nonce: String,
    /// The only person who sees it.
    pub to: Option<String>,
    /// How often it was changed.
    pub edits: u32,
}

/// A form on somebody's screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Who sees it.
    pub user: String,
    /// The message whose button opened it.
    pub message: Message,
    /// What it is.
    pub data: Value,
}

/// A call of the REST interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Method and path, e.g. `POST channels/7/messages`.
    pub call: String,
    /// What came with it.
    pub body: Value,
    /// The status that answered it.
    pub status: u16,
}

/// An interaction's token: whose, and where.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) user: String,
    pub(super) room: String,
    /// The person still sees that we think.
    pub(super) is_waiting: bool,
}

/// The server: what a test looks at.
#[derive(Debug)]
pub struct Server {
    /// What it was made from; people and rooms may have changed since.
    pub setup: Setup,
    /// All messages, oldest first.
    pub messages: Vec<Message>,
    /// Forms that are open.
    pub forms: Vec<Form>,
    /// Every call, in order.
    pub calls: Vec<Call>,
    /// The registered commands.
    pub commands: Value,
    /// Files that people shared: their path and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    pub(super) tokens: Vec<Token>,
    /// Events of the gateway, in order; the first has the number 1.
    pub(super) events: Vec<Value>,
    /// How often somebody identified, and resumed, at the gateway.
    pub sessions: (u32, u32),
    last: u64,
}

impl Setup {
    /// Acme's server: dana (BD), lee (administrator, approves), noor; `#partnerships`, and `#closed` without us.
    pub fn acme(clock: Clock) -> Self {
        let user = |id: &str, handle: &str, is_admin| User { id: id.into(), handle: handle.into(), is_admin };
        let room = |id: &str, name: &str, is_closed| Room {
            id: id.into(),
            name: name.into(),
            kind: 0,
            is_closed,
            parent: None,
        };
        Self {
            guild: "900000000000000001".to_owned(),
            application: "900000000000000002".to_owned(),
            bot: "900000000000000003".to_owned(),
            token: "world-bot-token".to_owned(),
            seed: [7; 32],
            users: vec![
                user("910000000000000001", "dana", false),
                user("910000000000000002", "lee", true),
                user("910000000000000003", "noor", false),
            ],
            rooms: vec![
                room("920000000000000001", "partnerships", false),
                room("920000000000000002", "closed", true),
            ],
            clock,
        }
    }
}

impl Server {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            messages: Vec::new(),
            forms: Vec::new(),
            calls: Vec::new(),
            commands: Value::Null,
            files: Vec::new(),
            tokens: Vec::new(),
            events: Vec::new(),
            sessions: (0, 0),
            last: 0,
        }
    }

    /// A person by handle or number.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.setup.users.iter().find(|user| user.handle == name || user.id == name)
    }

    /// A room by name or number.
    pub fn room(&self, name: &str) -> Option<&Room> {
        self.setup.rooms.iter().find(|room| room.name == name || room.id == name)
    }

    /// What the application wrote for everybody in the room, oldest first.
    pub fn from_bot(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|m| m.author == self.setup.bot && m.to.is_none())
    }

    /// What only that person saw.
    pub fn whispers(&self, user: &str) -> Vec<&Message> {
        let id = self.user(user).map(|user| user.id.as_str());
        self.messages.iter().filter(|m| m.to.is_some() && m.to.as_deref() == id).collect()
    }

    /// What is in the direct messages between a person and the application.
    pub fn dms(&self, user: &str) -> Vec<&Message> {
        let id = self.user(user).map(|user| user.id.clone());
        let room = self.setup.rooms.iter().find(|room| room.kind == 1 && room.parent == id);
        room.map(|room| self.messages.iter().filter(|m| m.room == room.id).collect()).unwrap_or_default()
    }

    /// How many commands still show that we think.
    pub fn waiting(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_waiting).count()
    }

    /// A number as Discord makes them: the time, and never twice the same.
    pub(super) fn next_id(&mut self) -> String {
        let ms = u64::try_from(self.setup.clock.now().timestamp_millis() - 1_420_070_400_000).unwrap_or(0);
        self.last = (ms << 22).max(self.last + 1);
        self.last.to_string()
    }

    /// The room of direct messages with a person, made when it is not there.
    pub(super) fn direct(&mut self, user: &str) -> String {
        let is_theirs = |room: &&Room| room.kind == 1 && room.parent.as_deref() == Some(user);
        if let Some(room) = self.setup.rooms.iter().find(is_theirs) {
            return room.id.clone();
        }
        let id = self.next_id();
        let room = Room {
            id: id.clone(),
            name: format!("@{user}"),
            kind: 1,
            is_closed: false,
            parent: Some(user.to_owned()),
        };
        self.setup.rooms.push(room);
        id
    }

    /// A message as the interfaces show it.
    pub(super) fn shown(&self, message: &Message) -> Value {
        let handle = self.user(&message.author).map_or("Dealdesk", |user| &user.handle);
        let mut out = json!({
            "id": message.id, "channel_id": message.room, "type": 0, "tts": false, "pinned": false,
            "content": "", "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "components": [], "flags": if message.to.is_some() { 64 } else { 0 },
            "author": {"id": message.author, "username": handle, "discriminator": "0", "avatar": null,
                       "bot": message.author == self.setup.bot},
        });
        for (name, value) in message.body.as_object().into_iter().flatten() {
            if matches!(
                name.as_str(),
                "content"
                    | "embeds"
                    | "components"
                    | "mentions"
                    | "attachments"
                    | "guild_id"
                    | "referenced_message"
            ) {
                out[name] = value.clone();
            }
        }
        out
    }

    pub(super) fn transcript(&self) -> String {
        let lines = self.messages.iter().map(|m| {
            let who = self.user(&m.author).map_or("bot", |user| &user.handle);
            let room = self.room(&m.room).map_or("?", |room| &room.name);
            let to =
                m.to.as_deref()
                    .and_then(|to| self.user(to))
                    .map_or(String::new(), |u| format!(" to {} alone", u.handle));
            format!(
                "#{room} {who}{to}: {} {:?}",
                m.words(),
                m.buttons().iter().map(|(_, l)| l).collect::<Vec<_>>()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Message {
    /// All that it says.
    pub fn words(&self) -> String {
        let mut words = vec![text(&self.body["content"])];
        for embed in self.body["embeds"].as_array().into_iter().flatten() {
            words.extend([text(&embed["title"]), text(&embed["description"])]);
            for field in embed["fields"].as_array().into_iter().flatten() {
                words.extend([text(&field["name"]), text(&field["value"])]);
            }
        }
        words.retain(|part| !part.is_empty());
        words.join("\n")
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Value> {
        let rows = self.body["components"].as_array().into_iter().flatten();
        rows.filter_map(|row| row["components"].as_array()).flatten()
    }

    /// The buttons on it: custom id and label.
    pub fn buttons(&self) -> Vec<(String, String)> {
        let buttons = self.elements().filter(|e| e["type"] == 2);
        buttons.map(|e| (text(&e["custom_id"]), text(&e["label"]))).collect()
    }

    /// What can be chosen on it: value and label.
    pub fn choices(&self) -> Vec<(String, String)> {
        let options = self.elements().filter_map(|e| e["options"].as_array()).flatten();
        options.map(|o| (text(&o["value"]), text(&o["label"]))).collect()
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
