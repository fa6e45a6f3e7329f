//! Settings: embedded defaults, then `config.toml` in the data folder, then the environment.

use std::path::{Path, PathBuf};

use agents::contract::pdf::{Engines, Limits as ReadLimits, Reader};
use anyhow::{Context, bail};
use channels::slack::oauth::App;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use storage::objects::Objects;

use agents::contract::fetch::Fetcher;

pub(crate) use discord::{Discord, Gateway};
pub(crate) use email::Email;
pub(crate) use llm::Llm;

mod discord;
mod email;
mod llm;

const DEFAULTS: &str = include_str!("default.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data folder.
    #[serde(skip)]
    pub(crate) home: PathBuf,
    pub(crate) server: Server,
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) slack: Slack,
    pub(crate) discord: Discord,
    pub(crate) email: Email,
    pub(crate) people: People,
    pub(crate) intake: Intake,
    pub(crate) work: Work,
    pub(crate) search: Search,
    pub(crate) limits: Limits,
    pub(crate) fetch: Fetch,
    pub(crate) registers: Registers,
    pub(crate) esign: Esign,
    pub(crate) files: Files,
    pub(crate) llm: Llm,
    pub(crate) telemetry: Telemetry,
}

/// Where we listen and how we are reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: String,
    pub(crate) public_url: String,
    pub(crate) worker_listen: String,
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: SecretString,
    pub(crate) pg_bin: String,
}

/// Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    pub(crate) url: SecretString,
}

/// Slack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slack {
    pub(crate) signing_secrets: SecretString,
    pub(crate) bot_token: SecretString,
    pub(crate) app_token: SecretString,
    pub(crate) api_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    pub(crate) tenants: Tenants,
}

/// Whose data a workspace sees that installs us by OAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tenants {
    /// Its own.
    Separate,
    /// That of the installation.
    Shared,
}

impl Slack {
    /// The secrets that may have signed a request; none means that Slack is not connected.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let text = self.signing_secrets.expose_secret();
        text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(SecretString::from).collect()
    }

    /// Our app as registered with Slack; none when workspaces do not install us by OAuth.
    pub(crate) fn app(&self) -> Option<App> {
        (!self.client_id.is_empty()).then(|| App {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            redirect_url: None,
        })
    }

    /// The app's own token; none when we do not open connections to Slack (Socket Mode).
    pub(crate) fn app_token(&self) -> Option<SecretString> {
        let token = self.app_token.expose_secret().trim();
        (!token.is_empty()).then(|| SecretString::from(token))
    }
}

/// Who may join.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    pub(crate) join: Join,
}

/// Who may join by writing to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Join {
    /// Every full member of an installed workspace.
    Workspace,
    /// Only people whom an admin added.
    Invited,
}

/// How messages are taken in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Intake {
    pub(crate) batch: usize,
    pub(crate) writers: usize,
}

/// How the work is done.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Work {
    pub(crate) workers: usize,
    pub(crate) approval_days: i64,
    pub(crate) fail_point: String,
}

/// Limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: u32,
    pub(crate) body_kib: usize,
}

/// Which links are fetched besides those of the public internet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fetch {
    pub(crate) allow_hosts: String,
    pub(crate) ports: String,
}

/// Public registers of companies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registers {
    pub(crate) gleif_url: String,
    pub(crate) sec_url: String,
    pub(crate) contact: String,
}

/// Signatures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Esign {
    pub(crate) poll_s: u64,
    pub(crate) settle_s: i64,
    pub(crate) expires_days: u16,
    pub(crate) remind_days: u16,
}

/// Where files are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    pub(crate) url: String,
}

/// The partner search.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    pub(crate) embedding_model: String,
}

impl Search {
    /// The folder of the embedding model, if one is configured.
    pub(crate) fn model(&self) -> Option<PathBuf> {
        (!self.embedding_model.is_empty()).then(|| PathBuf::from(&self.embedding_model))
    }
}

/// Logs and traces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) log: String,
    pub(crate) format: String,
    pub(crate) otlp_url: String,
    pub(crate) metrics_token: SecretString,
}

/// Environment variable, section, key: the table behind the comments in `default.toml`.
const ENVIRONMENT: &[(&str, &str, &str)] = &[
    ("DEALDESK_LISTEN", "server", "listen"),
    ("DEALDESK_WORKER_LISTEN", "server", "worker_listen"),
    ("DEALDESK_PUBLIC_URL", "server", "public_url"),
    ("DATABASE_URL", "database", "url"),
    ("DEALDESK_PG_BIN", "database", "pg_bin"),
    ("REDIS_URL", "redis", "url"),
    ("SLACK_SIGNING_SECRET", "slack", "signing_secrets"),
    ("SLACK_BOT_TOKEN", "slack", "bot_token"),
    ("SLACK_APP_TOKEN", "slack", "app_token"),
    ("SLACK_API_URL", "slack", "api_url"),
    ("SLACK_CLIENT_ID", "slack", "client_id"),
    ("SLACK_CLIENT_SECRET", "slack", "client_secret"),
    ("SLACK_TENANTS", "slack", "tenants"),
    ("DISCORD_PUBLIC_KEY", "discord", "public_key"),
    ("DISCORD_BOT_TOKEN", "discord", "bot_token"),
    ("DISCORD_APPLICATION_ID", "discord", "application_id"),
    ("DISCORD_API_URL", "discord", "api_url"),
    ("DISCORD_GUILDS", "discord", "guilds"),
    ("DISCORD_GATEWAY", "discord", "gateway"),
    ("EMAIL_INBOXES", "email", "inboxes"),
    ("EMAIL_FROM", "email", "sender"),
    ("SMTP_URL", "email", "smtp_url"),
    ("IMAP_URL", "email", "imap_url"),
    ("EMAIL_LMTP_LISTEN", "email", "lmtp_listen"),
    ("EMAIL_WEBHOOK_SECRET", "email", "webhook_secret"),
    ("EMAIL_UPSTREAM", "email", "upstream"),
    ("EMAIL_DKIM_SELECTOR", "email", "dkim_selector"),
    ("EMAIL_DKIM_KEY", "email", "dkim_key"),
    ("DEALDESK_JOIN", "people", "join"),
    ("DEALDESK_INTAKE_BATCH", "intake", "batch"),
    ("DEALDESK_INTAKE_WRITERS", "intake", "writers"),
    ("DEALDESK_WORKERS", "work", "workers"),
    ("DEALDESK_APPROVAL_DAYS", "work", "approval_days"),
    ("DEALDESK_FAIL_POINT", "work", "fail_point"),
    ("DEALDESK_EMBEDDING_MODEL", "search", "embedding_model"),
    ("DEALDESK_REQUESTS_PER_MINUTE", "limits", "requests_per_minute"),
    ("DEALDESK_BODY_KIB", "limits", "body_kib"),
    ("DEALDESK_FETCH_ALLOW_HOSTS", "fetch", "allow_hosts"),
    ("DEALDESK_FETCH_PORTS", "fetch", "ports"),
    ("DEALDESK_GLEIF_URL", "registers", "gleif_url"),
    ("DEALDESK_SEC_URL", "registers", "sec_url"),
    ("DEALDESK_CONTACT", "registers", "contact"),
    ("DEALDESK_ESIGN_POLL_S", "esign", "poll_s"),
    ("DEALDESK_ESIGN_SETTLE_S", "esign", "settle_s"),
    ("DEALDESK_ESIGN_EXPIRES_DAYS", "esign", "expires_days"),
    ("DEALDESK_ESIGN_REMIND_DAYS", "esign", "remind_days"),
    ("OBJECT_STORE_URL", "files", "url"),
    ("DEALDESK_LLM_USES", "llm", "uses"),
    ("DEALDESK_LLM_ALLOW", "llm", "allow"),
    ("DEALDESK_LLM_MONTH_CENTS", "llm", "month_cents"),
    ("DEALDESK_LLM_PERSON_DAY_CENTS", "llm", "person_day_cents"),
    ("DEALDESK_LLM_PLAN_CENTS", "llm", "plan_cents"),
    ("DEALDESK_LLM_FIRST_MS", "llm", "first_ms"),
    ("DEALDESK_LLM_WHOLE_MS", "llm", "whole_ms"),
    ("DEALDESK_LLM_CACHE_HOURS", "llm", "cache_hours"),
    ("DEALDESK_LLM_TABLE", "llm", "table"),
    ("DEALDESK_LLM_PROMPTS", "llm", "prompts"),
    ("DEALDESK_LLM_ANTHROPIC_KEY", "llm", "anthropic_key"),
    ("DEALDESK_LLM_ANTHROPIC_URL", "llm", "anthropic_url"),
    ("DEALDESK_LLM_ANTHROPIC_REGION", "llm", "anthropic_region"),
    ("DEALDESK_LLM_OPENAI_KEY", "llm", "openai_key"),
    ("DEALDESK_LLM_OPENAI_URL", "llm", "openai_url"),
    ("DEALDESK_LLM_OPENAI_REGION", "llm", "openai_region"),
    ("DEALDESK_LLM_GEMINI_KEY", "llm", "gemini_key"),
    ("DEALDESK_LLM_GEMINI_URL", "llm", "gemini_url"),
    ("DEALDESK_LLM_GEMINI_REGION", "llm", "gemini_region"),
    ("DEALDESK_LLM_DEEPSEEK_KEY", "llm", "deepseek_key"),
    ("DEALDESK_LLM_DEEPSEEK_URL", "llm", "deepseek_url"),
    ("DEALDESK_LLM_DEEPSEEK_REGION", "llm", "deepseek_region"),
    ("DEALDESK_LLM_COMPATIBLE_URL", "llm", "compatible_url"),
    ("DEALDESK_LLM_COMPATIBLE_KEY", "llm", "compatible_key"),
    ("DEALDESK_LLM_COMPATIBLE_MODEL", "llm", "compatible_model"),
    ("DEALDESK_LLM_COMPATIBLE_PRICE", "llm", "compatible_price"),
    ("DEALDESK_LLM_COMPATIBLE_REGION", "llm", "compatible_region"),
    ("DEALDESK_LOG", "telemetry", "log"),
    ("DEALDESK_LOG_FORMAT", "telemetry", "format"),
    ("DEALDESK_METRICS_TOKEN", "telemetry", "metrics_token"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry", "otlp_url"),
];

impl Config {
    /// Reads the settings of this process.
    pub(crate) fn load() -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = match environment("DEALDESK_HOME") {
            Some(home) => PathBuf::from(home),
            None => default_home(&environment)?,
        };
        let file = home.join("config.toml");
        let written = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Self::build(home, &written, environment).with_context(|| format!("settings ({})", file.display()))
    }

    /// The defaults with some settings, each by its variable's name, and Slack connected.
    #[cfg(test)]
    pub(crate) fn for_tests(settings: &[(&str, &str)]) -> Self {
        let set = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let secret =
            |name: &str| (name == "SLACK_SIGNING_SECRET").then_some("8f742231b10e8888abcd99yyyzzz85a5");
        Self::build("/nowhere".into(), "", |name| set(name).or_else(|| secret(name)).map(str::to_owned))
            .unwrap()
    }

    fn build(
        home: PathBuf,
        written: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let mut table: toml::Table = DEFAULTS.parse().context("embedded defaults")?;
        for (section, values) in written.parse::<toml::Table>()? {
            let Some(known) = table.get_mut(&section).and_then(toml::Value::as_table_mut) else {
                bail!("there is no section [{section}]");
            };
            let Some(values) = values.as_table() else { bail!("[{section}] is not a section") };
            known.extend(values.clone());
        }
        for (name, section, key) in ENVIRONMENT {
            let Some(text) = environment(name) else { continue };
            let Some(place) = table.get_mut(*section).and_then(|s| s.get_mut(*key)) else {
                bail!("{name} names no setting");
            };
            *place = match place {
                toml::Value::Integer(_) => toml::Value::Integer(
                    text.trim().parse().with_context(|| format!("{name} is not a number: {text}"))?,
                ),
                _ => toml::Value::String(text),
            };
        }
        let mut config: Self = table.try_into()?;
        config.home = home;
        Ok(config)
    }

    /// Where the server of our own keeps its data and is looked for.
    pub(crate) fn embedded(&self) -> storage::embedded::Config {
        let mut config =
            storage::embedded::Config::from_environment(self.home.clone(), |name| std::env::var_os(name));
        if !self.database.pg_bin.is_empty() {
            config.bin = Some(PathBuf::from(&self.database.pg_bin));
        }
        config
    }

    /// Who fetches the files behind links.
    pub(crate) fn fetcher(&self) -> anyhow::Result<Fetcher> {
        Fetcher::new(&self.fetch.allow_hosts, &self.fetch.ports, &self.server.listen, &self.server.public_url)
    }

    /// Where originals are kept.
    pub(crate) fn objects(&self) -> anyhow::Result<Objects> {
        Ok(if self.files.url.is_empty() {
            Objects::in_folder(&self.home.join("objects"))?
        } else {
            Objects::at(&self.files.url, std::env::vars())?
        })
    }

    /// Who reads PDFs and pictures.
    pub(crate) fn reader(&self) -> anyhow::Result<Reader> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        Ok(Reader::new(program, self.engines(), ReadLimits::default()))
    }

    /// What this machine has for reading PDFs and pictures.
    pub(crate) fn engines(&self) -> Engines {
        Engines::find(|name| std::env::var_os(name))
    }

    /// How people's browsers reach us, without a slash at the end.
    pub(crate) fn public_url(&self) -> String {
        if self.server.public_url.is_empty() {
            format!("http://{}", self.server.listen)
        } else {
            self.server.public_url.trim_end_matches('/').to_owned()
        }
    }
}

/// The platform's folder for a program's data.
fn default_home(environment: &impl Fn(&str) -> Option<String>) -> anyhow::Result<PathBuf> {
    if let Some(data) = environment("XDG_DATA_HOME") {
        return Ok(Path::new(&data).join("dealdesk"));
    }
    let Some(user) = environment("HOME") else {
        bail!("neither DEALDESK_HOME nor HOME is set: name a data folder with DEALDESK_HOME");
    };
    let user = Path::new(&user);
    Ok(if cfg!(target_os = "macos") {
        user.join("Library/Application Support/dealdesk")
    } else {
        user.join(".local/share/dealdesk")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_overrides_defaults_and_environment_overrides_both() {
        let written = "[server]\nlisten = \"0.0.0.0:80\"\n[work]\nworkers = 8\n";
        let environment = |name: &str| (name == "DEALDESK_WORKERS").then(|| "2".to_owned());
        let config = Config::build("/home".into(), written, environment).unwrap();
        assert_eq!(config.server.listen, "0.0.0.0:80");
        assert_eq!(config.work.workers, 2);
        assert_eq!(config.public_url(), "http://0.0.0.0:80");
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        assert!(Config::build("/home".into(), "[server]\nlitsen = \"x\"\n", |_| None).is_err());
        assert!(Config::build("/home".into(), "[sever]\n", |_| None).is_err());
    }

    #[test]
    fn every_setting_names_its_variable_in_the_defaults() {
        for (name, _, key) in ENVIRONMENT {
            let mut lines = DEFAULTS.lines().filter(|line| line.starts_with(&format!("{key} =")));
            assert!(lines.any(|line| line.contains(name)), "{name}");
        }
    }
}
