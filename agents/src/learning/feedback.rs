//! What people say of companies, and why a company's fit is what it is.

use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::company::CompanyId;
use domain::ids::PlanId;
use domain::intent::Intent;
use domain::learning::Feedback;
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording::{self, Fit};
use storage::impressions::{self, Last};
use storage::{Tx, labels};

use crate::desk::{Desk, storage};

/// Keeps whether companies fit; asks why when they do not and nobody said.
pub(crate) async fn give(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::GiveFeedback { search, companies, is_good, reason } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no feedback".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let mut found = Vec::new();
    for said in companies {
        found.push(shown(&mut tx, said, *search).await?);
    }
    let names: Vec<String> = found.iter().map(|one| one.name.clone()).collect();
    let mut changes = Vec::new();
    // Companies that one sentence names may have been shown by several searches.
    while let Some(plan) = found.first().map(|one| one.plan) {
        let (same, rest): (Vec<Last>, Vec<Last>) = found.into_iter().partition(|one| one.plan == plan);
        found = rest;
        changes.push(Change::GiveFeedback(Feedback {
            plan: Some(plan),
            companies: same.into_iter().map(|one| CompanyId(one.company)).collect(),
            is_good: *is_good,
            reason: reason.clone().unwrap_or_default(),
            by: context.requester,
        }));
    }
    let card = wording::feedback_taken(&names, *is_good, reason.as_deref());
    Ok(Outcome::Done(Finish { changes, say: vec![answer(card)], ..Finish::default() }))
}

/// Explains the fit of a company as it was last shown.
pub(crate) async fn explain(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::ExplainFit { company } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no fit to explain".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let last = shown(&mut tx, company, None).await?;
    let said = labels::of_company(&mut tx, &last.company).await.map_err(storage)?;
    let (unknown, reasons) =
        last.reasons.into_iter().partition::<Vec<_>, _>(|reason| reason.label.ends_with(": unknown"));
    let unknown = unknown.into_iter().map(|reason| reason.label.trim_end_matches(": unknown").to_owned());
    let card = wording::fit_explained(&Fit {
        name: last.name,
        fit: u8::try_from(last.fit).unwrap_or(0),
        scored_by: last.scored_by,
        at: last.at,
        query: last.query,
        reasons,
        unknown: unknown.collect(),
        said,
        is_exploration: last.is_exploration,
    });
    Ok(Outcome::Done(Finish { say: vec![answer(card)], ..Finish::default() }))
}

/// The company that is called so, as it was last shown; the whole name counts before its beginning.
async fn shown(tx: &mut Tx, said: &str, search: Option<PlanId>) -> Result<Last, Recovery> {
    let mut found = impressions::last_shown(tx, said, search).await.map_err(storage)?;
    let folded = said.trim().to_lowercase();
    let whole = found.iter().position(|one| one.company == said || one.name.to_lowercase() == folded);
    match (whole, found.len()) {
        (Some(at), _) => Ok(found.swap_remove(at)),
        (None, 0) => Err(wording::companies_unknown(&[said.to_owned()]).into()),
        (None, 1) => Ok(found.swap_remove(0)),
        (None, _) => {
            let names: Vec<String> = found.into_iter().map(|one| one.name).collect();
            Err(wording::names_several(said, &names).into())
        }
    }
}

fn answer(card: Card) -> Say {
    Say { slot: "answer".to_owned(), to: Audience::Requester, card, urgency: Urgency::Reply }
}
