//! `dealdesk say`: what the channels do, from the shell.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use domain::ids::{InboundId, PlanId};
use domain::inbound::WebBody;
use domain::intent::Intent;
use domain::person::{Person, Role};
use domain::plan::PlanState;
use serde_json::json;
use storage::inbox;
use storage::steps::Lease;
use storage::submission::Submission;
use storage::{Tx, approvals, messages, outbox, people, plans};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::{self, line};
use crate::config::Config;
use crate::serve;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(45);

/// Says something and prints the answer.
#[derive(Debug, Args)]
pub(crate) struct Say {
    /// The words, as in `find payment companies in Germany`.
    text: String,
    /// Who says it: name or address. Somebody new is added.
    #[arg(long = "as", value_name = "PERSON")]
    person: String,
    /// The role of somebody new.
    #[arg(long, default_value = "member")]
    role: String,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Say {
    /// Puts the words into the inbox and waits for what comes of them.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let person = self.speaker(&app).await?;
        app.furnish().await?;
        app.desk.directory.refresh().await?;
        let body = WebBody::Message { person: person.id, text: self.text.clone() };
        let id = InboundId(app.ids.next());
        let raw = Submission::new(&person, "web", &body)?.into_raw(id);
        // Only what was said here is worked on here: other people's work belongs to the server, if there is one, and must
        // not stop halfway when this process ends.
        let (intake, writer) = inbox::intake(&app.db, inbox::BATCH_MAX);
        let (stored, ()) = tokio::join!(async move { intake.store(raw).await }, writer.run());
        stored?;
        let answered = tokio::time::timeout(LIMIT, self.answer(&app, id.into())).await;
        app.close().await?;
        match answered {
            Ok(done) => done,
            Err(_) => bail!("no answer after {} s", LIMIT.as_secs()),
        }
    }

    async fn speaker(&self, app: &App) -> anyhow::Result<Person> {
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let found = people::matching(&mut tx, &self.person).await?;
        drop(tx);
        match found.len() {
            0 => {
                let Some(role) = Role::from_name(&self.role) else {
                    bail!("a role is viewer, member, approver or admin");
                };
                let email = self.person.contains('@').then(|| self.person.clone());
                let name = self.person.split('@').next().unwrap_or(&self.person);
                commands::people::add(app, name, email, role).await
            }
            1 => Ok(found[0].clone()),
            n => bail!("{n} people are called `{}`: use the address", self.person),
        }
    }

    /// Waits until the plan rests and all it said is delivered, then prints it.
    async fn answer(&self, app: &App, plan: PlanId) -> anyhow::Result<ExitCode> {
        let (worker, sender) = serve::alone(app);
        let lease = Lease::new(format!("say/{}/{plan}", std::process::id()));
        let mut plans_of_ours = vec![plan];
        let view = loop {
            let mut has_worked = false;
            for ours in &plans_of_ours {
                has_worked |= worker.turn_of(*ours, &lease).await?;
                has_worked |= sender.turn_of(*ours).await?;
            }
            if has_worked {
                continue;
            }
            let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
            match plans::view(&mut tx, plan).await {
                Ok(view) if view.state != PlanState::Running => {
                    let woken = woken_by(&mut tx, &view.intent).await?;
                    let is_known = woken.is_none_or(|woken| plans_of_ours.contains(&woken));
                    if is_known && outbox::open_of_plan(&app.db, plan).await? == 0 {
                        break view;
                    }
                    // A decision sets off what waited for it; that is ours to carry on as well.
                    plans_of_ours.extend(woken.filter(|_| !is_known));
                }
                Ok(_) | Err(storage::Error::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(15)).await;
        };
        let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
        let said = messages::of_plan(&mut tx, plan).await?;
        if self.json {
            let messages: Vec<_> = said
                .iter()
                .map(|m| json!({ "slot": m.slot, "text": m.card.to_plain(), "card": m.card }))
                .collect();
            let told = json!({
                "plan": plan,
                "intent": view.intent,
                "state": view.state,
                "error": view.error,
                "messages": messages,
            });
            commands::json(&mut std::io::stdout().lock(), &told)?;
        } else {
            for message in said {
                line(&message.card.to_plain())?;
            }
        }
        let is_good = view.state != PlanState::Failed;
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The plan that an intent sets off again: the one that waited for a decision.
async fn woken_by(tx: &mut Tx, intent: &Intent) -> anyhow::Result<Option<PlanId>> {
    let Intent::Decide { approval, .. } = intent else { return Ok(None) };
    match approvals::get(tx, *approval).await {
        Ok(asked) => Ok(Some(asked.plan)),
        Err(storage::Error::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
