//! The Word document of a contract with the playbook's offers as tracked changes, sent where it was asked for.

use std::time::{Duration, Instant};

use domain::card::{Audience, Block};
use domain::error::UserError;
use domain::intent::Intent;
use domain::plan::{Context, Outcome, Recovery};
use domain::wording;
use storage::analyses;
use storage::objects::Digest;

use super::library::{done, named};
use super::playbook::Playbook;
use super::read::Bounds;
use super::redline::offer;
use super::tools::away;
use crate::desk::{Desk, storage};

/// How long marking may take; a step has 30 s.
const TIME: Duration = Duration::from_secs(20);
/// In whose name changes are written.
const AUTHOR: &str = "Dealdesk";

/// Marks the latest version of a document, keeps the result, and sends it. The same document marked again at the same
/// moment is the same file.
pub(super) async fn redline(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::SendRedline { document } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no document to mark".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let version = named(&mut tx, document).await?;
    if version.kind != "docx" {
        let what = format!("Only Word documents can be marked; {} is {}.", version.name, version.kind);
        return Err(UserError::new(what, "Send the contract as a Word document.").into());
    }
    let findings = analyses::of_version(&mut tx, version.id).await.map_err(storage)?.findings;
    drop(tx);
    let digest: Digest = version
        .sha256
        .parse()
        .map_err(|_| Recovery::Escalate { reason: format!("{} is no file's key", version.sha256) })?;
    let original = desk.contracts.objects.get(context.tenant, digest).await.map_err(away)?;
    let now = desk.clock.now();
    let marking = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let late = || began.elapsed() > TIME;
        offer(&original, (Playbook::built_in(), findings.as_slice()), (AUTHOR, now), &Bounds::new(&late))
    });
    let offered = marking
        .await
        .map_err(|panic| Recovery::Escalate { reason: format!("marking panicked: {panic}") })?
        .map_err(|fault| Recovery::from(fault.explain()))?;
    if offered.replaced.is_empty() {
        return Err(UserError::new(
            "There is nothing to mark: no clause that we do not like has words to offer.",
            "The report says what is open.",
        )
        .into());
    }
    let kept = desk.contracts.objects.put(context.tenant, &offered.redlined.docx).await.map_err(away)?;
    let stem = version.name.strip_suffix(".docx").unwrap_or(&version.name);
    let file = Block::File {
        name: format!("{stem} redline.docx"),
        sha256: kept.to_string(),
        url: desk.report_url(version.id),
    };
    let card = wording::redline(&version.name, offered.redlined.changes, file);
    let card = wording::with_trace(card, context.plan, &desk.console_url);
    Ok(done(card, None, Audience::Thread))
}
