//! A team as files and back: every table stands in one of two lists, and what comes in elsewhere goes out the same.

use std::path::{Path, PathBuf};

use chrono::Utc;
use domain::ids::TenantId;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use storage::objects::{Digest, Objects};
use storage::transfer::tables::{KEPT, LEFT};
use storage::transfer::{Failure, Manifest, export, import};
use tests::database::Database;
use tests::product::Product;
use uuid::Uuid;

use crate::console::start;
use crate::migrations::SAMPLES;

/// The tenant of the samples.
const ACME: TenantId = TenantId(Uuid::from_u128(0xa));
const ORIGINAL: &[u8] = b"%PDF-1.4 a contract";

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dealdesk-{name}-{}", Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A database with rows in every table, and where its originals are.
async fn sampled() -> (Database, Objects) {
    let database = Database::fresh().await;
    let mut owner = database.owner().await;
    for (version, sql) in SAMPLES {
        let done = sqlx::raw_sql(AssertSqlSafe(*sql)).execute(&mut owner).await;
        done.unwrap_or_else(|error| panic!("{version}: {error}"));
    }
    let objects = Objects::in_folder(&folder("objects")).unwrap();
    let digest = objects.put(ACME, ORIGINAL).await.unwrap();
    sqlx::query("UPDATE versions SET sha256 = $1")
        .bind(digest.to_string())
        .execute(&mut owner)
        .await
        .unwrap();
    (database, objects)
}

#[tokio::test]
async fn every_table_of_tenants_moves_or_stays_for_a_reason() {
    let database = Database::fresh().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .fetch_all(&mut database.owner().await)
    .await
    .unwrap();
    let left = |name: &str| LEFT.iter().any(|(known, why)| *known == name && !why.is_empty());
    for name in &tables {
        assert!(KEPT.contains(&name.as_str()) != left(name), "{name} has to stand in KEPT or in LEFT");
    }
    assert_eq!(tables.len(), KEPT.len() + LEFT.len(), "the lists name tables that are there");
    let dangling: Vec<(String, String)> = sqlx::query_as(
        "SELECT f.relname::text, t.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid
         JOIN pg_class t ON t.oid = k.confrelid
         WHERE k.contype = 'f' AND f.relname = ANY ($1) AND NOT t.relname = ANY ($1) AND t.relname <> 'tenants'",
    )
    .bind(KEPT)
    .fetch_all(&mut database.owner().await)
    .await
    .unwrap();
    assert_eq!(dangling, [], "what moves points only at what moves");
    let sealed: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relname = ANY ($1) AND a.attnum > 0 AND a.atttypid = 'bytea'::regtype ORDER BY 1, 2",
    )
    .bind(KEPT)
    .fetch_all(&mut database.owner().await)
    .await
    .unwrap();
    let named: Vec<String> = sealed.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    // Hashes and models are no secrets, the others stay here; whatever comes new has to be looked at.
    let known = [
        "audit_entries.hash",
        "audit_heads.hash",
        "connections.secrets",
        "connections.token",
        "model_versions.content",
        "subscriptions.secret",
    ];
    assert_eq!(named, known);
}

#[tokio::test]
async fn rows_of_every_kind_come_in_elsewhere_and_go_out_the_same() {
    let (database, objects) = sampled().await;
    let (one, other) = (folder("one"), folder("other"));
    let db = database.open().await;
    let written = export::write(&db, &objects, (ACME, &one), Utc::now()).await.unwrap();
    let empty: Vec<_> =
        written.files.iter().filter(|(_, facts)| facts.rows == 0).map(|(name, _)| name).collect();
    assert!(empty.iter().all(|name| *name == "companies"), "samples of {empty:?} are missing");
    assert_eq!(written.originals.keys().cloned().collect::<Vec<_>>(), [Digest::of(ORIGINAL).to_string()]);
    let text = std::fs::read_to_string(one.join("connections.jsonl")).unwrap();
    let connection: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    for (table, secret) in [("connections", "secrets"), ("connections", "token"), ("subscriptions", "secret")]
    {
        let text = std::fs::read_to_string(one.join(format!("{table}.jsonl"))).unwrap();
        assert!(!text.contains(&format!("\"{secret}\":")), "{table} has its {secret}");
    }
    assert_eq!(connection["state"], json!("revoked"));

    let second = Database::fresh().await;
    let there = second.open().await;
    let kept = Objects::in_folder(&folder("kept")).unwrap();
    let manifest = import::check(&one).unwrap();
    import::bring(&there, &kept, (&manifest, &one)).await.unwrap();
    assert_eq!(kept.get(ACME, Digest::of(ORIGINAL)).await.unwrap(), ORIGINAL);
    let again = export::write(&there, &kept, (ACME, &other), Utc::now()).await.unwrap();
    assert_eq!(again.files, written.files);
    assert_eq!(again.originals, written.originals);

    let refused = import::bring(&there, &kept, (&manifest, &one)).await.unwrap_err();
    assert!(matches!(&refused, Failure::NotEmpty(table) if table == "people"), "{refused}");
    let refused = export::write(&there, &kept, (ACME, &other), Utc::now()).await.unwrap_err();
    assert!(matches!(refused, Failure::Occupied(_)));
}

#[tokio::test]
async fn what_was_altered_is_refused_before_anything_is_changed() {
    let (database, objects) = sampled().await;
    let db = database.open().await;
    let damage = async |name: &str, harm: &dyn Fn(&Path)| {
        let folder = folder(name);
        export::write(&db, &objects, (ACME, &folder), Utc::now()).await.unwrap();
        harm(&folder);
        import::check(&folder).unwrap_err()
    };
    let add = |file: &str| {
        let file = file.to_owned();
        move |folder: &Path| {
            let path = folder.join(&file);
            let text = std::fs::read(&path).unwrap();
            std::fs::write(&path, [&text, b" ".as_slice()].concat()).unwrap();
        }
    };
    let told = damage("row", &add("notes.jsonl")).await;
    assert!(matches!(told, Failure::Altered(_)), "{told}");
    let told = damage("original", &add(&format!("originals/{}", Digest::of(ORIGINAL)))).await;
    assert!(matches!(told, Failure::Altered(_)), "{told}");
    let told = damage("cut", &|folder| std::fs::remove_file(folder.join("deals.jsonl")).unwrap()).await;
    assert!(matches!(told, Failure::File { .. }), "{told}");
    let told = damage("newer", &|folder| edit(folder, |manifest| manifest["schema"] = json!(1))).await;
    assert!(told.to_string().contains("use the same version of Dealdesk"), "{told}");
    let other = |manifest: &mut Value| manifest["files"]["credentials"] = json!({ "rows": 0, "sha256": "" });
    let told = damage("odd", &|folder| edit(folder, other)).await;
    assert!(told.to_string().contains("credentials"), "{told}");
    let climbing = |manifest: &mut Value| manifest["originals"]["../../etc/passwd"] = json!(1);
    let told = damage("climbing", &|folder| edit(folder, climbing)).await;
    assert!(matches!(told, Failure::Altered(_)), "{told}");
}

fn edit(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    std::fs::write(&path, manifest.to_string()).unwrap();
}

/// Another command of the program on another database and data folder.
fn elsewhere(product: &Product, (database, home): (&Database, &Path), arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(tests::product::program());
    command.env("DEALDESK_HOME", home).env("DATABASE_URL", database.url()).args(arguments);
    let output = command.env_remove("OBJECT_STORE_URL").output().unwrap();
    assert_ne!(product.home(), home);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_moves_by_two_commands_and_its_audit_chain_holds_there() {
    let (database, second) = (Database::fresh().await, Database::fresh().await);
    let product = start(&database).await;
    for name in ["Lee", "Noor"] {
        assert!(product.run(&["people", "add", name, "--role", "approver"]).0);
    }
    let (one, other, home) = (folder("moved"), folder("again"), folder("home"));
    let (done, said) = product.run(&["export", "--all", one.to_str().unwrap()]);
    assert!(done && said.contains("3 people"), "{said}");

    let at = (&second, home.as_path());
    let (done, said) = elsewhere(&product, at, &["import", "--all", one.to_str().unwrap()]);
    assert!(done && said.contains("The audit chain holds"), "{said}");
    let (done, said) = elsewhere(&product, at, &["audit", "verify"]);
    assert!(done && said.contains("the chain holds"), "{said}");
    let (done, said) = elsewhere(&product, at, &["export", "--all", other.to_str().unwrap()]);
    assert!(done, "{said}");
    let manifest = |folder: &Path| -> Manifest {
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
    };
    assert_eq!(manifest(&other).files, manifest(&one).files);
    let (done, said) = elsewhere(&product, at, &["import", "--all", one.to_str().unwrap()]);
    assert!(!done && said.contains("Nothing was changed: there is a team already"), "{said}");
    let (done, link) = elsewhere(&product, at, &["people", "link", "Lee"]);
    assert!(done && link.contains("/sign-in?token="), "{link}");
}
