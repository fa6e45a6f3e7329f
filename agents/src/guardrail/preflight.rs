//! The guardrail's two gates: what a request may do, and what a message out may say.

use domain::card::{Block, Card, Span};
use domain::contract::signing::Handling;
use domain::error::UserError;
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery, Step};
use domain::policy;
use serde_json::json;
use storage::people;

use super::{Family, Finding, redact, scan, strip_invisible, suspicion};
use crate::desk::{Desk, storage, unknown_action};

/// A finding at or above this score is acted on where a mistake would hide what people need to read.
const SURE: f32 = 0.8;

/// Numbers that open accounts or stand for a person before the state: shown to nobody.
const NEVER_SHOWN: [&str; 6] = ["CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_ITIN", "US_PASSPORT", "UK_NHS"];

/// Judges a request before anything is done for it: the person's role, then what the words carry.
pub(crate) async fn act(desk: &Desk, context: &Context, step: &Step) -> Result<Outcome, Recovery> {
    if step.action != "preflight" {
        return Err(unknown_action(step));
    }
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let person = people::get(&mut tx, context.requester).await.map_err(storage)?;
    let person = person
        .ok_or_else(|| UserError::new("You are not a member any more.", "Ask an admin to add you again."))?;
    policy::permit(person.role, &context.intent)?;
    if let Intent::UnlockContract { .. } = context.intent {
        // It is a secret by its nature; it is blanked once the file was opened with it, or was not.
        return Ok(Outcome::Done(Finish { output: json!({ "findings": [] }), ..Finish::default() }));
    }
    let mut findings = Vec::new();
    // All that was said, not only what was understood: a secret may stand where nobody reads.
    for text in std::iter::once(context.said.as_str()).chain(words(&context.intent)) {
        let text = strip_invisible(text);
        let found = scan(&text);
        let mut kinds: Vec<String> =
            found.iter().filter(|f| is_secret(f)).map(|f| f.entity.to_owned()).collect();
        if let Some(secret) = kinds.first() {
            let error = UserError::new(
                format!("Your message seems to contain a secret ({secret})."),
                "Nothing was done with it, and I blanked what I had stored. Please change that secret, delete your \
                 message, and ask again without it.",
            );
            kinds.sort();
            kinds.dedup();
            return Err(Recovery::Blank { error, kinds });
        }
        if let Some(odd) = suspicion(&text) {
            metrics::counter!("injection_suspected_total", "source" => "message").increment(1);
            findings.push(json!({ "entity": "ORDERS_TO_A_MODEL", "score": odd.score, "reason": odd.reason }));
        }
        findings.extend(found.iter().map(|f| json!({ "entity": f.entity, "score": f.score })));
    }
    Ok(Outcome::Done(Finish { output: json!({ "findings": findings }), ..Finish::default() }))
}

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

/// A text with all secrets in it taken out, however they are hidden.
pub fn blanked(text: &str) -> String {
    let text = strip_invisible(text);
    let found: Vec<Finding> = scan(&text).into_iter().filter(is_secret).collect();
    redact(&text, &found, SURE).text
}

fn is_secret(finding: &Finding) -> bool {
    finding.family == Family::Secret && finding.score >= SURE
}

/// Takes out of a card what must reach nobody: secrets, payment cards, bank accounts and personal
/// numbers. Gives the kinds that were taken out. Names, addresses of companies and the like stay.
pub fn screen(card: &mut Card) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut clean = |text: &mut String| kinds.extend(clean(text));
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
    clean(&mut text);
    text
}

/// Takes out of a text what must reach nobody; gives the kinds.
fn clean(text: &mut String) -> Vec<String> {
    let found: Vec<Finding> = scan(text).into_iter().filter(must_not_leave).collect();
    if !found.is_empty() {
        *text = redact(text, &found, SURE).text;
    }
    found.iter().map(|finding| finding.entity.to_owned()).collect()
}

fn must_not_leave(finding: &Finding) -> bool {
    finding.score >= SURE && (finding.family == Family::Secret || NEVER_SHOWN.contains(&finding.entity))
}
