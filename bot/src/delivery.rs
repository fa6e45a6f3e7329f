//! Delivery: takes what is to be said from the outbox and sends it, each once, within the channels'
//! limits.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agents::failpoint::FailPoints;
use channels::SendError;
use channels::slack::client::{Posted, Target};
use channels::slack::render::{Rendered, render_of};
use channels::web;
use domain::card::Block;
use domain::ids::PlanId;
use domain::person::Channel;
use domain::wording::{self, Closed};
use futures_util::FutureExt;
use secrecy::SecretString;
use storage::objects::Objects;
use storage::outbox::{self, Delivery, Sent};
use storage::{last_resort, relocation};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::members::Members;
use crate::runner;
use crate::telemetry::export;

/// The channels that this process sends on.
const SENT_HERE: [Channel; 4] = [Channel::Slack, Channel::Email, Channel::Discord, Channel::Web];
/// How long an idle sender sleeps if nobody rings.
const NAP: Duration = Duration::from_millis(300);
/// Slack allows about one new message a second in a room, with short bursts.
const ROOM_PACE: Duration = Duration::from_millis(1000);
const ROOM_BURST: u32 = 5;
/// How far before a message was made its look-up begins, as Slack's clock and the database's may differ.
pub(crate) const SKEW: chrono::Duration = chrono::Duration::minutes(10);
/// After so many tries in vain, some three hours, a delivery is given up.
const ATTEMPTS_MAX: i32 = 40;

/// One sender of this process.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) members: Members,
    pub(crate) points: FailPoints,
    pub(crate) bell: Arc<Notify>,
    pub(crate) stop: CancellationToken,
    pub(crate) gates: Gates,
    pub(crate) console_url: String,
    /// Where files are kept that go along.
    pub(crate) objects: Objects,
}

/// When a workspace or a room may be written to again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gates(Arc<Mutex<HashMap<String, Gate>>>);

#[derive(Debug, Clone, Copy)]
struct Gate {
    /// Nothing before this.
    closed_until: Instant,
    /// Since when the burst refills.
    refilled: Instant,
    left: u32,
}

impl Gates {
    /// Asks to write to a room now; otherwise says how long to wait.
    fn pass(&self, workspace: &str, room: Option<&str>, urgency: i16) -> Result<(), Duration> {
        let now = Instant::now();
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(workspace)
            && gate.closed_until > now
        {
            return Err(gate.closed_until - now);
        }
        let Some(room) = room else { return Ok(()) };
        let new = Gate { closed_until: now, refilled: now, left: ROOM_BURST };
        let gate = gates.entry(format!("{workspace}/{room}")).or_insert(new);
        if gate.closed_until > now {
            return Err(gate.closed_until - now);
        }
        let refills =
            u32::try_from((now - gate.refilled).as_millis() / ROOM_PACE.as_millis()).unwrap_or(u32::MAX);
        if refills > 0 {
            gate.left = gate.left.saturating_add(refills).min(ROOM_BURST);
            gate.refilled = now;
        }
        // Of a burst, the last is kept for decisions and the last but one for replies: what came first must not make
        // what is urgent wait.
        if i64::from(gate.left) <= i64::from(urgency) {
            return Err(ROOM_PACE);
        }
        gate.left -= 1;
        Ok(())
    }

    /// The vendor asks to wait.
    fn close(&self, workspace: &str, wait: Duration) {
        let now = Instant::now();
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(workspace.to_owned()).or_insert(Gate {
            closed_until: now,
            refilled: now,
            left: ROOM_BURST,
        });
        gate.closed_until = gate.closed_until.max(now + wait);
        // Rooms that nobody wrote to for a while need no gate.
        gates.retain(|_, gate| gate.closed_until > now || now - gate.refilled < Duration::from_mins(10));
    }
}

impl Sender {
    /// Sends until stopped.
    pub(crate) async fn run(self) {
        while !self.stop.is_cancelled() {
            let nap = match outbox::claim(&self.members.db, &SENT_HERE).await {
                Ok(Some(delivery)) => {
                    self.hand_over(delivery).await;
                    continue;
                }
                Ok(None) => NAP,
                Err(error) => {
                    tracing::warn!(error = %error, "the outbox has to wait");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = self.bell.notified() => {}
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Makes one delivery of one plan; false if there is none now.
    pub(crate) async fn turn_of(&self, plan: PlanId) -> Result<bool, storage::Error> {
        let claimed = outbox::claim_of(&self.members.db, &[Channel::Web], Some(plan)).await?;
        let Some(delivery) = claimed else { return Ok(false) };
        self.hand_over(delivery).await;
        Ok(true)
    }

    /// Delivers; a panic costs the delivery a try, not us a sender.
    async fn hand_over(&self, delivery: Delivery) {
        self.points.pass("delivery.claimed");
        let message = delivery.message;
        let span = tracing::info_span!("delivery", plan = %delivery.plan, %message);
        export::follow(&span, delivery.plan);
        let done = AssertUnwindSafe(self.deliver(delivery)).catch_unwind().instrument(span).await;
        if let Err(panic) = done {
            let words = runner::words_of(&*panic);
            tracing::error!(%message, panic = words, "a delivery panicked; it comes back when its lease runs out");
        }
    }

    async fn deliver(&self, delivery: Delivery) {
        if delivery.attempt > ATTEMPTS_MAX {
            let why = SendError::Gone { reason: "the sender died each time".to_owned() };
            if let Err(error) = self.note(&delivery, &why).await {
                tracing::warn!(error = %error, "the delivery comes back by itself");
            }
            return;
        }
        if let Some((wait, why)) = self.must_wait(&delivery) {
            let noted = outbox::defer(&self.members.db, &delivery, wait.as_secs_f64(), why).await;
            if let Err(error) = noted {
                tracing::warn!(error = %error, "the delivery comes back by itself");
            }
            return;
        }
        let noted = match self.attempt_alive(&delivery).await {
            Ok(sent) => {
                self.points.pass("delivery.sent");
                let noted = outbox::sent(&self.members.db, &delivery, &sent).await;
                self.points.pass("delivery.recorded");
                noted
            }
            Err(SendError::NotHere { reason }) => self.move_on(&delivery, &reason).await,
            Err(error) => self.give_up(&delivery, &error).await,
        };
        if let Err(error) = noted {
            tracing::warn!(error = %error, "a delivery was not noted; it is looked up before it is sent again");
        }
    }

    /// How long a delivery has to wait before it may be tried at all, and why.
    fn must_wait(&self, delivery: &Delivery) -> Option<(Duration, &'static str)> {
        if delivery.channel == Channel::Web {
            return None;
        }
        if delivery.is_early {
            return Some((NAP, "the thread is not open yet"));
        }
        let wait = self.gates.pass(&delivery.workspace, delivery.room.as_deref(), delivery.urgency).err()?;
        Some((wait, "the room is written to too often"))
    }

    /// Notes what went wrong and when to go on.
    async fn note(&self, delivery: &Delivery, error: &SendError) -> Result<(), storage::Error> {
        let db = &self.members.db;
        let why = error.to_string();
        let backoff = f64::from(2_i32.pow(delivery.attempt.clamp(0, 8).unsigned_abs())).min(300.0);
        match error {
            SendError::RateLimited { after_s } => {
                let wait = Duration::from_secs((*after_s).max(1));
                match (delivery.channel, &delivery.room) {
                    // Discord limits each room; what it says of all of them its client knows.
                    (Channel::Discord, Some(room)) => {
                        self.gates.close(&format!("{}/{room}", delivery.workspace), wait);
                    }
                    _ => self.gates.close(&delivery.workspace, wait),
                }
                outbox::defer(db, delivery, wait.as_secs_f64(), &why).await
            }
            SendError::OutcomeUnknown { .. } if delivery.attempt < ATTEMPTS_MAX => {
                tracing::warn!(message = %delivery.message, why, "a send is unsure");
                outbox::put_back(db, delivery, backoff / 2.0, true, &why).await
            }
            // A token may be renewed, a scope granted: nothing is lost while that takes less than three hours.
            SendError::NotSent { .. } | SendError::Unauthorised { .. } if delivery.attempt < ATTEMPTS_MAX => {
                tracing::warn!(message = %delivery.message, why, "a message waits");
                outbox::put_back(db, delivery, backoff, false, &why).await
            }
            _ => {
                tracing::error!(message = %delivery.message, plan = %delivery.plan, why, "a message cannot be delivered");
                outbox::fail(db, delivery, &why).await
            }
        }
    }

    /// Goes on in private when the room is closed to us; gives up when that is closed too.
    async fn move_on(&self, delivery: &Delivery, reason: &str) -> Result<(), storage::Error> {
        match self.relocate(delivery, reason).await {
            Ok(true) => {
                self.points.pass("delivery.moved");
                outbox::put_back(&self.members.db, delivery, 0.0, false, reason).await
            }
            Ok(false) => {
                let closed = SendError::Gone { reason: reason.to_owned() };
                if self.mail_instead(delivery).await? { Ok(()) } else { self.note(delivery, &closed).await }
            }
            Err(error) => self.give_up(delivery, &error).await,
        }
    }

    /// Notes what went wrong; whoever cannot be reached on the chat at all gets a mail instead, once.
    async fn give_up(&self, delivery: &Delivery, error: &SendError) -> Result<(), storage::Error> {
        if is_unreachable(error) && self.mail_instead(delivery).await? {
            return Ok(());
        }
        self.note(delivery, error).await
    }

    /// Sends a mail in place of a message of a chat; false when that cannot be.
    async fn mail_instead(&self, delivery: &Delivery) -> Result<bool, storage::Error> {
        let can_mail = self.members.mail.is_some() && delivery.channel != Channel::Email;
        if can_mail && delivery.card.blocks.iter().any(|block| matches!(block, Block::Progress { .. })) {
            // How far something is is worth no mail; what comes of it is.
            outbox::sent(&self.members.db, delivery, &Sent::default()).await?;
            return Ok(true);
        }
        if !can_mail || !last_resort::by_mail(&self.members.db, delivery).await? {
            return Ok(false);
        }
        tracing::info!(message = %delivery.message, "a person cannot be reached on the chat; it goes by mail");
        outbox::put_back(&self.members.db, delivery, 0.0, false, "by mail instead").await?;
        Ok(true)
    }

    /// Moves the conversation into the direct messages of whoever began it. False when that cannot be.
    async fn relocate(&self, delivery: &Delivery, reason: &str) -> Result<bool, SendError> {
        let not_stored = |error: storage::Error| SendError::NotSent { cause: error.to_string() };
        let (Channel::Slack | Channel::Discord, Some(room)) = (delivery.channel, &delivery.room) else {
            return Ok(false);
        };
        let db = &self.members.db;
        let Some(owner) = relocation::owner(db, delivery).await.map_err(not_stored)? else {
            return Ok(false);
        };
        let private = match &self.members.discord {
            Some(discord) if delivery.channel == Channel::Discord => discord.open_dm(&owner.key).await?,
            _ => self.members.slack.open_dm(&self.token(delivery).await?, &owner.key).await?,
        };
        let closed = match reason {
            "is_archived" | "is_inactive" => Closed::Archived,
            word if word.starts_with("restricted_action") => Closed::Restricted,
            _ => Closed::NotInvited,
        };
        // Nobody can invite us into direct messages between others.
        let shown = (!room.starts_with('D')).then_some(room.as_str());
        let mut notice = wording::answered_in_private(shown, &owner.said, closed);
        agents::guardrail::Gate::default().screen(&mut notice);
        tracing::info!(reason, "a room is closed to us; the conversation goes on in private");
        let (ids, to) = (&self.members.ids, (&owner, private.as_str()));
        relocation::relocate(db, ids, delivery, to, &notice).await.map_err(not_stored)
    }

    /// Sends while showing that we live: a send may be several calls of ten seconds each.
    async fn attempt_alive(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let sending = self.attempt(delivery);
        let mut beat = tokio::time::interval(Duration::from_secs(outbox::HEARTBEAT_S));
        beat.tick().await;
        tokio::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => return sent,
                _ = beat.tick() => {
                    match outbox::heartbeat(&self.members.db, delivery).await {
                        Ok(()) => {}
                        // An edit of ours that arrives after the other sender's would undo it.
                        Err(error @ storage::Error::Stale(_)) => {
                            return Err(SendError::OutcomeUnknown { cause: error.to_string() });
                        }
                        Err(error) => tracing::warn!(error = %error, "cannot show that a send still goes on"),
                    }
                }
            }
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        match delivery.channel {
            Channel::Web => {
                let html = web::render::html(&delivery.card);
                let external_id = Some(delivery.message.to_string());
                Ok(Sent { room: delivery.room.clone(), external_id, html: Some(html) })
            }
            Channel::Email => match &self.members.mail {
                Some(office) => {
                    let now = self.members.clock.now().into();
                    office.send(&self.members.db, delivery, now).await
                }
                None => Err(SendError::Gone { reason: "mail is not configured (EMAIL_INBOXES)".to_owned() }),
            },
            Channel::Discord => self.to_discord(delivery).await,
            Channel::Slack => self.to_slack(delivery).await,
        }
    }

    async fn to_slack(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let token = self.token(delivery).await?;
        let slack = &self.members.slack;
        let whole = format!("/plans/{}", delivery.plan);
        let rendered = render_of(&delivery.card, Some(&self.console_url), Some(&whole));
        let room = match (&delivery.room, &delivery.person_key) {
            (Some(room), _) => room.clone(),
            (None, Some(user)) => slack.open_dm(&token, user).await?,
            (None, None) => return Err(SendError::Gone { reason: "nobody to write to".to_owned() }),
        };
        let target = Target { room: room.clone(), thread: delivery.thread.clone() };
        if delivery.is_fleeting {
            let user = delivery.person_key.as_deref().unwrap_or_default();
            slack.ephemeral(&token, &target, user, &rendered).await?;
            return Ok(Sent { room: Some(room), ..Sent::default() });
        }
        let ts = self.post_or_edit(&token, &target, delivery, &rendered).await?;
        let under = Target { thread: Some(delivery.thread.clone().unwrap_or_else(|| ts.clone())), ..target };
        self.send_files(&token, &under, delivery, rendered.is_cut).await?;
        Ok(Sent { room: Some(room), external_id: Some(ts), html: None })
    }

    /// Edits the message, or posts it where there is none; its number.
    async fn post_or_edit(
        &self,
        token: &SecretString,
        target: &Target,
        delivery: &Delivery,
        rendered: &Rendered,
    ) -> Result<String, SendError> {
        let slack = &self.members.slack;
        let (key, since) = (&delivery.post_key, delivery.created_at - SKEW);
        let mut known = delivery.external_id.clone();
        if let Some(ts) = &known {
            let at = Posted { room: target.room.clone(), ts: ts.clone() };
            match slack.update(token, &at, rendered).await {
                // Somebody deleted it, but what it says now was never seen. Perhaps we posted it again already.
                Err(SendError::Gone { reason }) if reason == "message_not_found" => {
                    known = slack.find_by_key(token, target, since, key).await?;
                }
                edited => return edited.map(|()| ts.clone()),
            }
        } else if delivery.is_unsure {
            known = slack.find_by_key(token, target, since, key).await?;
        }
        if let Some(ts) = known {
            let at = Posted { room: target.room.clone(), ts: ts.clone() };
            return slack.update(token, &at, rendered).await.map(|()| ts);
        }
        Ok(slack.post(token, target, rendered, key).await?.ts)
    }

    async fn token(&self, delivery: &Delivery) -> Result<SecretString, SendError> {
        let found = self.members.workspace(delivery.channel, &delivery.workspace).await;
        let workspace = found.map_err(|cause| SendError::NotSent { cause: format!("{cause:#}") })?;
        // It removed us: nothing more is said there, and nothing is tried again.
        let gone = || SendError::Gone { reason: "the workspace removed us".to_owned() };
        let token = workspace.ok_or_else(gone)?.token;
        token.ok_or_else(|| SendError::Unauthorised { reason: "the workspace has no token".to_owned() })
    }
}

/// Whether a person cannot be reached on a chat, now or later.
fn is_unreachable(error: &SendError) -> bool {
    match error {
        SendError::Gone { reason } => matches!(
            reason.as_str(),
            "user_disabled"
                | "user_not_found"
                | "users_not_found"
                | "user_not_visible"
                | "cannot_dm_bot"
                | "cant_dm_bot"
                | "messages_tab_disabled"
        ),
        // Our own account there was closed: nobody can be reached any more.
        SendError::Unauthorised { reason } => reason == "account_inactive",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_overtake_replies_overtake_progress_in_a_busy_room() {
        let gates = Gates::default();
        let pass = |urgency| gates.pass("T1", Some("C1"), urgency).is_ok();
        let progress = (0..10).filter(|_| pass(2)).count();
        assert_eq!(progress, 3, "progress leaves two of a burst of five");
        assert!(pass(1) && !pass(1), "replies leave one");
        assert!(pass(0) && !pass(0), "decisions leave none");
        assert!(gates.pass("T1", Some("C2"), 2).is_ok(), "another room is not held up");
    }

    #[test]
    fn a_workspace_that_asks_to_wait_is_left_alone() {
        let gates = Gates::default();
        gates.close("T1", Duration::from_secs(30));
        let wait = gates.pass("T1", Some("C1"), 0).unwrap_err();
        assert!(wait > Duration::from_secs(29) && wait <= Duration::from_secs(30), "{wait:?}");
        assert!(gates.pass("T2", Some("C1"), 0).is_ok());
    }
}
