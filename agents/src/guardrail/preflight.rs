//! The guardrail's two gates: what a request may do, and what a message out may say.

use domain::card::{Audience, Block, Card, Say, Span, Urgency};
use domain::change::Change;
use domain::contract::signing::Handling;
use domain::error::UserError;
use domain::intent::Intent;
use domain::person::{Channel, Person, Role};
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::screening::{Matter, Measure, Rules, SURE, Seen, Severity, Way};
use domain::{policy, wording};
use serde_json::{Value, json};
use storage::holds::WAIT_H;
use storage::{conversations, people, screening};

use super::matter::seen;
use super::{Family, Finding, redact, scan, strip_invisible, suspicion};
use crate::desk::{Desk, storage, unknown_action};
use crate::guardrail::alarm::{Event, raise};

/// Judges a request before anything is done for it: the person's role, then what the words carry.
pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    if step.action != "preflight" {
        return Err(unknown_action(step));
    }
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let person = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let person = person
        .ok_or_else(|| UserError::new("You are not a member any more.", "Ask an admin to add you again."))?;
    if let Err(refused) = policy::permit(person.role, &context.intent) {
        drop(tx);
        let (kind, detail) = ("role_refused", json!({ "role": person.role, "kinds": [] }));
        raise(desk, context, Event { kind, severity: Severity::Notice, detail }).await.map_err(storage)?;
        return Err(refused.into());
    }
    if let Intent::UnlockContract { .. } = context.intent {
        // It is a secret by its nature; it is blanked once the file was opened with it, or was not.
        return Ok(Outcome::Done(Finish { output: json!({ "findings": [] }), ..Finish::default() }));
    }
    let rules = screening::newest(&mut tx).await.map_err(storage)?.rules;
    let channel = conversations::channel(&mut tx, context.conversation).await.map_err(storage)?;
    let read = Read::of(context, &rules, channel);
    drop(tx);
    match read.measure {
        Measure::Block => Err(read.refuse(desk, context).await?),
        Measure::Review if step.signal.is_none() => read.hold(desk, context, &person).await,
        Measure::Review => read.looked_at(step),
        _ => Ok(read.pass()),
    }
}

/// What was found in all that a request says, and what the rules make of it.
struct Read {
    measure: Measure,
    /// What is kept with the step: kinds and scores, never the values.
    findings: Vec<Value>,
    /// The kinds on which the measure rests.
    kinds: Vec<String>,
    /// A key, token or password is among them.
    has_secret: bool,
}

impl Read {
    /// Reads all that was said, not only what was understood: a secret may stand where nobody reads.
    fn of(context: &Context, rules: &Rules, channel: Option<Channel>) -> Self {
        let mut read =
            Self { measure: Measure::Allow, findings: Vec::new(), kinds: Vec::new(), has_secret: false };
        for text in std::iter::once(context.said.as_str()).chain(words(&context.intent)) {
            let text = strip_invisible(text);
            for finding in scan(&text) {
                read.has_secret |= finding.family == Family::Secret && finding.score >= SURE;
                let measure =
                    seen(&finding).map_or(Measure::Note, |seen| rules.measure(Way::In, channel, seen));
                read.note(
                    measure,
                    finding.entity,
                    json!({ "entity": finding.entity, "score": finding.score }),
                );
            }
            if let Some(odd) = suspicion(&text) {
                metrics::counter!("injection_suspected_total", "source" => "message").increment(1);
                let seen = Seen { matter: Matter::Orders, score: odd.score };
                let told = json!({ "entity": ORDERS, "score": odd.score, "reason": odd.reason });
                read.note(rules.measure(Way::In, channel, seen), ORDERS, told);
            }
        }
        read.kinds.sort();
        read.kinds.dedup();
        read
    }

    fn note(&mut self, measure: Measure, entity: &str, told: Value) {
        if measure > self.measure {
            self.kinds.clear();
        }
        if measure >= self.measure {
            self.kinds.push(entity.to_owned());
        }
        self.measure = self.measure.max(measure);
        if measure > Measure::Allow {
            self.findings.push(told);
        }
    }

    fn pass(self) -> Outcome {
        Outcome::Done(Finish { output: json!({ "findings": self.findings }), ..Finish::default() })
    }

    /// Nothing is done, and what was stored is blanked.
    async fn refuse(self, desk: &Desk, context: &Context) -> Result<Recovery, Recovery> {
        let event = Event {
            kind: "message_refused",
            severity: Severity::Warning,
            detail: json!({ "kinds": self.kinds }),
        };
        raise(desk, context, event).await.map_err(storage)?;
        let kind = self.kinds.first().map_or("", String::as_str);
        let error = if self.has_secret {
            UserError::new(
                format!("Your message seems to contain a secret ({kind})."),
                "Nothing was done with it, and I blanked what I had stored. Please change that secret, delete your \
                 message, and ask again without it.",
            )
        } else {
            UserError::new(
                format!("Your message seems to contain what your team lets nobody send here ({kind})."),
                "Nothing was done with it, and I blanked what I had stored. Please delete your message, and ask again \
                 without it.",
            )
        };
        Ok(Recovery::Blank { error, kinds: self.kinds })
    }

    /// Nothing is done until somebody looked.
    async fn hold(self, desk: &Desk, context: &Context, person: &Person) -> Result<Outcome, Recovery> {
        let event = Event {
            kind: "message_held",
            severity: Severity::Notice,
            detail: json!({ "kinds": self.kinds }),
        };
        raise(desk, context, event).await.map_err(storage)?;
        let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
        let team = people::list(&mut tx).await.map_err(storage)?;
        drop(tx);
        let mut say = vec![Say {
            slot: "held".to_owned(),
            to: Audience::Requester,
            card: wording::message_held(&self.kinds),
            urgency: Urgency::Reply,
        }];
        let url = format!("{}/security", desk.console_url);
        for admin in team.iter().filter(|other| other.role == Role::Admin && other.id != person.id) {
            say.push(Say {
                slot: format!("held-{}", admin.id),
                to: Audience::Person { person: admin.id },
                card: wording::look_at_held(&person.name, &self.kinds, &url),
                urgency: Urgency::Reply,
            });
        }
        let until = desk.clock.now() + chrono::Duration::hours(WAIT_H);
        let said =
            if context.said.is_empty() { words(&context.intent).join("\n") } else { context.said.clone() };
        let shown = blanked(&said, &self.kinds);
        let changes = vec![Change::Hold { person: person.id, kinds: self.kinds, shown }];
        Ok(Outcome::Wait { finish: Finish { changes, say, ..Finish::default() }, until: Some(until) })
    }

    /// Somebody looked, or nobody did in time.
    fn looked_at(self, step: &Step) -> Result<Outcome, Recovery> {
        let released =
            step.signal.as_ref().and_then(|signal| signal.get("is_released")).and_then(Value::as_bool);
        match released {
            Some(true) => Ok(self.pass()),
            Some(false) => Err(Recovery::Blank { error: wording::held_dropped(), kinds: self.kinds }),
            None => Err(Recovery::Blank { error: wording::held_lapsed(WAIT_H), kinds: self.kinds }),
        }
    }
}

/// What a suspicion is called among the findings.
const ORDERS: &str = "ORDERS_TO_A_MODEL";

/// The free words of an intent.
fn words(intent: &Intent) -> Vec<&str> {
    match intent {
        Intent::Find { query } => vec![query],
        Intent::NoteDeal { text, .. } => vec![text],
        Intent::GiveFeedback { reason: Some(reason), .. } => vec![reason],
        Intent::ExplainFit { company } => vec![company],
        Intent::MoveDeal { reason: Some(reason), .. } => vec![reason],
        Intent::Decide { comment: Some(comment), .. } => vec![comment],
        Intent::HandleEnvelope { handling: Handling::Void { reason }, .. } => vec![reason],
        Intent::ShowDeal { deal } => vec![deal],
        Intent::Unclear { text, .. } => vec![text],
        _ => Vec::new(),
    }
}

/// A text with everything of these kinds taken out, and all secrets, however they are hidden.
pub fn blanked(text: &str, kinds: &[String]) -> String {
    let text = strip_invisible(text);
    let is_out = |finding: &Finding| {
        kinds.iter().any(|kind| kind == finding.entity) || floored(finding) == Measure::Redact
    };
    let found: Vec<Finding> = scan(&text).into_iter().filter(is_out).collect();
    redact(&text, &found, 0.0).text
}

/// Takes out of a card what must reach nobody: secrets, payment cards, bank accounts and personal
/// numbers. Gives the kinds that were taken out. Names, addresses of companies and the like stay.
pub fn screen(card: &mut Card) -> Vec<String> {
    screen_by(card, &Rules::default(), None)
}

/// The same by a team's rules, for a request that came over a channel.
pub fn screen_by(card: &mut Card, rules: &Rules, channel: Option<Channel>) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut clean = |text: &mut String| kinds.extend(clean(text, rules, channel));
    if let Some(heading) = &mut card.heading {
        clean(heading);
    }
    for block in &mut card.blocks {
        match block {
            Block::Text { text } => text.0.iter_mut().for_each(|span| match span {
                Span::Plain(text) | Span::Strong(text) | Span::Code(text) | Span::Faint(text) => clean(text),
                Span::Room(_) => {}
            }),
            Block::Fields { fields } => fields.iter_mut().for_each(|(_, value)| clean(value)),
            Block::Table { rows, .. } => rows.iter_mut().flatten().for_each(&mut clean),
            Block::Hits { hits } => {
                for hit in hits {
                    clean(&mut hit.why);
                    hit.evidence.iter_mut().filter_map(|line| line.proof.as_mut()).for_each(&mut clean);
                }
            }
            Block::Quote { text } => clean(text),
            Block::Progress { label, .. } => clean(label),
            Block::Choices { .. }
            | Block::Buttons { .. }
            | Block::Link { .. }
            | Block::File { .. }
            | Block::Divider => {}
        }
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The same for a text that goes to a vendor.
pub fn cleaned(text: &str) -> String {
    let mut text = text.to_owned();
    clean(&mut text, &Rules::default(), None);
    text
}

/// Takes out of a text what must reach nobody; gives the kinds.
fn clean(text: &mut String, rules: &Rules, channel: Option<Channel>) -> Vec<String> {
    let is_out = |finding: &Finding| {
        seen(finding).is_some_and(|seen| rules.measure(Way::Out, channel, seen) == Measure::Redact)
    };
    let found: Vec<Finding> = scan(text).into_iter().filter(is_out).collect();
    if !found.is_empty() {
        *text = redact(text, &found, 0.0).text;
    }
    found.iter().map(|finding| finding.entity.to_owned()).collect()
}

/// What is done about a finding on its way out whatever the rules say.
fn floored(finding: &Finding) -> Measure {
    seen(finding).map_or(Measure::Allow, |seen| domain::screening::floor(Way::Out, seen))
}
