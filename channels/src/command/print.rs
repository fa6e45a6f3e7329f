//! Intent to text: the shortest command that is understood as the same intent.

use domain::approval::Verdict;
use domain::contract::Source;
use domain::intent::{Intent, Lasts, Standin};
use domain::news::{Follow, Rhythm};

use super::signing;
use super::words::quote;
use super::{SURE, cleaned, read};

/// The command that says an intent unmistakably; none for what only a button can say.
pub fn print(intent: &Intent) -> Option<String> {
    match intent {
        Intent::Help { topic: None } => Some("help".to_owned()),
        Intent::Help { topic: Some(topic) } => {
            first_same(intent, &[format!("help {topic}"), format!("help {}", quote(topic)?)])
        }
        Intent::Find { query } => {
            first_same(intent, &[format!("find {query}"), format!("find {}", quote(query)?)])
        }
        Intent::ListDeals { stage, mine } => {
            let deals = if *mine { "my deals" } else { "deals" };
            Some(match stage {
                Some(stage) => format!("{deals} in {}", stage.label().to_lowercase()),
                None => deals.to_owned(),
            })
        }
        Intent::ShowDeal { deal } => {
            first_same(intent, &[format!("show {deal}"), format!("show {}", quote(deal)?)])
        }
        Intent::MoveDeal { deal, stage, reason } => {
            let stage = stage.label().to_lowercase();
            let mut ways = Vec::new();
            for deal in [Some(deal.clone()), quote(deal)].into_iter().flatten() {
                match reason {
                    None => ways.push(format!("move {deal} to {stage}")),
                    Some(reason) => ways.extend(
                        [Some(reason.clone()), quote(reason)]
                            .into_iter()
                            .flatten()
                            .map(|reason| format!("move {deal} to {stage} because {reason}")),
                    ),
                }
            }
            first_same(intent, &ways)
        }
        Intent::NoteDeal { deal, text } => {
            let mut ways = Vec::new();
            for text in [Some(text.clone()), quote(text)].into_iter().flatten() {
                ways.push(format!("note {deal}: {text}"));
                ways.extend(quote(deal).map(|deal| format!("note {deal} {text}")));
            }
            first_same(intent, &ways)
        }
        Intent::ProposeDeal { company: None } => Some("propose".to_owned()),
        Intent::ProposeDeal { company: Some(company) } => {
            first_same(intent, &[format!("propose {company}"), format!("propose {}", quote(company)?)])
        }
        Intent::GiveFeedback { .. } | Intent::ExplainFit { .. } => print_feedback(intent),
        Intent::ListApprovals => Some("approvals".to_owned()),
        Intent::Decide { .. } => print_decision(intent),
        Intent::AskPolicy { .. } | Intent::Delegate { .. } | Intent::Follow { .. } => print_standing(intent),
        Intent::AskComment { approval, verdict } => Some(format!("{} {approval}", verb(*verdict))),
        Intent::Withdraw { approval: None } => Some("cancel".to_owned()),
        Intent::Withdraw { approval: Some(approval) } => Some(format!("cancel {approval}")),
        Intent::ListPeople | Intent::Join { .. } | Intent::SetRole { .. } => print_team(intent),
        Intent::CreateDeals { .. }
        | Intent::Refine { .. }
        | Intent::Widen { .. }
        | Intent::TellNews { .. }
        | Intent::RaiseStalled { .. }
        | Intent::Unclear { .. }
        | Intent::Refused { .. } => None,
        contract => print_contract(contract),
    }
}

/// The same for a decision.
fn print_decision(intent: &Intent) -> Option<String> {
    match intent {
        Intent::Decide { approval, verdict: Verdict::Approve, comment: None } => {
            Some(format!("approve {approval}"))
        }
        Intent::Decide { approval, verdict, comment: Some(comment) } => {
            let verb = verb(*verdict);
            let plain = format!("{verb} {approval} because {comment}");
            let quoted = quote(comment).map(|comment| format!("{verb} {approval} because {comment}"));
            first_same(intent, &[Some(plain), quoted].into_iter().flatten().collect::<Vec<_>>())
        }
        _ => None,
    }
}

/// The command of a decision.
fn verb(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::SendBack => "return",
    }
}

/// The same for who has to decide, and who stands in.
fn print_standing(intent: &Intent) -> Option<String> {
    match intent {
        Intent::AskPolicy { case: None } => Some("policy".to_owned()),
        Intent::AskPolicy { case: Some(case) } => first_same(intent, &[format!("who must approve {case}")]),
        Intent::Follow { follow: Follow::Show } => Some("follow".to_owned()),
        Intent::Follow { follow: Follow::Off } => Some("follow nothing".to_owned()),
        Intent::Follow { follow: Follow::On { topics, stage, rhythm } } => {
            let topics: Vec<&str> = topics.iter().map(|topic| topic.name()).collect();
            let stage =
                stage.map_or_else(String::new, |stage| format!(" to {}", stage.label().to_lowercase()));
            let rhythm = if *rhythm == Rhythm::Daily { " daily" } else { "" };
            first_same(intent, &[format!("follow {}{stage}{rhythm}", topics.join(" "))])
        }
        Intent::Delegate { standin: Standin::Show } => Some("delegate".to_owned()),
        Intent::Delegate { standin: Standin::End } => Some("delegate to nobody".to_owned()),
        Intent::Delegate { standin: Standin::Begin { person, lasts } } => {
            first_same(intent, &[format!("delegate to {person} {}", how_long(*lasts))])
        }
        Intent::Delegate { standin: Standin::Away { lasts } } => Some(format!("away {}", how_long(*lasts))),
        _ => None,
    }
}

fn how_long(lasts: Lasts) -> String {
    match lasts {
        Lasts::Days(days) => format!("for {days} days"),
        Lasts::Until(day) => format!("until {day}"),
        Lasts::UntilNext(day) => format!("until {day}"),
    }
}

/// The same for what is said about companies that were found.
fn print_feedback(intent: &Intent) -> Option<String> {
    match intent {
        Intent::GiveFeedback { companies, is_good, reason, .. } => {
            let word = if *is_good { "good" } else { "bad" };
            let names = companies.iter().map(|name| quote(name)).collect::<Option<Vec<_>>>()?.join(", ");
            Some(match reason {
                Some(reason) => format!("feedback {word} {names} because {reason}"),
                None => format!("feedback {word} {names}"),
            })
        }
        Intent::ExplainFit { company } => Some(format!("why {}", quote(company)?)),
        _ => None,
    }
}

/// The same for what is said about people.
fn print_team(intent: &Intent) -> Option<String> {
    match intent {
        Intent::ListPeople => Some("people".to_owned()),
        Intent::Join { code: None } => Some("join".to_owned()),
        Intent::Join { code: Some(code) } => first_same(intent, &[format!("join {code}")]),
        Intent::SetRole { person, role } => {
            let role = role.name();
            let quoted = quote(person).map(|person| format!("role {person} {role}"));
            first_same(
                intent,
                &[Some(format!("role {person} {role}")), quoted].into_iter().flatten().collect::<Vec<_>>(),
            )
        }
        _ => None,
    }
}

/// The same for what is said about contracts.
fn print_contract(intent: &Intent) -> Option<String> {
    match intent {
        Intent::AnalyzeContract { source: Source::Link { url }, deal: None, .. } => {
            Some(format!("analyze {url}"))
        }
        Intent::AnalyzeContract { source: Source::Link { url }, deal: Some(deal), .. } => {
            let quoted = quote(deal).map(|deal| format!("analyze {url} for {deal}"));
            first_same(
                intent,
                &[Some(format!("analyze {url} for {deal}")), quoted]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>(),
            )
        }
        Intent::ListContracts => Some("contracts".to_owned()),
        Intent::SendRedline { document } => {
            first_same(intent, &[format!("redline {document}"), format!("redline {}", quote(document)?)])
        }
        Intent::ShowContract { document } => {
            first_same(intent, &[format!("contract {document}"), format!("contract {}", quote(document)?)])
        }
        Intent::AskContract { document, question } => first_same(
            intent,
            &[format!("ask {document}: {question}"), format!("ask {} {question}", quote(document)?)],
        ),
        Intent::SearchClauses { words } => {
            let quoted = quote(words).map(|words| format!("clauses {words}"));
            first_same(
                intent,
                &[Some(format!("clauses {words}")), quoted].into_iter().flatten().collect::<Vec<_>>(),
            )
        }
        Intent::LinkContract { document, deal } => {
            let plain = format!("link {document} to {deal}");
            let quoted =
                quote(document).zip(quote(deal)).map(|(document, deal)| format!("link {document} to {deal}"));
            first_same(intent, &[Some(plain), quoted].into_iter().flatten().collect::<Vec<_>>())
        }
        Intent::SendForSignature { .. } | Intent::HandleEnvelope { .. } => {
            first_same(intent, &signing::ways(intent))
        }
        Intent::ListReviews => Some("reviews".to_owned()),
        Intent::ClaimReview { review } => Some(format!("reviews take {review}")),
        Intent::AcknowledgeRenewal { reminder } => Some(format!("renewals seen {reminder}")),
        Intent::ListRenewals => Some("renewals".to_owned()),
        _ => None,
    }
}

/// The first way that is understood as the intent; the last when none is, for it is the nearest.
fn first_same(intent: &Intent, ways: &[String]) -> Option<String> {
    let says_it = |way: &&String| {
        let reading = read(&cleaned(way), &[]);
        reading.confidence >= SURE && reading.intent.as_ref() == Some(intent)
    };
    ways.iter().find(says_it).or(ways.last()).cloned()
}
