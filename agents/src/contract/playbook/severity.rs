//! How grave a finding is: family weight x verdict x direction x deal value.

use domain::contract::{Family, Side, Verdict};

/// What a deal is worth, in bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValueBand {
    /// Below 50,000.
    Small,
    /// Up to 500,000, or unknown.
    #[default]
    Middle,
    /// Above.
    Large,
}

/// Severity, 0 to 100.
pub(super) fn of(family: Family, verdict: Verdict, side: Side, value: ValueBand) -> u8 {
    let product = 100.0 * weight(family) * gravity(verdict) * direction(side) * band(value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded to 0..=100 just before"
    )]
    let severity = product.round().clamp(0.0, 100.0) as u8;
    severity
}

/// Liability first, as field surveys of negotiators rank it.
fn weight(family: Family) -> f64 {
    match family {
        Family::Liab => 1.0,
        Family::Ip | Family::Data => 0.9,
        Family::Comm | Family::Exit | Family::Free => 0.8,
        Family::Ctrl => 0.7,
        Family::Ops | Family::Disp => 0.5,
        Family::Adm => 0.3,
    }
}

fn gravity(verdict: Verdict) -> f64 {
    match verdict {
        Verdict::Green => 0.0,
        Verdict::Unclear => 0.4,
        Verdict::Yellow => 0.5,
        Verdict::Missing => 0.8,
        Verdict::Red => 0.9,
        Verdict::Escalate => 1.0,
    }
}

fn direction(side: Side) -> f64 {
    match side {
        Side::Us => 1.0,
        Side::Unknown => 0.85,
        Side::Mutual => 0.7,
        Side::Them => 0.4,
    }
}

fn band(value: ValueBand) -> f64 {
    match value {
        ValueBand::Small => 0.8,
        ValueBand::Middle => 1.0,
        ValueBand::Large => 1.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_clause_is_graver_when_it_burdens_us_and_the_deal_is_large() {
        let at = |side, value| of(Family::Liab, Verdict::Red, side, value);
        assert!(at(Side::Us, ValueBand::Large) > at(Side::Us, ValueBand::Small));
        assert!(at(Side::Us, ValueBand::Middle) > at(Side::Mutual, ValueBand::Middle));
        assert!(at(Side::Mutual, ValueBand::Middle) > at(Side::Them, ValueBand::Middle));
        assert_eq!(of(Family::Liab, Verdict::Green, Side::Us, ValueBand::Large), 0);
        assert_eq!(of(Family::Liab, Verdict::Escalate, Side::Us, ValueBand::Large), 100);
    }
}
