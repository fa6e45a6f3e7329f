//! Where everything that Slack sends comes in, over HTTP or Socket Mode: stored once, under its workspace's tenant,
//! then answered. Nothing is read further here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use agents::failpoint::FailPoints;
use channels::keys::Keys;
use channels::slack::Kind;
use channels::slack::form;
use channels::slack::keys::keys;
use channels::slack::options::{self, Wanted};
use domain::ids::{Ids, InboundId, TenantId};
use domain::person::Channel;
use domain::wording;
use metrics::{Counter, counter};
use storage::Db;
use storage::directory::names::{self, Named};
use storage::inbox::{Intake, Raw, Stored};
use storage::seal::Seal;
use storage::workspaces;
use tokio::sync::Notify;
use tracing::Instrument;

use crate::server::Edge;
use crate::telemetry::export;

/// How long storing may take before we say "busy": Slack waits three seconds, a person less.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long we go on believing that a workspace belongs to a tenant.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// How long we go on believing that a workspace is unknown: it may be installed at any moment.
const UNKNOWN_FOR: Duration = Duration::from_secs(3);
/// Workspaces remembered at most.
const KNOWN_MAX: usize = 10_000;

/// The way in.
pub(crate) struct Door {
    db: Db,
    intake: Intake,
    ids: Ids,
    seal: Seal,
    home: TenantId,
    bell: Arc<Notify>,
    points: FailPoints,
    known: RwLock<HashMap<String, (Option<TenantId>, Instant)>>,
    counters: [Counters; 3],
    /// What answers a command, made once.
    on_it: Arc<str>,
    /// What answers a command of a workspace that we do not know.
    not_joined: Arc<str>,
}

struct Counters {
    stored: Counter,
    double: Counter,
    refused: Counter,
}

/// Why something was not taken; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It took too long.
    #[error("storing takes too long")]
    Slow,
    /// The database said no.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Door {
    /// The way in of a server.
    pub(crate) fn of(edge: &Edge) -> Self {
        let counters = Kind::ALL.map(|kind| {
            let count = |outcome: &'static str| {
                counter!("inbox_messages_total", "channel" => "slack", "route" => kind.name(), "outcome" => outcome)
            };
            Counters { stored: count("stored"), double: count("double"), refused: count("refused") }
        });
        let how = format!(
            "This workspace has not joined Dealdesk yet, so nothing was done. An admin can add it here: {}/slack/install",
            edge.config.public_url()
        );
        Self {
            db: edge.db.clone(),
            intake: edge.intake.clone(),
            ids: edge.ids.clone(),
            seal: edge.seal.clone(),
            home: edge.home,
            bell: edge.bell.clone(),
            points: edge.points.clone(),
            known: RwLock::new(HashMap::new()),
            counters,
            on_it: ephemeral(wording::ON_IT).into(),
            not_joined: ephemeral(&how).into(),
        }
    }

    /// Stores a body, and gives what answers it, if anything does; `envelope` is the number of the delivery where the
    /// body names none.
    pub(crate) async fn take(
        &self,
        kind: Kind,
        body: Vec<u8>,
        envelope: Option<&str>,
    ) -> Result<Option<Arc<str>>, NotTaken> {
        if kind == Kind::Interaction {
            if let Some(refusal) = form::refusal(&body) {
                return Ok(Some(refusal.into()));
            }
            if let Some(wanted) = options::wanted(&body) {
                return Ok(Some(self.companies(&wanted).await.into()));
            }
        }
        let taken = self.store(kind, body, envelope).await;
        if taken.is_err() {
            self.counters(kind).refused.increment(1);
        }
        taken
    }

    /// Companies whose names are like what was typed, for a team that we know. Nothing is stored for it.
    async fn companies(&self, wanted: &Wanted) -> String {
        let found = async {
            if self.tenant(&wanted.workspace).await?.is_none() {
                return Ok(Vec::new());
            }
            let asked = names::alike(self.db.directory(), &wanted.typed, options::ENTRIES_MAX);
            Ok::<_, NotTaken>(tokio::time::timeout(PATIENCE, asked).await.map_err(|_| NotTaken::Slow)??)
        };
        let companies = found.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a list of companies stays empty");
            Vec::new()
        });
        let entry = |company: Named| (company.id.0, format!("{} · {}", company.name, company.place));
        options::answer(&companies.into_iter().map(entry).collect::<Vec<_>>())
    }

    async fn store(
        &self,
        kind: Kind,
        body: Vec<u8>,
        envelope: Option<&str>,
    ) -> Result<Option<Arc<str>>, NotTaken> {
        let Keys { workspace, event, natural, urgent } = keys(kind, &body);
        let tenant = match &workspace {
            // What names no workspace cannot be read; it is kept for people of this installation to see.
            None => Some(self.home),
            Some(workspace) => match self.tenant(workspace).await? {
                Some(tenant) => Some(tenant),
                None => {
                    tracing::info!(route = kind.name(), "a workspace that did not install us");
                    return Ok((kind == Kind::Command).then(|| self.not_joined.clone()));
                }
            },
        };
        let team = workspace.as_deref().unwrap_or("-");
        let event = event.or_else(|| envelope.map(|envelope| format!("envelope:{envelope}")));
        let raw = Raw {
            id: InboundId(self.ids.next()),
            tenant,
            channel: Channel::Slack,
            route: kind.name(),
            event_key: event.map(|event| format!("slack:{team}:event:{event}")),
            natural_key: natural.map(|natural| format!("slack:{natural}")),
            workspace,
            is_urgent: urgent,
            body,
        };
        let stored = tokio::time::timeout(PATIENCE, self.keep(raw)).await.map_err(|_| NotTaken::Slow)??;
        match stored {
            Stored::New => {
                self.points.pass("intake.stored");
                self.counters(kind).stored.increment(1);
            }
            Stored::Double => self.counters(kind).double.increment(1),
        }
        self.bell.notify_one();
        Ok((kind == Kind::Command).then(|| self.on_it.clone()))
    }

    fn counters(&self, kind: Kind) -> &Counters {
        let [command, event, interaction] = &self.counters;
        match kind {
            Kind::Command => command,
            Kind::Event => event,
            Kind::Interaction => interaction,
        }
    }

    async fn keep(&self, raw: Raw) -> Result<Stored, storage::Error> {
        let (id, route) = (raw.id, raw.route);
        let storing = self.intake.store(raw);
        if !export::is_exporting() {
            return storing.await;
        }
        let span = tracing::info_span!("intake", channel = "slack", route);
        export::follow(&span, id.into());
        storing.instrument(span).await
    }

    /// The workspace's tenant, remembered for a while.
    async fn tenant(&self, workspace: &str) -> Result<Option<TenantId>, NotTaken> {
        let remembered = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(workspace).copied()
        };
        if let Some((tenant, since)) = remembered {
            let lasts = if tenant.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
            if since.elapsed() < lasts {
                return Ok(tenant);
            }
        }
        let found = workspaces::find(&self.db, &self.seal, Channel::Slack, workspace);
        let found = tokio::time::timeout(PATIENCE, found).await.map_err(|_| NotTaken::Slow)??;
        let tenant = found.map(|workspace| workspace.tenant);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(workspace.to_owned(), (tenant, Instant::now()));
        Ok(tenant)
    }
}

/// A text for the sender alone, as Slack reads it.
fn ephemeral(text: &str) -> String {
    serde_json::json!({ "response_type": "ephemeral", "text": text }).to_string()
}
