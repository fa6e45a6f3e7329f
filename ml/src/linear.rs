//! One linear scorer a class over the same hashed features: trained in floats, shipped in bytes.

/// Samples as lists of feature numbers, one list after another.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Feature numbers of all samples, each below `1 << bits`; sorted and without repeats within a sample.
    pub features: Vec<u32>,
    /// Where each sample's features end.
    pub ends: Vec<usize>,
    /// Bit `c` of a sample's mask: it belongs to class `c`.
    pub labels: Vec<u64>,
}

impl Samples {
    /// Adds a sample.
    pub fn push(&mut self, features: &[u32], labels: u64) {
        self.features.extend_from_slice(features);
        self.ends.push(self.features.len());
        self.labels.push(labels);
    }

    /// Features of a sample.
    #[must_use]
    pub fn features_of(&self, sample: usize) -> &[u32] {
        let start = if sample == 0 { 0 } else { self.ends[sample - 1] };
        &self.features[start..self.ends[sample]]
    }
}

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    /// Number of feature slots is `1 << bits`.
    pub bits: u32,
    /// Number of classes, at most 64.
    pub classes: usize,
    /// Times over all samples.
    pub epochs: usize,
    /// Step size of Adagrad.
    pub step: f32,
    /// Decay of the weights towards zero at each touch.
    pub decay: f32,
    /// Features in fewer samples than this are dropped.
    pub rarest: u32,
}

/// Scores in log-odds, one a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    bits: u32,
    classes: usize,
    lanes: usize,
    /// Weight of each feature by its rarity, in 1/32; zero: dropped.
    rarity: Vec<u8>,
    bias: Vec<f32>,
    /// Log-odds for one step of a class's weights.
    scale: Vec<f32>,
    /// `weights[feature * lanes + class]`.
    weights: Vec<i8>,
}

const RARITY_UNIT: f32 = 1.0 / 32.0;

fn rarities(samples: &Samples, training: &Training) -> Vec<u8> {
    let mut counts = vec![0u32; 1 << training.bits];
    for feature in &samples.features {
        counts[*feature as usize] += 1;
    }
    let all = samples.ends.len() as f32;
    let weigh = |count: u32| {
        if count < training.rarest {
            return 0;
        }
        ((1.0 + all / count as f32).ln() / RARITY_UNIT / 1.6).clamp(1.0, 255.0) as u8
    };
    counts.into_iter().map(weigh).collect()
}

fn length(rarity: &[u8], features: &[u32]) -> f32 {
    let sum: f32 = features.iter().map(|f| f32::from(rarity[*f as usize]).powi(2)).sum();
    RARITY_UNIT * sum.sqrt()
}

fn odds_to_share(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

struct Fitting {
    weights: Vec<f32>,
    squares: Vec<f32>,
    bias: Vec<f32>,
    bias_squares: Vec<f32>,
}

impl Linear {
    /// Trains on the samples, in an order drawn from `seed`.
    #[must_use]
    pub fn train(samples: &Samples, training: &Training, seed: u64) -> Self {
        let (lanes, rarity) = (training.classes.next_multiple_of(16), rarities(samples, training));
        let slots = 1usize << training.bits;
        let mut fitting = Fitting {
            weights: vec![0.0; slots * lanes],
            squares: vec![1e-3; slots * lanes],
            bias: vec![-4.0; training.classes],
            bias_squares: vec![1e-3; training.classes],
        };
        let mut order: Vec<usize> = (0..samples.ends.len()).collect();
        let mut state = seed | 1;
        let mut scores = vec![0.0f32; lanes];
        // The mean of the later rounds wavers less than the last one.
        let (mut mean, mut rounds) = (vec![0.0f32; slots * lanes], 0.0f32);
        for epoch in 0..training.epochs {
            shuffle(&mut order, &mut state);
            let step = training.step / (1.0 + 0.5 * epoch as f32);
            for sample in &order {
                let features = samples.features_of(*sample);
                let norm = 1.0 / length(&rarity, features).max(1e-3);
                accumulate(&fitting.weights, &rarity, features, norm, &mut scores);
                for (class, score) in scores.iter().enumerate().take(training.classes) {
                    let target = if samples.labels[*sample] >> class & 1 == 1 { 1.0 } else { 0.0 };
                    let slope = odds_to_share(score + fitting.bias[class]) - target;
                    if slope.abs() > 2e-3 {
                        let steps = Steps { class, lanes, norm, step, decay: training.decay };
                        fitting.move_class(slope, &steps, features, &rarity);
                    }
                }
            }
            if epoch >= training.epochs / 2 {
                rounds += 1.0;
                mean.iter_mut().zip(&fitting.weights).for_each(|(mean, weight)| *mean += weight);
            }
        }
        if rounds > 0.0 {
            mean.iter_mut().for_each(|mean| *mean /= rounds);
            fitting.weights = mean;
        }
        Self::pack(fitting, rarity, training)
    }

    fn pack(fitting: Fitting, rarity: Vec<u8>, training: &Training) -> Self {
        let lanes = training.classes.next_multiple_of(16);
        let mut scale = vec![1e-6f32; training.classes];
        for row in fitting.weights.chunks(lanes) {
            for (class, scale) in scale.iter_mut().enumerate() {
                *scale = scale.max(row[class].abs() / 127.0);
            }
        }
        let mut weights = vec![0i8; fitting.weights.len()];
        for (feature, row) in fitting.weights.chunks(lanes).enumerate() {
            let packed = &mut weights[feature * lanes..(feature + 1) * lanes];
            for class in 0..training.classes {
                packed[class] = (row[class] / scale[class]).round() as i8;
            }
        }
        Self {
            bits: training.bits,
            classes: training.classes,
            lanes,
            rarity,
            bias: fitting.bias,
            scale,
            weights,
        }
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of feature slots is `1 << bits`.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Log-odds of each class for features that are sorted and without repeats.
    pub fn score(&self, features: &[u32], scores: &mut Vec<f32>) {
        let norm = 1.0 / length(&self.rarity, features).max(1e-3);
        let mut sums = vec![0i32; self.lanes];
        for feature in features {
            let rarity = i32::from(self.rarity[*feature as usize]);
            if rarity == 0 {
                continue;
            }
            let row = &self.weights[*feature as usize * self.lanes..(*feature as usize + 1) * self.lanes];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += rarity * i32::from(*weight);
            }
        }
        scores.clear();
        scores.extend(
            (0..self.classes)
                .map(|class| sums[class] as f32 * RARITY_UNIT * norm * self.scale[class] + self.bias[class]),
        );
    }

    /// The scorer as bytes, for [`Linear::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.weights.len() + self.rarity.len() + 1024);
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend((self.classes as u32).to_le_bytes());
        for number in self.bias.iter().chain(&self.scale) {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&self.rarity);
        // Class after class: a class's many zeros lie together and compress well.
        for class in 0..self.classes {
            bytes.extend(
                self.weights.iter().skip(class).step_by(self.lanes).map(|weight| weight.to_le_bytes()[0]),
            );
        }
        bytes
    }

    /// Reads what [`Linear::to_bytes`] wrote and what follows it; `None` when the bytes are cut short.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (bits, bytes) = number(bytes)?;
        let (classes, bytes) = number(bytes)?;
        let (classes, slots) = (classes as usize, 1usize.checked_shl(bits).filter(|_| bits <= 22)?);
        let lanes = classes.next_multiple_of(16);
        let (bias, bytes) = floats(bytes, classes)?;
        let (scale, bytes) = floats(bytes, classes)?;
        let (rarity, bytes) = bytes.split_at_checked(slots)?;
        let (columns, bytes) = bytes.split_at_checked(slots * classes)?;
        let mut weights = vec![0i8; slots * lanes];
        for (class, column) in columns.chunks(slots).enumerate() {
            for (feature, weight) in column.iter().enumerate() {
                weights[feature * lanes + class] = i8::from_le_bytes([*weight]);
            }
        }
        Some((Self { bits, classes, lanes, rarity: rarity.to_vec(), bias, scale, weights }, bytes))
    }
}

/// How far and where one sample moves one class.
#[derive(Clone, Copy)]
struct Steps {
    class: usize,
    lanes: usize,
    norm: f32,
    step: f32,
    decay: f32,
}

impl Fitting {
    fn move_class(&mut self, slope: f32, by: &Steps, features: &[u32], rarity: &[u8]) {
        let Steps { class, lanes, norm, step, decay } = *by;
        for feature in features {
            let share = f32::from(rarity[*feature as usize]) * RARITY_UNIT * norm;
            if share == 0.0 {
                continue;
            }
            let at = *feature as usize * lanes + class;
            let slope = slope * share + decay * self.weights[at];
            self.squares[at] += slope * slope;
            self.weights[at] -= step * slope / self.squares[at].sqrt();
        }
        self.bias_squares[class] += slope * slope;
        self.bias[class] -= 0.3 * step * slope / self.bias_squares[class].sqrt();
    }
}

fn accumulate(weights: &[f32], rarity: &[u8], features: &[u32], norm: f32, scores: &mut [f32]) {
    let lanes = scores.len();
    scores.fill(0.0);
    for feature in features {
        let share = f32::from(rarity[*feature as usize]) * RARITY_UNIT * norm;
        if share == 0.0 {
            continue;
        }
        let row = &weights[*feature as usize * lanes..(*feature as usize + 1) * lanes];
        for (score, weight) in scores.iter_mut().zip(row) {
            *score += share * weight;
        }
    }
}

fn shuffle(order: &mut [usize], state: &mut u64) {
    for at in (1..order.len()).rev() {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, ((*state >> 33) as usize) % (at + 1));
    }
}

/// The first number of little-endian bytes, and the rest.
pub(crate) fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*head), rest))
}

/// The first `count` floats of little-endian bytes, and the rest.
pub(crate) fn floats(bytes: &[u8], count: usize) -> Option<(Vec<f32>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(count.checked_mul(4)?)?;
    let read = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    Some((head.chunks_exact(4).map(read).collect(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained() -> Linear {
        let mut samples = Samples::default();
        for round in 0..200u32 {
            samples.push(&[round % 7, 100], 0b01);
            samples.push(&[round % 7, 200], 0b10);
            samples.push(&[round % 7, 300], 0);
        }
        let training = Training { bits: 10, classes: 2, epochs: 5, step: 0.5, decay: 0.0, rarest: 2 };
        Linear::train(&samples, &training, 7)
    }

    #[test]
    fn tells_apart_what_it_was_shown() {
        let (linear, mut scores) = (trained(), Vec::new());
        linear.score(&[3, 100], &mut scores);
        assert!(scores[0] > 1.0 && scores[1] < -1.0, "{scores:?}");
        linear.score(&[3, 300], &mut scores);
        assert!(scores[0] < 0.0 && scores[1] < 0.0, "{scores:?}");
    }

    #[test]
    fn bytes_bring_back_the_same_scorer() {
        let linear = trained();
        let mut bytes = linear.to_bytes();
        bytes.push(9);
        let (back, rest) = Linear::from_bytes(&bytes).expect("whole");
        assert_eq!((back, rest), (linear, &[9u8][..]));
        assert_eq!(Linear::from_bytes(&bytes[..bytes.len() - 2]), None);
    }
}
