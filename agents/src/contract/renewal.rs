//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use chrono::NaiveDate;
use domain::card::Audience;
use domain::contract::renewal::{Renewal, renewal};
use domain::ids::DealId;
use domain::plan::{Outcome, Recovery};
use domain::wording::{self, RenewalLine};
use storage::acceptances::Accepted;
use storage::{Tx, acceptances, analyses, deals};

use super::library::done;
use super::settled;
use crate::desk::{Desk, storage};

/// An accepted contract that has dates.
#[derive(Debug, Clone)]
pub struct Dated {
    /// The contract.
    pub accepted: Accepted,
    /// Its deal's name.
    pub deal: Option<(DealId, String)>,
    /// Its dates.
    pub renewal: Renewal,
}

/// All accepted contracts with dates as they stand on a day, the next date first.
///
/// Errors: the database is away.
pub async fn calendar(tx: &mut Tx, today: NaiveDate) -> Result<Vec<Dated>, storage::Error> {
    let mut dated = Vec::new();
    for accepted in acceptances::latest(tx).await? {
        let analysis = analyses::get(tx, accepted.analysis).await?;
        let answers = analyses::answers(tx, accepted.analysis).await?;
        let Some(renewal) = renewal(&settled(analysis.extractions, answers), today) else { continue };
        let deal = match accepted.deal {
            Some(deal) => Some((deal, deals::get(tx, deal).await?.name)),
            None => None,
        };
        dated.push(Dated { accepted, deal, renewal });
    }
    dated.sort_by_key(|dated| dated.renewal.notice_by.unwrap_or(dated.renewal.ends_on));
    Ok(dated)
}

/// The calendar as a card.
pub(super) async fn list(desk: &Desk, tx: &mut Tx) -> Result<Outcome, Recovery> {
    let today = desk.clock.now().date_naive();
    let lines: Vec<RenewalLine> = calendar(tx, today)
        .await
        .map_err(storage)?
        .into_iter()
        .map(|dated| RenewalLine {
            document: dated.accepted.name,
            deal: dated.deal.map(|(_, name)| name),
            renewal: dated.renewal,
        })
        .collect();
    let url = format!("{}/renewals", desk.console_url);
    Ok(done(wording::renewals(&lines, today, &url), None, Audience::Thread))
}
