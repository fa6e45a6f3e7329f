//! Whom not to ask for a while: a provider that failed often, or that asked to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

use super::Vendor;
use crate::call::CallError;

/// So many failures …
const FAILURES: usize = 5;
/// … within this time open the breaker …
const WINDOW: Duration = Duration::seconds(30);
/// … for this long; then one call tries.
const REST: Duration = Duration::seconds(30);
/// A token that is refused, or a licence that is missing, mends only by hand.
const REFUSED_REST: Duration = Duration::minutes(5);
/// No provider is waited for longer, whatever it asks.
const WAIT_MAX_S: i64 = 600;

#[derive(Debug, Default)]
struct State {
    failures: Vec<DateTime<Utc>>,
    /// It failed often: nobody asks before this time, then one call tries.
    rests_until: Option<DateTime<Utc>>,
    /// It asked to wait: nobody asks before this time.
    waits_until: Option<DateTime<Utc>>,
}

/// The breakers of all providers of this process.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<HashMap<Vendor, State>>);

impl Breakers {
    /// Whether a provider may be asked now. After a rest only one call is let through.
    pub fn admits(&self, vendor: Vendor, now: DateTime<Utc>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = all.entry(vendor).or_default();
        if state.waits_until.is_some_and(|until| now < until) {
            return false;
        }
        match state.rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // The others wait for how this one ends, or for another rest.
                state.rests_until = Some(now + REST);
                true
            }
        }
    }

    /// A call went well.
    pub fn succeeded(&self, vendor: Vendor) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&vendor);
    }

    /// A call failed.
    pub fn failed(&self, vendor: Vendor, error: &CallError, now: DateTime<Utc>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = all.entry(vendor).or_default();
        match error {
            CallError::RateLimited { after_s } => {
                let wait = i64::try_from(*after_s).unwrap_or(WAIT_MAX_S).min(WAIT_MAX_S);
                state.waits_until = state.waits_until.max(Some(now + Duration::seconds(wait)));
            }
            CallError::Unauthorised { .. } | CallError::Forbidden { .. } => {
                state.rests_until = Some(now + REFUSED_REST);
            }
            // What it refused was the prompt, or the model's name.
            CallError::Refused { .. } | CallError::Gone { .. } => {}
            CallError::OutcomeUnknown { .. } | CallError::NotSent { .. } | CallError::Garbage { .. } => {
                state.failures.retain(|at| now - *at < WINDOW);
                state.failures.push(now);
                if state.failures.len() >= FAILURES {
                    state.rests_until = Some(now + REST);
                }
            }
        }
    }

    /// Providers that are not asked now, and until when.
    pub fn resting(&self, now: DateTime<Utc>) -> Vec<(Vendor, DateTime<Utc>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = all
            .iter()
            .filter_map(|(vendor, state)| Some((*vendor, state.rests_until.max(state.waits_until)?)));
        resting.filter(|(_, from)| now < *from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn five_failures_in_half_a_minute_rest_it_and_then_one_call_tries() {
        let (all, vendor) = (Breakers::default(), Vendor::OpenAi);
        let away = CallError::OutcomeUnknown { cause: "500".to_owned() };
        for second in [0, 31, 40, 41, 42] {
            assert!(all.admits(vendor, at(second)));
            all.failed(vendor, &away, at(second));
        }
        assert!(all.admits(vendor, at(43)), "the first was too long ago");
        all.failed(vendor, &away, at(43));
        assert!(!all.admits(vendor, at(44)) && all.admits(Vendor::Gemini, at(44)));
        assert!(all.admits(vendor, at(73)), "one tries");
        assert!(!all.admits(vendor, at(74)), "only one");
        all.succeeded(vendor);
        assert!(all.admits(vendor, at(75)));
    }

    #[test]
    fn who_asks_to_wait_is_waited_for_and_a_refused_prompt_is_no_outage() {
        let (all, vendor) = (Breakers::default(), Vendor::Anthropic);
        all.failed(vendor, &CallError::RateLimited { after_s: 7 }, at(0));
        assert!(
            !all.admits(vendor, at(6)) && all.admits(vendor, at(7)) && all.admits(vendor, at(7)),
            "all of them"
        );
        all.succeeded(vendor);
        for _ in 0..9 {
            all.failed(vendor, &CallError::Refused { status: 400, reason: String::new() }, at(8));
        }
        assert!(all.admits(vendor, at(8)));
        all.failed(vendor, &CallError::Unauthorised { reason: String::new() }, at(9));
        assert!(!all.admits(vendor, at(60)));
        assert_eq!(all.resting(at(60)), [(vendor, at(309))]);
    }
}
