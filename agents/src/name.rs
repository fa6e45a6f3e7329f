//! Which deal or document a typed name means.

use std::str::FromStr;

/// Why a typed name means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Several fit.
    Several {
        /// What was typed.
        typed: String,
        /// Some of those that fit.
        names: Vec<String>,
    },
    /// None fits.
    None {
        /// What was typed.
        typed: String,
        /// Names that are written much like it.
        nearest: Vec<String>,
    },
}

/// What has a typed name: the whole name, else its beginning, else a part of it.
/// Errors: none or several fit.
pub(crate) fn find<K: Copy + PartialEq + FromStr>(names: &[(K, String)], said: &str) -> Result<K, Miss> {
    // Programs name it by its key.
    if let Some((id, _)) = names.iter().find(|(id, _)| said.trim().parse().is_ok_and(|key: K| key == *id)) {
        return Ok(*id);
    }
    let typed = fold(said);
    let tests: [fn(&str, &str) -> bool; 3] =
        [|name, t| name == t, |name, t| name.starts_with(t), |name, t| name.contains(t)];
    for test in tests {
        let fitting: Vec<_> = names.iter().filter(|(_, name)| test(&fold(name), &typed)).collect();
        match fitting.as_slice() {
            [] => {}
            [(id, _)] => return Ok(*id),
            // The same name twice: the one that was touched last.
            [(id, first), rest @ ..] if rest.iter().all(|(_, name)| name == first) => return Ok(*id),
            several => {
                let names = several.iter().map(|(_, name)| name.clone()).take(5).collect();
                return Err(Miss::Several { typed: said.to_owned(), names });
            }
        }
    }
    Err(Miss::None { typed: said.to_owned(), nearest: nearest(names, &typed) })
}

/// Tells a deal's name from the note behind it. `note Acme Robotics call them` comes as `Acme` and
/// `Robotics call them`; the longest beginning that is a deal's name counts.
pub(crate) fn split_note<K: Copy + PartialEq + FromStr>(
    names: &[(K, String)],
    deal: &str,
    text: &str,
) -> Result<(K, String), Miss> {
    let words: Vec<&str> = text.split_whitespace().collect();
    for taken in (1..words.len()).rev() {
        let longer = fold(&format!("{deal} {}", words[..taken].join(" ")));
        if let Some((id, _)) = names.iter().find(|(_, name)| fold(name) == longer) {
            return Ok((*id, words[taken..].join(" ")));
        }
    }
    Ok((find(names, deal)?, text.trim().to_owned()))
}

fn nearest<K>(names: &[(K, String)], typed: &str) -> Vec<String> {
    let mut scored: Vec<(usize, &str)> = names
        .iter()
        .map(|(_, name)| (distance(&fold(name), typed), name.as_str()))
        .filter(|(far, name)| *far <= 1 + name.len() / 3)
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Letters and digits in lower case, with single spaces between words.
fn fold(text: &str) -> String {
    let spaced: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Levenshtein distance in letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = cost.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use domain::ids::{DealId, Ids};

    use super::*;

    fn names(list: &[&str]) -> Vec<(DealId, String)> {
        let ids = Ids::counted_from(1);
        list.iter().map(|name| (DealId(ids.next()), (*name).to_owned())).collect()
    }

    #[test]
    fn a_name_is_found_by_its_beginning_or_a_part_unless_several_fit() {
        let all = names(&["Wirecard AG", "Adyen N.V.", "Heidelpay", "Heidelberg Pharma"]);
        assert_eq!(find(&all, "adyen n.v.").unwrap(), all[1].0);
        assert_eq!(find(&all, "wire").unwrap(), all[0].0);
        assert_eq!(find(&all, "pharma").unwrap(), all[3].0);
        let several = Miss::Several {
            typed: "heidel".to_owned(),
            names: vec!["Heidelpay".to_owned(), "Heidelberg Pharma".to_owned()],
        };
        assert_eq!(find(&all, "heidel").unwrap_err(), several);
        let near = Miss::None { typed: "Adyem NV".to_owned(), nearest: vec!["Adyen N.V.".to_owned()] };
        assert_eq!(find(&all, "Adyem NV").unwrap_err(), near);
    }

    #[test]
    fn a_key_names_its_deal_whatever_the_names_are() {
        let all = names(&["Acme", "Acme"]);
        assert_eq!(find(&all, &all[1].0.to_string()).unwrap(), all[1].0);
        let (id, text) = split_note(&all, &all[1].0.to_string(), "call them").unwrap();
        assert_eq!((id, text.as_str()), (all[1].0, "call them"));
    }

    #[test]
    fn a_note_starts_behind_the_longest_name() {
        let all = names(&["Acme", "Acme Robotics"]);
        let (id, text) = split_note(&all, "Acme", "Robotics call them Tuesday").unwrap();
        assert_eq!((id, text.as_str()), (all[1].0, "call them Tuesday"));
        let (id, text) = split_note(&all, "acme", "call them").unwrap();
        assert_eq!((id, text.as_str()), (all[0].0, "call them"));
    }
}
