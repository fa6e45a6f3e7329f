//! Passages and runs of sentences that may be a term, with the numbers the second look judges them by.

use super::{
    passage::{Kind, OWN_NUMBERS},
    reading::Reading,
};
use crate::contract::{structure::word_hash, terms};

/// Terms with labels, and so with a class of their own in the sentence scorer: the first 41.
pub const LABELLED: usize = 41;
/// Classes of the passage scorer, by [`Group`].
pub const PASSAGE_CLASSES: usize = 5;

/// Which trees judge a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A run of sentences, for most terms.
    Clause,
    /// The title.
    Title,
    /// A party.
    Party,
    /// The agreement date.
    Agreement,
    /// The effective date.
    Effective,
    /// What calls the parties parties.
    Together,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 6] =
        [Self::Clause, Self::Title, Self::Party, Self::Agreement, Self::Effective, Self::Together];

    /// Class in the passage scorer; none for clauses.
    #[must_use]
    pub fn class(self) -> usize {
        self as usize - 1
    }

    /// Place of the term in the list of terms; for clauses it differs.
    #[must_use]
    pub fn term(self) -> usize {
        match self {
            Self::Clause | Self::Title => 0,
            Self::Party | Self::Together => 1,
            Self::Agreement => 2,
            Self::Effective => 3,
        }
    }

    /// How many numbers its trees read.
    #[must_use]
    pub fn width(self) -> usize {
        if self == Self::Clause { CLAUSE_NUMBERS } else { OWN_NUMBERS + PASSAGE_NUMBERS }
    }
}

/// A place that may be a term.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Place of the term in the list of terms.
    pub term: usize,
    /// Which trees judge it.
    pub group: Group,
    /// Byte offset of its first letter.
    pub start: usize,
    /// Byte offset after its last letter.
    pub end: usize,
    /// Its passage in the reading, when it is one.
    pub passage: Option<usize>,
    /// What the trees read.
    pub numbers: Vec<f32>,
    /// What they say, in log-odds.
    pub odds: f32,
    /// The calibrated probability that it is the term.
    pub share: f32,
}

/// What is known of a term from the labelled contracts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Habit {
    /// Share of contracts that have it.
    pub present: f32,
    /// Passages in a contract that has it.
    pub passages: f32,
    /// Words of a passage.
    pub words: f32,
}

const CLAUSE_NUMBERS: usize = 44;
const PASSAGE_NUMBERS: usize = 8;
/// Sentences a term that are looked at a second time.
const SENTENCES_MAX: usize = 16;
/// Below these log-odds a sentence is not looked at again.
const ODDS_MIN: f32 = -8.0;
/// Scores of the first look.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// `sentences[sentence * LABELLED + term]`.
    pub sentences: &'a [f32],
    /// `passages[passage * PASSAGE_CLASSES + class]`.
    pub passages: &'a [f32],
}

/// All candidates of a contract.
#[must_use]
pub fn candidates(reading: &Reading, scores: Scores<'_>, habits: &[Habit]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for group in [Group::Title, Group::Party, Group::Agreement, Group::Effective, Group::Together] {
        passages(reading, scores, group, &mut found);
    }
    let view = View::of(reading, scores, habits);
    for term in 3..LABELLED {
        view.clauses(term, &mut found);
    }
    found
}

fn passages(reading: &Reading, scores: Scores<'_>, group: Group, found: &mut Vec<Candidate>) {
    let wanted = |kind: &Kind| {
        matches!(
            (kind, group),
            (Kind::Title, Group::Title)
                | (Kind::Party { .. }, Group::Party)
                | (Kind::Together, Group::Together)
                | (Kind::Date(_), Group::Agreement | Group::Effective)
        )
    };
    let own = |at: usize| scores.passages[at * PASSAGE_CLASSES + group.class()];
    let chosen: Vec<usize> =
        (0..reading.passages.len()).filter(|at| wanted(&reading.passages[*at].kind)).collect();
    let best = chosen.iter().map(|at| own(*at)).fold(f32::MIN, f32::max);
    for at in &chosen {
        let one = &reading.passages[*at];
        let rank = chosen.iter().filter(|other| own(**other) > own(*at)).count();
        let sentence = reading.outline.sentences.partition_point(|sentence| sentence.end <= one.start);
        let around = |term: usize| scores.sentences.get(sentence * LABELLED + term).copied().unwrap_or(-9.0);
        let other = if group == Group::Effective { Group::Agreement } else { Group::Effective };
        let mut numbers = one.numbers.to_vec();
        numbers.extend([
            own(*at),
            rank as f32,
            own(*at) - best,
            around(group.term()),
            around(if group == Group::Effective { 4 } else { 1 }),
            scores.passages[at * PASSAGE_CLASSES + other.class()],
            chosen.len() as f32,
            sentence as f32,
        ]);
        let (start, end) = (one.start, one.end);
        found.push(Candidate {
            term: group.term(),
            group,
            start,
            end,
            passage: Some(*at),
            numbers,
            odds: 0.0,
            share: 0.0,
        });
    }
}

struct View<'a> {
    reading: &'a Reading,
    scores: &'a [f32],
    habits: &'a [Habit],
    count: usize,
    /// Best log-odds of any term, for each sentence, and which term.
    best: Vec<(f32, usize)>,
    headings: Vec<Vec<u32>>,
    /// Best log-odds of any sentence, for each term.
    strongest: Vec<f32>,
}

impl<'a> View<'a> {
    fn of(reading: &'a Reading, scores: Scores<'a>, habits: &'a [Habit]) -> Self {
        let count = scores.sentences.len() / LABELLED;
        let best = scores.sentences.chunks(LABELLED).map(|row| {
            row.iter()
                .enumerate()
                .skip(3)
                .fold((f32::MIN, 0), |best, (term, odds)| if *odds > best.0 { (*odds, term) } else { best })
        });
        let heading = |heading: &String| heading.split_whitespace().map(word_hash).fold(0, ml::hashing::pair);
        let headings = terms::all().iter().map(|term| term.headings.iter().map(heading).collect()).collect();
        let mut strongest = vec![-9.0f32; LABELLED];
        for row in scores.sentences.chunks(LABELLED) {
            strongest.iter_mut().zip(row).for_each(|(best, odds)| *best = best.max(*odds));
        }
        Self { reading, scores: scores.sentences, habits, count, best: best.collect(), headings, strongest }
    }

    fn odds(&self, sentence: usize, term: usize) -> f32 {
        self.scores[sentence * LABELLED + term]
    }

    fn clauses(&self, term: usize, found: &mut Vec<Candidate>) {
        let mut order: Vec<usize> = (0..self.count).filter(|at| self.odds(*at, term) > ODDS_MIN).collect();
        order.sort_by(|a, b| self.odds(*b, term).total_cmp(&self.odds(*a, term)));
        // Labelled passages are single sentences, all but one or two in a hundred.
        let runs: Vec<(usize, usize)> = order.iter().take(SENTENCES_MAX).map(|at| (*at, *at)).collect();
        let odds: Vec<f32> = order.iter().map(|at| self.odds(*at, term)).collect();
        for (first, last) in runs {
            let sentences = &self.reading.outline.sentences;
            let (start, end) = (sentences[first].start, sentences[last].end);
            let numbers = self.numbers(term, (first, last), &odds);
            found.push(Candidate {
                term,
                group: Group::Clause,
                start,
                end,
                passage: None,
                numbers,
                odds: 0.0,
                share: 0.0,
            });
        }
    }

    fn numbers(&self, term: usize, (first, last): (usize, usize), odds: &[f32]) -> Vec<f32> {
        let run = first..=last;
        let own: Vec<f32> = run.clone().map(|at| self.odds(at, term)).collect();
        let most = own.iter().copied().fold(f32::MIN, f32::max);
        let least = own.iter().copied().fold(f32::MAX, f32::min);
        let mean = own.iter().sum::<f32>() / own.len() as f32;
        let beside =
            |at: Option<usize>| at.filter(|at| *at < self.count).map_or(-9.0, |at| self.odds(at, term));
        let top = odds.first().copied().unwrap_or(-9.0);
        let above = |least: f32| odds.iter().filter(|odds| **odds > least).count() as f32;
        let (sentences, habit) = (&self.reading.outline.sentences, self.habits[term]);
        let (start, end) = (sentences[first].words.0, sentences[last].words.1);
        let length = ((end - start) as f32).ln_1p();
        let hits = run.clone().flat_map(|at| &self.reading.hits[at]).filter(|hit| hit.term == term).count();
        let other =
            run.clone().map(|at| self.best[at]).fold((f32::MIN, 0), |a, b| if b.0 > a.0 { b } else { a });
        let heading = self.reading.outline.heading_of(&sentences[first]);
        let heading = heading.iter().map(|word| word.hash).fold(0, ml::hashing::pair);
        let paragraph = sentences
            .iter()
            .skip(first.saturating_sub(6))
            .take(14)
            .filter(|s| s.paragraph == sentences[first].paragraph);
        let mut numbers = vec![
            most,
            mean,
            least,
            own.last().copied().unwrap_or(-9.0),
            own[0],
            beside(first.checked_sub(1)),
            beside(Some(last + 1)),
            beside(first.checked_sub(2)),
            beside(Some(last + 2)),
            top,
            most - top,
            odds.iter().filter(|odds| **odds > most).count() as f32,
            above(0.0),
            above(-2.0),
            odds.get(1).copied().unwrap_or(-9.0),
            (last - first) as f32,
            length,
            first as f32 / self.count.max(1) as f32,
            hits as f32,
            f32::from(u8::from(self.headings[term].contains(&heading))),
            other.0 - most,
            f32::from(u8::from(other.1 == term)),
            habit.present,
            habit.passages,
            length - habit.words.ln_1p(),
            term as f32,
            (self.count as f32).ln_1p(),
            paragraph.count() as f32,
            f32::from(u8::from(first > 0 && sentences[first - 1].paragraph == sentences[first].paragraph)),
        ];
        self.related(term, (start, end), &mut numbers);
        self.around(term, first, odds, &mut numbers);
        numbers.resize(CLAUSE_NUMBERS, 0.0);
        numbers
    }

    /// Numbers in the words, and how strongly kindred terms are present anywhere in the contract.
    fn related(&self, term: usize, (start, end): (usize, usize), numbers: &mut Vec<f32>) {
        let words = &self.reading.outline.words[start..end];
        let figure = word_hash("#");
        numbers.push(words.iter().filter(|word| word.hash == figure).count() as f32);
        numbers.push(f32::from(u8::from(
            words.iter().any(|word| word.end - word.start == 1 && word.hash == word_hash("%")),
        )));
        numbers.push(words.first().map_or(0.0, |word| f32::from(u8::from(word.capital))));
        let mut kin: Vec<f32> = KIN
            .iter()
            .filter(|kin| kin.contains(&(term + 1)))
            .flat_map(|kin| kin.iter())
            .filter(|kin| **kin != term + 1)
            .map(|kin| self.strongest[kin - 1])
            .collect();
        kin.sort_by(f32::total_cmp);
        numbers.push(kin.last().copied().unwrap_or(-9.0));
        numbers.push(kin.first().copied().unwrap_or(-9.0));
    }

    /// How the rest of the section and of the contract looks for the term.
    fn around(&self, term: usize, at: usize, odds: &[f32], numbers: &mut Vec<f32>) {
        let sentences = &self.reading.outline.sentences;
        let same = |other: &usize| sentences[*other].heading == sentences[at].heading;
        let (low, high) = (at.saturating_sub(20), (at + 20).min(self.count));
        let section: Vec<f32> = (low..high)
            .filter(same)
            .filter(|other| *other != at)
            .map(|other| self.odds(other, term))
            .collect();
        numbers.push(section.iter().copied().fold(-9.0, f32::max));
        numbers.push(section.iter().filter(|odds| **odds > -1.0).count() as f32);
        numbers.push(at.saturating_sub((low..at).find(same).unwrap_or(at)) as f32);
        let expected: f32 = odds.iter().map(|odds| 1.0 / (1.0 + (-odds).exp())).sum();
        numbers.push(expected);
        let top = &odds[..odds.len().min(5)];
        numbers.push(self.odds(at, term) - top.iter().sum::<f32>() / top.len().max(1) as f32);
        let row = &self.scores[at * LABELLED + 3..(at + 1) * LABELLED];
        numbers.push(row.iter().filter(|odds| **odds > -1.0).count() as f32);
        numbers.push(odds.get(2).copied().unwrap_or(-9.0));
    }
}

/// Terms that come together, by number.
const KIN: [&[usize]; 7] =
    [&[10, 11, 12, 13], &[13, 14], &[5, 6, 7], &[18, 19], &[26, 27, 28, 29, 30, 31], &[24, 25], &[35, 36]];
