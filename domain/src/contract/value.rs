//! What a term says, in a form that can be compared.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The unit of a [`Duration`], as the contract counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    /// Hours.
    Hours,
    /// Calendar days.
    Days,
    /// Business or working days.
    BusinessDays,
    /// Weeks.
    Weeks,
    /// Months.
    Months,
    /// Years.
    Years,
    /// Without end: perpetual.
    Perpetual,
}

/// A length of time, e.g. thirty days. Months are not turned into days: calendars decide that later.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Duration {
    /// How many; zero for a perpetual one.
    pub count: f64,
    /// Of what.
    pub unit: CalendarUnit,
}

/// An amount in the smallest unit of a currency (cents), so that it compares without rounding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Amount in hundredths of the currency's main unit.
    pub cents: i64,
    /// ISO 4217 code, e.g. `USD`.
    pub currency: String,
}

/// One side of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Name as written, without the words around it.
    pub name: String,
    /// What the contract calls it, e.g. `Provider`; empty when it gives no such name.
    #[serde(default)]
    pub role: String,
}

/// A place whose law or courts apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jurisdiction {
    /// State, province or part of a country, e.g. `New York`; empty when a whole country is meant.
    #[serde(default)]
    pub region: String,
    /// ISO 3166-1 alpha-2 code; empty when unknown.
    #[serde(default)]
    pub country: String,
    /// Court or seat of arbitration as written; empty when none is named.
    #[serde(default)]
    pub court: String,
}

/// What a term says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "is")]
pub enum Value {
    /// A short text, e.g. the document's name.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A length of time.
    Duration(Duration),
    /// An amount.
    Money(Money),
    /// A share in percent, e.g. `12.5`.
    Percent(f64),
    /// The sides of the contract.
    Parties(Vec<Party>),
    /// A law or a court.
    Jurisdiction(Jurisdiction),
    /// A number with what it counts, e.g. 5,000 units.
    Number {
        /// How many.
        count: f64,
        /// Of what, as written; may be empty.
        of: String,
    },
    /// The contract has such a clause; the quote is its text.
    Clause,
}
