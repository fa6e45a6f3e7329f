//! Natural wordings as rows: words in order with a gap, what they mean, how sure that is.

use domain::intent::Intent;

use super::explicit::kept;
use super::natural::{deal_name, is_about_companies, topic};
use super::words::Words;
use super::{Reading, lexicon, listing, sure};

/// What a pattern means.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Find,
    Show,
    Move,
    Approvals,
    People,
    Help,
    HowTo,
}

/// A wording: words in order, `*` for the part that is kept, and how sure it makes us.
pub(super) struct Wording(&'static str, Meaning, f64);

/// Wordings that a command's word would otherwise catch, because they begin like one.
pub(super) static BEFORE_COMMANDS: &[Wording] = &[
    Wording("status of approvals", Meaning::Approvals, 0.8),
    Wording("waiting for my approval", Meaning::Approvals, 0.9),
    Wording("pending for me", Meaning::Approvals, 0.9),
    Wording("show what is waiting for me", Meaning::Approvals, 0.9),
    Wording("show me what is waiting for me", Meaning::Approvals, 0.9),
    Wording("show me whats waiting for me", Meaning::Approvals, 0.9),
    Wording("show whats waiting for me", Meaning::Approvals, 0.9),
    Wording("show me what you can do", Meaning::Help, 0.9),
    Wording("show me how to *", Meaning::HowTo, 0.8),
    Wording("find out how * is doing", Meaning::Show, 0.8),
    Wording("look at *", Meaning::Show, 0.75),
    Wording("find out about *", Meaning::Show, 0.65),
    Wording("zeig mir was du kannst", Meaning::Help, 0.9),
    Wording("deal with *", Meaning::Show, 0.7),
];

/// Natural wordings; the first that fits is taken, so the particular come first.
pub(super) static WORDINGS: &[Wording] = &[
    // What waits.
    Wording("what is waiting on me", Meaning::Approvals, 0.9),
    Wording("what is waiting for my approval", Meaning::Approvals, 0.9),
    Wording("what is pending", Meaning::Approvals, 0.85),
    Wording("whats pending", Meaning::Approvals, 0.85),
    Wording("anything waiting for me", Meaning::Approvals, 0.9),
    Wording("anything waiting", Meaning::Approvals, 0.85),
    Wording("is anything waiting for me", Meaning::Approvals, 0.9),
    Wording("is there anything to approve", Meaning::Approvals, 0.9),
    Wording("is there anything for me to approve", Meaning::Approvals, 0.9),
    Wording("anything to approve", Meaning::Approvals, 0.9),
    Wording("anything for me to approve", Meaning::Approvals, 0.9),
    Wording("do i have anything to approve", Meaning::Approvals, 0.9),
    Wording("do i have approvals", Meaning::Approvals, 0.9),
    Wording("any approvals", Meaning::Approvals, 0.9),
    Wording("any approvals for me", Meaning::Approvals, 0.9),
    Wording("any pending approvals", Meaning::Approvals, 0.9),
    Wording("what do i have to approve", Meaning::Approvals, 0.9),
    Wording("what do i need to approve", Meaning::Approvals, 0.9),
    Wording("what do i need to decide", Meaning::Approvals, 0.85),
    Wording("what do i have to decide", Meaning::Approvals, 0.85),
    Wording("what should i approve", Meaning::Approvals, 0.85),
    Wording("what needs my approval", Meaning::Approvals, 0.9),
    Wording("what needs approval", Meaning::Approvals, 0.85),
    Wording("which approvals are open", Meaning::Approvals, 0.9),
    Wording("which approvals are pending", Meaning::Approvals, 0.9),
    Wording("what approvals are open", Meaning::Approvals, 0.9),
    Wording("what approvals do i have", Meaning::Approvals, 0.9),
    Wording("what requests are open", Meaning::Approvals, 0.85),
    Wording("was wartet auf mich", Meaning::Approvals, 0.9),
    Wording("quest ce qui mattend", Meaning::Approvals, 0.8),
    Wording("que me espera", Meaning::Approvals, 0.8),
    // Who is who.
    Wording("who can approve", Meaning::People, 0.85),
    Wording("who can approve *", Meaning::People, 0.75),
    Wording("who may approve", Meaning::People, 0.85),
    Wording("who are the approvers", Meaning::People, 0.9),
    Wording("who are our approvers", Meaning::People, 0.9),
    Wording("who are the admins", Meaning::People, 0.9),
    Wording("who is admin", Meaning::People, 0.9),
    Wording("who is an admin", Meaning::People, 0.9),
    Wording("who is the admin", Meaning::People, 0.9),
    Wording("who is an approver", Meaning::People, 0.9),
    Wording("who is on the team", Meaning::People, 0.9),
    Wording("who is in the team", Meaning::People, 0.9),
    Wording("whos on the team", Meaning::People, 0.9),
    Wording("who is in my team", Meaning::People, 0.9),
    Wording("which people are there", Meaning::People, 0.8),
    Wording("what is my role", Meaning::People, 0.8),
    Wording("whats my role", Meaning::People, 0.8),
    // What can be said.
    Wording("what can i say", Meaning::Help, 0.9),
    Wording("what can i do", Meaning::Help, 0.9),
    Wording("what can i ask", Meaning::Help, 0.9),
    Wording("what can i ask you", Meaning::Help, 0.9),
    Wording("what can you do for me", Meaning::Help, 0.9),
    Wording("what do you do", Meaning::Help, 0.85),
    Wording("what are you", Meaning::Help, 0.8),
    Wording("who are you", Meaning::Help, 0.8),
    Wording("what are the commands", Meaning::Help, 0.9),
    Wording("which commands are there", Meaning::Help, 0.9),
    Wording("how do i use this", Meaning::Help, 0.9),
    Wording("how do i use you", Meaning::Help, 0.9),
    Wording("how do you work", Meaning::Help, 0.85),
    Wording("i need help", Meaning::Help, 0.9),
    Wording("i need some help", Meaning::Help, 0.9),
    Wording("i need help with *", Meaning::HowTo, 0.8),
    Wording("need help", Meaning::Help, 0.9),
    Wording("was kannst du", Meaning::Help, 0.9),
    Wording("que peux tu faire", Meaning::Help, 0.9),
    Wording("que puedes hacer", Meaning::Help, 0.9),
    Wording("how do i *", Meaning::HowTo, 0.75),
    Wording("how can i *", Meaning::HowTo, 0.75),
    Wording("how do you *", Meaning::HowTo, 0.7),
    Wording("how to *", Meaning::HowTo, 0.7),
    // How a deal is.
    Wording("how is * doing", Meaning::Show, 0.9),
    Wording("hows * doing", Meaning::Show, 0.9),
    Wording("how is * going", Meaning::Show, 0.9),
    Wording("hows * going", Meaning::Show, 0.9),
    Wording("how is it going with *", Meaning::Show, 0.9),
    Wording("hows it going with *", Meaning::Show, 0.9),
    Wording("how are things with *", Meaning::Show, 0.9),
    Wording("how are we doing with *", Meaning::Show, 0.9),
    Wording("how far are we with *", Meaning::Show, 0.9),
    Wording("how is the deal with *", Meaning::Show, 0.9),
    Wording("where are we with *", Meaning::Show, 0.9),
    Wording("where are we on *", Meaning::Show, 0.9),
    Wording("where do we stand with *", Meaning::Show, 0.9),
    Wording("where do we stand on *", Meaning::Show, 0.9),
    Wording("where does * stand", Meaning::Show, 0.9),
    Wording("where is * at", Meaning::Show, 0.85),
    Wording("what is the status of *", Meaning::Show, 0.95),
    Wording("whats the status of *", Meaning::Show, 0.95),
    Wording("what is the status on *", Meaning::Show, 0.95),
    Wording("what is the stage of *", Meaning::Show, 0.95),
    Wording("what stage is * in", Meaning::Show, 0.95),
    Wording("which stage is * in", Meaning::Show, 0.95),
    Wording("in which stage is *", Meaning::Show, 0.95),
    Wording("what happened with *", Meaning::Show, 0.85),
    Wording("what happened to *", Meaning::Show, 0.85),
    Wording("what is happening with *", Meaning::Show, 0.85),
    Wording("whats happening with *", Meaning::Show, 0.85),
    Wording("what is new with *", Meaning::Show, 0.85),
    Wording("whats new with *", Meaning::Show, 0.85),
    Wording("whats up with *", Meaning::Show, 0.85),
    Wording("any news on *", Meaning::Show, 0.85),
    Wording("any news from *", Meaning::Show, 0.8),
    Wording("any update on *", Meaning::Show, 0.85),
    Wording("any updates on *", Meaning::Show, 0.85),
    Wording("update on *", Meaning::Show, 0.8),
    Wording("the status of *", Meaning::Show, 0.9),
    Wording("the latest on *", Meaning::Show, 0.85),
    Wording("latest on *", Meaning::Show, 0.85),
    Wording("what about *", Meaning::Show, 0.65),
    Wording("tell me about *", Meaning::Show, 0.7),
    Wording("give me the details of *", Meaning::Show, 0.85),
    Wording("give me details on *", Meaning::Show, 0.85),
    Wording("give me an update on *", Meaning::Show, 0.85),
    Wording("wie steht es um *", Meaning::Show, 0.9),
    Wording("wie steht es mit *", Meaning::Show, 0.9),
    Wording("ou en est *", Meaning::Show, 0.9),
    Wording("como va *", Meaning::Show, 0.9),
    Wording("how is *", Meaning::Show, 0.7),
    Wording("hows *", Meaning::Show, 0.7),
    // Losses and wins that are told as such.
    Wording("we lost *", Meaning::Move, 0.5),
    // Questions about companies. Without evidence in the rest, weak ones stay below the threshold.
    Wording("looking for *", Meaning::Find, 0.8),
    Wording("im looking for *", Meaning::Find, 0.85),
    Wording("i am looking for *", Meaning::Find, 0.85),
    Wording("were looking for *", Meaning::Find, 0.85),
    Wording("we are looking for *", Meaning::Find, 0.85),
    Wording("are looking for *", Meaning::Find, 0.7),
    Wording("im searching for *", Meaning::Find, 0.85),
    Wording("i am searching for *", Meaning::Find, 0.85),
    Wording("where can i find *", Meaning::Find, 0.8),
    Wording("where do i find *", Meaning::Find, 0.8),
    Wording("in search of *", Meaning::Find, 0.8),
    Wording("on the hunt for *", Meaning::Find, 0.8),
    Wording("get me a list of *", Meaning::Find, 0.7),
    Wording("give me a list of *", Meaning::Find, 0.7),
    Wording("make me a list of *", Meaning::Find, 0.7),
    Wording("a list of *", Meaning::Find, 0.65),
    Wording("ich suche *", Meaning::Find, 0.85),
    Wording("wir suchen *", Meaning::Find, 0.85),
    Wording("je cherche *", Meaning::Find, 0.85),
    Wording("nous cherchons *", Meaning::Find, 0.85),
    Wording("busco *", Meaning::Find, 0.85),
    Wording("buscamos *", Meaning::Find, 0.85),
    Wording("who does *", Meaning::Find, 0.65),
    Wording("who offers *", Meaning::Find, 0.75),
    Wording("who sells *", Meaning::Find, 0.75),
    Wording("who provides *", Meaning::Find, 0.75),
];

impl Wording {
    /// What the words mean if they are worded like this.
    pub(super) fn read(&self, words: &Words<'_>) -> Option<Reading> {
        let gap = self.gap(words)?;
        let mut confidence = self.2;
        let intent = match self.1 {
            Meaning::Approvals => Intent::ListApprovals,
            Meaning::People => Intent::ListPeople,
            Meaning::Help => Intent::Help { topic: None },
            Meaning::HowTo => Intent::Help { topic: topic(gap)? },
            Meaning::Show => {
                let inner = Words::new(gap);
                if let Some(wanted) = listing::read(&inner, 0).filter(|wanted| wanted.names_deals) {
                    Intent::ListDeals { stage: wanted.stage, mine: wanted.mine }
                } else if is_about_companies(&inner, 0) {
                    Intent::Find { query: kept(gap) }
                } else {
                    Intent::ShowDeal {
                        deal: Some(deal_name(gap)).filter(|n| !n.is_empty() && inner.len() <= 8)?,
                    }
                }
            }
            Meaning::Move => Intent::MoveDeal {
                deal: Some(deal_name(gap)).filter(|name| !name.is_empty())?,
                stage: domain::deal::Stage::Lost,
                reason: None,
            },
            Meaning::Find => {
                let inner = Words::new(gap);
                if lexicon::evidence(&inner, 0).is_some() {
                    confidence = (confidence + 0.1).min(0.9);
                }
                Intent::Find { query: Some(kept(gap)).filter(|query| !query.is_empty())? }
            }
        };
        Some(sure(intent, confidence))
    }

    /// The text in the gap, or an empty one for a wording without; none when it does not fit.
    fn gap<'a>(&self, words: &Words<'a>) -> Option<&'a str> {
        let Some((before, after)) = self.0.split_once('*') else {
            return words.phrase_at(0, self.0).filter(|used| is_over(words, *used)).map(|_| "");
        };
        let (before, after) = (before.trim(), after.trim());
        let from = words.phrase_at(0, before)?;
        if after.is_empty() {
            return Some(words.rest(from)).filter(|gap| !gap.is_empty());
        }
        let to = (from + 1..words.len())
            .find(|at| words.phrase_at(*at, after).is_some_and(|used| is_over(words, at + used)))?;
        Some(words.span(from, to))
    }
}

/// Nothing but manners follows.
fn is_over(words: &Words<'_>, at: usize) -> bool {
    at == words.len()
        || words
            .longest_at(
                at,
                &["please", "right now", "now", "today", "at the moment", "currently", "thanks", "then"],
            )
            .is_some_and(|used| at + used == words.len())
}
