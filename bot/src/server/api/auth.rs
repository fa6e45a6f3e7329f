//! Who calls: a person, by a bearer token, within an allowance.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use domain::intent::Intent;
use domain::person::Person;
use domain::policy;
use storage::Tx;
use storage::credentials::{self, Kind};

use super::super::Edge;
use super::super::problem::Problem;

/// The person whose token a call carries, and the server she calls.
pub(super) struct Caller {
    pub(super) edge: Arc<Edge>,
    pub(super) person: Person,
}

impl Caller {
    /// Refuses what the person's role does not cover.
    pub(super) fn may(&self, intent: &Intent) -> Result<(), Problem> {
        Ok(policy::permit(self.person.role, intent)?)
    }

    /// Opens what belongs to the person's team.
    pub(super) async fn begin(&self) -> Result<Tx, Problem> {
        Ok(self.edge.db.tenant(self.person.tenant).begin().await?)
    }
}

impl FromRequestParts<Arc<Edge>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Problem> {
        let refused = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "Send a valid token of yours: `Authorization: Bearer <token>`.",
            )
        };
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = header.and_then(|text| text.split_once(' ')).ok_or_else(refused)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(refused());
        }
        let now = edge.clock.now();
        let person = credentials::holder(&edge.db, Kind::Token, token, now).await?.ok_or_else(refused)?;
        edge.limits.take(person.id).await.map_err(|wait| {
            metrics::counter!("rate_limited_total").increment(1);
            // Rounded up: whoever comes back at the stated time is let in.
            let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(60);
            let allowance = edge.config.limits.requests_per_minute;
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("More than {allowance} calls a minute; come back in {seconds} s."),
            )
            .retry_after(seconds)
        })?;
        Ok(Self { edge: Arc::clone(edge), person })
    }
}
