//! Slack's limits.

/// Blocks in one message.
pub(super) const BLOCKS_MAX: usize = 50;
/// Characters of all texts of a message. Slack names no number, but refuses from about 13,200.
pub(super) const MESSAGE_MAX: usize = 12_000;
/// Characters of one text.
pub(super) const TEXT_MAX: usize = 3000;
/// The longest address a link may have, characters, so that its words fit beside it in one text.
pub(super) const LINK_MAX: usize = 1900;
/// Characters of a heading.
pub(super) const HEADER_MAX: usize = 150;
/// Characters of the label of a button or an option.
pub(super) const LABEL_MAX: usize = 75;
/// Characters of a button's value.
pub(super) const VALUE_MAX: usize = 2000;
/// Characters of an option's value.
pub(super) const OPTION_VALUE_MAX: usize = 150;
/// Options in one set of checkboxes.
pub(super) const OPTIONS_MAX: usize = 10;
/// Buttons in one row: Slack takes 25, more than five wrap badly.
pub(super) const BUTTONS_MAX: usize = 5;
/// Names and values in one section.
pub(super) const FIELDS_MAX: usize = 10;
/// Characters of one name with its value.
pub(super) const FIELD_MAX: usize = 2000;
