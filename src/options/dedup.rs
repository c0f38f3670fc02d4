//! Settings of the search for near-duplicate documents.

use crate::options::OptionsError;
use crate::options::check;
use std::str::FromStr;

/// What the score of two documents is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Shared shingles over all shingles of the two.
    #[default]
    Jaccard,
    /// Shared shingles over the shingles of the smaller, which must stand in
    /// one stretch of the larger. Only the smaller can be removed.
    Containment,
}

/// What a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// A word, or a grapheme cluster of a script without spaces.
    #[default]
    Word,
    /// A grapheme cluster of the normalised text without white space.
    Char,
}

/// What a cluster is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linking {
    /// A leader and the records that reach the threshold against it.
    #[default]
    Leader,
    /// All records that a chain of verified pairs connects.
    Connected,
}

/// Which record of a cluster stays. Ties go to the record that comes first
/// in the input (with [`Keep::Last`] there are none).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first in the input.
    #[default]
    First,
    /// The last in the input.
    Last,
    /// The one with most characters in its text.
    Longest,
    /// The one with fewest characters in its text.
    Shortest,
    /// The one with the least value of a field.
    Min(String),
    /// The one with the greatest value of a field.
    Max(String),
    /// None of them: every record of a cluster goes.
    None,
}

impl FromStr for Keep {
    type Err = OptionsError;

    fn from_str(s: &str) -> Result<Keep, OptionsError> {
        let field = |name: &str| {
            if name.is_empty() {
                let message = format!("--keep {s} names no field: write {s}FIELD");
                Err(OptionsError::Conflict { message })
            } else {
                Ok(name.to_owned())
            }
        };
        match s.split_once(':') {
            Some(("min", name)) => Ok(Keep::Min(field(name)?)),
            Some(("max", name)) => Ok(Keep::Max(field(name)?)),
            _ => match s {
                "first" => Ok(Keep::First),
                "last" => Ok(Keep::Last),
                "longest" => Ok(Keep::Longest),
                "shortest" => Ok(Keep::Shortest),
                "none" => Ok(Keep::None),
                _ => Err(OptionsError::Conflict {
                    message: format!(
                        "--keep must be first, last, longest, shortest, min:FIELD, max:FIELD or \
                         none, but it is {s}"
                    ),
                }),
            },
        }
    }
}

/// Settings of a search for near-duplicate documents, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct DedupOptions {
    /// Least score of a duplicate, in `(0, 1]`.
    pub threshold: f64,
    /// What the score is.
    pub measure: Measure,
    /// Words in a shingle, in `1..=1000`; with [`Unit::Char`], characters.
    pub ngram: usize,
    /// What a token is.
    pub unit: Unit,
    /// Values in a signature, in `1..=4096`.
    pub num_perm: usize,
    /// Bands of a signature; given together with `rows`, else derived.
    pub bands: Option<usize>,
    /// Values in a band.
    pub rows: Option<usize>,
    /// Least probability that a pair exactly at the threshold is found, in
    /// `(0, 1)`; of no effect when `bands` and `rows` are given or every pair
    /// is found.
    pub recall: f64,
    /// Whether every pair is found, with no signatures involved.
    pub exact: bool,
    /// What a cluster is.
    pub cluster: Linking,
    /// Which record of a cluster stays.
    pub keep: Keep,
    /// Whether records that differ in nothing but numbers and dates are taken
    /// as different.
    pub distinct_numbers: bool,
    /// Whether near duplicates carry the words by which they differ.
    pub explain: bool,
    /// Whether all verified pairs are part of the result.
    pub pairs: bool,
    /// Whether records are compared with a reference set only.
    pub against: bool,
    /// Draws the hash functions of the signatures.
    pub seed: u64,
    /// Bytes of shingle sets held at a time while pairs are verified, at
    /// least 1,048,576 (1 MiB). What does not fit is made again from the
    /// texts; the result is the same.
    pub set_bytes: u64,
}

impl Default for DedupOptions {
    fn default() -> DedupOptions {
        DedupOptions {
            threshold: 0.8,
            measure: Measure::Jaccard,
            ngram: 5,
            unit: Unit::Word,
            num_perm: 128,
            bands: None,
            rows: None,
            recall: 0.99,
            exact: false,
            cluster: Linking::Leader,
            keep: Keep::First,
            distinct_numbers: false,
            explain: false,
            pairs: false,
            against: false,
            seed: 42,
            set_bytes: 128 << 20,
        }
    }
}

/// Checked settings of a search for near-duplicate documents.
#[derive(Clone, Debug, PartialEq)]
pub struct DedupPlan {
    options: DedupOptions,
    threshold: (u64, u64),
}

/// Denominator of the threshold before it is reduced.
const PARTS: u64 = 1_000_000;

impl DedupPlan {
    /// Checks `options`.
    ///
    /// # Errors
    ///
    /// The first option found out of range, or options that exclude each
    /// other.
    pub fn new(options: &DedupOptions) -> Result<DedupPlan, OptionsError> {
        let t = options.threshold;
        check(t > 0.0 && t <= 1.0, "threshold", "above 0 and at most 1", t)?;
        let ngram = options.ngram;
        check((1..=1000).contains(&ngram), "ngram", "between 1 and 1000", ngram as f64)?;
        let most = options.num_perm;
        check((1..=4096).contains(&most), "num-perm", "between 1 and 4096", most as f64)?;
        let recall = options.recall;
        check(recall > 0.0 && recall < 1.0, "recall", "above 0 and below 1", recall)?;
        check(
            options.set_bytes >= 1 << 20,
            "memory",
            "at least 1048576 bytes for shingle sets",
            options.set_bytes as f64,
        )?;
        check_bands(options)?;
        check_against(options)?;
        let parts = ((t * PARTS as f64).round() as u64).clamp(1, PARTS);
        let common = greatest_common_divisor(parts, PARTS);
        Ok(DedupPlan { options: options.clone(), threshold: (parts / common, PARTS / common) })
    }

    /// The settings that were checked.
    #[must_use]
    pub fn options(&self) -> &DedupOptions {
        &self.options
    }

    /// The threshold as a fraction in lowest terms, numerator first, exact to
    /// a millionth.
    #[must_use]
    pub fn threshold(&self) -> (u64, u64) {
        self.threshold
    }

    /// Whether every pair is found: asked for, or because there is no other
    /// method for the measure.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.options.exact || self.options.measure == Measure::Containment
    }
}

fn check_bands(options: &DedupOptions) -> Result<(), OptionsError> {
    let conflict = |message: String| Err(OptionsError::Conflict { message });
    let complete = options.exact || options.measure == Measure::Containment;
    match (options.bands, options.rows) {
        (None, None) => {}
        (Some(_), None) => {
            return conflict("--bands needs --rows: give both, or neither".to_owned());
        }
        (None, Some(_)) => {
            return conflict("--rows needs --bands: give both, or neither".to_owned());
        }
        (Some(_), Some(_)) if options.exact => {
            return conflict("--exact uses no bands: leave out --bands and --rows".to_owned());
        }
        (Some(_), Some(_)) if complete => {
            return conflict(
                "--measure containment uses no bands: leave out --bands and --rows".to_owned(),
            );
        }
        (Some(bands), Some(rows)) => {
            check((1..=4096).contains(&bands), "bands", "between 1 and 4096", bands as f64)?;
            check((1..=4096).contains(&rows), "rows", "between 1 and 4096", rows as f64)?;
            if bands * rows > options.num_perm {
                return conflict(format!(
                    "{bands} bands of {rows} rows need {} values, but a signature has {}: raise \
                     --num-perm, or lower --bands or --rows",
                    bands * rows,
                    options.num_perm
                ));
            }
            return Ok(());
        }
    }
    // The most that any banding reaches: as many bands as values.
    let missed = (0..options.num_perm).fold(1.0, |p, _| p * (1.0 - options.threshold));
    if !complete && 1.0 - missed < options.recall {
        return conflict(format!(
            "with --num-perm {} a pair at --threshold {} is found with probability {:.4} at most, \
             and --recall asks for {}: raise --num-perm, or use --exact",
            options.num_perm,
            options.threshold,
            1.0 - missed,
            options.recall
        ));
    }
    Ok(())
}

fn check_against(options: &DedupOptions) -> Result<(), OptionsError> {
    let message = if !options.against {
        return Ok(());
    } else if options.cluster == Linking::Connected {
        "--against compares each record with the reference set alone, so that nothing is \
         connected: leave out --cluster connected"
    } else if options.keep != Keep::First {
        "--against keeps the records of the reference set: leave out --keep"
    } else {
        return Ok(());
    };
    Err(OptionsError::Conflict { message: message.to_owned() })
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl Fn(&mut DedupOptions)) -> Result<DedupPlan, String> {
        let mut options = DedupOptions::default();
        change(&mut options);
        DedupPlan::new(&options).map_err(|e| e.to_string())
    }

    #[test]
    fn the_defaults_are_a_plan() {
        let plan = with(|_| ()).unwrap();
        assert_eq!(plan.threshold(), (4, 5));
        assert!(!plan.complete());
    }

    #[test]
    fn impossible_options_are_refused_by_name() {
        let huge = 10usize.pow(18);
        for (change, name) in [
            (with(|o| o.threshold = f64::NAN), "--threshold must"),
            (with(|o| o.threshold = 0.0), "--threshold must"),
            (with(|o| o.threshold = -1.0), "--threshold must"),
            (with(|o| o.threshold = 1e18), "--threshold must"),
            (with(|o| o.ngram = 0), "--ngram must"),
            (with(|o| o.ngram = huge), "--ngram must"),
            (with(|o| o.num_perm = 0), "--num-perm must"),
            (with(|o| o.num_perm = huge), "--num-perm must"),
            (with(|o| o.recall = f64::NAN), "--recall must"),
            (with(|o| o.recall = 0.0), "--recall must"),
            (with(|o| o.recall = 1.0), "--recall must"),
            (with(|o| o.set_bytes = 0), "--memory must"),
            (with(|o| o.bands = Some(16)), "--bands needs --rows"),
            (with(|o| o.rows = Some(8)), "--rows needs --bands"),
            (with(|o| (o.bands, o.rows) = (Some(0), Some(8))), "--bands must"),
            (with(|o| (o.bands, o.rows) = (Some(16), Some(0))), "--rows must"),
            (with(|o| (o.bands, o.rows) = (Some(huge), Some(huge))), "--bands must"),
            (with(|o| (o.bands, o.rows) = (Some(16), Some(9))), "16 bands of 9 rows need 144"),
            (
                with(|o| (o.bands, o.rows, o.exact) = (Some(16), Some(8), true)),
                "--exact uses no bands",
            ),
            (
                with(|o| {
                    (o.bands, o.rows) = (Some(16), Some(8));
                    o.measure = Measure::Containment;
                }),
                "--measure containment uses no bands",
            ),
            (with(|o| o.threshold = 0.01), "with --num-perm 128 a pair"),
            (
                with(|o| (o.against, o.cluster) = (true, Linking::Connected)),
                "--against compares each record",
            ),
            (with(|o| (o.against, o.keep) = (true, Keep::None)), "--against keeps"),
        ] {
            let message = change.expect_err(name);
            assert!(message.starts_with(name), "{message}");
        }
        assert!(with(|o| (o.threshold, o.exact) = (0.01, true)).unwrap().complete());
        assert!(with(|o| (o.bands, o.rows) = (Some(16), Some(8))).is_ok());
    }

    #[test]
    fn thresholds_are_fractions_in_lowest_terms() {
        let of = |t: f64| with(|o| (o.threshold, o.exact) = (t, true)).unwrap().threshold();
        assert_eq!(of(1.0), (1, 1));
        assert_eq!(of(0.7), (7, 10));
        assert_eq!(of(0.1 + 0.2), (3, 10));
        assert_eq!(of(1e-9), (1, 1_000_000));
    }

    #[test]
    fn policies_are_read_from_their_names() {
        assert_eq!("longest".parse(), Ok(Keep::Longest));
        assert_eq!("min:meta.date".parse(), Ok(Keep::Min("meta.date".to_owned())));
        assert_eq!("max:a:b".parse(), Ok(Keep::Max("a:b".to_owned())));
        for (wrong, message) in [
            ("min:", "--keep min: names no field"),
            ("least:x", "--keep must be first"),
            ("", "--keep must be first"),
        ] {
            let got = wrong.parse::<Keep>().expect_err(wrong).to_string();
            assert!(got.starts_with(message), "{got}");
        }
    }
}
