//! Who may decide, on what, until when: whatever comes together, the rules hold.

use chrono::{Duration, TimeZone, Utc};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::ids::TenantId;

fn person(key: u128, role: Role) -> Person {
    let id = PersonId(Uuid::from_u128(key));
    Person { id, tenant: TenantId(Uuid::from_u128(1)), name: format!("Person {key}"), email: None, role }
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

/// An open request of person 1, from noon on, for a day.
fn request() -> Approval {
    let payload = json!({ "companies": ["a", "b"] });
    Approval {
        id: ApprovalId(Uuid::from_u128(7)),
        plan: PlanId(Uuid::from_u128(8)),
        step: StepId(Uuid::from_u128(9)),
        subject: "create_deals".to_owned(),
        payload_hash: payload_hash(&payload),
        payload,
        requested_by: PersonId(Uuid::from_u128(1)),
        requested_by_name: "Person 1".to_owned(),
        requested_at: noon(),
        expires_at: noon() + Duration::days(1),
        state: State::Open,
        decision: None,
        voided: None,
        requirement: Requirement::default(),
        votes: Vec::new(),
        delegations: Vec::new(),
    }
}

#[test]
fn a_refusal_says_what_matters_first() {
    let approver = person(2, Role::Approver);
    let decided = Decision {
        verdict: Verdict::Approve,
        by: PersonId(Uuid::from_u128(3)),
        by_name: "Person 3".to_owned(),
        at: noon(),
        comment: None,
    };
    let taken = Approval { state: State::Approved, decision: Some(decided.clone()), ..request() };
    let changed = Approval { payload: json!({ "companies": ["a", "c"] }), ..request() };
    let late = request().expires_at;
    for (approval, who, at, refusal) in [
        (request(), person(2, Role::Member), noon(), Refusal::NotAnApprover(Role::Member)),
        (taken.clone(), person(1, Role::Viewer), late, Refusal::NotAnApprover(Role::Viewer)),
        (taken.clone(), approver.clone(), late, Refusal::Decided(decided.clone())),
        (taken, person(1, Role::Admin), noon(), Refusal::Decided(decided)),
        (request(), person(1, Role::Admin), late, Refusal::OwnRequest),
        (request(), approver.clone(), late, Refusal::Expired(late)),
        (Approval { state: State::Expired, ..request() }, approver.clone(), noon(), Refusal::Expired(late)),
        (Approval { state: State::Void, ..request() }, approver.clone(), noon(), Refusal::Void(None)),
        (changed, approver.clone(), noon(), Refusal::Void(None)),
        (request(), approver, noon(), Refusal::CommentMissing),
    ] {
        assert_eq!(
            decide(&approval, &who, Verdict::Reject, Some(" \n"), at),
            Err(refusal),
            "{}",
            who.role.name()
        );
    }
}

#[test]
fn the_hash_is_of_what_is_said_and_not_of_its_order() {
    let one: Value = serde_json::from_str(r#"{"a": 1, "b": [1, 2]}"#).unwrap();
    let other: Value = serde_json::from_str(r#"{"b":[1,2],"a":1}"#).unwrap();
    assert_eq!(payload_hash(&one), payload_hash(&other));
    assert_ne!(payload_hash(&one), payload_hash(&json!({ "a": 1, "b": [2, 1] })));
}

/// Any request, in any state, decided or not.
fn requests() -> impl Strategy<Value = Approval> {
    let state = prop::sample::select(vec![
        State::Open,
        State::Approved,
        State::Rejected,
        State::Returned,
        State::Expired,
        State::Void,
    ]);
    (state, any::<bool>(), 1_u128..4, prop::option::of(1_u128..4), "[a-z]{0,3}").prop_map(
        |(state, is_changed, asker, decider, company)| {
            let mut approval = request();
            approval.state = state;
            approval.requested_by = PersonId(Uuid::from_u128(asker));
            approval.payload = json!({ "companies": [company] });
            if !is_changed {
                approval.payload_hash = payload_hash(&approval.payload);
            }
            approval.decision = decider.map(|by| Decision {
                verdict: Verdict::Approve,
                by: PersonId(Uuid::from_u128(by)),
                by_name: String::new(),
                at: noon(),
                comment: None,
            });
            approval
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn only_somebody_else_who_may_decides_once_in_time_on_what_was_asked(
        approval in requests(),
        key in 1_u128..4,
        role in prop::sample::select(Role::ALL.to_vec()),
        verdict in prop::sample::select(vec![Verdict::Approve, Verdict::Reject, Verdict::SendBack]),
        comment in prop::option::of("[ a-z]{0,4}"),
        minutes in -60_i64..3_000,
    ) {
        let is_approval = verdict == Verdict::Approve;
        let (who, now) = (person(key, role), noon() + Duration::minutes(minutes));
        let has_comment = comment.as_deref().is_some_and(|text| !text.trim().is_empty());
        let may = role >= Role::Approver
            && who.id != approval.requested_by
            && approval.decision.is_none()
            && approval.state == State::Open
            && now < approval.expires_at
            && payload_hash(&approval.payload) == approval.payload_hash
            && (is_approval || has_comment);
        let judged = decide(&approval, &who, verdict, comment.as_deref(), now);
        prop_assert_eq!(judged.is_ok(), may, "{:?}", judged);
        if let Ok(ruling) = judged {
            let decision = ruling.decision.expect("one approver settles it");
            prop_assert_eq!((decision.by, decision.verdict, decision.at), (who.id, verdict, now));
            prop_assert_eq!(decision.comment.is_some(), has_comment);
        }
    }
}
