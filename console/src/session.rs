//! Signing in by a one-time link, and the session that follows.

use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Duration, Utc};
use domain::ids::Ids;
use domain::person::{Person, Role};
use serde::Deserialize;
use serde_json::json;
use storage::Tx;
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};

use crate::Console;
use crate::error::{Failure, page};
use crate::guard::FETCH_SITE;
use crate::shell::{Assets, Place, Shell};

/// The cookie that carries a session.
pub const SESSION_COOKIE: &str = "dealdesk_session";
/// How long a session lasts, days.
const SESSION_DAYS: i64 = 14;

/// A new secret for a link, a session or a token; only its hash is to be stored.
pub fn new_secret(ids: &Ids) -> String {
    hex::encode(ids.secret())
}

/// The signed-in person, and the console she visits.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) console: Console,
    pub(crate) person: Person,
    /// Who holds this is signed in: never shown, never logged.
    secret: Secret,
    /// Our own script asks for a part of a page.
    pub(crate) is_fragment: bool,
}

#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl SignedIn {
    /// Refuses those below a role; `who` may, in words.
    pub(crate) fn at_least(&self, role: Role, who: &'static str) -> Result<(), Failure> {
        if self.person.role >= role { Ok(()) } else { Err(Failure::NotAllowed(who)) }
    }

    /// The person as of now, if the session still holds.
    pub(crate) async fn again(&self) -> Result<Option<Person>, storage::Error> {
        let console = &self.console;
        credentials::holder(&console.db, Kind::Session, &self.secret.0, console.clock.now()).await
    }

    /// Opens what belongs to the person's team.
    pub(crate) async fn begin(&self) -> Result<Tx, storage::Error> {
        self.console.db.tenant(self.person.tenant).begin().await
    }

    /// The same for a page, with its frame, if the person may see it.
    pub(crate) async fn enter(&self, place: Place) -> Result<(Tx, Shell), Failure> {
        let mut tx = self.begin().await?;
        let shell = Shell::new(&mut tx, &self.console, &self.person, place).await?;
        Ok((tx, shell))
    }

    /// The time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.console.clock.now()
    }
}

impl FromRequestParts<Console> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Failure> {
        let is_fragment = parts.headers.contains_key("hx-request");
        if let Some(secret) = session_of(&parts.headers)
            && let Some(person) =
                credentials::holder(&console.db, Kind::Session, &secret, console.clock.now()).await?
        {
            return Ok(Self { console: console.clone(), person, secret: Secret(secret), is_fragment });
        }
        // Browsers keep a strict cookie back when a link on another site led here. A page of ours
        // that loads the same address again gets it sent.
        let is_from_elsewhere = parts.headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site");
        if parts.method == axum::http::Method::GET && is_from_elsewhere {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            return Err(Failure::CameFromElsewhere(path.to_owned()));
        }
        Err(Failure::SignedOut { is_fragment })
    }
}

fn session_of(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value.to_owned())
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    assets: Assets,
    token: String,
    is_stale: bool,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    assets: Assets,
}

/// A sign-in link, as opened or as confirmed.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    token: String,
}

/// Shows one button. Opening the link changes nothing: mail scanners open links too.
pub(crate) async fn sign_in_page(Query(link): Query<Link>) -> Response {
    page(&SignInPage { assets: Assets, is_stale: link.token.is_empty(), token: link.token })
}

/// Exchanges a one-time link for a session.
pub(crate) async fn sign_in(
    State(console): State<Console>,
    Form(link): Form<Link>,
) -> Result<Response, Failure> {
    let now = console.clock.now();
    let Some(secret) = exchange(&console, &link.token, now).await? else {
        return Ok(page(&SignInPage { assets: Assets, token: String::new(), is_stale: true }));
    };
    Ok((cookie(&console, &secret, SESSION_DAYS * 86_400), Redirect::to("/")).into_response())
}

/// A new session's secret, or none when the link was used, has lapsed or never was.
async fn exchange(console: &Console, token: &str, now: DateTime<Utc>) -> Result<Option<String>, Failure> {
    let Some(person) = credentials::holder(&console.db, Kind::Link, token, now).await? else {
        return Ok(None);
    };
    let mut tx = console.db.tenant(person.tenant).begin().await?;
    // Of two who come with the same link at once, one finds it gone.
    if !credentials::revoke(&mut tx, token).await? {
        return Ok(None);
    }
    let secret = new_secret(&console.ids);
    let until = now + Duration::days(SESSION_DAYS);
    credentials::issue(&mut tx, person.id, Kind::Session, &secret, Some(until)).await?;
    let subject = format!("person:{}", person.id);
    let act = Act {
        at: now,
        actor: &subject,
        action: "person.signed_in",
        subject: &subject,
        detail: json!({ "until": until }),
    };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// Ends the session.
pub(crate) async fn sign_out(signed_in: SignedIn) -> Result<Response, Failure> {
    let mut tx = signed_in.begin().await?;
    credentials::revoke(&mut tx, &signed_in.secret.0).await?;
    tx.commit().await?;
    Ok((cookie(&signed_in.console, "", 0), Redirect::to("/welcome")).into_response())
}

/// Says how to get in.
pub(crate) async fn welcome() -> Response {
    page(&Welcome { assets: Assets })
}

fn cookie(console: &Console, secret: &str, age_s: i64) -> HeaderMap {
    let secure = if console.public_url.starts_with("https://") { "; Secure" } else { "" };
    let text =
        format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(SET_COOKIE, value);
    }
    headers
}
