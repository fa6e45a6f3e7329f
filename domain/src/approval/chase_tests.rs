//! What happens when nobody decides, and who is asked again when what was asked for changed.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::engine_tests::{delegation, id, noon, policy, request, says, team};
use super::*;
use crate::contract::Verdict as Stands;

fn chased() -> Policy {
    let escalate = Escalate {
        after_hours: 16,
        to: vec![Need { count: 1, group: None, role: Some(Role::Admin), person: None }],
    };
    let hours = Hours {
        zone: "Europe/Berlin".to_owned(),
        people: [("Leo".to_owned(), "America/New_York".to_owned())].into(),
        ..Hours::default()
    };
    Policy { remind_after_hours: Some(vec![4, 8]), escalate: Some(escalate), hours: Some(hours), ..policy() }
}

fn binding() -> Facts {
    Facts { subject: "accept_contract".to_owned(), terms: vec!["exclusivity".to_owned()], ..Facts::default() }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Asked on a Monday at 9 o'clock in Berlin, 3 o'clock at night in New York.
fn monday(needs: Requirement) -> Approval {
    let requested_at = at("2026-11-23T08:00:00Z");
    Approval { requested_at, expires_at: requested_at + Duration::days(7), ..request(needs, Vec::new()) }
}

#[test]
fn reminders_back_off_by_everybodys_own_clock() {
    let asked = monday(chased().requirement(1, &binding(), &team()));
    for (now, lena, leo) in [
        ("2026-11-23T11:59:00Z", 0, 0),
        ("2026-11-23T12:00:00Z", 1, 0),
        // Work is over in Berlin; Leo's four hours began at 8 o'clock in New York.
        ("2026-11-23T17:00:00Z", 0, 1),
        ("2026-11-24T07:30:00Z", 1, 0),
        ("2026-11-24T08:00:00Z", 2, 0),
        ("2026-11-24T14:00:00Z", 2, 2),
        // A weekend is nobody's.
        ("2026-11-28T12:00:00Z", 0, 0),
        ("2026-11-30T08:00:00Z", 0, 0),
    ] {
        let due = (asked.reminders_due(id(2), at(now)), asked.reminders_due(id(3), at(now)));
        assert_eq!(due, (lena, leo), "{now}");
    }
}

#[test]
fn after_two_days_of_work_others_are_asked_as_well_and_never_the_requester() {
    let team = team();
    let mut asked = monday(chased().requirement(1, &binding(), &team));
    assert!(asked.escalation_due(&team, at("2026-11-25T07:59:00Z")).is_empty());
    let due = asked.escalation_due(&team, at("2026-11-25T08:00:00Z"));
    assert_eq!(due.iter().map(|person| person.id).collect::<Vec<_>>(), [id(6)]);
    let by_night = asked.escalation_due(&team, at("2026-11-25T20:00:00Z"));
    assert!(by_night.is_empty());
    let adams = Approval { requested_by: id(6), ..asked.clone() };
    assert!(adams.escalation_due(&team, at("2026-11-25T08:00:00Z")).is_empty());
    let mut stood = delegation(1, 6);
    stood.starts_at = asked.requested_at;
    stood.ends_at = asked.requested_at + Duration::hours(1);
    let through = Approval { delegations: vec![stood], ..asked.clone() };
    assert!(through.escalation_due(&team, at("2026-11-25T08:00:00Z")).is_empty());

    let now = at("2026-11-25T08:00:00Z");
    assert!(matches!(decide(&asked, &team[5], Verdict::Approve, None, now), Err(Refusal::NotAsked(_))));
    for seat in &mut asked.requirement.stages[0].seats {
        seat.also.push(Added { person: id(6), name: "Adam".to_owned(), at: now });
    }
    assert!(asked.escalation_due(&team, now).is_empty(), "once");
    assert_eq!(asked.reminders_due(id(6), now), 0, "she was only just asked");
    assert!(decide(&asked, &team[5], Verdict::Approve, None, now).unwrap().decision.is_some());
}

#[test]
fn a_policy_with_hours_reads_as_it_was_written() {
    let text = "remind_after_hours = [4, 8]\naway_mail_days = 7\n[stand_ins]\nLena = \"Leo\"\n[hours]\nzone = \"+01:00\"\n\
                [escalate]\nafter_hours = 16\nto = [{ role = \"admin\" }]\n";
    let policy: Policy = toml::from_str(text).unwrap();
    assert!(policy.faults().is_empty(), "{:?}", policy.faults());
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    let plain = serde_json::to_string(&Policy::default()).unwrap();
    assert!(
        !plain.contains("hours") && !plain.contains("escalate"),
        "an older program has to read it: {plain}"
    );
    assert_eq!(policy.stand_in(&team()[1], &team()).map(|person| person.id), Some(id(3)));
    assert_eq!(policy.stand_in(&team()[2], &team()), None);
    for (wrong, words) in [
        ("remind_after_hours = [8, 4]", "later and later"),
        ("away_mail_days = 99", "1 to 30 days"),
        ("[stand_ins]\nLena = \"lena\"", "somebody else"),
        ("[hours]\nzone = \"Mars\"", "Mars is not known"),
        ("[escalate]\nafter_hours = 0\nto = [{ role = \"admin\" }]", "at least 1"),
        ("[escalate]\nafter_hours = 4\nto = [{ group = \"tax\" }]", "names the group tax"),
    ] {
        let faults = toml::from_str::<Policy>(wrong).unwrap().faults();
        assert!(faults.len() == 1 && faults[0].contains(words), "{wrong}: {faults:?}");
    }
}

fn large() -> Facts {
    Facts { amount: Some(200_000), verdicts: vec![Stands::Red], ..binding() }
}

fn changed(terms: &[&str], is_amount: bool, verdicts: &[Stands]) -> Difference {
    let terms = terms.iter().map(|term| (*term).to_owned()).collect();
    Difference { is_amount, terms, verdicts: verdicts.to_vec(), changes: Vec::new() }
}

/// Finance and two of legal, then the board; all but the board have approved, then Adam sent it back.
fn sent_back() -> Approval {
    let team = team();
    let mut asked = request(policy().requirement(1, &large(), &team), Vec::new());
    for who in [4, 1, 2] {
        assert_eq!(says(&mut asked, &team[who], Verdict::Approve), Ok(None));
    }
    assert!(says(&mut asked, &team[5], Verdict::SendBack).unwrap().is_some());
    asked.state = State::Returned;
    asked
}

fn again(before: &Approval, difference: &Difference) -> Requirement {
    policy().requirement_after((1, &large()), &team(), (before, difference), (id(1), noon()))
}

fn needed(needs: &Requirement) -> String {
    let stage = |stage: &AskedStage| {
        let seats = stage.seats.iter().map(|seat| format!("{} {}", seat.needed, seat.label));
        format!("{}: {}", stage.name, seats.collect::<Vec<_>>().join(" + "))
    };
    needs.stages.iter().map(stage).collect::<Vec<_>>().join("; ")
}

#[test]
fn only_those_are_asked_again_whom_the_change_concerns() {
    let before = sent_back();
    let everybody = "Review: 1 finance + 2 legal; Board: 1 admin";
    assert_eq!(needed(&policy().requirement(1, &large(), &team())), everybody);
    for (difference, expected, kept) in [
        // The board had not approved, so it is asked whatever changed.
        (changed(&["governing_law"], false, &[Stands::Green]), "Board: 1 admin", 3),
        (changed(&[], true, &[]), "Review: 1 finance; Board: 1 admin", 2),
        // The seat of legal is of two rules; the one on exclusivity is concerned, and finance's is not.
        (changed(&["exclusivity"], false, &[Stands::Yellow]), "Review: 2 legal; Board: 1 admin", 1),
        (changed(&["uncapped"], false, &[Stands::Red]), "Review: 2 legal; Board: 1 admin", 1),
    ] {
        let needs = again(&before, &difference);
        let after = needs.after.clone().unwrap();
        assert_eq!((needed(&needs).as_str(), after.kept.len()), (expected, kept), "{difference:?}");
        assert_eq!(after.sent_back, Some(("Adam".to_owned(), "because".to_owned())));
    }
    // Under another policy, or by another program, everybody is asked.
    let other = policy().requirement_after(
        (2, &large()),
        &team(),
        (&before, &Difference::default()),
        (id(1), noon()),
    );
    assert_eq!(needed(&other), everybody);
    // Whoever left, or may not decide any more, approves nothing.
    let left: Vec<Person> = team().into_iter().filter(|person| person.id != id(5)).collect();
    let needs =
        policy().requirement_after((1, &large()), &left, (&before, &Difference::default()), (id(1), noon()));
    assert!(needed(&needs).contains("finance"), "{}", needed(&needs));
    // Whoever asks now approved before: that approval does not count for the own request.
    let needs = policy().requirement_after(
        (1, &large()),
        &team(),
        (&before, &Difference::default()),
        (id(5), noon()),
    );
    assert!(needed(&needs).contains("finance"), "{}", needed(&needs));
}

#[test]
fn where_every_approval_would_hold_everybody_is_asked_again() {
    let team = team();
    let mut before = request(policy().requirement(1, &binding(), &team), Vec::new());
    assert!(says(&mut before, &team[1], Verdict::Approve).unwrap().is_some());
    before.state = State::Void;
    let difference = changed(&["governing_law"], false, &[]);
    let needs = policy().requirement_after((1, &binding()), &team, (&before, &difference), (id(1), noon()));
    assert_eq!(needed(&needs), "Review: 1 legal");
    assert!(needs.after.unwrap().kept.is_empty());
}

#[test]
fn an_approval_that_holds_is_not_given_twice() {
    let team = team();
    let needs = again(&sent_back(), &changed(&["uncapped"], false, &[Stands::Red]));
    let mut asked = request(needs, Vec::new());
    asked.id = ApprovalId(uuid::Uuid::from_u128(77));
    // Fay's approval for finance holds, and counts once.
    assert!(matches!(says(&mut asked, &team[4], Verdict::Approve), Err(Refusal::AlreadyVoted(_))));
    for who in [1, 3] {
        assert_eq!(says(&mut asked, &team[who], Verdict::Approve), Ok(None));
    }
    assert!(says(&mut asked, &team[5], Verdict::Approve).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever changed, and whoever approved before: a new request never asks less than one person, never keeps what the
    /// requester or whoever stood in for her gave, and never keeps more than was given.
    #[test]
    fn what_holds_was_given_by_others_and_somebody_always_looks(
        approvals in prop::collection::vec(0_usize..6, 0..8),
        requester in 1_u128..7,
        handed_on in prop::collection::vec((1_u128..7, 1_u128..7), 0..3),
        is_amount in any::<bool>(),
        is_red in any::<bool>(),
        is_term in any::<bool>(),
    ) {
        let team = team();
        let delegations = handed_on.into_iter().filter(|(a, b)| a != b).map(|(a, b)| delegation(a, b)).collect();
        let mut before = request(policy().requirement(1, &large(), &team), delegations);
        for who in approvals {
            if before.decision.is_none() {
                let _ = says(&mut before, &team[who], Verdict::Approve);
            }
        }
        let terms: &[&str] = if is_term { &["exclusivity"] } else { &[] };
        let verdicts: &[Stands] = if is_red { &[Stands::Red] } else { &[] };
        let difference = changed(terms, is_amount, verdicts);
        let needs = policy().requirement_after((1, &large()), &team, (&before, &difference), (id(requester), noon()));
        prop_assert!(!needs.stages.is_empty() && needs.stages.iter().all(|stage| !stage.seats.is_empty()));
        let whole = policy().requirement(1, &large(), &team);
        let count = |needs: &Requirement| -> usize {
            needs.stages.iter().flat_map(|stage| &stage.seats).map(|seat| seat.needed).sum()
        };
        let kept = needs.after.as_ref().unwrap().kept.clone();
        prop_assert_eq!(count(&needs) + kept.len(), count(&whole));
        let away = reached_since(&before.delegations, id(requester), (before.requested_at, noon()));
        for one in &kept {
            prop_assert!(before.votes.iter().any(|vote| vote.by == one.by && vote.right_of() == one.right_of));
            prop_assert!(!away.contains(&one.by) && !away.contains(&one.right_of));
            prop_assert!(!(is_amount && one.label == "finance"));
            prop_assert!(!((is_term || is_red) && one.label == "legal"));
        }
    }
}
