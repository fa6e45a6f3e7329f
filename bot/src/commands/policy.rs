//! `dealdesk policy`: show and replace the approval policy, ask it who has to approve what, delegate.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, Duration, Utc};
use clap::Subcommand;
use domain::approval::{Delegation, Facts, Policy};
use domain::person::{Person, Role};
use serde_json::{Value, json};
use storage::audit::{self, Act};
use storage::policies::{self, Kept};
use storage::{Tx, delegations, people};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::commands::people::named;
use crate::config::Config;

/// What to do about the approval policy. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print the policy that requests are asked under.
    Show,
    /// Make a TOML file the policy from now on; requests that were asked keep theirs.
    Set {
        /// The file.
        file: PathBuf,
        /// What changed and why.
        #[arg(long, default_value = "")]
        note: String,
        /// Take it although a stage has fewer people than it needs: its requests wait until there are more.
        #[arg(long)]
        force: bool,
    },
    /// Tell who has to approve a case, without asking anybody.
    Simulate {
        /// A policy file in place of the team's.
        #[arg(long)]
        file: Option<PathBuf>,
        /// The case in plain words, e.g. `a 200k revenue share with exclusivity`; else JSON lines on standard input.
        question: Option<String>,
        /// One JSON object a case.
        #[arg(long)]
        json: bool,
    },
    /// Let somebody decide in a person's place from now on.
    Delegate {
        /// Name or address.
        from: String,
        /// Name or address of whoever stands in; an approver.
        to: String,
        /// For how many days; 0 ends it.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(0..=90))]
        days: i64,
    },
}

impl PolicyCommand {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::Show => show(&app).await,
            Self::Set { file, note, force } => set(&app, read(&file)?, &note, force).await,
            Self::Simulate { file, question, json } => {
                let policy = file.as_deref().map(read).transpose()?;
                simulate(&app, policy, question.as_deref(), json).await
            }
            Self::Delegate { from, to, days } => delegate(&app, (&from, &to), days).await,
        };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Reads a policy; says everything that is wrong with it.
fn read(file: &std::path::Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let policy: Policy =
        toml::from_str(&text).with_context(|| format!("{} is not a policy", file.display()))?;
    let faults = policy.faults();
    if !faults.is_empty() {
        bail!("the policy cannot be used:\n- {}", faults.join("\n- "));
    }
    Ok(policy)
}

async fn show(app: &App) -> anyhow::Result<()> {
    let kept = policies::newest(&mut app.db.tenant(HOME_TENANT).begin().await?).await?;
    if kept.number == 0 {
        return line("# The policy that comes with the program: one approver, who is not the requester.");
    }
    line(&format!("# Policy {}\n{}", kept.number, toml::to_string_pretty(&kept.policy)?))
}

async fn set(app: &App, policy: Policy, note: &str, is_forced: bool) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let team = people::list(&mut tx).await?;
    for lack in lacking(&policy, &team) {
        line(&format!("Note: {lack}"))?;
    }
    let short = policy.unfillable(&team);
    if !short.is_empty() && !is_forced {
        bail!(
            "requests would wait for people who are not there:\n- {}\nAdd them first (`dealdesk people`), or repeat with --force.",
            short.join("\n- ")
        );
    }
    let number = policies::newest(&mut tx).await?.number + 1;
    let kept = Kept { number, policy };
    policies::save(&mut tx, &kept, note, None, app.clock.now()).await?;
    let detail = json!({ "number": number, "note": note, "policy": kept.policy });
    note_down(&mut tx, ("policy.saved", &format!("policy:{number}")), detail, app.clock.now()).await?;
    tx.commit().await?;
    line(&format!("Policy {number} holds for what is asked from now on."))
}

async fn note_down(
    tx: &mut Tx,
    (action, subject): (&str, &str),
    detail: Value,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    Ok(audit::append(tx, Act { at, actor: "shell", action, subject, detail }).await?)
}

/// Members of groups who are not there, or may not decide.
fn lacking(policy: &Policy, people: &[Person]) -> Vec<String> {
    let mut lacks = Vec::new();
    for (group, members) in &policy.groups {
        for member in members {
            let found = people.iter().find(|p| {
                p.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(member))
                    || p.name.eq_ignore_ascii_case(member)
            });
            match found {
                None => lacks.push(format!("nobody is called {member} (group {group}).")),
                Some(person) if person.role < Role::Approver => {
                    lacks.push(format!("{member} (group {group}) is no approver and cannot decide."));
                }
                Some(_) => {}
            }
        }
    }
    lacks
}

async fn simulate(
    app: &App,
    policy: Option<Policy>,
    question: Option<&str>,
    is_json: bool,
) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let kept = match policy {
        Some(policy) => Kept { number: 0, policy },
        None => policies::newest(&mut tx).await?,
    };
    let people = people::list(&mut tx).await?;
    let cases = match question {
        Some(question) => vec![kept.policy.facts_in(question)],
        None => {
            let text = std::io::read_to_string(std::io::stdin())?;
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(serde_json::from_str).collect::<Result<Vec<Facts>, _>>().context("a case is no JSON")?
        }
    };
    for facts in cases {
        let told = told(&kept, &facts, &people);
        if is_json {
            line(&told.to_string())?;
            continue;
        }
        for stage in told["stages"].as_array().into_iter().flatten() {
            line(&format!("{}:", stage["name"].as_str().unwrap_or_default()))?;
            for seat in stage["needs"].as_array().into_iter().flatten() {
                let names: Vec<&str> =
                    seat["people"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let label = seat["of"].as_str().unwrap_or_default();
                line(&format!("  {} of {label}: {}", seat["count"], names.join(", ")))?;
            }
        }
    }
    Ok(())
}

/// Stages and people for a case.
fn told(kept: &Kept, facts: &Facts, people: &[Person]) -> Value {
    let needs = kept.policy.requirement(kept.number, facts, people);
    let stages = needs.asked(people);
    let rules: Vec<&str> = kept.policy.matching(facts).map(|rule| rule.name.as_str()).collect();
    json!({
        "case": facts, "policy": kept.number, "rules": rules, "stages": stages,
        "fresh_login": needs.is_fresh_needed,
    })
}

async fn delegate(app: &App, (from, to): (&str, &str), days: i64) -> anyhow::Result<()> {
    let (from, to) = (named(app, from).await?, named(app, to).await?);
    let now = app.clock.now();
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    if days == 0 {
        delegations::end(&mut tx, from.id, now).await?;
    } else if from.id == to.id || to.role < Role::Approver {
        bail!("whoever stands in has to be another approver");
    } else {
        let new = Delegation {
            from: from.id,
            from_name: from.name.clone(),
            from_role: from.role,
            to: to.id,
            starts_at: now,
            ends_at: now + Duration::days(days),
        };
        delegations::add(&mut tx, app.ids.next(), &new, now).await?;
    }
    let detail = json!({ "to": to.id, "days": days });
    note_down(&mut tx, ("approvals.delegated", &format!("person:{}", from.id)), detail, now).await?;
    tx.commit().await?;
    let ended = format!("Nobody decides in {}'s place any more.", from.name);
    let begun = format!("{} decides in {}'s place for {days} days.", to.name, from.name);
    line(if days == 0 { &ended } else { &begun })
}
