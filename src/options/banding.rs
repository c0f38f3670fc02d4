//! Choosing bands and rows.
//!
//! A signature is cut into bands of rows; two documents are candidates when
//! they agree in all rows of at least one band. At Jaccard similarity `s` that
//! happens with probability `S(s) = 1 - (1 - s^rows)^bands`.
//!
//! Candidates are verified, so a needless one costs time but a missed one is
//! lost: of all bandings that find a pair exactly at the threshold with the
//! promised probability, the one with the least area `S` from 0 to the
//! threshold is taken. Weighing both errors alike, as is usual, would find
//! three to six in ten at the threshold.
//!
//! Only sums and products of floating-point numbers occur, which every machine
//! rounds alike, so the choice is the same everywhere.

use crate::options::OptionsError;
use crate::options::check;

/// Most values of a signature. Beyond, estimates gain less than 0.01 of
/// precision while every shingle costs as much again.
pub const MAX_NUM_PERM: usize = 4096;

/// Chance with which a pair that is a candidate, and reaches the threshold, is
/// refuted by its signatures before its shingles are counted. Part of every
/// promise of recall.
pub const REFUTED: f64 = 1e-6;

/// Intervals of the integration: bandings that compete differ in the third
/// digit, this errs in the sixth.
const INTERVALS: usize = 1024;

/// Bands and rows of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banding {
    bands: usize,
    rows: usize,
}

impl Banding {
    /// The most selective banding that finds a pair of similarity `threshold`
    /// with at least probability `recall`, [`REFUTED`] counted in.
    ///
    /// For each number of rows the least number of bands is considered; of
    /// equal areas the one with fewer rows is taken.
    ///
    /// # Errors
    ///
    /// If `threshold` is not above 0 and at most 1, `recall` not above 0 and
    /// below 1, or `num_perm` not in `1..=4096`; if no banding reaches the
    /// recall.
    ///
    /// ```
    /// use twicetold::options::banding::Banding;
    ///
    /// let banding = Banding::choose(0.8, 128, 0.99)?;
    /// assert_eq!((banding.bands(), banding.rows()), (16, 6));
    /// assert!(banding.found(0.8) >= 0.99);
    /// # Ok::<(), twicetold::options::OptionsError>(())
    /// ```
    pub fn choose(threshold: f64, num_perm: usize, recall: f64) -> Result<Banding, OptionsError> {
        let ok = threshold > 0.0 && threshold <= 1.0;
        check(ok, "threshold", "above 0 and at most 1", threshold)?;
        check(recall > 0.0 && recall < 1.0, "recall", "above 0 and below 1", recall)?;
        check_num_perm(num_perm)?;
        let mut best: Option<(f64, Banding)> = None;
        for rows in 1..=num_perm {
            let Some(bands) = least_bands(threshold, rows, num_perm / rows, recall) else {
                continue;
            };
            let banding = Banding { bands, rows };
            let area = banding.area(threshold);
            if best.is_none_or(|(least, _)| area < least) {
                best = Some((area, banding));
            }
        }
        best.map(|(_, banding)| banding).ok_or_else(|| {
            let reached = Banding { bands: num_perm, rows: 1 }.found(threshold);
            let message = format!(
                "--recall {recall} cannot be reached at --threshold {threshold} with --num-perm \
                 {num_perm}: the best is {reached:.4}; raise --num-perm or the threshold, lower \
                 the recall, or use --exact"
            );
            OptionsError::Conflict { message }
        })
    }

    /// A banding given by hand.
    ///
    /// # Errors
    ///
    /// If `bands` or `rows` is 0, `num_perm` not in `1..=4096`, or a signature
    /// of `num_perm` values is too short.
    pub fn new(bands: usize, rows: usize, num_perm: usize) -> Result<Banding, OptionsError> {
        check_num_perm(num_perm)?;
        check(bands >= 1, "bands", "at least 1", bands as f64)?;
        check(rows >= 1, "rows", "at least 1", rows as f64)?;
        if bands.checked_mul(rows).is_none_or(|values| values > num_perm) {
            let message = format!(
                "--bands {bands} times --rows {rows} is more than --num-perm {num_perm}; lower \
                 one of the first two or raise the third"
            );
            return Err(OptionsError::Conflict { message });
        }
        Ok(Banding { bands, rows })
    }

    /// Number of bands, at least 1.
    #[must_use]
    pub fn bands(self) -> usize {
        self.bands
    }

    /// Number of rows of each band, at least 1.
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Probability that a pair of Jaccard similarity `similarity`, in
    /// `0..=1`, becomes a candidate.
    #[must_use]
    pub fn recall(self, similarity: f64) -> f64 {
        1.0 - power(1.0 - power(similarity, self.rows), self.bands)
    }

    /// Probability that a pair of Jaccard similarity `similarity`, in `0..=1`,
    /// becomes a candidate and is not refuted: at the least, as a refuted pair
    /// might have been none.
    #[must_use]
    pub fn found(self, similarity: f64) -> f64 {
        (self.recall(similarity) - REFUTED).max(0.0)
    }

    /// Integral of [`Banding::recall`] from 0 to `end`, by Simpson's rule.
    fn area(self, end: f64) -> f64 {
        let step = end / INTERVALS as f64;
        let mut sum = self.recall(0.0) + self.recall(end);
        for n in 1..INTERVALS {
            let weight = if n % 2 == 1 { 4.0 } else { 2.0 };
            sum += weight * self.recall(n as f64 * step);
        }
        sum * step / 3.0
    }
}

fn check_num_perm(num_perm: usize) -> Result<(), OptionsError> {
    let ok = (1..=MAX_NUM_PERM).contains(&num_perm);
    check(ok, "num-perm", "between 1 and 4096", num_perm as f64)
}

/// The least number of bands, up to `most`, that reaches the recall.
fn least_bands(threshold: f64, rows: usize, most: usize, recall: f64) -> Option<usize> {
    let missed = 1.0 - power(threshold, rows);
    let mut all_missed = 1.0;
    (1..=most).find(|_| {
        all_missed *= missed;
        1.0 - all_missed - REFUTED >= recall
    })
}

/// `x` to the power `n`, by squaring. The standard library's may round
/// differently on different machines.
fn power(mut x: f64, mut n: usize) -> f64 {
    let mut result = 1.0;
    while n > 0 {
        if n % 2 == 1 {
            result *= x;
        }
        x *= x;
        n /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_what_an_independent_program_chose() {
        #[rustfmt::skip]
        let cases = [
            (0.5, 128, 0.95, 23, 3), (0.5, 128, 0.99, 35, 3),
            (0.5, 256, 0.95, 47, 4), (0.5, 256, 0.99, 35, 3),
            (0.6, 128, 0.95, 22, 4), (0.6, 128, 0.99, 19, 3),
            (0.6, 256, 0.95, 38, 5), (0.6, 256, 0.99, 34, 4),
            (0.7, 128, 0.95, 17, 5), (0.7, 128, 0.99, 17, 4),
            (0.7, 256, 0.95, 35, 7), (0.7, 256, 0.99, 37, 6),
            (0.8, 128, 0.95, 13, 7), (0.8, 128, 0.99, 16, 6),
            (0.8, 256, 0.95, 21, 9), (0.8, 256, 0.99, 26, 8),
            (0.9, 128, 0.95, 10, 12), (0.9, 128, 0.99, 11, 10),
        ];
        for (threshold, num_perm, recall, bands, rows) in cases {
            let banding = Banding::choose(threshold, num_perm, recall).unwrap();
            let about = format!("{threshold}, {num_perm}, {recall}");
            assert_eq!((banding.bands(), banding.rows()), (bands, rows), "{about}");
            assert!(banding.found(threshold) >= recall, "{about}");
            let fewer = Banding { bands: bands - 1, rows };
            assert!(fewer.recall(threshold) < recall, "{about}");
        }
    }

    #[test]
    fn no_other_banding_that_keeps_the_promise_has_less_area() {
        for (threshold, num_perm, recall) in [(0.8, 64, 0.9), (0.3, 100, 0.5), (1.0, 32, 0.99)] {
            let chosen = Banding::choose(threshold, num_perm, recall).unwrap();
            for rows in 1..=num_perm {
                for bands in 1..=num_perm / rows {
                    let other = Banding { bands, rows };
                    assert!(
                        other.found(threshold) < recall
                            || other.area(threshold) >= chosen.area(threshold),
                        "{threshold}: {other:?} against {chosen:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_the_signatures_refute_is_counted_in() {
        // At .75 the least number of bands of five rows reaches the recall by
        // less than what is refuted.
        for parts in 300..=1000 {
            let threshold = f64::from(parts) / 1000.0;
            let banding = Banding::choose(threshold, 128, 0.99).unwrap();
            assert!(banding.found(threshold) >= 0.99, "{threshold}");
        }
    }

    #[test]
    fn what_cannot_be_reached_names_the_best() {
        let message = Banding::choose(0.01, 128, 0.99).unwrap_err().to_string();
        assert!(message.contains("the best is 0.7237"), "{message}");
        for (threshold, num_perm, recall, name) in [
            (f64::NAN, 128, 0.9, "--threshold"),
            (0.0, 128, 0.9, "--threshold"),
            (0.8, 128, 1.0, "--recall"),
            (0.8, 128, f64::NAN, "--recall"),
            (0.8, 0, 0.9, "--num-perm"),
            (0.8, 4097, 0.9, "--num-perm"),
        ] {
            let message = Banding::choose(threshold, num_perm, recall).unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
        }
    }

    #[test]
    fn a_banding_by_hand_has_to_fit() {
        assert_eq!(Banding::new(16, 8, 128), Ok(Banding { bands: 16, rows: 8 }));
        assert!(Banding::new(16, 9, 128).is_err());
        assert!(Banding::new(0, 1, 128).is_err() && Banding::new(1, 0, 128).is_err());
        assert!(Banding::new(usize::MAX, 2, 128).is_err());
    }

    #[test]
    fn the_largest_signature_is_chosen_for_in_no_time() {
        let banding = Banding::choose(0.5, MAX_NUM_PERM, 0.999).unwrap();
        assert!(banding.bands() * banding.rows() <= MAX_NUM_PERM);
        assert!(banding.recall(0.5) >= 0.999);
    }
}
