//! What the scanner found, where, how sure it is, and why.

use std::borrow::Cow;

/// What harm a leak of the value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// It identifies a person or an organisation, or is their number somewhere.
    Personal,
    /// It opens a door: a key, token or password.
    Secret,
    /// It names somebody, something or a place, or tells of a person; told by the words around it, not by its own make.
    Name,
}

/// A value found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Kind of value, spelt as Presidio spells it where it knows the kind (`CREDIT_CARD`, `US_SSN`).
    pub entity: &'static str,
    /// What harm its leak does.
    pub family: Family,
    /// First code point of the original text.
    pub start: usize,
    /// Code point behind the last one.
    pub end: usize,
    /// Certainty, 0 to 1.
    pub score: f32,
    /// Why it is believed, for people: "Luhn checksum holds".
    pub reason: Cow<'static, str>,
}

/// A possible reading of a part of the skeleton, before overlaps are resolved.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) entity: &'static str,
    pub(super) family: Family,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) score: f32,
    pub(super) reason: Cow<'static, str>,
}

impl Reading {
    /// A reading of personal data with a fixed reason.
    pub(super) fn personal(
        entity: &'static str,
        start: usize,
        end: usize,
        score: f32,
        reason: &'static str,
    ) -> Self {
        Self { entity, family: Family::Personal, start, end, score, reason: Cow::Borrowed(reason) }
    }

    /// A reading of a secret with a fixed reason.
    pub(super) fn secret(
        entity: &'static str,
        start: usize,
        end: usize,
        score: f32,
        reason: &'static str,
    ) -> Self {
        Self { family: Family::Secret, ..Self::personal(entity, start, end, score, reason) }
    }
}
