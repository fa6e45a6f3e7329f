//! What came back signed: held against what was accepted, word by word.

use std::time::{Duration, Instant};

use domain::change::Change;
use domain::contract::signing::Signer;
use domain::deal::signed_from;
use domain::intent::Intent;
use domain::plan::{Context, Finish, Outcome, Recovery};
use domain::wording::{self, SignedCard};
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};
use storage::{deals, documents, envelopes};

use super::signing::{to_deal, to_thread};
use super::steps::{Judged, ReadOutput};
use crate::desk::{Desk, earlier, storage};

/// How long comparing may take.
const TIME: Duration = Duration::from_secs(10);
/// How many differences are shown, and how many words of each.
const SHOWN_MAX: usize = 5;
const WORDS_SHOWN: usize = 30;
/// A signature, its date and its title add so many words in one place at most.
const FILLED_MAX: usize = 12;

/// How a signed text differs from the accepted one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// The first of them, for people.
    pub(super) shown: Vec<String>,
    /// All of them.
    pub(super) total: usize,
}

/// Compares, word by word. What signing itself adds is none: the vendor's stamps, names, dates, its certificate behind the
/// last word.
pub(super) fn differences(accepted: &str, signed: &str, signers: &[Signer]) -> Differences {
    let (old, new) = (words(accepted), words(&without_stamps(without_certificate(signed))));
    let folded = |words: &[String]| words.iter().map(|word| folded(word)).collect::<Vec<String>>();
    let (old_keys, new_keys) = (folded(&old), folded(&new));
    let ops =
        capture_diff_slices_deadline(Algorithm::Myers, &old_keys, &new_keys, Some(Instant::now() + TIME));
    let mut found = Differences::default();
    for op in ops {
        let (tag, before, after) = op.as_tag_tuple();
        let added = &new[after.clone()];
        let text = match tag {
            DiffTag::Equal => continue,
            DiffTag::Insert if is_filled_in(added, signers) => continue,
            DiffTag::Insert => format!("Added: {}", shortened(added)),
            DiffTag::Delete if old[before.clone()].iter().all(|word| is_blank_line(word)) => continue,
            DiffTag::Delete => format!("Missing: {}", shortened(&old[before])),
            DiffTag::Replace
                if old[before.clone()].iter().all(|word| is_blank_line(word))
                    && is_filled_in(added, signers) =>
            {
                continue;
            }
            DiffTag::Replace => format!("`{}` became `{}`", shortened(&old[before]), shortened(added)),
        };
        found.total += 1;
        if found.shown.len() < SHOWN_MAX {
            found.shown.push(text);
        }
    }
    found
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Small letters and no punctuation: how a line was broken or a quote drawn says nothing.
fn folded(word: &str) -> String {
    let plain: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if plain.is_empty() { word.to_owned() } else { plain }
}

fn is_blank_line(word: &str) -> bool {
    word.chars().all(|c| "_.-–—…:/ ".contains(c)) || (word.starts_with("/sn") && word.ends_with('/'))
}

/// The text before DocuSign's certificate, which it puts behind the last page. What else stands behind is told.
fn without_certificate(text: &str) -> &str {
    const HEADING: &str = "certificate of completion";
    const NEAR: usize = 300;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.trim_start().get(..HEADING.len()).is_some_and(|b| b.eq_ignore_ascii_case(HEADING));
        let near: String = text[at..].chars().take(NEAR).flat_map(char::to_lowercase).collect();
        if begins && (near.contains("envelope id:") || near.contains("status:")) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// What DocuSign prints on every page.
fn without_stamps(text: &str) -> String {
    let is_stamp = |line: &str| {
        let line = line.trim().to_lowercase();
        line.starts_with("docusign envelope id") || line == "docusigned by:" || line.starts_with("signed by:")
    };
    text.lines().filter(|line| !is_stamp(line)).collect::<Vec<_>>().join("\n")
}

/// Whether added words are what a signer fills in: a name, a date, an address, a signature's number; never a sentence.
fn is_filled_in(added: &[String], signers: &[Signer]) -> bool {
    added.len() <= FILLED_MAX
        && added.iter().all(|word| {
            let key = folded(word);
            let is_name = signers.iter().any(|signer| {
                signer.email.eq_ignore_ascii_case(word)
                    || words(&signer.name).iter().any(|part| folded(part) == key)
            });
            let is_date = word.chars().all(|c| c.is_ascii_digit() || "./-:".contains(c))
                && word.contains(['.', '/', '-', ':']);
            let is_seal = key.len() >= 12 && key.chars().all(|c| c.is_ascii_hexdigit());
            is_name || is_date || is_seal || is_blank_line(word)
        })
}

fn shortened(words: &[String]) -> String {
    let more = if words.len() > WORDS_SHOWN { " …" } else { "" };
    format!("{}{more}", words[..words.len().min(WORDS_SHOWN)].join(" "))
}

/// Says what came back and what differs in it; the deal is signed.
pub(super) async fn conclude(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::TakeSigned { envelope, .. } = &context.intent else {
        return Err(Recovery::Escalate { reason: "nothing came back".to_owned() });
    };
    let read: ReadOutput = earlier(context, "read")?;
    let judged: Judged = earlier(context, "judge")?;
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let known = envelopes::get(&mut tx, *envelope).await.map_err(storage)?;
    let accepted = documents::get(&mut tx, known.version).await.map_err(storage)?;
    let version = documents::get(&mut tx, read.version).await.map_err(storage)?;
    let before = documents::text(&mut tx, known.version).await.map_err(storage)?.text;
    let after = documents::text(&mut tx, read.version).await.map_err(storage)?.text;
    let deal = match known.deal {
        Some(deal) => Some(deals::get(&mut tx, deal).await.map_err(storage)?),
        None => None,
    };
    drop(tx);
    let signers = known.signers.clone();
    let found = tokio::task::spawn_blocking(move || differences(&before, &after, &signers))
        .await
        .map_err(|panic| Recovery::Retry { after_ms: 200, cause: panic.to_string() })?;
    let mut changes = vec![Change::KeepSigned { envelope: known.id, version: read.version }];
    if found.total == 0 {
        // The calendar of notices follows what was signed; a changed text is for a person to accept.
        let by = known.approved_by;
        changes.push(Change::AcceptVersion { version: read.version, analysis: judged.analysis, by });
    }
    let to = deal.as_ref().and_then(|deal| signed_from(deal.stage));
    if let (Some(deal), Some(to)) = (&deal, to) {
        let names: Vec<&str> = known.signers.iter().map(|signer| signer.name.as_str()).collect();
        let reason = format!("DocuSign: {} was signed by {}.", known.name, names.join(" and "));
        let (deal, from, by) = (deal.id, deal.stage, known.asked_by);
        changes.push(Change::MoveDeal { deal, from, to, reason: Some(reason), by });
    }
    let card = wording::signed(&SignedCard {
        name: known.name,
        version: version.number,
        signers: known.signers,
        at: known.state_at,
        accepted: accepted.number,
        differences: found.shown,
        differences_total: found.total,
        deal: deal.as_ref().map(|deal| (deal.name.clone(), to.unwrap_or(deal.stage))),
        has_moved: to.is_some(),
        url: desk.report_url(read.version),
    });
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    let say = std::iter::once(to_thread(card.clone())).chain(to_deal(known.deal, card)).collect();
    Ok(Outcome::Done(Finish { changes, say, ..Finish::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: &str = "1. Fees are 500 EUR a month.\n2. Either party may terminate on 30 days' notice.\n\
                            Signature: ____________ Date: ________";

    fn ana() -> Vec<Signer> {
        vec![Signer { name: "Ana Silva".to_owned(), email: "ana@x.example".to_owned() }]
    }

    #[test]
    fn what_signing_adds_is_no_difference() {
        let signed = "DocuSign Envelope ID: 6F2A1B3C-0000-4444-8888-9C1D2E3F4A5B\n1. Fees are 500 EUR\na month.\n\
                      2. Either party may terminate on 30 days’ notice.\nDocuSigned by:\nSignature: Ana Silva \
                      6F2A1B3C00004444 Date: 2026-11-23\nCertificate Of Completion Envelope Id: 6F2A Status: Completed";
        assert_eq!(differences(ACCEPTED, signed, &ana()), Differences::default());
    }

    #[test]
    fn a_sentence_behind_the_end_is_told() {
        let longer = format!("{ACCEPTED}\n3. Fees double every year.");
        let found = differences(ACCEPTED, &longer, &ana());
        assert_eq!(found.shown, ["Added: 3. Fees double every year."]);
    }

    #[test]
    fn a_changed_word_is_told_wherever_it_stands() {
        for (from, to, told) in [
            ("500", "900", "`500` became `900`"),
            ("may terminate", "may not terminate", "Added: not"),
            (" on 30 days' notice", "", "Missing: on 30 days"),
        ] {
            let found = differences(ACCEPTED, &ACCEPTED.replace(from, to), &ana());
            assert_eq!(found.total, 1, "{found:?}");
            assert!(found.shown[0].starts_with(told), "{found:?}");
        }
    }
}
