//! Tests of the grammar: spellings, slips, properties, presses, help and docs.

mod contracts;
mod feedback;
mod presses;
mod properties;
mod proposing;
mod reference;
mod signing;
mod slips;
mod spellings;
mod standing;

use domain::contract::Source;
use domain::intent::{Intent, Standin, Understood};

/// An intent in one short line, so that a table of hundreds stays readable.
fn brief(understood: &Understood) -> String {
    match &understood.intent {
        Intent::Help { topic } => format!("help {}", topic.clone().unwrap_or_default()).trim().to_owned(),
        Intent::Find { query } => format!("find|{query}"),
        Intent::CreateDeals { .. } => "create".to_owned(),
        Intent::ListDeals { stage, mine } => {
            let stage = stage.map_or("", domain::deal::Stage::name);
            format!("deals{}{stage}", if *mine { " mine " } else { " " }).trim().to_owned()
        }
        Intent::ProposeDeal { company } => {
            format!("propose|{}", company.clone().unwrap_or_default())
        }
        Intent::Refine { .. } => "refine".to_owned(),
        Intent::Widen { .. } => "widen".to_owned(),
        Intent::ShowDeal { deal } => format!("show|{deal}"),
        Intent::MoveDeal { deal, stage, reason } => match reason {
            Some(reason) => format!("move|{deal}|{}|{reason}", stage.name()),
            None => format!("move|{deal}|{}", stage.name()),
        },
        Intent::NoteDeal { deal, text } => format!("note|{deal}|{text}"),
        Intent::GiveFeedback { companies, is_good, reason, .. } => {
            let word = if *is_good { "good" } else { "bad" };
            let why = reason.as_deref().unwrap_or_default();
            format!("{word}|{}|{why}", companies.join("+")).trim_end_matches('|').to_owned()
        }
        Intent::ExplainFit { company } => format!("why|{company}"),
        Intent::ListApprovals => "approvals".to_owned(),
        Intent::AskPolicy { case } => {
            format!("policy {}", case.clone().unwrap_or_default()).trim().to_owned()
        }
        Intent::Follow { follow } => format!("follow|{follow:?}"),
        Intent::TellNews { .. } => "news".to_owned(),
        Intent::RaiseStalled { .. } => "stalled".to_owned(),
        Intent::Delegate { standin: Standin::Show } => "delegate".to_owned(),
        Intent::Delegate { standin: Standin::End } => "delegate nobody".to_owned(),
        Intent::Delegate { standin: Standin::Away { lasts } } => format!("away {lasts:?}"),
        Intent::Delegate { standin: Standin::Begin { person, lasts } } => {
            format!("delegate|{person}|{lasts:?}")
        }
        Intent::Decide { approval, verdict, comment } => {
            let verb = verdict.name();
            format!("{verb}|{}|{}", approval.short(), comment.clone().unwrap_or_default())
        }
        Intent::AskComment { approval, .. } => format!("ask|{}", approval.short()),
        Intent::Withdraw { approval: None } => "cancel".to_owned(),
        Intent::Withdraw { approval: Some(approval) } => format!("cancel|{}", approval.short()),
        Intent::ListPeople => "people".to_owned(),
        Intent::Join { code } => format!("join {}", code.as_deref().unwrap_or_default()).trim().to_owned(),
        Intent::SetRole { person, role } => format!("role|{person}|{}", role.name()),
        other => brief_contract(other),
    }
}

/// The same for contracts, and for what nobody says.
fn brief_contract(intent: &Intent) -> String {
    match intent {
        Intent::AnalyzeContract { source: Source::Link { url }, deal, .. } => {
            format!("analyze|{url}|{}", deal.clone().unwrap_or_default())
        }
        Intent::AnalyzeContract { .. } => "analyze".to_owned(),
        Intent::UnlockContract { password } => format!("unlock|{}", password.expose()),
        Intent::ListContracts => "contracts".to_owned(),
        Intent::SendRedline { document } => format!("redline|{document}"),
        Intent::ShowContract { document } => format!("contract|{document}"),
        Intent::AskContract { document, question } => format!("question|{document}|{question}"),
        Intent::SearchClauses { words } => format!("clauses|{words}"),
        Intent::SendForSignature { .. } | Intent::HandleEnvelope { .. } => signing::brief(intent),
        Intent::LinkContract { document, deal } => format!("link|{document}|{deal}"),
        Intent::ListReviews => "reviews".to_owned(),
        Intent::ClaimReview { .. } => "take".to_owned(),
        Intent::RemindRenewal { .. } => "remind".to_owned(),
        Intent::FollowEnvelope { .. } | Intent::TakeSigned { .. } => "envelope".to_owned(),
        Intent::AcknowledgeRenewal { .. } => "seen".to_owned(),
        Intent::ListRenewals => "renewals".to_owned(),
        Intent::AnswerTerm { .. } => "answer".to_owned(),
        Intent::EditPosition { .. } => "position".to_owned(),
        Intent::Refused { .. } => "refused".to_owned(),
        Intent::Unclear { candidates, .. } => {
            let says: Vec<&str> = candidates.iter().map(|candidate| candidate.say.as_str()).collect();
            format!("?{}", says.join("|"))
        }
        other => other.name().to_owned(),
    }
}

/// Holds a table of texts and expected briefs to the grammar; shows all that differ at once.
fn hold(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, expected)| {
            let got = brief(&super::understand(text));
            (got != *expected).then(|| format!("{text:?}\n   expected {expected}\n   got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}
