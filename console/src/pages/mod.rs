//! One file a page.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod deal;
pub(crate) mod deals;
pub(crate) mod inbox;
pub(crate) mod partners;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod plans;
