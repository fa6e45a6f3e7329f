//! `dealdesk`: the command line, and everything wired together.

mod app;
mod cli;
mod commands;
mod config;
mod crm;
mod delivery;
mod discord;
mod duty;
mod effects;
mod esign;
mod events;
mod help;
mod judge;
mod learning;
mod mail;
mod members;
mod runner;
mod serve;
mod server;
mod shared;
mod slack_door;
mod slack_files;
mod slack_form;
mod slack_home;
mod slack_links;
mod slack_rotation;
mod slack_socket;
mod telemetry;
mod welcome;
mod worker;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let Some(code) = cli.alone() {
        return code;
    }
    let config = match config::Config::load() {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return fail(&anyhow::anyhow!("another TLS provider is installed"));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(cli.run(config)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Says what is the matter, with its causes, for the person at the shell.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("dealdesk: {error:#}");
    ExitCode::FAILURE
}
