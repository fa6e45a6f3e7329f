//! Whether something that the directory does not know of a company may well be so: by how often it is so
//! where the directory does know.

use domain::search::{Filters, Hit, Verdict};
use storage::directory::{Index, IndexError, Unknowns};

/// A fact that holds for fewer companies than this, of those of which it is known, is not assumed of one of
/// which it is not: nobody of unknown size is taken for one of the world's giants.
const SHARE_MIN: f64 = 0.03;

/// When no hit shows a word that was asked for, the best must fit this well by its trade alone.
const WORDLESS_FIT_MIN: u8 = 50;

/// Drops hits that would fit only if something rare were true of them, which nothing says. When words were
/// asked for, no hit shows any of them and none fits well without, none is left.
pub fn keep(index: &Index, filters: &Filters, hits: Vec<Hit>) -> Result<Vec<Hit>, IndexError> {
    let rare = rare_fields(index, filters)?;
    let is_bare = |hit: &Hit| {
        hit.evidence.iter().any(|e| e.verdict == Verdict::Unknown && rare.contains(&e.field.as_str()))
    };
    let kept: Vec<Hit> = hits.into_iter().filter(|hit| !is_bare(hit)).collect();
    let shows_words = |hit: &Hit| {
        hit.evidence.iter().any(|e| e.verdict == Verdict::Satisfied && filters.capability.contains(&e.part))
    };
    let is_wordless = !filters.capability.is_empty() && !kept.iter().any(shows_words);
    let is_weak = kept.iter().all(|hit| hit.fit < WORDLESS_FIT_MIN);
    if is_wordless && is_weak { Ok(Vec::new()) } else { Ok(kept) }
}

/// Fields whose asked value is rare.
fn rare_fields(index: &Index, filters: &Filters) -> Result<Vec<&'static str>, IndexError> {
    let all = Filters { countries: filters.countries.clone(), ..Filters::default() };
    let asked: [(&[&'static str], Filters); 5] = [
        (&["market_cap"], Filters { sizes: filters.sizes.clone(), ..all.clone() }),
        (
            &["state", "city"],
            Filters { states: filters.states.clone(), cities: filters.cities.clone(), ..all.clone() },
        ),
        (&["status"], Filters { status: filters.status.clone(), ..all.clone() }),
        (
            &["founded_year"],
            Filters { founded_min: filters.founded_min, founded_max: filters.founded_max, ..all.clone() },
        ),
        (
            &["funding_total_usd"],
            Filters {
                funding_min_usd: filters.funding_min_usd,
                funding_max_usd: filters.funding_max_usd,
                ..all.clone()
            },
        ),
    ];
    let total = index.count(&all, Unknowns::Allowed)?;
    let mut rare = Vec::new();
    for (fields, one) in asked {
        if one == all {
            continue;
        }
        let holds = index.count(&one, Unknowns::Refused)?;
        let unknown = index.count(&one, Unknowns::Allowed)?.saturating_sub(holds);
        let known = total.saturating_sub(unknown);
        if (holds as f64) < SHARE_MIN * known as f64 || known == 0 {
            rare.extend(fields);
        }
    }
    Ok(rare)
}
