//! `dealdesk events`: who is told what happens, and telling it again.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use domain::event::{KINDS, Kind};
use integrations::events::webhook;
use secrecy::ExposeSecret;
use storage::subscriptions::{self, New, Way};
use storage::{Tx, events};
use uuid::Uuid;

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::{json, line};
use crate::config::Config;

/// How many events are read together.
const PAGE: i64 = 500;

/// What to do about events. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Send events to an address from now on, signed as Standard Webhooks says; prints the signing secret once.
    Subscribe {
        /// An https address.
        url: String,
        /// Only these kinds, e.g. `deal.moved`; all when none is named.
        #[arg(long = "kind")]
        kinds: Vec<String>,
    },
    /// Stop sending to a subscription.
    Unsubscribe {
        /// Its number, as `list` shows it.
        subscription: Uuid,
    },
    /// Show the subscriptions and how they fare.
    List,
    /// Send everything after a place once more, to one subscription.
    Replay {
        /// Its number, as `list` shows it.
        subscription: Uuid,
        /// The place: 0 for everything, else an event's sequence.
        #[arg(long, default_value_t = 0)]
        since: i64,
    },
    /// Print events as JSON lines of CloudEvents.
    Export {
        /// Only those after this place.
        #[arg(long, default_value_t = 0)]
        since: i64,
    },
    /// Print the kinds of events, or the JSON schema of one.
    Schema {
        /// E.g. `deal.moved`.
        kind: Option<String>,
    },
}

impl Events {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if let Self::Schema { kind } = &self {
            return schema(kind.as_deref());
        }
        let app = App::open(config, Owner::Shared).await?;
        let done = self.act(&app).await;
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn act(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let now = app.clock.now();
        match self {
            Self::Subscribe { url, kinds } => {
                subscribe(app, &mut tx, (&url, &kinds)).await?;
                tx.commit().await?;
            }
            Self::Unsubscribe { subscription } => {
                subscriptions::unsubscribe(&mut tx, subscription, None, now).await?;
                tx.commit().await?;
                line("Nothing is sent there any more.")?;
            }
            Self::List => list(&mut tx).await?,
            Self::Replay { subscription, since } => {
                subscriptions::replay(&mut tx, (subscription, since), None, now).await?;
                tx.commit().await?;
                line(&format!("Everything after {since} is sent again by the running server."))?;
            }
            Self::Export { since } => export(&mut tx, since).await?,
            Self::Schema { .. } => {}
        }
        Ok(())
    }
}

async fn subscribe(app: &App, tx: &mut Tx, (url, kinds): (&str, &[String])) -> anyhow::Result<()> {
    if let Some(unknown) = kinds.iter().find(|kind| Kind::of_name(kind).is_none()) {
        bail!("there is no event {unknown}; dealdesk events schema names them");
    }
    app.desk.contracts.fetcher.way_to(url).await.with_context(|| {
        format!("{url} cannot be sent to. An address in your own network has to be in fetch.allow_hosts")
    })?;
    let secret = webhook::secret(&app.ids.secret());
    let new = New {
        id: app.ids.next(),
        way: Way::Webhook,
        target: url,
        kinds,
        stage: None,
        due_at: None,
        secret: Some((&app.seal, &secret)),
        by: None,
    };
    let id = subscriptions::subscribe(tx, &new, app.clock.now()).await?;
    line(&format!("Subscription {id}"))?;
    line(&format!("Signing secret, shown only now: {}", secret.expose_secret()))
}

async fn list(tx: &mut Tx) -> anyhow::Result<()> {
    let all = subscriptions::list(tx).await?;
    if all.is_empty() {
        line("Nobody is subscribed.")?;
    }
    for one in all {
        let kinds = if one.kinds.is_empty() { "all kinds".to_owned() } else { one.kinds.join(", ") };
        let error = one.last_error.map_or_else(String::new, |error| format!(", failing: {error}"));
        line(&format!("{}  {} {} ({kinds}), at {}{error}", one.id, one.state, one.target, one.seq))?;
    }
    Ok(())
}

async fn export(tx: &mut Tx, since: i64) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut place = since;
    loop {
        let page = events::after(tx, place, &[], PAGE).await?;
        let Some(last) = page.last() else { break };
        place = last.seq;
        for event in &page {
            json(&mut out, &event.envelope())?;
        }
    }
    Ok(out.flush()?)
}

fn schema(kind: Option<&str>) -> anyhow::Result<ExitCode> {
    match kind {
        None => {
            for kind in KINDS {
                line(&format!("{:20} v{}  {}", kind.name, kind.version, kind.says))?;
            }
        }
        Some(name) => {
            let kind = Kind::of_name(name).with_context(|| format!("there is no event {name}"))?;
            line(&serde_json::to_string_pretty(&kind.schema())?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
