//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::contract::renewal::{Renewal, TERMS, renewal};
use domain::ids::{AnalysisId, DealId};

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
    let all = acceptances::latest(tx).await?;
    let ids: Vec<AnalysisId> = all.iter().map(|accepted| accepted.analysis).collect();
    let terms = analyses::standing(tx, &ids, &TERMS).await?;
    let names: HashMap<DealId, String> = deals::names(tx).await?.into_iter().collect();
    let dates = |accepted: Accepted| {
        let renewal = renewal(terms.get(&accepted.analysis)?, today)?;
        let deal = accepted.deal.and_then(|deal| Some((deal, names.get(&deal)?.clone())));
        Some(Dated { accepted, deal, renewal })
    };
    let mut dated: Vec<Dated> = all.into_iter().filter_map(dates).collect();
    dated.sort_by_key(|dated| dated.renewal.notice_by.unwrap_or(dated.renewal.ends_on));
    Ok(dated)
}
