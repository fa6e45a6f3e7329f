//! A person's home tab: what waits for her, what became of what she asked for, which deals moved last.

use domain::approval::Approval;
use domain::card::Card;
use domain::person::{Channel, Person};
use domain::wording::{self, Home, HomeDeal};
use storage::deals::{self, Wanted};
use storage::{Error, approvals};

use super::matter;
use super::reply::may_decide;
use crate::desk::Desk;
use crate::guardrail::Gate;

/// The home of a person as of now.
///
/// # Errors
/// When the database is away.
pub async fn home(desk: &Desk, person: &Person) -> Result<Card, Error> {
    let now = desk.clock.now();
    let mut tx = desk.db.tenant(person.tenant).begin().await?;
    let open = approvals::open_ones(&mut tx).await?;
    let decided = approvals::decided_ones(&mut tx).await?;
    let deals = deals::list(&mut tx, Wanted::default()).await?;
    let gate = Gate::on(&mut tx, Some(Channel::Slack)).await?;
    drop(tx);
    let about = |asked: Approval| {
        let matter = matter::of(&asked);
        (asked, matter)
    };
    let is_own = |asked: &Approval| asked.requested_by == person.id;
    let (own, others): (Vec<Approval>, Vec<Approval>) = open.into_iter().partition(is_own);
    let waiting = others.into_iter().filter(|asked| may_decide(asked, person, now)).map(about).collect();
    let own = own.into_iter().chain(decided.into_iter().filter(is_own)).map(about).collect();
    let deal = |deal: deals::Deal| HomeDeal { name: deal.name, stage: deal.stage, owner: deal.owner_name };
    let mut card = wording::home(&Home { waiting, own, deals: deals.into_iter().map(deal).collect() });
    gate.screen(&mut card);
    Ok(card)
}
