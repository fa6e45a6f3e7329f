//! The workers: a message in becomes an intent, then a plan, and the plan is worked on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use agents::{Desk, planner};
use anyhow::Context as _;
use channels::slack::{self, Kind};
use channels::{SendError, command, discord, web};
use domain::approval::Verdict;
use domain::card::Card;
use domain::ids::{ApprovalId, ConversationId, InboundId, PlanId};
use domain::inbound::{Content, Inbound, SharedFile};
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::plan::{Context, Step};
use domain::wording;
use futures_util::FutureExt;
use storage::approvals;
use storage::conversations;
use storage::inbox::{self, Claimed, Ending};
use storage::messages::{self, Origin};
use storage::plans::{self, New};
use storage::steps::{self, Lease};
use storage::workspaces::{self, Workspace};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::mail::{self, Opened};
use crate::members::{Members, Who};
use crate::runner;
use crate::telemetry::export;

/// How long an idle worker sleeps if nobody rings.
const NAP: Duration = Duration::from_millis(500);
/// After so many tries a message is kept for a person to see.
const ATTEMPTS_MAX: i32 = 3;
/// The same while the channel is away: some ten minutes.
const ATTEMPTS_AWAY_MAX: i32 = 25;

/// One worker of this process.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) desk: Desk,
    pub(crate) members: Members,
    /// Rung when there is work.
    pub(crate) bell: Arc<Notify>,
    /// Ends the worker once its step is done.
    pub(crate) stop: CancellationToken,
    /// Takes only pressed buttons and sent forms: people wait for those with a form half open.
    pub(crate) urgent_only: bool,
}

/// What a message asks for, if anything.
enum Wish {
    Plan(Intent, String),
    Read {
        text: String,
        files: Vec<SharedFile>,
    },
    Form {
        trigger: String,
        asks: Asks,
    },
    /// Something is to be shown that no plan is needed for.
    Show,
    Nothing(String),
}

/// What a form asks.
pub(crate) enum Asks {
    /// Why a request is rejected.
    Why(String, Verdict),
    /// With whom a deal is proposed.
    Company,
    /// What is different about a search.
    Question(PlanId),
}

/// What a message asks for: one thing, and others beside it that have plans of their own.
struct Wished<'a> {
    intent: &'a Intent,
    said: &'a str,
    others: &'a [(Intent, String)],
}

impl<'a> Wished<'a> {
    fn one(intent: &'a Intent, said: &'a str) -> Self {
        Self { intent, said, others: &[] }
    }
}

impl Worker {
    /// Works until stopped, then gives back what it holds.
    pub(crate) async fn run(self, name: String) {
        let mut lease = Lease::new(name);
        while !self.stop.is_cancelled() {
            match self.turn(&mut lease).await {
                Ok(true) => self.bell.notify_one(),
                Ok(false) => self.nap(NAP).await,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a worker has to wait");
                    self.nap(Duration::from_secs(1)).await;
                }
            }
        }
        if let Err(error) = steps::release(&self.desk.db, &lease).await {
            tracing::warn!(error = %error, "leases run out by themselves");
        }
    }

    async fn nap(&self, most: Duration) {
        tokio::select! {
            () = self.bell.notified() => {}
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(most) => {}
        }
    }

    /// Does one piece of work; false if there is none.
    async fn turn(&self, lease: &mut Lease) -> anyhow::Result<bool> {
        if let Some(claimed) = inbox::claim(&self.desk.db, self.urgent_only).await? {
            self.desk.points.pass("worker.claimed");
            self.take(claimed, lease).await;
            return Ok(true);
        }
        if self.urgent_only {
            return Ok(false);
        }
        let Some(step) = steps::claim(&self.desk.db, lease).await? else { return Ok(false) };
        let context = match plans::context(&self.desk.db, step.tenant, step.plan).await {
            Ok(context) => context,
            Err(error) if error.is_passing() => {
                runner::forgive(&self.desk, &step, &error, &self.stop).await;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        runner::run(&self.desk, lease, (context, step), &self.stop).await;
        Ok(true)
    }

    /// Does one piece of work of one plan, if nobody else has it; false if there is none.
    pub(crate) async fn turn_of(&self, plan: PlanId, lease: &Lease) -> anyhow::Result<bool> {
        if let Some(claimed) = inbox::claim_one(&self.desk.db, InboundId(plan.0)).await? {
            self.take(claimed, lease).await;
            return Ok(true);
        }
        let Some(step) = steps::claim_of(&self.desk.db, lease, plan).await? else { return Ok(false) };
        let context = plans::context(&self.desk.db, step.tenant, step.plan).await?;
        runner::run(&self.desk, lease, (context, step), &self.stop).await;
        Ok(true)
    }

    /// Deals with a message. What goes wrong here is tried again, then kept for a person to see.
    async fn take(&self, mut claimed: Claimed, lease: &Lease) {
        let span = tracing::info_span!("plan", inbound = %claimed.id, channel = claimed.channel.name());
        export::follow(&span, claimed.id.into());
        match self.handle_alive(&mut claimed, lease).instrument(span).await {
            Ok(Some(work)) => runner::run(&self.desk, lease, work, &self.stop).await,
            Ok(None) => {}
            Err(error) => {
                let why = format!("{error:#}");
                tracing::error!(inbound = %claimed.id, attempt = claimed.attempt, error = why, "a message failed");
                let ended = match try_again_after_s(&error, claimed.attempt) {
                    Some(wait_s) => inbox::put_back(&self.desk.db, &claimed, wait_s, &why).await,
                    None => inbox::end(&self.desk.db, &claimed, Ending::Failed, &why).await,
                };
                if let Err(error) = ended {
                    tracing::warn!(error = %error, "the message comes back by itself");
                }
            }
        }
    }

    /// Deals with a message while showing that we live: asking the channel about somebody new may take a while. A
    /// panic costs the message a try, not us a worker.
    async fn handle_alive(
        &self,
        claimed: &mut Claimed,
        lease: &Lease,
    ) -> anyhow::Result<Option<(Context, Step)>> {
        let (id, fence) = (claimed.id, claimed.fence);
        let handling = AssertUnwindSafe(self.handle(claimed, lease)).catch_unwind();
        let mut beat = tokio::time::interval(Duration::from_secs(inbox::HEARTBEAT_S));
        beat.tick().await;
        tokio::pin!(handling);
        loop {
            tokio::select! {
                handled = &mut handling => {
                    return handled.unwrap_or_else(|panic| {
                        Err(anyhow::anyhow!("a panic: {}", runner::words_of(&*panic)))
                    });
                }
                _ = beat.tick() => {
                    if let Err(error) = inbox::heartbeat(&self.desk.db, id, fence).await {
                        tracing::warn!(error = %error, "somebody else may take this message too; one of us commits");
                    }
                }
            }
        }
    }

    async fn handle(&self, claimed: &mut Claimed, lease: &Lease) -> anyhow::Result<Option<(Context, Step)>> {
        let db = &self.desk.db;
        let (mut inbound, vote) = match self.open(claimed).await? {
            Opened::Said(mut inbound, vote) => {
                self.complete(&mut inbound).await?;
                (*inbound, vote)
            }
            Opened::Ended(ending, why) => {
                inbox::end(db, claimed, ending, &why).await?;
                return Ok(None);
            }
        };
        if let Content::Uninstalled = inbound.content {
            workspaces::remove(db, inbound.channel, &inbound.workspace).await?;
            inbox::end(db, claimed, Ending::Done, "").await?;
            return Ok(None);
        }
        let wish = wish(&inbound);
        if let Wish::Nothing(why) = &wish {
            inbox::end(db, claimed, Ending::Ignored, why).await?;
            return Ok(None);
        }
        self.settle(claimed, &inbound).await;
        let Some(workspace) = self.members.workspace(inbound.channel, &inbound.workspace).await? else {
            inbox::end(db, claimed, Ending::Ignored, "unknown workspace").await?;
            return Ok(None);
        };
        inbox::assign(db, claimed, workspace.tenant).await?;
        if let Wish::Show = wish {
            return self.show(claimed, &workspace, &inbound).await.map(|()| None);
        }
        self.find_room(&workspace, &mut inbound).await?;
        let Some(person) = self.person(claimed, &workspace, (&inbound, &wish)).await? else {
            return Ok(None);
        };
        match wish {
            Wish::Plan(_, said) if vote.is_some() => {
                let (Some(office), Some(vote)) = (&self.members.mail, &vote) else { return Ok(None) };
                let intent = office.judge(db, vote, &person).await?;
                self.begin(claimed, (&inbound, &person), Wished::one(&intent, &said), lease).await.map(Some)
            }
            Wish::Plan(intent, said) if inbound.channel == Channel::Email => {
                let intent = mail::without_decisions(intent);
                if matches!(intent, Intent::Unclear { .. })
                    && self.is_machine(&person, &inbound, &said).await?
                {
                    let why = "not understood again: perhaps two programs are talking";
                    inbox::end(db, claimed, Ending::Ignored, why).await?;
                    return Ok(None);
                }
                self.begin(claimed, (&inbound, &person), Wished::one(&intent, &said), lease).await.map(Some)
            }
            Wish::Plan(intent, said) => {
                let intent = self.with_short_ids(&person, intent, &said).await?;
                self.begin(claimed, (&inbound, &person), Wished::one(&intent, &said), lease).await.map(Some)
            }
            Wish::Read { text, files } => {
                let mut wishes = self.intents_of_files((&workspace, &person), &text, &files).await?;
                let (intent, said) = wishes.remove(0);
                let all = Wished { intent: &intent, said: &said, others: &wishes };
                self.begin(claimed, (&inbound, &person), all, lease).await.map(Some)
            }
            Wish::Form { trigger, asks } => {
                self.open_form(&workspace, (&inbound, &person), (&trigger, &asks)).await?;
                inbox::end(db, claimed, Ending::Done, "").await?;
                Ok(None)
            }
            Wish::Show | Wish::Nothing(_) => Ok(None),
        }
    }

    /// Who wrote; none once a stranger was told that, and the message ended.
    async fn person(
        &self,
        claimed: &Claimed,
        workspace: &Workspace,
        (inbound, wish): (&Inbound, &Wish),
    ) -> anyhow::Result<Option<Person>> {
        let db = &self.desk.db;
        let name = match self.members.who(workspace, inbound).await? {
            Who::Member(person) => return Ok(Some(person)),
            Who::Stranger(name) => name,
        };
        let (told, why) = match wish {
            Wish::Plan(Intent::Join { code: Some(code) }, _) => {
                match self.members.redeem(workspace, inbound, code).await? {
                    Some(person) => return Ok(Some(person)),
                    None => (wording::code_unknown(), "a code that does not hold"),
                }
            }
            _ if inbound.channel == Channel::Email => {
                let author = (inbound.sender.as_str(), inbound.sender_name.as_deref());
                inbox::quarantine(db, claimed, author).await?;
                return Ok(None);
            }
            _ => (wording::not_a_member(&name), "not a member"),
        };
        self.tell_directly(workspace, inbound, &told).await;
        inbox::end(db, claimed, Ending::Ignored, why).await?;
        Ok(None)
    }

    /// Reads a message; a mail's sender is checked on the way.
    async fn open(&self, claimed: &Claimed) -> anyhow::Result<Opened> {
        let ended = |why: &str| Opened::Ended(Ending::Unparsable, why.to_owned());
        if claimed.channel != Channel::Email {
            return Ok(match decode(claimed) {
                Ok(inbound) => Opened::Said(Box::new(inbound), None),
                Err(why) => ended(&why),
            });
        }
        match (&self.members.mail, claimed.tenant) {
            (Some(office), Some(tenant)) => {
                let with = (&self.desk.ids, self.desk.clock.now());
                office.open_mail(&self.desk.db, claimed, tenant, with).await
            }
            _ => Ok(ended("mail is not configured (EMAIL_INBOXES)")),
        }
    }

    /// Whether a mail that makes no sense is better left without another answer.
    async fn is_machine(&self, person: &Person, inbound: &Inbound, said: &str) -> anyhow::Result<bool> {
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        let earlier = plans::not_understood(&mut tx, inbound.channel, &inbound.place.room).await?;
        Ok(mail::goes_round(said, &earlier))
    }

    /// A typed decision may name its request by the end of its number; that takes the open ones to read.
    async fn with_short_ids(&self, person: &Person, intent: Intent, said: &str) -> anyhow::Result<Intent> {
        if !command::names_approval(said) {
            return Ok(intent);
        }
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        let open: Vec<ApprovalId> =
            approvals::open_ones(&mut tx).await?.into_iter().map(|approval| approval.id).collect();
        Ok(command::understand_with(said, &open).intent)
    }

    /// Stores the plan and the first words to the person, and ends the message, all together.
    async fn begin(
        &self,
        claimed: &Claimed,
        (inbound, person): (&Inbound, &Person),
        wished: Wished<'_>,
        lease: &Lease,
    ) -> anyhow::Result<(Context, Step)> {
        let desk = &self.desk;
        let Wished { intent, said, others } = wished;
        let drafts = planner::plan(intent);
        let mut tx = desk.db.tenant(person.tenant).begin().await?;
        let new_id = ConversationId(desk.ids.next());
        let (place, workspace) = ((&inbound.place, person.id), &inbound.workspace);
        let conversation = conversations::at(&mut tx, new_id, inbound.channel, workspace, place).await?;
        let plan = claimed.id.into();
        let new = New {
            id: plan,
            conversation: conversation.id,
            requester: person.id,
            intent,
            said,
            drafts: &drafts,
        };
        let step = plans::create(&mut tx, new, &desk.ids, lease).await?;
        let step = step.context("a plan without steps")?;
        let origin = Origin { plan, conversation: conversation.id, requester: person.id, step: -1 };
        if let Intent::Widen { search, .. } = intent {
            messages::hand_over(&mut tx, origin, *search).await?;
        }
        if let Some(opening) = planner::commit::opening(intent) {
            messages::say(&mut tx, &desk.ids, origin, &opening).await?;
        }
        for (intent, said) in others {
            let plan = PlanId(desk.ids.next());
            let drafts = planner::plan(intent);
            let (conversation, requester) = (conversation.id, person.id);
            let new = New { id: plan, conversation, requester, intent, said, drafts: &drafts };
            plans::create_free(&mut tx, new, &desk.ids).await?;
            if let Some(opening) = planner::commit::opening(intent) {
                messages::say(&mut tx, &desk.ids, Origin { plan, ..origin }, &opening).await?;
            }
        }
        inbox::done_within(&mut tx, claimed).await?;
        desk.points.pass("worker.planned");
        tx.commit().await?;
        desk.points.pass("worker.committed");
        for intent in [intent].into_iter().chain(others.iter().map(|(intent, _)| intent)) {
            metrics::counter!("plans_total", "intent" => intent.name()).increment(1);
        }
        let context = Context {
            tenant: person.tenant,
            plan,
            requester: person.id,
            conversation: conversation.id,
            intent: intent.clone(),
            said: said.to_owned(),
            outputs: Vec::new(),
        };
        Ok((context, step))
    }

    /// A word to somebody for whom nothing is done, and so nothing is stored: best effort, once.
    pub(crate) async fn tell_directly(&self, workspace: &Workspace, inbound: &Inbound, card: &Card) {
        if inbound.channel == Channel::Discord {
            return self.tell_on_discord(inbound, card).await;
        }
        let (Channel::Slack, Some(token)) = (inbound.channel, &workspace.token) else { return };
        let rendered = slack::render::render(card, None);
        let target =
            slack::client::Target { room: inbound.place.room.clone(), thread: inbound.place.thread.clone() };
        let slack = &self.members.slack;
        let mut told = slack.ephemeral(token, &target, &inbound.sender, &rendered).await;
        if let Err(SendError::NotHere { .. }) = told {
            told = match slack.open_dm(token, &inbound.sender).await {
                Ok(room) => {
                    let private = slack::client::Target { room, thread: None };
                    slack.post(token, &private, &rendered, &inbound.id.to_string()).await.map(drop)
                }
                Err(error) => Err(error),
            };
        }
        if let Err(error) = told {
            tracing::warn!(error = %error, "cannot tell somebody directly");
        }
    }
}

/// When to try a message again that went wrong; none when it is to be kept for a person to see. A database or a
/// channel that is away is not the message's fault.
fn try_again_after_s(error: &anyhow::Error, attempt: i32) -> Option<f64> {
    let times = f64::from(attempt.clamp(1, 30));
    if error.downcast_ref::<storage::Error>().is_some_and(storage::Error::is_passing) {
        return Some(times);
    }
    match error.downcast_ref::<SendError>() {
        #[expect(clippy::cast_precision_loss, reason = "seconds to wait are far below 2^52")]
        Some(SendError::RateLimited { after_s }) => Some((*after_s).max(1) as f64),
        // A token may be renewed meanwhile.
        Some(
            SendError::NotSent { .. } | SendError::OutcomeUnknown { .. } | SendError::Unauthorised { .. },
        ) => (attempt < ATTEMPTS_AWAY_MAX).then_some(times * 2.0),
        _ => (attempt < ATTEMPTS_MAX).then_some(times),
    }
}

fn decode(claimed: &Claimed) -> Result<Inbound, String> {
    match claimed.channel {
        Channel::Slack => {
            let kind = Kind::from_name(&claimed.route).ok_or("unknown route")?;
            slack::decode::decode(kind, &claimed.body, claimed.id).map_err(|why| why.to_string())
        }
        Channel::Web => {
            let workspace = claimed.workspace.as_deref().ok_or("no tenant")?;
            web::decode::decode(&claimed.route, workspace, &claimed.body, claimed.id)
                .map_err(|why| why.to_string())
        }
        Channel::Discord => {
            let kind = discord::Kind::from_name(&claimed.route).ok_or("unknown route")?;
            discord::decode::decode(kind, &claimed.body, claimed.id).map_err(|why| why.to_string())
        }
        Channel::Email => Err("mail is read elsewhere".to_owned()),
    }
}

fn wish(inbound: &Inbound) -> Wish {
    match &inbound.content {
        Content::Command { command, text, trigger } => {
            let said = command::said_with(command, text);
            let intent = command::understand(&said).intent;
            as_form(inbound.channel, &intent, trigger.as_ref()).unwrap_or(Wish::Plan(intent, said))
        }
        Content::Message { text } => Wish::Plan(command::understand(text).intent, text.clone()),
        Content::Files { text, files } => Wish::Read { text: text.clone(), files: files.clone() },
        Content::Press { verb, value, chosen, trigger, .. } => match command::press(verb, value, chosen) {
            Ok(intent) => as_form(inbound.channel, &intent, trigger.as_ref())
                .unwrap_or_else(|| Wish::Plan(intent, String::new())),
            Err(error) => Wish::Plan(Intent::Refused { error }, String::new()),
        },
        Content::Form { verb, value, fields } => match command::form(verb, value, fields) {
            Ok(intent) => {
                // A question that was put together is shown as if it had been typed.
                let said = match &intent {
                    Intent::Find { .. } => command::print(&intent).unwrap_or_default(),
                    _ => String::new(),
                };
                Wish::Plan(intent, said)
            }
            Err(error) => Wish::Plan(Intent::Refused { error }, String::new()),
        },
        Content::Home | Content::Links { .. } => Wish::Show,
        Content::Ignored { reason } => Wish::Nothing(reason.clone()),
        Content::Uninstalled => Wish::Nothing("uninstalled".to_owned()),
    }
}

/// The form that asks for what an intent lacks, where the channel can open one now.
fn as_form(channel: Channel, intent: &Intent, trigger: Option<&String>) -> Option<Wish> {
    let trigger = trigger?.clone();
    let asks = match intent {
        Intent::AskComment { approval, verdict } => Asks::Why(approval.to_string(), *verdict),
        Intent::ProposeDeal { company: None } if channel == Channel::Slack => Asks::Company,
        Intent::Refine { search } if channel == Channel::Slack => Asks::Question(*search),
        _ => return None,
    };
    Some(Wish::Form { trigger, asks })
}
