//! While the work goes on, and when it does not.

use crate::approval::Verdict;
use crate::card::{Block, Card, Text};
use crate::contract::Source;
use crate::intent::Intent;

use super::phrases::cut;

/// How far the work is. The label says what goes on now, e.g. `searching the directory`.
pub fn progress(label: &str, done: u32, total: u32) -> Card {
    let block = Block::Progress { done: done.min(total), total, label: label.to_owned() };
    Card::default().with(block)
}

/// The line that answers at once, before anything was done.
pub fn on_it(intent: &Intent) -> String {
    match intent {
        Intent::Help { .. } => "One moment: here is what you can say.".to_owned(),
        Intent::Find { query } => format!("On it: looking for {}…", cut(query, 80)),
        Intent::CreateDeals { companies, .. } => match companies.len() {
            1 => "On it: asking for approval of 1 deal…".to_owned(),
            n => format!("On it: asking for approval of {n} deals…"),
        },
        Intent::ListDeals { mine: true, .. } => "On it: getting your deals…".to_owned(),
        Intent::ListDeals { .. } => "On it: getting the deals…".to_owned(),
        Intent::ShowDeal { deal } => format!("On it: looking up {}…", cut(deal, 60)),
        Intent::MoveDeal { deal, stage, .. } => {
            format!("On it: moving {} to {}…", cut(deal, 60), stage.label())
        }
        Intent::NoteDeal { deal, .. } => format!("On it: writing your note on {}…", cut(deal, 60)),
        Intent::ListApprovals => "On it: looking up what waits for you…".to_owned(),
        Intent::Decide { verdict: Verdict::Approve, .. } => "On it: recording your approval…".to_owned(),
        Intent::Decide { verdict: Verdict::Reject, .. } => "On it: recording your rejection…".to_owned(),
        Intent::AskComment { .. } => "One moment: please say why.".to_owned(),
        Intent::ListPeople => "On it: getting the people of your team…".to_owned(),
        Intent::SetRole { person, role } => format!("On it: making {} {}…", cut(person, 60), role.name()),
        Intent::AnalyzeContract { source, .. } => format!("On it: reading {}…", cut(&called(source), 80)),
        Intent::ShowContract { document } => format!("On it: looking up {}…", cut(document, 60)),
        Intent::AskContract { document, .. } => format!("On it: looking it up in {}…", cut(document, 60)),
        Intent::ListReviews => "On it: looking up what waits for a person…".to_owned(),
        Intent::ClaimReview { .. } => "On it: putting your name on it…".to_owned(),
        Intent::Unclear { .. } | Intent::Refused { .. } => "One moment…".to_owned(),
    }
}

fn called(source: &Source) -> String {
    match source {
        Source::Stored { name, .. } => name.clone(),
        Source::Link { url } => url.clone(),
    }
}

/// A step ran longer than it may and was stopped; the work is tried again by itself.
pub fn cancelled_late(what: &str, seconds_max: u64) -> Card {
    Card::text(format!(
        "{what} took longer than {seconds_max} seconds, so I stopped it. I am trying a simpler way."
    ))
}

/// A step failed three times and waits for a person. The reference finds it in the log and the console.
pub fn parked(reference: &str) -> Card {
    Card::titled("I could not finish this").and_text(
        Text::default()
            .plain(
                "It failed three times, so a person will look at it. You need not do anything. Reference: ",
            )
            .code(reference)
            .plain("."),
    )
}
