//! One call over HTTP: bounded in time and size, its failures told apart by what may be done next.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Request, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;

/// How long a provider may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// What a provider asks to wait when it does not say for how long, seconds.
const WAIT_S: u64 = 10;
/// A provider's words about a failure are cut to so many characters.
const REASON_MAX: usize = 300;

/// Why a call did not do what it should, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The provider asks to wait; nothing was done.
    #[error("asked to wait {after_s} s")]
    RateLimited {
        /// How long, seconds.
        after_s: u64,
    },
    /// The token is no good (any more).
    #[error("not authorised: {reason}")]
    Unauthorised {
        /// The provider's words.
        reason: String,
    },
    /// The token is good but may not do this: a scope or a licence is missing.
    #[error("not allowed: {reason}")]
    Forbidden {
        /// The provider's words.
        reason: String,
    },
    /// What it was about is not there, or no longer.
    #[error("not found: {reason}")]
    Gone {
        /// The provider's words.
        reason: String,
    },
    /// The provider understood and said no; the same call will not work later either.
    #[error("refused ({status}): {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's words.
        reason: String,
    },
    /// It may have happened: look before doing it again.
    #[error("outcome unknown: {cause}")]
    OutcomeUnknown {
        /// What was seen.
        cause: String,
    },
    /// It cannot have happened: do it again.
    #[error("not sent: {cause}")]
    NotSent {
        /// What was seen.
        cause: String,
    },
    /// It answered with success, and with something that is not what it promises.
    #[error("unreadable answer: {cause}")]
    Garbage {
        /// What was seen.
        cause: String,
    },
}

impl CallError {
    /// Whether the same call may work later without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::OutcomeUnknown { .. }
                | Self::NotSent { .. }
                | Self::Garbage { .. }
        )
    }
}

/// What a provider answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status: 2xx, or 304 where the request was conditional.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the body as JSON. Errors: [`CallError::Garbage`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::Garbage { cause: error.to_string() })
    }
}

/// The client that every provider is called with. Redirects are not followed: a token must not go elsewhere.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    most: usize,
}

impl Http {
    /// A client whose calls take at most `limit` each and whose answers have at most `most` bytes.
    ///
    /// Errors: when TLS cannot be set up.
    pub fn new(limit: Duration, most: usize) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(limit)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, most })
    }

    /// With a client that was made for one place.
    pub fn with(client: Client, most: usize) -> Self {
        Self { client, most }
    }

    /// The client, to build a request with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a call and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, CallError> {
        let response = self.open(request).await?;
        self.read(response).await
    }

    /// Makes a call and gives the answer before its body, for those that are streamed. A status that is no success is an
    /// error, with the provider's words.
    pub async fn open(&self, request: RequestBuilder) -> Result<Response, CallError> {
        let request =
            request.build().map_err(|error| CallError::NotSent { cause: error.without_url().to_string() })?;
        let reads = is_read(&request);
        let response = self.client.execute(request).await.map_err(of_transport)?;
        let status = response.status();
        if status.is_success() || status.as_u16() == 304 {
            return Ok(response);
        }
        let after_s = wait_of(response.headers());
        let words = match self.read(response).await {
            Ok(answer) => words_of(&answer.body),
            Err(_) => String::new(),
        };
        Err(of_status(status.as_u16(), after_s, words, reads))
    }

    async fn read(&self, mut response: Response) -> Result<Answer, CallError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(part)) if body.len() + part.len() > self.most => {
                    return Err(CallError::Garbage { cause: format!("more than {} bytes", self.most) });
                }
                Ok(Some(part)) => body.extend_from_slice(&part),
                Ok(None) => return Ok(Answer { status, headers, body }),
                Err(error) => return Err(of_transport(error)),
            }
        }
    }
}

fn is_read(request: &Request) -> bool {
    request.method().is_safe()
}

/// What can have happened when no whole answer came. Tokens may stand in addresses: those are left out.
fn of_transport(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    let cause = match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    if error.is_connect() || error.is_builder() {
        CallError::NotSent { cause }
    } else {
        CallError::OutcomeUnknown { cause }
    }
}

fn of_status(status: u16, after_s: u64, reason: String, reads: bool) -> CallError {
    match status {
        429 => CallError::RateLimited { after_s },
        401 => CallError::Unauthorised { reason },
        403 => CallError::Forbidden { reason },
        404 | 410 => CallError::Gone { reason },
        503 => CallError::NotSent { cause: format!("503 {reason}") },
        500.. if reads => CallError::NotSent { cause: format!("{status} {reason}") },
        500.. => CallError::OutcomeUnknown { cause: format!("{status} {reason}") },
        _ => CallError::Refused { status, reason },
    }
}

/// `Retry-After` in seconds; providers that give a date are waited for as long as those that say nothing.
fn wait_of(headers: &HeaderMap) -> u64 {
    let said = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    said.and_then(|text| text.trim().parse().ok()).unwrap_or(WAIT_S)
}

fn words_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_broke_in_the_middle_may_have_happened() {
        let told = |status, reads| of_status(status, 7, "no".to_owned(), reads);
        assert_eq!(told(429, false), CallError::RateLimited { after_s: 7 });
        assert!(matches!(told(500, false), CallError::OutcomeUnknown { .. }));
        assert!(matches!(told(502, true), CallError::NotSent { .. }));
        assert!(matches!(told(503, false), CallError::NotSent { .. }));
        assert!(matches!(told(400, false), CallError::Refused { status: 400, .. }));
        assert!(!told(403, false).is_passing() && told(429, true).is_passing());
    }
}
