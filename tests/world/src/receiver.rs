//! A customer's own system that takes webhooks: keeps every request, and answers as it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
    /// What was answered.
    pub answered: u16,
}

#[derive(Debug, Default)]
struct Book {
    taken: Vec<Taken>,
    /// What to answer next, and then 204 for ever.
    answers: VecDeque<u16>,
}

/// The system; gone when the runtime ends.
#[derive(Debug, Clone)]
pub struct Receiver {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let book = Arc::new(Mutex::new(Book::default()));
        let router = Router::new().route("/in", post(take)).with_state(Arc::clone(&book));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, book })
    }

    /// Where it is, e.g. `http://127.0.0.1:40123`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it takes webhooks.
    pub fn url(&self) -> String {
        format!("{}/in", self.origin())
    }

    /// What to answer to the next requests, one each; 204 from then on.
    pub fn answers(&self, statuses: &[u16]) {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).answers.extend(statuses);
    }

    /// All requests so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }
}

async fn take(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = book.answers.pop_front().unwrap_or(204);
    book.taken.push(Taken {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: String::from_utf8_lossy(&body).into_owned(),
        answered,
    });
    StatusCode::from_u16(answered).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
