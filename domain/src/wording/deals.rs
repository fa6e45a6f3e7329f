//! Deals: lists, one deal, moves, notes, and names that fit none or several.

use serde::{Deserialize, Serialize};

use crate::card::{Block, Card, Text};
use crate::deal::{DealRow, NoteRow, Stage, StageChange};
use crate::error::UserError;

use super::phrases::{buttons, count, cut, day, faint, in_command, moment, say};

/// Most rows of a list on one card.
const ROWS_MAX: usize = 30;

/// Most history and notes on one card; the console shows all.
const PAST_MAX: usize = 5;

/// What the card of one deal shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DealCard {
    /// The deal as a list shows it.
    pub row: DealRow,
    /// Moves, oldest first.
    pub history: Vec<StageChange>,
    /// Notes, oldest first.
    pub notes: Vec<NoteRow>,
    /// The chance that it moves on within 30 days, 0 to 1, when there is a model for it.
    #[serde(default)]
    pub moves_on: Option<f64>,
}

/// Asks with whom a deal is to be proposed where no form can be opened.
pub fn which_company() -> Card {
    Card::text(Text::with_code(
        "With which company? Say `propose <company>`, or search first: `find payment companies in Germany`.",
    ))
}

/// The directory has no company of that name; `nearest` are some that are called alike.
pub fn company_unknown(typed: &str, nearest: &[String]) -> UserError {
    let way_out = if nearest.is_empty() {
        "Search for it: `find payment companies in Germany`.".to_owned()
    } else {
        let all: Vec<String> = nearest.iter().map(|name| format!("`propose {}`", in_command(name))).collect();
        format!("Did you mean {}?", all.join(" or "))
    };
    UserError::new(format!("I know no company called “{}”.", cut(typed, 80)), way_out)
}

/// A list of deals, in the order given.
pub fn deal_list(rows: &[DealRow], stage: Option<Stage>, mine: bool) -> Card {
    let of = if mine { "of yours " } else { "" };
    let place = stage.map(|stage| format!("in {}", stage.label())).unwrap_or_default();
    if rows.is_empty() {
        let text = format!("There are no deals {of}{place}").trim_end().to_owned() + ".";
        let card = Card::text(text);
        return if stage.is_some() || mine {
            card.with(buttons(vec![say("All deals", "deals")]))
        } else {
            card.and_text(Text::with_code(
                "Deals start from a search: try `find payment companies in Germany`.",
            ))
        };
    }
    let heading = format!("{} {of}{place}", count(rows.len(), "deal", "deals")).trim_end().to_owned();
    let shown = rows.iter().take(ROWS_MAX).map(|row| {
        vec![
            row.name.clone(),
            row.stage.label().to_owned(),
            row.owner_name.clone().unwrap_or_else(|| "nobody".to_owned()),
            fit(row.fit),
            days(row.days_in_stage),
        ]
    });
    let card = Card::titled(heading).with(Block::Table {
        columns: ["Deal", "Stage", "Owner", "Fit", "In stage"].map(str::to_owned).to_vec(),
        rows: shown.collect(),
    });
    if rows.len() > ROWS_MAX {
        return card.and_text(Text::with_code(&format!(
            "These are the first {ROWS_MAX}. Narrow it down: `deals in negotiation`, `my deals`."
        )));
    }
    card
}

/// One deal with its latest history and notes.
pub fn deal(deal: &DealCard) -> Card {
    let row = &deal.row;
    let mut fields = vec![
        ("Stage".to_owned(), format!("{}, for {}", row.stage.label(), days(row.days_in_stage))),
        ("Owner".to_owned(), row.owner_name.clone().unwrap_or_else(|| "nobody".to_owned())),
        ("Fit".to_owned(), fit(row.fit)),
        ("Last change".to_owned(), moment(row.updated_at)),
    ];
    if let Some(chance) = deal.moves_on {
        fields.push(("Moves on within 30 days".to_owned(), format!("{:.0} % likely", 100.0 * chance)));
    }
    let mut card = Card::titled(row.name.clone()).with(Block::Fields { fields });
    let history = latest(&deal.history);
    if !history.is_empty() {
        card = card.and_text(Text::default().strong("History"));
        for change in history {
            card = card.and_text(change_line(change));
        }
    }
    let notes = latest(&deal.notes);
    if !notes.is_empty() {
        card = card.and_text(Text::default().strong("Notes"));
        for note in notes {
            card = card
                .and_text(faint(format!("{}, {}", note.by, day(note.at))))
                .with(Block::Quote { text: cut(&note.text, 600) });
        }
    }
    let earlier = deal.history.len().saturating_sub(PAST_MAX) + deal.notes.len().saturating_sub(PAST_MAX);
    if earlier > 0 {
        card = card.and_text(faint(format!(
            "{} in the console.",
            count(earlier, "earlier entry is", "earlier entries are")
        )));
    }
    card
}

fn latest<T>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(PAST_MAX)..]
}

fn change_line(change: &StageChange) -> String {
    let moved = match change.from {
        Some(from) => format!("{} → {}", from.label(), change.to.label()),
        None => format!("began in {}", change.to.label()),
    };
    let reason = change.reason.as_ref().map(|reason| format!(": {}", cut(reason, 200))).unwrap_or_default();
    format!("{} · {moved} · {}{reason}", day(change.at), change.by)
}

fn fit(fit: Option<u8>) -> String {
    fit.map_or_else(|| "unknown".to_owned(), |fit| fit.to_string())
}

fn days(days: u32) -> String {
    match days {
        0 => "under a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}

/// A deal moved.
pub fn deal_moved(name: &str, change: &StageChange) -> Card {
    let from = change.from.map(|from| format!(" from {}", from.label())).unwrap_or_default();
    let card = Card::text(
        Text::default().strong(name).plain(format!(" moved{from} to ")).strong(change.to.label()).plain("."),
    );
    match &change.reason {
        Some(reason) => card.with(Block::Quote { text: reason.clone() }),
        None => card,
    }
}

/// A note was written.
pub fn note_added(name: &str, text: &str) -> Card {
    Card::text(Text::default().plain("Noted on ").strong(name).plain("."))
        .with(Block::Quote { text: text.to_owned() })
}

/// Several deals fit a name.
pub fn deal_ambiguous(said: &str, names: &[String]) -> Card {
    let choices =
        names.iter().take(5).map(|name| say(cut(name, 60), format!("show {}", in_command(name)))).collect();
    Card::text(format!("Several deals fit “{}”. Which one do you mean? Say its full name.", cut(said, 60)))
        .with(buttons(choices))
}

/// No deal fits a name.
pub fn deal_unknown(said: &str, suggestions: &[String]) -> Card {
    let text = format!("There is no deal called “{}”.", cut(said, 60));
    if suggestions.is_empty() {
        return Card::text(text).with(buttons(vec![
            say("All deals", "deals"),
            say(format!("Find {}", cut(said, 40)), format!("find {}", in_command(said))),
        ]));
    }
    let choices =
        suggestions.iter().take(5).map(|name| say(cut(name, 60), format!("show {}", in_command(name))));
    Card::text(format!("{text} Did you mean one of these?")).with(buttons(choices.collect()))
}
