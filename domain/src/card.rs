//! A card: what the bot says, before a channel lays it out.

use serde::{Deserialize, Serialize};

use crate::ids::{ApprovalId, DealId, PersonId};

/// A message out. Channels render it to their best and within their limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// First line, short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// The rest, top to bottom.
    pub blocks: Vec<Block>,
    /// Small print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<Footer>,
}

/// One part of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text {
        /// Its words.
        text: Text,
    },
    /// Names and values.
    Fields {
        /// In order.
        fields: Vec<(String, String)>,
    },
    /// Rows under named columns.
    Table {
        /// Names of the columns.
        columns: Vec<String>,
        /// Cells, one list a row.
        rows: Vec<Vec<String>>,
    },
    /// Companies found, best first.
    Hits {
        /// One line each.
        hits: Vec<HitLine>,
    },
    /// Somebody else's words.
    Quote {
        /// The words.
        text: String,
    },
    /// How far the work is.
    Progress {
        /// Steps done.
        done: u32,
        /// Steps in all.
        total: u32,
        /// What is going on.
        label: String,
    },
    /// Things to tick; what is ticked comes with every press on the same card.
    Choices {
        /// What the ticks are for.
        label: String,
        /// At most ten.
        options: Vec<Choice>,
    },
    /// Buttons in a row.
    Buttons {
        /// Left to right.
        buttons: Vec<Button>,
    },
    /// A link to a page of ours.
    Link {
        /// What is behind it.
        label: String,
        /// Absolute, or a path of the console.
        url: String,
    },
    /// A file of ours: sent along where a channel takes it, else behind the link.
    File {
        /// What it is called.
        name: String,
        /// SHA-256 of its bytes, lower-case hex: their key in our store.
        sha256: String,
        /// Where it can be had: absolute, or a path of the console.
        url: String,
    },
    /// A line across.
    Divider,
}

/// A paragraph as a list of spans, so that each channel escapes what is not its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Vec<Span>);

/// A run of words in one manner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "span", content = "text", rename_all = "snake_case")]
pub enum Span {
    /// As it is.
    Plain(String),
    /// Stressed.
    Strong(String),
    /// Words to type.
    Code(String),
    /// Less important.
    Faint(String),
    /// A room of the channel, by the channel's own key; shown by its name where the channel can.
    Room(String),
}

impl Text {
    /// Adds plain words.
    #[must_use]
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Plain(text.into()));
        self
    }

    /// Adds stressed words.
    #[must_use]
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }

    /// Adds words to type.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }

    /// Adds less important words.
    #[must_use]
    pub fn faint(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Faint(text.into()));
        self
    }

    /// Adds a room by the channel's own key.
    #[must_use]
    pub fn room(mut self, key: impl Into<String>) -> Self {
        self.0.push(Span::Room(key.into()));
        self
    }

    /// Reads plain words in which only back-ticks mean something: words to type.
    pub fn with_code(text: &str) -> Self {
        let spans = text.split('`').enumerate().filter(|(_, part)| !part.is_empty()).map(|(i, part)| {
            if i % 2 == 1 { Span::Code(part.to_owned()) } else { Span::Plain(part.to_owned()) }
        });
        Self(spans.collect())
    }

    /// The words alone.
    pub fn words(&self) -> String {
        self.0.iter().map(Span::words).collect()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::default().plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::default().plain(text)
    }
}

impl Span {
    /// The words alone.
    pub fn words(&self) -> &str {
        match self {
            Self::Plain(text)
            | Self::Strong(text)
            | Self::Code(text)
            | Self::Faint(text)
            | Self::Room(text) => text,
        }
    }
}

/// A company found, on one card line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HitLine {
    /// Place in the list, from 1.
    pub rank: u32,
    /// Key in the directory.
    pub company: String,
    /// Name.
    pub name: String,
    /// Country and city in words, or `unknown`.
    pub place: String,
    /// Size in words, or `unknown`.
    pub size: String,
    /// Fit, 0 to 100.
    pub fit: u8,
    /// Why the fit is what it is, one short line.
    pub why: String,
    /// Each part of the question and what shows it.
    pub evidence: Vec<EvidenceLine>,
}

/// One part of the question and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// The part, e.g. `in Germany`.
    pub part: String,
    /// The field or sentence; none means that the directory does not know.
    pub proof: Option<String>,
}

/// Something to tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What comes back.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Ticked from the start.
    pub is_chosen: bool,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What is read.
    pub label: String,
    /// What a press means.
    pub verb: Verb,
    /// What it is about, e.g. an approval's id.
    pub value: String,
    /// How it looks.
    pub style: Style,
}

/// What a press means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Propose deals with the ticked companies; the value is the search's plan.
    CreateDeals,
    /// Say that the ticked companies fit; the value is the search's plan.
    GoodFit,
    /// Say that the ticked companies do not; the value is the search's plan.
    NotForUs,
    /// Approve; the value is the approval.
    Approve,
    /// Ask why, then reject; the value is the approval.
    Reject,
    /// Ask what is to change, then send it back; the value is the approval.
    SendBack,
    /// Say the value as if it had been typed.
    Say,
    /// Change the question of a search; the value is the search's plan.
    Refine,
    /// Ask the question of a search again without one of its parts; the value is the search's plan, a `/`, and the place of
    /// the part among those understood, from 0.
    Without,
    /// Propose a deal; the company is in the form.
    ProposeDeal,
    /// Say what a term is; the value is the analysis.
    AnswerTerm,
    /// Change a position; the value is the number of the playbook it stands in.
    EditPosition,
}

impl Verb {
    /// The word used on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateDeals => "create_deals",
            Self::GoodFit => "good_fit",
            Self::NotForUs => "not_for_us",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::SendBack => "send_back",
            Self::Say => "say",
            Self::Refine => "refine",
            Self::Without => "without",
            Self::ProposeDeal => "propose_deal",
            Self::AnswerTerm => "answer_term",
            Self::EditPosition => "edit_position",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::CreateDeals,
            Self::GoodFit,
            Self::NotForUs,
            Self::Approve,
            Self::Reject,
            Self::SendBack,
            Self::Say,
            Self::Refine,
            Self::Without,
            Self::ProposeDeal,
            Self::AnswerTerm,
            Self::EditPosition,
        ];
        all.into_iter().find(|v| v.name() == name)
    }
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Like any other.
    Plain,
    /// The way forward.
    Primary,
    /// Stops or refuses.
    Danger,
}

/// Small print under a card: where to see how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Short words.
    pub text: String,
    /// The page with the plan's steps and trace.
    pub url: Option<String>,
}

/// How urgent a message out is: decisions overtake replies overtake progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A decision was made, or is asked for.
    Decision,
    /// An answer.
    Reply,
    /// How far the work is; later ones replace earlier ones that were not sent yet.
    Progress,
}

impl Urgency {
    /// Smaller goes first.
    pub fn rank(self) -> i16 {
        match self {
            Self::Decision => 0,
            Self::Reply => 1,
            Self::Progress => 2,
        }
    }
}

/// A card and where it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Say {
    /// Name of the message within the plan; the same name again edits the same message.
    pub slot: String,
    /// To whom.
    pub to: Audience,
    /// What.
    pub card: Card,
    /// How urgent.
    pub urgency: Urgency,
}

/// To whom a card goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Audience {
    /// The plan's thread.
    Thread,
    /// Only the requester, in the plan's room, where the channel can do that.
    Requester,
    /// Everybody who may decide on an approval, each in private; a copy that the decision edits.
    Approvers {
        /// Which approval.
        approval: ApprovalId,
    },
    /// One person, in private.
    Person {
        /// Who.
        person: PersonId,
    },
    /// The thread of a deal, where that is on another chat than the plan's own; else nobody.
    Deal {
        /// Which deal.
        deal: DealId,
    },
}

impl Card {
    /// A card of one paragraph.
    pub fn text(text: impl Into<Text>) -> Self {
        Self { blocks: vec![Block::Text { text: text.into() }], ..Self::default() }
    }

    /// A card with a heading.
    pub fn titled(heading: impl Into<String>) -> Self {
        Self { heading: Some(heading.into()), ..Self::default() }
    }

    /// Adds a part.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn and_text(self, text: impl Into<Text>) -> Self {
        self.with(Block::Text { text: text.into() })
    }

    /// The card in one line of plain words: for notifications and for channels that show no more.
    pub fn summary(&self) -> String {
        let first = self.blocks.iter().find_map(|block| match block {
            Block::Text { text } => Some(text.words()),
            Block::Progress { label, .. } => Some(label.clone()),
            _ => None,
        });
        match (&self.heading, first) {
            (Some(heading), Some(text)) => format!("{heading}: {text}"),
            (Some(heading), None) => heading.clone(),
            (None, Some(text)) => text,
            (None, None) => "Dealdesk".to_owned(),
        }
    }
}
