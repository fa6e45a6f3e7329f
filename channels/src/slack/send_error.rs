//! Slack's words and failures as send errors.

use slack_morphism::errors::SlackClientError;

use crate::send_error::SendError;

/// Slack does not always say how long to wait; its slowest published limit is one call a minute.
const WAIT_DEFAULT_S: u64 = 30;

impl SendError {
    /// Sorts one of Slack's error words.
    pub(super) fn from_word(word: &str) -> Self {
        let reason = word.to_owned();
        match word {
            "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
                Self::RateLimited { after_s: WAIT_DEFAULT_S }
            }
            "channel_not_found"
            | "not_in_channel"
            | "user_not_in_channel"
            | "is_archived"
            | "is_inactive"
            | "restricted_action"
            | "restricted_action_read_only_channel"
            | "restricted_action_thread_only_channel"
            | "restricted_action_non_threadable_channel"
            | "restricted_action_thread_locked" => Self::NotHere { reason },
            "user_not_found"
            | "users_not_found"
            | "cannot_dm_bot"
            | "cant_dm_bot"
            | "user_disabled"
            | "user_not_visible"
            | "message_not_found"
            | "thread_not_found"
            | "cant_update_message"
            | "messages_tab_disabled"
            | "expired_trigger_id"
            | "trigger_expired"
            | "trigger_exchanged"
            | "exchanged_trigger_id"
            | "invalid_user_id"
            | "team_not_found" => Self::Gone { reason },
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "no_permission"
            | "missing_scope"
            | "not_allowed_token_type"
            | "org_login_required"
            | "ekm_access_denied"
            | "access_denied"
            | "two_factor_setup_required"
            | "team_access_not_granted"
            | "bad_client_secret"
            | "invalid_client_id" => Self::Unauthorised { reason },
            // Slack documents that part of the work may have been done before these.
            "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org" => Self::OutcomeUnknown { cause: reason },
            _ => Self::Refused { reason },
        }
    }
}

/// Bodies are left out of the reasons: they may hold what people wrote, and reasons are logged.
impl From<SlackClientError> for SendError {
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(e) => match Self::from_word(&e.code) {
                Self::Refused { reason } => {
                    let details =
                        e.errors.filter(|errors| !errors.is_empty()).map(|errors| errors.join("; "));
                    Self::Refused { reason: details.map_or(reason.clone(), |d| format!("{reason}: {d}")) }
                }
                other => other,
            },
            SlackClientError::RateLimitError(e) => {
                Self::RateLimited { after_s: e.retry_after.map_or(WAIT_DEFAULT_S, |d| d.as_secs().max(1)) }
            }
            SlackClientError::HttpError(e) if e.status_code.is_client_error() => {
                Self::Refused { reason: format!("HTTP {}", e.status_code.as_u16()) }
            }
            SlackClientError::HttpError(e) => {
                Self::OutcomeUnknown { cause: format!("HTTP {}", e.status_code.as_u16()) }
            }
            SlackClientError::HttpProtocolError(e) => {
                let hyper =
                    e.cause.as_deref().and_then(|c| c.downcast_ref::<hyper_util::client::legacy::Error>());
                match hyper {
                    Some(error) if error.is_connect() => Self::NotSent { cause: with_sources(error) },
                    Some(error) => Self::OutcomeUnknown { cause: with_sources(error) },
                    None => Self::NotSent { cause: "the request could not be made".to_owned() },
                }
            }
            SlackClientError::ProtocolError(e) => {
                Self::OutcomeUnknown { cause: format!("unreadable answer: {}", e.json_error) }
            }
            SlackClientError::EndOfStream(_)
            | SlackClientError::SystemError(_)
            | SlackClientError::SocketModeProtocolError(_) => {
                Self::OutcomeUnknown { cause: "the connection broke".to_owned() }
            }
        }
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
