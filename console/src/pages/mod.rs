//! One file a page.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod comparison;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod contract;
pub(crate) mod contracts;
pub(crate) mod deal;
pub(crate) mod deals;
pub(crate) mod inbox;
pub(crate) mod models;
pub(crate) mod partners;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod plans;
pub(crate) mod playbook;
pub(crate) mod renewals;
pub(crate) mod reviews;
pub(crate) mod security;
pub(crate) mod sent;
pub(crate) mod signing;
