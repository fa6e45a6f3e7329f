//! The playbook: what we want of each term, and changing it.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use domain::card::Verb;
use domain::contract::{PositionEdit, PositionRow, RuleRow, Side, TermKey, Verdict};
use domain::ids::PlanId;
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::Person;
use domain::{policy, wording};
use storage::playbooks;

use crate::error::{Failure, page as show};
use crate::intake::{Fields, field, hand_in, typed};
use crate::moment::Moment;
use crate::pages::sent::{Sent, Wanted};
use crate::session::SignedIn;
use crate::sheets::verdict_class;
use crate::shell::{Place, Shell};

/// How many changes are listed.
const HISTORY_MAX: i64 = 20;
/// Verdicts that a position may have where no rule holds.
const CHOICES: [Verdict; 5] =
    [Verdict::Green, Verdict::Yellow, Verdict::Red, Verdict::Missing, Verdict::Escalate];

#[derive(Template)]
#[template(path = "playbook.html")]
struct Page {
    shell: Shell,
    sent: Option<Sent>,
    number: i32,
    groups: Vec<(&'static str, Vec<Line>)>,
    history: Vec<(i32, String, String, Moment)>,
    may_edit: bool,
}

struct Line {
    key: String,
    name: String,
    row: PositionRow,
    rules: Vec<Rule>,
    absent: Vec<Choice>,
    otherwise: Vec<Choice>,
}

struct Rule {
    class: &'static str,
    word: &'static str,
    because: String,
    when: String,
}

struct Choice {
    value: &'static str,
    word: &'static str,
    is_chosen: bool,
}

/// Shows all positions of the newest playbook.
pub(crate) async fn page(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let (mut tx, shell) = signed_in.enter(Place::Contracts).await?;
    let sent = Sent::of(&mut tx, &signed_in.person, wanted.sent).await?;
    let counsel = &signed_in.console.counsel;
    let (number, rows) = match playbooks::newest(&mut tx).await? {
        Some(kept) => (kept.number, kept.positions),
        None => (0, counsel.positions.to_vec()),
    };
    let now = signed_in.now();
    let history = playbooks::history(&mut tx, HISTORY_MAX).await?;
    let history =
        history.into_iter().map(|(number, note, by, at)| (number, note, by, Moment::new(at, now))).collect();
    let mut groups: Vec<(&'static str, Vec<Line>)> = Vec::new();
    for row in rows {
        let label = wording::family_words(row.family);
        let line = Line::new(counsel.name(&row.term.0), row);
        match groups.iter_mut().find(|(known, _)| *known == label) {
            Some((_, lines)) => lines.push(line),
            None => groups.push((label, vec![line])),
        }
    }
    let may_edit = may_edit(&signed_in.person);
    Ok(show(&Page { shell: shell.titled("Playbook"), sent, number, groups, history, may_edit }))
}

impl Line {
    fn new(name: String, row: PositionRow) -> Self {
        Self {
            key: row.term.0.clone(),
            name,
            rules: row.rules.iter().map(Rule::new).collect(),
            absent: choices(row.absent),
            otherwise: choices(row.otherwise),
            row,
        }
    }

    fn absent_word(&self) -> &'static str {
        wording::verdict_word(self.row.absent)
    }

    fn absent_class(&self) -> &'static str {
        verdict_class(self.row.absent)
    }

    fn otherwise_word(&self) -> &'static str {
        wording::verdict_word(self.row.otherwise)
    }

    fn otherwise_class(&self) -> &'static str {
        verdict_class(self.row.otherwise)
    }
}

fn choices(chosen: Verdict) -> Vec<Choice> {
    let choice = |verdict| Choice {
        value: verdict_class(verdict),
        word: wording::verdict_word(verdict),
        is_chosen: verdict == chosen,
    };
    CHOICES.into_iter().map(choice).collect()
}

impl Rule {
    fn new(rule: &RuleRow) -> Self {
        Self {
            class: verdict_class(rule.verdict),
            word: wording::verdict_word(rule.verdict),
            because: rule.because.clone(),
            when: conditions(rule),
        }
    }
}

/// When a rule holds, in words.
fn conditions(rule: &RuleRow) -> String {
    let side = |side| match side {
        Side::Us => "it burdens us",
        Side::Them => "it burdens the other side",
        Side::Mutual => "it burdens both alike",
        Side::Unknown => "the text does not tell whom it burdens",
    };
    let law = (!rule.law.is_empty()).then(|| format!("the place is {}", rule.law.join(", ")));
    let all = [
        rule.says.as_ref().map(|pattern| format!("it says /{pattern}/")),
        rule.lacks.as_ref().map(|pattern| format!("it does not say /{pattern}/")),
        rule.days_min.map(|days| format!("at least {days} days")),
        rule.days_max.map(|days| format!("at most {days} days")),
        rule.percent_max.map(|percent| format!("at most {percent} %")),
        law,
        rule.side.map(|whom| side(whom).to_owned()),
        rule.has.as_ref().map(|term| format!("the contract has {}", term.replace('_', " "))),
        rule.without.as_ref().map(|term| format!("the contract has no {}", term.replace('_', " "))),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { "always".to_owned() } else { all.join(", and ") }
}

/// Whether the person may change positions.
fn may_edit(person: &Person) -> bool {
    let position = PositionEdit {
        term: TermKey(String::new()),
        preferred: String::new(),
        fallback: String::new(),
        unacceptable: String::new(),
        offer: String::new(),
        absent: Verdict::Green,
        otherwise: Verdict::Green,
    };
    let wanted = Intent::EditPosition { base: 0, position, note: String::new() };
    policy::permit(person.role, &wanted).is_ok()
}

/// Takes a changed position; a new playbook comes of it.
pub(crate) async fn edit(signed_in: SignedIn, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let mut sent = Vec::new();
    for name in ["term", "preferred", "fallback", "unacceptable", "offer", "absent", "otherwise", "note"] {
        let text = field(&fields, name).unwrap_or_default();
        let text = if text.trim().is_empty() { String::new() } else { typed(text)? };
        sent.push((name.to_owned(), text));
    }
    let body = WebBody::Form {
        person: signed_in.person.id,
        verb: Verb::EditPosition.name().to_owned(),
        value: field(&fields, "base").unwrap_or_default().to_owned(),
        fields: sent,
    };
    let plan = PlanId::from(hand_in(&signed_in, &fields, &body).await?);
    Ok(Redirect::to(&format!("/playbook?sent={plan}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_when_it_holds() {
        let rule = RuleRow {
            verdict: Verdict::Red,
            because: "Too long.".to_owned(),
            says: Some("perpetual".to_owned()),
            lacks: None,
            days_min: Some(1096.0),
            days_max: None,
            percent_max: None,
            law: vec!["Delaware".to_owned(), "NY".to_owned()],
            side: Some(Side::Us),
            has: None,
            without: Some("termination_for_convenience".to_owned()),
        };
        let expected = "it says /perpetual/, and at least 1096 days, and the place is Delaware, NY, and it burdens us, \
                        and the contract has no termination for convenience";
        assert_eq!(conditions(&rule), expected);
        assert_eq!(
            conditions(&RuleRow {
                says: None,
                days_min: None,
                law: Vec::new(),
                side: None,
                without: None,
                ..rule
            }),
            "always"
        );
    }

    #[test]
    fn the_verdicts_to_choose_from_are_the_words_that_a_form_is_read_by() {
        for choice in choices(Verdict::Missing) {
            let read: Verdict = serde_json::from_value(serde_json::json!(choice.value)).unwrap();
            assert_eq!(wording::verdict_word(read), choice.word);
            assert_eq!(choice.is_chosen, read == Verdict::Missing);
        }
    }
}
