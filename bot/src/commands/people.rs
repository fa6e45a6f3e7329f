//! `dealdesk people`: add people, give roles, hand out sign-in links and tokens from the shell.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use domain::ids::PersonId;
use domain::person::{Person, Role};
use serde_json::json;
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};
use storage::people;

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;
use crate::welcome;

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
    },
}

impl People {
    /// Does it.
    pub(crate) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let app = App::open(config, Owner::Shared).await?;
        let done = match self {
            Self::List => list(&app).await,
            Self::Add { name, email, role } => {
                let role = Role::from_name(&role).context("a role is viewer, member, approver or admin")?;
                let person = add(&app, &name, email, role).await?;
                line(&welcome::link(&app, &person).await?)
            }
            Self::Link { person } => {
                let person = match person {
                    Some(text) => named(&app, &text).await?,
                    None => welcome::admin(&app).await?,
                };
                line(&welcome::link(&app, &person).await?)
            }
            Self::Token { person } => token(&app, &named(&app, &person).await?).await,
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
    let act = Act {
        at: app.clock.now(),
        actor: "shell",
        action: "person.added",
        subject: &format!("person:{}", person.id),
        detail: json!({ "role": role.name() }),
    };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(person)
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

async fn token(app: &App, person: &Person) -> anyhow::Result<()> {
    let secret = format!("dd_{}", hex::encode(app.ids.secret()));
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    credentials::issue(&mut tx, person.id, Kind::Token, &secret, None).await?;
    tx.commit().await?;
    line(&secret)
}
