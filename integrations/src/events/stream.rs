//! A Redis stream per tenant: every event once, in order, for the operator's own consumers.

use std::time::Duration;

use domain::event::Event;
use domain::ids::TenantId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};
use secrecy::{ExposeSecret, SecretString};

/// About so many events stay in a stream; the others are read from the database.
const KEPT: u32 = 100_000;

/// Redis is away or refused.
#[derive(Debug, thiserror::Error)]
#[error("Redis does not take events")]
pub struct StreamError(#[from] RedisError);

/// The streams; cheap to clone.
#[derive(Clone)]
pub struct Streams(ConnectionManager);

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streams(..)")
    }
}

/// The name of a tenant's stream.
pub fn name(tenant: TenantId) -> String {
    format!("dealdesk:events:{tenant}")
}

impl Streams {
    /// Connects when first used, so that a Redis that is away holds nobody up.
    ///
    /// Errors: when the address cannot be read.
    pub fn new(url: &SecretString) -> Result<Self, StreamError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(5)));
        let client = Client::open(url.expose_secret())?;
        Ok(Self(ConnectionManager::new_lazy_with_config(client, config)?))
    }

    /// Adds events to their tenant's stream, in order. An entry's id is the event's place, `<seq>-0`, and Redis takes no id
    /// that is not above the last: an event that is in already is not added again.
    pub async fn add(&self, events: &[Event]) -> Result<(), StreamError> {
        for event in events {
            let added: Result<String, RedisError> = redis::cmd("XADD")
                .arg(name(event.tenant))
                .arg("MAXLEN")
                .arg("~")
                .arg(KEPT)
                .arg(format!("{}-0", event.seq))
                .arg("id")
                .arg(event.id.to_string())
                .arg("event")
                .arg(event.envelope().to_string())
                .query_async(&mut self.0.clone())
                .await;
            match added {
                Ok(_) => {}
                // "The ID specified in XADD is equal or smaller than the target stream top item".
                Err(error) if error.detail().is_some_and(|words| words.contains("equal or smaller")) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
