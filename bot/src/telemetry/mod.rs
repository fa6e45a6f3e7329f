//! Logs, traces and figures of the running program.

pub(crate) mod export;
pub(crate) mod metrics;
mod redact;
mod window;

use std::sync::OnceLock;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config;

/// The crates whose spans are exported; the exporter's own client must not be among them.
const OURS: [&str; 8] = ["dealdesk", "storage", "channels", "integrations", "ml", "agents", "console", "bot"];

/// What is flushed at the end of the process.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Starts logging to standard error and, when an address is configured, exporting traces. Once per
/// process, inside the runtime.
pub(crate) fn start(config: &config::Telemetry) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log).with_context(|| format!("log filter {:?}", config.log))?;
    let provider = match config.otlp_url.trim() {
        "" => None,
        url => {
            let provider = export::provider(url)?;
            Some(PROVIDER.get_or_init(|| provider))
        }
    };
    let traces = provider.map(|provider| {
        let ours = OURS.into_iter().map(|name| (name, tracing::Level::INFO));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("dealdesk"))
            .with_filter(ours.collect::<Targets>())
    });
    tracing_subscriber::registry()
        .with(lines(&config.format)?.with_filter(filter))
        .with(traces)
        .try_init()
        .context("logging was started before")
}

/// For commands that print their answer: only what went wrong is logged.
pub(crate) fn quiet(config: &config::Telemetry) -> anyhow::Result<()> {
    let lines = lines(&config.format)?.with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(lines).try_init().context("logging was started before")
}

/// Sends what has not been sent yet. Blocks for a moment.
pub(crate) fn flush() {
    let Some(provider) = PROVIDER.get() else { return };
    // The exporter works on the runtime, whose thread this may be.
    if let Err(error) = tokio::task::block_in_place(|| provider.force_flush()) {
        tracing::warn!(%error, "the last traces were not exported");
    }
}

fn lines<S>(format: &str) -> anyhow::Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let to = redact::Redacting(std::io::stderr);
    match format {
        "json" => Ok(tracing_subscriber::fmt::layer().json().with_writer(to).boxed()),
        "text" => Ok(tracing_subscriber::fmt::layer().with_writer(to).with_ansi(false).boxed()),
        other => anyhow::bail!("log format {other:?} is neither text nor json"),
    }
}
