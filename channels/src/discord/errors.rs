//! How calling Discord can fail, told by what the sender may do next.

use serde_json::Value;

use crate::SendError;

/// Discord always says how long to wait; if something in between does not, so many seconds.
const WAIT_DEFAULT_S: f64 = 30.0;

/// Sorts a refused call: its status and the JSON that came with it.
pub(super) fn of_answer(status: u16, answer: &Value) -> SendError {
    let code = answer.get("code").and_then(Value::as_u64).unwrap_or(0);
    let words = answer.get("message").and_then(Value::as_str).unwrap_or("no reason given");
    // Of the words only the beginning: they are Discord's own, not people's.
    let reason = format!("HTTP {status}, {code}: {}", words.chars().take(120).collect::<String>());
    match (status, code) {
        (429, _) => SendError::RateLimited { after_s: whole_seconds(wait_s(answer)) },
        (401, _) => SendError::Unauthorised { reason },
        // The message that was to be edited is not there; the same word as in Slack.
        (_, 10_008) => SendError::Gone { reason: "message_not_found".to_owned() },
        // The room was deleted, or is closed to us.
        (_, 10_003 | 50_001 | 50_013 | 50_083) => SendError::NotHere { reason },
        // No such person or server, somebody who takes no direct messages, a token that has run out.
        (_, 10_004 | 10_007 | 10_013 | 10_015 | 10_062 | 50_007 | 50_027 | 50_278) => {
            SendError::Gone { reason }
        }
        (404, _) => SendError::Gone { reason },
        (500.., _) => SendError::OutcomeUnknown { cause: reason },
        _ => SendError::Refused { reason },
    }
}

/// How long an answer asks to wait, seconds.
pub(super) fn wait_s(answer: &Value) -> f64 {
    let stated = answer.get("retry_after").and_then(Value::as_f64);
    stated.filter(|s| s.is_finite() && *s >= 0.0).unwrap_or(WAIT_DEFAULT_S).min(86_400.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a day, never negative")]
pub(super) fn whole_seconds(seconds: f64) -> u64 {
    (seconds.ceil() as u64).max(1)
}

/// Sorts a call that got no answer.
pub(super) fn of_transport(error: &reqwest::Error) -> SendError {
    let is_before = error.is_connect() || error.is_builder();
    let mut cause = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    // The address may hold an interaction's token: only what lies beneath is told.
    while let Some(error) = next.and_then(std::error::Error::source) {
        cause = format!("{cause}: {error}");
        next = Some(error);
    }
    let cause = format!("{}{cause}", if error.is_timeout() { "no answer in time" } else { "no answer" });
    if is_before { SendError::NotSent { cause } } else { SendError::OutcomeUnknown { cause } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_are_told_by_what_can_be_done() {
        let of = |status, code: u64| of_answer(status, &json!({"code": code, "message": "m"}));
        assert!(matches!(of(403, 50_001), SendError::NotHere { .. }));
        assert!(matches!(of(404, 10_003), SendError::NotHere { .. }));
        assert!(matches!(of(403, 50_007), SendError::Gone { .. }));
        assert_eq!(of(404, 10_008), SendError::Gone { reason: "message_not_found".into() });
        assert!(matches!(of(401, 0), SendError::Unauthorised { .. }));
        assert!(matches!(of(400, 50_035), SendError::Refused { .. }));
        assert!(matches!(of(502, 0), SendError::OutcomeUnknown { .. }));
        let limited = of_answer(429, &json!({"retry_after": 1.2, "global": true}));
        assert_eq!(limited, SendError::RateLimited { after_s: 2 });
        assert_eq!(of_answer(429, &Value::Null), SendError::RateLimited { after_s: 30 });
    }
}
