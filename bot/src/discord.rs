//! Discord in the running program: what a message lacks is looked up, answers are sent, the gateway is listened to.

use std::time::Duration;

use channels::SendError;
use channels::discord::client::{Discord, Guild, Target};
use channels::discord::press::{is_mark, stands_for};
use channels::discord::render::{Look, Rendered, render};
use channels::discord::{Kind, commands, decode, gateway, keys};
use domain::card::{Block, Card};
use domain::ids::InboundId;
use domain::inbound::{Content, Inbound};
use domain::person::Channel;
use domain::wording;
use metrics::counter;
use storage::inbox::{Claimed, Raw, Stored};
use storage::outbox::{Delivery, Sent};
use storage::workspaces::{self, Workspace};
use storage::{conversations, inbox, messages};
use tokio::sync::mpsc;

use crate::app::{App, HOME_TENANT};
use crate::config::Gateway;
use crate::delivery::{SKEW, Sender};
use crate::serve::Running;
use crate::worker::Worker;

/// How long an interaction's token can be used; Discord says fifteen minutes.
const TOKEN_LIVES: chrono::Duration = chrono::Duration::minutes(14);
/// How long a command may wait for its "On it" before the work begins all the same.
const SETTLE: Duration = Duration::from_secs(2);
/// Events of the gateway that may wait to be stored.
const EVENTS_MAX: usize = 256;

impl Worker {
    /// Looks up what a message of Discord does not say itself: the server of a direct message, the room of a thread,
    /// the text that a button's mark stands for.
    pub(crate) async fn complete(&self, inbound: &mut Inbound) -> anyhow::Result<()> {
        if inbound.channel != Channel::Discord || matches!(inbound.content, Content::Ignored { .. }) {
            return Ok(());
        }
        if inbound.workspace.is_empty() {
            let served = workspaces::serving(&self.desk.db, Channel::Discord, &inbound.sender).await?;
            inbound.workspace = served.unwrap_or_default();
        }
        let found = self.members.workspace(Channel::Discord, &inbound.workspace).await?;
        let Some(workspace) = found else { return Ok(()) };
        let mut tx = self.desk.db.tenant(workspace.tenant).begin().await?;
        let key = &workspace.external_id;
        let room = &inbound.place.room;
        if let Some(parent) = conversations::room_of_thread(&mut tx, Channel::Discord, key, room).await? {
            inbound.place.thread = Some(std::mem::replace(&mut inbound.place.room, parent));
        }
        if let Content::Press { value, message: Some(message), .. } = &mut inbound.content
            && is_mark(value)
            && let Some(card) = messages::card_at(&mut tx, Channel::Discord, key, message).await?
            && let Some(meant) = meant(&card, value)
        {
            *value = meant;
        }
        Ok(())
    }

    /// Ends the wait that a command was answered with: from here on the answer is a message like others.
    pub(crate) async fn settle(&self, claimed: &Claimed, inbound: &Inbound) {
        let is_command = matches!(inbound.content, Content::Command { .. } | Content::Files { .. });
        let (Channel::Discord, true, Some(discord)) = (inbound.channel, is_command, &self.members.discord)
        else {
            return;
        };
        // What came over the gateway has no token, and nobody waits for it.
        let Some(token) = decode::token(&claimed.body) else { return };
        let words = if inbound.workspace.is_empty() {
            "I do not know for which of your servers you ask. Say it in a channel of that server."
        } else {
            wording::ON_IT
        };
        match tokio::time::timeout(SETTLE, discord.settle(&token, words)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::info!(%error, "a command's wait was not ended"),
            Err(_) => tracing::info!("a command's wait was not ended in time"),
        }
    }

    /// A word to somebody for whom nothing is done: seen by that person alone, else in private.
    pub(crate) async fn tell_on_discord(&self, inbound: &Inbound, card: &Card) {
        let Some(discord) = &self.members.discord else { return };
        let look = Look { workspace: &inbound.workspace, base_url: None, whole: None };
        let rendered = render(card, look);
        let token = match &inbound.content {
            Content::Command { trigger, .. } | Content::Press { trigger, .. } => trigger.as_deref(),
            _ => None,
        };
        let told = whisper(discord, token, (&inbound.sender, &inbound.id.to_string()), &rendered).await;
        if let Err(error) = told {
            tracing::warn!(%error, "cannot tell somebody directly");
        }
    }
}

/// The value of the card's button that a mark stands for.
fn meant(card: &Card, mark: &str) -> Option<String> {
    let buttons = card.blocks.iter().filter_map(|block| match block {
        Block::Buttons { buttons } => Some(buttons),
        _ => None,
    });
    buttons.flatten().find(|button| stands_for(mark, &button.value)).map(|button| button.value.clone())
}

/// Tells one person alone: by the interaction's token while that lives, else in direct messages.
async fn whisper(
    discord: &Discord,
    token: Option<&str>,
    (user, key): (&str, &str),
    message: &Rendered,
) -> Result<(), SendError> {
    if let Some(token) = token {
        match discord.whisper(token, message).await {
            Err(SendError::Gone { .. } | SendError::Refused { .. } | SendError::Unauthorised { .. }) => {}
            told => return told,
        }
    }
    let room = discord.open_dm(user).await?;
    discord.post(&Target { room, thread: None }, message, key).await.map(drop)
}

impl Sender {
    /// Sends or edits one message.
    pub(crate) async fn to_discord(&self, delivery: &Delivery) -> Result<Sent, SendError> {
        let Some(discord) = &self.members.discord else {
            return Err(SendError::Gone {
                reason: "Discord is not configured (DISCORD_BOT_TOKEN)".to_owned(),
            });
        };
        let whole = format!("/plans/{}", delivery.plan);
        let look =
            Look { workspace: &delivery.workspace, base_url: Some(&self.console_url), whole: Some(&whole) };
        let rendered = render(&delivery.card, look);
        if delivery.is_fleeting {
            let user = delivery.person_key.as_deref().unwrap_or_default();
            let token = self.token_of(delivery).await;
            whisper(discord, token.as_deref(), (user, &delivery.post_key), &rendered).await?;
            return Ok(Sent { room: delivery.room.clone(), ..Sent::default() });
        }
        let room = match (&delivery.room, &delivery.person_key) {
            (Some(room), _) => room.clone(),
            (None, Some(user)) => discord.open_dm(user).await?,
            (None, None) => return Err(SendError::Gone { reason: "nobody to write to".to_owned() }),
        };
        let target = Target { room: room.clone(), thread: delivery.thread.clone() };
        let number = post_or_edit(discord, &target, delivery, &rendered).await?;
        Ok(Sent { room: Some(room), external_id: Some(number), html: None })
    }

    /// The token of the interaction that a plan began with, while it lives.
    async fn token_of(&self, delivery: &Delivery) -> Option<String> {
        let mut tx = self.members.db.tenant(delivery.tenant).begin().await.ok()?;
        let (channel, body, received_at) =
            inbox::body_of(&mut tx, InboundId(delivery.plan.0)).await.ok().flatten()?;
        let is_alive = self.members.clock.now() - received_at < TOKEN_LIVES;
        if channel == Channel::Discord && is_alive { decode::token(&body) } else { None }
    }
}

/// Edits the message, or posts it where there is none; its number.
async fn post_or_edit(
    discord: &Discord,
    target: &Target,
    delivery: &Delivery,
    message: &Rendered,
) -> Result<String, SendError> {
    let (key, since) = (&delivery.post_key, delivery.created_at - SKEW);
    let mut known = delivery.external_id.clone();
    if let Some(number) = &known {
        match discord.update(&target.room, number, message, key).await {
            // Somebody deleted it, but what it says now was never seen. Perhaps we posted it again already.
            Err(SendError::Gone { reason }) if reason == "message_not_found" => {
                known = discord.find_by_key(target, since, key).await?;
            }
            edited => return edited.map(|()| number.clone()),
        }
    } else if delivery.is_unsure {
        known = discord.find_by_key(target, since, key).await?;
    }
    if let Some(number) = known {
        return discord.update(&target.room, &number, message, key).await.map(|()| number);
    }
    discord.post(target, message, key).await
}

/// Which of the servers that added us belong to this installation; an error says what to do. Anybody can add a public
/// application to a server of their own, so that being there is not enough when there are several.
pub(crate) fn served<'g>(wanted: &[&str], guilds: &'g [Guild]) -> Result<Vec<&'g Guild>, String> {
    if wanted.is_empty() {
        return match guilds {
            [only] => Ok(vec![only]),
            [] => {
                Err("no server has added the application yet: open its install link (docs/discord.md)"
                    .to_owned())
            }
            many => {
                Err(format!("{} servers have added the application: name ours in DISCORD_GUILDS", many.len()))
            }
        };
    }
    wanted
        .iter()
        .map(|id| {
            let found = guilds.iter().find(|guild| guild.id == *id);
            found.ok_or_else(|| format!("the server {id} of DISCORD_GUILDS has not added the application"))
        })
        .collect()
}

/// Connects and listens, when Discord is configured.
pub(crate) fn start(app: &App, running: &Running) {
    let Some(discord) = app.discord.clone() else { return };
    running.tasks.spawn(running.stop.clone().run_until_cancelled_owned(connect(app)));
    if app.config.discord.gateway == Gateway::Off {
        return;
    }
    let (events, stored) = mpsc::channel(EVENTS_MAX);
    running.tasks.spawn(running.stop.clone().run_until_cancelled_owned(listen(discord, events)));
    running.tasks.spawn(running.stop.clone().run_until_cancelled_owned(store(app, running, stored)));
}

/// Learns which servers are ours and registers the commands; keeps asking while Discord is away.
pub(crate) fn connect(app: &App) -> impl Future<Output = ()> + Send + 'static {
    let (discord, db, seal, config) =
        (app.discord.clone(), app.db.clone(), app.seal.clone(), app.config.clone());
    async move {
        let Some(discord) = discord else { return };
        let mut wait = Duration::from_secs(1);
        loop {
            let connected = async {
                let us = discord.me().await?;
                let guilds = discord.guilds().await?;
                for guild in served(&config.discord.guilds(), &guilds).map_err(anyhow::Error::msg)? {
                    let workspace = Workspace {
                        tenant: HOME_TENANT,
                        channel: Channel::Discord,
                        external_id: guild.id.clone(),
                        name: guild.name.clone(),
                        bot_user: Some(us.clone()),
                        token: None,
                    };
                    workspaces::install(&db, &seal, &workspace).await?;
                    tracing::info!(server = guild.id, name = guild.name, "connected to Discord");
                }
                discord.register(&commands::commands()).await?;
                anyhow::Ok(())
            };
            match connected.await {
                Ok(()) => return,
                Err(error) => tracing::warn!(error = format!("{error:#}"), "Discord is not connected yet"),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_mins(1));
        }
    }
}

/// Keeps listening.
async fn listen(discord: Discord, events: mpsc::Sender<Vec<u8>>) {
    let mut wait = Duration::from_secs(1);
    loop {
        let began = tokio::time::Instant::now();
        if let Err(error) = gateway::listen(&discord, events.clone()).await {
            tracing::warn!(%error, "Discord's gateway cannot be heard");
        }
        // What held for a while broke for another reason than before.
        wait = if began.elapsed() > Duration::from_mins(5) { Duration::from_secs(1) } else { wait };
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_mins(2));
    }
}

/// Stores what the gateway brings, each once.
fn store(
    app: &App,
    running: &Running,
    mut events: mpsc::Receiver<Vec<u8>>,
) -> impl Future<Output = ()> + Send + 'static {
    let (db, intake, ids) = (app.db.clone(), running.intake.clone(), app.ids.clone());
    let bell = running.bell.clone();
    async move {
        while let Some(body) = events.recv().await {
            loop {
                let stored = keep(&db, &intake, InboundId(ids.next()), &body).await;
                match stored {
                    Ok(outcome) => {
                        let labels = [("channel", "discord"), ("route", "event"), ("outcome", outcome)];
                        counter!("inbox_messages_total", &labels).increment(1);
                        break;
                    }
                    // The database is away: what comes meanwhile waits in the queue, then at Discord.
                    Err(error) => tracing::warn!(%error, "an event has to wait"),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            bell.notify_one();
        }
    }
}

async fn keep(
    db: &storage::Db,
    intake: &storage::inbox::Intake,
    id: InboundId,
    body: &[u8],
) -> Result<&'static str, storage::Error> {
    let keys = keys::keys(Kind::Event, body);
    let tenant = match &keys.workspace {
        None => HOME_TENANT,
        Some(guild) => match workspaces::tenant_of(db, Channel::Discord, guild).await? {
            Some(tenant) => tenant,
            // What others say elsewhere is not kept.
            None => return Ok("foreign"),
        },
    };
    let raw = Raw {
        id,
        tenant: Some(tenant),
        channel: Channel::Discord,
        route: Kind::Event.name(),
        event_key: None,
        natural_key: keys.natural.map(|natural| format!("discord:{natural}")),
        workspace: keys.workspace,
        is_urgent: false,
        body: body.to_vec(),
    };
    Ok(if intake.store(raw).await? == Stored::New { "stored" } else { "double" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_servers_only_the_named_ones_are_served() {
        let guild = |id: &str| Guild { id: id.to_owned(), name: id.to_owned() };
        let (one, two) = (vec![guild("1")], vec![guild("1"), guild("2")]);
        assert_eq!(served(&[], &one).unwrap(), [&one[0]]);
        assert!(served(&[], &[]).is_err() && served(&[], &two).is_err());
        assert_eq!(served(&["2"], &two).unwrap(), [&two[1]]);
        assert!(served(&["3"], &two).is_err());
    }
}
