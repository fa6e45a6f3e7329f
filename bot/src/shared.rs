//! Files that came with a message: kept under their hash, each to be read by a plan of its own.

use channels::FileError;
use domain::contract::{FILE_BYTES_MAX, Source};
use domain::error::UserError;
use domain::inbound::{FileAt, SharedFile};
use domain::intent::Intent;
use domain::person::{Channel, Person};
use domain::policy;
use storage::deals;
use storage::workspaces::Workspace;

use crate::worker::Worker;

/// At most so many files of one message are read; the rest are named.
const FILES_MAX: usize = 10;

impl Worker {
    /// What files ask for: each is read by a plan of its own. Their bytes are kept before anything else happens.
    pub(crate) async fn intents_of_files(
        &self,
        (workspace, person): (&Workspace, &Person),
        text: &str,
        files: &[SharedFile],
    ) -> anyhow::Result<Vec<(Intent, String)>> {
        let deal = if files.is_empty() { None } else { self.deal_named(person, text).await? };
        let (taken, left) = files.split_at(files.len().min(FILES_MAX));
        let mut intents = Vec::with_capacity(taken.len());
        for (at, file) in taken.iter().enumerate() {
            let is_last = at + 1 == taken.len();
            let beside =
                if is_last { left.iter().map(|file| file.name.clone()).collect() } else { Vec::new() };
            let intent = match self.source_of((workspace, person), file).await? {
                Ok(source) => Intent::AnalyzeContract { source, deal: deal.clone(), beside },
                Err(error) => Intent::Refused { error },
            };
            intents.push((intent, format!("{} {text}", file.name).trim().to_owned()));
        }
        if intents.is_empty() {
            intents.push((Intent::Help { topic: None }, text.to_owned()));
        }
        Ok(intents)
    }

    /// Where a file's bytes are once they are kept, or why they are not.
    async fn source_of(
        &self,
        (workspace, person): (&Workspace, &Person),
        file: &SharedFile,
    ) -> anyhow::Result<Result<Source, UserError>> {
        let sha256 = match &file.at {
            FileAt::Stored { sha256 } => sha256.clone(),
            FileAt::Channel { url } => {
                // Nothing is fetched for somebody who may not have it read.
                let source = Source::Link { url: url.clone() };
                let wanted = Intent::AnalyzeContract { source, deal: None, beside: Vec::new() };
                if let Err(error) = policy::permit(person.role, &wanted) {
                    return Ok(Err(error));
                }
                match self.fetch_and_keep(workspace, person, file, url).await? {
                    Ok(sha256) => sha256,
                    Err(error) => return Ok(Err(error)),
                }
            }
        };
        Ok(Ok(Source::Stored { sha256, name: file.name.clone(), bytes: file.bytes.unwrap_or(0) }))
    }

    /// The key of a file's bytes in our store, or why the person has to do something else.
    async fn fetch_and_keep(
        &self,
        workspace: &Workspace,
        person: &Person,
        file: &SharedFile,
        url: &str,
    ) -> anyhow::Result<Result<String, UserError>> {
        let name = &file.name;
        let too_large = || {
            UserError::new(
                format!("{name} is larger than the {} MB I take.", FILE_BYTES_MAX / (1024 * 1024)),
                "Please send it in parts or without its pictures.",
            )
        };
        if file.bytes.is_some_and(|bytes| bytes > FILE_BYTES_MAX as u64) {
            return Ok(Err(too_large()));
        }
        let fetched = match (workspace.channel, &self.members.discord, &workspace.token) {
            (Channel::Discord, Some(discord), _) => discord.file(url, FILE_BYTES_MAX).await,
            (Channel::Slack, _, Some(token)) => self.members.slack.file(token, url, FILE_BYTES_MAX).await,
            _ => {
                return Ok(Err(UserError::new(
                    format!("I cannot fetch {name}: this workspace gave me no token."),
                    "An admin can install me again.",
                )));
            }
        };
        match fetched {
            Ok(bytes) => {
                let digest = self.desk.contracts.objects.put(person.tenant, &bytes).await?;
                Ok(Ok(digest.to_string()))
            }
            Err(FileError::TooLarge(_)) => Ok(Err(too_large())),
            Err(FileError::Gone) => {
                Ok(Err(UserError::new(format!("{name} was deleted."), "Please send it again.")))
            }
            Err(FileError::Broken(why)) => Err(anyhow::anyhow!("{name}: {why}")),
            Err(error @ (FileError::Foreign(_) | FileError::Refused(_))) => {
                tracing::warn!(error = %error, "a shared file cannot be fetched");
                Ok(Err(UserError::new(
                    format!("I am not given {name}."),
                    "Upload the file here itself, or ask an admin to install me again with file access.",
                )))
            }
        }
    }

    /// The deal that the words beside a file name, if they name exactly one.
    async fn deal_named(&self, person: &Person, text: &str) -> anyhow::Result<Option<String>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let said = text.to_lowercase();
        let mut tx = self.desk.db.tenant(person.tenant).begin().await?;
        let mut named: Vec<String> = deals::names(&mut tx)
            .await?
            .into_iter()
            .map(|(_, name)| name)
            .filter(|name| name.chars().count() > 1 && said.contains(&name.to_lowercase()))
            .collect();
        // "Acme" stands in "Acme Payments" too; the longest name is meant.
        named.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Ok(named.into_iter().next())
    }
}
