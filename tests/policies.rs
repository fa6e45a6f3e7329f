//! Approvals under a team's own policy: several people, one after the other or at once, one effect.

use tests::conversation::{Conversation, LIMIT, found};

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
