//! Links to our pages in Slack: shown in short for members, in rooms that are the team's own; nobody else sees more than
//! the link itself.

use agents::planner;
use channels::slack::render;
use domain::inbound::Inbound;
use domain::intent::Intent;
use domain::person::Channel;
use domain::policy;
use serde_json::{Map, Value, json};
use storage::inbox::{self, Claimed, Ending};
use storage::workspaces::Workspace;

use crate::members::Who;
use crate::worker::Worker;

impl Worker {
    /// Shows what is behind links, if whoever sent them may read it and nobody else does.
    pub(crate) async fn show_links(
        &self,
        claimed: &Claimed,
        (workspace, inbound): (&Workspace, &Inbound),
        (urls, at, is_shared): (&[String], &str, bool),
    ) -> anyhow::Result<()> {
        let ignored = |why: &'static str| inbox::end(&self.desk.db, claimed, Ending::Ignored, why);
        let (Channel::Slack, Some(token)) = (inbound.channel, &workspace.token) else {
            return Ok(ignored("links of another channel").await?);
        };
        // Whoever only sends a link does not join by it.
        let Some(Who::Member(person)) = self.members.known(workspace, inbound).await? else {
            return Ok(ignored("a link of somebody who is no member").await?);
        };
        if is_shared
            || !inbound.place.is_private && self.members.slack.is_shared(token, &inbound.place.room).await
        {
            return Ok(ignored("a link that people of other organisations read").await?);
        }
        if policy::permit(person.role, &Intent::ListDeals { stage: None, mine: false }).is_err() {
            return Ok(ignored("a link of somebody who may not read it").await?);
        }
        let mut shown = Map::new();
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        for url in urls {
            // Our own pages only: `https://ours.example.evil` is not `https://ours.example`.
            let Some(path) = url.strip_prefix(&self.desk.console_url).filter(|rest| rest.starts_with('/'))
            else {
                continue;
            };
            if let Some(card) = planner::preview(&mut tx, path).await? {
                let blocks = render::render(&card, Some(&self.desk.console_url)).blocks;
                shown.insert(url.clone(), json!({ "blocks": blocks }));
            }
        }
        drop(tx);
        if shown.is_empty() {
            return Ok(ignored("no link that can be shown").await?);
        }
        let at: Value = serde_json::from_str(at)?;
        self.members.slack.unfurl(token, &at, &Value::Object(shown)).await?;
        inbox::end(&self.desk.db, claimed, Ending::Done, "").await?;
        Ok(())
    }
}
