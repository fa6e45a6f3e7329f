//! The nouns of Dealdesk and their rules: no async, no IO.

pub mod approval;
pub mod audit;
pub mod card;
pub mod card_text;
pub mod change;
pub mod clock;
pub mod company;
pub mod contract;
pub mod deal;
pub mod error;
pub mod feature;
pub mod ids;
pub mod inbound;
pub mod intent;
pub mod learning;
pub mod model;
pub mod password;
pub mod person;
pub mod places;
pub mod plan;
pub mod policy;
pub mod search;
pub mod taxonomy;
pub mod wording;
pub mod words;
