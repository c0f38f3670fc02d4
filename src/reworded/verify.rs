//! Two units -> whether they share enough; units -> formulas.
//!
//! Units are alike when
//!
//! * the cosine between their weighted words is above [`COSINE`];
//! * of their different words more than [`DICE`] are shared;
//! * what they share is no accident: the weights of the shared words together
//!   reach [`PROOF`] times the logarithm of the number of units, as among `n^2` pairs
//!   one with so much is expected by chance. This bound keeps the cost in
//!   check as a corpus grows.
//!
//! A unit with more than [`MOST_PARTNERS`] partners is a formula: a template
//! filled in, a line of a header. A pair of two formulas is dropped.
//!
//! * time: linear in the words of both
//! * space: `O(1)`

use crate::reworded::corpus::Word;
use crate::reworded::vocabulary::FIRST;

/// Least cosine, in percent; with [`DICE`] after Sanchez-Perez and others.
pub const COSINE: u64 = 33;

/// Least share of words, in percent of the mean number of both.
pub const DICE: u64 = 33;

/// Evidence that two units need, in logarithms of the number of units.
pub const PROOF: u32 = 2;

/// Partners of a unit that is no formula.
pub const MOST_PARTNERS: u32 = 16;

/// How much a unit holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Square of the length of its vector of weights.
    pub square: u64,
    /// Different words.
    pub words: u32,
}

impl Size {
    /// Size of a unit of which each word weighs what `weight` says.
    #[must_use]
    pub fn new(words: &[Word], weight: impl Fn(&Word) -> u32) -> Size {
        let mut size = Size::default();
        words.iter().for_each(|w| size.add(weight(w), w.times, w.number < FIRST));
        size
    }

    /// Adds a word that is there so many times, or as many different words
    /// that stand in one unit only.
    #[inline]
    pub fn add(&mut self, weight: u32, times: u8, once: bool) {
        let (weight, n) = (u64::from(weight), u64::from(times));
        self.square += weight * weight * if once { n } else { n * n };
        self.words += if once { u32::from(times) } else { 1 };
    }
}

/// What the [`Size`] of a unit is made of while its words stand in no other
/// stretch: sums over its words, each as often as it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    words: u32,
    counts: u32,
    logs: u64,
    squares: u64,
}

impl Sums {
    /// Adds a word of which near units have a number with this logarithm.
    pub fn add(&mut self, log: u32, times: u8, once: bool) {
        let n = u32::from(times);
        let count = if once { n } else { n * n };
        self.words += if once { n } else { 1 };
        self.counts += count;
        self.logs += u64::from(count) * u64::from(log);
        self.squares += u64::from(count) * u64::from(log) * u64::from(log);
    }

    /// The size, given the logarithm of the number of units: each word weighs
    /// the difference of logarithms.
    #[inline]
    #[must_use]
    pub fn size(&self, whole: u32) -> Size {
        let whole = u64::from(whole);
        // (w - l)^2 = w^2 - 2 w l + l^2, summed.
        let square = whole * whole * u64::from(self.counts) + self.squares - 2 * whole * self.logs;
        Size { square, words: self.words }
    }
}

/// Whether two units of the given sizes are alike.
///
/// `shares` gives weight and evidence of a shared word, `least` is the
/// evidence to reach.
#[must_use]
pub fn alike(
    (a, of_a): (&[Word], Size),
    (b, of_b): (&[Word], Size),
    least: u32,
    shares: impl Fn(&Word) -> (u32, u32),
) -> bool {
    let most = of_a.words.min(of_b.words);
    if !enough_words(u64::from(most), of_a, of_b, DICE) {
        return false;
    }
    let (mut i, mut j) = (0, 0);
    let (mut dot, mut shared, mut evidence) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (&a[i], &b[j]);
        if x.number == y.number && x.number >= FIRST {
            let (weight, proof) = shares(x);
            let weight = u64::from(weight);
            dot += weight * weight * u64::from(x.times) * u64::from(y.times);
            shared += 1;
            evidence += proof;
        }
        i += usize::from(x.number <= y.number);
        j += usize::from(y.number <= x.number);
    }
    evidence >= least
        && enough_words(shared, of_a, of_b, DICE)
        && enough_cosine(dot, of_a, of_b, COSINE)
}

/// Whether `shared` words of two units are more than `percent` of the mean.
#[inline]
#[must_use]
pub fn enough_words(shared: u64, a: Size, b: Size, percent: u64) -> bool {
    shared * 200 > percent * u64::from(a.words + b.words)
}

/// Whether the cosine of two units with a scalar product is above `percent`.
#[inline]
#[must_use]
pub fn enough_cosine(dot: u64, a: Size, b: Size, percent: u64) -> bool {
    let (dot, percent) = (u128::from(dot), u128::from(percent));
    dot * dot * 10_000 > percent * percent * u128::from(a.square) * u128::from(b.square)
}

/// Drops the pairs of two formulas; returns how many.
///
/// `pairs` hold a unit in each half, below `units`.
pub fn drop_formulas(pairs: &mut Vec<u64>, units: u32) -> u64 {
    let mut partners = vec![0u32; units as usize];
    let halves = |pair: u64| ((pair >> 32) as usize, pair as u32 as usize);
    for &pair in pairs.iter() {
        let (x, y) = halves(pair);
        partners[x] += 1;
        partners[y] += 1;
    }
    let before = pairs.len();
    pairs.retain(|&pair| {
        let (x, y) = halves(pair);
        partners[x] <= MOST_PARTNERS || partners[y] <= MOST_PARTNERS
    });
    (before - pairs.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::collections::BTreeMap;

    fn unit(next: &mut impl FnMut(u64) -> u64) -> Vec<Word> {
        let mut words: BTreeMap<u32, u8> = BTreeMap::new();
        for _ in 0..next(14) {
            *words.entry(next(20) as u32).or_default() += 1;
        }
        words.into_iter().map(|(number, times)| Word { number, times, near: 1, units: 1 }).collect()
    }

    #[test]
    fn units_are_alike_by_the_definition() {
        let weight = |w: &Word| 100 + 30 * w.number;
        let (mut yes, mut no) = (0, 0);
        for seed in 0..5000 {
            let mut state = seed;
            let mut next = |n: u64| hash::splitmix64(&mut state) % n;
            let (a, b) = (unit(&mut next), unit(&mut next));
            let least = next(1500) as u32;
            let shares = |w: &Word| (weight(w), weight(w) / 2);
            let got =
                alike((&a, Size::new(&a, weight)), (&b, Size::new(&b, weight)), least, shares);
            // Each word that stands in one unit is a dimension of its own.
            let vector = |unit: &[Word], side: u32| -> BTreeMap<(u32, u32, u8), f64> {
                let mut v = BTreeMap::new();
                for w in unit {
                    let x = f64::from(weight(w));
                    if w.number < FIRST {
                        (0..w.times).for_each(|n| _ = v.insert((w.number, side, n), x));
                    } else {
                        v.insert((w.number, 0, 0), x * f64::from(w.times));
                    }
                }
                v
            };
            let (x, y) = (vector(&a, 1), vector(&b, 2));
            let both: Vec<_> = x.keys().filter(|k| y.contains_key(*k)).collect();
            let dot: f64 = both.iter().map(|k| x[*k] * y[*k]).sum();
            let length = |v: &BTreeMap<_, f64>| v.values().map(|x| x * x).sum::<f64>().sqrt();
            let cosine = dot / (length(&x) * length(&y));
            let dice = 2.0 * both.len() as f64 / (x.len() + y.len()) as f64;
            let evidence: u32 = both.iter().map(|k| (100 + 30 * k.0) / 2).sum();
            let expected = cosine > 0.33 && dice > 0.33 && evidence >= least;
            if (cosine - 0.33).abs() > 1e-9 {
                assert_eq!(got, expected, "{a:?} {b:?}");
            }
            if expected { yes += 1 } else { no += 1 }
        }
        assert!(yes > 200 && no > 200);
    }

    #[test]
    fn formulas_keep_only_their_pairs_with_others() {
        let n = u64::from(MOST_PARTNERS) + 2;
        // All from 1 to n are partners of each other; 0 and 100 of one.
        let mut pairs: Vec<u64> =
            (1..=n).flat_map(|x| (x + 1..=n).map(move |y| x << 32 | y)).collect();
        let all = pairs.len() as u64;
        let others = [1, 1 << 32 | 100];
        pairs.extend(others);
        assert_eq!(drop_formulas(&mut pairs, 101), all);
        assert_eq!(pairs, others);
        let mut few: Vec<u64> = (1..n - 1).collect();
        assert_eq!(drop_formulas(&mut few, 101), 0);
    }
}
