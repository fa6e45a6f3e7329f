//! Traces as a collector gets them: every span of a story under the one number that its thread shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tests::conversation::{Conversation, found};
use tests::database::eventually;

/// Everything that was exported so far.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

/// Takes an export as the specification says: protobuf in a POST, 200 when it was understood.
async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers.get("content-type").is_none_or(|kind| kind != "application/x-protobuf") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let Ok(export) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = collector.0.lock().unwrap();
    for resource in export.resource_spans {
        let about = resource.resource.unwrap_or_default().attributes;
        let service = about.into_iter().find(|pair| pair.key == "service.name");
        let service = format!("{:?}", service.and_then(|pair| pair.value));
        for scope in resource.scope_spans {
            spans.extend(scope.spans.into_iter().map(|span| (service.clone(), span)));
        }
    }
    StatusCode::OK
}

impl Collector {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    /// How often each kind of span is in a trace.
    fn names(&self, trace: &str) -> BTreeMap<String, usize> {
        let mut names = BTreeMap::new();
        for span in self.of(trace) {
            *names.entry(span.name).or_default() += 1;
        }
        names
    }

    fn of(&self, trace: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        let ours = spans.iter().filter(|(_, span)| hex(&span.trace_id) == trace);
        ours.map(|(_, span)| span.clone()).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The number in the link under a message.
fn footer_trace(blocks: &serde_json::Value) -> String {
    let text = blocks.to_string();
    let (_, rest) = text.split_once("/plans/").expect("a link to the plan");
    rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').filter(|c| *c != '-').collect()
}

#[tokio::test]
async fn one_trace_goes_from_the_message_in_to_the_message_out() {
    let collector = Collector::default();
    let url = collector.start().await;
    let talk = Conversation::with(|_| (), |setting| setting.with("OTEL_EXPORTER_OTLP_ENDPOINT", url)).await;
    let request = talk.proposes().await;
    talk.presses("lee", &request, "Approve").await;
    let result = talk.sees("2 deals created").await;
    talk.ends().await;

    let answer = found(
        talk.slack.wait_for_words("for “payment companies in Germany”", tests::conversation::LIMIT).await,
    );
    let trace = footer_trace(&answer.blocks);
    assert_eq!(trace.len(), 32, "{trace}");
    let steps = "SELECT count(*) FROM steps JOIN plans USING (plan_id) WHERE intent->>'intent' = 'find'";
    let steps = usize::try_from(talk.number(steps).await).unwrap();
    eventually("all of the trace", async || {
        let names = collector.names(&trace);
        names.get("intake") == Some(&1)
            && names.get("plan") == Some(&1)
            && names.get("step") == Some(&steps)
            && names.contains_key("delivery")
    })
    .await;
    let spans = collector.of(&trace);
    let end_of = |name: &str| spans.iter().filter(|s| s.name == name).map(|s| s.end_time_unix_nano).min();
    assert!(end_of("intake") < end_of("plan") && end_of("plan") < end_of("step"), "in the order of the work");
    // All hang on the same invisible root, whichever part of the program made them.
    let parents: std::collections::BTreeSet<_> = spans
        .iter()
        .filter(|s| ["intake", "plan", "step", "delivery"].contains(&s.name.as_str()))
        .map(|s| hex(&s.parent_span_id))
        .collect();
    assert_eq!(parents.len(), 1, "{parents:?}");
    // What came of the request leads to another trace, which was collected as well.
    let decided = footer_trace(&result.blocks);
    assert_ne!(decided, trace);
    eventually("the other trace", async || collector.names(&decided).contains_key("delivery")).await;
    let services = collector.0.lock().unwrap();
    assert!(services.iter().all(|(service, _)| service.contains("dealdesk")));
}
