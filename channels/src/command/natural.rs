//! Reads natural wordings: patterns with a gap, then the words of the matter, then near spellings.

use domain::intent::Intent;
use domain::person::Role;

use super::explicit::{self, kept};
use super::moving::{stated, without_deal_word};
use super::words::{Words, quoted_start, squeeze, unquoted, without_manners};
use super::{Guess, Reading, SURE, deciding, lexicon, listing, noting, suggest, sure, table, unsure};

/// What a pattern means.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Find,
    Show,
    Move,
    Approvals,
    People,
    Help,
    HowTo,
}

/// A wording: words in order, `*` for the part that is kept, and how sure it makes us.
struct Wording(&'static str, Meaning, f64);

/// Wordings that a command's word would otherwise catch, because they begin like one.
static BEFORE_COMMANDS: &[Wording] = &[
    Wording("status of approvals", Meaning::Approvals, 0.8),
    Wording("waiting for my approval", Meaning::Approvals, 0.9),
    Wording("pending for me", Meaning::Approvals, 0.9),
    Wording("show what is waiting for me", Meaning::Approvals, 0.9),
    Wording("show me what is waiting for me", Meaning::Approvals, 0.9),
    Wording("show me whats waiting for me", Meaning::Approvals, 0.9),
    Wording("show whats waiting for me", Meaning::Approvals, 0.9),
    Wording("show me what you can do", Meaning::Help, 0.9),
    Wording("show me how to *", Meaning::HowTo, 0.8),
    Wording("find out how * is doing", Meaning::Show, 0.8),
    Wording("look at *", Meaning::Show, 0.75),
    Wording("find out about *", Meaning::Show, 0.65),
    Wording("zeig mir was du kannst", Meaning::Help, 0.9),
    Wording("deal with *", Meaning::Show, 0.7),
];

/// Natural wordings; the first that fits is taken, so the particular come first.
static WORDINGS: &[Wording] = &[
    // What waits.
    Wording("what is waiting on me", Meaning::Approvals, 0.9),
    Wording("what is waiting for my approval", Meaning::Approvals, 0.9),
    Wording("what is pending", Meaning::Approvals, 0.85),
    Wording("whats pending", Meaning::Approvals, 0.85),
    Wording("anything waiting for me", Meaning::Approvals, 0.9),
    Wording("anything waiting", Meaning::Approvals, 0.85),
    Wording("is anything waiting for me", Meaning::Approvals, 0.9),
    Wording("is there anything to approve", Meaning::Approvals, 0.9),
    Wording("is there anything for me to approve", Meaning::Approvals, 0.9),
    Wording("anything to approve", Meaning::Approvals, 0.9),
    Wording("anything for me to approve", Meaning::Approvals, 0.9),
    Wording("do i have anything to approve", Meaning::Approvals, 0.9),
    Wording("do i have approvals", Meaning::Approvals, 0.9),
    Wording("any approvals", Meaning::Approvals, 0.9),
    Wording("any approvals for me", Meaning::Approvals, 0.9),
    Wording("any pending approvals", Meaning::Approvals, 0.9),
    Wording("what do i have to approve", Meaning::Approvals, 0.9),
    Wording("what do i need to approve", Meaning::Approvals, 0.9),
    Wording("what do i need to decide", Meaning::Approvals, 0.85),
    Wording("what do i have to decide", Meaning::Approvals, 0.85),
    Wording("what should i approve", Meaning::Approvals, 0.85),
    Wording("what needs my approval", Meaning::Approvals, 0.9),
    Wording("what needs approval", Meaning::Approvals, 0.85),
    Wording("which approvals are open", Meaning::Approvals, 0.9),
    Wording("which approvals are pending", Meaning::Approvals, 0.9),
    Wording("what approvals are open", Meaning::Approvals, 0.9),
    Wording("what approvals do i have", Meaning::Approvals, 0.9),
    Wording("what requests are open", Meaning::Approvals, 0.85),
    Wording("was wartet auf mich", Meaning::Approvals, 0.9),
    Wording("quest ce qui mattend", Meaning::Approvals, 0.8),
    Wording("que me espera", Meaning::Approvals, 0.8),
    // Who is who.
    Wording("who can approve", Meaning::People, 0.85),
    Wording("who can approve *", Meaning::People, 0.75),
    Wording("who may approve", Meaning::People, 0.85),
    Wording("who are the approvers", Meaning::People, 0.9),
    Wording("who are our approvers", Meaning::People, 0.9),
    Wording("who are the admins", Meaning::People, 0.9),
    Wording("who is admin", Meaning::People, 0.9),
    Wording("who is an admin", Meaning::People, 0.9),
    Wording("who is the admin", Meaning::People, 0.9),
    Wording("who is an approver", Meaning::People, 0.9),
    Wording("who is on the team", Meaning::People, 0.9),
    Wording("who is in the team", Meaning::People, 0.9),
    Wording("whos on the team", Meaning::People, 0.9),
    Wording("who is in my team", Meaning::People, 0.9),
    Wording("which people are there", Meaning::People, 0.8),
    Wording("what is my role", Meaning::People, 0.8),
    Wording("whats my role", Meaning::People, 0.8),
    // What can be said.
    Wording("what can i say", Meaning::Help, 0.9),
    Wording("what can i do", Meaning::Help, 0.9),
    Wording("what can i ask", Meaning::Help, 0.9),
    Wording("what can i ask you", Meaning::Help, 0.9),
    Wording("what can you do for me", Meaning::Help, 0.9),
    Wording("what do you do", Meaning::Help, 0.85),
    Wording("what are you", Meaning::Help, 0.8),
    Wording("who are you", Meaning::Help, 0.8),
    Wording("what are the commands", Meaning::Help, 0.9),
    Wording("which commands are there", Meaning::Help, 0.9),
    Wording("how do i use this", Meaning::Help, 0.9),
    Wording("how do i use you", Meaning::Help, 0.9),
    Wording("how do you work", Meaning::Help, 0.85),
    Wording("i need help", Meaning::Help, 0.9),
    Wording("i need some help", Meaning::Help, 0.9),
    Wording("i need help with *", Meaning::HowTo, 0.8),
    Wording("need help", Meaning::Help, 0.9),
    Wording("was kannst du", Meaning::Help, 0.9),
    Wording("que peux tu faire", Meaning::Help, 0.9),
    Wording("que puedes hacer", Meaning::Help, 0.9),
    Wording("how do i *", Meaning::HowTo, 0.75),
    Wording("how can i *", Meaning::HowTo, 0.75),
    Wording("how do you *", Meaning::HowTo, 0.7),
    Wording("how to *", Meaning::HowTo, 0.7),
    // How a deal is.
    Wording("how is * doing", Meaning::Show, 0.9),
    Wording("hows * doing", Meaning::Show, 0.9),
    Wording("how is * going", Meaning::Show, 0.9),
    Wording("hows * going", Meaning::Show, 0.9),
    Wording("how is it going with *", Meaning::Show, 0.9),
    Wording("hows it going with *", Meaning::Show, 0.9),
    Wording("how are things with *", Meaning::Show, 0.9),
    Wording("how are we doing with *", Meaning::Show, 0.9),
    Wording("how far are we with *", Meaning::Show, 0.9),
    Wording("how is the deal with *", Meaning::Show, 0.9),
    Wording("where are we with *", Meaning::Show, 0.9),
    Wording("where are we on *", Meaning::Show, 0.9),
    Wording("where do we stand with *", Meaning::Show, 0.9),
    Wording("where do we stand on *", Meaning::Show, 0.9),
    Wording("where does * stand", Meaning::Show, 0.9),
    Wording("where is * at", Meaning::Show, 0.85),
    Wording("what is the status of *", Meaning::Show, 0.95),
    Wording("whats the status of *", Meaning::Show, 0.95),
    Wording("what is the status on *", Meaning::Show, 0.95),
    Wording("what is the stage of *", Meaning::Show, 0.95),
    Wording("what stage is * in", Meaning::Show, 0.95),
    Wording("which stage is * in", Meaning::Show, 0.95),
    Wording("in which stage is *", Meaning::Show, 0.95),
    Wording("what happened with *", Meaning::Show, 0.85),
    Wording("what happened to *", Meaning::Show, 0.85),
    Wording("what is happening with *", Meaning::Show, 0.85),
    Wording("whats happening with *", Meaning::Show, 0.85),
    Wording("what is new with *", Meaning::Show, 0.85),
    Wording("whats new with *", Meaning::Show, 0.85),
    Wording("whats up with *", Meaning::Show, 0.85),
    Wording("any news on *", Meaning::Show, 0.85),
    Wording("any news from *", Meaning::Show, 0.8),
    Wording("any update on *", Meaning::Show, 0.85),
    Wording("any updates on *", Meaning::Show, 0.85),
    Wording("update on *", Meaning::Show, 0.8),
    Wording("the status of *", Meaning::Show, 0.9),
    Wording("the latest on *", Meaning::Show, 0.85),
    Wording("latest on *", Meaning::Show, 0.85),
    Wording("what about *", Meaning::Show, 0.65),
    Wording("tell me about *", Meaning::Show, 0.7),
    Wording("give me the details of *", Meaning::Show, 0.85),
    Wording("give me details on *", Meaning::Show, 0.85),
    Wording("give me an update on *", Meaning::Show, 0.85),
    Wording("wie steht es um *", Meaning::Show, 0.9),
    Wording("wie steht es mit *", Meaning::Show, 0.9),
    Wording("ou en est *", Meaning::Show, 0.9),
    Wording("como va *", Meaning::Show, 0.9),
    Wording("how is *", Meaning::Show, 0.7),
    Wording("hows *", Meaning::Show, 0.7),
    // Losses and wins that are told as such.
    Wording("we lost *", Meaning::Move, 0.5),
    // Questions about companies. Without evidence in the rest, weak ones stay below the threshold.
    Wording("looking for *", Meaning::Find, 0.8),
    Wording("im looking for *", Meaning::Find, 0.85),
    Wording("i am looking for *", Meaning::Find, 0.85),
    Wording("were looking for *", Meaning::Find, 0.85),
    Wording("we are looking for *", Meaning::Find, 0.85),
    Wording("are looking for *", Meaning::Find, 0.7),
    Wording("im searching for *", Meaning::Find, 0.85),
    Wording("i am searching for *", Meaning::Find, 0.85),
    Wording("where can i find *", Meaning::Find, 0.8),
    Wording("where do i find *", Meaning::Find, 0.8),
    Wording("in search of *", Meaning::Find, 0.8),
    Wording("on the hunt for *", Meaning::Find, 0.8),
    Wording("get me a list of *", Meaning::Find, 0.7),
    Wording("give me a list of *", Meaning::Find, 0.7),
    Wording("make me a list of *", Meaning::Find, 0.7),
    Wording("a list of *", Meaning::Find, 0.65),
    Wording("ich suche *", Meaning::Find, 0.85),
    Wording("wir suchen *", Meaning::Find, 0.85),
    Wording("je cherche *", Meaning::Find, 0.85),
    Wording("nous cherchons *", Meaning::Find, 0.85),
    Wording("busco *", Meaning::Find, 0.85),
    Wording("buscamos *", Meaning::Find, 0.85),
    Wording("who does *", Meaning::Find, 0.65),
    Wording("who offers *", Meaning::Find, 0.75),
    Wording("who sells *", Meaning::Find, 0.75),
    Wording("who provides *", Meaning::Find, 0.75),
];

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

impl Wording {
    fn read(&self, words: &Words<'_>) -> Option<Reading> {
        let gap = self.gap(words)?;
        let mut confidence = self.2;
        let intent = match self.1 {
            Meaning::Approvals => Intent::ListApprovals,
            Meaning::People => Intent::ListPeople,
            Meaning::Help => Intent::Help { topic: None },
            Meaning::HowTo => Intent::Help { topic: topic(gap)? },
            Meaning::Show => {
                let inner = Words::new(gap);
                if let Some(wanted) = listing::read(&inner, 0).filter(|wanted| wanted.names_deals) {
                    Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }
                } else if is_about_companies(&inner, 0) {
                    Intent::Find { query: kept(gap) }
                } else {
                    Intent::ShowDeal {
                        deal: Some(deal_name(gap)).filter(|n| !n.is_empty() && inner.len() <= 8)?,
                    }
                }
            }
            Meaning::Move => Intent::MoveDeal {
                deal: Some(deal_name(gap)).filter(|name| !name.is_empty())?,
                stage: domain::deal::Stage::Lost,
                reason: None,
            },
            Meaning::Find => {
                let inner = Words::new(gap);
                if lexicon::evidence(&inner, 0).is_some() {
                    confidence = (confidence + 0.1).min(0.9);
                }
                Intent::Find { query: Some(kept(gap)).filter(|query| !query.is_empty())? }
            }
        };
        Some(sure(intent, confidence))
    }

    /// The text in the gap, or an empty one for a wording without; none when it does not fit.
    fn gap<'a>(&self, words: &Words<'a>) -> Option<&'a str> {
        let Some((before, after)) = self.0.split_once('*') else {
            return words.phrase_at(0, self.0).filter(|used| is_over(words, *used)).map(|_| "");
        };
        let (before, after) = (before.trim(), after.trim());
        let from = words.phrase_at(0, before)?;
        if after.is_empty() {
            return Some(words.rest(from)).filter(|gap| !gap.is_empty());
        }
        let to = (from + 1..words.len())
            .find(|at| words.phrase_at(*at, after).is_some_and(|used| is_over(words, at + used)))?;
        Some(words.span(from, to))
    }
}

/// Nothing but manners follows.
fn is_over(words: &Words<'_>, at: usize) -> bool {
    at == words.len()
        || words
            .longest_at(
                at,
                &["please", "right now", "now", "today", "at the moment", "currently", "thanks", "then"],
            )
            .is_some_and(|used| at + used == words.len())
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
fn topic(gap: &str) -> Option<Option<String>> {
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
