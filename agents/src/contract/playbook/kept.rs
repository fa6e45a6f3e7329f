//! The playbook that a team works with: its own newest one, else the one that comes with the program.

use std::borrow::Cow;

use storage::playbooks::Kept;
use storage::{Tx, playbooks};

use super::Playbook;

/// A playbook and its number.
pub(crate) type Numbered = (i32, Cow<'static, Playbook>);

/// The newest one.
///
/// Errors: the database is away, or what is kept is no playbook.
pub(crate) async fn newest(tx: &mut Tx) -> Result<Numbered, storage::Error> {
    match playbooks::newest(tx).await? {
        Some(kept) => read(kept),
        None => Ok((0, Cow::Borrowed(Playbook::built_in()))),
    }
}

/// The one that a contract was held against.
///
/// Errors: as [`newest`]; there is none with that number.
pub(crate) async fn numbered(tx: &mut Tx, number: i32) -> Result<Numbered, storage::Error> {
    match number {
        0 => Ok((0, Cow::Borrowed(Playbook::built_in()))),
        _ => read(playbooks::get(tx, number).await?),
    }
}

fn read(kept: Kept) -> Result<Numbered, storage::Error> {
    let number = kept.number;
    let playbook = Playbook::of(kept.positions)
        .map_err(|fault| storage::Error::unreadable("playbook", format!("{number}: {fault}")))?;
    Ok((number, Cow::Owned(playbook)))
}
