//! The routes against a real database: what is stored, what is refused, in which words.

mod api;
mod api_contracts;
mod console;
mod contracts;
mod mail;
mod slack;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agents::failpoint::FailPoints;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::ids::{Ids, PersonId, TenantId};
use domain::person::{Channel, Person, Role};
use serde_json::Value;
use storage::credentials::{self, Kind};
use storage::inbox;
use storage::objects::Objects;
use storage::seal::Seal;
use storage::workspaces::{self, Workspace};
use storage::{Db, people};
use tests::database::Database;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{Edge, Limits, router};
use crate::config::Config;
use crate::mail::Office;
use crate::telemetry::metrics::Metrics;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A server on a tenant and a workspace of its own, so that tests share a database.
struct Place {
    router: Router,
    db: Db,
    ids: Ids,
    clock: Clock,
    tenant: TenantId,
    team: String,
    is_index_open: Arc<AtomicBool>,
    objects: Objects,
    /// Dropped at the end of the test.
    database: Arc<Database>,
    /// Removed at the end of the test.
    originals: Originals,
}

/// The folder of the files that are sent in.
struct Originals(std::path::PathBuf);

impl Drop for Originals {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Place {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    /// The same, with settings from the environment's names.
    async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(Arc::new(Database::fresh().await), settings).await
    }

    /// Another team's server, on the same database.
    async fn beside(&self) -> Self {
        Self::on(Arc::clone(&self.database), &[]).await
    }

    async fn on(database: Arc<Database>, settings: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let db = database.open().await;
        let (ids, clock) = (Ids::random(), Clock::system());
        let tenant = TenantId(ids.next());
        let team = format!("T{}", tenant.0.simple());
        workspaces::create_tenant(&db, tenant, "Test").await.unwrap();
        let seal = Seal::new(&[7; 32]);
        let workspace = Workspace {
            tenant,
            channel: Channel::Slack,
            external_id: team.clone(),
            name: "Test".to_owned(),
            bot_user: None,
            token: None,
        };
        workspaces::install(&db, &seal, &workspace).await.unwrap();
        let config = Arc::new(Config::for_tests(settings));
        let (intake, writer) = inbox::intake(&db, inbox::BATCH_MAX);
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(writer.run());
        let is_index_open = Arc::new(AtomicBool::new(true));
        let index = Arc::clone(&is_index_open);
        let originals =
            Originals(std::env::temp_dir().join(format!("dealdesk-routes-{}", tenant.0.simple())));
        let objects = Objects::in_folder(&originals.0).unwrap();
        let pages = ::console::Console {
            db: db.clone(),
            objects: objects.clone(),
            counsel: crate::serve::counsel(),
            intake: intake.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            shown: tokio::sync::broadcast::channel(16).0,
        };
        let mail = Office::open(&config, (&db, &seal), tenant, &[7; 32]).await.unwrap();
        let edge = Edge {
            home: tenant,
            db: db.clone(),
            intake,
            clock: clock.clone(),
            ids: ids.clone(),
            seal,
            objects: objects.clone(),
            bell: Arc::new(Notify::new()),
            metrics: Metrics::of_process().unwrap(),
            is_index_open: Arc::new(move || index.load(Ordering::Relaxed)),
            limits: Limits::new(config.limits.requests_per_minute, None),
            slack: channels::slack::client::Slack::new("http://127.0.0.1:9", Duration::from_secs(1)).unwrap(),
            points: FailPoints::default(),
            mail,
            signatures: Arc::default(),
            config,
        };
        let router = router(edge, ::console::router(pages));
        Self { router, db, ids, clock, tenant, team, is_index_open, objects, database, originals }
    }

    /// A person with a token.
    async fn person(&self, name: &str, role: Role) -> (Person, String) {
        let id = PersonId(self.ids.next());
        let person = Person { id, tenant: self.tenant, name: name.to_owned(), email: None, role };
        let token = format!("dd_{}", hex::encode(self.ids.secret()));
        let mut tx = self.db.tenant(self.tenant).begin().await.unwrap();
        people::add(&mut tx, &person).await.unwrap();
        credentials::issue(&mut tx, id, Kind::Token, &token, None).await.unwrap();
        tx.commit().await.unwrap();
        (person, token)
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The answer is a problem with this status; its words.
    fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.json()["status"], status);
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

fn in_ten_minutes(clock: &Clock) -> DateTime<Utc> {
    clock.now() + chrono::Duration::minutes(10)
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let place = Place::open().await;
    assert_eq!(place.get("/healthz").await.status, 200);
    assert_eq!(place.get("/readyz").await.json(), serde_json::json!({ "ready": true, "reasons": {} }));
    place.is_index_open.store(false, Ordering::Relaxed);
    let answer = place.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.json()["ready"].as_bool()), (503, Some(false)));
    assert_eq!(answer.json()["reasons"]["index"], "the search index is not open yet");
    place.db.close().await;
    assert_eq!(place.get("/readyz").await.json()["reasons"]["database"], "the database is away");
    assert_eq!(place.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn figures_name_route_templates_and_never_keys() {
    let place = Place::open().await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let id = place.ids.next();
    place.send(api::request("GET", &format!("/v1/plans/{id}"), &token, "")).await.problem(404);
    place.get(&format!("/nowhere/{id}")).await;
    let text = place.get("/metrics").await.text;
    assert!(text.contains("api_requests_total{endpoint=\"GET /v1/plans/{id}\",status=\"4xx\"}"), "{text}");
    assert!(text.contains("queue_depth{queue=\"inbox\"}"), "{text}");
    assert!(!text.contains(&id.to_string()) && !text.contains(&place.team), "{text}");
}

#[tokio::test]
async fn every_answer_has_a_number_and_large_bodies_are_refused() {
    let place = Place::with(&[("DEALDESK_BODY_KIB", "4")]).await;
    let (_, token) = place.person("Anna", Role::Member).await;
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(5000));
    let answer = place.send(api::request("POST", "/v1/messages", &token, &large)).await;
    assert!(answer.problem(413).contains("4 KiB"));
    assert_eq!(answer.headers["x-request-id"].len(), 32);
}
