//! A sequence tagger: one tag a word, left to right, by an averaged perceptron over hashed features.
//!
//! Training follows M. Collins, "Discriminative Training Methods for Hidden Markov Models" (2002), with a greedy walk: the
//! tags that were chosen before are features of the next word. Weights are trained in floats and shipped in bytes.

/// Most tags that a tagger can tell apart, the first of them "nothing".
pub const TAGS_MAX: usize = 16;

/// How many features a word has that do not depend on the tags before it.
pub const FEATURES: usize = 30;

/// What is known of one word.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// Hashes of whatever is known of the word and its neighbours, each salted by what it says.
    pub features: [u32; FEATURES],
    /// Hash of the word itself, seen together with the tag before it.
    pub word: u32,
    /// Hash of its shape, seen together with the tag before it.
    pub shape: u32,
    /// Hash of the word before it, seen together with the tag before this one.
    pub before: u32,
}

/// A hash of two, cheap, and good in its upper bits, which are the ones that count.
#[must_use]
pub const fn salted(salt: u32, hash: u32) -> u32 {
    (hash ^ salt.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0x9e37_79b1)
}

/// What was chosen for a word, and how clearly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Number of the tag; 0 is nothing.
    pub tag: usize,
    /// Score of the best tag but 0 above that of 0; in the perceptron's own unit.
    pub lead: f32,
}

/// Weights of hashed features, one lane a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagger {
    bits: u32,
    tags: usize,
    /// Score for one step of a weight.
    scale: f32,
    /// `weights[feature * TAGS_MAX + tag]`.
    weights: Vec<i8>,
}

/// Tags that the two words before the first one have.
const OUTSIDE: u32 = 0;

/// Features of the tags before a word.
const HISTORY: usize = 5;

/// The slots of a word's features, those of the tags before it included.
fn slots(word: &Word, last: u32, before_last: u32, bits: u32) -> [usize; FEATURES + HISTORY] {
    let history = [
        salted(101, last),
        salted(102, last * TAGS_MAX as u32 + before_last),
        salted(103 + (last << 8), word.word),
        salted(104 + (last << 8), word.shape),
        salted(105 + (last << 8), word.before),
    ];
    let mut slots = [0; FEATURES + HISTORY];
    for (slot, hash) in slots.iter_mut().zip(word.features.iter().chain(&history)) {
        *slot = (hash >> (32 - bits)) as usize * TAGS_MAX;
    }
    slots
}

impl Tagger {
    /// Trains on sentences with the tag of each word; `bits` gives `1 << bits` feature slots.
    ///
    /// The walk of half of the words goes on from the tag that the tagger itself chose, so that it learns to go on after its
    /// own mistakes.
    #[must_use]
    pub fn train(
        sentences: &[(Vec<Word>, Vec<usize>)],
        tags: usize,
        bits: u32,
        rounds: usize,
        seed: u64,
    ) -> Self {
        let mut fitting = Fitting::new(bits);
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        let mut state = seed | 1;
        for _ in 0..rounds {
            for at in (1..order.len()).rev() {
                order.swap(at, draw(&mut state) % (at + 1));
            }
            for sentence in &order {
                let (words, gold) = &sentences[*sentence];
                fitting.learn(words, gold, tags.min(TAGS_MAX), &mut state);
            }
        }
        fitting.pack(tags.min(TAGS_MAX))
    }

    /// One choice a word; another tag is chosen over nothing from a lead of `-lean` on, so that less is passed over.
    #[must_use]
    pub fn tag(&self, words: &[Word], lean: f32) -> Vec<Choice> {
        let (mut last, mut before_last) = (OUTSIDE, OUTSIDE);
        let mut choices = Vec::with_capacity(words.len());
        for word in words {
            // 35 weights of a byte each: their sum fits.
            let mut sums = [0i16; TAGS_MAX];
            for place in slots(word, last, before_last, self.bits) {
                let Some((row, _)) = self.weights[place..].split_first_chunk::<TAGS_MAX>() else { continue };
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum += i16::from(*weight);
                }
            }
            let best = (1..self.tags).max_by_key(|tag| sums[*tag]).unwrap_or(0);
            let lead = f32::from(sums[best] - sums[0]) * self.scale;
            let tag = if lead > -lean { best } else { 0 };
            choices.push(Choice { tag, lead });
            (before_last, last) = (last, tag as u32);
        }
        choices
    }

    /// The tagger as bytes, for [`Tagger::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.weights.len() + 12);
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend((self.tags as u32).to_le_bytes());
        bytes.extend(self.scale.to_le_bytes());
        for tag in 0..self.tags {
            bytes.extend(
                self.weights.iter().skip(tag).step_by(TAGS_MAX).map(|weight| weight.to_le_bytes()[0]),
            );
        }
        bytes
    }

    /// Reads what [`Tagger::to_bytes`] wrote; `None` when the bytes are cut short, or are something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bits, bytes) = crate::linear::number(bytes)?;
        let (tags, bytes) = crate::linear::number(bytes)?;
        let (scale, bytes) = crate::linear::floats(bytes, 1)?;
        let tags = usize::try_from(tags).ok().filter(|tags| (2..=TAGS_MAX).contains(tags))?;
        let count = 1usize.checked_shl(bits).filter(|_| (1..=20).contains(&bits))?;
        let scale = scale.first().copied().filter(|scale| scale.is_finite() && *scale > 0.0)?;
        if bytes.len() != count * tags {
            return None;
        }
        let mut weights = vec![0i8; count * TAGS_MAX];
        for (tag, column) in bytes.chunks(count).enumerate() {
            for (feature, weight) in column.iter().enumerate() {
                weights[feature * TAGS_MAX + tag] = i8::from_le_bytes([*weight]);
            }
        }
        Some(Self { bits, tags, scale, weights })
    }
}

/// Weights while they are trained; `total` holds each weight times the words it stood for, for the mean.
struct Fitting {
    bits: u32,
    weights: Vec<f32>,
    total: Vec<f64>,
    seen: f64,
}

impl Fitting {
    fn new(bits: u32) -> Self {
        let count = (1usize << bits) * TAGS_MAX;
        Self { bits, weights: vec![0.0; count], total: vec![0.0; count], seen: 1.0 }
    }

    fn learn(&mut self, words: &[Word], gold: &[usize], tags: usize, state: &mut u64) {
        let (mut last, mut before_last) = (OUTSIDE, OUTSIDE);
        for (word, gold) in words.iter().zip(gold) {
            let places = slots(word, last, before_last, self.bits);
            let score = |tag: &usize| places.iter().map(|place| self.weights[place + tag]).sum::<f32>();
            let scores: Vec<f32> = (0..tags).map(|tag| score(&tag)).collect();
            let chosen = (0..tags).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
            if chosen != *gold {
                for place in &places {
                    self.weights[place + gold] += 1.0;
                    self.total[place + gold] += self.seen;
                    self.weights[place + chosen] -= 1.0;
                    self.total[place + chosen] -= self.seen;
                }
            }
            self.seen += 1.0;
            let next = if draw(state).is_multiple_of(2) { chosen } else { *gold };
            (before_last, last) = (last, next as u32);
        }
    }

    fn pack(self, tags: usize) -> Tagger {
        let mean: Vec<f32> =
            self.weights.iter().zip(&self.total).map(|(w, total)| w - (total / self.seen) as f32).collect();
        let largest = mean.iter().fold(1e-6f32, |largest, weight| largest.max(weight.abs()));
        let scale = largest / 127.0;
        let weights = mean.iter().map(|weight| (weight / scale).round() as i8).collect();
        Tagger { bits: self.bits, tags, scale, weights }
    }
}

fn draw(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::word;

    fn sentence(text: &str) -> Vec<Word> {
        let hashes: Vec<u32> = text.split(' ').map(|part| word(part.bytes())).collect();
        let before = |at: usize| at.checked_sub(1).map_or(7, |at| hashes[at]);
        // Half of the features tell the word, half the one before it.
        let features = |at: usize| {
            std::array::from_fn(|salt| {
                salted(salt as u32, if salt % 2 == 0 { hashes[at] } else { before(at) })
            })
        };
        (0..hashes.len())
            .map(|at| Word { features: features(at), word: hashes[at], shape: 1, before: before(at) })
            .collect()
    }

    fn trained() -> Tagger {
        let cases = [
            ("call me ana", vec![0, 0, 1]),
            ("call the bank", vec![0, 0, 0]),
            ("call me bob now", vec![0, 0, 1, 0]),
            ("ask ana silva", vec![0, 1, 1]),
            ("ask the bank", vec![0, 0, 0]),
        ];
        let sentences: Vec<_> = cases.into_iter().map(|(text, tags)| (sentence(text), tags)).collect();
        Tagger::train(&sentences, 2, 12, 12, 5)
    }

    #[test]
    fn a_word_that_was_never_seen_is_told_by_its_place() {
        let tags: Vec<usize> =
            trained().tag(&sentence("call me zoe"), 0.0).iter().map(|choice| choice.tag).collect();
        assert_eq!(tags, [0, 0, 1]);
        assert!(trained().tag(&sentence("ask the bank"), 0.0).iter().all(|choice| choice.tag == 0));
    }

    #[test]
    fn bytes_bring_back_the_same_tagger_and_cut_ones_none() {
        let tagger = trained();
        let bytes = tagger.to_bytes();
        assert_eq!(Tagger::from_bytes(&bytes).as_ref(), Some(&tagger));
        assert!(Tagger::from_bytes(&bytes[..bytes.len() - 1]).is_none());
        assert!(Tagger::from_bytes(b"").is_none());
    }
}
