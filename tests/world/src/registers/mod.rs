//! Two public registers behind one socket: GLEIF's golden copies and the SEC's bulk files, with a bad line on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, USER_AGENT};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::task::JoinHandle;

/// What goes wrong with the next download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The line breaks after so many bytes of the answer.
    CutAfter(usize),
    /// That status, with `Retry-After: 0`.
    Status(u16),
    /// Somebody else's bytes, of the same length.
    Garbage,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its path.
    pub path: String,
    /// Where it wanted to go on, `bytes=N-`.
    pub range: Option<String>,
    /// How the caller introduced itself.
    pub agent: String,
    /// The answer's status.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Shelf {
    files: HashMap<String, (Bytes, String)>,
    faults: Vec<Fault>,
    ledger: Vec<Asked>,
    copy: Option<(String, String, u64)>,
}

/// The registers; their socket closes with the value.
#[derive(Debug)]
pub struct Registers {
    shelf: Arc<Mutex<Shelf>>,
    address: String,
    task: JoinHandle<()>,
}

impl Drop for Registers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registers {
    /// Starts them on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?.to_string();
        let app = Router::new()
            .route("/api/v2/golden-copies/publishes", get(publishes))
            .route("/{*path}", get(file))
            .with_state((Arc::clone(&shelf), address.clone()));
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let task = tokio::spawn(async move {
            let _ = axum::serve(socket, app).await;
        });
        Ok(Self { shelf, address, task })
    }

    /// What the product takes for the registers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Publishes a golden copy of so many records, made at `date` (`2026-11-23 00:00:00`).
    pub fn publish(&self, date: &str, archive: Vec<u8>, records: u64) {
        let day: String = date.chars().take(10).map(|c| if c == '-' { '/' } else { c }).collect();
        let path =
            format!("storage/golden-copy-files/{day}/1278515/gleif-goldencopy-lei2-golden-copy.csv.zip");
        self.put(&path, archive);
        locked(&self.shelf).copy = Some((date.to_owned(), path, records));
    }

    /// Puts a file there, in place of an older version.
    pub fn put(&self, path: &str, content: Vec<u8>) {
        let mut shelf = locked(&self.shelf);
        let number = shelf.files.get(path).map_or(0, |(_, tag)| tag.len());
        shelf.files.insert(path.to_owned(), (content.into(), format!("\"{}\"", "v".repeat(number + 1))));
    }

    /// Lets the next downloads go wrong, one fault each.
    pub fn fails(&self, faults: &[Fault]) {
        locked(&self.shelf).faults.extend_from_slice(faults);
    }

    /// What was asked for, in order.
    pub fn ledger(&self) -> Vec<Asked> {
        locked(&self.shelf).ledger.clone()
    }
}

type Shared = (Arc<Mutex<Shelf>>, String);

async fn publishes(State((shelf, address)): State<Shared>) -> axum::Json<serde_json::Value> {
    let shelf = locked(&shelf);
    let data: Vec<_> = shelf
        .copy
        .iter()
        .map(|(date, path, records)| {
            let size = shelf.files.get(path).map_or(0, |(content, _)| content.len());
            let url = format!("http://{address}/{path}");
            let csv = json!({"type": "LEI_3.1", "format": "csv", "record_count": records, "size": size,
            "size_human_readable": format!("{} kB", size / 1024), "delta_type": "", "url": url});
            json!({"publish_date": date, "lei2": {"type": "LEI", "publish_date": date,
            "full_file": {"csv": csv}, "delta_files": {}}})
        })
        .collect();
    axum::Json(json!({"data": data, "meta": {"total": data.len()}}))
}

async fn file(
    State((shelf, _)): State<Shared>,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let text = |name| {
        headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok()).map(str::to_owned)
    };
    let mut shelf = locked(&shelf);
    let fault = (!shelf.faults.is_empty()).then(|| shelf.faults.remove(0));
    let found = shelf.files.get(&path).cloned();
    let answer = answer(found, fault, &text);
    let asked = Asked {
        path: uri.path().to_owned(),
        range: text(RANGE),
        agent: text(USER_AGENT).unwrap_or_default(),
        status: answer.status().as_u16(),
    };
    shelf.ledger.push(asked);
    answer
}

fn answer(
    found: Option<(Bytes, String)>,
    fault: Option<Fault>,
    text: &impl Fn(axum::http::HeaderName) -> Option<String>,
) -> Response<Body> {
    let plain = |status: StatusCode| {
        let builder = Response::builder().status(status).header("retry-after", "0");
        builder.body(Body::empty()).unwrap_or_default()
    };
    let Some((content, tag)) = found else { return plain(StatusCode::NOT_FOUND) };
    if let Some(Fault::Status(status)) = fault {
        return plain(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    // The SEC refuses who does not say who he is.
    if !text(USER_AGENT).is_some_and(|agent| agent.contains('@') || agent.starts_with("dealdesk/")) {
        return plain(StatusCode::FORBIDDEN);
    }
    if text(IF_NONE_MATCH).as_ref() == Some(&tag) {
        return plain(StatusCode::NOT_MODIFIED);
    }
    let wanted = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|held| held == tag));
    let from =
        wanted.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    if from.is_some_and(|from| from >= content.len()) {
        return plain(StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let total = content.len();
    let mut sent = content.slice(from.unwrap_or(0)..);
    if fault == Some(Fault::Garbage) {
        sent = Bytes::from(vec![b'x'; sent.len()]);
    }
    let mut builder = Response::builder().header(ETAG, tag).header("content-length", sent.len());
    if let Some(from) = from {
        let span = format!("bytes {from}-{}/{total}", total - 1);
        builder = builder.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, span);
    }
    let body = match fault {
        Some(Fault::CutAfter(bytes)) => {
            let part = sent.slice(..bytes.min(sent.len()));
            let broken = stream::once(async move {
                // What was written before is on its way by then.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(std::io::Error::other("the line breaks"))
            });
            Body::from_stream(stream::once(async move { Ok(part) }).chain(broken))
        }
        _ => Body::from(sent),
    };
    builder.body(body).unwrap_or_default()
}
