//! `dealdesk people`: add people, give roles, hand out sign-in links and tokens from the shell.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use domain::ids::PersonId;
use domain::person::{Person, Role};
use serde_json::{Value, json};
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};
use storage::{Tx, messages, people};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;
use crate::welcome;

/// Who did it, in the audit log.
const SHELL: &str = "shell";

/// What to do about people. Whoever may read the data folder may do this.
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// List everybody.
    List,
    /// Add a person and print a one-time sign-in link for her.
    Add {
        /// Shown name.
        name: String,
        /// Mail address, by which she is known on other channels.
        #[arg(long)]
        email: Option<String>,
        /// viewer, member, approver or admin.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Print a one-time sign-in link; for the admin if nobody is named.
    Link {
        /// Name or address.
        person: Option<String>,
    },
    /// Print a token for the programming interface; it is shown only now.
    Token {
        /// Name or address.
        person: String,
        /// How many days it lasts.
        #[arg(long, default_value_t = credentials::TOKEN_DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
    /// Take a person's tokens out of use.
    RevokeToken {
        /// Name or address.
        person: String,
        /// Only this one.
        #[arg(long)]
        token: Option<String>,
    },
    /// Give a person a role.
    Role {
        /// Name or address.
        person: String,
        /// viewer, member, approver or admin.
        role: String,
    },
    /// Take a person out of the team; sessions, links and tokens end at once.
    Deactivate {
        /// Name or address.
        person: String,
    },
}

impl People {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::List => list(&app).await,
            Self::Add { name, email, role } => {
                let person = add(&app, &name, email, role_named(&role)?).await?;
                line(&welcome::link(&app, &person, SHELL).await?)
            }
            Self::Link { person } => {
                let person = match person {
                    Some(text) => named(&app, &text).await?,
                    None => welcome::admin(&app).await?,
                };
                line(&welcome::link(&app, &person, SHELL).await?)
            }
            Self::Token { person, days } => token(&app, &named(&app, &person).await?, days).await,
            Self::RevokeToken { person, token } => {
                revoke(&app, &named(&app, &person).await?, token.as_deref()).await
            }
            Self::Role { person, role } => {
                set_role(&app, &named(&app, &person).await?, role_named(&role)?).await
            }
            Self::Deactivate { person } => deactivate(&app, &named(&app, &person).await?).await,
        };
        app.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    for person in people::list(&mut tx).await? {
        let email = person.email.unwrap_or_default();
        line(&format!("{:10} {:30} {email}", person.role.name(), person.name))?;
    }
    Ok(())
}

/// Adds a person of the home tenant.
pub(crate) async fn add(app: &App, name: &str, email: Option<String>, role: Role) -> anyhow::Result<Person> {
    let email = email.map(|email| email.to_lowercase());
    let person =
        Person { id: PersonId(app.ids.next()), tenant: HOME_TENANT, name: name.to_owned(), email, role };
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    people::add(&mut tx, &person).await.context("somebody with this address is there already")?;
    note(app, &mut tx, &person, ("person.added", json!({ "role": role.name() }))).await?;
    tx.commit().await?;
    Ok(person)
}

fn role_named(text: &str) -> anyhow::Result<Role> {
    Role::from_name(text).context("a role is viewer, member, approver or admin")
}

/// Writes down what was done to a person from the shell.
async fn note(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    (action, detail): (&str, Value),
) -> Result<(), storage::Error> {
    let subject = format!("person:{}", person.id);
    audit::append(tx, Act { at: app.clock.now(), actor: SHELL, action, subject: &subject, detail }).await
}

/// The one person whom a text names.
pub(crate) async fn named(app: &App, text: &str) -> anyhow::Result<Person> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let mut found = people::matching(&mut tx, text).await?;
    match found.len() {
        0 => bail!("nobody is called `{text}`: `dealdesk people list` shows who is there"),
        1 => Ok(found.remove(0)),
        n => bail!("{n} people are called `{text}`: use the address"),
    }
}

async fn token(app: &App, person: &Person, days: i64) -> anyhow::Result<()> {
    let secret = format!("dd_{}", hex::encode(app.ids.secret()));
    let until = app.clock.now() + chrono::Duration::days(days);
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    credentials::issue(&mut tx, person.id, Kind::Token, &secret, Some(until)).await?;
    note(app, &mut tx, person, ("person.token_made", json!({ "until": until }))).await?;
    tx.commit().await?;
    line(&secret)
}

async fn revoke(app: &App, person: &Person, only: Option<&str>) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    let count = credentials::revoke_tokens(&mut tx, person.id, only).await?;
    if count == 0 {
        bail!("{} has no such token", person.name);
    }
    note(app, &mut tx, person, ("person.token_revoked", json!({ "tokens": count }))).await?;
    tx.commit().await?;
    line(&format!("{count} of {}'s tokens no longer work", person.name))
}

async fn set_role(app: &App, person: &Person, role: Role) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    // Writing the entry first locks the team's log, so that two cannot both take away the last admin but one.
    note(app, &mut tx, person, ("person.role_set", json!({ "role": role.name() }))).await?;
    if role != Role::Admin {
        keep_an_admin(&mut tx, person).await?;
    }
    people::set_role(&mut tx, person.id, role).await?;
    if role >= Role::Approver {
        messages::share_open_requests(&mut tx, &app.ids, person.id).await?;
    }
    tx.commit().await?;
    line(&format!("{} is now {}", person.name, role.name()))
}

async fn deactivate(app: &App, person: &Person) -> anyhow::Result<()> {
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    note(app, &mut tx, person, ("person.deactivated", json!({ "role": person.role.name() }))).await?;
    keep_an_admin(&mut tx, person).await?;
    people::deactivate(&mut tx, person.id).await?;
    tx.commit().await?;
    line(&format!("{} is out; sessions, links and tokens no longer work", person.name))
}

/// Refuses what would leave the team without an admin.
async fn keep_an_admin(tx: &mut Tx, person: &Person) -> anyhow::Result<()> {
    let team = people::list(tx).await?;
    if person.role == Role::Admin && !team.iter().any(|one| one.role == Role::Admin && one.id != person.id) {
        bail!("{} is the only admin: give somebody else that role first", person.name);
    }
    Ok(())
}
