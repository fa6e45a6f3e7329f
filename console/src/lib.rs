//! The web console: chat, approvals, deals, plans. It reads storage and writes through the intake.

mod asset;
mod chat;
mod counsel;
mod error;
mod guard;
mod intake;
mod moment;
mod pages;
mod payload;
mod session;
mod sheets;
mod shell;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use domain::clock::Clock;
use domain::ids::Ids;
use storage::Db;
use storage::inbox::Intake;
use storage::objects::Objects;
use tokio::sync::broadcast;

pub use counsel::{Compare, Counsel};
pub use session::{SESSION_COOKIE, new_secret};

/// A form of ours is small; the longest thing typed is a note.
const BODY_MAX: usize = 64 * 1024;

/// The address that takes files; requests to it may be as long as [`upload_bytes_max`] says.
pub const UPLOAD_PATH: &str = "/contracts/upload";

/// The longest request to [`UPLOAD_PATH`], bytes.
pub fn upload_bytes_max() -> usize {
    pages::contracts::UPLOAD_BYTES_MAX
}

/// What the console needs of the running program; cheap to clone.
#[derive(Debug, Clone)]
pub struct Console {
    /// The database.
    pub db: Db,
    /// Where files are kept.
    pub objects: Objects,
    /// What the contract pages know of terms and playbooks.
    pub counsel: Counsel,
    /// Where everything that people do here goes.
    pub intake: Intake,
    /// The time.
    pub clock: Clock,
    /// Ids and secrets.
    pub ids: Ids,
    /// Where people reach the console, e.g. `https://deals.example.com`, without a slash at the end.
    pub public_url: String,
    /// Rooms whose messages changed: whoever hears of them (from other processes too) sends their names.
    pub shown: broadcast::Sender<String>,
}

impl Console {
    /// Ends every open event stream, so that the server can drain; browsers come back by themselves.
    pub fn hang_up(&self) {
        // Nobody may be listening, which is as good.
        let _ = self.shown.send(chat::HANG_UP.to_owned());
    }
}

/// All pages, with their guards.
pub fn router(console: Console) -> Router {
    let pages = Router::new()
        .route("/", get(chat::page))
        .route("/chat/say", post(chat::say))
        .route("/chat/press", post(chat::press))
        .route("/chat/form", post(chat::form))
        .route("/chat/events", get(chat::events::stream))
        .route("/approvals", get(pages::approvals::page))
        .route("/approvals/decide", post(pages::approvals::decide))
        .route("/approvals/count", get(pages::approvals::count))
        .route("/sent/{plan}", get(pages::sent::part))
        .route("/contracts", get(pages::contracts::page))
        .route("/contracts/{version}", get(pages::contract::page))
        .route("/contracts/{version}/original", get(pages::contract::original))
        .route("/contracts/{version}/sign", post(pages::signing::send))
        .route("/contracts/{version}/answer", post(pages::contract::answer))
        .route("/contracts/{version}/compare/{other}", get(pages::comparison::page))
        .route("/reviews", get(pages::reviews::page))
        .route("/reviews/{review}/take", post(pages::reviews::take))
        .route("/renewals", get(pages::renewals::page))
        .route("/playbook", get(pages::playbook::page).post(pages::playbook::edit))
        .route("/partners", get(pages::partners::page))
        .route("/deals", get(pages::deals::page))
        .route("/deals/{deal}", get(pages::deal::page))
        .route("/plans", get(pages::plans::page))
        .route("/plans/{plan}", get(pages::plan::page))
        .route("/plans/{plan}/steps", get(pages::plan::steps))
        .route("/models", get(pages::models::page))
        .route("/connections", get(pages::connections::page))
        .route("/connections/{provider}", get(pages::connection::page).post(pages::connection::save))
        .route("/connections/{provider}/dry-run", post(pages::connection::dry_run))
        .route("/connections/{provider}/replay/{effect}", post(pages::connections::replay))
        .route("/audit", get(pages::audit::page))
        .route("/security", get(pages::security::page))
        .route("/security/rules", post(pages::security::save))
        .route("/security/rules/{number}/back", post(pages::security::put_back))
        .route("/security/{step}/release", post(pages::security::release))
        .route("/security/{step}/drop", post(pages::security::discard))
        .route("/inbox", get(pages::inbox::page))
        .route("/inbox/{message}/invite", post(pages::inbox::invite))
        .route("/inbox/{message}/drop", post(pages::inbox::set_aside))
        .route("/people", get(pages::people::page).post(pages::people::add))
        .route("/people/{person}/role", post(pages::people::set_role))
        .route("/people/{person}/link", post(pages::people::link))
        .route("/people/{person}/token", post(pages::people::token))
        .route("/people/{person}/revoke", post(pages::people::revoke))
        .route("/people/{person}/deactivate", post(pages::people::deactivate))
        .route("/sign-in", get(session::sign_in_page).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/welcome", get(session::welcome))
        .route("/assets/{name}", get(asset::serve));
    // A file is no form: the one address that takes one has a bound of its own.
    let upload =
        post(pages::contracts::upload).layer(DefaultBodyLimit::max(pages::contracts::UPLOAD_BYTES_MAX));
    pages
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .route(UPLOAD_PATH, upload)
        .layer(middleware::from_fn_with_state(console.clone(), guard::watch))
        .with_state(console)
}
