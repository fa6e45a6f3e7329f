//! Wording reviewed as text.

use chrono::{TimeZone, Utc};

use super::{Asked, deal_moved, decision_refused, unclear, waiting_for_approval};
use crate::approval::{Decision, Refusal, Verdict};
use crate::deal::{Stage, StageChange};
use crate::ids::{ApprovalId, PersonId};
use crate::intent::Candidate;

#[test]
fn late_decisions_learn_who_was_first() {
    let at = Utc.with_ymd_and_hms(2026, 3, 2, 9, 5, 0).unwrap();
    let decision = Decision {
        verdict: Verdict::Approve,
        by: PersonId(uuid::Uuid::nil()),
        by_name: "Bea".to_owned(),
        at,
        comment: None,
    };
    let error = decision_refused(&Refusal::Decided(decision));
    assert_eq!(error.text, "Bea already approved this on 2026-03-02 09:05 UTC.");
    let moved = StageChange {
        from: Some(Stage::Proposal),
        to: Stage::Lost,
        by: "Ana".to_owned(),
        at,
        reason: Some("price".to_owned()),
    };
    assert_eq!(deal_moved("Acme", &moved).to_plain(), "Acme moved from Proposal to Lost.\n> price");
}

#[test]
fn nobody_to_ask_has_a_way_out() {
    let waiting = |here: &[&str], in_console: &[&str]| {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let console_url = "http://desk.example".to_owned();
        let asked = Asked { here: names(here), in_console: names(in_console), console_url };
        waiting_for_approval(&asked, ApprovalId(uuid::Uuid::nil())).to_plain()
    };
    assert!(waiting(&[], &[]).contains("/deal role @name approver"));
    assert_eq!(
        waiting(&["Bea"], &["Admin"]),
        "Waiting for approval\nI asked Bea. You will see the decision here.\n[Take it back]"
    );
    // Nobody was asked where nobody can be reached; the requester is told where the request waits.
    assert_eq!(
        waiting(&[], &["Admin"]),
        "Waiting for approval\nAdmin may decide, but does not use Dealdesk here yet, so I could not ask there. \
         The request waits in the console:\nhttp://desk.example/approvals: http://desk.example/approvals\n\
         Please tell them. You will see the decision here.\n[Take it back]"
    );
}

#[test]
fn unclear_offers_buttons() {
    let candidates = [Candidate { say: "find banks".to_owned(), confidence: 0.5 }];
    assert_eq!(
        unclear("fnid banks", &candidates).to_plain(),
        "I am not sure what “fnid banks” means. Did you mean this?\n[find banks] [Help]"
    );
}
