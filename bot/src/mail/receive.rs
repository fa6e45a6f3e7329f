//! Ways in: a mail server that hands mails in, a mailbox that is read. Each mail is stored before it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use channels::email::envelope::{Arrival, inbox_of, natural_key};
use channels::email::imap::{self, Number, Place};
use channels::email::lmtp::{self, Taken};
use domain::ids::{Ids, InboundId, TenantId};
use domain::person::Channel;
use metrics::counter;
use storage::inbox::{Intake, Raw, Stored};
use storage::{Db, mails};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Office;

/// A mail server that says nothing for so long is cut off.
const LMTP_PATIENCE: Duration = Duration::from_mins(10);
/// Mail servers that may talk to us at the same time.
const TALKS_MAX: usize = 50;

/// Where mails go.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) office: Arc<Office>,
    pub(crate) db: Db,
    pub(crate) tenant: TenantId,
    pub(crate) intake: Intake,
    pub(crate) ids: Ids,
    pub(crate) bell: Arc<Notify>,
}

/// Stores a mail once, whichever way and however often it comes.
pub(crate) async fn hand_in(
    door: &Door,
    route: &'static str,
    (arrival, event): (&Arrival, Option<String>),
    raw: &[u8],
) -> Result<Stored, storage::Error> {
    let inbox =
        inbox_of(&arrival.recipient, &door.office.inboxes).unwrap_or(&door.office.inboxes[0]).to_owned();
    let body = arrival.wrap(raw);
    let stored = door
        .intake
        .store(Raw {
            id: InboundId(door.ids.next()),
            tenant: Some(door.tenant),
            channel: Channel::Email,
            route,
            event_key: event,
            natural_key: Some(natural_key(&inbox, raw)),
            workspace: Some(inbox),
            is_urgent: false,
            body,
        })
        .await?;
    let outcome = if stored == Stored::New { "stored" } else { "double" };
    counter!("inbox_messages_total", "channel" => "email", "route" => route, "outcome" => outcome)
        .increment(1);
    door.bell.notify_one();
    Ok(stored)
}

/// Starts what the settings name.
pub(crate) async fn start(door: &Door, stop: &CancellationToken, tasks: &TaskTracker) -> std::io::Result<()> {
    if let Some(place) = door.office.mailbox.clone() {
        let (door, stop) = (door.clone(), stop.clone());
        tasks.spawn(stop.run_until_cancelled_owned(follow(door, place)));
    }
    let address = door.office.settings.lmtp_listen.clone();
    if !address.is_empty() {
        let listener = TcpListener::bind(&address).await?;
        tracing::info!(%address, "mail servers may hand mails in");
        let (door, stop, talks) = (door.clone(), stop.clone(), tasks.clone());
        tasks.spawn(async move { listen(listener, door, (stop, talks)).await });
    }
    Ok(())
}

/// Takes connections; each ends with the process.
async fn listen(listener: TcpListener, door: Door, (stop, talks): (CancellationToken, TaskTracker)) {
    let free = Arc::new(tokio::sync::Semaphore::new(TALKS_MAX));
    loop {
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { return };
        let (Ok((stream, _)), Ok(place)) = (accepted, free.clone().acquire_owned().await) else { continue };
        let (door, stop) = (door.clone(), stop.clone());
        talks.spawn(async move {
            let _place = place;
            let office = door.office.clone();
            let store = |arrival: Arrival, raw: Arc<Vec<u8>>| {
                let door = door.clone();
                async move {
                    match hand_in(&door, "lmtp", (&arrival, None), &raw).await {
                        Ok(_) => Taken::Stored,
                        Err(error) => {
                            tracing::warn!(error = %error, "a mail has to wait at its server");
                            Taken::Later
                        }
                    }
                }
            };
            let host = office.sender.rsplit('@').next().unwrap_or_default();
            let talk = lmtp::serve(stream, &office.inboxes, host, store);
            let talk = tokio::time::timeout(LMTP_PATIENCE, talk);
            if let Some(Ok(Err(error))) = stop.run_until_cancelled(talk).await {
                tracing::debug!(error = %error, "a mail server hung up");
            }
        });
    }
}

/// Reads the mailbox for ever; connects again when the connection ends.
async fn follow(door: Door, place: Place) {
    let key = place.key();
    let mut wait = Duration::from_secs(1);
    loop {
        let began = std::time::Instant::now();
        match follow_once(&door, &place, &key).await {
            Ok(()) => tracing::info!("the mailbox's server hung up"),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the mailbox cannot be read (IMAP_URL)");
            }
        }
        if began.elapsed() > Duration::from_mins(1) {
            wait = Duration::from_secs(1);
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_mins(2));
    }
}

async fn follow_once(door: &Door, place: &Place, key: &str) -> anyhow::Result<()> {
    let mut tx = door.db.tenant(door.tenant).begin().await?;
    let known = mails::read_to(&mut tx, key).await?;
    tx.commit().await?;
    let read_to = known.and_then(|(validity, uid)| {
        Some(Number { validity: validity.try_into().ok()?, uid: uid.try_into().ok()? })
    });
    let take = |number: Number, raw: Vec<u8>| {
        let (door, key) = (door.clone(), key.to_owned());
        async move {
            let kept = keep(&door, &key, number, &raw).await;
            if let Err(error) = &kept {
                tracing::warn!(error = %error, "a mail has to wait in its mailbox");
            }
            kept.is_ok()
        }
    };
    Ok(imap::follow(place, read_to, take).await?)
}

/// Stores a mail of the mailbox, then notes that it was read: a mail comes twice rather than never, and counts once.
async fn keep(door: &Door, key: &str, number: Number, raw: &[u8]) -> Result<(), storage::Error> {
    let Number { validity, uid } = number;
    let arrival = Arrival { recipient: recipient(&door.office, raw), ..Arrival::default() };
    let event = format!("email:{key}:{validity}:{uid}");
    hand_in(door, "imap", (&arrival, Some(event)), raw).await?;
    let mut tx = door.db.tenant(door.tenant).begin().await?;
    mails::set_read_to(&mut tx, key, validity.into(), uid.into()).await?;
    tx.commit().await
}

/// To which of our addresses a mail of the mailbox was sent, with its token.
fn recipient(office: &Office, raw: &[u8]) -> String {
    let head = &raw[..raw.len().min(64 * 1024)];
    let mail = channels::email::read(head, &office.reading);
    let to = mail.head.to.into_iter().map(|to| to.address);
    to.into_iter()
        .find(|to| inbox_of(to, &office.inboxes).is_some())
        .unwrap_or_else(|| office.inboxes[0].clone())
}
