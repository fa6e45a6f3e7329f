//! The fetcher against servers on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;

use super::*;

/// A server on this machine, and how often it was asked.
struct Server {
    origin: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let router = Router::new()
            .route("/file", get(|| async { "%PDF-1.7" }))
            .route("/hop/{left}", get(hop))
            .route("/to/{*link}", get(|Path(link): Path<String>| async move { Redirect::temporary(&link) }))
            .route("/endless", get(|| async { Body::from_stream(futures_util::stream::repeat_with(chunk)) }))
            .route("/gone", get(|| async { StatusCode::NOT_FOUND }))
            .route("/silent", get(|| async { std::future::pending::<()>().await }))
            .layer(axum::middleware::from_fn(move |request, next: axum::middleware::Next| {
                count.fetch_add(1, Ordering::Relaxed);
                next.run(request)
            }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "the server lives as long as the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { origin, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// A fetcher to which this server alone is allowed.
    fn fetcher(&self) -> Fetcher {
        Fetcher::new(&self.origin, "", "127.0.0.1:1", "http://127.0.0.1:1").unwrap()
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.fetcher().fetch(&format!("{}{path}", self.origin)).await
    }
}

async fn hop(Path(left): Path<u8>) -> impl IntoResponse {
    if left == 0 { Redirect::temporary("/file") } else { Redirect::permanent(&format!("/hop/{}", left - 1)) }
}

fn chunk() -> Result<Bytes, std::io::Error> {
    Ok(Bytes::from_static(&[b'x'; 65_536]))
}

#[tokio::test]
async fn a_file_arrives_also_behind_three_redirects() {
    let server = Server::start().await;
    assert_eq!(server.fetch("/file").await.unwrap(), b"%PDF-1.7");
    assert_eq!(server.fetch("/hop/2").await.unwrap(), b"%PDF-1.7");
    assert_eq!(server.fetch("/hop/3").await, Err(Fault::Redirects));
}

#[tokio::test]
async fn without_being_allowed_nothing_on_this_machine_is_even_dialled() {
    let server = Server::start().await;
    let port = server.origin.rsplit(':').next().unwrap();
    let plain = Fetcher::new("", port, "127.0.0.1:1", "http://127.0.0.1:1").unwrap();
    assert_eq!(plain.fetch(&format!("{}/file", server.origin)).await, Err(Fault::Link));
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1"]
    {
        let fetched = plain.fetch(&format!("https://{host}:{port}/file")).await;
        assert!(matches!(fetched, Err(Fault::Inner(_))), "{host}: {fetched:?}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_redirect_is_checked_like_a_link() {
    let (server, other) = (Server::start().await, Server::start().await);
    let target = other.origin.replace("http://", "https://");
    let inner = server.fetch(&format!("/to/{target}/file")).await;
    assert!(matches!(inner, Err(Fault::Port(_))), "{inner:?}");
    let metadata = server.fetch("/to/https://169.254.169.254/latest").await;
    assert_eq!(metadata, Err(Fault::Inner("169.254.169.254".into())));
    assert_eq!(server.fetch(&format!("/to/{}/file", other.origin)).await, Err(Fault::Link));
    assert_eq!(server.fetch("/to/file:///etc/passwd").await, Err(Fault::Link));
    assert_eq!(other.asked(), 0);
}

#[tokio::test]
async fn a_file_without_end_is_cut_and_a_missing_one_named() {
    let server = Server::start().await;
    assert_eq!(server.fetch("/endless").await, Err(Fault::TooLarge));
    assert_eq!(server.fetch("/gone").await, Err(Fault::Status(404)));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let server = Server::start().await;
    let fetcher = Fetcher { time: Duration::from_millis(300), ..server.fetcher() };
    assert_eq!(fetcher.fetch(&format!("{}/silent", server.origin)).await, Err(Fault::Late));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn our_own_address_is_refused_even_when_allowed() {
    let server = Server::start().await;
    let listen = server.origin.trim_start_matches("http://");
    for listen in [listen.to_owned(), listen.replace("127.0.0.1", "0.0.0.0")] {
        let own = Fetcher::new(&server.origin, "", &listen, "http://127.0.0.1:1").unwrap();
        let fetched = own.fetch(&format!("{}/file", server.origin)).await;
        assert_eq!(fetched, Err(Fault::Inner("127.0.0.1".into())), "{listen}");
    }
    let named = Fetcher::new("", "", "10.0.0.1:80", "https://deals.example.com").unwrap();
    assert!(matches!(
        named.fetch("https://DEALS.example.com/x").await,
        Err(Fault::Inner(_) | Fault::Away(_))
    ));
}

#[tokio::test]
async fn links_that_are_not_for_us_are_refused_by_their_look() {
    let fetcher = Fetcher::new("", "8443", "127.0.0.1:1", "").unwrap();
    for (link, fault) in [
        ("http://example.com/a.pdf", Fault::Link),
        ("ftp://example.com/a.pdf", Fault::Link),
        ("example.com/a.pdf", Fault::Link),
        ("file:///etc/passwd", Fault::Link),
        ("https://user:secret@example.com/a.pdf", Fault::Credentials),
        ("https://user@example.com/a.pdf", Fault::Credentials),
        ("https://example.com:22/a.pdf", Fault::Port(22)),
        ("https://10.0.0.1:8443/a.pdf", Fault::Inner("10.0.0.1".into())),
    ] {
        assert_eq!(fetcher.fetch(link).await, Err(fault), "{link}");
    }
}

#[test]
fn what_is_allowed_must_be_an_origin() {
    for bad in ["files.example.com", "https://files.example.com/folder", "ftp://files.example.com", "*"] {
        assert!(Fetcher::new(bad, "", "127.0.0.1:1", "").is_err(), "{bad}");
    }
    assert!(Fetcher::new("", "https", "127.0.0.1:1", "").is_err());
}

#[test]
fn nothing_inner_is_allowed_by_default() {
    assert!(Fetcher::new("", "", "127.0.0.1:1", "").unwrap().allowed.is_empty());
    let set = Fetcher::new("https://files.internal", "", "127.0.0.1:1", "").unwrap();
    assert_eq!(set.allowed.len(), 1);
}
