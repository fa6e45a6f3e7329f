//! Joining by OAuth: an admin is sent to Slack, and comes back with a code that we trade for a token.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use channels::slack::oauth::{App, authorize_url};
use domain::ids::TenantId;
use domain::person::Channel;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use storage::rotation::{self, Pair};
use storage::workspaces::{self, Workspace};

use super::Edge;
use super::problem::Problem;
use crate::config::Tenants;

const COOKIE: &str = "dealdesk_install";
/// How long an admin may take to agree, seconds.
const STATE_S: u32 = 600;

fn app(edge: &Edge) -> Option<App> {
    let redirect_url = Some(format!("{}/slack/oauth", edge.config.public_url()));
    edge.config.slack.app().map(|app| App { redirect_url, ..app })
}

fn not_offered() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "This installation serves one workspace. To add others, set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET.",
    )
}

/// Sends the admin to Slack, with a secret that only this browser has.
pub(super) async fn begin(State(edge): State<Arc<Edge>>) -> Result<Response, Problem> {
    let app = app(&edge).ok_or_else(not_offered)?;
    let state = hex::encode(edge.ids.secret());
    let mut answer = Redirect::to(&authorize_url(&app, &state)).into_response();
    answer.headers_mut().insert(header::SET_COOKIE, cookie(&edge, &state, STATE_S)?);
    Ok(answer)
}

fn cookie(edge: &Edge, value: &str, lasts_s: u32) -> Result<HeaderValue, Problem> {
    let secure = if edge.config.public_url().starts_with("https:") { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={value}; Path=/slack/oauth; Max-Age={lasts_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text)
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "The cookie cannot be set."))
}

/// What Slack sends back.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    error: Option<String>,
}

/// Trades the code for a token and stores it sealed.
pub(super) async fn finish(
    State(edge): State<Arc<Edge>>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let app = app(&edge).ok_or_else(not_offered)?;
    if let Some(error) = back.error {
        tracing::info!(error, "an installation was not agreed to");
        return Ok(page(StatusCode::OK, "Nothing was installed", "You can close this page, or start again."));
    }
    if !is_same_browser(&headers, &back.state) {
        return Ok(page(
            StatusCode::BAD_REQUEST,
            "Please start again",
            "This link was not asked for by this browser, or too long ago. Open /slack/install again.",
        ));
    }
    let installed = match edge.slack.oauth_access(&back.code, &app).await {
        Ok(installed) => installed,
        Err(error) => {
            tracing::warn!(%error, "an installation failed at Slack");
            return Ok(page(
                StatusCode::BAD_GATEWAY,
                "Slack did not confirm",
                "Slack did not hand over access. Open /slack/install again; if it keeps failing, check the app's client secret.",
            ));
        }
    };
    let name = if installed.name.is_empty() { installed.workspace.clone() } else { installed.name.clone() };
    let tenant = tenant_for(&edge, &installed.workspace, &name).await?;
    let renewal = installed.renewal.clone().map(|(refresh, lasts_s)| Pair {
        token: installed.token.clone(),
        refresh,
        expires_at: edge.clock.now() + chrono::Duration::seconds(lasts_s),
    });
    let workspace = Workspace {
        tenant,
        channel: Channel::Slack,
        external_id: installed.workspace,
        name: name.clone(),
        bot_user: installed.bot_user,
        token: Some(installed.token),
    };
    workspaces::install(&edge.db, &edge.seal, &workspace).await?;
    if let Some(pair) = renewal {
        let place = (Channel::Slack, workspace.external_id.as_str(), tenant);
        rotation::keep(&edge.db, &edge.seal, place, &pair).await?;
    }
    tracing::info!(workspace = workspace.external_id, %tenant, "a workspace installed us");
    let words = "Write <code>/deal help</code> in any channel to begin.";
    let mut answer = page(StatusCode::OK, &format!("{} has joined Dealdesk", escape(&name)), words);
    answer.headers_mut().insert(header::SET_COOKIE, cookie(&edge, "", 0)?);
    Ok(answer)
}

/// A workspace that comes back keeps its tenant; a new one gets its own, unless all share one.
async fn tenant_for(edge: &Edge, workspace: &str, name: &str) -> Result<TenantId, Problem> {
    if let Some(tenant) = workspaces::tenant_of(&edge.db, Channel::Slack, workspace).await? {
        return Ok(tenant);
    }
    match edge.config.slack.tenants {
        Tenants::Shared => Ok(edge.home),
        Tenants::Separate => {
            let tenant = TenantId(edge.ids.next());
            workspaces::create_tenant(&edge.db, tenant, name).await?;
            Ok(tenant)
        }
    }
}

fn is_same_browser(headers: &HeaderMap, state: &str) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let ours = cookies
        .flat_map(|list| list.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    // Hashes are compared, so that the time it takes tells nothing of the secret.
    ours.is_some_and(|ours| !ours.is_empty() && Sha256::digest(ours) == Sha256::digest(state))
}

fn page(status: StatusCode, heading: &str, words: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{heading}</title><main><h1>{heading}</h1><p>{words}</p></main></html>"
    );
    let policy = [(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")];
    (status, policy, Html(html)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
