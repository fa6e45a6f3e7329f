//! Fake CRMs: one store with a ledger and faults, behind the interfaces of two vendors.

mod hubspot;
mod salesforce;
mod soql;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::clock::Clock;
use domain::crm::Object;
use serde_json::{Value, json};

/// Which vendor a fake speaks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// HubSpot.
    HubSpot,
    /// Salesforce.
    Salesforce,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429, wait so many seconds; nothing happens.
    TooMany(u64),
    /// 503; nothing happens.
    Away,
    /// 500 before anything happens.
    Broken,
    /// 504 after everything happened.
    Late,
    /// Success, with a body that is none.
    Garbage,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Fields.
    pub fields: BTreeMap<String, String>,
    /// When it was changed, ms.
    pub modified: i64,
    /// From when searches show it, ms.
    pub shown: i64,
    /// Deleted.
    pub is_archived: bool,
    /// What it belongs to.
    pub links: Vec<(Object, u64)>,
    /// Into what it was merged.
    pub merged_into: Option<u64>,
    /// What was merged into it.
    pub merged: Vec<u64>,
}

/// What was done to the fake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// To what.
    pub object: Object,
    /// Its number.
    pub id: u64,
    /// It was made, not changed.
    pub is_new: bool,
    /// What was set.
    pub fields: BTreeMap<String, String>,
}

/// A job of Salesforce's bulk interface.
#[derive(Debug, Default)]
struct Job {
    object: Option<Object>,
    rows: Vec<BTreeMap<String, String>>,
    good: Vec<(u64, BTreeMap<String, String>)>,
    bad: Vec<(String, BTreeMap<String, String>)>,
    rest: Vec<BTreeMap<String, String>>,
    state: &'static str,
}

/// Everything the fake knows.
#[derive(Debug, Default)]
pub struct Book {
    records: BTreeMap<Object, BTreeMap<u64, Record>>,
    external: BTreeMap<(Object, String), u64>,
    ledger: Vec<Entry>,
    calls: Vec<String>,
    faults: VecDeque<Fault>,
    rate: Option<(u32, u64)>,
    now: Option<i64>,
    lag: i64,
    next: u64,
    tokens: Vec<String>,
    refresh: Option<String>,
    renewals: u32,
    jobs: BTreeMap<u64, Job>,
    refused: BTreeMap<String, u32>,
    removed: Vec<String>,
    leave_unprocessed: usize,
}

/// A fake CRM; gone when the runtime ends.
#[derive(Debug, Clone)]
pub struct Fake {
    /// Whose interface it has.
    pub vendor: Vendor,
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
}

struct Request<'a> {
    method: &'a Method,
    path: &'a str,
    query: BTreeMap<String, String>,
    body: &'a [u8],
}

impl Request<'_> {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or(Value::Null)
    }
}

type Reply = (u16, Value);

const EXTERNAL: [&str; 2] = ["dealdesk_id", "Dealdesk_Id__c"];

impl Book {
    fn now(&self) -> i64 {
        self.now.unwrap_or_else(|| Clock::system().now().timestamp_millis())
    }

    fn of(&self, object: Object) -> impl Iterator<Item = (&u64, &Record)> {
        self.after(object, 0)
    }

    /// The records whose number is larger.
    fn after(&self, object: Object, id: u64) -> impl Iterator<Item = (&u64, &Record)> {
        self.records.get(&object).into_iter().flat_map(move |all| all.range(id + 1..))
    }

    /// Sets fields, and makes the record when there is none.
    fn set(&mut self, object: Object, id: Option<u64>, fields: &BTreeMap<String, String>) -> (u64, bool) {
        let (now, lag) = (self.now(), self.lag);
        let (id, is_new) = id.map_or_else(
            || {
                self.next += 1;
                (self.next, true)
            },
            |id| (id, false),
        );
        // Some are shown at once, some late: later changes may be seen before earlier ones.
        let late =
            if lag == 0 { 0 } else { i64::try_from(id).unwrap_or(0).wrapping_mul(7919).rem_euclid(lag) };
        let record = self.records.entry(object).or_default().entry(id).or_default();
        record.fields.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        record.modified = now;
        record.shown = now + late;
        for name in EXTERNAL {
            if let Some(key) = fields.get(name) {
                self.external.insert((object, key.clone()), id);
            }
        }
        (id, is_new)
    }

    fn write(&mut self, object: Object, id: Option<u64>, fields: BTreeMap<String, String>) -> u64 {
        let (id, is_new) = self.set(object, id, &fields);
        self.ledger.push(Entry { object, id, is_new, fields });
        id
    }

    fn fault(&mut self) -> Option<Fault> {
        if let Some(fault) = self.faults.pop_front() {
            return Some(fault);
        }
        let (percent, seed) = self.rate.as_mut()?;
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let thrown = *seed >> 33;
        if thrown % 100 >= u64::from(*percent) {
            return None;
        }
        Some(
            [Fault::TooMany(0), Fault::Away, Fault::Broken, Fault::Late, Fault::Garbage]
                [(thrown / 100 % 5) as usize],
        )
    }
}

impl Fake {
    /// Starts it on a free port. It takes the token `secret`, and renews it for `refresh`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(vendor: Vendor) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let book = Book {
            tokens: vec!["secret".to_owned()],
            refresh: Some("refresh".to_owned()),
            next: 1000,
            ..Book::default()
        };
        let fake = Self { vendor, address, book: Arc::new(Mutex::new(book)) };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        #[expect(clippy::disallowed_methods, reason = "the fake is a process of its own, inside the test's")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(fake)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A record's id as the vendor writes it.
    pub fn name(&self, object: Object, id: u64) -> String {
        match self.vendor {
            Vendor::HubSpot => id.to_string(),
            Vendor::Salesforce => salesforce::name(object, id),
        }
    }

    /// A person there makes a record.
    pub fn make(&self, object: Object, fields: &[(&str, &str)], link: Option<(Object, u64)>) -> u64 {
        let mut book = self.book();
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (id, _) = book.set(object, None, &fields);
        if let Some(record) = book.records.get_mut(&object).and_then(|all| all.get_mut(&id)) {
            record.links.extend(link);
        }
        id
    }

    /// A person there changes a record.
    pub fn edit(&self, object: Object, id: u64, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.book().set(object, Some(id), &fields);
    }

    /// A person there deletes a record.
    pub fn archive(&self, object: Object, id: u64) {
        let mut book = self.book();
        let now = book.now();
        if let Some(record) = book.records.get_mut(&object).and_then(|all| all.get_mut(&id)) {
            (record.is_archived, record.modified, record.shown) = (true, now, now);
        }
    }

    /// A person there merges one record into another.
    pub fn merge(&self, object: Object, loser: u64, winner: u64) {
        self.archive(object, loser);
        let mut book = self.book();
        let now = book.now();
        let Some(all) = book.records.get_mut(&object) else { return };
        if let Some(record) = all.get_mut(&loser) {
            record.merged_into = Some(winner);
        }
        if let Some(record) = all.get_mut(&winner) {
            record.merged.push(loser);
            (record.modified, record.shown) = (now, now);
        }
    }

    /// The live records.
    pub fn live(&self, object: Object) -> BTreeMap<u64, Record> {
        self.book()
            .of(object)
            .filter(|(_, one)| !one.is_archived)
            .map(|(id, one)| (*id, one.clone()))
            .collect()
    }

    /// What was written by us.
    pub fn ledger(&self) -> Vec<Entry> {
        self.book().ledger.clone()
    }

    /// The calls so far, method and path.
    pub fn calls(&self) -> Vec<String> {
        self.book().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.book().calls.clear();
    }

    /// What goes wrong with the next calls.
    pub fn faults(&self, faults: &[Fault]) {
        self.book().faults.extend(faults);
    }

    /// Of a hundred calls, so many go wrong, in every way there is.
    pub fn fails(&self, percent: u32, seed: u64) {
        self.book().rate = (percent > 0).then_some((percent, seed));
    }

    /// Searches show changes up to so much later, ms.
    pub fn lags(&self, most: i64) {
        self.book().lag = most;
    }

    /// The clock stands still at a time, ms.
    pub fn stops_clock(&self, now: i64) {
        self.book().now = Some(now);
    }

    /// The token is no longer good; another can be had for the refresh token, or not even that.
    pub fn revokes(&self, is_renewable: bool) {
        let mut book = self.book();
        book.tokens.clear();
        if !is_renewable {
            book.refresh = None;
        }
    }

    /// How often a token was renewed.
    pub fn renewals(&self) -> u32 {
        self.book().renewals
    }

    /// A field is gone from now on.
    pub fn removes_field(&self, name: &str) {
        self.book().removed.push(name.to_owned());
    }

    /// The next writes of a record with this external id are refused as locked, so many times.
    pub fn locks(&self, external: &str, times: u32) {
        self.book().refused.insert(external.to_owned(), times);
    }

    /// A bulk job leaves so many of its records unprocessed.
    pub fn leaves_unprocessed(&self, count: usize) {
        self.book().leave_unprocessed = count;
    }
}

async fn answer(
    State(fake): State<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().map(pairs).unwrap_or_default();
    let request = Request { method: &method, path: uri.path(), query, body: &body };
    let mut book = fake.book();
    book.calls.push(format!("{method} {}", uri.path()));
    if uri.path().ends_with("/oauth/v1/token") || uri.path().ends_with("/oauth2/token") {
        let given = pairs(&String::from_utf8_lossy(&body));
        if book.refresh.is_none() || given.get("refresh_token") != book.refresh.as_ref() {
            return reply(400, &json!({ "error": "invalid_grant", "message": "the grant was taken back" }));
        }
        book.renewals += 1;
        let token = format!("secret{}", book.renewals);
        book.tokens = vec![token.clone()];
        return reply(200, &json!({ "access_token": token, "expires_in": 1800 }));
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !book.tokens.iter().any(|good| token == format!("Bearer {good}")) {
        return reply(401, &json!({ "message": "the token has expired or was revoked" }));
    }
    let fault = book.fault();
    match fault {
        Some(Fault::TooMany(after)) => {
            let told =
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, after.to_string())], "slow down");
            return told.into_response();
        }
        Some(Fault::Away) => return reply(503, &json!({ "message": "away" })),
        Some(Fault::Broken) => return reply(500, &json!({ "message": "broken" })),
        Some(Fault::Late | Fault::Garbage) | None => {}
    }
    let (status, told) = match fake.vendor {
        Vendor::HubSpot => hubspot::answer(&mut book, &request),
        Vendor::Salesforce => match salesforce::answer(&mut book, &request) {
            salesforce::Told::Json(reply) => reply,
            salesforce::Told::Csv(text) => return text.into_response(),
        },
    };
    match fault {
        Some(Fault::Late) => reply(504, &json!({ "message": "took too long" })),
        Some(Fault::Garbage) => "{\"results\": [{\"id\": ".into_response(),
        _ => reply(status, &told),
    }
}

fn reply(status: u16, told: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if *told == Value::Null {
        status.into_response()
    } else {
        (status, axum::Json(told.clone())).into_response()
    }
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
