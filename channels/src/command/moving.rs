//! Reads `<name> to <stage> [because <reason>]`.

use domain::deal::Stage;
use domain::intent::Intent;

use super::Guess;
use super::stages::{nearest, stage_at};
use super::words::{Words, quoted_start, squeeze, unquoted};

const CONNECTORS: &[&str] = &[
    "to", "into", "in", "as", "on", "at", "onto", "under", "zu", "zur", "nach", "auf", "als", "ins", "a",
    "en", "vers", "hacia", "como", "comme", "dans", "->", "→", "=>",
];

const BECAUSE: &[&str] = &[
    "because of",
    "because",
    "bc",
    "since",
    "as",
    "due to",
    "reason",
    "the reason is",
    "reason is",
    "for",
    "weil",
    "wegen",
    "parce que",
    "porque",
    "car",
    "denn",
];

/// Words after a stage that say nothing.
const TAIL: &[&str] =
    &["please", "pls", "now", "thanks", "today", "thank you", "again", "bitte", "for me", "stage"];

/// Reads a move. With `needs_connector`, a stage right after the name is not enough.
pub(super) fn read(rest: &str, needs_connector: bool) -> Option<Intent> {
    let rest = arrows_apart(rest);
    let rest = without_deal_word(&rest);
    if let Some((name, after)) = quoted_start(rest) {
        let words = Words::new(after.trim_start_matches(['\'', '’']));
        let from = usize::from(CONNECTORS.contains(&words.key(0)));
        return at(&words, from).or_else(|| at(&words, 0)).map(|(stage, reason)| moved(name, stage, reason));
    }
    let words = Words::new(rest);
    // The leftmost reading wins: names may hold "to", reasons may hold anything.
    let connected = (1..words.len())
        .filter(|i| is_connector(&words, *i))
        .find_map(|i| at(&words, i + 1).map(|(stage, reason)| moved(words.span(0, i), stage, reason)));
    if connected.is_some() || needs_connector {
        return connected;
    }
    (1..words.len()).find_map(|i| at(&words, i).map(|(stage, reason)| moved(words.span(0, i), stage, reason)))
}

/// The move that was meant when only its stage is misspelt.
pub(super) fn meant(rest: &str) -> Option<(Intent, f64)> {
    let rest = arrows_apart(rest);
    let words = Words::new(without_deal_word(&rest));

    (1..words.len())
        .filter(|i| is_connector(&words, *i))
        .filter_map(|i| {
            let one = nearest(words.key(i + 1));
            let two = nearest(&words.keys(i + 1).take(2).collect::<Vec<_>>().join(" "));
            let (stage, near) = [one, two].into_iter().flatten().max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some((moved(words.span(0, i), stage, None), near))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Moves and looks that "Acme signed" may mean: said as a fact, it asks for nothing.
pub(super) fn stated(words: &Words<'_>) -> Vec<Guess> {
    if words.len() > 7 {
        return Vec::new();
    }
    let fillers = ["is", "has", "was", "went", "are", "have", "got", "been", "now"];
    let Some((place, stage)) = (1..words.len()).find_map(|i| {
        let (stage, used) = stage_at(words, i, false)?;
        (i + used == words.len()).then_some((i, stage))
    }) else {
        return Vec::new();
    };
    let end = (1..=place).rev().find(|end| !fillers.contains(&words.key(end - 1))).unwrap_or(0);
    let name = squeeze(words.span(0, end)).trim_end_matches([':', ',', '-']).to_owned();
    if name.is_empty() {
        return Vec::new();
    }
    let moved = Intent::MoveDeal { deal: name.clone(), stage, reason: None };
    vec![Guess(moved, 0.55), Guess(Intent::ShowDeal { deal: name }, 0.4)]
}

fn moved(name: &str, stage: Stage, reason: Option<String>) -> Intent {
    Intent::MoveDeal { deal: name_of(name), stage, reason }
}

fn name_of(name: &str) -> String {
    let name = unquoted(name).unwrap_or(name);
    squeeze(name.trim().trim_end_matches([',', ':', ';']))
}

fn is_connector(words: &Words<'_>, at: usize) -> bool {
    CONNECTORS.contains(&words.key(at))
}

/// The stage at a place and the reason after it, if nothing else follows.
fn at(words: &Words<'_>, from: usize) -> Option<(Stage, Option<String>)> {
    let (stage, used) = stage_at(words, from, true)?;
    let end = from + used;
    let reason = reason_at(words, end)?;
    Some((stage, reason))
}

/// The reason that begins at a place: `Some(None)` when the text ends there, none when what stands there is no
/// reason.
fn reason_at(words: &Words<'_>, at: usize) -> Option<Option<String>> {
    if at >= words.len() || words.longest_at(at, TAIL).is_some_and(|used| at + used == words.len()) {
        return Some(None);
    }
    let rest = words.rest(at);
    let is_cut_off = words.raw(at - 1).ends_with([',', ';', ':', '.', '!']);
    let text = if let Some(used) = words.longest_at(at, BECAUSE) {
        words.rest(at + used).trim_start_matches([':', ' '])
    } else if matches!(words.raw(at), "-" | "–" | "—" | "--" | ":" | "/") {
        words.rest(at + 1)
    } else if rest.starts_with('(') {
        rest.trim_start_matches('(').trim_end_matches('.').trim_end_matches(')')
    } else if is_cut_off {
        rest
    } else {
        return None;
    };
    let text = unquoted(text).unwrap_or(text).trim();
    Some((!text.is_empty()).then(|| text.to_owned()))
}

/// Arrows are often typed without spaces.
fn arrows_apart(text: &str) -> String {
    // Only up to the first arrow that stands between name and stage: reasons stay as they are.
    for arrow in ["->", "=>", "→"] {
        if let Some((name, rest)) = text.split_once(arrow)
            && !name.trim().is_empty()
            && quoted_start(text).is_none()
        {
            return format!("{} → {}", name.trim_end(), rest.trim_start());
        }
    }
    text.to_owned()
}

/// Cuts "the deal with" off a name.
pub(super) fn without_deal_word(text: &str) -> &str {
    let words = Words::new(text);
    let lead = words
        .longest_at(
            0,
            &[
                "the deal with",
                "deal with",
                "the deal",
                "our deal with",
                "my deal with",
                "deal",
                "the opportunity with",
            ],
        )
        .unwrap_or(0);
    // "Deal to signed" is a name and a stage; what is quoted is a name whatever it says.
    if lead > 0
        && words.raw(0).starts_with(char::is_alphanumeric)
        && words.len() > lead
        && !is_connector(&words, lead)
    {
        words.rest(lead)
    } else {
        text.trim()
    }
}
