//! A threshold as a rational number, and what follows from it for sizes.
//!
//! All decisions are made in integers, so that a score exactly at the
//! threshold counts on every machine.

use crate::options::OptionsError;
use crate::options::check;

/// Denominator of a threshold.
const PARTS: u64 = 1_000_000;

/// Least score that counts: a number of millionths, in `1..=1_000_000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold {
    parts: u64,
}

impl Threshold {
    /// Rounds `threshold` to millionths, to at least one.
    ///
    /// # Errors
    ///
    /// If it is not above 0 and at most 1.
    pub fn new(threshold: f64) -> Result<Threshold, OptionsError> {
        let ok = threshold > 0.0 && threshold <= 1.0;
        check(ok, "threshold", "above 0 and at most 1", threshold)?;
        Ok(Threshold { parts: ((threshold * PARTS as f64).round() as u64).clamp(1, PARTS) })
    }

    /// The threshold as a number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.parts as f64 / PARTS as f64
    }

    /// Whether `part / whole` reaches the threshold; never if `whole` is 0.
    #[must_use]
    pub fn accepts(self, part: u64, whole: u64) -> bool {
        whole > 0 && u128::from(part) * u128::from(PARTS) >= self.product(whole)
    }

    /// Least `part` with which `part / whole` reaches the threshold: the least
    /// overlap for containment in a set of `whole` members, and the least size
    /// of a set that can reach Jaccard similarity with one of `whole` members.
    #[must_use]
    pub fn least_part(self, whole: u64) -> u64 {
        self.product(whole).div_ceil(u128::from(PARTS)) as u64
    }

    /// Largest `whole` with which `part / whole` reaches the threshold: the
    /// largest size of a set that can reach Jaccard similarity with one of
    /// `part` members. `u64::MAX` if it is larger.
    #[must_use]
    pub fn largest_whole(self, part: u64) -> u64 {
        let whole = u128::from(part) * u128::from(PARTS) / u128::from(self.parts);
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// Least overlap with which two sets of `x` and `y` members reach Jaccard
    /// similarity: `t / (1 + t) * (x + y)`, rounded up.
    #[must_use]
    pub fn least_overlap(self, x: u64, y: u64) -> u64 {
        let both = u128::from(x) + u128::from(y);
        (both * u128::from(self.parts)).div_ceil(u128::from(PARTS + self.parts)) as u64
    }

    fn product(self, whole: u64) -> u128 {
        u128::from(self.parts) * u128::from(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_is_accepted() {
        let t = Threshold::new(0.8).unwrap();
        assert!(t.accepts(4, 5) && t.accepts(8, 10) && !t.accepts(799_999, 1_000_000));
        assert!(!t.accepts(0, 0));
        let whole = Threshold::new(1.0).unwrap();
        assert!(whole.accepts(7, 7) && !whole.accepts(999_999_999, 1_000_000_000));
        assert!(whole.accepts(u64::MAX, u64::MAX) && !whole.accepts(u64::MAX - 1, u64::MAX));
        for wrong in [0.0, -0.5, 1.000_001, f64::NAN, f64::INFINITY] {
            let message = Threshold::new(wrong).unwrap_err().to_string();
            assert!(message.starts_with("--threshold"), "{message}");
        }
        assert!(Threshold::new(1e-300).unwrap().accepts(1, 1_000_000));
    }

    #[test]
    fn bounds_are_the_least_and_largest_that_are_accepted() {
        for parts in [1u64, 3, 250_000, 333_333, 500_000, 666_667, 700_000, 800_000, 999_999] {
            let t = Threshold::new(parts as f64 / 1e6).unwrap();
            for x in 0..60u64 {
                let least = (0..=x).find(|&p| t.accepts(p, x));
                assert_eq!(t.least_part(x), least.unwrap_or(0), "{parts} of {x}");
                if x > 0 {
                    let w = t.largest_whole(x);
                    assert!(t.accepts(x, w) && !t.accepts(x, w + 1), "{parts} of {x}");
                }
                for y in 0..=x {
                    let least = (0..=y).find(|&o| t.accepts(o, x + y - o));
                    // With too unequal sizes even the whole smaller set is not
                    // enough.
                    match least {
                        Some(o) => assert_eq!(t.least_overlap(x, y), o, "{parts}: {x}, {y}"),
                        None => assert!(t.least_overlap(x, y) > y || x + y == 0),
                    }
                }
            }
        }
    }
}
