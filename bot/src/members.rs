//! Who is writing: the tenant of a workspace, and the person behind a channel's name.

use std::sync::Arc;

use channels::SendError;
use channels::discord::client::Discord;
use channels::slack::client::Slack;
use domain::clock::Clock;
use domain::ids::{Ids, PersonId, TenantId};
use domain::inbound::{Content, Inbound};
use domain::person::{Channel, Person, Profile, Role};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use storage::audit::{self, Act};
use storage::credentials::{self, Kind};
use storage::people::{self, Identity};
use storage::seal::Seal;
use storage::workspaces::{self, Workspace};
use storage::{Db, Tx, messages};

use crate::config::{Config, Join};
use crate::mail::Office;

/// Finds out who is writing; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    pub(crate) db: Db,
    pub(crate) seal: Seal,
    pub(crate) slack: Slack,
    /// Discord, when it is configured.
    pub(crate) discord: Option<Discord>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) config: Arc<Config>,
    /// Mail, when it is configured.
    pub(crate) mail: Option<Arc<Office>>,
}

/// What came of asking who is writing.
pub(crate) enum Who {
    /// A person of the tenant.
    Member(Person),
    /// Somebody without rights here; the workspace's name is for the answer.
    Stranger(String),
}

impl Members {
    /// The workspace that a message names, with the token to answer there.
    pub(crate) async fn workspace(&self, channel: Channel, key: &str) -> anyhow::Result<Option<Workspace>> {
        if channel == Channel::Web {
            let Ok(tenant) = key.parse::<TenantId>() else { return Ok(None) };
            let (external_id, name) = (key.to_owned(), "console".to_owned());
            return Ok(Some(Workspace { tenant, channel, external_id, name, bot_user: None, token: None }));
        }
        let mut found = workspaces::find(&self.db, &self.seal, channel, key).await?;
        if let Some(workspace) = &mut found
            && channel == Channel::Slack
            && workspace.token.is_none()
        {
            workspace.token = self.own_token();
        }
        Ok(found)
    }

    /// The token of an installation that serves one workspace.
    pub(crate) fn own_token(&self) -> Option<SecretString> {
        let token = &self.config.slack.bot_token;
        (!token.expose_secret().is_empty()).then(|| token.clone())
    }

    /// The person behind a message, if known already; nobody is asked about, and nobody joins.
    pub(crate) async fn known(
        &self,
        workspace: &Workspace,
        inbound: &Inbound,
    ) -> anyhow::Result<Option<Who>> {
        let mut tx = self.db.tenant(workspace.tenant).begin().await?;
        Ok(people::by_identity(&mut tx, &identity(inbound)).await?.map(Who::Member))
    }

    /// The person behind a message. Someone new is asked about at the channel, outside any transaction,
    /// and joins if the settings let her.
    pub(crate) async fn who(&self, workspace: &Workspace, inbound: &Inbound) -> anyhow::Result<Who> {
        let stranger = || Who::Stranger(workspace.name.clone());
        let mut tx = self.db.tenant(workspace.tenant).begin().await?;
        if inbound.channel == Channel::Web {
            let Ok(id) = inbound.sender.parse::<PersonId>() else { return Ok(stranger()) };
            return Ok(people::get(&mut tx, id).await?.map_or_else(stranger, Who::Member));
        }
        let identity = identity(inbound);
        if let Some(person) = people::by_identity(&mut tx, &identity).await? {
            return Ok(Who::Member(person));
        }
        drop(tx);
        let Some(profile) = self.profile(workspace, inbound).await? else { return Ok(stranger()) };
        if profile.is_outsider {
            return Ok(stranger());
        }
        let mut tx = self.db.tenant(workspace.tenant).begin().await?;
        // Who was taken out of the team does not come back by writing again.
        if people::has_left(&mut tx, &identity, profile.email.as_deref()).await? {
            return Ok(stranger());
        }
        let known = match &profile.email {
            Some(email) => people::by_email(&mut tx, email).await?,
            None => None,
        };
        let person = match known {
            Some(person) => person,
            None if self.may_join(&mut tx, inbound, &profile).await? => {
                self.join(&mut tx, workspace, &profile).await?
            }
            None => return Ok(stranger()),
        };
        self.welcome(&mut tx, &person, &identity, &inbound.content).await?;
        tx.commit().await?;
        Ok(Who::Member(person))
    }

    /// Whether somebody new joins by writing to us. An address can be had by anybody: mail lets nobody in. Where a
    /// channel tells no address, whoever is known elsewhere would become a second person, and could decide on what the
    /// first one asked for: a code makes her the same.
    async fn may_join(&self, tx: &mut Tx, inbound: &Inbound, profile: &Profile) -> anyhow::Result<bool> {
        if self.config.people.join != Join::Workspace || inbound.channel == Channel::Email {
            return Ok(false);
        }
        Ok(profile.email.is_some() || !people::are_known_elsewhere(tx, inbound.channel).await?)
    }

    /// Makes a stranger known as the person who holds a code; none if the code does not hold, or if the name is that of
    /// somebody from outside or of somebody who left.
    pub(crate) async fn redeem(
        &self,
        workspace: &Workspace,
        inbound: &Inbound,
        code: &str,
    ) -> anyhow::Result<Option<Person>> {
        let holder = credentials::holder(&self.db, Kind::Code, code, self.clock.now()).await?;
        let Some(person) = holder.filter(|person| person.tenant == workspace.tenant) else { return Ok(None) };
        if inbound.channel == Channel::Slack
            && self.profile(workspace, inbound).await?.is_none_or(|profile| profile.is_outsider)
        {
            return Ok(None);
        }
        let identity = identity(inbound);
        let mut tx = self.db.tenant(workspace.tenant).begin().await?;
        let is_free = !people::has_left(&mut tx, &identity, None).await?;
        if !is_free || !credentials::revoke(&mut tx, code).await? {
            return Ok(None);
        }
        self.welcome(&mut tx, &person, &identity, &inbound.content).await?;
        tx.commit().await?;
        Ok(Some(person))
    }

    /// Links a name to a person, and shows what waits for her there.
    async fn welcome(
        &self,
        tx: &mut Tx,
        person: &Person,
        identity: &Identity,
        content: &Content,
    ) -> anyhow::Result<()> {
        people::link(tx, person.id, identity).await?;
        self.note(tx, "person.linked", person, identity).await?;
        // Whoever presses a button of a request sees it already.
        let is_press = matches!(content, Content::Press { .. } | Content::Form { .. });
        if person.role >= Role::Approver && !is_press {
            messages::share_open_requests(tx, &self.ids, person.id).await?;
        }
        Ok(())
    }

    async fn profile(&self, workspace: &Workspace, inbound: &Inbound) -> anyhow::Result<Option<Profile>> {
        if inbound.channel == Channel::Email {
            // Proved by the domain before we get here.
            let name = inbound.sender_name.clone().unwrap_or_else(|| inbound.sender.clone());
            return Ok(Some(Profile { name, email: Some(inbound.sender.clone()), ..Profile::default() }));
        }
        let (guild, sender) = (&workspace.external_id, &inbound.sender);
        let asked = match (inbound.channel, &self.discord, &workspace.token) {
            (Channel::Discord, Some(discord), _) => discord.profile(guild, sender).await,
            (Channel::Slack, _, Some(token)) => self.slack.profile(token, guild, sender).await,
            _ => return Ok(None),
        };
        let mut profile = match asked {
            // The account was deleted, or never was one.
            Err(SendError::Gone { .. }) => return Ok(None),
            asked => asked?,
        };
        if profile.name.is_empty() {
            profile.name = inbound.sender_name.clone().unwrap_or_else(|| inbound.sender.clone());
        }
        Ok(Some(profile))
    }

    async fn join(&self, tx: &mut Tx, workspace: &Workspace, profile: &Profile) -> anyhow::Result<Person> {
        let person = Person {
            id: PersonId(self.ids.next()),
            tenant: workspace.tenant,
            name: profile.name.clone(),
            email: profile.email.clone(),
            role: if profile.is_admin { Role::Admin } else { Role::Member },
        };
        people::add(tx, &person).await?;
        Ok(person)
    }

    async fn note(
        &self,
        tx: &mut Tx,
        action: &str,
        person: &Person,
        identity: &Identity,
    ) -> anyhow::Result<()> {
        let act = Act {
            at: self.clock.now(),
            actor: "system",
            action,
            subject: &format!("person:{}", person.id),
            detail: json!({
                "channel": identity.channel.name(),
                "workspace": identity.workspace,
                "name": identity.external_id,
                "role": person.role.name(),
            }),
        };
        Ok(audit::append(tx, act).await?)
    }
}

/// The name by which a channel knows whoever wrote.
fn identity(inbound: &Inbound) -> Identity {
    Identity {
        channel: inbound.channel,
        workspace: inbound.workspace.clone(),
        external_id: inbound.sender.clone(),
    }
}
