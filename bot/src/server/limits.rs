//! How often a person may call: counted in this process, or in Redis for all processes together.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::ids::PersonId;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use storage::limits::SharedLimits;

/// How long we count by ourselves after Redis did not answer, before we ask it again.
const ALONE_MS: u64 = 2000;
/// After how many calls people who were away long are forgotten.
const TIDY_EVERY: u64 = 4096;

/// Everybody's allowances; cheap to clone.
#[derive(Clone)]
pub(crate) struct Limits(Arc<Inner>);

struct Inner {
    per_minute: NonZeroU32,
    own: DefaultKeyedRateLimiter<PersonId>,
    shared: Option<SharedLimits>,
    began: Instant,
    /// Until when Redis is left alone, ms since `began`.
    alone_until_ms: AtomicU64,
    calls: AtomicU64,
}

impl Limits {
    /// So many calls a minute for each person.
    pub(crate) fn new(per_minute: u32, shared: Option<SharedLimits>) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self(Arc::new(Inner {
            per_minute,
            own: DefaultKeyedRateLimiter::keyed(Quota::per_minute(per_minute)),
            shared,
            began: Instant::now(),
            alone_until_ms: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        }))
    }

    /// Takes one call; when the allowance is used up, how long to wait.
    pub(super) async fn take(&self, person: PersonId) -> Result<(), Duration> {
        let inner = &*self.0;
        if let Some(shared) = inner.shared.as_ref().filter(|_| inner.now_ms() >= inner.alone_until()) {
            match shared.take(&person.to_string(), inner.per_minute.get()).await {
                Ok(None) => return Ok(()),
                Ok(Some(wait)) => return Err(wait),
                Err(error) => {
                    tracing::warn!(%error, "limits are counted in this process for now");
                    inner.alone_until_ms.store(inner.now_ms() + ALONE_MS, Ordering::Relaxed);
                }
            }
        }
        inner.take_own(person)
    }
}

impl Inner {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn alone_until(&self) -> u64 {
        self.alone_until_ms.load(Ordering::Relaxed)
    }

    fn take_own(&self, person: PersonId) -> Result<(), Duration> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.own.retain_recent();
        }
        self.own.check_key(&person).map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn each_person_has_an_allowance_and_without_redis_it_is_counted_here() {
        let gone = SharedLimits::new(&"redis://127.0.0.1:1".into()).unwrap();
        for limits in [Limits::new(3, None), Limits::new(3, Some(gone))] {
            let (anna, ben) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
            for _ in 0..3 {
                assert_eq!(limits.take(anna).await, Ok(()));
            }
            let wait = limits.take(anna).await.unwrap_err();
            assert!(wait > Duration::from_secs(15) && wait <= Duration::from_secs(20), "{wait:?}");
            assert_eq!(limits.take(ben).await, Ok(()));
        }
    }
}
