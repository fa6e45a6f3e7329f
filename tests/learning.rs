//! The learning loop: features as of a time, versions that serve, decisions as labels, the way back.

use agents::learning::{Error, Models, measures, partners, promotion, serving, training};
use chrono::{DateTime, Duration, Utc};
use domain::feature::Feature;
use domain::ids::{ConversationId, Ids, InboundId, PlanId};
use domain::inbound::Place;
use domain::intent::Intent;
use domain::model::{Alias, Model, Version};
use domain::person::Channel;
use domain::plan::{Agent, Draft};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use storage::models::{self, Move};
use storage::plans::{self, New};
use storage::steps::Lease;
use storage::{Db, conversations, features};
use tests::database::{Database, eventually};
use tests::people::{HOME, team};

const MODEL: Model = Model::PartnerFitScorer;

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A database with a team and one search.
async fn searched() -> (Database, Db, PlanId) {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    let [dana, ..] = team(&db, HOME, &ids).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let place = Place { room: "C1".to_owned(), thread: None, is_private: false };
    let id = ConversationId(ids.next());
    let conversation = conversations::at(&mut tx, id, Channel::Web, "T1", (&place, dana.id)).await.unwrap();
    let new = New {
        id: InboundId(ids.next()).into(),
        conversation: conversation.id,
        requester: dana.id,
        intent: &Intent::Find { query: "banks".to_owned() },
        said: "",
        drafts: &[Draft::new(Agent::Planner, "idle", Value::Null)],
    };
    let step = plans::create(&mut tx, new, &ids, &Lease::new("one")).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    (database, db, step.plan)
}

async fn run(database: &Database, sql: String) {
    database.owner().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// Companies shown by `scorer` from `first` on, `count` of them, and decided on `age` days ago. Those near our partners
/// are taken up, save every `odd`th; the fit by the rules says nothing.
async fn decisions(
    database: &Database,
    (scorer, plan): (&str, PlanId),
    (first, count): (i32, i32),
    odd: i32,
) {
    let (home, at) = (HOME, now());
    let sql = format!(
        "CREATE TEMPORARY TABLE n AS SELECT n, 'c' || n AS company, (n % 2 = 0) AS is_near,
             (n % 2 = 0) <> (n % {odd} = 0) AS is_good, '{at}'::timestamptz - (2000 - n) * interval '10 min' AS shown_at
         FROM generate_series({first}, {first} + {count} - 1) n;
         INSERT INTO features SELECT '{home}', company, 'geographic_fit', is_near::int, shown_at, shown_at FROM n;
         INSERT INTO impressions (tenant_id, plan_id, company_id, name, position, fit, rule_fit, scored_by, reasons,
                                  propensity, is_exploration, shown_to, shown_at)
         SELECT '{home}', '{plan}', company, company, 1 + n % 10, 50 + 30 * is_near::int, 60 + n % 7, '{scorer}', '[]', 1,
                false, (SELECT person_id FROM people LIMIT 1), shown_at FROM n;
         INSERT INTO labels (tenant_id, kind, source, source_id, entity, value, plan_id, at, created_at)
         SELECT '{home}', 'fit', 'approval', 'a' || n, company, is_good::int, '{plan}', shown_at + interval '1 min',
                shown_at + interval '1 min' FROM n;
         DROP TABLE n"
    );
    run(database, sql).await;
}

async fn trained(db: &Db, seed: u64) -> Result<training::Trained, Error> {
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let done = training::train(&mut tx, MODEL, training::Window::until_now(now(), seed), now()).await;
    tx.commit().await.unwrap();
    done
}

async fn point(db: &Db, alias: Alias, to: Option<Version>) -> Result<(), Error> {
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let new = Move { model: MODEL, alias, to, share: 0, reason: "a test", by: "shell" };
    promotion::promote(&mut tx, &new, now()).await?;
    tx.commit().await.unwrap();
    Ok(())
}

#[tokio::test]
async fn what_came_later_or_was_learnt_later_is_not_seen() {
    let database = Database::fresh().await;
    let (db, ids) = (database.open().await, Ids::random());
    team(&db, HOME, &ids).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let feature = Feature::PartnerEngagementScore;
    let day = |n: i64| now() + Duration::days(n);
    let row = |value| [("acme".to_owned(), feature, value)];
    features::write(&mut tx, &row(Some(0.2)), day(-10), day(-10)).await.unwrap();
    // Planted: it happens tomorrow, though it is written down already.
    features::write(&mut tx, &row(Some(0.9)), day(1), day(-5)).await.unwrap();
    // Late: it was so two days ago, but we learn of it only tomorrow.
    features::write(&mut tx, &row(Some(0.7)), day(-2), day(1)).await.unwrap();
    let at = [-20, -3, 0, 2].map(|n| ("acme".to_owned(), day(n)));
    let values = features::as_of(&mut tx, &at).await.unwrap();
    let seen: Vec<Option<f64>> = values.iter().map(|values| values[feature.place()]).collect();
    assert_eq!(seen, [None, Some(0.2), Some(0.2), Some(0.9)]);
    let others = values.iter().flat_map(|values| {
        values.iter().enumerate().filter(|(place, _)| *place != feature.place()).map(|(_, value)| *value)
    });
    assert!(others.into_iter().all(|value| value.is_none()), "missing stays missing");
    // Known to be missing from now on is not the value before.
    features::write(&mut tx, &row(None), day(3), day(3)).await.unwrap();
    let gone = features::as_of(&mut tx, &[("acme".to_owned(), day(4))]).await.unwrap();
    assert_eq!(gone[0][feature.place()], None);
    let kept = features::write(&mut tx, &row(None), day(5), day(5)).await.unwrap();
    assert_eq!(kept, 0, "what did not change is not kept again");
}

#[tokio::test]
async fn too_little_says_how_much_is_missing() {
    let (database, db, plan) = searched().await;
    decisions(&database, ("rules", plan), (0, 30), 100).await;
    let told = trained(&db, 1).await.unwrap_err().to_string();
    assert!(told.contains("30 more companies that were decided on (30 of 60)"), "{told}");
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let window = training::Window::until_now(now(), 1);
    let stage = training::train(&mut tx, Model::DealStagePredictor, window, now()).await.unwrap_err();
    assert!(stage.to_string().contains("60 more stays"), "{stage}");
    assert!(models::list(&mut tx).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_window_and_seed_give_the_same_bytes() {
    let (database, db, plan) = searched().await;
    decisions(&database, ("rules", plan), (0, 200), 9).await;
    let first = trained(&db, 7).await.unwrap();
    let again = trained(&db, 7).await.unwrap();
    let other = trained(&db, 8).await.unwrap();
    assert!(first.is_new && !again.is_new && other.is_new);
    assert_eq!(first.version.content, again.version.content);
    assert_eq!(
        (first.version.version.to_string(), other.version.version.to_string()),
        ("1.0.0".into(), "1.1.0".into())
    );
    assert_eq!(first.version.dataset, other.version.dataset);
    let figure = |name: &str| first.version.metrics[name].as_f64().unwrap();
    assert!(figure("auc") > 0.8 && figure("auc_rules") < 0.65, "{}", first.version.metrics);
    assert!(figure("brier") < figure("brier_rules"), "{}", first.version.metrics);
}

#[tokio::test]
async fn cut_changed_and_foreign_versions_are_never_promoted() {
    let (database, db, plan) = searched().await;
    decisions(&database, ("rules", plan), (0, 200), 9).await;
    let good = trained(&db, 1).await.unwrap().version;
    point(&db, Alias::Champion, Some(good.version)).await.unwrap();
    let cut = models::New { content: good.content[..good.content.len() / 2].to_vec(), ..good.clone() };
    let mut changed = good.clone();
    *changed.content.last_mut().unwrap() = b' ';
    let foreign = models::New { schema: "other".to_owned(), ..good.clone() };
    let bytes = ml::package::pack("other", &json!({})).unwrap();
    let inside = models::New { sha256: ml::package::sha256(&bytes), content: bytes, ..good.clone() };
    for (patch, mut bad) in (1..).zip([cut, changed, foreign, inside]) {
        bad.version = Version { patch, ..good.version };
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        models::add(&mut tx, &bad, now()).await.unwrap();
        tx.commit().await.unwrap();
        for alias in Alias::ALL {
            let refused = point(&db, alias, Some(bad.version)).await.unwrap_err();
            assert!(matches!(refused, Error::Refused { .. }), "{patch}: {refused}");
        }
    }
    let missing = point(&db, Alias::Champion, "9.9.9".parse().ok()).await.unwrap_err();
    assert!(matches!(missing, Error::Storage(storage::Error::Missing(_))), "{missing}");
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let champion = models::pointers(&mut tx).await.unwrap();
    assert_eq!(champion.len(), 1);
    assert_eq!(champion[0].version.as_deref(), Some("1.0.0"));
    // Even if one got there, the rules serve and say so; a kept version cannot be changed by us at all.
    let change = sqlx::query("UPDATE model_versions SET content = 'x'").execute(&mut *tx).await;
    assert!(change.unwrap_err().to_string().contains("permission denied"));
    drop(tx);
    run(&database, "UPDATE model_versions SET content = substr(content, 1, 40)".to_owned()).await;
    let serving = Models::new(db.clone()).of(HOME).await.unwrap();
    let scored = serving.score((61, Vec::new()), &[None; 8]);
    assert_eq!((scored.fit, scored.scored_by.as_str()), (61, serving::RULES_INSTEAD));
}

#[tokio::test]
async fn a_moved_alias_reaches_every_worker_and_who_is_served_stays() {
    let (database, db, plan) = searched().await;
    decisions(&database, ("rules", plan), (0, 200), 9).await;
    let version = trained(&db, 1).await.unwrap().version.version;
    let workers = [Models::new(db.clone()), Models::new(db.clone())];
    let before = workers[0].of(HOME).await.unwrap();
    let mut listener = db.listen(&[models::MODELS_CHANNEL]).await.unwrap();
    point(&db, Alias::Champion, Some(version)).await.unwrap();
    let heard = listener.recv().await.unwrap();
    assert_eq!(models::announced(heard.payload()), Some(HOME));
    assert_eq!(before.scorer(), serving::RULES, "nobody's version changes under her");
    workers[0].renew(HOME).await.unwrap();
    workers[1].of(HOME).await.unwrap();
    for worker in &workers {
        assert_eq!(worker.of(HOME).await.unwrap().scorer(), "partner_fit_scorer 1.0.0");
    }
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    promotion::roll_back(&mut tx, MODEL, ("a test", "shell"), now()).await.unwrap();
    tx.commit().await.unwrap();
    // The second worker heard nothing; it finds out by looking.
    workers[1].look().await.unwrap();
    assert_eq!(workers[1].of(HOME).await.unwrap().scorer(), serving::RULES);
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let none = promotion::roll_back(&mut tx, MODEL, ("", "shell"), now()).await.unwrap_err();
    assert!(matches!(none, Error::NoEarlier(_)), "{none}");
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_entries WHERE action = 'model.pointed'")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    assert_eq!(audited, 2);
}

#[tokio::test]
async fn a_version_that_got_worse_goes_back_by_itself_but_never_on_a_handful() {
    for (labels, is_back) in [(12, false), (200, true)] {
        let (database, db, plan) = searched().await;
        decisions(&database, ("rules", plan), (0, 200), 9).await;
        let version = trained(&db, 1).await.unwrap().version.version;
        point(&db, Alias::Champion, Some(version)).await.unwrap();
        // Of what it shows nearly nothing is taken up.
        decisions(&database, ("partner_fit_scorer 1.0.0", plan), (1000, labels), 2).await;
        let mut tx = db.tenant(HOME).begin().await.unwrap();
        let (measures, why) = measures::watch(&mut tx, "partner_fit_scorer 1.0.0", now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(measures.precision.of, 200 + u32::try_from(labels).unwrap());
        assert_eq!(why.is_some(), is_back, "{labels}: {why:?}");
        let scorer = Models::new(db.clone()).of(HOME).await.unwrap().scorer();
        assert_eq!(scorer == serving::RULES, is_back, "{labels}: {scorer}");
    }
}

#[tokio::test]
async fn the_shadow_is_computed_and_not_shown() {
    let (database, db, plan) = searched().await;
    decisions(&database, ("rules", plan), (0, 200), 9).await;
    let version = trained(&db, 1).await.unwrap().version.version;
    point(&db, Alias::Shadow, Some(version)).await.unwrap();
    let serving = Models::new(db.clone()).of(HOME).await.unwrap();
    let mut values = [None; 8];
    values[Feature::GeographicFit.place()] = Some(0.0);
    let scored = serving.score((61, Vec::new()), &values);
    assert_eq!((scored.fit, scored.scored_by.as_str()), (61, serving::RULES));
    let (name, fit) = scored.shadow.unwrap();
    assert_eq!(name, "partner_fit_scorer 1.0.0");
    assert!(fit < 30, "{fit}");
}

#[tokio::test]
async fn a_stage_predictor_is_learnt_from_the_history() {
    let (database, db, plan) = searched().await;
    let (home, at) = (HOME, now());
    let sql = format!(
        "INSERT INTO partners (partner_id, tenant_id, company_id, name)
         VALUES ('00000000-0000-0000-0000-0000000000aa', '{home}', 'c', 'C');
         INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, created_at, updated_at)
         SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, '{home}',
                '00000000-0000-0000-0000-0000000000aa', '{plan}', 'C', 'prospect', now(), now(), now()
         FROM generate_series(1, 120) n;
         INSERT INTO stage_changes (tenant_id, deal_id, seq, from_stage, to_stage, at)
         SELECT '{home}'::uuid, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 1, NULL, 'prospect',
                '{at}'::timestamptz - (300 - n) * interval '1 day' FROM generate_series(1, 120) n
         UNION ALL
         SELECT '{home}', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 2, 'prospect',
                CASE WHEN n % 4 = 0 THEN 'lost' ELSE 'qualified' END,
                '{at}'::timestamptz - (300 - n) * interval '1 day' + interval '5 days' FROM generate_series(1, 120) n"
    );
    run(&database, sql).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let window = training::Window::until_now(now(), 1);
    let trained = training::train(&mut tx, Model::DealStagePredictor, window, now()).await.unwrap();
    let new = Move {
        model: Model::DealStagePredictor,
        alias: Alias::Champion,
        to: Some(trained.version.version),
        share: 0,
        reason: "",
        by: "shell",
    };
    promotion::promote(&mut tx, &new, now()).await.unwrap();
    tx.commit().await.unwrap();
    let serving = Models::new(db.clone()).of(HOME).await.unwrap();
    let chance = |stage| serving.moves_on(stage, 0.0).unwrap();
    assert!(chance(domain::deal::Stage::Prospect) > 0.6, "{}", chance(domain::deal::Stage::Prospect));
    assert!(chance(domain::deal::Stage::Qualified) < 0.2, "{}", chance(domain::deal::Stage::Qualified));
    let metrics = &trained.version.metrics;
    assert!(metrics["brier"].as_f64() < metrics["brier_base_rate"].as_f64(), "{metrics}");
}

#[tokio::test]
async fn all_partners_get_their_features_and_a_deal_changes_them_at_once() {
    let (database, db, plan) = searched().await;
    let home = HOME;
    let sql = format!(
        "INSERT INTO companies (id, name, country, tags, market_cap)
         SELECT 'p' || n, 'P' || n, (ARRAY['DE', 'FR'])[1 + n % 2], '{{payments}}', 'Mid Cap' FROM generate_series(1, 50) n;
         INSERT INTO partners (partner_id, tenant_id, company_id, name)
         SELECT gen_random_uuid(), '{home}', 'p' || n, 'P' || n FROM generate_series(1, 50) n;
         INSERT INTO deals (deal_id, tenant_id, partner_id, plan_id, name, stage, stage_since, created_at, updated_at)
         SELECT '00000000-0000-0000-0000-0000000000dd', '{home}', partner_id, '{plan}', 'P1', 'prospect', now(), now(), now()
         FROM partners WHERE company_id = 'p1';
         INSERT INTO stage_changes (tenant_id, deal_id, seq, to_stage, at)
         VALUES ('{home}', '00000000-0000-0000-0000-0000000000dd', 1, 'prospect', now())"
    );
    run(&database, sql).await;
    let mut tx = db.tenant(HOME).begin().await.unwrap();
    let first = partners::refresh(&db, &mut tx, now()).await.unwrap();
    assert_eq!(first.partners, 50);
    assert_eq!(partners::refresh(&db, &mut tx, now()).await.unwrap().changed, 0, "nothing changed since");
    let at = now() + Duration::minutes(1);
    let values = features::as_of(&mut tx, &[("p1".to_owned(), at), ("p2".to_owned(), at)]).await.unwrap();
    let of = |row: usize, feature: Feature| values[row][feature.place()];
    assert_eq!(of(0, Feature::CompanySizeBucket), Some(4.0));
    assert_eq!(of(0, Feature::GeographicFit), Some(1.0));
    assert_eq!(of(0, Feature::RecentFundingAmount), None);
    assert_eq!((of(0, Feature::DealVelocity30d), of(1, Feature::DealVelocity30d)), (Some(0.0), None));
    let dana = storage::people::list(&mut tx).await.unwrap()[0].id;
    let moved = domain::change::Change::MoveDeal {
        deal: "00000000-0000-0000-0000-0000000000dd".parse().unwrap(),
        from: domain::deal::Stage::Prospect,
        to: domain::deal::Stage::Qualified,
        reason: None,
        by: dana,
    };
    let later = now() + Duration::hours(1);
    let step = plans::context(&db, HOME, plan).await.unwrap();
    let lease = domain::plan::Step {
        id: domain::ids::StepId(Ids::random().next()),
        tenant: HOME,
        plan,
        ..sample_step()
    };
    storage::changes::apply(&mut tx, &Ids::random(), (&step, &lease), &moved, later).await.unwrap();
    let values = features::as_of(&mut tx, &[("p1".to_owned(), later)]).await.unwrap();
    assert_eq!(values[0][Feature::DealVelocity30d.place()], Some(1.0), "at once, in the same transaction");
    assert!(values[0][Feature::PartnerEngagementScore.place()] > Some(0.1));
}

/// A step of no consequence.
fn sample_step() -> domain::plan::Step {
    domain::plan::Step {
        id: domain::ids::StepId(uuid::Uuid::nil()),
        tenant: HOME,
        plan: PlanId(uuid::Uuid::nil()),
        position: 0,
        agent: Agent::Deal,
        action: "move_deal".to_owned(),
        input: Value::Null,
        signal: None,
        attempt: 1,
        fence: 1,
    }
}

#[tokio::test]
async fn people_say_what_fits_and_hear_why() {
    let talk = tests::conversation::Conversation::begin().await;
    let answer = talk.finds().await;
    let (value, label) = answer.choices()[0].clone();
    let name = label.split(" (fit").next().unwrap().to_owned();
    let sent = talk.slack.user("dana").ticks_and_presses(&answer, &[value.as_str()], "Not for us").await;
    assert_eq!(sent.unwrap().ack.status, 200);
    let asked = talk.is_told("dana", &format!("Noted: {name} – not for us")).await;
    talk.presses("dana", &asked, "too small").await;
    talk.is_told("dana", "not for us (too small)").await;
    talk.types("dana", &format!("/deal why \"{name}\"")).await;
    let why = talk.is_told("dana", &format!("{name}: fit")).await;
    assert!(why.words().contains("Scored by stated rules"), "{}", why.words());
    assert!(why.words().contains("not for us: too small"), "{}", why.words());
    talk.types("dana", "/deal why Nobody Known").await;
    talk.is_told("dana", "No search has shown Nobody Known yet.").await;
    assert_eq!(talk.number("SELECT count(*) FROM labels WHERE source = 'feedback' AND value = 0").await, 2);
    assert_eq!(
        talk.number("SELECT count(*) FROM impressions WHERE NOT is_exploration AND propensity = 1").await,
        talk.number("SELECT count(*) FROM impressions").await
    );
    let (went_well, told) = talk.product.run(&["train", "partner_fit_scorer"]);
    assert!(!went_well && told.contains("more companies that were decided on"), "{told}");
    let (_, told) = talk.product.run(&["models", "evaluate"]);
    assert!(told.contains("partner_discovery_precision   0.000 of 1"), "{told}");
    let (_, told) = talk.product.run(&["models", "list"]);
    assert!(told.contains("partner_fit_scorer: built-in serves (stated rules)"), "{told}");
    let page = talk.product.page("/models").await;
    assert!(page.contains("fit, by feedback") && page.contains("deal_velocity_30d"), "{page}");
    talk.ends().await;
}

#[tokio::test]
async fn a_promotion_at_the_shell_reaches_the_running_product() {
    let talk = tests::conversation::Conversation::begin().await;
    talk.finds().await;
    let plan = sqlx::query_scalar::<_, uuid::Uuid>("SELECT plan_id FROM impressions LIMIT 1")
        .fetch_one(&mut talk.database.owner().await)
        .await
        .unwrap();
    decisions(&talk.database, ("rules", PlanId(plan)), (0, 200), 9).await;
    let (went_well, told) =
        talk.product.run(&["train", "partner_fit_scorer", "--from", "2026-01-01", "--until", "2027-12-31"]);
    assert!(went_well && told.contains("Made partner_fit_scorer 1.0.0"), "{told}");
    let (went_well, told) = talk.product.run(&["models", "promote", "partner_fit_scorer", "1.0.0"]);
    assert!(went_well, "{told}");
    eventually("the worker hearing of it", async || talk.product.log().contains("an alias was moved")).await;
    talk.types("dana", "/deal find insurance companies in France").await;
    let answer = talk.sees("for “insurance companies in France”").await;
    let by = "SELECT count(*) FROM impressions WHERE scored_by = 'partner_fit_scorer 1.0.0'";
    let choices = i64::try_from(answer.choices().len()).unwrap();
    assert_eq!(talk.number(by).await, choices);
    // Damaged behind our back: the rules score, and the card says so.
    talk.changes(
        "UPDATE model_versions SET content = substr(content, 1, 40);
         NOTIFY dealdesk_models, '00000000-0000-0000-0000-000000000001'",
    )
    .await;
    eventually("the worker noticing", async || talk.product.log().contains("a version cannot serve")).await;
    talk.types("dana", "/deal find software companies in Sweden").await;
    talk.sees("The learned score cannot be used right now").await;
    let (went_well, told) = talk.product.run(&["models", "rollback", "partner_fit_scorer"]);
    assert!(went_well && told.contains("built-in again"), "{told}");
    talk.ends().await;
}
