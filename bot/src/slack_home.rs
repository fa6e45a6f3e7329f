//! Slack's App Home: each person's queue, shown when she opens it and again whenever something changed.

use std::time::Duration;

use agents::{Desk, planner};
use channels::SendError;
use channels::slack::render;
use domain::inbound::{Content, Inbound};
use domain::person::Channel;
use domain::wording;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use storage::homes::{self, Home};
use storage::inbox::{self, Claimed, Ending};
use storage::people;
use storage::workspaces::Workspace;
use tokio_util::sync::CancellationToken;

use crate::members::{Members, Who};
use crate::worker::Worker;

/// How often homes are looked for that show what is no longer so: every copy of a request follows a decision within
/// five seconds.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// After so many failures in a row a home is left alone until its person opens it again.
const FAILURES_MAX: i32 = 8;

impl Worker {
    /// Shows what is looked at: a home, or what is behind links.
    pub(crate) async fn show(
        &self,
        claimed: &Claimed,
        workspace: &Workspace,
        inbound: &Inbound,
    ) -> anyhow::Result<()> {
        match &inbound.content {
            Content::Links { urls, at, is_shared } => {
                self.show_links(claimed, (workspace, inbound), (urls, at, *is_shared)).await
            }
            _ => self.open_home(claimed, workspace, inbound).await,
        }
    }

    /// Notes that somebody looks at her home, so that it is shown; a stranger reads who could let her in.
    async fn open_home(
        &self,
        claimed: &Claimed,
        workspace: &Workspace,
        inbound: &Inbound,
    ) -> anyhow::Result<()> {
        let person = match self.members.who(workspace, inbound).await? {
            Who::Member(person) => person,
            Who::Stranger(name) => {
                if let Some(token) = &workspace.token {
                    let view = render::home(&wording::not_a_member(&name), &self.desk.console_url);
                    self.members.slack.show_home(token, &inbound.sender, &view).await?;
                }
                inbox::end(&self.desk.db, claimed, Ending::Ignored, "not a member").await?;
                return Ok(());
            }
        };
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        homes::open(&mut tx, person.id, (&workspace.external_id, &inbound.sender)).await?;
        inbox::done_within(&mut tx, claimed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Opens the direct messages of somebody who wrote in no room: what is said there, e.g. to one person alone, needs
    /// the room itself.
    pub(crate) async fn find_room(&self, workspace: &Workspace, inbound: &mut Inbound) -> anyhow::Result<()> {
        let (Channel::Slack, Some(token)) = (inbound.channel, &workspace.token) else { return Ok(()) };
        if inbound.place.room == inbound.sender {
            inbound.place.room = self.members.slack.open_dm(token, &inbound.sender).await?;
        }
        Ok(())
    }
}

/// Shows homes anew until stopped.
pub(crate) async fn keep_up(members: Members, desk: Desk, stop: CancellationToken) {
    loop {
        match homes::claim(&desk.db).await {
            Ok(Some(home)) => {
                if let Err(error) = refresh(&members, &desk, &home).await {
                    tracing::warn!(error = format!("{error:#}"), "a home was not shown");
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "homes have to wait"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Shows one home, unless it shows the same already.
async fn refresh(members: &Members, desk: &Desk, home: &Home) -> anyhow::Result<()> {
    let workspace = members.workspace(Channel::Slack, &home.workspace).await?;
    let Some((workspace, token)) =
        workspace.and_then(|found| found.token.clone().map(|token| (found, token)))
    else {
        return Ok(homes::forget(&desk.db, home).await?);
    };
    let mut tx = desk.db.tenant(home.tenant).begin().await?;
    let person = people::get(&mut tx, home.person).await?;
    drop(tx);
    let card = match &person {
        Some(person) => planner::home(desk, person).await?,
        // Who left the team sees nothing of it any more.
        None => wording::not_a_member(&workspace.name),
    };
    let view = render::home(&card, &desk.console_url);
    let hash = hex::encode(Sha256::digest(view.to_string()));
    if home.hash.as_ref() != Some(&hash) {
        show(members, desk, (home, &token), &view).await?;
    }
    match person {
        Some(_) => homes::shown(&desk.db, home, &hash).await?,
        None => homes::forget(&desk.db, home).await?,
    }
    Ok(())
}

async fn show(
    members: &Members,
    desk: &Desk,
    (home, token): (&Home, &SecretString),
    view: &serde_json::Value,
) -> anyhow::Result<()> {
    let Err(error) = members.slack.show_home(token, &home.user, view).await else { return Ok(()) };
    let tries = f64::from(2_i32.pow(home.failures.clamp(0, 8).unsigned_abs()));
    let wait_s = match &error {
        SendError::RateLimited { after_s } => f64::from(u32::try_from(*after_s).unwrap_or(60)),
        _ => tries * 2.0,
    };
    let is_over = matches!(error, SendError::Gone { .. } | SendError::Refused { .. });
    if is_over || home.failures >= FAILURES_MAX {
        homes::forget(&desk.db, home).await?;
    } else {
        homes::put_off(&desk.db, home, wait_s).await?;
    }
    Err(error.into())
}
