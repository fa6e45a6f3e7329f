//! The Word document of a contract with the playbook's offers as tracked changes: made from what was judged, sent where it
//! was asked for.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::card::{Audience, Block};
use domain::error::UserError;
use domain::intent::Intent;
use domain::plan::{Context, Outcome, Recovery};
use domain::wording;
use storage::documents::Version;
use storage::objects::{self, Digest, Objects};
use storage::{Tx, analyses};

use super::library::{done, named};
use super::playbook;
use super::read::Bounds;
use super::redline::{Offered, offer};
use super::steps::with_answers;
use super::tools::away;
use crate::desk::{Desk, storage};

/// How long marking may take; a step has 30 s.
const TIME: Duration = Duration::from_secs(20);
/// In whose name changes are written.
const AUTHOR: &str = "Dealdesk";

/// Why a document was not marked.
#[derive(Debug, thiserror::Error)]
pub enum Unmarked {
    /// For the person who asked.
    #[error(transparent)]
    Refused(#[from] UserError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The store of files.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// A fault of ours.
    #[error("marking: {0}")]
    Fault(String),
}

impl From<Unmarked> for Recovery {
    fn from(unmarked: Unmarked) -> Self {
        match unmarked {
            Unmarked::Refused(error) => error.into(),
            Unmarked::Storage(error) => storage(error),
            Unmarked::Objects(error) => away(error),
            Unmarked::Fault(reason) => Self::Escalate { reason },
        }
    }
}

/// Marks a version under the playbook that it was held against, with what people said of it since.
///
/// # Errors
/// [`Unmarked`]; refused is what is no Word document, and what there is nothing to mark in.
pub async fn mark(
    mut tx: Tx,
    objects: &Objects,
    version: &Version,
    now: DateTime<Utc>,
) -> Result<Offered, Unmarked> {
    if version.kind != "docx" {
        let what = format!("Only Word documents can be marked; {} is {}.", version.name, version.kind);
        return Err(UserError::new(what, "Send the contract as a Word document.").into());
    }
    let analysis = analyses::of_version(&mut tx, version.id).await?;
    let analysis = with_answers(&mut tx, analysis).await?;
    let (_, playbook) = playbook::numbered(&mut tx, analysis.playbook).await?;
    let tenant = tx.tenant();
    drop(tx);
    let digest: Digest = version
        .sha256
        .parse()
        .map_err(|_| Unmarked::Fault(format!("{} is no file's key", version.sha256)))?;
    let original = objects.get(tenant, digest).await?;
    let marking = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let late = || began.elapsed() > TIME;
        let offers = (playbook.as_ref(), analysis.findings.as_slice());
        offer(&original, offers, (AUTHOR, now), &Bounds::new(&late))
    });
    let offered = marking
        .await
        .map_err(|panic| Unmarked::Fault(panic.to_string()))?
        .map_err(|fault| Unmarked::Refused(fault.explain()))?;
    if offered.replaced.is_empty() {
        return Err(UserError::new(
            "There is nothing to mark: no clause that we do not like has words to offer.",
            "The report says what is open.",
        )
        .into());
    }
    Ok(offered)
}

/// Marks the latest version of a document, keeps the result, and sends it. The same document marked again at the same
/// moment is the same file.
pub(super) async fn redline(desk: &Desk, context: &Context) -> Result<Outcome, Recovery> {
    let Intent::SendRedline { document } = &context.intent else {
        return Err(Recovery::Escalate { reason: "no document to mark".to_owned() });
    };
    let mut tx = desk.db.tenant(context.tenant).begin().await.map_err(storage)?;
    let version = named(&mut tx, document).await?;
    let offered = mark(tx, &desk.contracts.objects, &version, desk.clock.now()).await?;
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
