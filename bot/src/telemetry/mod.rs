//! Logs, traces and figures of the running program.

pub(crate) mod export;
pub(crate) mod metrics;
mod redact;
mod window;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config;

/// The crates whose spans are exported; the exporter's own client must not be among them.
const OURS: [&str; 8] =
    ["dealdesk", "storage", "channels", "integrations", "ml", "agents", "console", "bot"];

/// Keeps what has to be flushed at the end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Starts logging to standard error and, when an address is configured, exporting traces. Once per
/// process, inside the runtime.
pub(crate) fn start(config: &config::Telemetry) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&config.log).with_context(|| format!("log filter {:?}", config.log))?;
    let to = redact::Redacting(std::io::stderr);
    let lines = match config.format.as_str() {
        "json" => tracing_subscriber::fmt::layer().json().with_writer(to).boxed(),
        "text" => tracing_subscriber::fmt::layer().with_writer(to).with_ansi(false).boxed(),
        other => anyhow::bail!("log format {other:?} is neither text nor json"),
    };
    let provider = match config.otlp_url.trim() {
        "" => None,
        url => Some(export::provider(url)?),
    };
    let traces = provider.as_ref().map(|provider| {
        let ours = OURS.into_iter().map(|name| (name, tracing::Level::INFO));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("dealdesk"))
            .with_filter(ours.collect::<Targets>())
    });
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces)
        .try_init()
        .context("logging was started before")?;
    Ok(Telemetry { provider })
}

/// Logs for one-shot commands: only what went wrong, unless a filter is set that says more.
pub(crate) fn quiet(config: &config::Telemetry) -> anyhow::Result<Telemetry> {
    let log = if config.log == "info" { "error".to_owned() } else { config.log.clone() };
    start(&config::Telemetry { log, otlp_url: String::new(), ..config.clone() })
}

impl Telemetry {
    /// Sends what has not been sent yet.
    pub(crate) async fn stop(self) {
        let Some(provider) = self.provider else { return };
        // Blocks until the last batch is out, so it must not hold a thread of the runtime.
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}
