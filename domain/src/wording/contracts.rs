//! What we say of a contract: the card in the thread, answers to questions, the queue of terms to look at.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::approval::{Decision, Verdict as Decided};
use crate::card::{Block, Card, Style, Text};
use crate::contract::renewal::{Notice, Renewal};
use crate::contract::{CalendarUnit, Duration, Money, Quote, Value, Verdict};
use crate::deal::Stage;
use crate::error::UserError;
use crate::ids::PlanId;

use super::approvals::with_comment;
use super::matter::ContractMatter;
use super::phrases::{buttons, count, cut, day, faint, in_command, moment, say};

/// How many of the gravest findings a card shows.
const WORST_MAX: usize = 3;
/// How much of a quote a card shows, characters; the report shows all of it.
const QUOTE_CHARS_MAX: usize = 280;

/// One of the terms that matter most, on a card.
#[derive(Debug, Clone, PartialEq)]
pub struct TermLine {
    /// What people call it.
    pub label: String,
    /// What the contract says, in words; none when it does not say.
    pub value: Option<String>,
    /// How that stands with us.
    pub verdict: Verdict,
}

/// A finding, on a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingLine {
    /// What people call the term.
    pub label: String,
    /// How it stands with us.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The sentence and its page.
    pub quote: Option<Quote>,
}

/// What the card on a contract shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractCard {
    /// What the document is called.
    pub name: String,
    /// Its version, from 1.
    pub version: i32,
    /// How many pages it has.
    pub pages: usize,
    /// The deal it belongs to, if any.
    pub deal: Option<String>,
    /// The terms that matter most.
    pub terms: Vec<TermLine>,
    /// How many terms stand how, e.g. `(Red, 2)`.
    pub counts: Vec<(Verdict, usize)>,
    /// Findings, gravest first.
    pub findings: Vec<FindingLine>,
    /// How many terms wait for a person.
    pub reviews: usize,
    /// What could not be read, or looked wrong.
    pub notes: Vec<String>,
    /// Time ran out before every term was looked for.
    pub is_partial: bool,
    /// The page with the whole report.
    pub url: String,
    /// It is a Word document, in which our offers can be marked.
    pub can_be_marked: bool,
}

/// The Word document with our offers, to be sent on.
pub fn redline(name: &str, changes: usize, file: Block) -> Card {
    Card::text(format!(
        "{} as tracked changes, with the reason beside each. Read them before you send it on.",
        count(changes, "change", "changes")
    ))
    .with(file)
    .and_text(faint(format!("From the playbook's offers for {}.", cut(name, 120))))
}

/// What was read in a contract.
pub fn contract(found: &ContractCard) -> Card {
    let pages = count(found.pages, "page", "pages");
    let of_deal = found.deal.as_ref().map_or_else(String::new, |deal| format!(", deal {deal}"));
    let mut card = Card::titled(format!("{} (version {})", cut(&found.name, 120), found.version))
        .and_text(format!("{pages}{of_deal}."))
        .and_text(Text::default().strong(verdict_counts(&found.counts)));
    if found.is_partial {
        card =
            card.and_text("Time ran out before every term was looked for; the report says which are open.");
    }
    let rows = found.terms.iter().map(|line| {
        let value = line.value.clone().unwrap_or_else(|| "not stated".to_owned());
        vec![line.label.clone(), cut(&value, 160), verdict_word(line.verdict).to_owned()]
    });
    let columns = ["Term", "What it says", "For us"].map(str::to_owned).to_vec();
    card = card.with(Block::Table { columns, rows: rows.collect() });
    for block in found.findings.iter().take(WORST_MAX).flat_map(finding_blocks) {
        card = card.with(block);
    }
    if found.reviews > 0 {
        let terms = count(found.reviews, "term needs", "terms need");
        card = card.and_text(format!("{terms} a person's eye; they are in the review queue."));
    }
    for note in &found.notes {
        card = card.and_text(faint(note.as_str()));
    }
    let card = card.with(Block::Link { label: "Open report".to_owned(), url: found.url.clone() });
    if !found.can_be_marked {
        return card;
    }
    card.with(buttons(vec![say("Send redline", format!("redline {}", in_command(&found.name)))]))
}

/// A finding with the sentence it stands on.
pub(super) fn finding_blocks(finding: &FindingLine) -> Vec<Block> {
    let text = Text::default()
        .strong(format!("{}: {}. ", finding.label, verdict_word(finding.verdict)))
        .plain(finding.reason.as_str());
    let quote = finding.quote.as_ref().map(|quote| Block::Quote {
        text: format!("{} (page {})", cut(&one_line(&quote.text), QUOTE_CHARS_MAX), quote.page),
    });
    std::iter::once(Block::Text { text }).chain(quote).collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `2 red, 3 yellow, 30 green, 1 missing`; what there is none of is left out.
pub(super) fn verdict_counts(counts: &[(Verdict, usize)]) -> String {
    let order = [
        Verdict::Escalate,
        Verdict::Red,
        Verdict::Missing,
        Verdict::Yellow,
        Verdict::Unclear,
        Verdict::Green,
    ];
    let said: Vec<String> = order
        .iter()
        .filter_map(|verdict| counts.iter().find(|(v, n)| v == verdict && *n > 0))
        .map(|(verdict, n)| format!("{n} {}", verdict_word(*verdict)))
        .collect();
    if said.is_empty() { "Nothing was judged.".to_owned() } else { said.join(", ") }
}

/// A verdict as people read it.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "green",
        Verdict::Yellow => "yellow",
        Verdict::Red => "red",
        Verdict::Missing => "missing",
        Verdict::Unclear => "unclear",
        Verdict::Escalate => "for the lawyers",
    }
}

/// What a term says, in words.
pub fn value_words(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.format("%Y-%m-%d").to_string(),
        Value::Duration(duration) => duration_words(*duration),
        Value::Money(money) => money_words(money),
        Value::Percent(percent) => format!("{percent} %"),
        Value::Parties(parties) => {
            let party = |party: &crate::contract::Party| match party.role.as_str() {
                "" => party.name.clone(),
                role => format!("{} ({role})", party.name),
            };
            parties.iter().map(party).collect::<Vec<_>>().join("; ")
        }
        Value::Jurisdiction(place) => {
            let country = crate::places::places().country(&place.country);
            let parts = [place.court.as_str(), place.region.as_str(), country];
            parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
        }
        Value::Number { count, of } => format!("{count} {of}").trim().to_owned(),
        Value::Clause => "yes".to_owned(),
    }
}

fn duration_words(duration: Duration) -> String {
    let unit = match duration.unit {
        CalendarUnit::Hours => "hour",
        CalendarUnit::Days => "day",
        CalendarUnit::BusinessDays => "business day",
        CalendarUnit::Weeks => "week",
        CalendarUnit::Months => "month",
        CalendarUnit::Years => "year",
        CalendarUnit::Perpetual => return "without end".to_owned(),
    };
    let is_one = (duration.count - 1.0).abs() < f64::EPSILON;
    format!("{} {unit}{}", duration.count, if is_one { "" } else { "s" })
}

fn money_words(money: &Money) -> String {
    let (whole, cents) = (money.cents / 100, (money.cents % 100).abs());
    let digits = whole.abs().to_string();
    let grouped: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    let sign = if money.cents < 0 { "-" } else { "" };
    let tail = if cents == 0 { String::new() } else { format!(".{cents:02}") };
    format!("{} {sign}{}{tail}", money.currency, grouped.join(","))
}

/// A contract was accepted or not, for the thread.
pub fn contract_decided(matter: &ContractMatter, decision: &Decision) -> Card {
    let (name, by, on) = (&matter.name, &decision.by_name, moment(decision.at));
    if decision.verdict != Decided::Approve {
        if decision.verdict == Decided::SendBack {
            let card = Card::titled(format!("Sent back for changes: {name}")).and_text(format!(
                "{by} sent it back on {on}. Nothing was changed. Have this changed, then send the new version here: \
                 only those whom the changes concern are asked again."
            ));
            return with_comment(card, decision);
        }
        let card = Card::titled(format!("Not accepted: {name}"))
            .and_text(format!("{by} did not accept it on {on}. Nothing was changed; the report stays."));
        return with_comment(card, decision);
    }
    let card = Card::titled(format!("Accepted: {name} (version {})", matter.version));
    let card = match (&matter.deal, matter.to) {
        (Some(deal), Some(to)) => {
            card.and_text(format!("{by} accepted it on {on}. {deal} is now in {}.", to.label()))
        }
        (Some(deal), None) => card.and_text(format!("{by} accepted it on {on} for {deal}.")),
        (None, _) => card.and_text(format!("{by} accepted it on {on}. It belongs to no deal yet.")),
    };
    with_comment(card, decision)
}

/// What was read in a contract that came in elsewhere, for the thread of its deal.
pub fn sent_elsewhere(mut card: Card, sender: &str) -> Card {
    let text = Text::from(format!("{sender} sent this in on another channel; it is answered there too."));
    card.blocks.insert(0, Block::Text { text });
    card
}

/// Nobody decided on a contract in time.
pub fn contract_lapsed(matter: &ContractMatter) -> Card {
    Card::text(format!("Nobody decided on {} in time. Nothing was changed; the report stays.", matter.name))
}

/// Why a request to accept a contract no longer holds: a newer version came in.
pub fn newer_version(name: &str, number: i32) -> String {
    format!("Version {number} of {name} came in meanwhile.")
}

/// Why a request to accept a contract no longer holds: its deal went elsewhere.
pub fn deal_went_on(deal: &str, stage: Stage) -> String {
    format!("{deal} is in {} now.", stage.label())
}

/// A contract in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLine {
    /// What it is called.
    pub name: String,
    /// Its latest version, from 1.
    pub version: i32,
    /// The deal it belongs to.
    pub deal: Option<String>,
    /// When that version came in.
    pub at: DateTime<Utc>,
}

/// All contracts, newest first.
pub fn contract_list(lines: &[DocumentLine], url: &str) -> Card {
    if lines.is_empty() {
        return Card::text(Text::with_code(
            "There are no contracts yet. Send me a file (PDF, Word, text or mail), or say `analyze <https link>`.",
        ));
    }
    let rows = lines.iter().take(20).map(|line| {
        let deal = line.deal.clone().unwrap_or_else(|| "none yet".to_owned());
        vec![cut(&line.name, 80), line.version.to_string(), deal, day(line.at)]
    });
    let columns = ["Document", "Version", "Deal", "Came in"].map(str::to_owned).to_vec();
    Card::titled(count(lines.len(), "contract", "contracts"))
        .with(Block::Table { columns, rows: rows.collect() })
        .with(Block::Link { label: "Open contracts".to_owned(), url: url.to_owned() })
}

/// A contract belongs to a deal from now on.
pub fn contract_linked(document: &str, deal: &str) -> Card {
    Card::text(format!("{document} belongs to {deal} now."))
}

/// What a contract says to a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerLine {
    /// The answer in a word or two, where it is known.
    pub straight: Option<String>,
    /// The sentences it stands on, best first; none when the contract does not say.
    pub quotes: Vec<Quote>,
    /// The reading was not sure of it.
    pub is_unsure: bool,
}

/// What a contract says in answer to a question: the sentence that says it, or that it does not.
pub fn contract_answer(question: &str, name: &str, answer: &AnswerLine) -> Card {
    let quotes = &answer.quotes;
    let mut card = Card::titled(cut(question, 140));
    if let Some(straight) = &answer.straight {
        card = card.and_text(Text::default().strong(cut(straight, 200)));
    }
    let Some(first) = quotes.first() else {
        return card
            .and_text(format!("{name} does not say."))
            .and_text(faint("No sentence in it answers the question; a person may still want to look."));
    };
    let said =
        |quote: &Quote| Block::Quote { text: format!("{} (page {})", one_line(&quote.text), quote.page) };
    let mut card = card.and_text(format!("{name} says:")).with(said(first));
    for quote in &quotes[1..] {
        card = card.with(said(quote));
    }
    if answer.is_unsure {
        card = card.and_text(faint("The reading is not sure of this; it is in the review queue."));
    }
    card
}

/// A clause that a search found, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseLine {
    /// The document's name.
    pub document: String,
    /// The deal it belongs to.
    pub deal: Option<String>,
    /// The heading it stands under; may be empty.
    pub heading: String,
    /// Its words.
    pub text: String,
    /// Page of its first letter.
    pub page: i32,
    /// All words that were looked for stand in it.
    pub has_all: bool,
}

/// What a search over all contracts found, best first.
pub fn clauses(words: &str, lines: &[ClauseLine], url: &str) -> Card {
    let asked = cut(words, 80);
    if lines.is_empty() {
        return Card::text(format!("No clause in our contracts speaks of “{asked}”."));
    }
    let mut card = Card::titled(format!("Clauses on “{asked}”"));
    if lines.iter().all(|line| !line.has_all) {
        card = card.and_text("No clause has all of these words; these have some.");
    }
    for line in lines {
        let of_deal = line.deal.as_ref().map_or_else(String::new, |deal| format!(", deal {deal}"));
        let under =
            if line.heading.is_empty() { String::new() } else { format!(": {}", cut(&line.heading, 80)) };
        card = card
            .and_text(
                Text::default()
                    .strong(cut(&line.document, 80))
                    .plain(format!("{of_deal}, page {}{under}", line.page)),
            )
            .with(Block::Quote { text: cut(&one_line(&line.text), QUOTE_CHARS_MAX) });
    }
    card.with(Block::Link { label: "Open contracts".to_owned(), url: url.to_owned() })
}

/// A term that waits for a person, as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewLine {
    /// What people call the term.
    pub label: String,
    /// The document's name.
    pub document: String,
    /// Why a person should look.
    pub reason: String,
    /// When it should be answered.
    pub due_at: DateTime<Utc>,
    /// Who is on it.
    pub claimed_by: Option<String>,
}

/// What waits in the review queue, oldest first.
pub fn reviews(lines: &[ReviewLine], now: DateTime<Utc>, url: &str) -> Card {
    if lines.is_empty() {
        return Card::text("No term waits for a person.");
    }
    let rows = lines.iter().take(20).map(|line| {
        let due = if line.due_at < now { "overdue".to_owned() } else { moment(line.due_at) };
        let who = line.claimed_by.clone().unwrap_or_else(|| "nobody".to_owned());
        vec![line.label.clone(), cut(&line.document, 60), cut(&line.reason, 100), due, who]
    });
    let columns = ["Term", "Document", "Why", "Due", "Who is on it"].map(str::to_owned).to_vec();
    let waiting = count(lines.len(), "term waits for a person", "terms wait for a person");
    Card::titled(waiting)
        .with(Block::Table { columns, rows: rows.collect() })
        .with(Block::Link { label: "Open the review queue".to_owned(), url: url.to_owned() })
}

/// An accepted contract with its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalLine {
    /// What it is called.
    pub document: String,
    /// The deal it belongs to.
    pub deal: Option<String>,
    /// Its dates.
    pub renewal: Renewal,
}

/// The renewal calendar, the next date first.
pub fn renewals(lines: &[RenewalLine], today: NaiveDate, url: &str) -> Card {
    if lines.is_empty() {
        return Card::text("No accepted contract states when it ends.");
    }
    let rows = lines.iter().take(20).map(|line| {
        let Renewal { ends_on, is_tacit, notice_by, .. } = &line.renewal;
        let what = match (is_tacit, *ends_on < today) {
            (true, _) => format!("renews after {ends_on}"),
            (false, true) => format!("ended on {ends_on}"),
            (false, false) => format!("ends on {ends_on}"),
        };
        let notice = match notice_by {
            Some(day) if *day < today => format!("was {day}"),
            Some(day) => day.to_string(),
            None => "not stated".to_owned(),
        };
        let whose = line.deal.clone().unwrap_or_else(|| line.document.clone());
        vec![cut(&whose, 60), what, notice]
    });
    let columns = ["Contract", "What happens", "Give notice by"].map(str::to_owned).to_vec();
    Card::titled("Renewals")
        .with(Block::Table { columns, rows: rows.collect() })
        .with(Block::Link { label: "Open the calendar".to_owned(), url: url.to_owned() })
}

/// A notice has to be given soon; `reminder` is the plan that says so.
pub fn notice_due(notice: &Notice, reminder: PlanId, today: NaiveDate, url: &str) -> Card {
    let Notice { document, deal, renewal, by } = notice;
    let what = match deal {
        Some(deal) => format!("{deal}: {document}"),
        None => document.clone(),
    };
    let left = match (*by - today).num_days() {
        0 => "today is the last day".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    };
    let then = if renewal.is_tacit { "renews by itself after" } else { "ends on" };
    let mut button = say("I look after it", format!("renewals seen {reminder}"));
    button.style = Style::Primary;
    Card::titled(format!("Notice is due by {by}"))
        .and_text(format!(
            "{what} {then} {}. Whoever wants out gives notice by {by}: {left}.",
            renewal.ends_on
        ))
        .with(buttons(vec![button]))
        .with(Block::Link { label: "Open the calendar".to_owned(), url: url.to_owned() })
}

/// Somebody looks after a notice.
pub fn notice_seen(document: &str, by: NaiveDate, name: &str) -> Card {
    Card::text(format!(
        "{name} looks after the notice for {document}, due by {by}. I will not remind of it again."
    ))
}

/// No reminder is known by what was pressed or typed.
pub fn notice_unknown() -> UserError {
    UserError::new("I do not know that reminder.", "See the dates with `renewals`.")
}

/// Somebody looks after it already; no name stands for the person who asks.
pub fn notice_seen_already(name: Option<&str>, since: DateTime<Utc>) -> UserError {
    let who = name.map_or_else(|| "You look".to_owned(), |name| format!("{name} looks"));
    UserError::new(format!("{who} after it already, since {}.", moment(since)), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let money = |cents| Value::Money(Money { cents, currency: "USD".to_owned() });
        assert_eq!(value_words(&money(123_456_700)), "USD 1,234,567");
        assert_eq!(value_words(&money(50)), "USD 0.50");
        let days = |count| Value::Duration(Duration { count, unit: CalendarUnit::Days });
        assert_eq!(value_words(&days(30.0)), "30 days");
        assert_eq!(value_words(&days(1.0)), "1 day");
        assert_eq!(value_words(&Value::Percent(12.5)), "12.5 %");
    }

    #[test]
    fn counts_leave_out_what_there_is_none_of_and_begin_with_the_gravest() {
        let counts = [(Verdict::Green, 30), (Verdict::Red, 2), (Verdict::Yellow, 0), (Verdict::Missing, 1)];
        assert_eq!(verdict_counts(&counts), "2 red, 1 missing, 30 green");
    }

    #[test]
    fn an_answer_is_a_quote_or_a_plain_no() {
        let quote = Quote { text: "Notice is\n thirty days.".to_owned(), page: 4, start: 0, end: 1 };
        let answer =
            AnswerLine { straight: Some("30 days".to_owned()), quotes: vec![quote], is_unsure: true };
        let said = contract_answer("What is the notice?", "MSA", &answer).to_plain();
        assert!(said.contains("Notice is thirty days. (page 4)"), "{said}");
        assert!(said.contains("30 days") && said.contains("not sure"), "{said}");
        let silent = contract_answer("What is the notice?", "MSA", &AnswerLine::default()).to_plain();
        assert!(silent.contains("MSA does not say."), "{silent}");
    }
}
