//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use chrono::NaiveDate;
use domain::contract::renewal::{Renewal, renewal};
use domain::contract::settled;
use domain::ids::DealId;

use crate::acceptances::{self, Accepted};
use crate::db::Tx;
use crate::error::Error;
use crate::{analyses, deals};

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
pub async fn calendar(tx: &mut Tx, today: NaiveDate) -> Result<Vec<Dated>, Error> {
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
