//! What is behind a link to a page of ours, in short, for somebody who may read that page.

use domain::card::{Block, Card};
use domain::ids::{DealId, VersionId};
use domain::person::Channel;
use storage::{Error, Tx, deals, documents};

use crate::guardrail::Gate;

/// What a page of the console is about; none for pages that show no one thing, and for what is not there.
///
/// # Errors
/// When the database is away.
pub async fn preview(tx: &mut Tx, path: &str) -> Result<Option<Card>, Error> {
    let mut parts = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/').split('/');
    let (Some(page), Some(key)) = (parts.next(), parts.next()) else { return Ok(None) };
    let card = match page {
        "deals" => match key.parse().map(DealId) {
            Ok(id) => found(deals::get(tx, id).await)?.map(|deal| {
                let owner = deal.owner_name.unwrap_or_else(|| "nobody".to_owned());
                let fields =
                    vec![("Stage".to_owned(), deal.stage.label().to_owned()), ("Owner".to_owned(), owner)];
                Card::titled(deal.name).with(Block::Fields { fields })
            }),
            Err(_) => None,
        },
        "contracts" => match key.parse().map(VersionId) {
            Ok(id) => found(documents::get(tx, id).await)?.map(|version| {
                let fields = vec![
                    ("Contract".to_owned(), format!("version {}", version.number)),
                    ("Sent in by".to_owned(), version.author_name),
                ];
                Card::titled(version.name).with(Block::Fields { fields })
            }),
            Err(_) => None,
        },
        _ => None,
    };
    let Some(mut card) = card else { return Ok(None) };
    Gate::on(tx, Some(Channel::Slack)).await?.screen(&mut card);
    Ok(Some(card))
}

fn found<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(Error::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
