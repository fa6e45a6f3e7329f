//! A stored mail to what a worker can act on: who wrote, in which thread, and whether it decides a request.

use channels::email::auth::{self, Authentication};
use channels::email::envelope::{Arrival, inbox_of};
use channels::email::thread::{self, Key};
use channels::email::verdict::{self, Answer};
use channels::email::{self, Attachment, Kind, Mail, kind};
use chrono::{DateTime, Duration, Utc};
use domain::approval::{Delegation, Verdict};
use domain::error::UserError;
use domain::ids::{Ids, TenantId};
use domain::inbound::{Content, FileAt, Inbound, Place, SharedFile};
use domain::intent::Intent;
use domain::person::{Channel, Person, Role};
use domain::screening::Severity;
use serde_json::json;
use storage::audit::{self, Act};
use storage::inbox::{Claimed, Ending};
use storage::mails::{self, Known};
use storage::{Db, Tx, approvals, delegations, people, policies, security};

use super::Office;
use super::token::Claim;
use domain::contract::FILE_BYTES_MAX;

/// More mails of others in a thread within ten minutes than this are two programs talking.
const THREAD_MAX: i64 = 10;

/// What became of opening a mail.
pub(crate) enum Opened {
    /// Somebody who proved who she is says something.
    Said(Box<Inbound>, Option<Vote>),
    /// Nothing is done about it, and why.
    Ended(Ending, String),
}

/// An answer to the address of one request.
pub(crate) struct Vote {
    claim: Claim,
    answer: Answer,
}

impl Office {
    /// Reads a stored mail. Whoever is not proved to be the author decides and asks nothing: the mail is kept for a
    /// person to see.
    pub(crate) async fn open_mail(
        &self,
        db: &Db,
        claimed: &Claimed,
        tenant: TenantId,
        (ids, now): (&Ids, DateTime<Utc>),
    ) -> anyhow::Result<Opened> {
        let Some((arrival, raw)) = Arrival::unwrap(&claimed.body) else {
            return Ok(Opened::Ended(Ending::Unparsable, "it was not stored by us".to_owned()));
        };
        let mail = email::read(raw, &self.reading);
        if let Some(ended) = without_answer(&mail) {
            if mail.kind == Kind::AutoReply && self.prove(&arrival, raw, &mail).await.is_proved() {
                return match away((db, tenant), &mail, (ids, now)).await? {
                    Some(why) => Ok(Opened::Ended(Ending::Ignored, why)),
                    None => Ok(ended),
                };
            }
            return Ok(ended);
        }
        let proof = self.prove(&arrival, raw, &mail).await;
        let Some(from) = mail.head.from.first().filter(|_| proof.is_proved()) else {
            let Authentication { spf, dkim, dmarc, .. } = proof;
            unproved((db, tenant), claimed, (ids, now)).await?;
            let why = format!(
                "quarantined: nothing proves that {} wrote it (spf {}, dkim {}, dmarc {})",
                mail.head.from.first().map_or("its author", |from| &from.address),
                spf.name(),
                dkim.name(),
                dmarc.name(),
            );
            return Ok(Opened::Ended(Ending::Unparsable, why));
        };
        let mut tx = db.tenant(tenant).begin().await?;
        let thread = thread_of(&mut tx, &mail).await?;
        if mails::recent(&mut tx, &thread).await? > THREAD_MAX {
            return Ok(Opened::Ended(
                Ending::Ignored,
                "too many mails in this thread within ten minutes".to_owned(),
            ));
        }
        tx.commit().await?;
        let vote = self.vote(&arrival, &mail);
        let files = match vote {
            // A decision is a decision, whatever is attached to it.
            Some(_) => Vec::new(),
            None => self.keep_documents(tenant, &mail.attachments).await?,
        };
        let content = if files.is_empty() {
            Content::Message { text: words(&mail) }
        } else {
            Content::Files { text: beside(&arrival, &mail), files }
        };
        let inbox = inbox_of(&arrival.recipient, &self.inboxes).unwrap_or(&arrival.recipient);
        let inbound = Inbound {
            id: claimed.id,
            channel: Channel::Email,
            workspace: inbox.to_owned(),
            sender: from.address.clone(),
            sender_name: from.name.clone(),
            place: Place { room: from.address.clone(), thread: Some(thread), is_private: true },
            content,
        };
        Ok(Opened::Said(Box::new(inbound), vote))
    }

    async fn prove(&self, arrival: &Arrival, raw: &[u8], mail: &Mail<'_>) -> Authentication {
        if mail.head.from_fields != 1 {
            return Authentication::default();
        }
        match &self.checker {
            Some(checker) => checker.check(raw, arrival.envelope().as_ref()).await,
            None => auth::by_upstream(&mail.head, &self.settings.upstream),
        }
    }

    /// What may be a contract is kept by its hash, to be read by the contract agent.
    async fn keep_documents(
        &self,
        tenant: TenantId,
        attached: &[Attachment<'_>],
    ) -> anyhow::Result<Vec<SharedFile>> {
        let mut files = Vec::new();
        for file in attached.iter().filter(|file| file.is_document() && file.data.len() <= FILE_BYTES_MAX) {
            let digest = self.objects.put(tenant, &file.data).await?;
            files.push(SharedFile {
                name: file.name.clone(),
                bytes: Some(file.data.len() as u64),
                at: FileAt::Stored { sha256: digest.to_string() },
            });
        }
        Ok(files)
    }

    fn vote(&self, arrival: &Arrival, mail: &Mail<'_>) -> Option<Vote> {
        let delivered = channels::email::Mailbox { name: None, address: arrival.recipient.to_lowercase() };
        let token = std::iter::once(&delivered)
            .chain(&mail.head.to)
            .find_map(|to| thread::token(to, &self.inboxes))?;
        let claim = Claim::from_address(&token)?;
        Some(Vote { claim, answer: verdict::read(&mail.text) })
    }

    /// The intent of an answer to a request: a decision, or the words that ask back.
    pub(crate) async fn judge(&self, db: &Db, vote: &Vote, person: &Person) -> anyhow::Result<Intent> {
        let mut tx = db.tenant(person.tenant).begin().await?;
        let approval = match approvals::get(&mut tx, vote.claim.approval).await {
            Ok(approval) => approval,
            Err(storage::Error::Missing(_)) => return Ok(not_yours()),
            Err(error) => return Err(error.into()),
        };
        if !self.tokens.holds(&vote.claim, person.tenant, &approval, person.id) {
            return Ok(not_yours());
        }
        Ok(match &vote.answer {
            Answer::Decided(verdict, comment) => {
                // Thanks after an approval are no reason worth keeping; a rejection's words are.
                let comment = comment.clone().filter(|_| *verdict != Verdict::Approve);
                Intent::Decide { approval: approval.id, verdict: *verdict, comment }
            }
            Answer::Unclear => refused(
                "Your answer is not plainly a yes or a no, so nothing was decided.",
                "Answer again with the word `approve` alone, with `reject` and why, or with `changes` and what to change; or use the link.",
            ),
        })
    }
}

/// What stands beside files and may name their deal: subject, words, and what follows the plus of the address, e.g.
/// `contracts+acme-payments@…`.
fn beside(arrival: &Arrival, mail: &Mail<'_>) -> String {
    let (local, _) = arrival.recipient.rsplit_once('@').unwrap_or_default();
    let plus = local.split_once('+').map(|(_, deal)| deal.replace(['-', '_', '.'], " ")).unwrap_or_default();
    [mail.head.subject.as_str(), mail.text.trim(), &plus].join("\n").trim().to_owned()
}

fn not_yours() -> Intent {
    refused(
        "This answer belongs to no request that waits for you.",
        "Use the link of the newest mail about it.",
    )
}

fn refused(what: &str, then: &str) -> Intent {
    Intent::Refused { error: UserError::new(what, then) }
}

/// What mails may not do by words alone: a request is decided by an answer to its own address.
pub(crate) fn without_decisions(intent: Intent) -> Intent {
    match intent {
        Intent::Decide { .. } | Intent::AskComment { .. } => refused(
            "Requests are not decided by a mail to this address.",
            "Answer the mail that asks you, or use its link.",
        ),
        intent => intent,
    }
}

/// Mails of one sender that are answered within an hour without being understood.
const RIDDLES_MAX: usize = 3;

/// Whether words that nobody understood were said before, numbers aside, or such words come again and again: a program's
/// way, which an answer would only keep going.
pub(crate) fn goes_round(said: &str, earlier: &[String]) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphabetic()).flat_map(char::to_lowercase).collect()
    };
    let now = plain(said);
    earlier.len() >= RIDDLES_MAX || earlier.iter().any(|before| plain(before) == now)
}

/// Bounces, automatic mail, lists and our own are never answered.
fn without_answer(mail: &Mail<'_>) -> Option<Opened> {
    let why = match mail.kind {
        Kind::Message if kind::may_answer(mail.kind, &mail.head) => return None,
        Kind::Unparsable => {
            let trouble = mail.trouble.clone().unwrap_or_default();
            return Some(Opened::Ended(Ending::Unparsable, trouble));
        }
        Kind::Bounce => {
            let bounce = mail.bounce.clone().unwrap_or_default();
            let hard = if bounce.is_hard() { "for good" } else { "perhaps for now" };
            format!("a bounce: not delivered {hard} to {}", bounce.recipients.join(", "))
        }
        kind => format!("not from a person: {}", kind.name()),
    };
    Some(Opened::Ended(Ending::Ignored, why))
}

/// Lets whoever the policy names decide in the place of a person whose mail says that she is away. Nothing is answered,
/// and where the policy says nothing, or the mail is another automatic one, nothing is done. Gives what was done.
async fn away(
    (db, tenant): (&Db, TenantId),
    mail: &Mail<'_>,
    (ids, now): (&Ids, DateTime<Utc>),
) -> anyhow::Result<Option<String>> {
    let Some(from) = mail.head.from.first().filter(|_| kind::is_vacation(&mail.head)) else {
        return Ok(None);
    };
    let mut tx = db.tenant(tenant).begin().await?;
    let policy = policies::newest(&mut tx).await?.policy;
    let Some(days) = policy.away_mail_days else { return Ok(None) };
    let Some(person) = people::by_email(&mut tx, &from.address).await? else { return Ok(None) };
    let team = people::list(&mut tx).await?;
    let Some(to) =
        policy.stand_in(&person, &team).filter(|to| to.role >= Role::Approver && to.id != person.id)
    else {
        return Ok(None);
    };
    // Somebody whom she named herself, or an earlier such mail named, stands in already.
    let standing = delegations::since(&mut tx, now).await?;
    if person.role < Role::Approver || standing.iter().any(|known| known.from == person.id) {
        return Ok(None);
    }
    let ends_at = now + Duration::days(days.into());
    let delegation = Delegation {
        from: person.id,
        from_name: person.name.clone(),
        from_role: person.role,
        to: to.id,
        starts_at: now,
        ends_at,
    };
    delegations::add(&mut tx, ids.next(), &delegation, now).await?;
    let (actor, subject) = (format!("person:{}", person.id), format!("person:{}", to.id));
    let detail = serde_json::json!({ "by": "out-of-office mail", "until": ends_at });
    let act = Act { at: now, actor: &actor, action: "approvals.delegated", subject: &subject, detail };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(Some(format!("out of office: {} decides for {} until {ends_at}", to.name, person.name)))
}

/// The thread of a mail, which is remembered as part of it.
async fn thread_of(tx: &mut Tx, mail: &Mail<'_>) -> Result<String, storage::Error> {
    let mut known = None;
    for key in &mail.thread {
        known = match key {
            Key::Own(id) | Key::Answers(id) => mails::thread_of(tx, id, None).await?,
            Key::Mentions { id, subject } => mails::thread_of(tx, id, Some(subject)).await?,
            Key::Token(_) | Key::Content(_) => None,
        };
        if known.is_some() {
            break;
        }
    }
    let own = mail.thread.iter().find_map(|key| match key {
        Key::Own(_) | Key::Content(_) => Some(key.to_string()),
        _ => None,
    });
    let message_id = own.unwrap_or_default();
    let thread = known.unwrap_or_else(|| message_id.clone());
    let title = mail.head.subject.clone();
    let subject = thread::base_subject(&title);
    mails::remember(tx, &Known { message_id, thread: thread.clone(), subject, title, is_ours: false })
        .await?;
    Ok(thread)
}

/// What was said: the reply's words, or the subject of a mail without any.
fn words(mail: &Mail<'_>) -> String {
    let own = email::reply::own_words(&mail.text);
    if own.is_empty() { mail.head.subject.clone() } else { own }
}

/// Writes down for whoever looks after security that a mail came that nothing proves its sender wrote.
async fn unproved(
    (db, tenant): (&Db, TenantId),
    claimed: &Claimed,
    (ids, now): (&Ids, DateTime<Utc>),
) -> anyhow::Result<()> {
    let mut tx = db.tenant(tenant).begin().await?;
    let event = security::New {
        id: ids.next(),
        kind: "mail_unproved",
        severity: Severity::Notice,
        subject: &format!("message:{}", claimed.id),
        person: None,
        detail: json!({ "kinds": [] }),
    };
    agents::guardrail::keep(&mut tx, event, now).await?;
    Ok(tx.commit().await?)
}
