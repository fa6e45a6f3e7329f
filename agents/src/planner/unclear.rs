//! Words that the grammar is unsure of: a language model may point at one reading, and does nothing itself. What it points
//! at is acted on only where that changes nothing; else the person is asked, as without it.

use domain::card::{Audience, Card, Say, Text, Urgency};
use domain::change::Change;
use domain::intent::{Candidate, Intent};
use domain::plan::{Context, Finish, Outcome};
use domain::wording;
use domain::words::words;
use serde::Deserialize;
use serde_json::{Value, json};

use super::plan;
use super::reply::to_requester;
use crate::desk::{Desk, Grammar};
use crate::guardrail::Redacted;
use crate::llm::{Answer, Asking, Use};

/// A reading that the model is less sure of than this, per cent, is shown to the person first.
const SURE: u8 = 80;
/// Longer texts are no requests that somebody typed, characters.
const TEXT_MAX: usize = 600;

/// What the model says a message asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pointed {
    /// The number of one of the readings, from 1; 0 for none of them.
    choice: usize,
    command: Command,
    argument: String,
    confidence: u8,
}

/// Requests that change nothing. There are no others in this list, so none can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Command {
    None,
    Find,
    ListDeals,
    ShowDeal,
    ListContracts,
    ShowContract,
    SearchClauses,
    ListApprovals,
    ListReviews,
    ListRenewals,
    Help,
}

impl Answer for Pointed {
    const NAME: &'static str = "reading";

    fn schema() -> Value {
        let commands = [
            "none",
            "find",
            "list_deals",
            "show_deal",
            "list_contracts",
            "show_contract",
            "search_clauses",
            "list_approvals",
            "list_reviews",
            "list_renewals",
            "help",
        ];
        json!({
            "type": "object",
            "properties": {
                "choice": { "type": "integer" },
                "command": { "type": "string", "enum": commands },
                "argument": { "type": "string" },
                "confidence": { "type": "integer" },
            },
            "required": ["choice", "command", "argument", "confidence"],
            "additionalProperties": false,
        })
    }
}

/// Answers a message that the grammar is unsure of.
pub(super) async fn answer(
    desk: &Desk,
    context: &Context,
    (text, candidates): (&str, &[Candidate]),
) -> Outcome {
    let ask_back = |candidates: &[Candidate]| wording::unclear(text, candidates);
    if !desk.llm.serves(Use::Intent) || text.chars().count() > TEXT_MAX {
        return says(ask_back(candidates), Vec::new());
    }
    let asking = Asking {
        tenant: context.tenant,
        person: context.requester,
        plan: Some(context.plan),
        used: Use::Intent,
        appendix: "",
        text: &question(text, candidates),
    };
    let heard = desk.llm.ask::<Pointed>(desk, asking).await;
    let told = match heard.told {
        Ok(told) => told,
        Err(silence) => {
            let card = ask_back(candidates);
            let card = match silence.words() {
                Some(words) => card.and_text(Text::default().faint(words)),
                None => card,
            };
            return says(card, heard.says);
        }
    };
    match meant(&told.answer, (text, candidates), &told.redacted, desk.grammar) {
        Some((intent, say)) if told.answer.confidence >= SURE && changes_nothing(&intent) => {
            act_on(intent, &say, heard.says)
        }
        Some((_, say)) => says(ask_back(&first(&say, candidates)), heard.says),
        None => says(ask_back(candidates), heard.says),
    }
}

/// The message and its readings, as the prompt says.
fn question(text: &str, candidates: &[Candidate]) -> String {
    let readings = candidates.iter().enumerate().map(|(at, one)| format!("{}. {}\n", at + 1, one.say));
    let readings: String = readings.collect();
    let readings = if readings.is_empty() { "none\n".to_owned() } else { readings };
    format!("The readings:\n{readings}\nThe message:\n{text}")
}

/// What the model points at, as an intent and as the command that says it; none where it points at nothing that was
/// offered, or says words that the message does not.
fn meant(
    pointed: &Pointed,
    (text, candidates): (&str, &[Candidate]),
    redacted: &Redacted,
    grammar: Grammar,
) -> Option<(Intent, String)> {
    if pointed.choice > 0 {
        let say = candidates.get(pointed.choice - 1)?.say.clone();
        let intent = (grammar.understand)(&say).intent;
        return (!matches!(intent, Intent::Unclear { .. })).then_some((intent, say));
    }
    let argument = redacted.restore(pointed.argument.trim());
    let said = words(text);
    let is_said = words(&argument).iter().all(|word| said.iter().any(|one| one.folded == word.folded));
    let needed = || (is_said && !argument.is_empty()).then(|| argument.clone());
    let intent = match pointed.command {
        Command::None => return None,
        Command::Find => Intent::Find { query: needed()? },
        Command::ListDeals => Intent::ListDeals { stage: None, mine: false },
        Command::ShowDeal => Intent::ShowDeal { deal: needed()? },
        Command::ListContracts => Intent::ListContracts,
        Command::ShowContract => Intent::ShowContract { document: needed()? },
        Command::SearchClauses => Intent::SearchClauses { words: needed()? },
        Command::ListApprovals => Intent::ListApprovals,
        Command::ListReviews => Intent::ListReviews,
        Command::ListRenewals => Intent::ListRenewals,
        Command::Help => Intent::Help { topic: None },
    };
    let say = (grammar.print)(&intent)?;
    // What a button would say must mean the same when it is pressed.
    ((grammar.understand)(&say).intent == intent).then_some((intent, say))
}

/// Intents that only look; everything else a person confirms with a button, whoever proposed it.
fn changes_nothing(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Help { .. }
            | Intent::Find { .. }
            | Intent::ListDeals { .. }
            | Intent::ShowDeal { .. }
            | Intent::ListApprovals
            | Intent::ListContracts
            | Intent::ShowContract { .. }
            | Intent::AskContract { .. }
            | Intent::SearchClauses { .. }
            | Intent::ListReviews
            | Intent::ListRenewals
            | Intent::ExplainFit { .. }
            | Intent::ListPeople
            | Intent::AskPolicy { case: None }
    )
}

/// The readings with this one in front.
fn first(say: &str, candidates: &[Candidate]) -> Vec<Candidate> {
    let front = Candidate { say: say.to_owned(), confidence: 0.5 };
    let others = candidates.iter().filter(|one| one.say != say).cloned();
    std::iter::once(front).chain(others).take(3).collect()
}

/// Goes on with an intent as if it had been said: all of its steps, the guardrail's first.
fn act_on(intent: Intent, say: &str, mut says: Vec<Say>) -> Outcome {
    let card = Card::text(Text::default().faint(format!("I read that as “{say}”; a language model helped.")));
    says.push(Say { slot: "reading".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply });
    let next = plan(&intent);
    let changes = vec![Change::Understand { intent: Box::new(intent) }];
    Outcome::Done(Finish { changes, say: says, next, ..Finish::default() })
}

fn says(card: Card, mut says: Vec<Say>) -> Outcome {
    says.insert(0, to_requester(card));
    Outcome::Done(Finish { say: says, ..Finish::default() })
}

#[cfg(test)]
mod tests {
    use domain::intent::Understood;

    use super::*;

    /// A grammar of three spellings.
    fn understand(text: &str) -> Understood {
        let intent = match text.split_once(' ') {
            Some(("find", query)) => Intent::Find { query: query.to_owned() },
            Some(("show", deal)) => Intent::ShowDeal { deal: deal.to_owned() },
            Some(("reject", _)) => Intent::Withdraw { approval: None },
            _ => Intent::Unclear { text: text.to_owned(), candidates: vec![] },
        };
        Understood { intent, confidence: 1.0, candidates: vec![] }
    }

    fn print(intent: &Intent) -> Option<String> {
        match intent {
            Intent::Find { query } => Some(format!("find {query}")),
            Intent::ShowDeal { deal } => Some(format!("show {deal}")),
            _ => None,
        }
    }

    fn point(answer: &Value, text: &str) -> Option<(Intent, String)> {
        let candidates = [Candidate { say: "find banks".to_owned(), confidence: 0.5 }];
        let pointed: Pointed = serde_json::from_value(answer.clone()).ok()?;
        let redacted = Redacted { text: text.to_owned(), placeholders: vec![] };
        meant(&pointed, (text, &candidates), &redacted, Grammar { understand, print })
    }

    fn answer(choice: i64, command: &str, argument: &str) -> Value {
        json!({ "choice": choice, "command": command, "argument": argument, "confidence": 99 })
    }

    #[test]
    fn only_what_was_offered_can_be_meant() {
        let text = "someone who does Payments in Berlin";
        let found = |query: &str| Some((Intent::Find { query: query.to_owned() }, format!("find {query}")));
        assert_eq!(point(&answer(1, "none", ""), text), found("banks"));
        assert_eq!(point(&answer(0, "find", "payments in Berlin"), text), found("payments in Berlin"));
        for hostile in [
            answer(2, "none", ""),
            answer(-1, "none", ""),
            answer(0, "none", "find banks"),
            answer(0, "find", "arms dealers in Berlin"),
            answer(0, "find", ""),
            answer(0, "approve", "all"),
            answer(0, "set_role", "eve admin"),
            json!({ "choice": 1, "command": "none", "argument": "", "confidence": 99, "then": "delete all" }),
        ] {
            assert_eq!(point(&hostile, text), None, "{hostile}");
        }
    }

    #[test]
    fn what_changes_anything_is_never_acted_on() {
        let company = Some("Acme".to_owned());
        for intent in [
            Intent::Withdraw { approval: None },
            Intent::ProposeDeal { company },
            Intent::NoteDeal { deal: "a".to_owned(), text: "b".to_owned() },
            Intent::Join { code: None },
        ] {
            assert!(!changes_nothing(&intent), "{}", intent.name());
        }
    }
}
