//! Reads what is said about signing: `sign Adyen to ana@adyen.example`, `void Adyen because the fee changed`.

use domain::contract::signing::Handling;
use domain::intent::Intent;
use domain::person::Role;

use super::catalogue::CONTRACTS;
use super::explicit::{help_on, kept};
use super::natural::deal_name;
use super::table::{Argument, Command, Kind};
use super::words::{Words, quoted_start};
use super::{Reading, lexicon, sure, unsure};

/// Sends the accepted version out.
pub(super) const SIGN: Command = Command {
    kind: Kind::Sign,
    name: "sign",
    aliases: &["send for signature", "contract sign", "get signed", "have signed"],
    foreign: &[],
    usage: "sign <deal or document> to <name@example.com>[, <name@example.com>]",
    purpose: "Send the accepted version for signature, once an approver agrees.",
    example: "sign Adyen to ana.silva@adyen.example",
    least_role: Role::Member,
    argument: Argument::ContractAndSigners,
    group: CONTRACTS,
};

/// Takes back what is out.
pub(super) const VOID: Command = Command {
    kind: Kind::Void,
    name: "void",
    aliases: &["contract void", "take back the signature of", "recall"],
    foreign: &[],
    usage: "void <deal or document> because <why>",
    purpose: "Take back what is out for signature; the signers read why.",
    example: "void Adyen because the fee changed",
    least_role: Role::Member,
    argument: Argument::ContractAndReason,
    group: CONTRACTS,
};

/// Reminds those who have not signed.
pub(super) const NUDGE: Command = Command {
    kind: Kind::Nudge,
    name: "nudge",
    aliases: &["contract nudge", "contract remind", "remind signers of", "remind the signers of"],
    foreign: &[],
    usage: "nudge <deal or document>",
    purpose: "Send the mail again to those who have not signed.",
    example: "nudge Adyen",
    least_role: Role::Member,
    argument: Argument::Contract,
    group: CONTRACTS,
};

/// A document and who signs it. "sign language schools in Spain" is a question.
pub(super) fn sign(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used);
    let (name, behind) = match quoted_start(rest) {
        Some((name, after)) => (name.to_owned(), after.to_owned()),
        None => match split_at_address(words, used) {
            Some((name, behind)) => (name, behind),
            None if is_question(words, used) => return None,
            None => split_at_to(words, used).unwrap_or_else(|| (rest.to_owned(), String::new())),
        },
    };
    let document = deal_name(without_connector(&name));
    if document.is_empty() {
        return Some(unsure([help_on("sign")]));
    }
    Some(sure(Intent::SendForSignature { document, signers: addresses(&behind) }, most))
}

/// Whether one word of ours only happens to begin a question about companies.
fn is_question(words: &Words<'_>, used: usize) -> bool {
    words.len() > used + 8 || (used == 1 && lexicon::evidence(words, used).is_some())
}

/// Cuts at the last `to`: what stands behind it is no address, and that is said.
fn split_at_to(words: &Words<'_>, used: usize) -> Option<(String, String)> {
    let to = (used + 1..words.len()).rev().find(|at| words.key(*at) == "to")?;
    Some((words.span(used, to).to_owned(), words.rest(to + 1).to_owned()))
}

/// Cuts before the signers: at the last `to` before the first address.
fn split_at_address(words: &Words<'_>, used: usize) -> Option<(String, String)> {
    let address = (used..words.len()).find(|at| words.raw(*at).contains('@'))?;
    let to = (used + 1..address).rev().find(|at| matches!(words.key(*at), "to" | "by" | "from" | "with"));
    let (end, behind) = to.map_or((address, address), |to| (to, to + 1));
    Some((words.span(used, end).to_owned(), words.rest(behind).to_owned()))
}

fn without_connector(name: &str) -> &str {
    let name = name.trim();
    ["contract ", "the contract ", "the "].iter().find_map(|lead| name.strip_prefix(lead)).unwrap_or(name)
}

/// The addresses between commas, `and` and `then`; names before them in front of `<…>`.
fn addresses(text: &str) -> Vec<String> {
    let text = text.trim().trim_start_matches([':', ',']);
    let text = ["to ", "by "].iter().find_map(|lead| text.trim_start().strip_prefix(lead)).unwrap_or(text);
    let text = text.replace(" and then ", ",").replace(" and ", ",").replace(" then ", ",").replace(';', ",");
    text.split(',').map(plain).filter(|part| !part.is_empty()).collect()
}

/// Slack writes an address as `<mailto:ana@x.example|ana@x.example>`.
fn plain(part: &str) -> String {
    let part = part.trim().trim_end_matches(['.', '!']).replace("mailto:", "");
    let Some((name, inside)) = part.split_once('<') else { return part };
    let address = inside.trim_end_matches('>').split('|').next().unwrap_or_default().trim().to_owned();
    if name.trim().is_empty() { address } else { format!("{} <{address}>", name.trim()) }
}

/// A document and why it is taken back.
pub(super) fn void(words: &Words<'_>, used: usize, most: f64) -> Option<Reading> {
    let rest = words.rest(used);
    let cut = ["because", "weil", "parce que", "porque"].into_iter().find_map(|word| {
        let at = rest.to_ascii_lowercase().find(&format!(" {word} "))?;
        Some((at, at + word.len() + 2))
    });
    let (name, reason) = match cut {
        Some((end, behind)) => (&rest[..end], kept(&rest[behind..])),
        None if is_question(words, used) => return None,
        None => (rest, String::new()),
    };
    let document = named(name);
    if document.is_empty() {
        return Some(unsure([help_on("void")]));
    }
    Some(sure(Intent::HandleEnvelope { document, handling: Handling::Void { reason } }, most))
}

/// A document whose signers get the mail again.
pub(super) fn nudge(words: &Words<'_>, used: usize, most: f64) -> Reading {
    let document = named(words.rest(used));
    if document.is_empty() {
        return unsure([help_on("nudge")]);
    }
    sure(Intent::HandleEnvelope { document, handling: Handling::Remind }, most)
}

fn named(text: &str) -> String {
    match quoted_start(text) {
        Some((name, _)) => name.trim().to_owned(),
        None => deal_name(without_connector(text)),
    }
}

/// How it is said unmistakably.
pub(super) fn ways(intent: &Intent) -> Vec<String> {
    match intent {
        Intent::SendForSignature { document, signers } => {
            let to = if signers.is_empty() { String::new() } else { format!(" to {}", signers.join(", ")) };
            vec![format!("sign {document}{to}"), format!("sign \"{document}\"{to}")]
        }
        Intent::HandleEnvelope { document, handling: Handling::Void { reason } } => {
            let why = if reason.is_empty() { String::new() } else { format!(" because {reason}") };
            vec![format!("void {document}{why}"), format!("void \"{document}\"{why}")]
        }
        Intent::HandleEnvelope { document, handling: Handling::Remind } => {
            vec![format!("nudge {document}"), format!("nudge \"{document}\"")]
        }
        _ => Vec::new(),
    }
}
