//! Who wins when a field was changed: told from what both sides last had in common.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who wins when both sides changed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// What a person did in Dealdesk.
    HumanWins,
    /// What was done last.
    LatestWins,
    /// The CRM.
    SystemOfRecordWins,
}

impl Policy {
    /// All.
    pub const ALL: [Self; 3] = [Self::HumanWins, Self::LatestWins, Self::SystemOfRecordWins];

    /// Reads the word of settings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// The word in settings and in the audit.
    pub fn name(self) -> &'static str {
        match self {
            Self::HumanWins => "human_wins",
            Self::LatestWins => "latest_wins",
            Self::SystemOfRecordWins => "system_of_record_wins",
        }
    }
}

/// A field on both sides, in the CRM's words.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// What the CRM had when we last saw it.
    pub base: Option<&'a str>,
    /// What we have; none when the CRM has no word for it.
    pub ours: Option<&'a str>,
    /// What the CRM has.
    pub theirs: &'a str,
    /// When ours was changed.
    pub ours_at: DateTime<Utc>,
    /// When theirs was changed.
    pub theirs_at: DateTime<Utc>,
    /// Somebody said that ours stays, whatever the CRM says.
    pub is_pinned: bool,
}

/// What is to be done about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the CRM's did not change, or both have the same.
    Same,
    /// We take the CRM's.
    Theirs {
        /// Ours had changed too.
        is_conflict: bool,
    },
    /// Ours stays, and is written to the CRM.
    Ours {
        /// Ours had changed too; false when it is pinned.
        is_conflict: bool,
    },
}

/// Judges one field.
pub fn judge(policy: Policy, sides: Sides<'_>) -> Verdict {
    let Sides { base, ours, theirs, .. } = sides;
    if base == Some(theirs) || ours == Some(theirs) {
        return Verdict::Same;
    }
    // A value that the CRM has no word for was changed here if it had one before: nobody can tell, so it was.
    let is_ours_changed = match (base, ours) {
        (None, _) => false,
        (Some(base), Some(ours)) => base != ours,
        (Some(_), None) => true,
    };
    if sides.is_pinned {
        return Verdict::Ours { is_conflict: is_ours_changed };
    }
    if !is_ours_changed {
        return Verdict::Theirs { is_conflict: false };
    }
    let is_ours = match policy {
        Policy::HumanWins => true,
        Policy::LatestWins => sides.ours_at > sides.theirs_at,
        Policy::SystemOfRecordWins => false,
    };
    if is_ours { Verdict::Ours { is_conflict: true } } else { Verdict::Theirs { is_conflict: true } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }

    fn policies() -> impl Strategy<Value = Policy> {
        prop_oneof![Just(Policy::HumanWins), Just(Policy::LatestWins), Just(Policy::SystemOfRecordWins)]
    }

    proptest! {
        /// Both sides edit one field at will; once they stop, one exchange each way and all is still.
        #[test]
        fn there_is_no_ping_pong(policy in policies(), edits in prop::collection::vec((any::<bool>(), 0..4u8), 0..20)) {
            let (mut ours, mut theirs, mut base) = ("0".to_owned(), "0".to_owned(), "0".to_owned());
            let (mut ours_at, mut theirs_at, mut writes) = (0, 0, 0);
            let mut now = 0;
            let mut poll = |ours: &mut String, theirs: &mut String, ours_at: &mut i64, theirs_at: &mut i64, now: i64| {
                let sides = Sides {
                    base: Some(&base), ours: Some(ours), theirs, ours_at: at(*ours_at), theirs_at: at(*theirs_at),
                    is_pinned: false,
                };
                let verdict = judge(policy, sides);
                base.clone_from(theirs);
                if matches!(verdict, Verdict::Theirs { .. }) {
                    ours.clone_from(theirs);
                    *ours_at = *theirs_at;
                }
                if *ours != base {
                    theirs.clone_from(ours);
                    base.clone_from(ours);
                    *theirs_at = now;
                    writes += 1;
                }
                writes
            };
            for (mine, value) in edits {
                now += 1;
                let value = value.to_string();
                if mine { ours = value; ours_at = now } else { theirs = value; theirs_at = now }
                if now % 3 == 0 { poll(&mut ours, &mut theirs, &mut ours_at, &mut theirs_at, now); }
            }
            let after_one = poll(&mut ours, &mut theirs, &mut ours_at, &mut theirs_at, now + 1);
            prop_assert_eq!(&ours, &theirs);
            for i in 0..10 {
                prop_assert_eq!(poll(&mut ours, &mut theirs, &mut ours_at, &mut theirs_at, now + 2 + i), after_one);
            }
        }
    }

    #[test]
    fn each_policy_keeps_its_word() {
        let sides = Sides {
            base: Some("a"),
            ours: Some("b"),
            theirs: "c",
            ours_at: at(5),
            theirs_at: at(9),
            is_pinned: false,
        };
        assert_eq!(judge(Policy::HumanWins, sides), Verdict::Ours { is_conflict: true });
        assert_eq!(judge(Policy::LatestWins, sides), Verdict::Theirs { is_conflict: true });
        let later = Sides { ours_at: at(10), ..sides };
        assert_eq!(judge(Policy::LatestWins, later), Verdict::Ours { is_conflict: true });
        assert_eq!(judge(Policy::SystemOfRecordWins, later), Verdict::Theirs { is_conflict: true });
        let pinned = Sides { is_pinned: true, ours: Some("a"), ..sides };
        assert_eq!(judge(Policy::SystemOfRecordWins, pinned), Verdict::Ours { is_conflict: false });
        let untouched = Sides { ours: Some("a"), ..sides };
        assert_eq!(judge(Policy::HumanWins, untouched), Verdict::Theirs { is_conflict: false });
        assert_eq!(judge(Policy::HumanWins, Sides { theirs: "a", ..sides }), Verdict::Same);
    }
}
