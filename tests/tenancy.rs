//! The wall between tenants: the eleven ways around row-level security, each tried.

use domain::card::Card;
use domain::ids::{Ids, TenantId};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use storage::Db;
use tests::database::Database;
use tests::people::team;

/// Two tenants with three people each.
async fn two_tenants(db: &Db) -> (TenantId, TenantId) {
    let ids = Ids::random();
    let (one, other) = (TenantId(ids.next()), TenantId(ids.next()));
    team(db, one, &ids).await;
    team(db, other, &ids).await;
    (one, other)
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// A connection as the application's role.
async fn app(database: &Database) -> PgConnection {
    PgConnection::connect_with(&database.access().app).await.unwrap()
}

/// Every table but the directory's, the schema's own and the secret holds rows of tenants.
const SHARED_TABLES: [&str; 4] = ["companies", "company_imports", "directory_version", "_sqlx_migrations"];

#[tokio::test]
async fn every_table_of_tenants_has_forced_row_level_security() {
    let database = Database::fresh().await;
    let mut owner = database.owner().await;
    let tables: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(tables.len() > 15);
    for (name, is_on, is_forced, has_tenant) in tables {
        if SHARED_TABLES.contains(&name.as_str()) {
            assert!(!has_tenant, "{name} holds rows of tenants");
            continue;
        }
        assert!(is_on && is_forced && has_tenant, "{name} is not behind the wall");
    }
}

#[tokio::test]
async fn no_role_of_ours_owns_a_table_or_bypasses_the_wall() {
    let database = Database::fresh().await;
    let mut owner = database.owner().await;
    let bad =
        "SELECT count(*) FROM pg_roles r WHERE r.rolname LIKE 'dealdesk%' AND (r.rolsuper OR r.rolbypassrls
               OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid)
               OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid))";
    assert_eq!(count(&mut owner, bad).await, 0);
}

#[tokio::test]
async fn without_a_tenant_nothing_is_seen() {
    let database = Database::fresh().await;
    two_tenants(&database.open().await).await;
    let mut app = app(&database).await;
    assert_eq!(count(&mut app, "SELECT count(*) FROM people").await, 0);
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_only() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (one, other) = two_tenants(&db).await;
    for tenant in [one, other] {
        let mut tx = db.tenant(tenant).begin().await.unwrap();
        let seen: Vec<uuid::Uuid> =
            sqlx::query_scalar("SELECT tenant_id FROM people").fetch_all(&mut *tx).await.unwrap();
        assert_eq!(seen, [tenant.0; 3]);
    }
}

#[tokio::test]
async fn the_setting_does_not_outlive_its_transaction() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (one, _) = two_tenants(&db).await;
    let proof = proof(&database, one).await;
    let mut app = app(&database).await;
    let enter = format!(
        "BEGIN; SELECT set_config('dealdesk.tenant', '{one}', true), set_config('dealdesk.proof', '{proof}', true)"
    );
    app.execute(AssertSqlSafe(enter)).await.unwrap();
    assert_eq!(count(&mut app, "SELECT count(*) FROM people").await, 3);
    app.execute("COMMIT").await.unwrap();
    // What SET LOCAL leaves behind is an empty text, which must read as "no tenant", not as an error.
    assert_eq!(count(&mut app, "SELECT count(*) FROM people").await, 0);
}

#[tokio::test]
async fn naming_another_tenant_without_its_proof_fails() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (one, other) = two_tenants(&db).await;
    let proof = proof(&database, one).await;
    let mut app = app(&database).await;
    for proof in ["", "00", &proof] {
        let set = format!(
            "SELECT set_config('dealdesk.tenant', '{other}', false), set_config('dealdesk.proof', '{proof}', false)"
        );
        app.execute(AssertSqlSafe(set)).await.unwrap();
        let error = app.fetch_all("SELECT * FROM people").await.unwrap_err();
        assert!(error.to_string().contains("tenant not proved"), "{error}");
    }
    let secret = app.fetch_all("SELECT secret FROM guard.secret").await.unwrap_err();
    assert!(secret.to_string().contains("permission denied"));
}

#[tokio::test]
async fn rows_cannot_be_written_for_another_tenant() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (one, other) = two_tenants(&db).await;
    let mut tx = db.tenant(one).begin().await.unwrap();
    let insert = format!(
        "INSERT INTO people (person_id, tenant_id, name, role) VALUES (gen_random_uuid(), '{other}', 'Eve', 'admin')"
    );
    let error = tx.execute(AssertSqlSafe(insert)).await.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    drop(tx);
    let mut tx = db.tenant(one).begin().await.unwrap();
    let moved = format!("UPDATE people SET tenant_id = '{other}'");
    assert!(tx.execute(AssertSqlSafe(moved)).await.is_err());
    drop(tx);
    let mut tx = db.tenant(one).begin().await.unwrap();
    let promoted = format!("UPDATE people SET role = 'admin' WHERE tenant_id = '{other}'");
    assert_eq!(tx.execute(AssertSqlSafe(promoted)).await.unwrap().rows_affected(), 0);
}

#[tokio::test]
async fn no_view_and_no_function_opens_a_way_around() {
    let database = Database::fresh().await;
    let mut owner = database.owner().await;
    let views = "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                 AND (c.relkind = 'm' OR c.relkind = 'v'
                      AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))";
    assert_eq!(count(&mut owner, views).await, 0, "a view that shows every tenant's rows");
    let functions: Vec<String> = sqlx::query_scalar(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND n.nspname IN ('public', 'guard') ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    // Each is known to give away no row of a tenant.
    assert_eq!(functions, ["guard.applied(bigint[])", "guard.tenant()"]);
}

#[tokio::test]
async fn unique_keys_do_not_tell_what_other_tenants_have() {
    let database = Database::fresh().await;
    let mut owner = database.owner().await;
    let rows = owner
        .fetch_all(
            "SELECT c.relname AS of, i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS def
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
             WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity",
        )
        .await
        .unwrap();
    // Keys without the tenant must be random numbers of ours, hashes, or the channel's own names, which
    // belong to one tenant and are never chosen by another.
    let harmless =
        ["_id)", "(hash)", "plan_id,", "deal_id, seq", "message_id)", "(channel, workspace, external_id)"];
    let known = ["inbox_event", "inbox_natural", "workspaces_pkey"];
    for row in rows {
        let (name, def): (String, String) = (row.get("name"), row.get("def"));
        let is_fine = def.contains("(tenant_id")
            || known.contains(&name.as_str())
            || harmless.iter().any(|part| def.contains(part));
        assert!(is_fine, "{name}: {def}");
    }
}

#[tokio::test]
async fn a_failed_transaction_leaves_the_pool_without_a_tenant() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let (one, other) = two_tenants(&db).await;
    for round in 0..40 {
        let tenant = if round % 2 == 0 { one } else { other };
        let mut tx = db.tenant(tenant).begin().await.unwrap();
        if round % 3 == 0 {
            tx.execute("SELECT 1 / 0").await.unwrap_err();
            continue;
        }
        let people = storage::people::list(&mut tx).await.unwrap();
        assert!(people.iter().all(|person| person.tenant == tenant));
        assert_eq!(people.len(), 3);
        if round % 3 == 1 {
            tx.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn foreign_ids_find_nothing() {
    let database = Database::fresh().await;
    let db = database.open().await;
    let ids = Ids::random();
    let (one, other) = (TenantId(ids.next()), TenantId(ids.next()));
    team(&db, one, &ids).await;
    let [dana, lee, _] = team(&db, other, &ids).await;
    let mut tx = db.tenant(one).begin().await.unwrap();
    assert_eq!(storage::people::get(&mut tx, dana.id).await.unwrap(), None);
    assert_eq!(storage::people::by_email(&mut tx, "lee@example.test").await.unwrap().unwrap().tenant, one);
    assert!(storage::people::set_role(&mut tx, lee.id, domain::person::Role::Viewer).await.is_err());
    let plan = domain::ids::PlanId(ids.next());
    assert!(storage::plans::view(&mut tx, plan).await.is_err());
    let copies = sqlx::query("SELECT count(*) FROM messages WHERE card = $1")
        .bind(sqlx::types::Json(Card::text("x")))
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(copies.get::<i64, _>(0), 0);
}

/// The proof of a tenant, as only the owner and the system role can make it.
async fn proof(database: &Database, tenant: TenantId) -> String {
    let mut owner = database.owner().await;
    sqlx::query_scalar(
        "SELECT encode(sha256(secret || sha256(secret || convert_to($1, 'UTF8'))), 'hex') FROM guard.secret",
    )
    .bind(tenant.to_string())
    .fetch_one(&mut owner)
    .await
    .unwrap()
}
