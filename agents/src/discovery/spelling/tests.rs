//! Slips that are mended, and words that are left alone.

use domain::words::words;

use super::*;

/// A directory that uses these words often, and nothing else.
fn read(text: &str, used: &[&str]) -> Vec<String> {
    let frequency = |word: &str| if used.contains(&word) { 1000 } else { 0 };
    let nearest = |word: &str| {
        used.iter().find(|right| distance(word, right, 2).is_some()).map(|right| (*right).to_owned())
    };
    let lexicon = Lexicon { frequency: &frequency, nearest: &nearest };
    mended(words(text), text, &lexicon).into_iter().map(|word| word.folded).collect()
}

#[test]
fn slips_are_mended() {
    for (text, used, expected) in [
        ("semi conductor", &["semiconductor"][..], "semiconductor"),
        ("toolmakers", &["tool"], "tool makers"),
        ("call centre", &[], "call center"),
        ("Immobilienunternehmen", &[], "immobilien"),
        ("Frnace", &[], "france"),
        ("telcom", &[], "telecom"),
        ("pneumonya", &["pneumonia"], "pneumonia"),
    ] {
        assert_eq!(read(text, used).join(" "), expected, "{text}");
    }
}

#[test]
fn the_directorys_own_words_are_left_alone() {
    for (text, used) in [
        ("bonks", &["bonks"][..]),
        ("trawler", &["trawler"]),
        ("SKYP", &[]),
        ("a320", &[]),
        ("health care", &["health"]),
    ] {
        assert_eq!(read(text, used).join(" "), text.to_lowercase(), "{text}");
    }
}

#[test]
fn a_rare_word_yields_to_a_question_word_that_is_used_far_more() {
    let frequency = |word: &str| if word == "equipement" { 20 } else { 6000 };
    let lexicon = Lexicon { frequency: &frequency, nearest: &|_| None };
    let mended = mended(words("equipement"), "equipement", &lexicon);
    assert_eq!(mended[0].folded, "equipment");
}
