//! Ways out: a card becomes a mail in its thread. A mail cannot be edited, so what would edit one follows it, and what
//! only shows that work goes on is not sent at all.

use channels::SendError;
use channels::email::render::{Around, render};
use channels::email::smtp::{Failure, Letter};
use channels::email::thread::base_subject;
use domain::approval::Approval;
use domain::card::{Block, Card, Verb};
use domain::ids::ApprovalId;
use sha2::{Digest, Sha256};
use storage::mails::{self, Known};
use storage::outbox::{Delivery, Sent};
use storage::{Db, approvals, people};

use super::Office;

/// What files on cards are: Word documents.
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// The number of a mail that was not sent, since its card only showed progress.
const HELD: &str = "held";

impl Office {
    /// Sends a delivery.
    pub(crate) async fn send(
        &self,
        db: &Db,
        delivery: &Delivery,
        at: std::time::SystemTime,
    ) -> Result<Sent, SendError> {
        if delivery.card.blocks.iter().any(|block| matches!(block, Block::Progress { .. })) {
            let external_id = Some(HELD.to_owned());
            return Ok(Sent { room: delivery.room.clone(), external_id, html: None });
        }
        let Some(smtp) = &self.smtp else {
            return Err(SendError::Gone { reason: "no mail server is configured (SMTP_URL)".to_owned() });
        };
        let mut letter = self.letter(db, delivery).await.map_err(|error| match error {
            Unsendable::Nobody => SendError::Gone { reason: "nobody to write to".to_owned() },
            Unsendable::Storage(error) => SendError::NotSent { cause: error.to_string() },
        })?;
        letter.files = self.files(delivery).await?;
        smtp.send(&letter, at).await.map_err(|failure| match failure {
            Failure::Refused(reason) => SendError::Refused { reason },
            Failure::NotSent(cause) => SendError::NotSent { cause },
            Failure::Unknown(cause) => SendError::OutcomeUnknown { cause },
        })?;
        self.remember(db, delivery, &letter)
            .await
            .map_err(|error| SendError::OutcomeUnknown { cause: error.to_string() })?;
        Ok(Sent { room: Some(letter.to.clone()), external_id: Some(letter.message_id), html: None })
    }

    /// The files on a card, as attachments.
    async fn files(&self, delivery: &Delivery) -> Result<Vec<(String, String, Vec<u8>)>, SendError> {
        let mut files = Vec::new();
        for block in &delivery.card.blocks {
            let Block::File { name, sha256, .. } = block else { continue };
            let Ok(digest) = sha256.parse() else {
                tracing::error!(name, "a file on a card has no key");
                continue;
            };
            let bytes = self.objects.get(delivery.tenant, digest).await;
            let bytes = bytes.map_err(|error| SendError::NotSent { cause: error.to_string() })?;
            files.push((name.clone(), WORD.to_owned(), bytes));
        }
        Ok(files)
    }

    async fn letter(&self, db: &Db, delivery: &Delivery) -> Result<Letter, Unsendable> {
        let mut tx = db.tenant(delivery.tenant).begin().await?;
        let person = match delivery.person {
            Some(person) => people::get(&mut tx, person).await?,
            None => None,
        };
        let address = person.as_ref().and_then(|person| person.email.clone());
        let to =
            delivery.room.clone().or(delivery.person_key.clone()).or(address).ok_or(Unsendable::Nobody)?;
        let approval = match (asked(&delivery.card), &person) {
            (Some(approval), Some(_)) => approvals::get(&mut tx, approval).await.ok(),
            _ => None,
        };
        let thread = thread(delivery);
        let newest = match &thread {
            Some(thread) => mails::newest(&mut tx, thread).await?,
            None => None,
        };
        tx.commit().await?;
        let asked = approval.as_ref().zip(person.as_ref().map(|person| person.id));
        let link = asked.map(|(approval, person)| {
            format!("{}/mail/decide/{}", self.console, self.tokens.link(delivery.tenant, approval, person))
        });
        let whole = format!("/plans/{}", delivery.plan);
        let around = Around { console: &self.console, whole: &whole, decide: link.as_deref() };
        let rendered = render(&delivery.card, around);
        let token = asked
            .map(|(approval, person): (&Approval, _)| self.tokens.address(delivery.tenant, approval, person));
        let title = newest.as_ref().map(|known| known.title.as_str()).filter(|title| !title.is_empty());
        let subject = match title {
            Some(title) if base_subject(title) == title.to_lowercase() => format!("Re: {title}"),
            Some(title) => title.to_owned(),
            None => rendered.subject.clone(),
        };
        let mut references: Vec<String> = thread.into_iter().collect();
        references.extend(newest.as_ref().map(|known| known.message_id.clone()));
        references.dedup();
        Ok(Letter {
            from: self.sender.clone(),
            to,
            reply_to: Some(with_token(&delivery.workspace, token.as_deref())),
            subject,
            message_id: self.number(delivery),
            in_reply_to: newest.map(|known| known.message_id),
            references,
            text: rendered.text,
            html: rendered.html,
            files: Vec::new(),
        })
    }

    /// A mail's number: the same whenever the same words are sent again.
    fn number(&self, delivery: &Delivery) -> String {
        let mut hash = Sha256::new();
        hash.update(delivery.message.to_string());
        hash.update(serde_json::to_vec(&delivery.card).unwrap_or_default());
        let domain = self.sender.rsplit('@').next().unwrap_or("localhost");
        format!("{}@{domain}", &hex::encode(hash.finalize())[..32])
    }

    async fn remember(&self, db: &Db, delivery: &Delivery, letter: &Letter) -> Result<(), storage::Error> {
        let mut tx = db.tenant(delivery.tenant).begin().await?;
        let thread = thread(delivery).unwrap_or_else(|| letter.message_id.clone());
        let known = Known {
            message_id: letter.message_id.clone(),
            thread,
            subject: base_subject(&letter.subject),
            title: letter.subject.clone(),
            is_ours: true,
        };
        mails::remember(&mut tx, &known).await?;
        tx.commit().await
    }
}

/// The thread of a delivery: what follows a private mail belongs to that mail's.
fn thread(delivery: &Delivery) -> Option<String> {
    let earlier = delivery.external_id.as_ref().filter(|id| *id != HELD);
    delivery.thread.as_ref().or(earlier).cloned()
}

/// Why there is no letter.
#[derive(Debug, thiserror::Error)]
enum Unsendable {
    #[error("nobody to write to")]
    Nobody,
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// The request that a card asks about.
fn asked(card: &Card) -> Option<ApprovalId> {
    let buttons = card.blocks.iter().filter_map(|block| match block {
        Block::Buttons { buttons } => Some(buttons),
        _ => None,
    });
    buttons.flatten().find(|button| button.verb == Verb::Approve).and_then(|button| button.value.parse().ok())
}

/// `deals@us.example` and a token to `deals+token@us.example`.
fn with_token(inbox: &str, token: Option<&str>) -> String {
    match (inbox.rsplit_once('@'), token) {
        (Some((local, domain)), Some(token)) => format!("{local}+{token}@{domain}"),
        _ => inbox.to_owned(),
    }
}
