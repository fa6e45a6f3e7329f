//! A person's conversation, put together from what she said and what was answered.

use std::collections::HashSet;

use askama::Template;
use chrono::{DateTime, Utc};
use domain::ids::PlanId;
use domain::inbound::WebBody;
use domain::person::{Channel, Person};
use domain::plan::PlanState;
use storage::{Tx, inbox, messages, plans};
use uuid::Uuid;

use crate::error::Failure;
use crate::moment::Moment;

/// How far back the page shows; older plans are on the Plans page.
const SHOWN_MAX: i64 = 80;
/// How the web channel begins the form of a card.
const FORM: &str = "<form method=\"post\" action=\"/chat/press\">";

/// The conversation, oldest first.
#[derive(Template)]
#[template(path = "thread.html")]
pub(crate) struct Thread {
    pub(crate) items: Vec<Item>,
}

/// One entry. Its key stays the same while it changes; with its version a browser tells what changed.
pub(crate) struct Item {
    key: String,
    version: i64,
    at: DateTime<Utc>,
    moment: Moment,
    kind: Kind,
}

enum Kind {
    /// The person's words.
    Said(String),
    /// Our message, laid out.
    Card { html: String, plan: PlanId },
    /// Begun, nothing to show yet.
    Working,
}

impl Thread {
    /// Reads the latest part of a person's conversation.
    pub(crate) async fn load(tx: &mut Tx, person: &Person, now: DateTime<Utc>) -> Result<Self, Failure> {
        let room = person.id.to_string();
        // The inbox first: what leaves it between the looks is seen as a plan, not lost from sight.
        let unread = inbox::unread(tx, Channel::Web, &person.tenant.to_string()).await?;
        let said = plans::said_in_room(tx, &room, SHOWN_MAX).await?;
        let shown = messages::in_room(tx, &room, SHOWN_MAX).await?;

        let answered: HashSet<PlanId> = shown.iter().map(|message| message.plan).collect();
        let known: HashSet<PlanId> = said.iter().map(|said| said.plan).collect();
        let mut items = Vec::new();
        for said in said {
            if !said.text.is_empty() {
                items.push(Item::new(said.plan, Kind::Said(said.text), (said.at, said.at), now));
            }
            if said.state == PlanState::Running && !answered.contains(&said.plan) {
                items.push(Item::new(said.plan, Kind::Working, (said.at, said.at), now));
            }
        }
        for message in shown {
            let kind = match message.html {
                // A carriage return would end a line of the event stream.
                Some(html) => Kind::Card { html: html.replace('\r', ""), plan: message.plan },
                None => Kind::Working,
            };
            let mut item = Item::new(message.plan, kind, (message.created_at, message.updated_at), now);
            item.key = format!("m-{}", message.id);
            items.push(item);
        }
        for unread in unread {
            let plan = PlanId::from(unread.id);
            let Ok(body) = serde_json::from_slice::<WebBody>(&unread.body) else { continue };
            let (by, text) = match body {
                WebBody::Message { person, text } => (person, Some(text)),
                WebBody::File { person, text, name, .. } => {
                    (person, Some(format!("{name} {text}").trim().to_owned()))
                }
                WebBody::Press { person, .. } | WebBody::Form { person, .. } => (person, None),
            };
            if by != person.id || known.contains(&plan) {
                continue;
            }
            let at = (unread.received_at, unread.received_at);
            if let Some(text) = text {
                items.push(Item::new(plan, Kind::Said(text), at, now));
            }
            items.push(Item::new(plan, Kind::Working, at, now));
        }
        // Stable: of the same time, what was said stands before what was answered.
        items.sort_by_key(|item| item.at);
        Ok(Self { items })
    }

    /// The same with a page's number in the forms of the cards, so that a form sent twice counts once.
    pub(crate) fn with_once(mut self, once: Uuid) -> Self {
        for item in &mut self.items {
            if let Kind::Card { html, .. } = &mut item.kind {
                *html = with_once(html, once);
            }
        }
        self
    }
}

/// Writes a page's number into the forms of a stored card, which was laid out for no page.
fn with_once(html: &str, once: Uuid) -> String {
    html.replace(FORM, &format!("{FORM}<input type=\"hidden\" name=\"once\" value=\"{once}\">"))
}

impl Item {
    fn new(
        plan: PlanId,
        kind: Kind,
        (at, changed): (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Self {
        let mark = match kind {
            Kind::Said(_) => "s",
            Kind::Card { .. } => "m",
            Kind::Working => "w",
        };
        // What is being worked on has no content of its own, so it never changes.
        let version = if matches!(kind, Kind::Card { .. }) { changed.timestamp_micros() } else { 0 };
        Self { key: format!("{mark}-{plan}"), version, at, moment: Moment::new(at, now), kind }
    }
}

#[cfg(test)]
mod tests {
    use domain::card::{Block, Button, Card, Style, Verb};

    use super::*;

    #[test]
    fn the_form_of_a_card_carries_the_number_of_the_page() {
        let once = Uuid::from_u128(7);
        let button = Button {
            label: "Help".to_owned(),
            verb: Verb::Say,
            value: "help".to_owned(),
            style: Style::Plain,
        };
        let card = Card { blocks: vec![Block::Buttons { buttons: vec![button] }], ..Card::default() };
        let html = with_once(&channels::web::html(&card), once);
        assert!(html.contains(&format!("name=\"once\" value=\"{once}\"")), "{html}");
    }
}
