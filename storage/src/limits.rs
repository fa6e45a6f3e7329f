//! Rate limits that all processes share, kept in Redis.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};

/// The generic cell rate algorithm on the server's own clock, in microseconds: a key holds the time
/// at which its allowance is full again. Returns how long to wait; 0 means go.
const GCRA: &str = "
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or 0)
if full < now then full = now end
local wait = full + each - burst * each - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full + each), 'PX', math.ceil((full + each - now) / 1000))
return 0
";

/// Redis is away or refused.
#[derive(Debug, thiserror::Error)]
#[error("Redis does not answer")]
pub struct LimitsError(#[from] RedisError);

/// Limits in Redis; cheap to clone.
#[derive(Clone)]
pub struct SharedLimits {
    connection: ConnectionManager,
    script: Script,
}

impl std::fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedLimits(..)")
    }
}

impl SharedLimits {
    /// Connects when first used, so that a Redis that is away holds nobody up.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn new(url: &SecretString) -> Result<Self, LimitsError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_millis(250)))
            .set_response_timeout(Some(Duration::from_millis(250)));
        let client = Client::open(url.expose_secret())?;
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { connection, script: Script::new(GCRA) })
    }

    /// Takes one call from an allowance of so many a minute; when it is used up, how long to wait.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn take(&self, key: &str, per_minute: u32) -> Result<Option<Duration>, LimitsError> {
        let each_us = 60_000_000 / u64::from(per_minute.max(1));
        let wait_us: u64 = self
            .script
            .key(format!("dealdesk:limit:{key}"))
            .arg(each_us)
            .arg(per_minute.max(1))
            .invoke_async(&mut self.connection.clone())
            .await?;
        Ok((wait_us > 0).then(|| Duration::from_micros(wait_us)))
    }
}
