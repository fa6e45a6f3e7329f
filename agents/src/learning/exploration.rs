//! Which companies stand on a page: the best, and now and then one to be learnt from, with a known chance.
//!
//! Who is never shown is never judged, so a scorer would only confirm itself. On every second page the last of ten
//! places goes to one drawn from those that follow: one place in twenty.

use domain::ids::PlanId;

/// Places on a page.
pub const PAGE: usize = 10;
/// How many candidates behind the page take part in the draw.
pub const RESERVE: usize = 10;
/// One page in so many has an explored place.
const PAGES: u64 = 2;

/// A company on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its place among the candidates, from 0.
    pub nth: usize,
    /// The chance it had of standing on the page.
    pub propensity: f64,
    /// True when it was drawn.
    pub is_exploration: bool,
}

/// The page of a search, from candidates in order. The draw follows from the search's key: a step that is done again
/// shows the same page.
pub fn page(plan: PlanId, candidates: usize) -> Vec<Place> {
    let best = |nth| Place { nth, propensity: 1.0, is_exploration: false };
    if candidates <= PAGE {
        return (0..candidates).map(best).collect();
    }
    let reserve = (candidates - PAGE).min(RESERVE) as u64;
    let key = plan.0.as_u128();
    let draw = mix((key as u64) ^ ((key >> 64) as u64));
    let chance = 1.0 / PAGES as f64;
    let mut places: Vec<Place> = (0..PAGE - 1).map(best).collect();
    places.push(if draw.is_multiple_of(PAGES) {
        let nth = PAGE + usize::try_from((draw >> 8) % reserve).unwrap_or(0);
        Place { nth, propensity: chance / reserve as f64, is_exploration: true }
    } else {
        Place { nth: PAGE - 1, propensity: 1.0 - chance, is_exploration: false }
    });
    places
}

/// Words beside a company that was drawn.
pub const SHOWN_TO_LEARN: &str = "shown to learn what you think of it";

/// A fixed mixing of bits.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn plan(nth: u128) -> PlanId {
        PlanId(Uuid::from_u128(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
    }

    #[test]
    fn a_short_list_is_shown_whole() {
        let places = page(plan(1), 7);
        assert!(places.iter().all(|place| !place.is_exploration && place.propensity == 1.0));
        assert_eq!(places.len(), 7);
    }

    #[test]
    fn one_place_in_twenty_is_explored_and_the_chances_are_told_truly() {
        let (mut explored, mut seen) = (0, [0_u32; 20]);
        let pages = 20_000;
        for nth in 0..pages {
            let places = page(plan(nth), 20);
            assert_eq!(places.len(), PAGE);
            assert_eq!(places, page(plan(nth), 20), "the same page again");
            explored += places.iter().filter(|place| place.is_exploration).count();
            places.iter().for_each(|place| seen[place.nth] += 1);
        }
        let share = explored as f64 / (pages as f64 * PAGE as f64);
        assert!((share - 0.05).abs() < 0.002, "{share}");
        let told = |nth: usize| {
            if nth < 9 {
                1.0
            } else if nth == 9 {
                0.5
            } else {
                0.05
            }
        };
        for (nth, count) in seen.iter().enumerate() {
            let is = f64::from(*count) / pages as f64;
            assert!((is - told(nth)).abs() < 0.02, "{nth}: {is}");
        }
    }
}
