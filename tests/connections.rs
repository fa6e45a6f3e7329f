//! The pages of connections: who may see and change what, what is refused, what is written down.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tests::browser::Browser;
use tests::database::Database;
use tests::product::Product;

use crate::console::{all_is_ours, are_fit_to_read, printed_link, sign_in, start};

/// A HubSpot that no longer accepts us, with three deals read, a write that waits and one that failed for good; and the
/// same of another tenant.
const ROWS: &str = "
    INSERT INTO tenants VALUES ('00000000-0000-0000-0000-00000000000b', 'Other');
    INSERT INTO connections (tenant_id, provider, account, secrets, state, last_error, last_error_at, failures)
    SELECT t, 'hubspot', a, '\\x01', 'revoked', 'the token was refused', now(), 1 FROM (VALUES
        ('00000000-0000-0000-0000-000000000001'::uuid, '4711'), ('00000000-0000-0000-0000-00000000000b', '9922')) v (t, a);
    INSERT INTO crm_cursors (tenant_id, provider, object, cursor, rows)
    VALUES ('00000000-0000-0000-0000-000000000001', 'hubspot', 'deal',
            jsonb_build_object('walked_at', now() - interval '3 hours', 'is_filled', true), 3);
    INSERT INTO crm_records (tenant_id, provider, object, remote_id, version, base)
    SELECT '00000000-0000-0000-0000-000000000001', 'hubspot', 'deal', i::text, now(),
           jsonb_build_object('dealname', 'Acme ' || i, 'dealstage', CASE i WHEN 1 THEN 'contractsent' ELSE 'closedwon' END)
    FROM generate_series(1, 3) i;
    INSERT INTO effects (effect_id, tenant_id, effect_key, provider, action, subject, payload, state, error, attempt)
    VALUES ('00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-000000000001', 'a', 'hubspot', 'upsert_deal',
            'deal:1', '{}', 'failed', 'No such property: colour', 3),
           ('00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-000000000001', 'b', 'hubspot', 'upsert_deal',
            'deal:2', '{}', 'queued', NULL, 0),
           ('00000000-0000-0000-0000-0000000000e3', '00000000-0000-0000-0000-00000000000b', 'a', 'hubspot', 'upsert_deal',
            'deal:3', '{}', 'failed', 'Their secret deal', 3)";

/// A product with those rows.
async fn connected(database: &Database) -> Product {
    let product = start(database).await;
    sqlx::raw_sql(AssertSqlSafe(ROWS)).execute(&mut database.owner().await).await.unwrap();
    product
}

async fn number(database: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database.owner().await).await.unwrap()
}

fn form(pairs: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://form.test", pairs).unwrap();
    url.query().unwrap().to_owned()
}

/// A whole map as the form sends it, with one word for a stage.
fn map_form(before: &Value, word: &str, extra: &[(&str, &str)]) -> String {
    let before = before.to_string();
    let mut pairs = vec![
        ("before", before.as_str()),
        ("company.name", "name"),
        ("company.name.policy", "system_of_record_wins"),
        ("deal.name", "dealname"),
        ("deal.name.policy", "latest_wins"),
        ("deal.stage", "dealstage"),
        ("deal.stage.policy", "human_wins"),
        ("stage_theirs", word),
        ("stage_ours", "legal_review"),
    ];
    pairs.extend_from_slice(extra);
    form(&pairs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_admins_of_the_team_see_connections_and_replay_its_writes_which_is_written_down() {
    let database = Database::fresh().await;
    let product = connected(&database).await;
    let admin = product.admin().await;
    let page = admin.page("/connections").await;
    for words in ["HubSpot", "4711", "Stopped: the vendor no longer accepts us", "dealdesk connect hubspot"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        page.contains("1 waiting,") && page.contains("1 failed for good") && page.contains("3 hours"),
        "{page}"
    );
    assert!(!page.contains("9922") && !page.contains("Their secret deal"), "another team's");

    let replay = "/connections/hubspot/replay/00000000-0000-0000-0000-0000000000e";
    let (_, link) = product.run(&["people", "add", "Lee", "--role", "approver"]);
    let lee = product.signed_in(&link).await;
    assert!(lee.page("/connections").await.contains("This is for admins."));
    assert!(lee.page("/connections/hubspot").await.contains("This is for admins."));
    assert_eq!(lee.sends(&format!("{replay}1"), String::new()).await.status(), 403);
    assert_eq!(
        lee.sends("/connections/hubspot", map_form(&json!({}), "x", &[])).await.status(),
        403,
        "before anything else is judged"
    );
    assert_eq!(admin.sends(&format!("{replay}3"), String::new()).await.status(), 404, "another team's");
    assert_eq!(admin.sends(&format!("{replay}2"), String::new()).await.status(), 404, "it has not failed");
    assert_eq!(number(&database, "SELECT count(*) FROM effects WHERE state = 'failed'").await, 2);

    assert_eq!(admin.sends(&format!("{replay}1"), String::new()).await.status(), 303);
    assert_eq!(number(&database, "SELECT count(*) FROM effects WHERE state = 'failed'").await, 1);
    let entry =
        "SELECT count(*) FROM audit_entries WHERE action = 'effect.replayed' AND actor LIKE 'person:%'
                 AND detail->>'effect' = '00000000-0000-0000-0000-0000000000e1'";
    assert_eq!(number(&database, entry).await, 1);
    let (is_whole, said) = product.run(&["audit", "verify"]);
    assert!(is_whole, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_is_tried_then_saved_once_and_what_cannot_work_is_refused() {
    let database = Database::fresh().await;
    let product = connected(&database).await;
    let admin = product.admin().await;
    let at = "/connections/hubspot";
    let usual = serde_json::to_value(domain::crm::map::Map::of("hubspot")).unwrap();

    let tried = admin.sends(&format!("{at}/dry-run"), map_form(&usual, "contractsent", &[])).await;
    let tried = tried.text().await.unwrap();
    assert!(tried.contains("2 of the 3 deals"), "{tried}");
    assert!(tried.contains("no stage here means"), "{tried}");
    let saved = "SELECT count(*) FROM connections WHERE settings ? 'map'";
    assert_eq!(number(&database, saved).await, 0, "a dry run saves nothing");

    for (extra, words) in [
        (
            &[("deal.colour", "colour"), ("deal.colour.policy", "human_wins")][..],
            "There is no field colour here.",
        ),
        (&[("shown", "amount; drop")], "cannot be the name of a field"),
        (&[("stage_theirs", "won"), ("stage_ours", "nowhere")], "means here"),
    ] {
        let refused = admin.sends(at, map_form(&usual, "contractsent", extra)).await;
        assert_eq!(refused.status(), 400);
        let text = refused.text().await.unwrap();
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(number(&database, saved).await, 0);

    assert_eq!(admin.sends(at, map_form(&usual, "in_legal", &[])).await.status(), 303);
    let meanwhile = admin.sends(at, map_form(&usual, "elsewhere", &[])).await;
    assert!(meanwhile.text().await.unwrap().contains("Somebody else changed this map meanwhile"));
    assert_eq!(number(&database, saved).await, 1, "of this team only");
    let entry = "SELECT count(*) FROM audit_entries WHERE action = 'connection.map_changed'
                 AND detail->'after'->'stages'->0->>'theirs' = 'in_legal'
                 AND json_array_length(detail->'before'->'stages') = 10";
    assert_eq!(number(&database, entry).await, 1);
    assert_eq!(admin.sends("/connections/docusign", map_form(&usual, "x", &[])).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_looks_tries_again_and_changes_a_stage_in_the_browser() {
    let database = Database::fresh().await;
    let (product, browser) = tokio::join!(connected(&database), Browser::open());
    sign_in(&browser, &printed_link(&product)).await;
    browser.visit(&format!("{}/connections", product.url)).await;
    browser.sees("What to do").await;
    browser.tabs_to("main button", "Try again").await;
    browser.types(tests::browser::key::ENTER).await;
    // The workers look at what waits as well, so how often it was tried is not ours to say.
    browser.sees("2 waiting,").await;
    browser.sees("0 failed for good").await;
    are_fit_to_read(&browser, &product, &["/connections".into(), "/connections/hubspot".into()]).await;

    browser.visit(&format!("{}/connections/hubspot", product.url)).await;
    let legal = "[...document.querySelectorAll('[name=stage_theirs]')].find(i => i.value === 'contractsent')";
    browser.asks(&format!("const field = {legal}; field.focus(); field.select()")).await;
    browser.types("in_legal").await;
    browser.clicks("main button", "Dry run").await;
    browser.sees("1 of the 3 deals").await;
    browser.sees("Legal review: contractsent → in_legal").await;
    browser.clicks("main button", "Save").await;
    let kept = "return !document.querySelector('#tried')
                && [...document.querySelectorAll('[name=stage_theirs]')].some(i => i.value === 'in_legal')";
    browser.awaits("the saved map", kept).await;
    all_is_ours(&browser, &product).await;
    browser.close().await;
}
