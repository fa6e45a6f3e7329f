//! What is said when a CRM changed a deal.

use crate::card::Card;
use crate::deal::Stage;

/// A deal moved because it did in the CRM.
pub fn crm_moved(deal: &str, crm: &str, (from, to): (Stage, Stage)) -> Card {
    Card::titled(deal).and_text(format!("{} → {}, moved in {crm}.", from.label(), to.label()))
}

/// A deal moved in the CRM and does not here: why.
pub fn crm_held(deal: &str, crm: &str, (here, there): (Stage, Stage), why: &str) -> Card {
    let (here, there) = (here.label(), there.label());
    Card::titled(deal).and_text(format!("{crm} says {there}, here it stays in {here}: {why}"))
}

/// A deal is no longer in the CRM.
pub fn crm_retired(deal: &str, crm: &str, is_merged: bool) -> Card {
    let fate = if is_merged { "merged into another deal" } else { "deleted" };
    Card::titled(deal).and_text(format!("It was {fate} in {crm}. Here it stays as it is."))
}
