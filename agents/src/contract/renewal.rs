//! The renewal calendar: when accepted contracts end or renew, and by when notice must be given.

use domain::card::Audience;
use domain::plan::{Outcome, Recovery};
use domain::wording::{self, RenewalLine};
use storage::Tx;

pub use storage::renewals::{Dated, calendar};

use super::library::done;
use crate::desk::{Desk, storage};

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
