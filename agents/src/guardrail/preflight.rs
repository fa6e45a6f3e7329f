//! The guardrail's first gate: what a request may do, by its role, its words and the team's rules.

use domain::card::{Audience, Say, Urgency};
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
use storage::{conversations, holds, people, screening};

use super::alarm::{Event, raise};
use super::gate::blanked;
use super::matter::seen;
use super::{Family, scan, strip_invisible, suspicion};
use crate::desk::{Desk, storage, unknown_action};

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
    match (read.measure, &step.signal) {
        (Measure::Block, _) => Err(read.refuse(desk, context).await?),
        // What an admin decided holds, whatever became of the rules meanwhile.
        (_, Some(signal)) => read.looked_at(desk, step, signal).await,
        (Measure::Review, None) => read.hold(desk, context, &person).await,
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
        let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
        let team = people::list(&mut tx).await.map_err(storage)?;
        drop(tx);
        let may_look = |other: &&Person| other.role == Role::Admin && other.id != person.id;
        let admins: Vec<&Person> = team.iter().filter(may_look).collect();
        if admins.is_empty() {
            return Err(Recovery::Blank { error: wording::nobody_looks(&self.kinds), kinds: self.kinds });
        }
        let event = Event {
            kind: "message_held",
            severity: Severity::Notice,
            detail: json!({ "kinds": self.kinds }),
        };
        raise(desk, context, event).await.map_err(storage)?;
        let mut say = vec![Say {
            slot: "held".to_owned(),
            to: Audience::Requester,
            card: wording::message_held(&self.kinds),
            urgency: Urgency::Reply,
        }];
        let url = format!("{}/security", desk.console_url);
        for admin in admins {
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
    async fn looked_at(self, desk: &Desk, step: &Step, signal: &Value) -> Result<Outcome, Recovery> {
        let error = match signal.get("is_released").and_then(Value::as_bool) {
            Some(true) => return Ok(self.pass()),
            Some(false) => wording::held_dropped(),
            None => {
                let mut tx = desk.db.tenant(step.tenant).begin().await.map_err(storage)?;
                holds::lapse(&mut tx, step.id, desk.clock.now()).await.map_err(storage)?;
                tx.commit().await.map_err(storage)?;
                wording::held_lapsed(WAIT_H)
            }
        };
        Err(Recovery::Blank { error, kinds: self.kinds })
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
