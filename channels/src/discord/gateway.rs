//! Discord's gateway: what people write in free text, over a connection that we open; serenity keeps it up and resumes
//! it.

use std::sync::{Arc, OnceLock};

use secrecy::ExposeSecret;
use serenity::Client;
use serenity::all::{Event, GatewayIntents, RawEventHandler};
use serenity::client::{ClientBuilder, Context};
use serenity::http::HttpBuilder;
use tokio::sync::mpsc;

use super::client::{API_URL, Discord};

/// Messages with their text come to us only when they mention us or are direct: that needs no privilege at Discord.
const INTENTS: GatewayIntents =
    GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES).union(GatewayIntents::DIRECT_MESSAGES);

/// Why the gateway ended.
#[derive(Debug, thiserror::Error)]
#[error("the gateway: {0}")]
pub struct GatewayError(String);

impl From<serenity::Error> for GatewayError {
    fn from(error: serenity::Error) -> Self {
        Self(error.to_string())
    }
}

/// Puts each event into the queue, as the JSON that [`super::decode::decode`] reads.
struct Listener {
    events: mpsc::Sender<Vec<u8>>,
    /// Our own number, once the gateway told us.
    us: Arc<OnceLock<String>>,
}

#[serenity::async_trait]
impl RawEventHandler for Listener {
    async fn raw_event(&self, _context: Context, event: Event) {
        match &event {
            Event::Ready(ready) => {
                tracing::info!(user = %ready.ready.user.id, "listening at Discord's gateway");
                // It stays the same from one connection to the next.
                let _ = self.us.set(ready.ready.user.id.to_string());
                return;
            }
            Event::MessageCreate(_) | Event::GuildDelete(_) => {}
            _ => return,
        }
        let Ok(mut json) = serde_json::to_value(&event) else { return };
        if let Some(us) = self.us.get() {
            json["us"] = serde_json::json!(us);
        }
        // It fails only when nobody stores events any more, because the process ends.
        let _ = self.events.send(json.to_string().into_bytes()).await;
    }
}

/// Listens until the connection cannot be kept up. Between connections it resumes by itself.
///
/// # Errors
/// When Discord is not there or does not take the token; the caller comes back later.
pub async fn listen(discord: &Discord, events: mpsc::Sender<Vec<u8>>) -> Result<(), GatewayError> {
    let mut http = HttpBuilder::new(discord.token().expose_secret()).ratelimiter_disabled(true);
    if !API_URL.starts_with(&discord.origin()) {
        http = http.proxy(discord.origin());
    }
    let http = http.build();
    // Without an answer serenity would go to the real gateway, whatever is configured.
    http.get_gateway().await?;
    let listener = Listener { events, us: Arc::default() };
    let mut client: Client = ClientBuilder::new_with_http(http, INTENTS).raw_event_handler(listener).await?;
    // Whoever stops listening must not leave the shards running.
    let shards = client.shard_manager.clone();
    let ended = client.start().await;
    shards.shutdown_all().await;
    Ok(ended?)
}
