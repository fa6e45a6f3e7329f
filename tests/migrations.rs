//! Migrations meet rows: each is applied to a database in which every table that exists by then has some.

use std::path::{Path, PathBuf};

use domain::ids::TenantId;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use storage::deals::{self, Wanted};
use storage::embedded::{self, Config};
use storage::{Access, Db, people};
use tests::database::Database;
use uuid::Uuid;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Rows for the tables that a migration made, by the migration's version. A migration that makes a table needs rows
/// here; the test says so when they are missing.
pub(crate) const SAMPLES: &[(i64, &str)] = &[
    (
        20_261_122_100_000,
        "INSERT INTO tenants VALUES ('00000000-0000-0000-0000-00000000000a', 'Acme');
         INSERT INTO workspaces (channel, external_id, tenant_id, bot_user, token)
         VALUES ('slack', 'T0', '00000000-0000-0000-0000-00000000000a', 'U0', '\\x01');
         INSERT INTO people (person_id, tenant_id, name, email, role) VALUES
         ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'Dana', 'd@a.example', 'member'),
         ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000a', 'Lee', NULL, 'approver');
         INSERT INTO identities (tenant_id, channel, workspace, external_id, person_id)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'slack', 'T0', 'U1', '00000000-0000-0000-0000-000000000001');
         INSERT INTO credentials (hash, tenant_id, person_id, kind) VALUES
         ('\\x01', '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', 'token');
         INSERT INTO audit_entries VALUES
         ('00000000-0000-0000-0000-00000000000a', 1, now(), 'system', 'test', 'nothing', '{\"a\": 1}', '\\x01');
         INSERT INTO audit_heads VALUES ('00000000-0000-0000-0000-00000000000a', 1, '\\x01')",
    ),
    (
        20_261_122_100_100,
        "INSERT INTO inbox (inbound_id, channel, route, body) VALUES (gen_random_uuid(), 'slack', 'event', '{');
         INSERT INTO inbox (inbound_id, tenant_id, channel, route, workspace, event_key, natural_key, body, state)
         VALUES ('00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-00000000000a', 'slack', 'command', 'T0',
                 'e', 'n', 'x', 'done');
         INSERT INTO conversations (conversation_id, tenant_id, channel, workspace, room, person_id)
         VALUES ('00000000-0000-0000-0000-000000000012', '00000000-0000-0000-0000-00000000000a', 'slack', 'T0', 'C0',
                 '00000000-0000-0000-0000-000000000001');
         INSERT INTO plans (plan_id, tenant_id, conversation_id, requester_id, intent, state)
         VALUES ('00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000012', '00000000-0000-0000-0000-000000000001', '{}', 'waiting');
         INSERT INTO steps (step_id, tenant_id, plan_id, position, agent, action, input, after, pending, state)
         VALUES ('00000000-0000-0000-0000-000000000013', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000011', 0, 'planner', 'ask_approval', '{}', '{}', 0, 'waiting');
         INSERT INTO approvals (approval_id, tenant_id, plan_id, step_id, subject, payload, payload_hash, requested_by,
                                requested_at, expires_at, state)
         VALUES ('00000000-0000-0000-0000-000000000014', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-000000000013', 'create_deals', '{}', 'h',
                 '00000000-0000-0000-0000-000000000001', now(), now() + interval '1 day', 'open');
         INSERT INTO messages (message_id, tenant_id, plan_id, slot, channel, workspace, room, post_key, card)
         VALUES ('00000000-0000-0000-0000-000000000015', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000011', 'answer', 'slack', 'T0', 'C0', 'k', '{}');
         INSERT INTO outbox (outbox_id, tenant_id, plan_id, message_id, effect_key, urgency, card)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000011',
                 '00000000-0000-0000-0000-000000000015', 'k', 1, '{}');
         INSERT INTO idempotency (tenant_id, person_id, key, request_hash, inbound_id)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', 'k', '\\x01',
                 '00000000-0000-0000-0000-000000000011')",
    ),
    (
        20_261_122_100_200,
        "INSERT INTO partners (partner_id, tenant_id, company_id, name)
         VALUES ('00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-00000000000a', 'c1', 'Zahlwerk');
         INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, created_at, updated_at)
         VALUES ('00000000-0000-0000-0000-000000000022', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-000000000011', 'Zahlwerk', 'prospect',
                 now(), now(), now());
         INSERT INTO stage_changes (tenant_id, deal_id, seq, to_stage, at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000022', 1, 'prospect', now());
         INSERT INTO notes (note_id, tenant_id, deal_id, person_id, text, created_at)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000022',
                 '00000000-0000-0000-0000-000000000001', 'Called.', now())",
    ),
    (
        20_261_122_100_300,
        "INSERT INTO companies (id, name, country, tags) VALUES ('c1', 'Zahlwerk', 'DE', '{payments}');
         INSERT INTO company_imports (file_name, content_hash) VALUES ('a.csv', 'h')",
    ),
    (
        20_261_123_100_000,
        "INSERT INTO documents (document_id, tenant_id, name, created_by, created_at)
         VALUES ('00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-00000000000a', 'MSA.pdf',
                 '00000000-0000-0000-0000-000000000001', now());
         INSERT INTO versions (version_id, tenant_id, document_id, number, sha256, bytes, file_name, kind, author_id,
                               plan_id, created_at, text)
         VALUES ('00000000-0000-0000-0000-000000000022', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000021', 1, repeat('a', 64), 5, 'MSA.pdf', 'pdf',
                 '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000011', now(), '{}');
         INSERT INTO playbooks (tenant_id, number, positions, created_by, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 1, '{}', '00000000-0000-0000-0000-000000000001', now());
         INSERT INTO analyses (analysis_id, tenant_id, version_id, plan_id, playbook, is_partial, created_at)
         VALUES ('00000000-0000-0000-0000-000000000023', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000022', '00000000-0000-0000-0000-000000000011', 1, false, now());
         INSERT INTO extractions (tenant_id, analysis_id, row, term, state, confidence, reason)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000023', 0, 'parties', 'review', 0.5,
                 'unsure');
         INSERT INTO findings (tenant_id, analysis_id, row, term, family, verdict, severity, side, reason)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000023', 0, 'parties', 'adm', 'unclear', 10,
                 'unknown', 'unsure');
         INSERT INTO review_items (review_id, tenant_id, analysis_id, row, term, reason, confidence, opened_at, due_at)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000023', 0, 'parties', 'unsure', 0.5, now(), now());
         INSERT INTO answers (answer_id, tenant_id, analysis_id, term, state, person_id, at)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000023', 'parties', 'absent', '00000000-0000-0000-0000-000000000001', now());
         INSERT INTO acceptances (tenant_id, version_id, analysis_id, plan_id, accepted_by, accepted_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000022',
                 '00000000-0000-0000-0000-000000000023', '00000000-0000-0000-0000-000000000011',
                 '00000000-0000-0000-0000-000000000002', now())",
    ),
    (
        20_261_123_110_000,
        "INSERT INTO mails (tenant_id, message_id, thread, subject, title, is_ours)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'a@x', 'a@x', 'msa', 'Re: MSA', false);
         INSERT INTO mailboxes VALUES ('00000000-0000-0000-0000-00000000000a', 'deals@a.example', 1, 7)",
    ),
    (
        20_261_123_130_000,
        "INSERT INTO clauses (tenant_id, version_id, position, page, start_at, end_at, heading, body)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000022', 0, 1, 0, 9,
                 'Term', 'One year.')",
    ),
    (
        20_261_123_140_000,
        "INSERT INTO approval_policies (tenant_id, number, policy, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 1, '{}', now());
         INSERT INTO approval_delegations VALUES
         (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001',
          '00000000-0000-0000-0000-000000000002', now(), now() + interval '1 day', now());
         INSERT INTO approval_votes (tenant_id, approval_id, number, stage, seats, verdict, person_id, at, channel, route)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000014', 0, 0, '{0}', 'approve',
                 '00000000-0000-0000-0000-000000000002', now(), 'slack', 'interactive')",
    ),
    (
        20_261_123_170_100,
        "INSERT INTO reminders (tenant_id, version_id, notice_by, days_before, plan_id, reminded_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000022', '2027-01-01', 90,
                 '00000000-0000-0000-0000-000000000011', now())",
    ),
    (
        20_261_124_040_000,
        "INSERT INTO approval_reminders (tenant_id, approval_id, person_id, stage, number, at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000014',
                 '00000000-0000-0000-0000-000000000002', 0, 1, now());
         INSERT INTO approval_escalations (tenant_id, approval_id, stage, people, at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000014', 0,
                 '{00000000-0000-0000-0000-000000000002}', now())",
    ),
    (
        20_261_123_190_000,
        "INSERT INTO homes (tenant_id, workspace, user_key, person_id)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'T0', 'U1', '00000000-0000-0000-0000-000000000001')",
    ),
    (
        20_261_123_220_000,
        "INSERT INTO features (tenant_id, entity, feature, value, event_at, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'c1', 'geographic_fit', 1, now(), now());
         INSERT INTO model_versions (tenant_id, model, version, content, sha256, schema, trained_from, trained_until,
                                     dataset, seed, metrics, card, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'partner_fit_scorer', '1.0.0', '\\x01', repeat('a', 64), 's',
                 now(), now(), 'd', 1, '{}', 'card', now());
         INSERT INTO model_moves (tenant_id, model, alias, seq, version, reason, moved_by, moved_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'partner_fit_scorer', 'champion', 1, '1.0.0', '', 'shell', now());
         INSERT INTO impressions (tenant_id, plan_id, company_id, name, position, fit, rule_fit, scored_by, reasons,
                                  propensity, is_exploration, shown_to, shown_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000011', 'c1', 'Zahlwerk', 1, 80,
                 80, 'rules', '[]', 1, false, '00000000-0000-0000-0000-000000000001', now());
         INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, plan_id, at, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'fit', 'approval', 'x', 'c1', 1,
                 '00000000-0000-0000-0000-000000000011', now(), now());
         INSERT INTO datasets (tenant_id, dataset, model, cases, content, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'd', 'partner_fit_scorer', 1, '[]', now());
         INSERT INTO learning_runs (tenant_id, job, at, outcome)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'features', now(), '{}')",
    ),
    (
        20_261_124_000_000,
        "INSERT INTO connections (tenant_id, provider, account, secrets)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'hubspot', '1', '\\x01');
         INSERT INTO effects (effect_id, tenant_id, effect_key, provider, action, subject, payload)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', 'k', 'hubspot', 'upsert_deal', 'deal:1', '{}')",
    ),
    (
        20_261_124_000_100,
        "INSERT INTO events (tenant_id, seq, event_id, kind, version, subject, at, data)
         VALUES ('00000000-0000-0000-0000-00000000000a', 1, gen_random_uuid(), 'deal.moved', 1, 'deal:1', now(), '{}');
         INSERT INTO subscriptions (tenant_id, subscription_id, way, target)
         VALUES ('00000000-0000-0000-0000-00000000000a', gen_random_uuid(), 'webhook', 'https://a.example/in')",
    ),
    (
        20_261_124_020_000,
        "INSERT INTO crm_records (tenant_id, provider, object, remote_id, version)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'hubspot', 'deal', '1', now());
         INSERT INTO crm_cursors (tenant_id, provider, object, cursor)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'hubspot', 'deal', '{}');
         INSERT INTO crm_outcomes (tenant_id, provider, slot)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'hubspot', now())",
    ),
    (
        20_261_124_010_000,
        "INSERT INTO llm_calls (call_id, tenant_id, person_id, plan_id, purpose, provider, model, region, prompt_name,
                                prompt_version, prompt_sha256, prompt, hop, reserved_micro, month, day, created_at, state)
         VALUES ('00000000-0000-0000-0000-000000000031', '00000000-0000-0000-0000-00000000000a',
                 '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000011', 'intent', 'anthropic',
                 'm', 'us', 'planner/intent', 1, repeat('a', 64), 'hello', 0, 900, '2026-11-01', '2026-11-24', now(),
                 'sent');
         INSERT INTO llm_spend (tenant_id, scope, subject, period, reserved_micro, cap_micro)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'tenant', '00000000-0000-0000-0000-00000000000a',
                 '2026-11-01', 900, 1000);
         INSERT INTO llm_cache (tenant_id, key, call_id, answer, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', '\\x01', '00000000-0000-0000-0000-000000000031', '{}', now());
         INSERT INTO llm_rules (tenant_id, allowed) VALUES ('00000000-0000-0000-0000-00000000000a', '{anthropic}')",
    ),
    (
        20_261_124_030_000,
        "INSERT INTO envelopes (envelope_id, tenant_id, provider, document_id, version_id, sha256, name, plan_id, signers,
                                asked_by, approved_by, created_at)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', 'docusign',
                 '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-000000000022', repeat('a', 64),
                 'MSA.pdf', '00000000-0000-0000-0000-000000000011', '[]', '00000000-0000-0000-0000-000000000001',
                 '00000000-0000-0000-0000-000000000002', now());
         INSERT INTO envelope_messages (tenant_id, body_hash, body, received_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'h', '\\x01', now())",
    ),
    (
        20_261_124_030_100,
        "INSERT INTO enrichments (tenant_id, domain, provider, facts, is_match, fetched_at, expires_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 'acme.example', 'apollo', '[]', true, now(), now());
         INSERT INTO enrichment_calls (call_id, tenant_id, domain, provider, begun_at, cost_micros)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', 'acme.example', 'apollo', now(), 1)",
    ),
    (
        20_261_124_110_000,
        "INSERT INTO screening_rules (tenant_id, number, rules, created_at)
         VALUES ('00000000-0000-0000-0000-00000000000a', 1, '{}', now());
         INSERT INTO holds (step_id, tenant_id, plan_id, person_id, kinds, shown, held_at)
         SELECT gen_random_uuid(), tenant_id, plan_id, requester_id, '{IBAN_CODE}', 'pay to …', now() FROM plans LIMIT 1;
         INSERT INTO security_events (event_id, tenant_id, at, kind, severity, subject, detail)
         VALUES (gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', now(), 'message_held', 'notice', 'plan:1', '{}')",
    ),
];

/// How many rows each table has.
async fn rows(owner: &mut PgConnection) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND relname <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&mut *owner)
    .await
    .unwrap();
    let mut counted = Vec::new();
    for table in tables {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *owner).await.unwrap();
        counted.push((table, count));
    }
    counted
}

/// Applies all migrations one by one to a database with rows; the product then reads those rows.
async fn each_migration_keeps_the_rows(login: PgConnectOptions, access: Access) {
    let mut owner = login.connect().await.unwrap();
    let all: Vec<_> = MIGRATIONS.iter().cloned().collect();
    for n in 1..=all.len() {
        let (before, new) = (if n > 1 { rows(&mut owner).await } else { Vec::new() }, &all[n - 1]);
        let upto = Migrator::with_migrations(all[..n].to_vec());
        upto.run(&mut owner)
            .await
            .unwrap_or_else(|why| panic!("{} on a database with rows: {why}", new.version));
        let after = rows(&mut owner).await;
        for kept in &before {
            assert!(after.contains(kept), "{} changed how many rows {} has", new.version, kept.0);
        }
        if let Some((_, sql)) = SAMPLES.iter().find(|(version, _)| *version == new.version) {
            sqlx::raw_sql(*sql).execute(&mut owner).await.unwrap();
        }
        for (table, count) in rows(&mut owner).await {
            assert!(count > 0, "{table} has no sample rows: add some for migration {}", new.version);
        }
    }
    let db = Db::open(&access).await.unwrap();
    let tenant = TenantId(Uuid::from_u128(0xa));
    let mut tx = db.tenant(tenant).begin().await.unwrap();
    assert_eq!(people::list(&mut tx).await.unwrap().len(), 2);
    assert_eq!(deals::list(&mut tx, Wanted::default()).await.unwrap().len(), 1);
    drop(tx);
    db.close().await;
}

#[tokio::test]
async fn each_migration_meets_rows() {
    let database = Database::empty().await;
    each_migration_keeps_the_rows(database.login(), database.access()).await;
}

#[tokio::test]
async fn each_migration_meets_rows_on_the_oldest_server_we_support() {
    let bin = PathBuf::from("/usr/lib/postgresql/15/bin");
    if !bin.join("initdb").exists() {
        println!("skipped: no Postgres 15 is installed here (Debian: postgresql-15)");
        return;
    }
    let home = std::env::temp_dir().join(format!("dealdesk-migrations-{}", std::process::id()));
    let config =
        Config { bin: Some(bin), ..Config::from_environment(home.clone(), |name| std::env::var_os(name)) };
    let server = embedded::start(&config).await.unwrap();
    let login = server.connect_options();
    each_migration_keeps_the_rows(login.clone(), Access::from_own_server(login)).await;
    let data = std::fs::canonicalize(home.join("postgres"));
    server.stop().await.unwrap();
    for folder in data.into_iter().chain([home]) {
        std::fs::remove_dir_all(folder).ok();
    }
}

#[test]
fn migrations_go_forward_only_and_say_what_they_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    let known = regex::Regex::new(r"^\d{14}_[a-z]+(_[a-z]+)+\.sql$").unwrap();
    for name in &names {
        assert!(known.is_match(name), "{name} is not called <time>_<verb>_<noun>.sql");
    }
    assert_eq!(names.len(), MIGRATIONS.iter().count());
}
