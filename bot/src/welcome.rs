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
    if app.config.slack.secrets().is_empty() {
        println!("\n  Slack is not connected. Five steps:");
        println!(
            "    1. api.slack.com/apps > Create New App > From a manifest: paste manifests/slack/app.yaml,"
        );
        println!("       with your public address in place of YOUR-HOST.");
        println!("    2. Install it to your workspace.");
        println!("    3. Basic Information > Signing Secret: SLACK_SIGNING_SECRET=…");
        println!("    4. OAuth & Permissions > Bot User OAuth Token: SLACK_BOT_TOKEN=xoxb-…");
        println!("    5. Start again with both set, then type `/deal help` in Slack.");
    } else {
        println!("  Slack      listening on {url}/slack/commands, /slack/events, /slack/interactions");
    }
    if app.config.discord.key()?.is_some() {
        println!("  Discord    listening on {url}/discord/interactions");
    }
    println!("\nCtrl-C stops it.");
    Ok(())
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
