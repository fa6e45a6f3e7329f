//! What we read in a contract: its text with places, its terms, what they are worth to us.

mod comparison;
mod document;
mod finding;
pub mod passage;
mod position;
pub mod renewal;
pub mod signing;
mod term;
mod text;
mod value;

/// The largest file that is taken to be read, bytes, whichever way it comes.
pub const FILE_BYTES_MAX: usize = 25 * 1024 * 1024;

pub use comparison::{ClauseChange, ClauseFate};
pub use document::{Analysis, ClauseSpan, Given, NewVersion, Source};
pub use finding::{Family, Finding, Side, Verdict};
pub use position::{PositionEdit, PositionRow, RuleRow};
pub use term::{Extraction, State, TermInfo, TermKey, settled};
pub use text::{ContractText, PageSpan, PageText, Quote, WordBox};
pub use value::{CalendarUnit, Duration, Jurisdiction, Money, Party, Value};
