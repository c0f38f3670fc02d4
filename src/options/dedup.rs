//! Settings of the search for near-duplicate documents.

use crate::options::OptionsError;
use crate::options::banding::Banding;
use crate::options::banding::MAX_NUM_PERM;
use crate::options::check;
use crate::options::threshold::Threshold;
use std::str::FromStr;

/// What the score of two documents is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Shared shingles over all shingles of the two.
    #[default]
    Jaccard,
    /// Shared shingles over the shingles of the smaller, which must stand in
    /// one stretch of the larger. Only the smaller can be removed. Signatures
    /// do not show it: every pair is found, as with `exact`.
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
/// in the input (with [`Keep::Last`] there are none). Under
/// [`Measure::Containment`] what contains the others stays; the policy decides
/// among records with as many shingles.
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
                         none, but it is {s:?}"
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
    threshold: Threshold,
    banding: Option<Banding>,
}

impl DedupPlan {
    /// Checks `options` and chooses the banding.
    ///
    /// # Errors
    ///
    /// The first option found out of range, options that exclude each other,
    /// or a recall that no banding reaches.
    pub fn new(options: &DedupOptions) -> Result<DedupPlan, OptionsError> {
        let threshold = Threshold::new(options.threshold)?;
        let ngram = options.ngram;
        check((1..=1000).contains(&ngram), "ngram", "between 1 and 1000", ngram as f64)?;
        let values = options.num_perm;
        let range = 1..=MAX_NUM_PERM;
        check(range.contains(&values), "num-perm", "between 1 and 4096", values as f64)?;
        let recall = options.recall;
        check(recall > 0.0 && recall < 1.0, "recall", "above 0 and below 1", recall)?;
        let bytes = options.set_bytes;
        check(bytes >= 1 << 20, "memory", "at least 1 MiB for shingle sets", bytes as f64)?;
        let banding = banding(options)?;
        check_against(options)?;
        Ok(DedupPlan { options: options.clone(), threshold, banding })
    }

    /// The settings that were checked.
    #[must_use]
    pub fn options(&self) -> &DedupOptions {
        &self.options
    }

    /// Least score of a duplicate.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// Bands and rows of the signatures; none when every pair is found without
    /// them: with `exact`, and for containment, which signatures do not show.
    #[must_use]
    pub fn banding(&self) -> Option<Banding> {
        self.banding
    }
}

fn banding(options: &DedupOptions) -> Result<Option<Banding>, OptionsError> {
    let unused = match (options.exact, options.measure) {
        (true, _) => Some("--exact"),
        (false, Measure::Containment) => Some("--measure containment"),
        (false, Measure::Jaccard) => None,
    };
    let message = match (options.bands, options.rows, unused) {
        (None, None, Some(_)) => return Ok(None),
        (None, None, None) => {
            let banding = Banding::choose(options.threshold, options.num_perm, options.recall)?;
            return Ok(Some(banding));
        }
        (Some(bands), Some(rows), None) => {
            return Banding::new(bands, rows, options.num_perm).map(Some);
        }
        (_, _, Some(name)) => format!("{name} uses no bands: leave out --bands and --rows"),
        (Some(_), None, None) => "--bands needs --rows: give both, or neither".to_owned(),
        (None, Some(_), None) => "--rows needs --bands: give both, or neither".to_owned(),
    };
    Err(OptionsError::Conflict { message })
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
        assert!(plan.threshold().accepts(4, 5));
        let banding = plan.banding().unwrap();
        assert_eq!((banding.bands(), banding.rows()), (16, 6));
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
            (with(|o| (o.bands, o.rows) = (Some(huge), Some(huge))), "--bands 1000000000000000000"),
            (with(|o| (o.bands, o.rows) = (Some(16), Some(9))), "--bands 16 times --rows 9"),
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
            (with(|o| o.threshold = 0.01), "--recall 0.99 cannot be reached"),
            (
                with(|o| (o.against, o.cluster) = (true, Linking::Connected)),
                "--against compares each record",
            ),
            (with(|o| (o.against, o.keep) = (true, Keep::None)), "--against keeps"),
        ] {
            let message = change.expect_err(name);
            assert!(message.starts_with(name), "{message}");
        }
        assert_eq!(with(|o| (o.threshold, o.exact) = (0.01, true)).unwrap().banding(), None);
        assert!(with(|o| (o.bands, o.rows) = (Some(16), Some(8))).is_ok());
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
