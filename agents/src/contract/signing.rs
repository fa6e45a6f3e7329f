//! Signing: what is asked, sent, and said when an envelope moves or comes back.

use chrono::{DateTime, Utc};
use domain::approval::{Facts as Case, Verdict as Decided};
use domain::card::{Audience, Card, Say, Urgency};
use domain::change::Change;
use domain::contract::signing::{Handling, NewEnvelope, SIGNERS_MAX, Signer, State};
use domain::deal::Stage;
use domain::error::UserError;
use domain::ids::{DealId, EnvelopeId, Ids, PlanId, VersionId};
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording::{self, EnvelopeNews, SigningMatter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::audit::{self, Act};
use storage::envelopes::{self, Envelope, Told};
use storage::{Tx, acceptances, connections, deals, documents, effects, plans};

use super::library::{done, named};
use crate::deal::Answered;
use crate::desk::{Desk, earlier, storage};

/// Whom documents are signed at.
pub const PROVIDER: &str = "docusign";
/// So many digits of a hash are shown to people.
const HASH_SHOWN: usize = 12;

/// Exactly what approvers are asked to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Signing {
    pub(crate) version: VersionId,
    pub(crate) document: domain::ids::DocumentId,
    pub(crate) deal: Option<DealId>,
    /// SHA-256 of the file that is sent.
    pub(crate) sha256: String,
    pub(crate) matter: SigningMatter,
}

impl Signing {
    /// What a policy looks at.
    pub(crate) fn facts(&self) -> Case {
        Case { subject: "send_signature".to_owned(), ..Case::default() }
    }

    /// Why it can no longer be decided as it was asked, if so.
    pub(crate) async fn is_old(&self, tx: &mut Tx) -> Result<Option<String>, storage::Error> {
        let newest = documents::of_document(tx, self.document).await?.into_iter().next();
        if let Some(newest) = newest.filter(|newest| newest.id != self.version) {
            return Ok(Some(wording::newer_version(&self.matter.name, newest.number)));
        }
        let known = envelopes::of_document(tx, self.document).await?;
        let out = known.filter(|known| !known.state.is_over() || known.state == State::Completed);
        Ok(out.map(|known| wording::out_already(&self.matter.name, known.state, known.created_at).text))
    }
}

/// Finds what is to be signed, and whether it may be.
pub(super) async fn prepare(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::SendForSignature { document, signers } = &context.intent else {
        return Err(Recovery::Escalate { reason: "nothing to sign".to_owned() });
    };
    let signers = read_signers(signers)?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let known = connections::list(&mut tx).await.map_err(storage)?;
    if !known.iter().any(|one| one.provider == PROVIDER && one.state == connections::State::Active) {
        return Err(wording::no_signing().into());
    }
    let version = named(&mut tx, document).await?;
    let accepted = acceptances::of_version(&mut tx, version.id).await.map_err(storage)?;
    let accepted_by = accepted.ok_or_else(|| wording::not_accepted(&version.name, version.number))?;
    let deal = match version.deal {
        Some(deal) => Some(deals::get(&mut tx, deal).await.map_err(storage)?),
        None => None,
    };
    let signing = Signing {
        version: version.id,
        document: version.document,
        deal: version.deal,
        matter: SigningMatter {
            name: version.name.clone(),
            version: version.number,
            deal: deal.map(|deal| deal.name),
            signers,
            accepted_by,
            hash: version.sha256.chars().take(HASH_SHOWN).collect(),
            url: desk.report_url(version.id),
        },
        sha256: version.sha256,
    };
    if let Some(known) = envelopes::of_document(&mut tx, version.document).await.map_err(storage)?
        && (!known.state.is_over() || known.state == State::Completed)
    {
        return Err(wording::out_already(&version.name, known.state, known.created_at).into());
    }
    Ok(Outcome::Done(Finish { output: json!(signing), ..Finish::default() }))
}

fn read_signers(typed: &[String]) -> Result<Vec<Signer>, UserError> {
    let signers: Vec<Signer> = typed.iter().map(|text| Signer::read(text)).collect::<Result<_, _>>()?;
    let twice = (1..signers.len())
        .find(|at| signers[..*at].iter().any(|other| other.email.eq_ignore_ascii_case(&signers[*at].email)));
    match (signers.len(), twice) {
        (0, _) => {
            Err(UserError::new("I do not know who signs.", "Write `sign <contract> to name@example.com`."))
        }
        (more, _) if more > SIGNERS_MAX => Err(UserError::new(
            format!("At most {SIGNERS_MAX} people sign one document."),
            "Name fewer addresses.",
        )),
        (_, Some(at)) => {
            Err(UserError::new(format!("{} is named twice.", signers[at].email), "Name each address once."))
        }
        _ => Ok(signers),
    }
}

/// Carries the decision out: the envelope is asked for, or nothing happens.
pub(super) async fn conclude(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let asked: Signing = earlier(context, "prepare_signature")?;
    let answered: Answered = earlier(context, "ask_approval")?;
    let mut changes = Vec::new();
    let card = match &answered.decision {
        Some(decision) => {
            if decision.verdict == Decided::Approve {
                changes.push(Change::SendEnvelope(Box::new(NewEnvelope {
                    envelope: EnvelopeId(desk.ids.next()),
                    provider: PROVIDER.to_owned(),
                    document: asked.document,
                    version: asked.version,
                    sha256: asked.sha256.clone(),
                    name: asked.matter.name.clone(),
                    deal: asked.deal,
                    signers: asked.matter.signers.clone(),
                    asked_by: context.requester,
                    approved_by: decision.by,
                })));
            }
            wording::signing_decided(&asked.matter, decision)
        }
        None => wording::signing_lapsed(&asked.matter),
    };
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let mut say = vec![to_thread(card.clone())];
    say.push(answered.over());
    say.extend(to_deal(asked.deal, card));
    Ok(Outcome::Done(Finish { changes, say, ..Finish::default() }))
}

pub(super) fn to_thread(card: Card) -> Say {
    Say { slot: "result".to_owned(), to: Audience::Thread, card, urgency: Urgency::Decision }
}

pub(super) fn to_deal(deal: Option<DealId>, card: Card) -> Option<Say> {
    let deal = deal?;
    let to = Audience::Deal { deal };
    Some(Say { slot: "copied result".to_owned(), to, card, urgency: Urgency::Decision })
}

/// Takes an envelope back, or has its signers reminded.
pub(super) async fn handle(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::HandleEnvelope { document, handling } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no envelope to handle".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let version = named(&mut tx, document).await?;
    let known = envelopes::of_document(&mut tx, version.document).await.map_err(storage)?;
    let known =
        known.filter(|known| !known.state.is_over()).ok_or_else(|| wording::not_out(&version.name))?;
    if known.remote.is_none() {
        return Err(wording::just_going_out(&version.name).into());
    }
    if let Handling::Void { reason } = handling
        && reason.trim().is_empty()
    {
        return Err(UserError::new(
            "The signers are told why it is taken back.",
            format!("Say it: `void {} because …`.", version.name),
        )
        .into());
    }
    let is_void = matches!(handling, Handling::Void { .. });
    let change =
        Change::HandleEnvelope { envelope: known.id, handling: handling.clone(), by: context.requester };
    Ok(done(wording::envelope_handled(&version.name, is_void), Some(change), Audience::Thread))
}

/// Keeps what the vendor tells of an envelope, and begins what follows from it: nothing when it is old news.
///
/// Errors: the database is away.
pub async fn follow(
    tx: &mut Tx,
    ids: &Ids,
    (envelope, told): (EnvelopeId, Told<'_>),
    now: DateTime<Utc>,
) -> Result<bool, storage::Error> {
    let (known, changed) = envelopes::follow(tx, envelope, told).await?;
    if !changed {
        return Ok(false);
    }
    let act = Act {
        at: now,
        actor: &format!("vendor:{PROVIDER}"),
        action: action(told.state),
        subject: &format!("envelope:{envelope}"),
        detail: json!({ "was": known.state, "at": told.at, "reason": told.reason, "version": known.version }),
    };
    audit::append(tx, act).await?;
    match told.state {
        State::Completed => {
            let effect = envelopes::effect(tx, (&known.provider, envelope, "fetch"), json!({}));
            effects::ask(tx, ids, None, &effect).await?;
        }
        State::Delivered | State::Asked => {}
        _ => begin(tx, ids, &known, &Intent::FollowEnvelope { envelope }).await?,
    }
    Ok(true)
}

fn action(state: State) -> &'static str {
    match state {
        State::Asked => "envelope.asked",
        State::Sent => "envelope.sent",
        State::Delivered => "envelope.delivered",
        State::Completed => "envelope.completed",
        State::Declined => "envelope.declined",
        State::Voided => "envelope.voided",
        State::Failed => "envelope.failed",
    }
}

/// Begins the reading of what came back signed, once its bytes are kept.
///
/// Errors: the database is away.
pub async fn came_back(
    tx: &mut Tx,
    ids: &Ids,
    envelope: &Envelope,
    (sha256, bytes): (String, u64),
) -> Result<(), storage::Error> {
    let stem = envelope.name.rsplit_once('.').map_or(envelope.name.as_str(), |(stem, _)| stem);
    let source = domain::contract::Source::Stored { sha256, name: format!("{stem} signed.pdf"), bytes };
    begin(tx, ids, envelope, &Intent::TakeSigned { envelope: envelope.id, source }).await
}

async fn begin(tx: &mut Tx, ids: &Ids, envelope: &Envelope, intent: &Intent) -> Result<(), storage::Error> {
    let drafts = crate::planner::plan(intent);
    let new = plans::New {
        id: PlanId(ids.next()),
        conversation: envelope.conversation,
        requester: envelope.asked_by,
        intent,
        said: "",
        drafts: &drafts,
    };
    plans::create_free(tx, new, ids).await
}

/// Says what happened to an envelope; a deal whose contract was refused goes back to the table.
pub(super) async fn tell(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::FollowEnvelope { envelope } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no envelope to follow".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let known = envelopes::get(&mut tx, *envelope).await.map_err(storage)?;
    let mut changes = Vec::new();
    let mut moved = None;
    if matches!(known.state, State::Declined | State::Voided)
        && let Some(deal) = known.deal
    {
        let deal = deals::get(&mut tx, deal).await.map_err(storage)?;
        if deal.stage == Stage::LegalReview {
            let word = known.state.name();
            let why = known.reason.clone().unwrap_or_else(|| "no reason was given".to_owned());
            changes.push(Change::MoveDeal {
                deal: deal.id,
                from: deal.stage,
                to: Stage::Negotiation,
                reason: Some(format!("DocuSign: {} was {word}: {why}", known.name)),
                by: known.asked_by,
            });
            moved = Some((deal.name, Stage::Negotiation));
        }
    }
    let card = wording::envelope_news(&EnvelopeNews {
        name: known.name,
        signers: known.signers,
        state: known.state,
        at: known.state_at,
        reason: known.reason,
        moved,
    });
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let say = std::iter::once(to_thread(card.clone())).chain(to_deal(known.deal, card)).collect();
    Ok(Outcome::Done(Finish { changes, say, ..Finish::default() }))
}
