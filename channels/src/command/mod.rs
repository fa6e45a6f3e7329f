//! The command grammar: pure text to intent, the same for slash commands, mentions, mails, the console and
//! the shell.
//!
//! A command in the words of [`table`] is certain. Anything else is read by its natural wording with a stated
//! confidence; below [`SURE`] it becomes [`Intent::Unclear`] with candidates, each a command to say instead.
//! Decisions and roles come only from explicit commands.

mod address;
mod catalogue;
mod contracts;
mod deciding;
mod explicit;
mod feedback;
mod lexicon;
mod listing;
mod moving;
mod natural;
mod noting;
mod press;
mod print;
mod reference;
mod signing;
mod stages;
mod standing;
mod suggest;
pub mod table;
#[cfg(test)]
mod tests;
mod wordings;
mod words;

use domain::ids::ApprovalId;
use domain::intent::{Candidate, Intent, Understood};

pub use deciding::names_approval;
pub use press::{form, press};
pub use print::print;
pub use reference::{SlackCommand, help, reference, said_with, slack_commands};

use words::Words;

/// Confidence from which a reading is acted on; below it, the person is asked.
pub const SURE: f64 = 0.6;

/// Longest text that is read, in characters; a longer one is cut, for nobody types that much to a bot.
pub const TEXT_CHARS_MAX: usize = 8_000;

/// Understands a text, whatever the channel. Never fails: what makes no sense is unclear.
///
/// Short ids of approvals stay unclear here; see [`understand_with`].
pub fn understand(text: &str) -> Understood {
    understand_with(text, &[])
}

/// Understands a text that may name one of the open approvals by a short id.
///
/// [`names_approval`] tells whether a text needs them, so that they are looked up only then.
pub fn understand_with(text: &str, open: &[ApprovalId]) -> Understood {
    let cleaned = cleaned(text);
    let reading = read(&cleaned, open);
    match reading.intent {
        Some(intent) if reading.confidence >= SURE => {
            Understood { intent, confidence: reading.confidence, candidates: candidates(reading.guesses) }
        }
        Some(intent) => unclear(
            cleaned,
            std::iter::once(Guess(intent, reading.confidence)).chain(reading.guesses).collect(),
        ),
        None => unclear(cleaned, reading.guesses),
    }
}

/// What a text was read as, before it is said back: printing a guess reads texts again, so reading never prints.
#[derive(Debug, Clone)]
struct Reading {
    /// None when there are at most guesses.
    intent: Option<Intent>,
    confidence: f64,
    guesses: Vec<Guess>,
}

/// Something that may have been meant, and how likely.
#[derive(Debug, Clone)]
struct Guess(Intent, f64);

fn sure(intent: Intent, confidence: f64) -> Reading {
    Reading { intent: Some(intent), confidence, guesses: Vec::new() }
}

fn unsure(guesses: impl IntoIterator<Item = Guess>) -> Reading {
    Reading { intent: None, confidence: 0.0, guesses: guesses.into_iter().collect() }
}

fn cleaned(text: &str) -> String {
    words::clean(&text.chars().take(TEXT_CHARS_MAX).collect::<String>())
}

/// Reads a cleaned text.
fn read(text: &str, open: &[ApprovalId]) -> Reading {
    let all = Words::new(text);
    if all.len() == 0 {
        return sure(Intent::Help { topic: None }, 1.0);
    }
    let address = address::skip(&all);
    if let Some(answer) = bare_answer(&all) {
        return answer;
    }
    if address.words == all.len() {
        return if address.is_greeting { sure(Intent::Help { topic: None }, 0.8) } else { unsure([]) };
    }
    let words = Words::new(all.rest(address.words));
    let most = if address.is_plain { 1.0 } else { 0.95 };
    natural::before_commands(&words)
        .or_else(|| explicit::read(&words, most, open))
        .or_else(|| bare_answer(&words))
        .unwrap_or_else(|| natural::read(&words))
}

/// Yes and no mean nothing by themselves: a decision names its request.
fn bare_answer(words: &Words<'_>) -> Option<Reading> {
    let said = words.keys(0).collect::<Vec<_>>().join(" ");
    address::ANSWERS.contains(&said.as_str()).then(|| unsure([Guess(Intent::ListApprovals, 0.4)]))
}

/// Most candidates that are offered.
const CANDIDATES_MAX: usize = 3;

fn unclear(text: String, guesses: Vec<Guess>) -> Understood {
    let candidates = candidates(guesses);
    let confidence = candidates.first().map_or(0.0, |best| best.confidence);
    Understood { intent: Intent::Unclear { text, candidates: candidates.clone() }, confidence, candidates }
}

/// Whether a text would be acted on: what is offered must not be asked back again.
fn is_clear(text: &str) -> bool {
    let reading = read(&cleaned(text), &[]);
    reading.intent.is_some() && reading.confidence >= SURE
}

/// Guesses as commands to say, best first, each once.
fn candidates(mut guesses: Vec<Guess>) -> Vec<Candidate> {
    guesses.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut said: Vec<Candidate> = Vec::new();
    for Guess(intent, confidence) in guesses {
        if let Some(say) = print(&intent)
            && said.len() < CANDIDATES_MAX
            && said.iter().all(|earlier| earlier.say != say)
            && is_clear(&say)
        {
            said.push(Candidate { say, confidence });
        }
    }
    said
}
