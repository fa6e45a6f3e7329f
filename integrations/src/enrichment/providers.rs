//! Providers of facts about companies that want a key: People Data Labs and Apollo. Each is asked by web domain.

use chrono::{DateTime, Utc};
use domain::fact::{Fact, Field, is_plausible};
use domain::places::{Place, places};
use domain::words::words;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::call::{CallError, Http};

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// People Data Labs: charges for a match.
    PeopleDataLabs,
    /// Apollo: charges a credit for a match.
    Apollo,
}

impl Provider {
    /// All of them, in the order in which they are asked: the one that says how sure it is comes first.
    pub const ALL: [Self; 2] = [Self::PeopleDataLabs, Self::Apollo];

    /// The word in tables and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::PeopleDataLabs => "peopledatalabs",
            Self::Apollo => "apollo",
        }
    }

    /// Reads the word of the tables.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// Where it is.
    pub fn url(self) -> &'static str {
        match self {
            Self::PeopleDataLabs => "https://api.peopledatalabs.com",
            Self::Apollo => "https://api.apollo.io",
        }
    }

    /// What a match costs unless the connection says otherwise, millionths of a US dollar.
    pub fn cost_micros(self) -> i64 {
        match self {
            Self::PeopleDataLabs => 100_000,
            Self::Apollo => 80_000,
        }
    }

    /// Asks what it knows of the company behind a domain; none when that is nothing.
    ///
    /// Errors: see [`CallError`]. Only reads are made, so a broken one may be made again; it may have been charged.
    pub async fn ask(
        self,
        (http, base): (&Http, &str),
        key: &SecretString,
        domain: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<Fact>>, CallError> {
        let base = base.trim_end_matches('/');
        let request = match self {
            Self::PeopleDataLabs => http.client().get(format!("{base}/v5/company/enrich")).query(&[
                ("website", domain),
                ("titlecase", "true"),
                ("min_likelihood", "2"),
            ]),
            Self::Apollo => {
                http.client().get(format!("{base}/api/v1/organizations/enrich")).query(&[("domain", domain)])
            }
        };
        let answer = match http.send(request.header("x-api-key", key.expose_secret())).await {
            Ok(answer) => answer,
            Err(CallError::Gone { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let told: Value = answer.json()?;
        let facts = match self {
            Self::PeopleDataLabs => people_data_labs(&told),
            Self::Apollo => apollo(&told),
        };
        let Some((confidence, pairs)) = facts else { return Ok(None) };
        let fact = |(field, value): (Field, String)| Fact {
            field,
            value,
            source: self.name().to_owned(),
            confidence,
            at: now,
        };
        let facts =
            pairs.into_iter().filter(|(field, value)| is_plausible(*field, value, now)).map(fact).collect();
        Ok(Some(facts))
    }
}

type Told = (f64, Vec<(Field, String)>);

/// The company stands at the top of the answer, beside `status` and `likelihood` (1 to 10).
fn people_data_labs(told: &Value) -> Option<Told> {
    if told["status"].as_i64().is_some_and(|status| status != 200) {
        return None;
    }
    let name = text(&told["display_name"]).or_else(|| text(&told["name"]))?;
    #[expect(clippy::cast_precision_loss, reason = "1 to 10")]
    let confidence = told["likelihood"].as_i64().unwrap_or(5).clamp(1, 10) as f64 / 10.0;
    let place = &told["location"];
    Some((
        confidence,
        [
            (Field::Name, Some(name)),
            (Field::Description, text(&told["summary"])),
            (Field::Industry, text(&told["industry"])),
            (Field::Country, text(&place["country"]).and_then(|name| country(&name))),
            (Field::City, text(&place["locality"])),
            (Field::Founded, number(&told["founded"])),
            (Field::Employees, number(&told["employee_count"])),
            (Field::FundingUsd, number(&told["total_funding_raised"])),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .collect(),
    ))
}

/// The company stands under `organization`, which is missing or null when it is not known. How sure it is, it does not say.
fn apollo(told: &Value) -> Option<Told> {
    let company = told.get("organization").filter(|company| company.is_object())?;
    let name = text(&company["name"])?;
    Some((
        0.6,
        [
            (Field::Name, Some(name)),
            (Field::Description, text(&company["short_description"])),
            (Field::Industry, text(&company["industry"])),
            (Field::Country, text(&company["country"]).and_then(|name| country(&name))),
            (Field::City, text(&company["city"])),
            (Field::Founded, number(&company["founded_year"])),
            (Field::Employees, number(&company["estimated_num_employees"])),
            (Field::FundingUsd, number(&company["total_funding"])),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .collect(),
    ))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and far below 2^53"
    )]
    let whole =
        value.as_u64().or_else(|| value.as_f64().filter(|float| *float >= 1.0).map(|float| float as u64));
    whole.filter(|count| *count > 0).map(|count| count.to_string())
}

fn country(name: &str) -> Option<String> {
    let parts = words(name);
    if parts.is_empty() {
        return None;
    }
    match places().at(name, &parts, 0)? {
        (Place::Country(code), taken) if taken == parts.len() => Some(code.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::extract::{Path, Query, State};
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;
    use serde_json::json;

    use super::*;

    /// What both providers answer, each in its own shape, by the domain asked.
    async fn answers(
        State(provider): State<Provider>,
        Path(_): Path<String>,
        Query(query): Query<Vec<(String, String)>>,
        headers: HeaderMap,
    ) -> (StatusCode, String) {
        if headers.get("x-api-key").is_none_or(|key| key != "good") {
            return (StatusCode::UNAUTHORIZED, "{}".to_owned());
        }
        let domain = query.iter().find(|(name, _)| name == "website" || name == "domain").unwrap().1.as_str();
        let known = match provider {
            Provider::PeopleDataLabs => json!({
                "status": 200, "likelihood": 8, "name": "acme gmbh", "display_name": "Acme GmbH", "founded": 1999,
                "employee_count": 120, "industry": "Computer Software", "summary": "Makes clocks.",
                "location": { "locality": "Berlin", "country": "Germany" } }),
            Provider::Apollo => json!({ "organization": { "name": "Acme GmbH", "founded_year": 1999,
                "estimated_num_employees": 120, "industry": "software", "short_description": "Makes clocks.",
                "city": "Berlin", "country": "Germany", "total_funding": null } }),
        };
        match (domain, provider) {
            ("busy.example", _) => (StatusCode::TOO_MANY_REQUESTS, String::new()),
            ("broken.example", _) => (StatusCode::OK, "<html>".to_owned()),
            ("unknown.example", Provider::PeopleDataLabs) => (
                StatusCode::NOT_FOUND,
                json!({ "status": 404, "error": { "type": "not_found" } }).to_string(),
            ),
            ("unknown.example", Provider::Apollo) => {
                (StatusCode::OK, json!({ "organization": null }).to_string())
            }
            _ => (StatusCode::OK, known.to_string()),
        }
    }

    /// What every provider has to do.
    #[tokio::test]
    async fn every_provider_tells_the_same_company_in_the_same_words() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        for provider in Provider::ALL {
            let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!("http://{}", socket.local_addr().unwrap());
            let app = Router::new().route("/{*path}", get(answers)).with_state(provider);
            #[expect(clippy::disallowed_methods, reason = "the provider is a process of its own")]
            let server = tokio::spawn(async move { axum::serve(socket, app).await });
            let http = Http::new(Duration::from_secs(5), 1 << 20).unwrap();
            let ask = async |key: &str, domain: &str| {
                provider.ask((&http, &base), &SecretString::from(key), domain, now).await
            };
            let facts = ask("good", "acme.example").await.unwrap().unwrap();
            let value = |field| facts.iter().find(|fact| fact.field == field).map(|fact| fact.value.as_str());
            for (field, expected) in [
                (Field::Name, Some("Acme GmbH")),
                (Field::Country, Some("DE")),
                (Field::City, Some("Berlin")),
                (Field::Founded, Some("1999")),
                (Field::Employees, Some("120")),
                (Field::FundingUsd, None),
            ] {
                assert_eq!(value(field), expected, "{provider:?}");
            }
            assert!(
                facts
                    .iter()
                    .all(|fact| fact.source == provider.name() && fact.confidence > 0.0 && fact.at == now)
            );
            assert_eq!(ask("good", "unknown.example").await, Ok(None), "{provider:?}");
            assert!(matches!(ask("good", "busy.example").await, Err(CallError::RateLimited { .. })));
            assert!(matches!(ask("good", "broken.example").await, Err(CallError::Garbage { .. })));
            assert!(matches!(ask("bad", "acme.example").await, Err(CallError::Unauthorised { .. })));
            server.abort();
        }
    }
}
