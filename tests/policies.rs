//! Approvals under a team's own policy: several people, one after the other or at once, one effect.

use tests::conversation::{Conversation, LIMIT, found};
use tests::database::eventually;

const TWO_STAGES: &str = r#"
[groups]
legal = ["Noor"]
[[rules]]
name = "deals"
when.subjects = ["create_deals"]
stages = [
    { name = "Legal", need = [{ group = "legal" }] },
    { name = "Board", need = [{ role = "admin" }] },
]
"#;

const TWO_APPROVERS: &str = r#"
[[rules]]
name = "deals"
stages = [{ name = "Four eyes", need = [{ role = "approver", count = 2 }] }]
"#;

/// A conversation in which Noor is an approver, Lee an admin, and this is the policy.
async fn under(policy: &str) -> Conversation {
    let talk = Conversation::begin().await;
    talk.knows(&["lee", "noor"]).await;
    assert!(talk.product.run(&["people", "role", "Noor", "approver"]).0);
    let file = std::env::temp_dir().join(format!("approvals-{}-{}.toml", std::process::id(), policy.len()));
    std::fs::write(&file, policy).unwrap();
    let (went_well, told) = talk.product.run(&["policy", "set", file.to_str().unwrap()]);
    assert!(went_well, "{told}");
    talk
}

async fn votes(talk: &Conversation) -> i64 {
    let known = "SELECT count(*) FROM approval_votes WHERE channel = 'slack' AND shown_hash IS NOT NULL";
    talk.number(known).await
}

#[tokio::test]
async fn legal_decides_first_and_then_the_board() {
    let talk = under(TWO_STAGES).await;
    let lonely = std::env::temp_dir().join(format!("lonely-{}.toml", std::process::id()));
    std::fs::write(&lonely, TWO_STAGES.replace("\"Noor\"", "\"Nobody Atall\"")).unwrap();
    let (went_well, told) = talk.product.run(&["policy", "set", lonely.to_str().unwrap()]);
    assert!(
        !went_well && told.contains("The stage Legal of the rule deals needs 1 of legal, and 0 may"),
        "{told}"
    );
    let (_, told) = talk.product.run(&["policy", "simulate", "three deals"]);
    assert!(told.contains("1 of legal: Noor"), "{told}");
    let request = talk.proposes().await;
    assert!(request.words().contains("Legal: 0 of 1 legal"), "{}", request.words());
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "does not need your decision now").await;
    talk.presses("noor", &request, "Approve").await;
    // The next stage's people are asked once it begins, and every copy says how far it is.
    let private = talk.slack.wait_for("the request in private", LIMIT, |w| {
        w.dms("lee").into_iter().find(|m| m.words().contains("Board: 0 of 1 admin")).cloned()
    });
    let private = found(private.await);
    assert_eq!(talk.number("SELECT count(*) FROM deals").await, 0);
    talk.presses("noor", &request, "Approve").await;
    talk.is_told("noor", "That counts once").await;
    talk.presses("lee", &private, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
    assert_eq!((votes(&talk).await, talk.number("SELECT count(*) FROM deals").await), (2, 2));
}

#[tokio::test]
async fn two_who_press_at_once_both_count_and_there_is_one_effect() {
    let talk = under(TWO_APPROVERS).await;
    let request = talk.proposes().await;
    tokio::join!(
        talk.presses("lee", &request, "Approve"),
        talk.presses("noor", &request, "Approve"),
        talk.presses("noor", &request, "Approve"),
        talk.presses("dana", &request, "Approve"),
        talk.presses("lee", &request, "Approve"),
    );
    talk.sees("2 deals created").await;
    talk.ends().await;
    assert_eq!((votes(&talk).await, talk.number("SELECT count(*) FROM deals").await), (2, 2));
    let decided = "SELECT count(*) FROM audit_entries WHERE action = 'approval.decided'";
    assert_eq!(talk.number(decided).await, 1);
}

#[tokio::test]
async fn who_stands_in_for_the_requester_cannot_decide() {
    let talk = under(TWO_STAGES).await;
    let request = talk.proposes().await;
    let (went_well, told) = talk.product.run(&["policy", "delegate", "Dana", "Noor"]);
    assert!(went_well, "{told}");
    talk.presses("noor", &request, "Approve").await;
    talk.is_told("noor", "You stood in for whoever sent this request").await;
    talk.types("dana", "/deal cancel").await;
    talk.sees("Withdrawn by Dana").await;
    talk.ends().await;
    assert_eq!(votes(&talk).await, 0);
}

/// Whether somebody waits for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";

#[tokio::test]
async fn a_stand_in_who_is_sent_home_between_press_and_commit_does_not_decide() {
    let talk = under(TWO_STAGES).await;
    let (went_well, told) = talk.product.run(&["policy", "delegate", "Noor", "Lee"]);
    assert!(went_well, "{told}");
    let request = talk.proposes().await;
    // The press is judged while Lee stands in; its commit has to wait for the request, which is held here.
    let mut holder = talk.database.owner().await;
    sqlx::raw_sql("BEGIN; SELECT 1 FROM approvals FOR UPDATE").execute(&mut holder).await.unwrap();
    talk.presses("lee", &request, "Approve").await;
    eventually("the vote waiting to be kept", async || talk.number(WAITING).await > 0).await;
    sqlx::raw_sql("UPDATE approval_delegations SET ends_at = now() - interval '1 second'; COMMIT")
        .execute(&mut holder)
        .await
        .unwrap();
    talk.is_told("lee", "does not need your decision now").await;
    assert_eq!(votes(&talk).await, 0);
    talk.presses("noor", &request, "Approve").await;
    eventually("Noor's own vote", async || votes(&talk).await == 1).await;
    let audited = "SELECT count(*) FROM audit_entries WHERE action = 'approval.voted'";
    assert_eq!(talk.number(audited).await, 1);
}

#[tokio::test]
async fn the_policy_is_asked_and_somebody_stands_in_from_the_chat() {
    let talk = under(TWO_STAGES).await;
    talk.types("dana", "/deal who must approve two deals?").await;
    let told = talk.is_told("dana", "Who has to approve").await.words();
    assert!(told.contains("1. Legal") && told.contains("Noor"), "{told}");
    talk.types("dana", "/deal policy").await;
    let told = talk.is_told("dana", "Who approves what (policy 1)").await.words();
    assert!(told.contains("then"), "{told}");

    // A member has nothing to hand on; an approver hands it to approvers alone, and takes it back.
    talk.types("dana", "/deal delegate to Noor").await;
    talk.is_told("dana", "That takes an approver").await;
    talk.types("noor", "/deal delegate to Dana for 3 days").await;
    talk.is_told("noor", "may not decide on requests").await;
    talk.types("noor", "/deal delegate to Noor").await;
    talk.is_told("noor", "You decide for yourself already").await;
    talk.types("noor", "/deal delegate to Lee for 400 days").await;
    talk.is_told("noor", "for 1 to 90 days").await;
    assert_eq!(talk.number("SELECT count(*) FROM approval_delegations").await, 0);
    talk.types("noor", "/deal delegate to Lee for 3 days").await;
    talk.is_told("noor", "decides in your place until").await;
    let audited = "SELECT count(*) FROM audit_entries WHERE action = 'approvals.delegated'";
    assert_eq!(talk.number(audited).await, 1);
    talk.types("noor", "/deal delegate to nobody").await;
    talk.is_told("noor", "Nobody decides in your place any more").await;
    assert_eq!(talk.number("SELECT count(*) FROM approval_delegations WHERE ends_at > now()").await, 0);
}

const CHASED: &str = r#"
remind_after_hours = [4, 8]
[hours]
zone = "UTC"
from = 0
to = 24
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[escalate]
after_hours = 30
to = [{ role = "admin" }]
[groups]
legal = ["Noor"]
[[rules]]
name = "deals"
stages = [{ name = "Legal", need = [{ group = "legal" }] }]
"#;

#[tokio::test]
async fn who_does_not_decide_is_reminded_once_and_then_others_are_asked_as_well() {
    let mut talk = under(CHASED).await;
    talk.proposes().await;
    let reminders = "SELECT count(*) FROM approval_reminders";
    assert_eq!(talk.number(reminders).await, 0);
    // Nine hours later, of which nothing ran: one reminder, the second.
    talk.changes("UPDATE approvals SET requested_at = requested_at - interval '9 hours'").await;
    talk.product = talk.product.again(&[]).await;
    talk.slack.deliver_to(&talk.product.url);
    let reminded = talk.slack.wait_for("a reminder", LIMIT, |w| {
        w.dms("noor").into_iter().find(|m| m.words().contains("Still waiting for you")).cloned()
    });
    found(reminded.await);
    assert_eq!(talk.number(reminders).await, 1);
    assert_eq!(talk.number("SELECT number::bigint FROM approval_reminders").await, 2);
    // The board is asked as well after thirty; it decides, and there is one effect.
    talk.changes("UPDATE approvals SET requested_at = requested_at - interval '22 hours'").await;
    talk.product = talk.product.again(&[]).await;
    talk.slack.deliver_to(&talk.product.url);
    let escalated = talk.slack.wait_for("the request for somebody else", LIMIT, |w| {
        w.dms("lee")
            .into_iter()
            .find(|m| m.words().contains("Nobody decided in time, so Admin and Lee"))
            .cloned()
    });
    let escalated = found(escalated.await);
    talk.presses("lee", &escalated, "Approve").await;
    talk.sees("2 deals created").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM approval_escalations").await, 1);
    let audited =
        "SELECT count(*) FROM audit_entries WHERE action IN ('approval.reminded', 'approval.escalated')";
    assert_eq!(talk.number(audited).await, 2);
}

#[tokio::test]
async fn what_is_sent_back_says_what_to_change_and_nothing_is_created() {
    let talk = under(TWO_STAGES).await;
    let request = talk.proposes().await;
    let id = "SELECT count(*) FROM approvals WHERE state = 'returned' AND verdict = 'send_back'";
    let number: String =
        talk.text("SELECT right(replace(approval_id::text, '-', ''), 8) FROM approvals").await;
    talk.types("noor", &format!("/deal send back {number} because one of them is a competitor")).await;
    talk.sees("Sent back for changes").await;
    talk.presses("lee", &request, "Approve").await;
    talk.is_told("lee", "already sent back this").await;
    talk.ends().await;
    assert_eq!((talk.number(id).await, talk.number("SELECT count(*) FROM deals").await), (1, 0));
}

#[tokio::test]
async fn whoever_is_away_is_stood_in_for_by_whom_the_policy_names() {
    let talk = under(&format!("stand_ins = {{ Noor = \"Lee\" }}\n{TWO_STAGES}")).await;
    talk.types("lee", "/deal away until Friday").await;
    talk.is_told("lee", "does not say who decides for you").await;
    talk.types("noor", "/deal away for 3 days").await;
    talk.is_told("noor", "decides in your place until").await;
    talk.ends().await;
    assert_eq!(talk.number("SELECT count(*) FROM approval_delegations WHERE ends_at > now()").await, 1);
}
