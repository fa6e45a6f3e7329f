//! `dealdesk demo`: plays the main story against a fake Slack over real HTTP, and checks it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::clock::Clock;
use domain::ids::Ids;
use secrecy::SecretString;
use storage::deals::{self, Wanted};
use world::slack::{Message, Setup, Slack};

use crate::app::{App, HOME_TENANT, Owner};
use crate::commands::line;
use crate::config::Config;
use crate::serve::{self, Served};

/// How long anything in the story may take.
const LIMIT: Duration = Duration::from_secs(20);
const ROOM: &str = "partnerships";

/// Plays the story once, or again and again until stopped, in a data folder of its own that is removed.
pub(crate) async fn run(config: Config, once: bool) -> anyhow::Result<ExitCode> {
    loop {
        let told = play(&config).await;
        match told {
            Ok(()) => line("\nThe story holds.")?,
            Err(error) => {
                line(&format!("\nThe story breaks: {error:#}"))?;
                return Ok(ExitCode::FAILURE);
            }
        }
        if once {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// A data folder that is removed at the end.
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let server = std::fs::canonicalize(self.0.join("postgres"));
        for folder in server.into_iter().chain([self.0.clone()]) {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

async fn play(config: &Config) -> anyhow::Result<()> {
    let (clock, ids) = (Clock::system(), Ids::random());
    let home = Home(std::env::temp_dir().join(format!("dealdesk-demo-{}", ids.next().simple())));
    let mut setup = Setup::acme(clock);
    // She could approve what others ask for, so that it is her own request that stops her.
    setup.users.iter_mut().filter(|user| user.handle == "dana").for_each(|user| user.is_admin = true);
    let slack = Slack::start(setup.clone()).await?;
    let mut config = config.clone();
    config.home.clone_from(&home.0);
    config.database.url = SecretString::default();
    config.server.listen = "127.0.0.1:0".to_owned();
    config.server.public_url = "http://127.0.0.1:8080".to_owned();
    config.slack.signing_secrets = setup.signing_secret.into();
    config.slack.bot_token = setup.bot_token.into();
    config.slack.app_token = SecretString::default();
    config.slack.api_url = slack.api_url();
    let app = App::open(config, Owner::Alone).await?;
    app.furnish().await?;
    let running = serve::start(&app);
    app.desk.directory.refresh().await?;
    serve::connect_slack(&app).await;
    let Served { address, server } = serve::bind(&app, &running, serve::edge(&app, &running)?).await?;
    running.serve(server);
    slack.deliver_to(&format!("http://{address}"));
    let told = story(&app, &slack).await;
    line(&slack.transcript())?;
    running.stop().await;
    app.close().await?;
    told
}

/// The story: she asks, agents work, she proposes, somebody else decides.
async fn story(app: &App, slack: &Slack) -> anyhow::Result<()> {
    let (dana, lee, noor) = (slack.user("dana"), slack.user("lee"), slack.user("noor"));
    // Whoever will decide has been here before: the card reaches them in private too.
    lee.command("/deal help", ROOM).await.context("lee says hello")?;
    slack.wait_for("help for lee", LIMIT, |w| (!w.ephemerals("lee").is_empty()).then_some(())).await?;

    let asked = dana.command("/deal find payment companies in Germany", ROOM).await?;
    ensure!(asked.ack.status == 200, "the command was answered with {}", asked.ack.status);
    let found =
        slack.wait_for_words("for “payment companies in Germany”", LIMIT).await.context("the answer")?;
    ensure!(found.edits > 0, "the answer did not replace the progress");
    let choices = found.choices();
    ensure!(choices.len() >= 2, "only {} partners were found", choices.len());

    let chosen: Vec<&str> = choices.iter().take(2).map(|(value, _)| value.as_str()).collect();
    dana.ticks_and_presses(&found, &chosen, "Create deals").await.context("proposing deals")?;
    let request = slack.wait_for_words("asks to create", LIMIT).await.context("the request")?;
    dana.presses(&request, "Approve").await?;
    told_alone(slack, "dana", "your own").await.context("she may not approve her own request")?;

    lee.presses(&request, "Approve").await.context("approving")?;
    slack.wait_for_words("Approved by Lee", LIMIT).await.context("the edited request")?;
    slack.wait_for_words("2 deals created", LIMIT).await.context("the result in the thread")?;
    copies_are_decided(slack).await?;
    noor_is_told(slack, &noor, &request).await?;

    let mut tx = app.db.tenant(HOME_TENANT).begin().await?;
    let deals = deals::list(&mut tx, Wanted::default()).await?;
    drop(tx);
    ensure!(deals.len() == 2, "there are {} deals, not 2", deals.len());

    let name = &deals[0].name;
    dana.command(&format!("/deal move {name} to negotiation"), ROOM).await?;
    slack.wait_for_words("Negotiation", LIMIT).await.context("moving a deal")?;
    dana.command(&format!("/deal note \"{name}\" call them on Tuesday"), ROOM).await?;
    slack.wait_for_words("call them on Tuesday", LIMIT).await.context("noting")?;
    dana.command("/deal list", ROOM).await?;
    slack.wait_for_words("2 deals", LIMIT).await.context("listing deals")?;
    dana.command("/deal fnid payment companies in Germany", ROOM).await?;
    told_alone(slack, "dana", "Did you mean").await.context("a suggestion for a misspelt command")?;
    Ok(())
}

async fn told_alone(slack: &Slack, user: &str, words: &str) -> anyhow::Result<Message> {
    let what = format!("{user} being told {words:?}");
    let told = slack.wait_for(&what, LIMIT, |w| {
        w.ephemerals(user).into_iter().find(|m| m.words().contains(words)).cloned()
    });
    Ok(told.await?)
}

/// No copy of the request still has buttons.
async fn copies_are_decided(slack: &Slack) -> anyhow::Result<()> {
    let all = slack.wait_for("every copy being edited", LIMIT, |w| {
        let open = w.from_bot().filter(|m| m.buttons().iter().any(|(_, label)| label == "Approve")).count();
        (open == 0).then_some(())
    });
    Ok(all.await?)
}

/// Another approver comes late, on a card that was still on her screen.
async fn noor_is_told(slack: &Slack, noor: &world::slack::Actor, request: &Message) -> anyhow::Result<()> {
    slack.look(|w| {
        // An admin of the workspace, so an approver from the first word.
        if let Some(user) = w.setup.users.iter_mut().find(|user| user.handle == "noor") {
            user.is_admin = true;
        }
    });
    noor.presses(request, "Approve").await.context("a second decision")?;
    told_alone(slack, "noor", "Lee").await.context("the late approver is told who decided")?;
    Ok(())
}
