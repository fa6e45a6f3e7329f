//! Buttons and forms to intents: what a press means, with what was ticked and typed.

use domain::approval::Verdict;
use domain::card::Verb;
use domain::company::CompanyId;
use domain::contract::{PositionEdit, TermKey};
use domain::error::UserError;
use domain::ids::{ApprovalId, PlanId};
use domain::intent::{Intent, TermStated};

use super::understand;

/// Most companies that one press can propose.
const CHOSEN_MAX: usize = 50;

/// Longest key of a company, in bytes.
const COMPANY_ID_BYTES_MAX: usize = 200;

/// The intent of a press on a button.
///
/// # Errors
/// When nothing is ticked that must be, or the button is not one of ours any more.
pub fn press(verb: &str, value: &str, chosen: &[String]) -> Result<Intent, UserError> {
    match Verb::from_name(verb).ok_or_else(old_button)? {
        Verb::CreateDeals => {
            let (search, companies) = ticked(value, chosen)?;
            Ok(Intent::CreateDeals { search, companies })
        }
        verb @ (Verb::GoodFit | Verb::NotForUs) => {
            let (search, companies) = ticked(value, chosen)?;
            let companies = companies.into_iter().map(|company| company.0).collect();
            let is_good = verb == Verb::GoodFit;
            Ok(Intent::GiveFeedback { search: Some(search), companies, is_good, reason: None })
        }
        Verb::Approve => {
            Ok(Intent::Decide { approval: approval(value)?, verdict: Verdict::Approve, comment: None })
        }
        Verb::Reject => Ok(Intent::AskComment { approval: approval(value)?, verdict: Verdict::Reject }),
        Verb::SendBack => Ok(Intent::AskComment { approval: approval(value)?, verdict: Verdict::SendBack }),
        Verb::Say => Ok(understand(value).intent),
        Verb::Refine => Ok(Intent::Refine { search: value.trim().parse().map_err(|_| old_button())? }),
        Verb::Without => without(value),
        Verb::ProposeDeal => Ok(Intent::ProposeDeal { company: None }),
        Verb::AnswerTerm | Verb::EditPosition => Err(old_button()),
    }
}

/// The intent of a form that was sent. The comment is in the field `comment`.
///
/// # Errors
/// When the form is not one of ours, or a rejection says no why.
pub fn form(verb: &str, value: &str, fields: &[(String, String)]) -> Result<Intent, UserError> {
    let comment = fields.iter().find(|(name, _)| name == "comment").map(|(_, text)| text.trim());
    let comment = comment.filter(|text| !text.is_empty()).map(str::to_owned);
    match Verb::from_name(verb).ok_or_else(old_button)? {
        Verb::Reject if comment.is_none() => Err(UserError::new(
            "A rejection needs a reason.",
            "Write one sentence in the form and send it again.",
        )),
        Verb::SendBack if comment.is_none() => Err(UserError::new(
            "The requester has to know what to change.",
            "Write one sentence in the form and send it again.",
        )),
        Verb::Reject => Ok(Intent::Decide { approval: approval(value)?, verdict: Verdict::Reject, comment }),
        Verb::SendBack => {
            Ok(Intent::Decide { approval: approval(value)?, verdict: Verdict::SendBack, comment })
        }
        Verb::Approve => {
            Ok(Intent::Decide { approval: approval(value)?, verdict: Verdict::Approve, comment })
        }
        Verb::Refine => refine(fields),
        Verb::ProposeDeal => propose_deal(fields),
        Verb::AnswerTerm => answer_term(value, fields),
        Verb::EditPosition => edit_position(value, fields),
        Verb::CreateDeals | Verb::GoodFit | Verb::NotForUs | Verb::Say | Verb::Without => Err(old_button()),
    }
}

/// A search without one of its parts: the search's plan, a `/`, the place of the part.
fn without(value: &str) -> Result<Intent, UserError> {
    let (search, part) = value.trim().split_once('/').ok_or_else(old_button)?;
    let search = search.parse().map_err(|_| old_button())?;
    Ok(Intent::Widen { search, part: part.parse().map_err(|_| old_button())? })
}

/// Most characters of one part of a question.
const PART_CHARS_MAX: usize = 200;

/// A question put together from `what`, `place`, `size` and `words`.
fn refine(fields: &[(String, String)]) -> Result<Intent, UserError> {
    let part = |name: &str| named(fields, name).chars().take(PART_CHARS_MAX).collect::<String>();
    let (what, place, size, words) = (part("what"), part("place"), part("size"), part("words"));
    if [&what, &place, &size, &words].iter().all(|part| part.is_empty()) {
        return Err(UserError::new("That asks for nothing.", "Fill in at least one field."));
    }
    let lower = what.to_lowercase();
    let names_them =
        ["compan", "firm", "partner", "start-up", "startup"].iter().any(|word| lower.contains(word));
    let head = match (what.is_empty(), names_them) {
        (true, _) => "companies".to_owned(),
        (false, true) => what,
        (false, false) => format!("{what} companies"),
    };
    let place = place.strip_prefix("in ").map_or(place.clone(), str::to_owned);
    let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
    let rest = [size, words].into_iter().filter(|part| !part.is_empty()).map(|part| format!(", {part}"));
    Ok(Intent::Find { query: format!("{head}{place}{}", rest.collect::<String>()) })
}

/// The company is in the field `company`.
fn propose_deal(fields: &[(String, String)]) -> Result<Intent, UserError> {
    let company = named(fields, "company");
    if company.is_empty() || company.len() > COMPANY_ID_BYTES_MAX {
        return Err(UserError::new("Choose a company.", "Type the beginning of its name."));
    }
    Ok(Intent::ProposeDeal { company: Some(company.to_owned()) })
}

/// What a term is: the fields are `term`, `state` (`stated` or `absent`), and for the first `value` and `quote`.
fn answer_term(value: &str, fields: &[(String, String)]) -> Result<Intent, UserError> {
    let field = |name: &str| named(fields, name);
    let analysis = value.trim().parse().map_err(|_| old_button())?;
    let term = TermKey(field("term").to_owned());
    let stated = match field("state") {
        "absent" => None,
        "stated" => Some(TermStated { value: field("value").to_owned(), quote: field("quote").to_owned() }),
        _ => return Err(UserError::new("Say whether the contract states it.", "Tick one of the two.")),
    };
    if stated.as_ref().is_some_and(|stated| stated.quote.is_empty()) {
        return Err(UserError::new(
            "A value needs the sentence that says so.",
            "Copy it from the contract into the form.",
        ));
    }
    Ok(Intent::AnswerTerm { analysis, term, stated })
}

/// A changed position: its texts, `absent` and `otherwise` as verdicts, and a `note`.
fn edit_position(value: &str, fields: &[(String, String)]) -> Result<Intent, UserError> {
    let text = |name: &str| named(fields, name).to_owned();
    let verdict = |name: &str| {
        serde_json::from_value(serde_json::Value::String(text(name)))
            .map_err(|_| UserError::new("Choose a verdict from the list.", "Then send the form again."))
    };
    let position = PositionEdit {
        term: TermKey(text("term")),
        preferred: text("preferred"),
        fallback: text("fallback"),
        unacceptable: text("unacceptable"),
        offer: text("offer"),
        absent: verdict("absent")?,
        otherwise: verdict("otherwise")?,
    };
    let base = value.trim().parse().map_err(|_| old_button())?;
    Ok(Intent::EditPosition { base, position, note: text("note") })
}

fn named<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(n, _)| n == name).map_or("", |(_, text)| text.trim())
}

/// The search that a button names, and the companies that are ticked.
fn ticked(value: &str, chosen: &[String]) -> Result<(PlanId, Vec<CompanyId>), UserError> {
    let search: PlanId = value.trim().parse().map_err(|_| old_button())?;
    let mut companies: Vec<CompanyId> = Vec::new();
    for id in
        chosen.iter().map(|id| id.trim()).filter(|id| !id.is_empty() && id.len() <= COMPANY_ID_BYTES_MAX)
    {
        let id = CompanyId(id.to_owned());
        if !companies.contains(&id) {
            companies.push(id);
        }
    }
    if companies.is_empty() {
        return Err(UserError::new("Tick at least one company.", "Then press the button again."));
    }
    if companies.len() > CHOSEN_MAX {
        return Err(UserError::new(
            format!("That is {} companies at once; the most is {CHOSEN_MAX}.", companies.len()),
            "Tick fewer and press the button again.",
        ));
    }
    Ok((search, companies))
}

fn approval(value: &str) -> Result<ApprovalId, UserError> {
    value.trim().parse().map_err(|_| old_button())
}

fn old_button() -> UserError {
    UserError::new("That button no longer works.", "Say `approvals` or `help` to go on from here.")
}
