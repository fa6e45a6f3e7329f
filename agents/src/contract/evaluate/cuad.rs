//! CUAD's own measure: passages match when half of their words are shared.

/// The words of a passage, each once, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bag(Vec<String>);

/// Share of words from which two passages match.
const MATCH: f32 = 0.5;

impl Bag {
    /// The words of a text: lower case, without `. , ; :`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.replace(['.', ',', ';', ':'], "").to_lowercase();
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// Shared words over all words of both.
    #[must_use]
    pub fn jaccard(&self, other: &Self) -> f32 {
        let (mut left, mut right, mut shared) = (0, 0, 0);
        while left < self.0.len() && right < other.0.len() {
            match self.0[left].cmp(&other.0[right]) {
                std::cmp::Ordering::Less => left += 1,
                std::cmp::Ordering::Greater => right += 1,
                std::cmp::Ordering::Equal => (left, right, shared) = (left + 1, right + 1, shared + 1),
            }
        }
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f32 / all as f32 }
    }

    /// Whether the passages match.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.jaccard(other) >= MATCH
    }
}

/// A prediction: how sure, and which of its contract's labelled passages it matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// How sure.
    pub confidence: f32,
    /// Numbers of the labelled passages it matches, unique over all contracts and terms.
    pub matched: Vec<u32>,
}

/// Precision and recall over all thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Curve {
    /// Area under precision (made falling) over recall.
    pub area: f32,
    /// Best precision at 80 % recall or more; 0 when it is not reached.
    pub precision_at_80: f32,
    /// The same at 90 %.
    pub precision_at_90: f32,
    /// Highest recall.
    pub recall_max: f32,
}

/// The curve of predictions against `golds` labelled passages. A passage counts as found once; a prediction is
/// wrong when it matches none.
#[must_use]
pub fn curve(mut judged: Vec<Judged>, golds: usize) -> Curve {
    judged.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut found, mut wrong) = (std::collections::HashSet::new(), 0usize);
    let mut points: Vec<(f32, f32)> = vec![(0.0, 1.0)];
    for (at, one) in judged.iter().enumerate() {
        wrong += usize::from(one.matched.is_empty());
        found.extend(one.matched.iter().copied());
        let tie = judged.get(at + 1).is_some_and(|next| next.confidence >= one.confidence);
        if !tie && found.len() + wrong > 0 {
            points.push((
                found.len() as f32 / golds.max(1) as f32,
                found.len() as f32 / (found.len() + wrong) as f32,
            ));
        }
    }
    for at in (1..points.len()).rev() {
        points[at - 1].1 = points[at - 1].1.max(points[at].1);
    }
    points[0].1 = points.get(1).map_or(0.0, |next| next.1.max(points[0].1));
    let area = points.windows(2).map(|two| (two[1].0 - two[0].0) * (two[0].1 + two[1].1) / 2.0).sum();
    let at = |least: f32| points.iter().find(|(recall, _)| *recall >= least).map_or(0.0, |(_, best)| *best);
    Curve {
        area,
        precision_at_80: at(0.8),
        precision_at_90: at(0.9),
        recall_max: points.last().map_or(0.0, |last| last.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_words_match() {
        assert!(Bag::of("The laws of Ohio.").matches(&Bag::of("the LAWS of Ohio; apply")));
        assert!(!Bag::of("Ohio").matches(&Bag::of("the laws of Ohio")));
        assert!(!Bag::of("").matches(&Bag::of("")));
    }

    #[test]
    fn the_curve_counts_labels_once() {
        let one = |confidence, matched: &[u32]| Judged { confidence, matched: matched.to_vec() };
        let perfect = curve(vec![one(0.9, &[1, 2]), one(0.8, &[2]), one(0.7, &[3])], 3);
        assert!((perfect.area - 1.0).abs() < 1e-6 && perfect.precision_at_80 == 1.0);
        let half = curve(vec![one(0.9, &[]), one(0.8, &[1])], 1);
        assert!((half.precision_at_80 - 0.5).abs() < 1e-6);
        assert_eq!(curve(vec![], 4).precision_at_80, 0.0);
    }
}
