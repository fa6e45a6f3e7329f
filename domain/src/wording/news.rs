//! News in words: what a room follows, what happened, a deal that stalled.

use crate::card::{Block, Card, Style, Text};
use crate::deal::Stage;
use crate::news::{News, Rhythm, Stall, Topic};

use super::phrases::{buttons, faint, in_command, moment, say};

/// So many lines of news stand in one message; the console has the rest.
const LINES_MAX: usize = 12;

/// What a room is told from now on; no topics: nothing.
pub fn followed(topics: &[Topic], stage: Option<Stage>, rhythm: Rhythm) -> Card {
    if topics.is_empty() {
        return Card::text("This room is told nothing by itself.").and_text(Text::with_code(
            "For example: `follow deals to signed`, or `follow everything daily`.",
        ));
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.name()).collect();
    let stage =
        stage.map_or_else(String::new, |stage| format!("; of moves, only those to {}", stage.label()));
    let when = match rhythm {
        Rhythm::AtOnce => "as it happens",
        Rhythm::Daily => "each morning at 8:00 UTC",
    };
    Card::text(format!("This room is told about {}{stage}, {when}.", names.join(", ")))
        .with(buttons(vec![say("Stop", "follow nothing")]))
}

/// What happened, a line each.
pub fn news(all: &[News], console_url: &str) -> Card {
    let lines: Vec<String> = all.iter().take(LINES_MAX).map(line).collect();
    let card = match lines.as_slice() {
        [one] => Card::text(one.clone()),
        many => Card::titled(format!("{} news", all.len())).and_text(many.join("\n")),
    };
    if all.len() > LINES_MAX {
        let more = format!("{} more", all.len() - LINES_MAX);
        return card
            .and_text(faint(more))
            .with(Block::Link { label: "Open the deals".to_owned(), url: format!("{console_url}/deals") });
    }
    card
}

fn line(one: &News) -> String {
    let News { kind, about, who, stage, detail, .. } = one;
    let by = who.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    let stage = stage.map_or("another stage", Stage::label);
    let detail = detail.as_deref().unwrap_or_default();
    match kind.as_str() {
        "deal.started" => format!("{about}: a deal was started{by}."),
        "deal.moved" => format!("{about} moved to {stage}{by}."),
        "deal.stalled" => format!("{about} is stalled in {stage}: {detail}."),
        "approval.opened" => format!("A decision is asked for{by}: {about}."),
        "approval.decided" => format!("Decided: {about} was {detail}{by}."),
        "approval.expired" => format!("Nobody decided in time: {about}."),
        "contract.added" => format!("A contract came in{by}: {about}."),
        "terms.extracted" => format!("{about} was read: {detail}."),
        "contract.accepted" => format!("{about} was accepted{by}."),
        _ => format!("{about}: {kind}{by}, {}.", moment(one.at)),
    }
}

/// A deal that stalled, for those who talk about it.
pub fn stalled(deal: &str, stage: Stage, stall: Stall) -> Card {
    let name = in_command(deal);
    let mut hold = say("Put on hold", format!("move {name} to on hold because it is stalled"));
    hold.style = Style::Danger;
    let mut keep = say("Still alive", format!("note {name} still alive"));
    keep.style = Style::Primary;
    Card::titled(format!("{deal} is stalled"))
        .and_text(format!("{deal} is in {}: {}.", stage.label(), why(stall)))
        .with(buttons(vec![keep, say("Show", format!("show {name}")), hold]))
}

/// Why a deal counts as stalled.
pub fn why(stall: Stall) -> String {
    match stall {
        Stall::Quiet { days } => format!("nothing happened for {days} days"),
        Stall::Slow { days, usual } => {
            format!("for {days} days by now; others were there for {usual} on average")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_plain_lines() {
        let at = "2026-11-23T12:00:00Z".parse().unwrap();
        let one = News {
            kind: "deal.moved".to_owned(),
            at,
            about: "Zahlwerk".to_owned(),
            who: Some("Dana".to_owned()),
            stage: Some(Stage::Signed),
            detail: None,
        };
        assert!(
            news(std::slice::from_ref(&one), "").to_plain().contains("Zahlwerk moved to Signed by Dana.")
        );
        let many = vec![one; 14];
        let told = news(&many, "https://d.example").to_plain();
        assert!(told.contains("14 news") && told.contains("2 more"), "{told}");
    }
}
