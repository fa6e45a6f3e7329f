//! The guardrail's second gate: what a message out may say, by the team's rules and what no rule goes below.

use domain::card::{Block, Card, Span};
use domain::ids::ConversationId;
use domain::person::Channel;
use domain::screening::{self as rules, Measure, Rules, Way};
use storage::{Error, Tx, conversations, screening};

use super::matter::seen;
use super::{Finding, redact, scan, strip_invisible};

/// By what a message out is read. Without rules of a team's own, by what no rule goes below.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    rules: Rules,
    /// Where the request came from, or where the message goes when nobody asked.
    channel: Option<Channel>,
}

impl Gate {
    /// The team's rules for what is said in a conversation.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(tx: &mut Tx, conversation: ConversationId) -> Result<Self, Error> {
        let mut gate = Self::on(tx, None).await?;
        // Without rules of its own it does not matter to a team where a request came from.
        if !gate.rules.rules.is_empty() {
            gate.channel = conversations::channel(tx, conversation).await?;
        }
        Ok(gate)
    }

    /// The team's rules for what is said on a channel.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn on(tx: &mut Tx, channel: Option<Channel>) -> Result<Self, Error> {
        Ok(Self { rules: screening::newest(tx).await?.rules, channel })
    }

    /// Takes out of a card what must reach nobody: secrets, payment cards, bank accounts and personal numbers, and what
    /// the team's rules add. Gives the kinds that were taken out.
    pub fn screen(&self, card: &mut Card) -> Vec<String> {
        let mut kinds = Vec::new();
        let mut clean = |text: &mut String| kinds.extend(self.clean(text));
        if let Some(heading) = &mut card.heading {
            clean(heading);
        }
        for block in &mut card.blocks {
            match block {
                Block::Text { text } => text.0.iter_mut().for_each(|span| match span {
                    Span::Plain(text) | Span::Strong(text) | Span::Code(text) | Span::Faint(text) => {
                        clean(text);
                    }
                    Span::Room(_) => {}
                }),
                Block::Fields { fields } => fields.iter_mut().for_each(|(_, value)| clean(value)),
                Block::Table { rows, .. } => rows.iter_mut().flatten().for_each(&mut clean),
                Block::Hits { hits } => {
                    for hit in hits {
                        clean(&mut hit.why);
                        hit.evidence.iter_mut().filter_map(|line| line.proof.as_mut()).for_each(&mut clean);
                    }
                }
                Block::Quote { text } => clean(text),
                Block::Progress { label, .. } => clean(label),
                Block::Choices { .. }
                | Block::Buttons { .. }
                | Block::Link { .. }
                | Block::File { .. }
                | Block::Divider => {}
            }
        }
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Takes out of a text what must reach nobody; gives the kinds.
    fn clean(&self, text: &mut String) -> Vec<String> {
        let is_out = |finding: &Finding| {
            seen(finding)
                .is_some_and(|seen| self.rules.measure(Way::Out, self.channel, seen) == Measure::Redact)
        };
        let found: Vec<Finding> = scan(text).into_iter().filter(is_out).collect();
        if !found.is_empty() {
            *text = redact(text, &found, 0.0).text;
        }
        found.iter().map(|finding| finding.entity.to_owned()).collect()
    }
}

/// A text for a vendor, without what must reach nobody.
pub fn cleaned(text: &str) -> String {
    let mut text = text.to_owned();
    Gate::default().clean(&mut text);
    text
}

/// A text with everything of these kinds taken out, and all secrets, however they are hidden.
pub fn blanked(text: &str, kinds: &[String]) -> String {
    let text = strip_invisible(text);
    let is_out = |finding: &Finding| {
        kinds.iter().any(|kind| kind == finding.entity) || floored(finding) == Measure::Redact
    };
    let found: Vec<Finding> = scan(&text).into_iter().filter(is_out).collect();
    redact(&text, &found, 0.0).text
}

/// What is done about a finding on its way out whatever the rules say.
fn floored(finding: &Finding) -> Measure {
    seen(finding).map_or(Measure::Allow, |seen| rules::floor(Way::Out, seen))
}
