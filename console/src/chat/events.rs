//! Live updates of the conversation by server-sent events: the whole thread whenever it changed.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::chat::HANG_UP;
use crate::chat::thread::Thread;
use crate::error::Failure;
use crate::session::SignedIn;

/// Changes that come within this time of each other are shown together, milliseconds.
const TOGETHER_MS: u64 = 40;
/// How often the conversation is read without being told to, in case a hint was lost, seconds.
const UNASKED_S: u64 = 20;
/// How often a comment shows that the line is up, seconds.
const HEARTBEAT_S: u64 = 15;

/// One open tab.
struct Line {
    signed_in: SignedIn,
    hints: Receiver<String>,
    /// What the tab shows; none before the first event.
    last: Option<String>,
}

/// Streams the signed-in person's own conversation.
pub(crate) async fn stream(signed_in: SignedIn) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Listening begins before the first reading, so that nothing falls in between.
    let hints = signed_in.console.shown.subscribe();
    let line = Line { signed_in, hints, last: None };
    let events = unfold(line, |mut line| async {
        let html = line.next().await?;
        let event = Event::default().event("thread").data(&html);
        line.last = Some(html);
        Some((Ok(event), line))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(HEARTBEAT_S)))
}

impl Line {
    /// The next state of the conversation that the tab does not show; none ends the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.last.is_some() && !self.hint().await {
                return None;
            }
            match self.read().await {
                Ok(Some(html)) if self.last.as_ref() != Some(&html) => return Some(html),
                Ok(Some(_)) => {}
                // The session ended or the person left: so does the stream.
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(error = ?error, "a live conversation could not be read");
                    // Nothing shown yet: the browser asks again by itself.
                    self.last.as_ref()?;
                }
            }
        }
    }

    /// Waits until the room may have changed; false when we are told to hang up.
    async fn hint(&mut self) -> bool {
        let room = self.signed_in.person.id.to_string();
        let wait = async {
            loop {
                match self.hints.recv().await {
                    Ok(name) if name == room => return true,
                    Ok(name) if name == HANG_UP => return false,
                    Ok(_) => {}
                    // Too many to keep: ours may be among those missed.
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                }
            }
        };
        let goes_on = tokio::time::timeout(Duration::from_secs(UNASKED_S), wait).await.unwrap_or(true);
        if goes_on {
            tokio::time::sleep(Duration::from_millis(TOGETHER_MS)).await;
        }
        goes_on
    }

    async fn read(&self) -> Result<Option<String>, Failure> {
        let Some(person) = self.signed_in.again().await? else {
            return Ok(None);
        };
        let mut tx = self.signed_in.begin().await?;
        let thread = Thread::load(&mut tx, &person, self.signed_in.now()).await?;
        Ok(Some(thread.render()?.replace('\r', "")))
    }
}
