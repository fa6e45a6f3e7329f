//! A DocuSign in memory: tokens for whoever signs his statement, envelopes, signers who sign or refuse, signed messages to
//! the product, faults on demand.

mod api;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use ring::signature::RsaKeyPair;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::task::JoinHandle;

/// The account's key.
pub const ACCOUNT: &str = "acc-0001";
/// The integration key of the app.
pub const INTEGRATION_KEY: &str = "app-0001";
/// The user in whose name envelopes are sent.
pub const USER: &str = "user-0001";

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429, with `Retry-After: 1`; nothing is done.
    RateLimited,
    /// That status; nothing is done.
    Status(u16),
    /// It is done, then the line breaks.
    BreakAfter,
    /// It is done, then comes something that is no JSON.
    Garbage,
}

/// A document on its way.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// DocuSign's key.
    pub id: String,
    /// The sender's.
    pub transaction: String,
    /// As DocuSign calls it.
    pub status: String,
    /// Why it was voided.
    pub voided_reason: Option<String>,
    /// Who declined, and why.
    pub declined: Option<(String, String)>,
    /// What is signed.
    pub document: Vec<u8>,
    /// Its name.
    pub file_name: String,
    /// Name and address of each signer.
    pub signers: Vec<(String, String)>,
    /// Where it tells what happens.
    pub tell: Option<String>,
    /// How often the mail was sent again.
    pub resent: u32,
    /// When its status changed, counted.
    pub changed_at: u64,
    /// What the signed document is to be in place of the document.
    pub signed: Option<Vec<u8>>,
    /// From then on it appears in lists.
    pub listed_from: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Office {
    envelopes: Vec<Envelope>,
    faults: HashMap<String, Vec<Fault>>,
    ledger: Vec<String>,
    tokens: Vec<String>,
    consent: bool,
    lag: Duration,
    moment: u64,
    silent: bool,
}

/// The fake; its socket closes with the value.
#[derive(Debug)]
pub struct Docusign {
    office: Arc<Mutex<Office>>,
    address: String,
    http: reqwest::Client,
    keys: Vec<String>,
    task: JoinHandle<()>,
}

impl Drop for Docusign {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(office: &Mutex<Office>) -> MutexGuard<'_, Office> {
    office.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Docusign {
    /// Starts it. Statements are checked with the public half of `pem`, an RSA key; `keys` sign its messages.
    ///
    /// # Errors
    /// When no port can be had, or the key is none.
    pub async fn start(pem: &str, keys: &[&str]) -> std::io::Result<Self> {
        let public_key = public_half(pem).ok_or_else(|| std::io::Error::other("no RSA key"))?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let office = Arc::new(Mutex::new(Office { consent: true, ..Office::default() }));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?.to_string();
        let app = api::router(Arc::clone(&office), address.clone(), public_key);
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        let task = tokio::spawn(async move {
            let _ = axum::serve(socket, app).await;
        });
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
        let http = http.build().map_err(std::io::Error::other)?;
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        Ok(Self { office, address, http, keys, task })
    }

    /// Its address, for tokens and for the interface.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next calls go wrong whose method and path begin so, e.g. `POST envelopes`.
    pub fn fails(&self, call: &str, faults: &[Fault]) {
        locked(&self.office).faults.entry(call.to_owned()).or_default().extend_from_slice(faults);
    }

    /// The user allows the app to act for her, or no longer does; tokens given before hold no more.
    pub fn set_consent(&self, consent: bool) {
        let mut office = locked(&self.office);
        office.consent = consent;
        office.tokens.clear();
    }

    /// Envelopes made from now on appear in lists only after so long.
    pub fn set_lag(&self, lag: Duration) {
        locked(&self.office).lag = lag;
    }

    /// Whether messages are lost from now on.
    pub fn set_silent(&self, silent: bool) {
        locked(&self.office).silent = silent;
    }

    /// What was done to it, in order: `POST envelopes`, `PUT envelopes/… voided`.
    pub fn ledger(&self) -> Vec<String> {
        locked(&self.office).ledger.clone()
    }

    /// All envelopes.
    pub fn envelopes(&self) -> Vec<Envelope> {
        locked(&self.office).envelopes.clone()
    }

    /// An envelope moves, and the product is told; gives the message's answer, if one was sent.
    pub async fn moves(&self, id: &str, status: &str) -> Option<u16> {
        let message = self.changes(id, |envelope| status.clone_into(&mut envelope.status));
        self.tells(&message?).await
    }

    /// A signer refuses.
    pub async fn declines(&self, id: &str, who: &str, why: &str) -> Option<u16> {
        let message = self.changes(id, |envelope| {
            "declined".clone_into(&mut envelope.status);
            envelope.declined = Some((who.to_owned(), why.to_owned()));
        });
        self.tells(&message?).await
    }

    /// What comes back signed is this in place of what was sent.
    pub fn returns(&self, id: &str, signed: Vec<u8>) {
        self.changes(id, |envelope| envelope.signed = Some(signed));
    }

    /// Changes an envelope; gives the message that tells of it.
    pub fn changes(&self, id: &str, change: impl FnOnce(&mut Envelope)) -> Option<Message> {
        let mut office = locked(&self.office);
        office.moment += 1;
        let moment = office.moment;
        let envelope = office.envelopes.iter_mut().find(|envelope| envelope.id == id)?;
        change(envelope);
        envelope.changed_at = moment;
        let told = json!({
            "event": format!("envelope-{}", envelope.status), "apiVersion": "v2.1", "retryCount": 0,
            "uri": format!("/restapi/v2.1/accounts/{ACCOUNT}/envelopes/{id}"), "configurationId": 0,
            "generatedDateTime": api::moment(moment),
            "data": { "accountId": ACCOUNT, "userId": USER, "envelopeId": id,
                "envelopeSummary": api::summary(envelope) },
        });
        Some(Message { url: envelope.tell.clone()?, body: told })
    }

    /// Sends a message as Connect does: signed with every key, each in a header of its own.
    pub async fn tells(&self, message: &Message) -> Option<u16> {
        if locked(&self.office).silent {
            return None;
        }
        let body = message.body.to_string();
        let mut request = self.http.post(&message.url).header("content-type", "application/json");
        for (number, key) in (1..).zip(&self.keys) {
            request = request.header(format!("x-docusign-signature-{number}"), sign(key, body.as_bytes()));
        }
        Some(request.body(body).send().await.ok()?.status().as_u16())
    }
}

fn public_half(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_der(&STANDARD.decode(body).ok()?).ok()?;
    Some(pair.public().as_ref().to_vec())
}

/// A message of Connect.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it goes.
    pub url: String,
    /// What it says.
    pub body: Value,
}

/// The signature of a body.
pub fn sign(key: &str, body: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}
