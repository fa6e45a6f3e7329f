//! Effects: takes what is to be changed at vendors from the queue and has it done by the provider it names.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use agents::contract::fetch::Fetcher;
use agents::crm::access::Access;
use agents::failpoint::FailPoints;
use domain::clock::Clock;
use domain::ids::Ids;
use futures_util::FutureExt;
use integrations::CallError;
use storage::effects::{self, Held};
use storage::seal::Seal;
use storage::{Db, connections};
use tokio_util::sync::CancellationToken;

use crate::{crm, esign, events};

/// The providers whose effects this process makes.
const PROVIDERS: &[&str] = &[events::PROVIDER, esign::PROVIDER, "hubspot", "salesforce"];
/// How many effects of one tenant, provider and action are handed over together.
const TOGETHER: i64 = 100;
/// How long an idle worker sleeps.
const NAP: Duration = Duration::from_millis(300);
/// How often a long call says that its worker lives.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// After so many tries in vain, some fifteen hours, an effect is given up.
pub(crate) const ATTEMPTS_MAX: i32 = 100;
/// The longest wait between two tries, seconds: after an outage all is made within a quarter of an hour.
const WAIT_MAX_S: f64 = 600.0;
/// How long a connection is left alone whose token is refused, seconds.
const REFUSED_S: f64 = 300.0;

/// What came of an effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It is made, and that is written down already, in one transaction with what follows from it.
    Kept,
    /// It is tried again.
    Later {
        /// When, seconds from now.
        after_s: f64,
        /// It may have been made.
        is_unsure: bool,
        /// What was seen.
        why: String,
    },
    /// It was not tried: the vendor asks to wait, or does not accept us at the moment. That counts as no try, so that what
    /// was asked for outlives a connection that somebody has to make again.
    Wait {
        /// When, seconds from now.
        after_s: f64,
        /// What is waited for.
        why: String,
    },
    /// It cannot be made.
    Never(String),
}

/// Who makes effects.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) db: Db,
    pub(crate) seal: Seal,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// Finds safe ways to addresses that customers name.
    pub(crate) fetcher: Fetcher,
    /// Opens CRMs.
    pub(crate) crm: Access,
    /// Has documents signed.
    pub(crate) esign: esign::Office,
    pub(crate) points: FailPoints,
    pub(crate) stop: CancellationToken,
}

impl Maker {
    /// Makes effects until stopped.
    pub(crate) async fn run(self) {
        while !self.stop.is_cancelled() {
            let nap = match effects::claim(&self.db, PROVIDERS, TOGETHER).await {
                Ok(held) if held.is_empty() => NAP,
                Ok(held) => {
                    self.make(held).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "effects have to wait");
                    NAP * 5
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Has effects of one tenant, provider and action made, and writes down what came of each.
    async fn make(&self, held: Vec<Held>) {
        self.points.pass("effect.claimed");
        let work = AssertUnwindSafe(self.hand_over(&held)).catch_unwind();
        tokio::pin!(work);
        let outcomes = loop {
            tokio::select! {
                outcomes = &mut work => break outcomes,
                () = tokio::time::sleep(HEARTBEAT) => {
                    for one in &held {
                        if let Err(error) = effects::heartbeat(&self.db, one).await {
                            tracing::warn!(%error, effect = %one.id, "an effect may run out of its lease");
                        }
                    }
                }
            }
        };
        self.points.pass("effect.made");
        let outcomes = outcomes.unwrap_or_else(|_| {
            tracing::error!(provider = held[0].effect.provider, "making effects panicked");
            held.iter().map(|one| later(one, true, "we failed".to_owned())).collect()
        });
        for (one, outcome) in held.iter().zip(outcomes) {
            let name = match &outcome {
                Outcome::Kept => "made",
                Outcome::Later { .. } | Outcome::Wait { .. } => "later",
                Outcome::Never(_) => "failed",
            };
            metrics::counter!("effects_total", "provider" => one.effect.provider.clone(), "outcome" => name)
                .increment(1);
            if let Err(error) = self.settle(one, outcome).await {
                tracing::warn!(%error, effect = %one.id, "what came of an effect was not kept; it is looked up later");
            }
        }
    }

    /// Gives one outcome for each effect, in their order.
    async fn hand_over(&self, held: &[Held]) -> Vec<Outcome> {
        match held[0].effect.provider.as_str() {
            events::PROVIDER => {
                let mut outcomes = Vec::with_capacity(held.len());
                for one in held {
                    outcomes.push(events::deliver(self, one).await);
                }
                outcomes
            }
            esign::PROVIDER => {
                let mut outcomes = Vec::with_capacity(held.len());
                for one in held {
                    outcomes.push(esign::make(self, one).await);
                }
                outcomes
            }
            "hubspot" | "salesforce" => crm::make(self, held).await,
            other => {
                held.iter().map(|_| Outcome::Never(format!("nobody makes effects of {other}"))).collect()
            }
        }
    }

    async fn settle(&self, held: &Held, outcome: Outcome) -> Result<(), storage::Error> {
        match outcome {
            Outcome::Kept => Ok(()),
            Outcome::Later { why, .. } if held.attempt >= ATTEMPTS_MAX => {
                self.give_up(held, &format!("given up after {ATTEMPTS_MAX} tries: {why}")).await
            }
            Outcome::Later { after_s, is_unsure, why } => {
                effects::put_back(&self.db, held, after_s, is_unsure, &why).await
            }
            Outcome::Wait { after_s, why } => effects::defer(&self.db, held, after_s, &why).await,
            Outcome::Never(why) => self.give_up(held, &why).await,
        }
    }

    async fn give_up(&self, held: &Held, why: &str) -> Result<(), storage::Error> {
        tracing::error!(
            effect = %held.id, provider = held.effect.provider, action = held.effect.action, why, "an effect failed"
        );
        effects::fail(&self.db, held, why).await
    }

    /// What a failed call means for an effect and for the connection it went over.
    pub(crate) async fn judge(&self, held: &Held, error: &CallError) -> Outcome {
        let connection = (held.tenant, held.effect.provider.as_str());
        let is_refused = matches!(error, CallError::Unauthorised { .. });
        if let Err(failure) = connections::failed(&self.db, connection, &error.to_string(), is_refused).await
        {
            tracing::warn!(%failure, "a connection's failure was not noted");
        }
        match error {
            CallError::RateLimited { after_s } => {
                let after_s = u32::try_from(*after_s).unwrap_or(u32::MAX);
                Outcome::Wait { after_s: f64::from(after_s), why: error.to_string() }
            }
            CallError::Unauthorised { .. } => Outcome::Wait { after_s: REFUSED_S, why: error.to_string() },
            CallError::NotSent { .. } => later(held, false, error.to_string()),
            CallError::OutcomeUnknown { .. } | CallError::Garbage { .. } => {
                later(held, true, error.to_string())
            }
            CallError::Forbidden { .. } | CallError::Gone { .. } | CallError::Refused { .. } => {
                Outcome::Never(error.to_string())
            }
        }
    }
}

/// Tries an effect again after 1 s, 2 s, 4 s … up to ten minutes.
pub(crate) fn later(held: &Held, is_unsure: bool, why: String) -> Outcome {
    let doublings = held.attempt.clamp(1, 12) - 1;
    Outcome::Later { after_s: f64::from(1 << doublings).min(WAIT_MAX_S), is_unsure, why }
}
