//! The audit chain: whatever is altered, removed, reordered or cut off is found.

use chrono::Utc;
use domain::ids::Ids;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use storage::audit::{self, Act};
use storage::{Db, workspaces};
use tests::database::Database;
use tests::people::HOME;

async fn ten_entries(db: &Db) {
    workspaces::create_tenant(db, HOME, "Home").await.unwrap();
    for n in 0..10 {
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        let act = Act {
            at: Utc::now(),
            actor: "person:dana",
            action: "deal.noted",
            subject: "deal:1",
            detail: json!({"n": n, "text": "5 % \"off\" – ü", "sum": 1.5}),
        };
        audit::append(&mut tx, act).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_untouched_chain_holds() {
    let database = Database::fresh().await;
    let db = database.open().await;
    ten_entries(&db).await;
    let nowhere = std::env::temp_dir().join("dealdesk-no-anchors");
    let checked = audit::verify(&db, HOME, &nowhere).await.unwrap();
    assert_eq!((checked.entries, checked.fault), (10, None));
}

#[tokio::test]
async fn every_tampering_is_found() {
    let tamperings = [
        "UPDATE audit_entries SET detail = '{\"n\":4}' WHERE seq = 4",
        "UPDATE audit_entries SET actor = 'person:lee' WHERE seq = 10",
        "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE seq = 1",
        "UPDATE audit_entries SET hash = sha256('x') WHERE seq = 5",
        "DELETE FROM audit_entries WHERE seq = 6",
        "DELETE FROM audit_entries WHERE seq > 8",
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE seq IN (2, 3);
         UPDATE audit_entries SET seq = seq - 100 WHERE seq > 100",
    ];
    let nowhere = std::env::temp_dir().join("dealdesk-no-anchors");
    for tampering in tamperings {
        let database = Database::fresh().await;
        let db = database.open().await;
        ten_entries(&db).await;
        let mut owner = database.owner().await;
        owner.execute(AssertSqlSafe(tampering)).await.unwrap();
        let checked = audit::verify(&db, HOME, &nowhere).await.unwrap();
        assert!(checked.fault.is_some(), "not found: {tampering}");
    }
}

#[tokio::test]
async fn a_tail_cut_off_together_with_its_head_is_found_by_the_anchor() {
    let database = Database::fresh().await;
    let db = database.open().await;
    ten_entries(&db).await;
    let file = std::env::temp_dir().join(format!("dealdesk-anchors-{}", Ids::random().next()));
    audit::anchor(&db, HOME, Utc::now(), &file).await.unwrap();
    let mut owner = database.owner().await;
    owner
        .execute(
            "DELETE FROM audit_entries WHERE seq > 7;
             UPDATE audit_heads SET seq = 7, hash = (SELECT hash FROM audit_entries WHERE seq = 7)",
        )
        .await
        .unwrap();
    let fault = audit::verify(&db, HOME, &file).await.unwrap().fault.unwrap();
    std::fs::remove_file(file).unwrap();
    assert!(fault.contains("entry 10 was written down outside"), "{fault}");
}

#[tokio::test]
async fn the_application_cannot_rewrite_the_log() {
    let database = Database::fresh().await;
    let db = database.open().await;
    ten_entries(&db).await;
    for sql in ["UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"]
    {
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        let error = tx.execute(sql).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{sql}: {error}");
    }
}
