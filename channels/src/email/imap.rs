//! Reading a mailbox over IMAP: what is new since the last mail that was taken, then waiting with IDLE.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_imap::Session;
use async_imap::extensions::idle::IdleResponse;
use futures_util::TryStreamExt;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::structure::BYTES_MAX;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a wait lasts at most: connections that are silent for longer are cut by machines in between.
const WAIT: Duration = Duration::from_mins(9);

/// A mailbox on a server.
#[derive(Debug, Clone)]
pub struct Place {
    /// TLS from the first byte; without it only for servers on the same machine.
    pub is_tls: bool,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The account.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// The mailbox, usually `INBOX`.
    pub mailbox: String,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting cannot be read.
    #[error("IMAP_URL is not of the form imaps://USER:PASSWORD@HOST/MAILBOX")]
    Url,
    /// The server did not answer in time.
    #[error("the mail server does not answer")]
    Silent,
    /// The network.
    #[error("cannot reach the mail server")]
    Network(#[from] std::io::Error),
    /// The server, or what it said.
    #[error("the mail server refused")]
    Server(#[from] async_imap::error::Error),
    /// The numbering of the mailbox is not told.
    #[error("the mail server does not number its mails")]
    Unnumbered,
}

impl Place {
    /// Reads a URL: `imaps://user:password@host:993/INBOX`; `imap://` is without TLS.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn from_url(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or(Error::Url)?;
        let is_tls = match scheme {
            "imaps" => true,
            "imap" => false,
            _ => return Err(Error::Url),
        };
        let (account, server) = rest.rsplit_once('@').ok_or(Error::Url)?;
        let (user, password) = account.split_once(':').ok_or(Error::Url)?;
        let (server, mailbox) = server.split_once('/').unwrap_or((server, ""));
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| Error::Url)?),
            None => (server, if is_tls { 993 } else { 143 }),
        };
        if host.is_empty() || user.is_empty() {
            return Err(Error::Url);
        }
        let mailbox = if mailbox.is_empty() { "INBOX".to_owned() } else { unescaped(mailbox) };
        let (user, password) = (unescaped(user), SecretString::from(unescaped(password)));
        Ok(Self { is_tls, host: host.to_owned(), port, user, password, mailbox })
    }

    /// What the mailbox is remembered by.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}:{}/{}", self.user, self.host, self.port, self.mailbox)
    }
}

/// A mail in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The server's number for its numbering.
    pub validity: u32,
    /// The mail's number in it.
    pub uid: u32,
}

/// Reads a mailbox until the connection ends: everything after `read_to`, in order, then each mail as it comes. `take`
/// says whether a mail is safe; if not, the connection ends and the mail comes again.
///
/// # Errors
/// Why it ended; the caller connects again after a while.
pub async fn follow<F, D>(place: &Place, read_to: Option<Number>, take: F) -> Result<(), Error>
where
    F: Fn(Number, Vec<u8>) -> D,
    D: Future<Output = bool>,
{
    let address = (place.host.as_str(), place.port);
    let stream =
        tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await.map_err(|_| Error::Silent)??;
    stream.set_nodelay(true)?;
    if !place.is_tls {
        return follow_on(place, stream, (read_to, &take)).await;
    }
    let name = ServerName::try_from(place.host.clone()).map_err(|_| Error::Url)?;
    let connecting = TlsConnector::from(tls()?).connect(name, stream);
    let stream = tokio::time::timeout(PATIENCE, connecting).await.map_err(|_| Error::Silent)??;
    follow_on(place, stream, (read_to, &take)).await
}

fn tls() -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Network(std::io::Error::other(error)))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn follow_on<S, F, D>(
    place: &Place,
    stream: S,
    (read_to, take): (Option<Number>, &F),
) -> Result<(), Error>
where
    F: Fn(Number, Vec<u8>) -> D,
    D: Future<Output = bool>,
    S: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug,
{
    let mut client = async_imap::Client::new(stream);
    in_time(async { Ok(client.read_response().await?) }).await?;
    let mut session = in_time(async {
        let password = place.password.expose_secret();
        client.login(&place.user, password).await.map_err(|(error, _)| error.into())
    })
    .await?;
    let mailbox = in_time(async { Ok(session.select(&place.mailbox).await?) }).await?;
    let validity = mailbox.uid_validity.ok_or(Error::Unnumbered)?;
    // Another numbering: what was read tells nothing about it. Doubles are told by what the mails are.
    let known = read_to.filter(|number| number.validity == validity);
    let mut last = known.map_or(0, |number| number.uid);
    loop {
        last = in_time(read_new(&mut session, Number { validity, uid: last }, take)).await?;
        let mut idle = session.idle();
        in_time(async { Ok(idle.init().await?) }).await?;
        let (waiting, _interrupt) = idle.wait_with_timeout(WAIT);
        let heard = waiting.await?;
        session = in_time(async { Ok(idle.done().await?) }).await?;
        if let IdleResponse::ManualInterrupt = heard {
            return Ok(());
        }
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Reading many large mails takes longer than one answer; each of them is stored on its own.
    tokio::time::timeout(PATIENCE * 20, asking).await.map_err(|_| Error::Silent)?
}

/// Takes all mails after a number; the number of the last.
async fn read_new<S, F, D>(session: &mut Session<S>, from: Number, take: &F) -> Result<u32, Error>
where
    F: Fn(Number, Vec<u8>) -> D,
    D: Future<Output = bool>,
    S: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug,
{
    let range = format!("{}:*", from.uid.saturating_add(1));
    let sizes: Vec<_> = session.uid_fetch(&range, "(UID RFC822.SIZE)").await?.try_collect().await?;
    // The last mail is always told, also when it is older than what was asked for.
    let new: BTreeMap<u32, u32> = sizes
        .iter()
        .filter_map(|fetch| Some((fetch.uid?, fetch.size.unwrap_or_default())))
        .filter(|(uid, _)| *uid > from.uid)
        .collect();
    let mut last = from.uid;
    for (uid, size) in new {
        // Of a mail that is too large the head is kept, for a person to see.
        let is_whole = usize::try_from(size).is_ok_and(|size| size <= BYTES_MAX);
        let what = if is_whole { "(UID BODY.PEEK[])" } else { "(UID BODY.PEEK[HEADER])" };
        let fetched: Vec<_> = session.uid_fetch(uid.to_string(), what).await?.try_collect().await?;
        let found = fetched.iter().find(|fetch| fetch.uid == Some(uid));
        let raw = found.and_then(|fetch| fetch.body().or_else(|| fetch.header()));
        // Gone since: somebody moved it.
        if let Some(raw) = raw
            && !take(Number { uid, ..from }, raw.to_vec()).await
        {
            return Err(Error::Network(std::io::Error::other("the mail could not be stored")));
        }
        last = uid;
    }
    Ok(last)
}

/// `%40` and the like.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code =
            tail.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_its_url() {
        let place = Place::from_url("imaps://deals%40us.example:p%3Aw@mail.us.example/In%20box").unwrap();
        assert_eq!((place.user.as_str(), place.password.expose_secret()), ("deals@us.example", "p:w"));
        assert_eq!(
            (place.host.as_str(), place.port, place.mailbox.as_str()),
            ("mail.us.example", 993, "In box")
        );
        let place = Place::from_url("imap://u:p@127.0.0.1:10143").unwrap();
        assert!(!place.is_tls && place.port == 10143 && place.mailbox == "INBOX");
        for url in
            ["", "imap://host", "http://u:p@host", "imaps://u:p@host:x", "imaps://:p@host", "imaps://u:p@"]
        {
            assert!(Place::from_url(url).is_err(), "{url}");
        }
    }
}
