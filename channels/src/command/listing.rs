//! Reads the words around "deals": whose, and in which stage.

use domain::deal::Stage;

use super::stages::stage_at;
use super::words::Words;

const DEAL_WORDS: &[&str] = &[
    "deals",
    "deal",
    "pipeline",
    "dealflow",
    "partnerships",
    "opportunities",
    "geschafte",
    "affaires",
    "negocios",
    "leads",
    "funnel",
    "board",
];

const MINE: &[&str] =
    &["my", "mine", "i", "im", "ive", "own", "meine", "mes", "mis", "ich", "je", "assigned"];

const FILLERS: &[&str] = &[
    "the",
    "all",
    "of",
    "me",
    "do",
    "have",
    "what",
    "which",
    "are",
    "is",
    "there",
    "in",
    "at",
    "with",
    "currently",
    "now",
    "open",
    "active",
    "any",
    "ours",
    "show",
    "list",
    "our",
    "stage",
    "phase",
    "status",
    "we",
    "got",
    "right",
    "today",
    "current",
    "please",
    "many",
    "how",
    "whats",
    "see",
    "every",
    "running",
    "to",
    "by",
    "on",
    "under",
    "a",
    "that",
    "give",
    "get",
    "let",
    "look",
    "full",
    "whole",
    "overview",
    "an",
    "for",
    "alle",
    "les",
    "los",
    "im",
    "am",
    "and",
    "so",
    "far",
    "up",
    "working",
];

/// A list that was asked for.
pub(super) struct Wanted {
    pub(super) stage: Option<Stage>,
    pub(super) mine: bool,
    /// "deals" or the like was said.
    pub(super) names_deals: bool,
}

/// Reads a list; none when a word remains that it does not know.
pub(super) fn read(words: &Words<'_>, from: usize) -> Option<Wanted> {
    let mut wanted = Wanted { stage: None, mine: false, names_deals: false };
    let mut at = from;
    while at < words.len() {
        let key = words.key(at);
        if DEAL_WORDS.contains(&key) {
            wanted.names_deals = true;
        } else if MINE.contains(&key) {
            wanted.mine = true;
        } else if let Some((stage, used)) = stage_at(words, at, false) {
            if wanted.stage.replace(stage).is_some_and(|before| before != stage) {
                return None;
            }
            at += used;
            continue;
        } else if !FILLERS.contains(&key) && words.raw(at).chars().any(char::is_alphanumeric) {
            return None;
        }
        at += 1;
    }
    Some(wanted)
}
