//! What a command is, and how one is found by its spelling.

use domain::person::Role;

pub use super::catalogue::COMMANDS;
pub(crate) use super::catalogue::CONTRACTS;

/// Which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Look for partners.
    Find,
    /// Say whether companies fit.
    Feedback,
    /// Explain a fit.
    Why,
    /// List deals.
    List,
    /// Propose a deal with a company.
    Propose,
    /// Show one deal.
    Show,
    /// Move a deal.
    Move,
    /// Write a note.
    Note,
    /// Read a contract behind a link.
    Analyze,
    /// Open the locked file that was sent.
    Unlock,
    /// Show what was read in a contract.
    Contract,
    /// Send a contract with our offers marked in it.
    Redline,
    /// Send an accepted contract to those who sign it.
    Sign,
    /// Take a contract back that is out for signature.
    Void,
    /// Remind those who have not signed.
    Nudge,
    /// Ask a contract a question.
    Ask,
    /// Look for clauses in all contracts.
    Clauses,
    /// Say which deal a contract belongs to.
    Link,
    /// List the terms that a person is to look at.
    Reviews,
    /// List dates that come up.
    Renewals,
    /// Say what a room is told.
    Follow,
    /// List what waits for a decision.
    Approvals,
    /// Tell who has to approve what.
    Policy,
    /// Let somebody stand in.
    Delegate,
    /// Say that one is away.
    Away,
    /// Approve a request.
    Approve,
    /// Reject a request.
    Reject,
    /// Send a request back for changes.
    Return,
    /// Take a request back.
    Withdraw,
    /// List people.
    People,
    /// Be known on another channel.
    Join,
    /// Give a role.
    Role,
    /// Explain.
    Help,
}

/// What follows the command's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A question in plain words.
    Question,
    /// `good` or `bad`, names of companies, perhaps why.
    Feedback,
    /// Perhaps a stage.
    Stage,
    /// Perhaps a company's name.
    Company,
    /// A deal's name.
    Deal,
    /// A deal's name, a stage, perhaps a reason.
    DealAndStage,
    /// A deal's name and a text.
    DealAndText,
    /// A web address, perhaps a deal's name.
    Address,
    /// A contract's or a deal's name.
    Contract,
    /// A contract's or a deal's name and a question.
    ContractAndQuestion,
    /// A contract's name and a deal's.
    ContractAndDeal,
    /// A contract's or a deal's name, and who signs.
    ContractAndSigners,
    /// A contract's or a deal's name, and why.
    ContractAndReason,
    /// An approval's id, perhaps a comment.
    Approval,
    /// A person and a role.
    PersonAndRole,
    /// A password.
    Password,
    /// Perhaps a case in plain words.
    Case,
    /// Perhaps a person and for how long.
    Standin,
    /// Perhaps topics, and how often.
    Topics,
    /// Perhaps a code.
    Code,
    /// Perhaps a command.
    Topic,
}

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Which.
    pub kind: Kind,
    /// The word we teach.
    pub name: &'static str,
    /// Other words for the same, understood just as surely; compared without case and accents.
    pub aliases: &'static [&'static str],
    /// The same in German, French, Spanish and Italian.
    pub foreign: &'static [&'static str],
    /// How it is written, without the prefix.
    pub usage: &'static str,
    /// What it does, one line.
    pub purpose: &'static str,
    /// One that works, without the prefix.
    pub example: &'static str,
    /// The least role that may have it carried out.
    pub least_role: Role,
    /// What follows the word.
    pub argument: Argument,
    /// Heading in the help.
    pub group: &'static str,
}

impl Command {
    /// Every spelling of the command's word.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied()).chain(self.foreign.iter().copied())
    }
}

/// The row of a kind.
pub fn command(kind: Kind) -> &'static Command {
    // Every kind has its row; a test holds the table to it.
    COMMANDS.iter().find(|command| command.kind == kind).unwrap_or(&COMMANDS[0])
}

/// The command with a spelling, case and accents aside.
pub fn named(word: &str) -> Option<&'static Command> {
    let folded = word.split_whitespace().map(super::words::fold).collect::<Vec<_>>().join(" ");
    COMMANDS.iter().find(|command| command.spellings().any(|spelling| spelling == folded))
}
