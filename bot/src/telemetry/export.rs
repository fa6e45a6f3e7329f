//! Traces: one per plan, under the plan's own number, so that every process agrees on it unasked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use domain::ids::PlanId;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::{Resource, runtime};
use tracing_opentelemetry::OpenTelemetrySpanExt;

static IS_EXPORTING: AtomicBool = AtomicBool::new(false);

/// How long one export may take.
const TIME_OUT: Duration = Duration::from_secs(10);

/// True when spans leave this process: spans that only matter there need not be made otherwise.
pub(crate) fn is_exporting() -> bool {
    IS_EXPORTING.load(Ordering::Relaxed)
}

/// The trace that a plan's spans belong to: its sixteen bytes are the trace id.
pub(crate) fn trace_of(plan: PlanId) -> TraceId {
    TraceId::from_bytes(*plan.0.as_bytes())
}

/// Puts a span, before it is entered, into a plan's trace.
pub(crate) fn follow(span: &tracing::Span, plan: PlanId) {
    if !is_exporting() {
        return;
    }
    // The invisible root: every span of the plan, whichever process made it, hangs on the same one.
    let mut root = [0; 8];
    root.copy_from_slice(&plan.0.as_bytes()[8..]);
    let root = SpanContext::new(
        trace_of(plan),
        SpanId::from_bytes(root),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    // Refused only for a span that began already or that nobody exports.
    let _ = span.set_parent(Context::new().with_remote_span_context(root));
}

/// The exporting side: protobuf over HTTP to `<url>/v1/traces`.
pub(super) fn provider(url: &str) -> anyhow::Result<SdkTracerProvider> {
    let endpoint = if url.ends_with("/v1/traces") {
        url.to_owned()
    } else {
        format!("{}/v1/traces", url.trim_end_matches('/'))
    };
    // An unset provider is no error: another part of the program may have set it first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIME_OUT).build().context("HTTP client for traces")?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&endpoint)
        .with_timeout(TIME_OUT)
        .build()
        .with_context(|| format!("cannot export traces to {endpoint}"))?;
    let about_us = Resource::builder()
        .with_service_name("dealdesk")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let batches = BatchSpanProcessor::builder(exporter, runtime::Tokio).build();
    IS_EXPORTING.store(true, Ordering::Relaxed);
    Ok(SdkTracerProvider::builder().with_span_processor(batches).with_resource(about_us).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_plans_number() {
        let plan: PlanId = "0190f3c2-7a10-7c3e-9d2a-0123456789ab".parse().unwrap();
        assert_eq!(trace_of(plan).to_string(), plan.0.simple().to_string());
    }
}
