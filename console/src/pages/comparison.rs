//! Two versions of a document, clause by clause.

use std::fmt::{self, Write};
use std::ops::Range;

use askama::Template;
use askama::filters::{Escaper, Html, HtmlSafe};
use axum::extract::Path;
use axum::response::Response;
use domain::contract::{ClauseChange, ClauseFate, Quote};
use domain::ids::VersionId;
use storage::documents::{self, Version};

use crate::error::{Failure, key, page as show};
use crate::session::SignedIn;
use crate::shell::{Place, Shell};

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page {
    shell: Shell,
    name: String,
    old: Version,
    new: Version,
    changes: Vec<Line>,
    counts: Vec<(&'static str, usize)>,
    is_same_file: bool,
}

struct Line {
    word: &'static str,
    class: &'static str,
    old: Option<(u32, Worded)>,
    new: Option<(u32, Worded)>,
}

/// A clause with what differs in it marked, safe to put into a page.
struct Worded(String);

impl fmt::Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Worded {}

/// Shows what differs; whichever came first is the old one.
pub(crate) async fn page(
    signed_in: SignedIn,
    Path((one, other)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (one, other): (VersionId, VersionId) = (key(&one, "contract")?, key(&other, "contract")?);
    let (mut tx, shell) = signed_in.enter(Place::Contracts).await?;
    let (one, other) = (documents::get(&mut tx, one).await?, documents::get(&mut tx, other).await?);
    let (old, new) = if one.created_at <= other.created_at { (one, other) } else { (other, one) };
    let (before, after) = (documents::text(&mut tx, old.id).await?, documents::text(&mut tx, new.id).await?);
    drop(tx);
    let compare = signed_in.console.counsel.compare;
    // Long contracts take a while: not on a thread that answers others.
    let found = tokio::task::spawn_blocking(move || compare(&before, &after)).await;
    let found = found.map_err(|_| Failure::Unusable("These two could not be compared.".into()))?;
    let fates = [
        ClauseFate::Changed,
        ClauseFate::Added,
        ClauseFate::Removed,
        ClauseFate::Moved,
        ClauseFate::Renumbered,
    ];
    let of = |fate| found.iter().filter(|change| change.fate == fate).count();
    let counts =
        fates.into_iter().map(|fate| (fate_word(fate).0, of(fate))).filter(|(_, n)| *n > 0).collect();
    Ok(show(&Page {
        shell: shell.titled(format!("{}: what changed", new.name)),
        name: new.name.clone(),
        is_same_file: old.sha256 == new.sha256,
        old,
        new,
        counts,
        changes: found.iter().map(Line::new).collect(),
    }))
}

impl Line {
    fn new(change: &ClauseChange) -> Self {
        let (word, class) = fate_word(change.fate);
        let olds = || change.passages.iter().map(|(old, _)| old.clone());
        let news = || change.passages.iter().map(|(_, new)| new.clone());
        Self {
            word,
            class,
            old: change.old.as_ref().map(|quote| (quote.page, worded(quote, olds(), "del"))),
            new: change.new.as_ref().map(|quote| (quote.page, worded(quote, news(), "ins"))),
        }
    }
}

fn fate_word(fate: ClauseFate) -> (&'static str, &'static str) {
    match fate {
        ClauseFate::Added => ("added", "green"),
        ClauseFate::Removed => ("removed", "red"),
        ClauseFate::Changed => ("changed", "yellow"),
        ClauseFate::Moved => ("moved", "unclear"),
        ClauseFate::Renumbered => ("renumbered", "unclear"),
    }
}

/// A clause with some of its bytes (counted in the whole document) in an element.
fn worded(quote: &Quote, passages: impl Iterator<Item = Range<usize>>, element: &str) -> Worded {
    let mut out = String::new();
    let mut at = 0;
    for passage in passages {
        let (start, end) =
            (passage.start.saturating_sub(quote.start), passage.end.saturating_sub(quote.start));
        let (Some(before), Some(inside)) = (quote.text.get(at..start), quote.text.get(start..end)) else {
            continue;
        };
        // Writing into a string cannot fail.
        let _ = write(&mut out, before, None);
        if !inside.is_empty() {
            let _ = write(&mut out, inside, Some(element));
        }
        at = end;
    }
    let _ = write(&mut out, quote.text.get(at..).unwrap_or_default(), None);
    Worded(out)
}

fn write(out: &mut String, words: &str, element: Option<&str>) -> fmt::Result {
    if let Some(element) = element {
        write!(out, "<{element}>")?;
    }
    Html.write_escaped_str(&mut *out as &mut dyn Write, words)?;
    if let Some(element) = element {
        write!(out, "</{element}>")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_stands_in_its_element_and_the_rest_is_untouched() {
        let quote = Quote { text: "Pay in <30> days.".to_owned(), page: 2, start: 100, end: 117 };
        let html = worded(&quote, std::iter::once(107..111), "del").to_string();
        assert_eq!(html, "Pay in <del>&#60;30&#62;</del> days.");
        let html = worded(&quote, std::iter::once(107..107), "del").to_string();
        assert_eq!(html, "Pay in &#60;30&#62; days.");
        // A passage that is not of this clause changes nothing.
        let html = worded(&quote, [5..9, 400..500].into_iter(), "ins").to_string();
        assert!(html.ends_with(" days.") && html.contains("Pay in"), "{html}");
    }
}
