//! The figures we export. Every name is described here; labels are bounded: route templates and fixed
//! words, never ids.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use metrics::{Counter, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::window::Window;

/// What kind of figure a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Many values, in buckets.
    Histogram,
}

const LATER: &str = "; exported once there is a value";

/// Every figure: name, shape, what it says. An entry whose last field is true appears only once the
/// thing it measures was done.
const FIGURES: &[(&str, Shape, &str, bool)] = &[
    ("api_request_latency_ms", Shape::Histogram, "Time to answer a request, by endpoint, ms", false),
    (
        "api_request_latency_p95_ms",
        Shape::Gauge,
        "95th percentile of the last minute, by endpoint, ms",
        false,
    ),
    ("api_requests_total", Shape::Counter, "Requests answered, by endpoint and class of status", false),
    (
        "error_rate_per_endpoint",
        Shape::Gauge,
        "Share of requests of the last minute answered 5xx, 0 to 1",
        false,
    ),
    (
        "slack_requests_refused_total",
        Shape::Counter,
        "Slack requests not signed by Slack, stale or altered",
        false,
    ),
    (
        "slack_socket_connections",
        Shape::Gauge,
        "Connections of Socket Mode that stand; two when all is well",
        true,
    ),
    ("slack_socket_garbage_total", Shape::Counter, "Frames of Socket Mode that cannot be read", true),
    (
        "discord_requests_refused_total",
        Shape::Counter,
        "Discord interactions not signed by Discord, stale or altered",
        false,
    ),
    (
        "inbox_messages_total",
        Shape::Counter,
        "Messages handed to the inbox: stored, double or refused",
        false,
    ),
    ("plans_total", Shape::Counter, "Plans begun, by intent", false),
    (
        "rate_limited_total",
        Shape::Counter,
        "Interface calls refused because a person's allowance was used up",
        false,
    ),
    ("plans_total", Shape::Counter, "Plans begun, by intent", false),
    ("queue_depth", Shape::Gauge, "Rows that wait, by queue: inbox, steps, outbox, effects", false),
    (
        "agent_execution_time_ms",
        Shape::Histogram,
        "Time an agent worked on a step, by agent and outcome, ms",
        false,
    ),
    ("llm_call_latency_ms", Shape::Histogram, "Time a language model took to answer, by provider, ms", true),
    ("llm_cached_latency_ms", Shape::Histogram, "Time until an answer of the cache stood, ms", true),
    (
        "injection_suspected_total",
        Shape::Counter,
        "Texts that read as if they gave orders to a model, by where they came from",
        true,
    ),
    ("security_events_total", Shape::Counter, "Security events, by kind and severity", true),
    ("llm_calls_total", Shape::Counter, "Calls of language models, by provider and outcome", true),
    (
        "llm_cost_micro_usd_total",
        Shape::Counter,
        "Spent on language models, by purpose and provider, micro-dollars",
        true,
    ),
    ("llm_budget_alerts_total", Shape::Counter, "Limits of which four fifths were spent, by scope", true),
    ("llm_answers_refused_total", Shape::Counter, "Answers with a quote that is not in the contract", true),
    (
        "contract_extraction_accuracy",
        Shape::Gauge,
        "Share of contract terms that people left as extracted, 0 to 1",
        false,
    ),
    (
        "partner_discovery_precision",
        Shape::Gauge,
        "Share of proposed partners that people took up, 0 to 1",
        false,
    ),
    ("envelopes_total", Shape::Counter, "Envelopes that came to a state: sent, completed, declined …", false),
    ("envelopes_out", Shape::Gauge, "Envelopes that wait for their signers", false),
    ("esign_messages_total", Shape::Counter, "Messages of DocuSign: kept, known already or refused", false),
    ("feature_shift_psi", Shape::Gauge, "Shift of a feature's values in the last month, PSI", false),
    ("effects_total", Shape::Counter, "Changes at vendors, by provider and outcome", false),
    (
        "crm_sync_success_rate",
        Shape::Gauge,
        "Share of calls of a CRM that went well in 15 minutes, 0 to 1",
        false,
    ),
    ("crm_lag_seconds", Shape::Gauge, "How far behind a CRM's newest record we are, by object, s", false),
    ("crm_drift", Shape::Gauge, "Records that differed when all were compared, by object", false),
    ("crm_records_total", Shape::Counter, "Records of a CRM read, by outcome", false),
    (
        "crm_webhooks_refused_total",
        Shape::Counter,
        "Messages of a CRM that were not signed as they must be",
        false,
    ),
    ("cost_per_partnership_usd", Shape::Gauge, "Spent on language models per deal started, USD", true),
];

/// Upper bounds for milliseconds.
const BUCKETS_MS: [f64; 16] =
    [0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 30_000.0];

/// Answers are put into classes by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// How long drained values may pile up between two readings.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The way to the figures; cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    handle: PrometheusHandle,
    began: Instant,
    endpoints: RwLock<HashMap<String, Arc<Endpoint>>>,
}

/// The figures of one endpoint, looked up once and kept.
pub(crate) struct Endpoint {
    name: String,
    began: Instant,
    latency: Histogram,
    answers: [Counter; 5],
    window: Window,
}

impl Endpoint {
    /// Counts an answer that began at `since`.
    pub(crate) fn answered(&self, since: Instant, status: u16) {
        let took_ms = since.elapsed().as_secs_f64() * 1000.0;
        self.latency.record(took_ms);
        if let Some(counter) = self.answers.get(usize::from(status / 100).wrapping_sub(1)) {
            counter.increment(1);
        }
        self.window.count(self.began.elapsed().as_secs(), took_ms, status >= 500);
    }
}

impl Metrics {
    /// The figures of this process. The first call makes the process record them.
    pub(crate) fn of_process() -> anyhow::Result<Self> {
        static OF_PROCESS: OnceLock<Result<Metrics, String>> = OnceLock::new();
        let metrics = OF_PROCESS.get_or_init(|| Self::install().map_err(|error| format!("{error:#}")));
        metrics.clone().map_err(anyhow::Error::msg)
    }

    fn install() -> anyhow::Result<Self> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), &BUCKETS_MS)
            .context("buckets")?
            .build_recorder();
        let inner = Inner {
            handle: recorder.handle(),
            began: Instant::now(),
            endpoints: RwLock::new(HashMap::new()),
        };
        metrics::set_global_recorder(recorder).ok().context("another recorder of figures is in place")?;
        describe();
        Ok(Self(Arc::new(inner)))
    }

    /// The figures of an endpoint, e.g. `GET /v1/plans/{id}`.
    pub(crate) fn endpoint(&self, name: &str) -> Arc<Endpoint> {
        let known = self.0.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = known.get(name) {
            return Arc::clone(endpoint);
        }
        drop(known);
        let mut known = self.0.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        let endpoint = known.entry(name.to_owned()).or_insert_with(|| {
            let label = name.to_owned();
            Arc::new(Endpoint {
                name: name.to_owned(),
                began: self.0.began,
                latency: histogram!("api_request_latency_ms", "endpoint" => label.clone()),
                answers: CLASSES.map(
                    |class| counter!("api_requests_total", "endpoint" => label.clone(), "status" => class),
                ),
                window: Window::new(),
            })
        });
        Arc::clone(endpoint)
    }

    /// All figures as Prometheus reads them.
    pub(crate) fn render(&self) -> String {
        let now_s = self.0.began.elapsed().as_secs();
        for endpoint in self.0.endpoints.read().unwrap_or_else(PoisonError::into_inner).values() {
            let reading = endpoint.window.read(now_s);
            let (p95_ms, error_rate) = reading.map_or((0.0, 0.0), |r| (r.p95_ms, r.error_rate));
            gauge!("api_request_latency_p95_ms", "endpoint" => endpoint.name.clone()).set(p95_ms);
            gauge!("error_rate_per_endpoint", "endpoint" => endpoint.name.clone()).set(error_rate);
        }
        self.0.handle.render()
    }

    /// Drains recorded values into their buckets, every [`UPKEEP_EVERY`], for as long as it is polled.
    pub(crate) async fn keep_up(&self) {
        loop {
            tokio::time::sleep(UPKEEP_EVERY).await;
            self.0.handle.run_upkeep();
        }
    }
}

fn describe() {
    for (name, shape, says, is_later) in FIGURES {
        let says = format!("{says}{}", if *is_later { LATER } else { "" });
        match shape {
            Shape::Counter => metrics::describe_counter!(*name, says),
            Shape::Gauge => metrics::describe_gauge!(*name, says),
            Shape::Histogram => metrics::describe_histogram!(*name, says),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names used in a query: what looks like a name of ours, less the suffixes Prometheus adds.
    fn names_in(text: &str) -> Vec<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let prefixes: Vec<&str> =
            FIGURES.iter().filter_map(|(name, ..)| name.split_once('_')).map(|(first, _)| first).collect();
        words
            .filter(|word| word.split_once('_').is_some_and(|(first, _)| prefixes.contains(&first)))
            .map(|word| {
                ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|s| word.strip_suffix(s))
                    .unwrap_or(word)
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn manifests_name_only_figures_that_we_export() {
        let known: Vec<&str> = FIGURES.iter().map(|(name, ..)| *name).collect();
        let rules = include_str!("../../../manifests/prometheus/dealdesk.rules.yml");
        let board: serde_json::Value =
            serde_json::from_str(include_str!("../../../manifests/grafana/ops.json")).unwrap();
        let mut queries: Vec<String> =
            rules.lines().filter_map(|line| line.trim().strip_prefix("expr:")).map(str::to_owned).collect();
        let panels = board["panels"].as_array().unwrap();
        for target in panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
        assert!(queries.len() >= 12, "{queries:?}");
        for query in &queries {
            let names = names_in(query);
            assert!(!names.is_empty() || query.contains("up{"), "no figure of ours in {query}");
            for name in names {
                assert!(known.contains(&name.as_str()), "{name} in {query}");
            }
        }
        for name in known {
            assert!(queries.iter().any(|query| query.contains(name)), "{name} is on no board and in no rule");
        }
    }

    #[test]
    fn an_endpoint_is_read_from_the_export() {
        let metrics = Metrics::of_process().unwrap();
        let endpoint = metrics.endpoint("GET /test/{id}");
        endpoint.answered(Instant::now(), 200);
        endpoint.answered(Instant::now(), 503);
        let text = metrics.render();
        for line in [
            "# TYPE api_request_latency_ms histogram",
            "api_requests_total{endpoint=\"GET /test/{id}\",status=\"5xx\"} 1",
            "error_rate_per_endpoint{endpoint=\"GET /test/{id}\"} 0.5",
            "api_request_latency_ms_count{endpoint=\"GET /test/{id}\"} 2",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("llm_call_latency_ms"), "there is no value yet");
    }
}
