//! The guardrail's text scanner: personal data, secrets and invisible characters, found without a model.

pub(crate) mod alarm;
mod bank;
mod checksum;
mod context;
mod date;
mod encoded;
mod finding;
mod gate;
mod identifiers;
mod invisible;
mod markup;
mod matter;
pub mod names;
mod network;
mod phone;
mod possible;
mod preflight;
mod redaction;
mod rule;
mod scan;
mod secret;
mod skeleton;
mod suspicion;

pub use alarm::keep;
pub use finding::{Family, Finding};
pub use gate::{Gate, blanked, cleaned};
pub use invisible::{is_invisible, strip_invisible};
pub(crate) use matter::seen;
pub use possible::{everything, possible, private};
pub(crate) use preflight::act;
pub use redaction::{Redacted, redact};
pub use scan::{DEFAULT_THRESHOLD, readings, scan};
pub use suspicion::{SUSPICIOUS, Suspicion, suspicion};
