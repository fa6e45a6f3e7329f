//! `/openapi.json`: the interface described, from the handlers themselves.

use axum::Json;
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use super::submit::Accepted;

/// An error, as RFC 9457 says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// The status again.
    #[schema(example = 422)]
    status: u16,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: String,
    /// What is the matter and what to do.
    #[schema(example = "`text` is empty.")]
    detail: String,
}

/// What any call may be answered with instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read for the description alone")]
pub(super) enum Refusals {
    /// No valid token
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(ProblemBody),
    /// Too many calls
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// The database is away
    #[response(status = 503, content_type = "application/problem+json")]
    Away(ProblemBody),
}

/// What a call that is not for everybody may be answered with besides.
#[derive(IntoResponses)]
#[response(
    status = 403,
    description = "The role does not cover it",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "read for the description alone")]
pub(super) struct NotAllowed(ProblemBody);

/// What a call about one thing may be answered with besides.
#[derive(IntoResponses)]
#[response(status = 404, description = "There is no such thing", content_type = "application/problem+json")]
#[expect(dead_code, reason = "read for the description alone")]
pub(super) struct NoSuchThing(ProblemBody);

/// What a call about one thing may be answered with when there is nothing to be had of it.
#[derive(IntoResponses)]
#[response(status = 422, description = "It cannot be made", content_type = "application/problem+json")]
#[expect(dead_code, reason = "read for the description alone")]
pub(super) struct Unusable(ProblemBody);

/// What a call that changes something is answered with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read for the description alone")]
pub(super) enum Answers {
    /// Stored; the plan says what comes of it
    #[response(status = 202)]
    Stored(Accepted),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The body cannot be used, or the key was used for another request
    #[response(status = 422, content_type = "application/problem+json")]
    Unusable(ProblemBody),
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dealdesk",
        description = "Ask for partners, follow the work, keep deals, decide on requests: what people do in chat, for programs. \
            Whatever changes something is stored first and answered with 202 and a plan's number; the plan says what came of it."
    ),
    paths(
        super::messages::send,
        super::plans::show,
        super::deals::list,
        super::deals::show,
        super::deals::change::note,
        super::deals::change::change_stage,
        super::contracts::analyze::analyze,
        super::contracts::list,
        super::contracts::show,
        super::contracts::redline::get,
        super::approvals::list,
        super::approvals::decide,
    ),
    components(schemas(Accepted, ProblemBody)),
    tags(
        (name = "work", description = "Say something and see what comes of it"),
        (name = "deals", description = "Partnerships in the making"),
        (name = "contracts", description = "Agreements, what was read in them, and what that means for us"),
        (name = "approvals", description = "Requests that wait for a person")
    ),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Description;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A person's token; it may do what the person may"))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The description.
pub(in crate::server) async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_current() {
        let current = Description::openapi().to_pretty_json().unwrap() + "\n";
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let committed = std::fs::read_to_string(place).unwrap_or_default();
        if committed != current {
            // Written, so that the change can be looked at and committed; the test fails all the same.
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).unwrap();
            std::fs::write(place, &current).unwrap();
            panic!("docs/openapi.json was out of date and has been written anew: commit it");
        }
    }

    #[test]
    fn every_operation_states_its_errors_and_needs_a_token() {
        let description = serde_json::to_value(Description::openapi()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(description["components"]["securitySchemes"]["token"]["scheme"], "bearer");
        assert_eq!(description["security"][0]["token"], serde_json::json!([]));
        let paths = description["paths"].as_object().unwrap();
        let operations: Vec<_> = paths.values().flat_map(|path| path.as_object().unwrap()).collect();
        assert_eq!(operations.len(), 12);
        for (method, operation) in operations {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "429", "503"] {
                let schema = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{method} {operation}");
            }
            if method == "post" {
                assert!(responses.contains_key("202"), "{operation}");
            }
        }
    }
}
