//! Settings of Discord.

use anyhow::Context;
use channels::discord::client::Discord as Client;
use channels::discord::verify::PublicKey;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Discord.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discord {
    pub(crate) public_key: String,
    pub(crate) bot_token: SecretString,
    pub(crate) application_id: String,
    pub(crate) api_url: String,
    pub(crate) guilds: String,
    pub(crate) gateway: Gateway,
}

/// Whether we listen to free text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gateway {
    /// Mentions and direct messages come in over a connection that we open.
    On,
    /// Slash commands and buttons only.
    Off,
}

impl Discord {
    /// The key that signs requests; none when Discord is not connected.
    pub(crate) fn key(&self) -> anyhow::Result<Option<PublicKey>> {
        if self.public_key.trim().is_empty() {
            return Ok(None);
        }
        PublicKey::parse(&self.public_key).map(Some).context("DISCORD_PUBLIC_KEY")
    }

    /// The client; none when Discord is not connected.
    pub(crate) fn client(&self) -> anyhow::Result<Option<Client>> {
        if self.bot_token.expose_secret().is_empty() {
            return Ok(None);
        }
        let number = self.application_id.trim();
        anyhow::ensure!(
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
            "DISCORD_APPLICATION_ID is needed beside DISCORD_BOT_TOKEN, and is a number"
        );
        let client = Client::new(&self.api_url, self.bot_token.clone(), number);
        client.map(Some).context("DISCORD_API_URL")
    }

    /// The servers that belong to this installation; empty: the one that added us, if it is only one.
    pub(crate) fn guilds(&self) -> Vec<&str> {
        self.guilds.split(',').map(str::trim).filter(|guild| !guild.is_empty()).collect()
    }
}
