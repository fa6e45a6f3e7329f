//! What is in the workspace now, and the ledger of what was done to it.

use serde_json::{Value, json};

use super::setup::{Room, Setup, User};

/// The workspace: what a test or the demo looks at.
#[derive(Debug)]
pub struct Workspace {
    /// What it was made from; people and rooms may have changed since.
    pub setup: Setup,
    /// All messages, oldest first.
    pub messages: Vec<Message>,
    /// All forms that were opened.
    pub views: Vec<View>,
    /// The home tab of each person that has one.
    pub homes: Vec<View>,
    /// What is shown for links: the message or draft, the address, the blocks as text.
    pub unfurls: Vec<(String, String, String)>,
    /// Every call of the Web API, in order.
    pub calls: Vec<Call>,
    /// Files that people shared.
    pub files: Vec<SharedFile>,
    /// Files that the app is about to share or has shared.
    pub uploads: Vec<SharedFile>,
    /// Where the Web API is.
    pub(super) address: String,
    pub(super) triggers: Vec<Trigger>,
    last_ts: i64,
    last_id: u32,
}

/// A file that somebody shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFile {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// How often it was fetched with the app's token.
    pub fetched: u32,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Room id.
    pub room: String,
    /// Its number.
    pub ts: String,
    /// The thread it is in, when it does not start one.
    pub thread: Option<String>,
    /// Who wrote it.
    pub user: String,
    /// The text, with Slack's markup.
    pub text: String,
    /// Block Kit; null when there is none.
    pub blocks: Value,
    /// What travels with it unseen.
    pub metadata: Value,
    /// How often it was changed.
    pub edits: u32,
    /// Gone.
    pub is_deleted: bool,
    /// How it is there.
    pub kind: Kind,
    /// Files on it: name and length.
    pub files: Vec<(String, usize)>,
}

/// How a message is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// For everybody in the room.
    Posted,
    /// For one person only.
    Ephemeral {
        /// User id.
        to: String,
    },
    /// Not a message at all: a command that somebody typed; only transcripts show it.
    Command,
}

/// A form on somebody's screen.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its id.
    pub id: String,
    /// Who sees it.
    pub user: String,
    /// What it is.
    pub view: Value,
    /// Changes with the form.
    pub hash: String,
    /// Still open.
    pub is_open: bool,
}

/// A call of the Web API.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// E.g. `chat.postMessage`.
    pub method: String,
    /// Its arguments.
    pub args: Value,
    /// `ok`, or the error or the fault that answered it.
    pub outcome: String,
}

#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) at_s: i64,
    pub(super) is_used: bool,
}

impl Workspace {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            messages: Vec::new(),
            views: Vec::new(),
            homes: Vec::new(),
            unfurls: Vec::new(),
            calls: Vec::new(),
            files: Vec::new(),
            uploads: Vec::new(),
            address: String::new(),
            triggers: Vec::new(),
            last_ts: 0,
            last_id: 0,
        }
    }

    /// A person by handle or id.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.setup.users.iter().find(|user| user.handle == name || user.id == name)
    }

    /// A room by name, with or without `#`, or id.
    pub fn room(&self, name: &str) -> Option<&Room> {
        let bare = name.trim_start_matches('#');
        self.setup.rooms.iter().find(|room| room.name == bare || room.id == name)
    }

    /// The messages of a thread that are still there, its first one first. Ephemeral ones are not among them.
    pub fn thread(&self, room: &str, ts: &str) -> Vec<&Message> {
        let id = self.room(room).map_or(room, |room| room.id.as_str());
        let is_in = |m: &&Message| m.room == id && (m.ts == ts || m.thread.as_deref() == Some(ts));
        self.posted().filter(is_in).collect()
    }

    /// What is in the direct messages between a person and the app.
    pub fn dms(&self, user: &str) -> Vec<&Message> {
        let id = self.user(user).map(|user| user.id.as_str());
        let room = self.setup.rooms.iter().find(|room| id.is_some() && room.direct_with.as_deref() == id);
        room.map(|room| self.posted().filter(|m| m.room == room.id).collect()).unwrap_or_default()
    }

    /// What only that person saw.
    pub fn ephemerals(&self, user: &str) -> Vec<&Message> {
        let id = self.user(user).map_or(user, |user| user.id.as_str());
        let is_to = |m: &&Message| matches!(&m.kind, Kind::Ephemeral { to } if to == id);
        self.messages.iter().filter(is_to).collect()
    }

    /// What the app posted and is still there, oldest first.
    pub fn from_bot(&self) -> impl Iterator<Item = &Message> {
        self.posted().filter(|m| m.user == self.setup.bot)
    }

    /// The form that a person has open.
    pub fn open_view(&self, user: &str) -> Option<&View> {
        let id = self.user(user).map_or(user, |user| user.id.as_str());
        self.views.iter().rev().find(|view| view.is_open && view.user == id)
    }

    /// What a person's home tab says; empty while it was never shown.
    pub fn home(&self, user: &str) -> String {
        let id = self.user(user).map_or(user, |user| user.id.as_str());
        let shown = self.homes.iter().find(|home| home.user == id);
        shown.map(|home| super::transcript::blocks_text(&home.view["blocks"])).unwrap_or_default()
    }

    /// How often a method was called and did what it should.
    pub fn count(&self, method: &str) -> usize {
        self.calls.iter().filter(|call| call.method == method && call.outcome == "ok").count()
    }

    pub(super) fn posted(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|m| m.kind == Kind::Posted && !m.is_deleted)
    }

    /// The number of a new message: the time, and never twice the same.
    pub(super) fn next_ts(&mut self) -> String {
        self.last_ts = self.setup.clock.now().timestamp_micros().max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    pub(super) fn next_id(&mut self, letter: &str) -> String {
        self.last_id += 1;
        format!("{letter}0{:06}", self.last_id)
    }

    /// A handle to open a form, good once and for three seconds.
    pub(super) fn next_trigger(&mut self, user: &str) -> String {
        let id = self.next_id("trigger-");
        let at_s = self.setup.clock.now().timestamp();
        self.triggers.push(Trigger { id: id.clone(), user: user.to_owned(), at_s, is_used: false });
        id
    }

    /// A handle to open a form before a person, as if they had pressed something.
    pub fn trigger(&mut self, user: &str) -> String {
        let id = self.user(user).map_or_else(|| user.to_owned(), |user| user.id.clone());
        self.next_trigger(&id)
    }

    /// The room of direct messages with a person, made when it is not there.
    pub(super) fn direct(&mut self, user: &str) -> String {
        let id = format!("D{}", user.trim_start_matches('U'));
        if self.room(&id).is_none() {
            let room = Room { id: id.clone(), direct_with: Some(user.to_owned()), ..Room::named(&id) };
            self.setup.rooms.push(room);
        }
        id
    }

    /// Writes a person's message.
    pub(super) fn write(&mut self, message: Message) -> String {
        let ts = message.ts.clone();
        self.messages.push(message);
        ts
    }

    pub(super) fn said(&mut self, user: &str, room: &str, text: &str, kind: Kind) -> Message {
        Message {
            room: room.to_owned(),
            ts: self.next_ts(),
            thread: None,
            user: user.to_owned(),
            text: text.to_owned(),
            blocks: Value::Null,
            metadata: Value::Null,
            edits: 0,
            is_deleted: false,
            kind,
            files: Vec::new(),
        }
    }

    /// The team and the organisation as payloads name them.
    pub(super) fn team_json(&self) -> Value {
        match &self.setup.organisation {
            Some(id) => {
                json!({"id": self.setup.team, "domain": "acme-bd", "enterprise_id": id, "enterprise_name": "Acme"})
            }
            None => json!({"id": self.setup.team, "domain": "acme-bd"}),
        }
    }
}

impl Message {
    /// The buttons on it: name and label.
    pub fn buttons(&self) -> Vec<(String, String)> {
        elements(&self.blocks)
            .filter(|e| e["type"] == "button")
            .map(|e| (word(&e["action_id"]), word(&e["text"]["text"])))
            .collect()
    }

    /// The things to tick on it: value and label.
    pub fn choices(&self) -> Vec<(String, String)> {
        let options = elements(&self.blocks).filter_map(|e| e["options"].as_array()).flatten();
        options.map(|o| (word(&o["value"]), word(&o["text"]["text"]))).collect()
    }

    /// The key by which the sender finds it again.
    pub fn key(&self) -> Option<&str> {
        self.metadata.pointer("/event_payload/key")?.as_str()
    }
}

/// The elements of all blocks that have some, accessories included.
pub(super) fn elements(blocks: &Value) -> impl Iterator<Item = &Value> {
    blocks.as_array().into_iter().flatten().flat_map(|block| {
        let many = block["elements"].as_array().into_iter().flatten();
        many.chain(block.get("element")).chain(block.get("accessory"))
    })
}

pub(super) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
