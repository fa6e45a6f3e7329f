//! Help, misunderstandings and errors.

use crate::person::Role;

/// Commands under one heading of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpGroup {
    /// The heading.
    pub title: String,
    /// Its commands.
    pub lines: Vec<HelpLine>,
}

/// One command of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine {
    /// How it is written.
    pub usage: String,
    /// What it does.
    pub purpose: String,
    /// One that works.
    pub example: String,
    /// The role it takes, when the reader's does not suffice.
    pub needs: Option<Role>,
}
