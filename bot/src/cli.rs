//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::commands::lines::JsonLines;
use crate::config::Config;
use crate::serve::{self, Part};
use crate::server::load;
use crate::telemetry;

/// A chat-ops bot for business-development teams.
#[derive(Debug, Parser)]
#[command(name = "dealdesk", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: the edge, the console, the workers.
    Serve,
    /// Run only workers, against the database of a server elsewhere.
    Worker,
    /// Bring the database schema up to date and end.
    Migrate,
    /// Check everything that is configured and say what to do.
    Doctor,
    /// Play the main story against a fake Slack and check it.
    Demo {
        /// Once, then end with success or failure.
        #[arg(long)]
        once: bool,
    },
    /// The company directory.
    #[command(subcommand)]
    Companies(Companies),
    /// The audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// The people of the team.
    #[command(subcommand)]
    People(commands::people::People),
    /// Who has to approve what.
    #[command(subcommand)]
    Policy(commands::policy::PolicyCommand),
    /// What is done about what the guardrail finds.
    #[command(subcommand)]
    Guardrail(commands::guardrail::GuardrailCommand),
    /// What language models cost, and who may be asked.
    #[command(subcommand)]
    Llm(commands::llm::LlmCommand),
    /// Connections to vendors.
    #[command(subcommand)]
    Connect(commands::connect::Connect),
    /// Follow CRMs: how it stands, again from the beginning, check, try out.
    #[command(subcommand)]
    Sync(commands::sync::SyncCommand),
    /// What happened, and who is told.
    #[command(subcommand)]
    Events(commands::events::Events),
    /// Write everything of the team into a folder: rows as JSON lines, originals, a manifest.
    Export(commands::transfer::Export),
    /// Bring such a folder into an installation that has no team yet.
    Import(commands::transfer::Import),
    Train(commands::models::Train),
    /// Versions of models, and what points at them.
    #[command(subcommand)]
    Models(commands::models::Models),
    /// Look for partners.
    Find(commands::find::Find),
    /// Say something, as the channels do.
    Say(commands::say::Say),
    /// Tell what texts mean: JSON lines in, JSON lines out.
    Intent(JsonLines),
    /// Find and blank personal data and secrets: JSON lines in, JSON lines out.
    Redact(JsonLines),
    Redline(commands::redline::Redline),
    /// Send signed Slack commands to a running server and measure it.
    Load(load::Load),
    /// Print the text of a PDF or a picture.
    Read(commands::read::Read),
    /// Open PDFs that the parent process sends. Started by ourselves alone.
    #[command(hide = true)]
    ReadPdf {
        /// The pdfium library.
        library: PathBuf,
    },
    /// Read mails: what sort they are, their text, their reply without quotes, their files.
    Mail(commands::mail::Mails),
    /// Find the terms of contracts, with quotes, confidence and verdicts.
    Analyze(commands::analyze::Analyze),
    /// Measure quality on labelled data.
    #[command(subcommand)]
    Eval(commands::eval::Eval),
}

#[derive(Debug, Subcommand)]
enum Companies {
    /// Import JSON lines or CSV, plain, .gz or .zst; safe to repeat, goes on where it stopped.
    Import(commands::companies::Import),
    /// Load a public register, without a key: about 200,000 companies unless told otherwise.
    Fetch(commands::registers::Fetch),
    /// Ask providers what they know of companies.
    Enrich(commands::enrich::Enrich),
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Check the chain of every tenant.
    Verify,
}

impl Cli {
    /// Does what needs neither settings nor a runtime, if that was asked: the child that opens files has little memory.
    pub(crate) fn alone(&self) -> Option<ExitCode> {
        match &self.command {
            Command::ReadPdf { library } => Some(agents::contract::pdf::serve(library)),
            _ => None,
        }
    }

    /// Does what was asked.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve | Command::Worker => telemetry::start(&config.telemetry)?,
            _ => telemetry::quiet(&config.telemetry)?,
        }
        let done = self.act(config).await;
        telemetry::flush();
        done
    }

    async fn act(self, config: Config) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve => serve::run(config, Part::Everything).await,
            Command::Worker => serve::run(config, Part::Workers).await,
            Command::Migrate => commands::migrate::run(config).await,
            Command::Doctor => commands::doctor::run(config).await,
            Command::Demo { once } => commands::demo::run(config, once).await,
            Command::Companies(Companies::Import(import)) => import.run(config).await,
            Command::Companies(Companies::Fetch(fetch)) => fetch.run(config).await,
            Command::Companies(Companies::Enrich(enrich)) => enrich.run(config).await,
            Command::Audit(Audit::Verify) => commands::audit::verify(config).await,
            Command::People(people) => people.run(config).await,
            Command::Policy(policy) => policy.run(config).await,
            Command::Guardrail(guardrail) => guardrail.run(config).await,
            Command::Llm(llm) => llm.run(config).await,
            Command::Connect(connect) => connect.run(config).await,
            Command::Sync(sync) => sync.run(config).await,
            Command::Events(events) => events.run(config).await,
            Command::Export(export) => export.run(config).await,
            Command::Import(import) => import.run(config).await,
            Command::Train(train) => train.run(config).await,
            Command::Models(models) => models.run(config).await,
            Command::Find(find) => find.run(config).await,
            Command::Say(say) => say.run(config).await,
            Command::Intent(lines) => commands::intent::run(&lines),
            Command::Redact(lines) => commands::redact::run(&lines),
            Command::Analyze(analyze) => analyze.run(config).await,
            Command::Redline(redline) => redline.run(),
            Command::Mail(mails) => mails.run(&config),
            Command::Load(load) => load.run(config).await,
            Command::Eval(eval) => eval.run(config).await,
            Command::Read(read) => read.run(config).await,
            Command::ReadPdf { .. } => Ok(ExitCode::FAILURE),
        }
    }
}
