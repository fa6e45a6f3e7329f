//! The trained scorers of the contract agent: two linear ones, trees for the second look, calibration.

use ml::{boost::Boost, calibration::Calibration, linear::Linear};

use super::candidate::{Candidate, Group, Habit, LABELLED, PASSAGE_CLASSES, Scores, candidates};
use super::features;
use super::reading::Reading;

/// Everything learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Looks at sentences, one class a labelled term.
    pub sentences: Linear,
    /// Looks at passages, one class a [`Group`] but clauses.
    pub passages: Linear,
    /// Look a second time, by [`Group`].
    pub boosts: Vec<Boost>,
    /// From log-odds to probability, see [`calibration_of`].
    pub calibrations: Vec<Calibration>,
    /// Looks at the whole answer of a contract to a term; see [`super::answer`].
    pub answers: Boost,
    /// From the log-odds of an answer to the probability that it is right, by labelled term.
    pub cells: Vec<Calibration>,
    /// What is usual, by labelled term.
    pub habits: Vec<Habit>,
    /// From which probability of a right answer a term is stated, by labelled term.
    pub releases: Vec<f32>,
}

/// Number of calibrations: one a labelled term, and one each for the passages that share a term with others.
pub const CALIBRATIONS: usize = LABELLED + 2;

/// Which calibration is a candidate's: scores of different trees are not comparable.
#[must_use]
pub fn calibration_of(candidate: &Candidate) -> usize {
    match candidate.group {
        Group::Together => LABELLED,
        Group::Effective => LABELLED + 1,
        _ => candidate.term,
    }
}

impl Model {
    /// All candidates of a contract, judged.
    #[must_use]
    pub fn judge(&self, reading: &Reading) -> Vec<Candidate> {
        let sentences = features::score_all(&self.sentences, &reading.features);
        let (mut passages, mut one) = (Vec::new(), Vec::new());
        for passage in &reading.passages {
            self.passages.score(&super::training::narrow(&passage.slots), &mut one);
            passages.extend_from_slice(&one);
        }
        debug_assert_eq!(passages.len(), reading.passages.len() * PASSAGE_CLASSES);
        let scores = Scores { sentences: &sentences, passages: &passages };
        let mut found = candidates(reading, scores, &self.habits);
        for candidate in &mut found {
            candidate.odds = self.boosts[candidate.group as usize].score(&candidate.numbers);
            candidate.share = self.calibrations[calibration_of(candidate)].share(candidate.odds);
        }
        found
    }

    /// The model as bytes, for [`Model::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.sentences.to_bytes();
        bytes.extend(self.passages.to_bytes());
        for boost in self.boosts.iter().chain([&self.answers]) {
            bytes.extend(boost.to_bytes());
        }
        for calibration in self.calibrations.iter().chain(&self.cells) {
            bytes.extend((calibration.scores.len() as u32).to_le_bytes());
            for number in calibration.scores.iter().chain(&calibration.shares) {
                bytes.extend(number.to_le_bytes());
            }
        }
        let habits = self.habits.iter().flat_map(|habit| [habit.present, habit.passages, habit.words]);
        for number in habits.chain(self.releases.iter().copied()) {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Model::to_bytes`] wrote; `None` when the bytes are cut short or do not fit the terms.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sentences, bytes) = Linear::from_bytes(bytes)?;
        let (passages, mut bytes) = Linear::from_bytes(bytes)?;
        let (mut boosts, mut calibrations) = (Vec::new(), Vec::new());
        for _ in 0..=Group::ALL.len() {
            let (boost, rest) = Boost::from_bytes(bytes)?;
            boosts.push(boost);
            bytes = rest;
        }
        for _ in 0..CALIBRATIONS + LABELLED {
            let (count, rest) = bytes.split_first_chunk::<4>()?;
            let count = u32::from_le_bytes(*count) as usize;
            let (scores, rest) = floats(rest, count)?;
            let (shares, rest) = floats(rest, count)?;
            calibrations.push(Calibration { scores, shares });
            bytes = rest;
        }
        let answers = boosts.pop()?;
        let cells = calibrations.split_off(CALIBRATIONS);
        let (habits, bytes) = floats(bytes, 3 * LABELLED)?;
        let habit = |three: &[f32]| Habit { present: three[0], passages: three[1], words: three[2] };
        let habits = habits.chunks_exact(3).map(habit).collect();
        let (releases, rest) = floats(bytes, LABELLED)?;
        let fits =
            rest.is_empty() && sentences.classes() == LABELLED && passages.classes() == PASSAGE_CLASSES;
        fits.then_some(Self { sentences, passages, boosts, calibrations, answers, cells, habits, releases })
    }
}

fn floats(bytes: &[u8], count: usize) -> Option<(Vec<f32>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(count.checked_mul(4)?)?;
    let read = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    Some((head.chunks_exact(4).map(read).collect(), rest))
}
