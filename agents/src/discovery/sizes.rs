//! Size words: "mid cap", "small to mid cap", "large companies", "mid cap or larger".

use domain::company::Size;
use domain::words::Word;

fn bucket(word: &str) -> Option<Size> {
    Some(match word {
        "nano" => Size::Nano,
        "micro" => Size::Micro,
        "small" => Size::Small,
        "mid" | "medium" | "middle" => Size::Mid,
        "large" | "big" => Size::Large,
        "mega" => Size::Mega,
        _ => return None,
    })
}

/// One word that is a whole size.
fn joined(word: &str) -> Option<Vec<Size>> {
    Some(match word {
        "nanocap" | "nanocaps" => vec![Size::Nano],
        "microcap" | "microcaps" => vec![Size::Micro],
        "smallcap" | "smallcaps" => vec![Size::Small],
        "midcap" | "midcaps" | "midsize" | "midsized" | "midmarket" | "mittelstand" => vec![Size::Mid],
        "largecap" | "largecaps" => vec![Size::Large],
        "megacap" | "megacaps" => vec![Size::Mega],
        "sme" | "smes" | "kmu" | "pyme" | "pymes" | "pme" => vec![Size::Nano, Size::Micro, Size::Small],
        "modest" | "smallish" => vec![Size::Nano, Size::Micro, Size::Small],
        "middling" | "moderate" | "midrange" => vec![Size::Mid],
        "sizeable" | "sizable" | "heavyweight" | "heavyweights" => vec![Size::Large, Size::Mega],
        "tiny" => vec![Size::Nano, Size::Micro],
        "giant" | "giants" | "huge" => vec![Size::Large, Size::Mega],
        _ => return None,
    })
}

/// A size at this word of a question, and how many words it takes.
pub fn size_at(parts: &[Word], at: usize) -> Option<(Vec<Size>, usize)> {
    let word = |nth: usize| parts.get(at + nth).map_or("", |word| word.folded.as_str());
    let lead = match (word(0), word(1)) {
        ("at", "least" | "most") | ("up", "to") => 2,
        ("minimum" | "min" | "maximum" | "max", _) => 1,
        _ => 0,
    };
    let (mut sizes, mut taken) = plain_at(parts, at + lead)?;
    taken += lead;
    let upward = matches!((word(0), word(1)), ("at", "least") | ("minimum" | "min", _));
    let downward = matches!((word(0), word(1)), ("up", "to") | ("at", "most") | ("maximum" | "max", _));
    let tail = word(taken) == "or" || word(taken) == "and";
    let up = upward
        || tail && ["larger", "bigger", "above", "up", "higher", "more", "over"].contains(&word(taken + 1));
    let down = downward || tail && ["smaller", "below", "less", "under", "lower"].contains(&word(taken + 1));
    if up {
        let least = sizes.iter().min().copied()?;
        sizes = Size::ALL.into_iter().filter(|size| *size >= least).collect();
    } else if down {
        let most = sizes.iter().max().copied()?;
        sizes = Size::ALL.into_iter().filter(|size| *size <= most).collect();
    }
    let tail_taken = if (up && !upward) || (down && !downward) { 2 } else { 0 };
    Some((sizes, taken + tail_taken))
}

fn plain_at(parts: &[Word], at: usize) -> Option<(Vec<Size>, usize)> {
    let word = |nth: usize| parts.get(at + nth).map_or("", |word| word.folded.as_str());
    if let Some(sizes) = joined(word(0)) {
        return Some((sizes, 1));
    }
    if word(0) == "blue" && word(1).starts_with("chip") {
        return Some((vec![Size::Large, Size::Mega], 2));
    }
    let first = bucket(word(0))?;
    let (mut sizes, mut taken, mut ranged) = (vec![first], 1, false);
    loop {
        match word(taken) {
            "cap" | "caps" | "capitalization" | "capitalisation" | "capitalized" => {
                return Some((if ranged { between(&sizes) } else { sizes }, taken + 1));
            }
            "to" | "through" | "and" | "or" => {
                let Some(next) = bucket(word(taken + 1)) else { break };
                ranged |= matches!(word(taken), "to" | "through");
                sizes.push(next);
                taken += 2;
            }
            other => {
                let Some(next) = bucket(other) else { break };
                sizes.push(next);
                taken += 1;
            }
        }
    }
    if sizes.len() > 1 && !MINUTE.contains(&word(taken)) {
        return Some((if ranged { between(&sizes) } else { sizes }, taken));
    }
    loose(first, word(0), word(1), sizes.len()).map(|(sizes, more)| (sizes, 1 + more))
}

/// What makes another thing of "nano and micro" before it.
const MINUTE: &[&str] = &[
    "technology",
    "technologies",
    "electronics",
    "materials",
    "particles",
    "fibers",
    "fabrication",
    "optics",
    "structures",
];

/// What makes another thing of "big", "large" or "small" before it: "big data", "large-format printing".
const NO_SIZE: &[&str] = &[
    "data",
    "box",
    "ticket",
    "scale",
    "molecule",
    "molecules",
    "format",
    "bore",
    "animal",
    "animals",
    "talk",
    "arms",
    "parcel",
    "parcels",
    "screen",
    "claims",
    "language",
];

/// "large companies", "mid-sized", "small": not a bucket's name, so the buckets that a person means by it.
fn loose(first: Size, said: &str, next: &str, count: usize) -> Option<(Vec<Size>, usize)> {
    if count > 1 || said == "middle" && next == "east" {
        return None;
    }
    if NO_SIZE.contains(&next) {
        return None;
    }
    let sized = usize::from(["size", "sized", "market"].contains(&next));
    match first {
        Size::Small => Some((vec![Size::Nano, Size::Micro, Size::Small], sized)),
        Size::Mid if said == "medium" || sized == 1 => Some((vec![Size::Mid], sized)),
        Size::Large => Some((vec![Size::Large, Size::Mega], sized)),
        _ => None,
    }
}

fn between(sizes: &[Size]) -> Vec<Size> {
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    Size::ALL
        .into_iter()
        .filter(|size| least.is_some_and(|l| size >= l) && most.is_some_and(|m| size <= m))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::words::words;

    #[test]
    fn spellings_of_sizes() {
        use Size::{Large, Mega, Micro, Mid, Nano, Small};
        for (text, sizes, taken) in [
            ("mid cap", vec![Mid], 2),
            ("mid-caps", vec![Mid], 2),
            ("midcap firms", vec![Mid], 1),
            ("small to large cap", vec![Small, Mid, Large], 4),
            ("small and mid cap", vec![Small, Mid], 4),
            ("mid cap or larger", vec![Mid, Large, Mega], 4),
            ("at least large cap", vec![Large, Mega], 4),
            ("large companies", vec![Large, Mega], 1),
            ("small", vec![Nano, Micro, Small], 1),
            ("medium sized", vec![Mid], 2),
            ("nano or micro", vec![Nano, Micro], 3),
            ("small to mid", vec![Small, Mid], 3),
            ("modest-sized lenders", vec![Nano, Micro, Small], 1),
            ("middling size", vec![Mid], 1),
        ] {
            assert_eq!(size_at(&words(text), 0), Some((sizes, taken)), "{text}");
        }
        for text in [
            "big data analytics",
            "small-molecule drugs",
            "middle east",
            "mega trends",
            "nano materials",
            "cap",
        ] {
            assert_eq!(size_at(&words(text), 0), None, "{text}");
        }
    }
}
