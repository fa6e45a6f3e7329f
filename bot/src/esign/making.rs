//! Effects at the vendor: an envelope is sent once, taken back, reminded of; what came back is fetched.

use agents::contract::signing;
use domain::contract::signing::State;
use domain::ids::EnvelopeId;
use integrations::CallError;
use integrations::esign::docusign::Account;
use integrations::esign::{Request, Told};
use serde_json::{Value, json};
use storage::effects::{self, Held};
use storage::envelopes::{self, Envelope};
use storage::objects::Digest;
use storage::{Tx, connections};

use super::{Office, PROVIDER};
use crate::effects::{ATTEMPTS_MAX, Maker, Outcome, later};

/// Why an effect was not made.
enum Trouble {
    Call(CallError),
    Storage(storage::Error),
    Objects(storage::objects::Error),
    /// It cannot be made, in words for people.
    Never(String),
    /// The vendor's lists may not show yet what was made: look again, seconds.
    Settling(f64),
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<storage::Error> for Trouble {
    fn from(error: storage::Error) -> Self {
        Self::Storage(error)
    }
}

/// Makes one effect; what follows from it is written down with its end.
pub(crate) async fn make(maker: &Maker, held: &Held) -> Outcome {
    let office = &maker.esign;
    let trouble = match office.try_make(held).await {
        Ok(()) => {
            if let Err(error) = connections::succeeded(&office.db, (held.tenant, PROVIDER)).await {
                tracing::warn!(%error, "a connection's success was not noted");
            }
            return Outcome::Kept;
        }
        Err(trouble) => trouble,
    };
    let outcome = match trouble {
        Trouble::Call(error) => maker.judge(held, &error).await,
        Trouble::Storage(error) => later(held, true, error.to_string()),
        Trouble::Objects(error) => later(held, false, error.to_string()),
        Trouble::Never(why) => Outcome::Never(why),
        Trouble::Settling(after_s) => {
            let why = "it may have been sent; the vendor's lists are given time to show it".to_owned();
            Outcome::Later { after_s, is_unsure: true, why }
        }
    };
    let is_over = match &outcome {
        Outcome::Never(_) => true,
        Outcome::Later { .. } => held.attempt >= ATTEMPTS_MAX,
        _ => false,
    };
    if let (true, "send", Outcome::Never(why) | Outcome::Later { why, .. }) =
        (is_over, held.effect.action.as_str(), &outcome)
        && let Err(error) = office.failed(held, why).await
    {
        tracing::error!(%error, "that an envelope failed was not kept");
    }
    outcome
}

impl Office {
    async fn try_make(&self, held: &Held) -> Result<(), Trouble> {
        let envelope = serde_json::from_value::<EnvelopeId>(held.effect.payload["envelope"].clone())
            .map_err(|_| Trouble::Never("it names no envelope".to_owned()))?;
        let mut tx = self.db.tenant(held.tenant).begin().await?;
        let known = envelopes::get(&mut tx, envelope).await?;
        drop(tx);
        let account = self.account(held.tenant, None).await?;
        let tried = self.act(held, &known, &account).await;
        // A token may be withdrawn before its time: one more try with a new one.
        match tried {
            Err(Trouble::Call(CallError::Unauthorised { .. })) => {
                let account = self.account(held.tenant, Some(&account.token)).await?;
                self.act(held, &known, &account).await
            }
            other => other,
        }
    }

    async fn act(&self, held: &Held, known: &Envelope, account: &Account) -> Result<(), Trouble> {
        match held.effect.action.as_str() {
            "send" => self.send(held, known, account).await,
            "void" => self.void(held, known, account).await,
            "remind" => self.remind(held, known, account).await,
            "fetch" => self.fetch(held, known, account).await,
            other => Err(Trouble::Never(format!("nobody does {other} here"))),
        }
    }

    /// Sends an envelope, unless it was sent already.
    async fn send(&self, held: &Held, known: &Envelope, account: &Account) -> Result<(), Trouble> {
        if known.state != State::Asked {
            return self.end(held, known, None).await;
        }
        let key = known.id.to_string();
        if held.is_unsure {
            if let Some(found) = account.find(&self.http, &key).await? {
                return self.end(held, known, Some(&found)).await;
            }
            let now = self.clock.now();
            let settled = known.tried_at.map(|at| at + chrono::Duration::seconds(self.settings.settle_s));
            if let Some(settled) = settled.filter(|settled| *settled > now) {
                let wait_s = u32::try_from((settled - now).num_seconds() + 1).unwrap_or(1);
                return Err(Trouble::Settling(f64::from(wait_s)));
            }
        }
        let digest: Digest =
            known.sha256.parse().map_err(|_| Trouble::Never("the file's key is none".to_owned()))?;
        let bytes = self.objects.get(held.tenant, digest).await.map_err(Trouble::Objects)?;
        let mut tx = self.db.tenant(held.tenant).begin().await?;
        envelopes::trying(&mut tx, known.id, self.clock.now()).await?;
        tx.commit().await?;
        let subject: String = format!("Please sign: {}", known.name).chars().take(100).collect();
        let tell = self.tell(account);
        let request = Request {
            key: &key,
            subject: &subject,
            file_name: &known.name,
            bytes: &bytes,
            signers: &known.signers,
            tell: tell.as_deref(),
            expires_days: self.settings.expires_days,
            remind_days: self.settings.remind_days,
        };
        let sent = account.send(&self.http, &request).await?;
        self.end(held, known, Some(&sent)).await
    }

    /// Takes an envelope back. What is over already stays as it ended, and is looked up.
    async fn void(&self, held: &Held, known: &Envelope, account: &Account) -> Result<(), Trouble> {
        let Some(remote) = &known.remote else {
            return Err(Trouble::Never("it was never sent".to_owned()));
        };
        let reason = held.effect.payload["reason"].as_str().unwrap_or("taken back");
        match account.void(&self.http, remote, reason).await {
            Ok(()) => {
                let told = Told {
                    remote: remote.clone(),
                    key: None,
                    state: Some(State::Voided),
                    at: Some(self.clock.now()),
                    reason: Some(reason.to_owned()),
                };
                self.end(held, known, Some(&told)).await
            }
            Err(CallError::Refused { .. }) => {
                let found = account.states(&self.http, std::slice::from_ref(remote)).await?;
                self.end(held, known, found.first()).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has the mail sent again; better not at all than twice.
    async fn remind(&self, held: &Held, known: &Envelope, account: &Account) -> Result<(), Trouble> {
        if let Some(remote) = known.remote.as_deref().filter(|_| !held.is_unsure) {
            account.remind(&self.http, remote).await?;
        }
        self.end(held, known, None).await
    }

    /// Fetches what came back, keeps it, and has it read.
    async fn fetch(&self, held: &Held, known: &Envelope, account: &Account) -> Result<(), Trouble> {
        let Some(remote) = &known.remote else {
            return Err(Trouble::Never("it was never sent".to_owned()));
        };
        let document = account.signed_document(&self.http, remote).await?;
        let kept = self.objects.put(held.tenant, &document).await.map_err(Trouble::Objects)?;
        let mut tx = self.db.tenant(held.tenant).begin().await?;
        let told = (kept.to_string(), document.len() as u64);
        effects::done(&mut tx, held, &json!({ "sha256": told.0 })).await?;
        signing::came_back(&mut tx, &self.ids, known, told).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends an effect with what the vendor told, and with what follows from that.
    async fn end(&self, held: &Held, known: &Envelope, told: Option<&Told>) -> Result<(), Trouble> {
        let mut tx = self.db.tenant(held.tenant).begin().await?;
        let result = told.map_or(Value::Null, |told| json!({ "remote": told.remote }));
        effects::done(&mut tx, held, &result).await?;
        if let Some(told) = told {
            self.follow(&mut tx, known.id, told).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Keeps what the vendor told of an envelope, in the transaction of whoever heard it.
    pub(super) async fn follow(
        &self,
        tx: &mut Tx,
        envelope: EnvelopeId,
        told: &Told,
    ) -> Result<bool, storage::Error> {
        let Some(state) = told.state else { return Ok(false) };
        let told = envelopes::Told {
            state,
            at: told.at,
            reason: told.reason.as_deref(),
            remote: Some(&told.remote),
        };
        let changed = signing::follow(tx, &self.ids, (envelope, told), self.clock.now()).await?;
        if changed {
            metrics::counter!("envelopes_total", "state" => state.name()).increment(1);
        }
        Ok(changed)
    }

    /// An envelope could not be sent: its thread hears why.
    async fn failed(&self, held: &Held, why: &str) -> Result<(), storage::Error> {
        let Ok(envelope) = serde_json::from_value::<EnvelopeId>(held.effect.payload["envelope"].clone())
        else {
            return Ok(());
        };
        let now = self.clock.now();
        let told = envelopes::Told { state: State::Failed, at: Some(now), reason: Some(why), remote: None };
        let mut tx = self.db.tenant(held.tenant).begin().await?;
        signing::follow(&mut tx, &self.ids, (envelope, told), now).await?;
        metrics::counter!("envelopes_total", "state" => "failed").increment(1);
        tx.commit().await
    }
}
