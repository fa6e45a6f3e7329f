//! Reads natural words: the wordings we know, then the words of the matter, then near spellings.

use domain::intent::Intent;
use domain::person::Role;

use super::explicit::{self, kept};
use super::moving::{stated, without_deal_word};
use super::wordings::{BEFORE_COMMANDS, WORDINGS};
use super::words::{Words, quoted_start, squeeze, unquoted, without_manners};
use super::{Guess, Reading, SURE, deciding, lexicon, listing, noting, suggest, sure, table, unsure};

/// Openings that make a question about companies only together with evidence in the words after them.
static OPENINGS: &[&str] = &[
    "who makes",
    "who builds",
    "who produces",
    "who can",
    "who could",
    "who is",
    "who are",
    "who works",
    "who in",
    "who",
    "whos",
    "whos doing",
    "who is doing",
    "who is active",
    "i need",
    "we need",
    "need",
    "i want",
    "we want",
    "want",
    "id like",
    "we could use",
    "i could use",
    "any",
    "are there",
    "are there any",
    "is there",
    "is there a",
    "is there any",
    "do you know",
    "do you know any",
    "do you have",
    "do you have any",
    "do we know",
    "know any",
    "got any",
    "have you got",
    "recommend",
    "recommend me",
    "suggest",
    "suggest me",
    "propose",
    "give me",
    "give me some",
    "get me",
    "get me some",
    "bring me",
    "tell me",
    "what",
    "which",
    "what are",
    "what are the",
    "what about",
    "where are",
    "name",
    "name some",
    "source",
    "identify",
    "pull up",
    "pull",
    "shortlist",
    "explore",
    "ich brauche",
    "wir brauchen",
    "jai besoin de",
    "necesito",
];

/// Wordings that must come before the commands.
pub(super) fn before_commands(words: &Words<'_>) -> Option<Reading> {
    BEFORE_COMMANDS.iter().find_map(|wording| wording.read(words))
}

/// Reads what does not begin with a command.
pub(super) fn read(words: &Words<'_>) -> Reading {
    // A role is only ever given by its command; here it is at most offered.
    if let Some(reading) = role_offer(words) {
        return reading;
    }
    if let Some(reading) = WORDINGS.iter().find_map(|wording| wording.read(words)) {
        return reading;
    }
    if let Some(wanted) = listing::read(words, 0).filter(|wanted| wanted.names_deals) {
        let confidence = if wanted.mine || wanted.stage.is_some() { 0.9 } else { 0.8 };
        return sure(Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }, confidence);
    }
    let slips = slips(words);
    let question = question(words);
    if slips.is_empty() {
        if let Some((query, confidence)) = question {
            return Reading { guesses: stated(words), ..sure(Intent::Find { query }, confidence) };
        }
        return unsure(stated(words).into_iter().chain(named_company(words)));
    }
    let asked =
        question.map(|(query, confidence)| Guess(Intent::Find { query }, (confidence - 0.2).max(0.1)));
    unsure(slips.into_iter().chain(asked))
}

/// The deal that some words name: "the deal with Acme", "Acme's deal", "Acme".
pub(super) fn deal_name(text: &str) -> String {
    let text = without_manners(super::words::first_paragraph(text));
    if let Some(inside) = unquoted(text) {
        return inside.trim().to_owned();
    }
    let words = Words::new(text);
    let lead = words
        .longest_at(
            0,
            &[
                "of",
                "on",
                "for",
                "about",
                "with",
                "me",
                "von",
                "de",
                "the status of",
                "the deal",
                "the deal with",
                "details of",
                "details on",
                "status of",
                "up",
            ],
        )
        .unwrap_or(0);
    let text = if lead < words.len() { without_deal_word(words.rest(lead)) } else { text };
    let lower = text.to_lowercase();
    let name = match [" deal", " partnership", " opportunity"]
        .iter()
        .find(|tail| lower.ends_with(*tail) && lower.is_ascii())
    {
        Some(tail) => {
            let name = text[..text.len() - tail.len()].trim();
            let name = name.strip_prefix("the ").or_else(|| name.strip_prefix("The ")).unwrap_or(name);
            name.strip_suffix("'s").or_else(|| name.strip_suffix("’s")).unwrap_or(name)
        }
        None => text,
    };
    squeeze(unquoted(name).unwrap_or(name))
}

/// A search is meant: a company noun that is not part of a name.
pub(super) fn is_about_companies(words: &Words<'_>, from: usize) -> bool {
    let has_plain_noun = (from..words.len()).any(|at| {
        let next = words.key(at + 1);
        let ends = at + 1 == words.len() && at > from && !words.raw(at).starts_with(char::is_uppercase);
        let goes_on = [
            "in", "with", "that", "which", "for", "from", "near", "based", "who", "like", "over", "under",
            "doing", "of", "to", "across", "active", "founded", "not", "outside", "around",
        ];
        lexicon::is_company_noun(words.key(at)) && (ends || goes_on.contains(&next))
    });
    has_plain_noun && quoted_start(words.rest(from)).is_none()
}

/// The question that some words without a command ask, and how sure that is.
fn question(words: &Words<'_>) -> Option<(String, f64)> {
    let opening = words.longest_at(0, OPENINGS).unwrap_or(0);
    let evidence = lexicon::evidence(words, opening);
    // A noun of ours in the opening counts too: "which companies …" keeps its noun in the query.
    let has_place_words = (opening..words.len()).any(|at| {
        matches!(words.key(at), "in" | "from" | "near" | "across" | "around" | "outside")
            && at + 1 < words.len()
    });
    let kinds = evidence.kinds() + usize::from(has_place_words && evidence.places == 0);
    let is_question = opening > 0 || is_about_companies(words, 0);
    let confidence = match (is_question, kinds) {
        (_, 0) => return None,
        (true, 1) if evidence.is_some() && (evidence.nouns + evidence.industries > 0) => 0.7,
        (true, 2..) if evidence.is_some() => 0.8,
        (false, 2..) if evidence.nouns + evidence.industries > 0 => 0.65,
        (false, 1) if evidence.is_some() && words.len() <= 6 => 0.45,
        (true, _) if evidence.is_some() => 0.5,
        _ => return None,
    };
    // Long prose that mentions companies is no question.
    let confidence = if words.len() > 40 { 0.4 } else { confidence };
    let mut from = opening;
    let fillers: &[&str] =
        if opening > 0 { &["some", "any", "me", "a", "the", "us", "in"] } else { &["some", "any"] };
    while fillers.contains(&words.key(from)) && from + 1 < words.len() {
        from += 1;
    }
    Some((kept(words.rest(from)), confidence)).filter(|(query, _)| !query.is_empty())
}

/// The command that a "how do I …" is about; asking how is always a wish for help.
#[expect(clippy::option_option, reason = "the outer says whether it fits, the inner is the intent's own")]
pub(super) fn topic(gap: &str) -> Option<Option<String>> {
    let words = Words::new(gap);
    let stems = [
        ("approv", "approve"),
        ("reject", "reject"),
        ("mov", "move"),
        ("not", "note"),
        ("rol", "role"),
        ("search", "find"),
        ("find", "find"),
        ("list", "deals"),
        ("show", "show"),
    ];
    let found = words.keys(0).find_map(|key| {
        table::named(key)
            .map(|command| command.name)
            .or_else(|| stems.iter().find(|(stem, _)| key.starts_with(stem)).map(|(_, name)| *name))
    });
    Some(found.map(str::to_owned))
}

/// "make Anna an approver" offers the command.
fn role_offer(words: &Words<'_>) -> Option<Reading> {
    let verbs = ["make", "promote", "give", "set", "change", "turn", "appoint", "demote"];
    if !verbs.contains(&words.key(0)) || words.len() > 8 {
        return None;
    }
    let mut last = words.len() - 1;
    if matches!(words.key(last), "role" | "rights") {
        last -= 1;
    }
    let role = Role::from_name(words.key(last))?;
    let end =
        (1..last).rev().find(|at| !["to", "an", "a", "the", "role", "into"].contains(&words.key(*at)))? + 1;
    let person = squeeze(words.span(1, end));
    let offers = !deciding::is_everyone(&person) && end <= 5;
    let offer = offers.then_some(Guess(Intent::SetRole { person, role }, 0.55));
    Some(unsure(offer))
}

/// What a slip of the first word would have been.
fn slips(words: &Words<'_>) -> Vec<Guess> {
    let first = words.key(0);
    let is_opening = words.longest_at(0, OPENINGS).is_some();
    if is_opening || lexicon::is_industry(first) || lexicon::is_company_noun(first) {
        return Vec::new();
    }
    let mut found: Vec<Guess> = Vec::new();
    for spelling in
        table::COMMANDS.iter().flat_map(|c| std::iter::once(c.name).chain(c.aliases.iter().copied()))
    {
        let count = spelling.split(' ').count();
        let Some(near) = suggest::phrase_likeness(words.keys(0), spelling) else { continue };
        let corrected = format!("{spelling} {}", words.rest(count));
        if let Some(intent) = meant(&corrected) {
            found.push(Guess(intent, near * 0.9));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    // A far guess beside a near one only confuses.
    let best = found.first().map_or(0.0, |best| best.1);
    found.retain(|guess| guess.1 > best - 0.15);
    found
}

/// The intent of a corrected text: its own, or its best guess when that corrects a second slip.
fn meant(corrected: &str) -> Option<Intent> {
    let reading = explicit::read(&Words::new(corrected), 1.0, &[])?;
    let second = reading.guesses.into_iter().find(|guess| guess.1 >= SURE).map(|guess| guess.0);
    reading.intent.or(second)
}

/// A company's name alone: shown or searched.
fn named_company(words: &Words<'_>) -> Vec<Guess> {
    let last = words.key(words.len().saturating_sub(1));
    if words.len() < 2 || words.len() > 5 || !noting::LEGAL_FORMS.contains(&last) {
        return Vec::new();
    }
    let name = squeeze(without_manners(words.rest(0)));
    vec![Guess(Intent::ShowDeal { deal: name.clone() }, 0.5), Guess(Intent::Find { query: name }, 0.4)]
}
