//! Two providers of facts behind one socket, People Data Labs and Apollo: what they know, what they charge, faults.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{OriginalUri, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

#[derive(Debug, Default)]
struct Desk {
    known: HashMap<(String, String), Value>,
    failing: HashMap<String, u16>,
    ledger: Vec<String>,
}

/// The providers; their socket closes with the value.
#[derive(Debug)]
pub struct Providers {
    desk: Arc<Mutex<Desk>>,
    address: String,
    task: JoinHandle<()>,
}

impl Drop for Providers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Providers {
    /// Starts them on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?.to_string();
        let app = Router::new()
            .route("/v5/company/enrich", get(answer))
            .route("/api/v1/organizations/enrich", get(answer))
            .with_state(Arc::clone(&desk));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let task = tokio::spawn(async move {
            let _ = axum::serve(socket, app).await;
        });
        Ok(Self { desk, address, task })
    }

    /// Where both are.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A provider (`pdl` or `apollo`) knows a company, in its own shape.
    pub fn knows(&self, provider: &str, domain: &str, company: Value) {
        locked(&self.desk).known.insert((provider.to_owned(), domain.to_owned()), company);
    }

    /// A provider answers so from now on; 200 mends it.
    pub fn fails(&self, provider: &str, status: u16) {
        locked(&self.desk).failing.insert(provider.to_owned(), status);
    }

    /// What was asked: `pdl acme.example`.
    pub fn ledger(&self) -> Vec<String> {
        locked(&self.desk).ledger.clone()
    }
}

async fn answer(
    State(desk): State<Arc<Mutex<Desk>>>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<HashMap<String, String>>,
) -> (StatusCode, axum::Json<Value>) {
    let provider = if uri.path().starts_with("/v5") { "pdl" } else { "apollo" };
    let domain = query.get("website").or_else(|| query.get("domain")).cloned().unwrap_or_default();
    // Long enough for several askers to meet.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut desk = locked(&desk);
    desk.ledger.push(format!("{provider} {domain}"));
    if let Some(status) = desk.failing.get(provider).filter(|status| **status != 200) {
        return (
            StatusCode::from_u16(*status).unwrap_or(StatusCode::OK),
            axum::Json(json!({ "error": "as asked" })),
        );
    }
    match (desk.known.get(&(provider.to_owned(), domain)), provider) {
        (Some(company), _) => (StatusCode::OK, axum::Json(company.clone())),
        (None, "pdl") => {
            (StatusCode::NOT_FOUND, axum::Json(json!({ "status": 404, "error": { "type": "not_found" } })))
        }
        (None, _) => (StatusCode::OK, axum::Json(json!({ "organization": null }))),
    }
}
