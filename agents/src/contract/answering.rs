//! What people correct: the value of a term with the sentence that says it, and the positions of the playbook.

use domain::card::Audience;
use domain::change::Change;
use domain::contract::{
    Analysis, ContractText, Extraction, Finding, Given, Party, PositionEdit, Quote, State, TermKey, Value,
    Verdict, passage,
};
use domain::error::UserError;
use domain::intent::{Intent, TermStated};
use domain::plan::{Context, Outcome, Recovery};
use domain::wording;
use storage::documents::Version;
use storage::{Tx, analyses, deals, documents};

use super::extract::values::{self, Known};
use super::library::done;
use super::normalise::{date, duration};
use super::playbook::{self, Stance, ValueBand};
use super::terms::{self, Normaliser, TermSpec};
use super::{settled, steps};
use crate::desk::{Desk, storage};

/// The longest text of a position, characters.
const POSITION_CHARS_MAX: usize = 4_000;

/// Keeps what a person says a term is. The sentence must stand in the document; the verdict on it is given anew.
pub(super) async fn answer(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::AnswerTerm { analysis, term, stated } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no term to answer".to_owned() });
    };
    let spec = spec(term)?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let analysis = analyses::get(&mut tx, *analysis).await.map_err(gone)?;
    let version = documents::get(&mut tx, analysis.version).await.map_err(storage)?;
    let spoken = analyses::answers(&mut tx, analysis.id).await.map_err(storage)?;
    let rows = settled(analysis.extractions.clone(), spoken);
    let extraction = match stated {
        Some(stated) => {
            let text = documents::text(&mut tx, version.id).await.map_err(storage)?;
            said(spec, (&text, &version.name), stated, &rows)?
        }
        None => row(spec, State::Absent, None),
    };
    let rows = settled(rows, vec![extraction.clone()]);
    let findings = judged(&mut tx, (&analysis, &version), &rows).await?;
    let stood = steps::with_answers(&mut tx, analysis.clone()).await.map_err(storage)?.findings;
    let (of_term, others): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.term == spec.key);
    let finding = of_term.into_iter().next();
    let also: Vec<Finding> = others.into_iter().filter(|finding| !stands_so(&stood, finding)).collect();
    let changed: Vec<(String, Verdict)> = also
        .iter()
        .filter_map(|finding| Some((terms::by_key(&finding.term.0)?.name.clone(), finding.verdict)))
        .collect();
    let card = wording::term_answered(&spec.name, &version.name, (&extraction, finding.as_ref()), &changed);
    let given = Given { analysis: analysis.id, extraction, finding, also, by: context.requester };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    Ok(done(card, Some(Change::AnswerTerm(Box::new(given))), Audience::Requester))
}

fn gone(error: storage::Error) -> Recovery {
    match error {
        storage::Error::Missing(_) => {
            UserError::new("That reading is not there any more.", "Open the contract's report again.").into()
        }
        error => storage(error),
    }
}

fn spec(term: &TermKey) -> Result<&'static TermSpec, Recovery> {
    terms::by_key(&term.0)
        .ok_or_else(|| UserError::new("I know no such term.", "Open the contract's report again.").into())
}

fn row(spec: &TermSpec, state: State, said: Option<(Value, Quote)>) -> Extraction {
    let (value, quote) = said.unzip();
    Extraction { term: spec.key.clone(), state, value, quote, confidence: 1.0, reason: String::new() }
}

/// The row that a person's words make: the sentence as the document has it, the value as the term is read.
fn said(
    spec: &TermSpec,
    (text, document): (&ContractText, &str),
    stated: &TermStated,
    rows: &[Extraction],
) -> Result<Extraction, UserError> {
    let guess = rows.iter().filter(|row| row.term == spec.key).find_map(|row| row.quote.as_ref());
    let near = guess.map_or(0, |quote| quote.start);
    let quote = passage::find(text, &stated.quote, near).ok_or_else(|| wording::quote_not_there(document))?;
    let value = value(spec, stated.value.trim(), &quote.text, &known(rows))
        .ok_or_else(|| wording::value_not_said(&spec.name))?;
    Ok(row(spec, State::Stated, Some((value, quote))))
}

fn known(rows: &[Extraction]) -> Known {
    let day = |term: &str| {
        rows.iter().filter(|row| row.term.0 == term).find_map(|row| match row.value {
            Some(Value::Date(day)) => Some(day),
            _ => None,
        })
    };
    let signed = day("agreement_date");
    Known { start: day("effective_date").or(signed), signed }
}

/// What was typed, as the term is read; as plain text when the term has no form of its own for it. Nothing typed
/// leaves it to the sentence.
fn value(spec: &TermSpec, typed: &str, sentence: &str, known: &Known) -> Option<Value> {
    if typed.is_empty() {
        return match spec.normaliser {
            Normaliser::Party => None,
            _ => values::of(spec, sentence, known),
        };
    }
    if spec.normaliser == Normaliser::Party {
        return Some(Value::Parties(parties(typed)));
    }
    if let Some(value) = bare(spec, typed) {
        return Some(value);
    }
    match values::of(spec, typed, known) {
        // A clause says "it is there"; what the person typed says more.
        Some(Value::Clause) if !is_yes(typed) => Some(Value::Text(typed.to_owned())),
        Some(value) => Some(value),
        None => Some(Value::Text(typed.to_owned())),
    }
}

/// A day or a length of time that stands for itself: in a contract it takes words around it to be the end of a term
/// or a notice; a person types only what it is.
fn bare(spec: &TermSpec, typed: &str) -> Option<Value> {
    let is_all = |start: usize, end: usize| start == 0 && end == typed.len();
    let day = || date::find(typed).find(|found| is_all(found.start, found.end))?.date().map(Value::Date);
    let length = || {
        let found = duration::find(typed).find(|found| is_all(found.start, found.end))?;
        Some(Value::Duration(found.duration))
    };
    match spec.normaliser {
        Normaliser::Date => day(),
        Normaliser::TermEnd => day().or_else(length),
        Normaliser::Renewal
        | Normaliser::Notice
        | Normaliser::NoticeWho
        | Normaliser::Duration
        | Normaliser::Payment
        | Normaliser::Hours => length(),
        _ => None,
    }
}

fn is_yes(typed: &str) -> bool {
    ["yes", "stated", "it is there"].iter().any(|word| typed.eq_ignore_ascii_case(word))
}

/// `Acme Inc. (Provider); Beta Ltd` as two parties.
fn parties(typed: &str) -> Vec<Party> {
    let one = |part: &str| {
        let part = part.trim();
        let (name, role) = match part.strip_suffix(')').and_then(|part| part.rsplit_once('(')) {
            Some((name, role)) if !name.trim().is_empty() => (name, role),
            _ => (part, ""),
        };
        let clean = |text: &str| text.trim().trim_matches(['"', '“', '”']).to_owned();
        Party { name: clean(name), role: clean(role) }
    };
    typed.split([';', '\n']).filter(|part| !part.trim().is_empty()).map(one).collect()
}

/// How all terms stand now, under the playbook that their contract was held against.
async fn judged(
    tx: &mut Tx,
    (analysis, version): (&Analysis, &Version),
    rows: &[Extraction],
) -> Result<Vec<Finding>, Recovery> {
    let (_, playbook) = playbook::numbered(tx, analysis.playbook).await.map_err(storage)?;
    let counterparty = match version.deal {
        Some(deal) => Some(deals::get(tx, deal).await.map_err(storage)?.name),
        None => None,
    };
    let stance = Stance { ours: steps::ours(rows, counterparty.as_deref()), value: ValueBand::default() };
    Ok(playbook.judge(rows, &stance))
}

/// Whether a term stood as this finding says before; one that nothing was ever found of is not news either.
fn stands_so(before: &[Finding], finding: &Finding) -> bool {
    before.iter().find(|known| known.term == finding.term).is_none_or(|known| {
        (known.verdict, known.side, known.severity) == (finding.verdict, finding.side, finding.severity)
    })
}

/// Keeps a changed position as the next playbook, unless the one it was changed in is not the newest any more.
pub(super) async fn edit_position(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::EditPosition { base, position, note } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no position to change".to_owned() });
    };
    let spec = spec(&position.term)?;
    check(position)?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let (newest, playbook) = playbook::newest(&mut tx).await.map_err(storage)?;
    if newest != *base {
        return Err(wording::playbook_went_on(newest).into());
    }
    let mut rows = playbook.rows();
    let row = rows.iter_mut().find(|row| row.term == position.term);
    if !row.is_some_and(|row| position.onto(row)) {
        return Err(wording::playbook_unchanged(&spec.name).into());
    }
    let note = match note.trim() {
        "" => spec.name.clone(),
        why => format!("{}: {why}", spec.name),
    };
    let number = newest + 1;
    let change = Change::SavePlaybook { number, positions: rows, note, by: context.requester };
    let url = format!("{}/playbook", desk.console_url);
    let card = wording::playbook_saved(&spec.name, number, &url);
    Ok(done(card, Some(change), Audience::Requester))
}

fn check(position: &PositionEdit) -> Result<(), UserError> {
    let PositionEdit { preferred, fallback, unacceptable, offer, .. } = position;
    if [preferred, fallback, unacceptable].iter().any(|text| text.trim().is_empty()) {
        return Err(UserError::new(
            "A position says what we want, what we can live with and what we cannot.",
            "Please fill in all three.",
        ));
    }
    let longest = [preferred, fallback, unacceptable, offer].iter().map(|text| text.chars().count()).max();
    if longest > Some(POSITION_CHARS_MAX) {
        return Err(UserError::new(
            format!("A text of a position has at most {POSITION_CHARS_MAX} characters."),
            "Please shorten it.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::contract::{CalendarUnit, Duration};

    use super::*;

    fn stated(term: &str, value: &str, quote: &str) -> Result<Extraction, UserError> {
        let text = "Either party may give\nninety (90) days' notice. The laws of New York govern.";
        let text = ContractText::plain(text.to_owned());
        let stated = TermStated { value: value.to_owned(), quote: quote.to_owned() };
        said(terms::by_key(term).unwrap(), (&text, "MSA"), &stated, &[])
    }

    #[test]
    fn a_sentence_that_is_not_there_is_refused_and_one_that_is_keeps_its_letters() {
        let error = stated("governing_law", "", "The laws of Texas govern.").unwrap_err();
        assert_eq!(error, wording::quote_not_there("MSA"));
        let row =
            stated("notice_period_to_terminate_renewal", "", "may give ninety (90) days' notice.").unwrap();
        assert_eq!(row.quote.unwrap().text, "may give\nninety (90) days' notice.");
        let days = Value::Duration(Duration { count: 90.0, unit: CalendarUnit::Days });
        assert_eq!((row.value, row.state), (Some(days), State::Stated));
    }

    #[test]
    fn a_typed_value_is_read_as_its_term_is() {
        let said = |term, value| stated(term, value, "The laws of New York govern.").unwrap().value.unwrap();
        let days = Value::Duration(Duration { count: 30.0, unit: CalendarUnit::Days });
        assert_eq!(said("notice_period_to_terminate_renewal", "30 days"), days);
        let day = |text: &str| Value::Date(text.parse().unwrap());
        assert_eq!(said("expiration_date", "2027-12-31"), day("2027-12-31"));
        assert_eq!(said("expiration_date", "December 31, 2027"), day("2027-12-31"));
        let years = Value::Duration(Duration { count: 2.0, unit: CalendarUnit::Years });
        assert_eq!(
            (said("expiration_date", "2 years"), said("renewal_term", "2 years")),
            (years.clone(), years)
        );
        assert!(
            matches!(said("governing_law", "Delaware"), Value::Jurisdiction(place) if place.region == "Delaware")
        );
        assert_eq!(said("exclusivity", "Germany only"), Value::Text("Germany only".to_owned()));
        assert_eq!(said("exclusivity", "yes"), Value::Clause);
        let parties = said("parties", "Acme Inc. (“Provider”); Beta Ltd");
        let party = |name: &str, role: &str| Party { name: name.to_owned(), role: role.to_owned() };
        assert_eq!(parties, Value::Parties(vec![party("Acme Inc.", "Provider"), party("Beta Ltd", "")]));
    }

    #[test]
    fn a_sentence_that_tells_no_value_asks_for_one() {
        let error = stated("expiration_date", "", "The laws of New York govern.").unwrap_err();
        assert_eq!(error, wording::value_not_said("Expiration Date"));
    }
}
