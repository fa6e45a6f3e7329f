//! Discord's limits as its answers tell them: a call that would be refused waits, or is not made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So short a wait is waited out; for a longer one the caller comes back.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Who calls for everything at once, instead of for one route.
const EVERYTHING: &str = "*";

/// Until when which route is closed. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets(Arc<Mutex<HashMap<String, Instant>>>);

impl Buckets {
    /// How long a route is still closed, by itself or with everything.
    pub(super) fn wait(&self, route: &str, now: Instant) -> Option<Duration> {
        let closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = [route, EVERYTHING].into_iter().filter_map(|name| closed.get(name)).max()?;
        until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Closes a route, or everything when the limit is the whole application's.
    pub(super) fn close(&self, route: &str, is_global: bool, (now, wait): (Instant, Duration)) {
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        closed.retain(|_, until| *until > now);
        let until = closed.entry(if is_global { EVERYTHING } else { route }.to_owned()).or_insert(now);
        *until = (*until).max(now + wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_closed_alone_and_everything_together() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        let second = Duration::from_secs(1);
        buckets.close("POST /a", false, (now, second * 5));
        assert_eq!(buckets.wait("POST /a", now + second), Some(second * 4));
        assert_eq!(buckets.wait("POST /b", now), None);
        assert_eq!(buckets.wait("POST /a", now + second * 5), None);
        buckets.close("POST /a", true, (now, second * 9));
        assert_eq!(buckets.wait("POST /b", now), Some(second * 9));
    }
}
