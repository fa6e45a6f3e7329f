//! Reads a text that begins with a command's word.

use domain::approval::Verdict;
use domain::ids::ApprovalId;
use domain::intent::Intent;

use super::table::{self, COMMANDS, Kind};
use super::words::{Words, first_paragraph, quoted_start, squeeze, unquoted, without_manners};
use super::{
    Guess, Reading, contracts, deciding, feedback, lexicon, listing, moving, natural, noting, signing,
    standing, sure, unsure,
};

/// Confidence of a command whose object says that another command was meant, e.g. "show my deals".
const BY_OBJECT: f64 = 0.9;

/// Reads an explicit command; none when the text does not begin with one, or only seems to.
pub(super) fn read(words: &Words<'_>, most: f64, open: &[ApprovalId]) -> Option<Reading> {
    // Alone it is the command; before anything else it is part of a question: "new banks in Spain".
    if words.len() == 1 && words.key(0) == "new" {
        return Some(sure(Intent::ProposeDeal { company: None }, most));
    }
    let (kind, used) = COMMANDS
        .iter()
        .filter_map(|c| c.spellings().filter_map(|s| words.phrase_at(0, s)).max().map(|used| (c.kind, used)))
        .max_by_key(|(_, used)| *used)?;
    match kind {
        Kind::Find => Some(find(words, used, most)),
        Kind::Feedback => Some(feedback::give(words, used, most)),
        Kind::Why => feedback::explain(words, used, most),
        Kind::List => list(words, used, most),
        Kind::Propose => Some(propose(words, used, most)),
        Kind::Show => show(words, used, most),
        Kind::Move => move_deal(words, used, most),
        Kind::Note => note(words, used, most),
        Kind::Approvals => nothing_after(words, used, Intent::ListApprovals, most),
        Kind::Follow => standing::follow(words, used, most),
        Kind::Policy => standing::policy(words, used, most),
        Kind::Delegate => standing::delegate(words, used, most),
        Kind::Away => standing::away(words, used, most),
        Kind::Approve => Some(deciding::decide(words, used, Verdict::Approve, most, open)),
        Kind::Reject => Some(deciding::decide(words, used, Verdict::Reject, most, open)),
        Kind::Return => Some(deciding::decide(words, used, Verdict::SendBack, most, open)),
        Kind::Withdraw => Some(deciding::withdraw(words, used, most, open)),
        Kind::Analyze => contracts::analyze(words, used, most),
        Kind::Unlock => contracts::unlock(words, used, most),
        Kind::Contract => contracts::show(words, used, most),
        Kind::Redline => Some(contracts::redline(words, used, most)),
        Kind::Sign => signing::sign(words, used, most),
        Kind::Void => signing::void(words, used, most),
        Kind::Nudge => Some(signing::nudge(words, used, most)),
        Kind::Ask => contracts::ask(words, used, most),
        Kind::Clauses => Some(contracts::clauses(words, used, most)),
        Kind::Link => Some(contracts::link_to(words, used, most)),
        Kind::Reviews => contracts::reviews(words, used, most),
        Kind::Renewals => contracts::renewals(words, used, most),
        Kind::People => nothing_after(words, used, Intent::ListPeople, most),
        Kind::Join => join(words, used, most),
        Kind::Role => role(words, used, most),
        Kind::Help => Some(help(words, used, most)),
    }
}

/// A question or a name as it is kept: quotes keep it verbatim, else manners go and white space is squeezed.
pub(super) fn kept(text: &str) -> String {
    let text = without_manners(first_paragraph(text));
    match unquoted(text) {
        Some(inside) => inside.trim().to_owned(),
        None => squeeze(text),
    }
}

fn find(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let query = kept(words.rest(used));
    if !query.chars().any(char::is_alphanumeric) {
        return unsure([Guess(Intent::Help { topic: Some("find".to_owned()) }, 0.4)]);
    }
    if let Some(wanted) = listing::read(words, used)
        && wanted.names_deals
        && (wanted.mine || wanted.stage.is_some() || words.len() <= used + 2)
        && quoted_start(words.rest(used)).is_none()
    {
        return sure(Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }, BY_OBJECT);
    }
    sure(Intent::Find { query }, most)
}

fn propose(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let mut from = used;
    // "propose a deal with Acme"; a name in quotes is a name.
    if quoted_start(words.rest(used)).is_none() {
        for skipped in [&["a", "new"][..], &["deal"], &["with", "for"]] {
            let is_there = words.len() > from && skipped.contains(&words.key(from));
            let is_name =
                skipped.contains(&"a") && (words.len() <= from + 1 || words.key(from + 1) != "deal");
            from += usize::from(is_there && !is_name);
        }
    }
    let company = kept(words.rest(from));
    let company = company.chars().any(char::is_alphanumeric).then_some(company);
    sure(Intent::ProposeDeal { company }, most)
}

fn list(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    // Read from the start: the command's own word may say "my".
    if let Some(wanted) = listing::read(words, 0).or_else(|| {
        let mut wanted = listing::read(words, used)?;
        wanted.mine |= words.keys(0).take(used).any(|key| matches!(key, "my" | "meine" | "mes" | "mis"));
        Some(wanted)
    }) {
        return Some(sure(Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }, most));
    }
    if let Some(other) = other_object(words, used) {
        return Some(other);
    }
    // "deals with Acme" and "list Acme" name a deal.
    let from = used
        + words
            .longest_at(used, &["with", "of", "for", "deals with", "deal with", "the deal with"])
            .unwrap_or(0);
    let name = kept(words.rest(from));
    let shown = Guess(Intent::ShowDeal { deal: name }, if from > used { 0.55 } else { 0.45 });
    let listed = Guess(Intent::ListDeals { stage: None, mine: false }, 0.4);
    let fits = words.len() - from <= 5 && words.key(0) != "pipeline";
    Some(unsure(Some(shown).filter(|_| fits).into_iter().chain([listed])))
}

/// What a list or a look is about when it is neither deals nor a deal.
fn other_object(words: &Words<'_>, used: usize) -> Option<Reading> {
    let from = used
        + words
            .longest_at(used, &["the", "all", "my", "me", "me the", "me my", "me all", "all the"])
            .unwrap_or(0);
    let key = words.keys(from).collect::<Vec<_>>().join(" ");
    let is_one_of = |list: &[&str]| list.contains(&key.as_str());
    if is_one_of(&[
        "approvals",
        "pending approvals",
        "open approvals",
        "requests",
        "open requests",
        "pending requests",
        "approval requests",
    ]) {
        return Some(sure(Intent::ListApprovals, BY_OBJECT));
    }
    if is_one_of(&["people", "team", "members", "users", "roles", "approvers", "admins", "team members"]) {
        return Some(sure(Intent::ListPeople, BY_OBJECT));
    }
    if is_one_of(&["help", "commands", "what you can do"]) {
        return Some(sure(Intent::Help { topic: None }, BY_OBJECT));
    }
    natural::is_about_companies(words, from)
        .then(|| sure(Intent::Find { query: kept(words.rest(from)) }, BY_OBJECT))
        .filter(|_| quoted_start(words.rest(used)).is_none())
}

fn show(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used);
    if words.len() == used {
        return Some(unsure([Guess(Intent::ListDeals { stage: None, mine: false }, 0.5)]));
    }
    if let Some((name, after)) = quoted_start(rest)
        && kept(after).is_empty()
    {
        return Some(sure(Intent::ShowDeal { deal: name.trim().to_owned() }, most));
    }
    if let Some(wanted) = listing::read(words, used)
        && (wanted.names_deals || wanted.mine || wanted.stage.is_some() && words.key(used) == "in")
    {
        return Some(sure(Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }, BY_OBJECT));
    }
    if let Some(other) = other_object(words, used) {
        return Some(other);
    }
    let name = natural::deal_name(rest);
    if name.is_empty() || words.len() - used > 8 {
        return None;
    }
    // "show me" is also how searches begin; evidence of one makes it a question.
    if lexicon::evidence(words, used).kinds() >= 2 && words.key(used - 1) == "me" {
        return Some(sure(Intent::Find { query: kept(rest) }, 0.8));
    }
    Some(sure(Intent::ShowDeal { deal: name }, most))
}

fn move_deal(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used);
    if let Some(intent) = moving::read(rest, true) {
        return Some(sure(intent, most));
    }
    if let Some((intent, near)) = moving::meant(rest) {
        return Some(unsure([Guess(intent, near * 0.9)]));
    }
    if let Some(intent) = moving::read(rest, false) {
        return Some(sure(intent, most));
    }
    // "put" and "set" begin much else; "move" is ours.
    (words.key(0) == "move").then(|| unsure([help_on("move")]))
}

fn note(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    if let Some(reading) = noting::read(words.rest(used), most) {
        return Some(reading);
    }
    let name = natural::deal_name(words.rest(used));
    let shown = (!name.is_empty()).then_some(Guess(Intent::ShowDeal { deal: name }, 0.4));
    Some(unsure(shown.into_iter().chain([help_on("note")])))
}

/// A command that takes nothing; a few words after it are manners, more make it something else.
fn nothing_after(words: &Words<'_>, used: usize, intent: Intent, most: f64) -> Option<Reading> {
    let rest = kept(words.rest(used));
    let fillers = [
        "for me",
        "waiting for me",
        "on me",
        "now",
        "list",
        "open",
        "pending",
        "of mine",
        "and roles",
        "here",
        "my",
        "in my team",
    ];
    if rest.is_empty() {
        return Some(sure(intent, most));
    }
    if fillers.contains(&rest.to_lowercase().as_str()) {
        return Some(sure(intent, BY_OBJECT));
    }
    // "users in Germany" may still be a question.
    (!lexicon::evidence(words, used).is_some()).then(|| unsure([Guess(intent, 0.4)]))
}

fn join(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used).trim().trim_matches(['`', '.']).to_lowercase();
    let code = rest.strip_prefix("code ").unwrap_or(&rest).replace('-', "");
    // A digit first: "join tomorrow" is no code.
    let is_code = code.len() == 8
        && code.starts_with(|first: char| first.is_ascii_digit())
        && code.bytes().all(|letter| letter.is_ascii_alphanumeric());
    match (rest.is_empty(), is_code) {
        (true, _) => Some(sure(Intent::Join { code: None }, most)),
        (_, true) => Some(sure(Intent::Join { code: Some(code) }, most)),
        // "Join us on Tuesday" is no command.
        _ => None,
    }
}

fn role(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    if let Some(intent) = deciding::role(words, used) {
        return Some(sure(intent, most));
    }
    Some(unsure([help_on("role"), Guess(Intent::ListPeople, 0.25)]))
}

pub(super) fn help_on(command: &str) -> Guess {
    Guess(Intent::Help { topic: Some(command.to_owned()) }, 0.3)
}

fn help(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let from = used
        + words
            .longest_at(used, &["with", "on", "about", "for", "me with", "me", "mit", "avec", "con"])
            .unwrap_or(0);
    let topic = kept(words.rest(from));
    let topic = match table::named(&topic) {
        Some(command) => Some(command.name.to_owned()),
        None => (!topic.is_empty() && topic.chars().any(char::is_alphanumeric)).then_some(topic),
    };
    sure(Intent::Help { topic }, most)
}
