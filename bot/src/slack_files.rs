//! Files that go along with a message in Slack: those on its card, and the whole of it when it did not fit.

use channels::SendError;
use channels::slack::client::Target;
use domain::card::{Block, Card};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use storage::outbox::Delivery;

use crate::delivery::{SKEW, Sender};

impl Sender {
    /// Sends a message's files into its thread, each once. A file that Slack will not take is left out: the message
    /// links to where it can be had.
    pub(crate) async fn send_files(
        &self,
        token: &SecretString,
        to: &Target,
        delivery: &Delivery,
        is_cut: bool,
    ) -> Result<(), SendError> {
        let mut files = Vec::new();
        for block in &delivery.card.blocks {
            if let Block::File { name, sha256, .. } = block {
                match self.kept(delivery, sha256).await {
                    Ok(bytes) => files.push((name.clone(), bytes)),
                    Err(error) => {
                        tracing::error!(error = format!("{error:#}"), "a file on a card is not there");
                    }
                }
            }
        }
        if is_cut && !is_passing(&delivery.card) {
            files.push(whole(&delivery.card));
        }
        for (name, bytes) in files {
            match self.members.slack.send_file(token, to, (&name, bytes), delivery.created_at - SKEW).await {
                Ok(()) => {}
                // The message stands; it is found by its key when the file is tried again.
                Err(SendError::NotSent { cause } | SendError::OutcomeUnknown { cause }) => {
                    return Err(SendError::OutcomeUnknown { cause });
                }
                Err(SendError::RateLimited { after_s }) => {
                    return Err(SendError::OutcomeUnknown {
                        cause: format!("a file has to wait {after_s} s"),
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a file was not sent; is the scope files:write granted?");
                }
            }
        }
        Ok(())
    }

    async fn kept(&self, delivery: &Delivery, sha256: &str) -> anyhow::Result<Vec<u8>> {
        let digest = sha256.parse().map_err(|_| anyhow::anyhow!("{sha256} is no file's key"))?;
        Ok(self.objects.get(delivery.tenant, digest).await?)
    }
}

/// Whether a card only tells how far something is, or asks: what it is about changes soon.
fn is_passing(card: &Card) -> bool {
    card.blocks.iter().any(|block| matches!(block, Block::Progress { .. }))
}

/// All of a card as a text file; the same words have the same name.
fn whole(card: &Card) -> (String, Vec<u8>) {
    let mut text = card.to_plain();
    text.push('\n');
    let name = format!("answer-{}.txt", &hex::encode(Sha256::digest(&text))[..8]);
    (name, text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_file() {
        let (one, other) = (Card::text("a"), Card::text("b"));
        assert_eq!(whole(&one), whole(&one));
        assert_ne!(whole(&one).0, whole(&other).0);
        assert!(is_passing(&Card::default().with(Block::Progress {
            done: 1,
            total: 2,
            label: String::new()
        })));
        assert!(!is_passing(&one));
    }
}
