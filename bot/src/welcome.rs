//! What `serve` prints when it is ready: where the console is, and how to connect Slack.

use std::time::Duration;

use domain::ids::PersonId;
use domain::person::{Person, Role};
use serde_json::json;
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};
use storage::directory::companies;
use storage::people;

use crate::app::{App, HOME_TENANT};

/// How long a printed sign-in link is good for.
const LINK_DAYS: i64 = 1;

/// Prints the console's address with a one-time sign-in link for an admin.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
pub(crate) async fn print(app: &App, took: Duration) -> anyhow::Result<()> {
    let admin = admin(app).await?;
    let link = link(app, &admin, "system").await?;
    let count = companies::count(app.db.directory()).await?;
    let url = app.config.public_url();
    println!(
        "Dealdesk is ready after {:.1} s, with {count} companies to look through.\n",
        took.as_secs_f64()
    );
    println!("  Console    {url}");
    println!("  Sign in    {link}");
    println!("             (works once, for {}; ask for another with `dealdesk people link`)", admin.name);
    slack(app, &url);
    if app.config.discord.key()?.is_some() {
        println!("  Discord    listening on {url}/discord/interactions");
    }
    println!("\nCtrl-C stops it.");
    Ok(())
}

/// How Slack reaches us, or how to connect it.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal waits for")]
fn slack(app: &App, url: &str) {
    let settings = &app.config.slack;
    let (by_socket, by_http) = (settings.app_token().is_some(), !settings.secrets().is_empty());
    if by_socket {
        println!("  Slack      Socket Mode: over connections that we open, no public address needed");
    }
    if by_http {
        println!("  Slack      listening on {url}/slack/commands, /slack/events, /slack/interactions");
    }
    if by_socket || by_http {
        return;
    }
    println!("\n  Slack is not connected. Four steps, and no public address needed:");
    println!("    1. api.slack.com/apps > Create New App > From a manifest: paste manifests/slack/app.yaml.");
    println!("    2. Basic Information > App-Level Tokens: make one with connections:write,");
    println!("       SLACK_APP_TOKEN=xapp-…");
    println!("    3. Install App, then Bot User OAuth Token: SLACK_BOT_TOKEN=xoxb-…");
    println!("    4. Start again with both set, then type `/deal help` in Slack.");
}

/// The first admin; made when there is nobody yet.
pub(crate) async fn admin(app: &App) -> anyhow::Result<Person> {
    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let known = people::list(&mut tx).await?.into_iter().filter(|person| person.role == Role::Admin);
    // The installation's own admin was there first; ids tell the time.
    let known = known.min_by_key(|person| person.id);
    if let Some(person) = known {
        return Ok(person);
    }
    let person = Person {
        id: PersonId(app.ids.next()),
        tenant: HOME_TENANT,
        name: "Admin".to_owned(),
        email: None,
        role: Role::Admin,
    };
    people::add(&mut tx, &person).await?;
    let subject = format!("person:{}", person.id);
    let detail = json!({ "role": person.role.name() });
    let act = Act { at: app.clock.now(), actor: "system", action: "person.added", subject: &subject, detail };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(person)
}

/// A one-time sign-in link, written down as made by `actor`.
pub(crate) async fn link(app: &App, person: &Person, actor: &str) -> anyhow::Result<String> {
    let secret = hex::encode(app.ids.secret());
    let until = app.clock.now() + chrono::Duration::days(LINK_DAYS);
    let mut tx = app.db.tenant(person.tenant).begin().await?;
    credentials::issue(&mut tx, person.id, Kind::Link, &secret, Some(until)).await?;
    let subject = format!("person:{}", person.id);
    let detail = json!({ "until": until });
    let act = Act { at: app.clock.now(), actor, action: "person.link_made", subject: &subject, detail };
    audit::append(&mut tx, act).await?;
    tx.commit().await?;
    Ok(format!("{}/sign-in?token={secret}", app.config.public_url()))
}
