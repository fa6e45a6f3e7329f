//! As much of SOQL as anybody here asks.

use std::collections::BTreeSet;

/// A query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) columns: Vec<String>,
    pub(super) from: String,
    pub(super) conditions: Vec<Condition>,
    pub(super) limit: usize,
}

/// One of its conditions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Compare(String, String, String),
    In(String, BTreeSet<String>),
}

/// Reads a query; none when it is beyond us.
pub(super) fn parse(text: &str) -> Option<Query> {
    let rest = text.strip_prefix("SELECT ")?;
    let (columns, rest) = rest.split_once(" FROM ")?;
    let columns = columns.split(',').map(|name| name.trim().to_owned()).collect();
    let (head, limit) = match rest.split_once(" ORDER BY Id LIMIT ") {
        Some((head, limit)) => (head, limit.parse().ok()?),
        None => (rest, 2000),
    };
    let (from, conditions) = head.split_once(" WHERE ").unwrap_or((head, ""));
    let mut all = Vec::new();
    for one in conditions.split(" AND ").filter(|one| !one.is_empty()) {
        if let Some((name, list)) = one.split_once(" IN (") {
            let list = list.strip_suffix(')')?.split(',').map(unquoted).collect();
            all.push(Condition::In(name.to_owned(), list));
            continue;
        }
        let mut words = one.splitn(3, ' ');
        let (name, operator, value) = (words.next()?, words.next()?, words.next()?);
        all.push(Condition::Compare(name.to_owned(), operator.to_owned(), unquoted(value)));
    }
    Some(Query { columns, from: from.to_owned(), conditions: all, limit })
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('\'').replace("\\'", "'").replace("\\\\", "\\")
}
