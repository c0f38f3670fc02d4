use super::*;
use crate::hash::splitmix64;
use crate::options::banding::Banding;
use crate::signature::agreeing;

/// A way to make signatures of 128 slots: ours, or one known to be wrong.
type Scheme<'a> = &'a dyn Fn(&[u32], &mut [u32]);

const SLOTS: usize = 128;

fn ours(lanes: &[u32], out: &mut [u32]) {
    thread_local! {
        static SKETCHER: Sketcher = Sketcher::new(SLOTS, 42);
    }
    SKETCHER.with(|s| s.sketch(lanes, out));
}

/// WRONG: the high word of the product grows with `x` until it wraps, so all
/// slots pick nearly the same shingle.
fn high_word(lanes: &[u32], out: &mut [u32]) {
    let mut state = 42;
    for least in out {
        let a = splitmix64(&mut state) | 1;
        let value = |&x: &u32| ((u64::from(a as u32) * u64::from(x)) >> 32) as u32;
        *least = lanes.iter().map(value).min().unwrap_or(u32::MAX);
    }
}

/// WRONG when banded: one permutation hashing, empty bins filled from the next
/// full one, so that neighbouring slots are copies of each other.
fn rotation(lanes: &[u32], out: &mut [u32]) {
    out.fill(u32::MAX);
    for &x in lanes {
        let least = &mut out[(x >> 25) as usize];
        *least = (*least).min(x << 7 >> 7);
    }
    let bins = out.to_vec();
    for (at, least) in out.iter_mut().enumerate() {
        let mut full = (0..SLOTS).map(|step| (step, bins[(at + step) % SLOTS]));
        if let Some((step, value)) = full.find(|&(_, value)| value != u32::MAX) {
            *least = value.wrapping_add((step as u32) << 25);
        }
    }
}

/// Signatures of two random sets of `n` members, `common` of them in both.
struct Pairs {
    state: u64,
    n: usize,
    common: usize,
    a: Vec<u32>,
    b: Vec<u32>,
}

impl Pairs {
    fn new(seed: u64, n: usize, common: usize) -> Pairs {
        Pairs { state: seed, n, common, a: Vec::new(), b: Vec::new() }
    }

    /// Sets of `n` members whose similarity is as near to `wanted` as can be.
    fn of_similarity(seed: u64, n: usize, wanted: f64) -> Pairs {
        Pairs::new(seed, n, (2.0 * n as f64 * wanted / (1.0 + wanted)).round() as usize)
    }

    fn similarity(&self) -> f64 {
        self.common as f64 / (2 * self.n - self.common) as f64
    }

    fn draw(&mut self, scheme: Scheme<'_>, out: &mut [[u32; SLOTS]; 2]) {
        let mut draw = |count: usize, set: &mut Vec<u32>| {
            set.extend((0..count).map(|_| (splitmix64(&mut self.state) >> 32) as u32));
        };
        self.a.clear();
        draw(self.common, &mut self.a);
        self.b.clone_from(&self.a);
        draw(self.n - self.common, &mut self.a);
        draw(self.n - self.common, &mut self.b);
        scheme(&self.a, &mut out[0]);
        scheme(&self.b, &mut out[1]);
    }
}

/// How many standard errors the estimate's mean and its variance are off what
/// a binomial number of agreeing slots has.
fn estimator_errors(scheme: Scheme<'_>, mut pairs: Pairs, trials: usize) -> (f64, f64) {
    let (j, k, t) = (pairs.similarity(), SLOTS as f64, trials as f64);
    let mut rows = [[0; SLOTS]; 2];
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..trials {
        pairs.draw(scheme, &mut rows);
        let off = agreeing(&rows[0], &rows[1]) as f64 / k - j;
        sum += off;
        squares += off * off;
    }
    let variance = j * (1.0 - j) / k;
    // Excess kurtosis of the binomial distribution.
    let kurtosis = (1.0 - 6.0 * j * (1.0 - j)) / (k * j * (1.0 - j));
    let mean_error = (variance / t).sqrt();
    let variance_error = variance * ((2.0 + kurtosis) / t).sqrt();
    (sum / t / mean_error, (squares / t - variance) / variance_error)
}

#[test]
fn estimates_have_the_mean_and_the_variance_of_a_binomial_share() {
    for n in [20, 60, 200] {
        for wanted in [0.5, 0.8, 0.95] {
            let pairs = Pairs::of_similarity(n as u64, n, wanted);
            let (mean, variance) = estimator_errors(&ours, pairs, 6000);
            let about = format!("{n} members, {wanted}: mean off {mean}, variance {variance}");
            assert!(mean.abs() < 4.0 && variance.abs() < 4.0, "{about}");
        }
    }
}

#[test]
fn the_test_of_estimates_refuses_schemes_known_to_be_wrong() {
    for n in [20, 60, 200] {
        for (name, scheme) in [("high word", &high_word as Scheme<'_>), ("rotation", &rotation)] {
            let pairs = Pairs::of_similarity(n as u64, n, 0.8);
            let (_, variance) = estimator_errors(scheme, pairs, 6000);
            assert!(variance.abs() > 6.0, "{name}, {n} members: variance off {variance}");
        }
    }
}

/// How many standard errors the share of pairs that agree in a band is off the
/// banding's promise.
fn curve_error(scheme: Scheme<'_>, banding: Banding, mut pairs: Pairs, trials: usize) -> f64 {
    let promised = banding.recall(pairs.similarity());
    let mut rows = [[0; SLOTS]; 2];
    let mut found = 0;
    for _ in 0..trials {
        pairs.draw(scheme, &mut rows);
        let bands = rows[0].chunks_exact(banding.rows()).zip(rows[1].chunks_exact(banding.rows()));
        found += usize::from(bands.take(banding.bands()).any(|(a, b)| a == b));
    }
    let error = (promised * (1.0 - promised) / trials as f64).sqrt();
    (found as f64 / trials as f64 - promised) / error
}

#[test]
fn pairs_become_candidates_as_often_as_the_banding_promises() {
    for n in [20, 1000] {
        for (bands, rows) in [(16, 6), (16, 8), (17, 4)] {
            let banding = Banding::new(bands, rows, SLOTS).unwrap();
            for wanted in [0.3, 0.5, 0.6, 0.7, 0.8] {
                let pairs = Pairs::of_similarity(n as u64, n, wanted);
                let error = curve_error(&ours, banding, pairs, 3000);
                let about = format!("{n} members, {bands} x {rows}, {wanted}: off by {error}");
                assert!(error.abs() < 4.0, "{about}");
            }
        }
    }
}

#[test]
fn the_test_of_candidates_refuses_schemes_known_to_be_wrong() {
    let banding = Banding::new(16, 8, SLOTS).unwrap();
    for (name, scheme) in [("high word", &high_word as Scheme<'_>), ("rotation", &rotation)] {
        for wanted in [0.6, 0.8] {
            let pairs = Pairs::of_similarity(1, 20, wanted);
            let error = curve_error(scheme, banding, pairs, 3000);
            assert!(error.abs() > 6.0, "{name}, {wanted}: off by {error}");
        }
    }
}

/// The largest correlation of "slot x agrees" with "slot y agrees", in
/// standard errors, over pairs of slots.
fn slot_correlation(scheme: Scheme<'_>, slots: &[(usize, usize)], trials: usize) -> f64 {
    let mut pairs = Pairs::new(5, 20, 13);
    let mut rows = [[0; SLOTS]; 2];
    let mut single = [0u32; SLOTS];
    let mut both = vec![0u32; slots.len()];
    for _ in 0..trials {
        pairs.draw(scheme, &mut rows);
        let agrees: [bool; SLOTS] = std::array::from_fn(|n| rows[0][n] == rows[1][n]);
        for (count, &agrees) in single.iter_mut().zip(&agrees) {
            *count += u32::from(agrees);
        }
        for (count, &(x, y)) in both.iter_mut().zip(slots) {
            *count += u32::from(agrees[x] && agrees[y]);
        }
    }
    let share = |count: u32| f64::from(count) / trials as f64;
    let correlation = |(&both, &(x, y)): (&u32, &(usize, usize))| {
        let (p, q) = (share(single[x]), share(single[y]));
        (share(both) - p * q) / (p * (1.0 - p) * q * (1.0 - q)).sqrt()
    };
    let largest = both.iter().zip(slots).map(correlation).fold(0.0, |l: f64, c| l.max(c.abs()));
    // Without correlation the standard error is one over the root of trials.
    largest * (trials as f64).sqrt()
}

#[test]
fn slots_agree_independently_of_each_other() {
    let mut state = 11;
    let mut slots: Vec<(usize, usize)> = (1..SLOTS).map(|n| (n - 1, n)).collect();
    while slots.len() < SLOTS - 1 + 50 {
        let mut draw = || splitmix64(&mut state) as usize % SLOTS;
        let (x, y) = (draw(), draw());
        if x != y {
            slots.push((x, y));
        }
    }
    let off = slot_correlation(&ours, &slots, 100_000);
    assert!(off < 4.0, "{off}");
    for (name, scheme) in [("high word", &high_word as Scheme<'_>), ("rotation", &rotation)] {
        let off = slot_correlation(scheme, &slots, 3000);
        assert!(off > 10.0, "{name}: {off}");
    }
}

/// The definition, word for word.
fn naive(num_perm: usize, seed: u64, lanes: &[u32]) -> Vec<u32> {
    let mut state = seed;
    (0..num_perm)
        .map(|_| {
            let drawn = splitmix64(&mut state);
            let (a, b) = ((drawn >> 32) as u32 | 1, drawn as u32);
            let value = |&x: &u32| a.wrapping_mul(x).wrapping_add(b);
            lanes.iter().map(value).min().unwrap_or(u32::MAX)
        })
        .collect()
}

#[test]
fn all_units_give_the_minima_of_the_definition() {
    let mut state = 1;
    for n in (0..70).chain([255, 256, 257, TILE - 1, TILE, TILE + 1, 3 * TILE]) {
        let lanes: Vec<u32> = (0..n).map(|_| splitmix64(&mut state) as u32).collect();
        for num_perm in [1, 2, 31, 32, 63, 64, 65, 100, 128, 129, 192, 256] {
            let expected = naive(num_perm, 7, &lanes);
            for unit in Unit::all() {
                let mut got = vec![0; num_perm];
                Sketcher::on(unit, num_perm, 7).sketch(&lanes, &mut got);
                assert_eq!(got, expected, "{unit:?}, {n} lanes, {num_perm} slots");
            }
        }
    }
    let lanes = [1, 2, 3];
    for unit in Unit::all() {
        let mut got = vec![0; MAX_NUM_PERM];
        Sketcher::on(unit, MAX_NUM_PERM, 7).sketch(&lanes, &mut got);
        assert_eq!(got, naive(MAX_NUM_PERM, 7, &lanes));
    }
}

#[test]
fn signatures_are_of_sets() {
    let sketcher = Sketcher::new(100, 3);
    let sketch = |lanes: &[u32]| {
        let mut out = vec![0; 100];
        sketcher.sketch(lanes, &mut out);
        out
    };
    for seed in 0..100u64 {
        let mut state = seed;
        let mut draw = |n: u64| (0..n).map(|_| splitmix64(&mut state) as u32).collect::<Vec<_>>();
        let (a, b) = (draw(seed % 40), draw(seed % 7 * 3));
        let mut disordered: Vec<u32> = a.iter().rev().chain(&a).copied().collect();
        disordered.rotate_left(seed as usize % (a.len() + 1));
        assert_eq!(sketch(&a), sketch(&disordered), "seed {seed}");
        let union: Vec<u32> = a.iter().chain(&b).copied().collect();
        let lesser: Vec<u32> = sketch(&a).iter().zip(sketch(&b)).map(|(&x, y)| x.min(y)).collect();
        assert_eq!(sketch(&union), lesser, "seed {seed}");
    }
    assert_eq!(sketch(&[]), vec![u32::MAX; 100]);
}

#[test]
fn values_are_pinned() {
    // Computed by an independent program.
    let lanes: Vec<u32> =
        (0..20u32).map(|n| n.wrapping_mul(2_654_435_761).wrapping_add(12_345)).collect();
    for unit in Unit::all() {
        let mut got = [0; 70];
        Sketcher::on(unit, 70, 42).sketch(&lanes, &mut got);
        assert_eq!(got[..3], [189_762_749, 1_548_336_983, 164_837_965]);
        assert_eq!([got[31], got[64], got[69]], [144_666_930, 59_109_722, 95_169_792]);
    }
}

#[test]
fn fewer_slots_are_the_first_of_more() {
    let (mut few, mut many) = ([0; 100], [0; 300]);
    Sketcher::new(100, 9).sketch(&[5, 6], &mut few);
    Sketcher::new(300, 9).sketch(&[5, 6], &mut many);
    assert_eq!(few, many[..100]);
}
