//! Moves aliases: only to versions that can serve, and back again.

use chrono::{DateTime, Utc};
use domain::model::{Alias, Model, Version};
use storage::models::{self, Move, Moved};
use storage::{Tx, learning};

use super::{Error, serving};

/// Points an alias at a version, after opening its bytes as a worker would. `tx` is committed by the caller; with the
/// commit every worker hears of it.
///
/// # Errors
/// [`Error::Refused`] when the bytes are cut, changed or of another schema.
pub async fn promote(tx: &mut Tx, new: &Move<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    if let Some(version) = new.to {
        let content = models::content(tx, new.model, version).await?;
        serving::open(new.model, &content).map_err(|why| Error::Refused {
            model: new.model.name(),
            version: version.to_string(),
            why,
        })?;
    }
    Ok(models::point(tx, new, now).await?)
}

/// Points the champion where it pointed before. Gives that version; none is what comes with the program.
///
/// # Errors
/// [`Error::NoEarlier`] when it was never moved.
pub async fn roll_back(
    tx: &mut Tx,
    model: Model,
    (reason, by): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<Version>, Error> {
    let moves = models::moves(tx, i64::MAX).await?;
    let mut own: Vec<Moved> = moves
        .into_iter()
        .filter(|moved| moved.model == model.name() && moved.alias == Alias::Champion.name())
        .collect();
    own.sort_by_key(|moved| std::cmp::Reverse(moved.seq));
    let to = earlier(&own).ok_or(Error::NoEarlier(model.name()))?;
    let to = to.and_then(|version| version.parse::<Version>().ok());
    let back = Move { model, alias: Alias::Champion, to, share: 0, reason, by };
    promote(tx, &back, now).await?;
    Ok(to)
}

/// Where an alias pointed before it came where it is, given its moves, newest first. Who went back from B to A does not
/// come to B again by going back once more, but to what was before A. None: it never pointed anywhere else.
fn earlier(moves: &[Moved]) -> Option<Option<String>> {
    let mut way: Vec<Option<String>> = vec![None];
    for moved in moves.iter().rev() {
        match way.iter().position(|held| *held == moved.version) {
            Some(at) => way.truncate(at + 1),
            None => way.push(moved.version.clone()),
        }
    }
    way.pop()?;
    way.pop()
}

/// Keeps a trained version in the shadow: it computes beside the one that serves and is shown to nobody.
///
/// # Errors
/// When it cannot be opened.
pub async fn to_shadow(tx: &mut Tx, version: &models::New, now: DateTime<Utc>) -> Result<(), Error> {
    let new = Move {
        model: version.model,
        alias: Alias::Shadow,
        to: Some(version.version),
        share: 0,
        reason: "trained by the weekly job",
        by: "agent:learning",
    };
    promote(tx, &new, now).await
}

/// When a job last ran; none is never.
///
/// # Errors
/// When the database fails.
pub async fn last_run(
    tx: &mut Tx,
    job: learning::Job,
    model: Option<Model>,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(learning::last(tx, job, model).await?.map(|run| run.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(versions: &[Option<&str>]) -> Vec<Moved> {
        let moved = |(at, version): (usize, &Option<&str>)| Moved {
            model: String::new(),
            alias: String::new(),
            seq: i32::try_from(at).unwrap(),
            version: version.map(str::to_owned),
            share: 0,
            reason: String::new(),
            moved_by: String::new(),
            moved_at: DateTime::UNIX_EPOCH,
        };
        let mut moves: Vec<Moved> = versions.iter().enumerate().map(moved).collect();
        moves.reverse();
        moves
    }

    #[test]
    fn the_way_back_leads_back_and_not_to_and_fro() {
        let back = |versions: &[Option<&str>]| earlier(&moves(versions));
        assert_eq!(back(&[]), None);
        assert_eq!(back(&[Some("1.0.0")]), Some(None));
        assert_eq!(back(&[Some("1.0.0"), Some("1.1.0")]), Some(Some("1.0.0".to_owned())));
        assert_eq!(back(&[Some("1.0.0"), Some("1.1.0"), Some("1.0.0")]), Some(None));
        assert_eq!(back(&[Some("1.0.0"), None]), None);
    }
}
