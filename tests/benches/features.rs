//! How long the features of 10,000 partners take: the companies we ship, many times over, half of them with a deal that
//! moved and a note.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails loudly")]

use std::time::Instant;

use agents::learning::partners;
use domain::clock::Clock;
use domain::ids::Ids;
use sqlx::{AssertSqlSafe, Executor};
use storage::directory::import::{ImportOptions, import_file};
use tests::database::Database;
use tests::people::{HOME, team};

const PARTNERS: i32 = 10_000;

#[tokio::main]
async fn main() {
    let database = Database::fresh().await;
    let (db, ids, clock) = (database.open().await, Ids::random(), Clock::system());
    let [dana, ..] = team(&db, HOME, &ids).await;
    let shipped =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/directory/companies.csv");
    let options = ImportOptions::new("companies.csv", clock.now());
    import_file(db.directory(), &shipped, &options, |_| ()).await.unwrap();
    let (home, dana) = (HOME, dana.id);
    let sql = format!(
        "INSERT INTO companies (id, name, description, sector, industry_group, industry, country, city, market_cap, tags)
         SELECT id || '-' || n, name || ' ' || n, description, sector, industry_group, industry, country, city, market_cap,
                tags
         FROM companies CROSS JOIN generate_series(1, 25) n;
         INSERT INTO partners (partner_id, tenant_id, company_id, name)
         SELECT gen_random_uuid(), '{home}', id, name FROM companies WHERE id LIKE '%-%' LIMIT {PARTNERS};
         INSERT INTO conversations (conversation_id, tenant_id, channel, workspace, room, person_id)
         VALUES ('00000000-0000-0000-0000-00000000000c', '{home}', 'web', 'w', 'r', '{dana}');
         INSERT INTO plans (plan_id, tenant_id, conversation_id, requester_id, intent, state)
         VALUES ('00000000-0000-0000-0000-00000000000d', '{home}', '00000000-0000-0000-0000-00000000000c', '{dana}', '{{}}',
                 'done');
         INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, created_at, updated_at)
         SELECT gen_random_uuid(), '{home}', partner_id, '00000000-0000-0000-0000-00000000000d', name, 'qualified', now(),
                now(), now()
         FROM partners ORDER BY partner_id LIMIT {PARTNERS} / 2;
         INSERT INTO stage_changes (tenant_id, deal_id, seq, from_stage, to_stage, at, person_id)
         SELECT '{home}'::uuid, deal_id, 1, NULL, 'prospect', now() - interval '9 days', '{dana}'::uuid FROM deals
         UNION ALL
         SELECT '{home}'::uuid, deal_id, 2, 'prospect', 'qualified', now() - interval '2 days', '{dana}'::uuid FROM deals;
         INSERT INTO notes (note_id, tenant_id, deal_id, person_id, text, created_at)
         SELECT gen_random_uuid(), '{home}', deal_id, '{dana}', 'Called.', now() - interval '1 day' FROM deals"
    );
    database.owner().await.execute(AssertSqlSafe(sql)).await.unwrap();
    for round in ["first", "again"] {
        let began = Instant::now();
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        let done = partners::refresh(&db, &mut tx, clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let took = began.elapsed().as_secs_f64();
        println!("{round}: {} partners, {} values changed, {took:.1} s", done.partners, done.changed);
    }
}
