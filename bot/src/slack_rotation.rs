//! Slack's tokens that expire: each renewed well before its time, by one process.

use std::time::Duration;

use channels::slack::client::Slack;
use channels::slack::oauth::App;
use domain::clock::Clock;
use domain::person::Channel;
use storage::Db;
use storage::rotation::{self, Expiring, Pair};
use storage::seal::Seal;
use tokio_util::sync::CancellationToken;

/// How often tokens are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long before its end a token is renewed; Slack's live twelve hours.
const AHEAD: chrono::Duration = chrono::Duration::hours(2);
/// When to try again after a failure, seconds.
const AGAIN_S: f64 = 120.0;

/// Who renews tokens.
pub(crate) struct Renewer {
    pub(crate) db: Db,
    pub(crate) seal: Seal,
    pub(crate) slack: Slack,
    pub(crate) clock: Clock,
    pub(crate) app: App,
}

impl Renewer {
    /// Renews until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            match rotation::claim(&self.db, &self.seal, Channel::Slack, self.clock.now() + AHEAD).await {
                Ok(Some(expiring)) => {
                    self.renew(&expiring).await;
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "tokens have to wait"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn renew(&self, expiring: &Expiring) {
        let Expiring { tenant, workspace, refresh } = expiring;
        let failed = match self.slack.oauth_renew(refresh, &self.app).await {
            Ok(installed) if installed.workspace == *workspace => match installed.renewal {
                Some((refresh, lasts_s)) => {
                    let expires_at = self.clock.now() + chrono::Duration::seconds(lasts_s);
                    let pair = Pair { token: installed.token, refresh, expires_at };
                    let place = (Channel::Slack, workspace.as_str(), *tenant);
                    match rotation::keep(&self.db, &self.seal, place, &pair).await {
                        Ok(()) => {
                            tracing::info!(workspace, "renewed a token");
                            return;
                        }
                        Err(error) => error.to_string(),
                    }
                }
                None => "the answer holds nothing to renew it with".to_owned(),
            },
            Ok(_) => "the answer is for another workspace".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::error!(
            workspace,
            error = failed,
            "a token was not renewed; if that stays so, install again at /slack/install"
        );
        if let Err(error) = rotation::put_off(&self.db, Channel::Slack, workspace, AGAIN_S).await {
            tracing::warn!(%error, "a token is looked at again soon");
        }
    }
}
