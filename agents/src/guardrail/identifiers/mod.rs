//! Tables of national and international identifiers, one file a region.

mod americas;
mod asia;
mod central;
mod europe;
mod germany;
mod latin;
mod north;
mod pacific;
mod world;

use super::rule::Rule;

/// All rows of all regions.
pub(super) fn tables() -> impl Iterator<Item = &'static Rule> {
    [
        americas::RULES,
        asia::RULES,
        central::RULES,
        europe::RULES,
        germany::RULES,
        latin::RULES,
        north::RULES,
        pacific::RULES,
        world::RULES,
    ]
    .into_iter()
    .flatten()
}
