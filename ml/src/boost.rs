//! Gradient-boosted trees over a few dozen numbers, for the second look at a candidate.

use crate::linear::{floats, number};

const BINS: usize = 64;
/// Where the draws start: the same rows give the same trees.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    /// Number of trees.
    pub trees: usize,
    /// Splits from root to leaf.
    pub depth: usize,
    /// Share of a tree's correction that is applied.
    pub step: f32,
    /// Least sum of curvature in a leaf.
    pub leaf_min: f32,
    /// Pull of leaf values towards zero.
    pub pull: f32,
    /// Share of the rows, and of the numbers, that a tree is grown from, drawn anew for each tree.
    pub drawn: (f32, f32),
}

/// Rows of numbers with their targets.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Numbers in a row.
    pub width: usize,
    /// All rows, one after another.
    pub values: Vec<f32>,
    /// Whether each row is a hit.
    pub hits: Vec<bool>,
}

impl Rows {
    /// No rows yet, of `width` numbers each.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Adds a row.
    pub fn push(&mut self, values: &[f32], hit: bool) {
        debug_assert_eq!(values.len(), self.width);
        self.values.extend_from_slice(values);
        self.hits.push(hit);
    }
}

/// A sum of trees: log-odds of a hit. A tree is a full binary tree, root first.
#[derive(Debug, Clone, PartialEq)]
pub struct Boost {
    width: usize,
    depth: usize,
    base: f32,
    /// For each inner node: which number it asks for.
    asks: Vec<u32>,
    /// For each inner node: larger than this goes right.
    cuts: Vec<f32>,
    leaves: Vec<f32>,
}

struct Binned {
    /// `bins[number][row]`.
    bins: Vec<Vec<u8>>,
    /// Upper edges of each number's bins.
    edges: Vec<Vec<f32>>,
}

fn bin(rows: &Rows) -> Binned {
    let count = rows.hits.len();
    let (mut bins, mut edges) = (Vec::new(), Vec::new());
    for column in 0..rows.width {
        let mut sorted: Vec<f32> = (0..count).map(|row| rows.values[row * rows.width + column]).collect();
        sorted.sort_by(f32::total_cmp);
        let mut cuts: Vec<f32> = (1..BINS).map(|part| sorted[part * (count - 1) / BINS]).collect();
        cuts.dedup();
        let place = |row: usize| {
            let value = rows.values[row * rows.width + column];
            u8::try_from(cuts.partition_point(|cut| *cut < value)).unwrap_or(u8::MAX)
        };
        bins.push((0..count).map(place).collect());
        edges.push(cuts);
    }
    Binned { bins, edges }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    slope: f64,
    curve: f64,
}

impl Sum {
    fn gain(self, pull: f64) -> f64 {
        self.slope * self.slope / (self.curve + pull)
    }
}

#[derive(Clone, Copy)]
struct Split {
    column: usize,
    bin: usize,
    gain: f64,
}

impl Boost {
    /// Trains on the rows.
    #[must_use]
    pub fn train(rows: &Rows, training: &Training) -> Self {
        let count = rows.hits.len();
        let share = (rows.hits.iter().filter(|hit| **hit).count() as f32 / count.max(1) as f32)
            .clamp(1e-4, 1.0 - 1e-4);
        let base = (share / (1.0 - share)).ln();
        let mut boost = Self {
            width: rows.width,
            depth: training.depth,
            base,
            asks: vec![],
            cuts: vec![],
            leaves: vec![],
        };
        if count < 2 {
            return boost;
        }
        let binned = bin(rows);
        let (mut odds, mut state) = (vec![base; count], SEED);
        for _ in 0..training.trees {
            // A row that is not drawn weighs nothing; its odds still move with the tree.
            let seen =
                |odds: &f32, hit: &bool, drawn| if drawn { slope(*odds, *hit) } else { Sum::default() };
            let slopes: Vec<Sum> = odds
                .iter()
                .zip(&rows.hits)
                .map(|(odds, hit)| seen(odds, hit, draw(&mut state) < training.drawn.0))
                .collect();
            let columns: Vec<bool> = (0..rows.width).map(|_| draw(&mut state) < training.drawn.1).collect();
            boost.grow(&binned, &slopes, (&columns, training), &mut odds);
        }
        boost
    }

    fn grow(
        &mut self,
        binned: &Binned,
        slopes: &[Sum],
        (columns, training): (&[bool], &Training),
        odds: &mut [f32],
    ) {
        let mut nodes = vec![0u16; slopes.len()];
        for level in 0..training.depth {
            let width = 1usize << level;
            let splits = best_splits(binned, slopes, (&nodes, width), (columns, training));
            for split in &splits {
                let cut = split.gain > 1e-9;
                self.asks.push(if cut { split.column as u32 } else { 0 });
                self.cuts.push(if cut { binned.edges[split.column][split.bin] } else { f32::MAX });
            }
            for (row, node) in nodes.iter_mut().enumerate() {
                let split = splits[usize::from(*node)];
                let right = split.gain > 1e-9 && usize::from(binned.bins[split.column][row]) > split.bin;
                *node = *node * 2 + u16::from(right);
            }
        }
        let mut sums = vec![Sum::default(); 1 << training.depth];
        for (node, sum) in nodes.iter().zip(slopes) {
            sums[usize::from(*node)].slope += sum.slope;
            sums[usize::from(*node)].curve += sum.curve;
        }
        let value = |sum: &Sum| training.step * (-sum.slope / (sum.curve + f64::from(training.pull))) as f32;
        let leaves: Vec<f32> = sums.iter().map(value).collect();
        for (node, odds) in nodes.iter().zip(odds.iter_mut()) {
            *odds += leaves[usize::from(*node)];
        }
        self.leaves.extend(leaves);
    }

    /// Log-odds of a hit.
    #[must_use]
    pub fn score(&self, row: &[f32]) -> f32 {
        let (inner, leaves) = ((1usize << self.depth) - 1, 1usize << self.depth);
        let mut odds = self.base;
        for tree in 0..self.leaves.len() / leaves {
            let (asks, cuts) = (&self.asks[tree * inner..], &self.cuts[tree * inner..]);
            let mut node = 0;
            while node < inner {
                node = node * 2 + 1 + usize::from(row[asks[node] as usize] > cuts[node]);
            }
            odds += self.leaves[tree * leaves + node - inner];
        }
        odds
    }

    /// How often each number is asked for, the most asked first.
    #[must_use]
    pub fn uses(&self) -> Vec<(usize, usize)> {
        let mut counts = vec![0; self.width];
        for (ask, cut) in self.asks.iter().zip(&self.cuts) {
            if *cut < f32::MAX {
                counts[*ask as usize] += 1;
            }
        }
        let mut uses: Vec<(usize, usize)> = counts.into_iter().enumerate().collect();
        uses.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        uses
    }

    /// The trees as bytes, for [`Boost::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let trees = self.leaves.len() >> self.depth;
        for number in [self.width, self.depth, trees] {
            bytes.extend((number as u32).to_le_bytes());
        }
        bytes.extend(self.base.to_le_bytes());
        bytes.extend(self.asks.iter().map(|ask| *ask as u8));
        for number in self.cuts.iter().chain(&self.leaves) {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Boost::to_bytes`] wrote and what follows it; `None` when the bytes are cut short or wrong.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (width, bytes) = number(bytes)?;
        let (depth, bytes) = number(bytes)?;
        let (trees, bytes) = number(bytes)?;
        let (width, depth, trees) = (width as usize, depth as usize, trees as usize);
        let inner = 1usize.checked_shl(u32::try_from(depth).ok()?).filter(|_| depth <= 12)? - 1;
        let (base, bytes) = floats(bytes, 1)?;
        let (asks, bytes) = bytes.split_at_checked(trees.checked_mul(inner)?)?;
        let asks: Vec<u32> = asks.iter().map(|ask| u32::from(*ask)).collect();
        if asks.iter().any(|ask| *ask as usize >= width) {
            return None;
        }
        let (cuts, bytes) = floats(bytes, trees * inner)?;
        let (leaves, bytes) = floats(bytes, trees * (inner + 1))?;
        Some((Self { width, depth, base: base[0], asks, cuts, leaves }, bytes))
    }
}

/// The next number of a row of draws, from 0 to below 1.
fn draw(state: &mut u64) -> f32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 40) as f32 / (1u64 << 24) as f32
}

fn slope(odds: f32, hit: bool) -> Sum {
    let share = 1.0 / (1.0 + f64::from(-odds).exp());
    Sum { slope: share - f64::from(u8::from(hit)), curve: (share * (1.0 - share)).max(1e-6) }
}

fn best_splits(
    binned: &Binned,
    slopes: &[Sum],
    of: (&[u16], usize),
    (columns, training): (&[bool], &Training),
) -> Vec<Split> {
    let ((nodes, width), pull) = (of, f64::from(training.pull));
    let mut best = vec![Split { column: 0, bin: 0, gain: 0.0 }; width];
    let mut table = vec![Sum::default(); width * BINS];
    for (column, bins) in binned.bins.iter().enumerate().filter(|(column, _)| columns[*column]) {
        table.fill(Sum::default());
        for ((bin, node), sum) in bins.iter().zip(nodes).zip(slopes) {
            let cell = &mut table[usize::from(*node) * BINS + usize::from(*bin)];
            cell.slope += sum.slope;
            cell.curve += sum.curve;
        }
        for (node, cells) in table.chunks(BINS).enumerate() {
            let total = cells
                .iter()
                .fold(Sum::default(), |a, b| Sum { slope: a.slope + b.slope, curve: a.curve + b.curve });
            let mut left = Sum::default();
            for (bin, cell) in cells.iter().enumerate().take(binned.edges[column].len()) {
                left = Sum { slope: left.slope + cell.slope, curve: left.curve + cell.curve };
                let right = Sum { slope: total.slope - left.slope, curve: total.curve - left.curve };
                if left.curve < f64::from(training.leaf_min) || right.curve < f64::from(training.leaf_min) {
                    continue;
                }
                let gain = left.gain(pull) + right.gain(pull) - total.gain(pull);
                if gain > best[node].gain {
                    best[node] = Split { column, bin, gain };
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn either() -> Rows {
        let mut rows = Rows::new(3);
        for at in 0..400u32 {
            let (a, b) = (at % 20, at / 20);
            rows.push(&[a as f32, b as f32, 0.5], (a > 10) != (b > 10));
        }
        rows
    }

    const TRAINING: Training =
        Training { trees: 40, depth: 3, step: 0.3, leaf_min: 0.5, pull: 1.0, drawn: (1.0, 1.0) };

    #[test]
    fn learns_what_no_single_number_tells() {
        let boost = Boost::train(&either(), &TRAINING);
        assert!(boost.score(&[15.0, 3.0, 0.5]) > 1.5);
        assert!(boost.score(&[15.0, 15.0, 0.5]) < -1.5);
    }

    #[test]
    fn bytes_bring_back_the_same_trees() {
        let boost = Boost::train(&either(), &TRAINING);
        let bytes = boost.to_bytes();
        assert_eq!(Boost::from_bytes(&bytes).expect("whole"), (boost, &[][..]));
        assert_eq!(Boost::from_bytes(&bytes[..bytes.len() - 1]), None);
    }

    #[test]
    fn without_rows_there_is_only_a_guess() {
        assert!(Boost::train(&Rows::new(2), &TRAINING).score(&[0.0, 0.0]) < 0.0);
    }
}
