//! Settings of the search for repeated passages.

use crate::options::OptionsError;
use crate::options::WORD_WEIGHT;
use crate::options::check;

/// What is compared with what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Places inside one document.
    Within,
    /// Places in different documents.
    Across,
    /// Both.
    #[default]
    All,
}

/// Borders to which reported spans grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snap {
    /// The words that match; nothing is added.
    #[default]
    Word,
    /// Whole sentences.
    Sentence,
    /// Whole paragraphs (blocks between blank lines).
    Paragraph,
}

/// How hard edited passages are looked for: longer and sparser seeds are
/// faster, and miss more passages in which many words were changed.
///
/// Exact passages of `min-words` are found with every profile, given that
/// these are at least [`Seeds::words`]` + `[`Seeds::window`]` - 1`; for shorter
/// ones the seeds grow shorter and denser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Seeds of 5 words, one of 8 kept.
    Fast,
    /// Seeds of 4 words, one of 4 kept.
    #[default]
    Default,
    /// Seeds of 3 words, one of 4 kept.
    Sensitive,
    /// All seeds of 3 words.
    Max,
}

/// Settings of a search for repeated passages, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct FindOptions {
    /// What is compared with what.
    pub scope: Scope,
    /// Shortest passage in words, in `1..=1_000_000`. Two and a half clusters
    /// of a script without spaces count as one word.
    pub min_words: usize,
    /// Least identity of an alignment, in `(0, 1]`: matching columns over all
    /// columns.
    pub threshold: f64,
    /// How hard edited passages are looked for.
    pub profile: Profile,
    /// Longest stretch without a match inside a passage, in words, in
    /// `0..=10_000`.
    pub max_gap: usize,
    /// Borders to which reported spans grow.
    pub snap: Snap,
    /// Whether the verified pairs behind the clusters are kept in the result.
    pub pairs: bool,
}

impl Default for FindOptions {
    fn default() -> FindOptions {
        FindOptions {
            scope: Scope::All,
            min_words: 15,
            threshold: 0.7,
            profile: Profile::Default,
            max_gap: 32,
            snap: Snap::Word,
            pairs: false,
        }
    }
}

/// Length and density of the seeds from which passages grow, in words.
///
/// Every shared run of `words + window - 1` words keeps a common fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// Words in a seed.
    pub words: u32,
    /// Consecutive seeds of which one is kept.
    pub window: u32,
}

/// Threshold below which seeds are twice as dense.
pub const DENSE: f64 = 0.6;

impl Profile {
    /// The seeds of the profile, for passages long enough for them.
    #[must_use]
    pub fn seeds(self) -> Seeds {
        let (words, window) = match self {
            Profile::Fast => (5, 8),
            Profile::Default => (4, 4),
            Profile::Sensitive => (3, 4),
            Profile::Max => (3, 1),
        };
        Seeds { words, window }
    }
}

/// Checked settings of a search for repeated passages.
#[derive(Clone, Debug, PartialEq)]
pub struct FindPlan {
    options: FindOptions,
    threshold_num: u64,
}

/// Denominator of the threshold as a rational number.
const PARTS: u64 = 1_000_000;

impl FindPlan {
    /// Checks `options`.
    ///
    /// # Errors
    ///
    /// The first option found out of range.
    pub fn new(options: &FindOptions) -> Result<FindPlan, OptionsError> {
        let words = 1..=1_000_000;
        check(
            words.contains(&options.min_words),
            "min-words",
            "between 1 and 1000000",
            options.min_words as f64,
        )?;
        let t = options.threshold;
        check(t > 0.0 && t <= 1.0, "threshold", "above 0 and at most 1", t)?;
        check(options.max_gap <= 10_000, "max-gap", "between 0 and 10000", options.max_gap as f64)?;
        let threshold_num = ((t * PARTS as f64).round() as u64).clamp(1, PARTS);
        Ok(FindPlan { options: options.clone(), threshold_num })
    }

    /// The settings that were checked.
    #[must_use]
    pub fn options(&self) -> &FindOptions {
        &self.options
    }

    /// Whether `matches` of `columns` reach the threshold. Integer
    /// arithmetic, so that a value exactly at the threshold counts on every
    /// machine. No columns never reach it.
    #[must_use]
    pub fn accepts(&self, matches: u32, columns: u32) -> bool {
        columns > 0 && u64::from(matches) * PARTS >= self.threshold_num * u64::from(columns)
    }

    /// The seeds: those of the profile, or shorter ones, so that an exact
    /// passage of `min-words` holds at least one, and save with
    /// [`Profile::Fast`] also the shortest passage with one edited word that
    /// reaches the threshold: one of its halves is unedited. With a threshold
    /// below 0.6 they are denser: passages with so many edits hold few unedited
    /// runs, and one of two seeds finds a tenth more of them than one of four.
    #[must_use]
    pub fn seeds(&self) -> Seeds {
        let Seeds { words, mut window } = self.options.profile.seeds();
        if self.options.threshold < DENSE {
            window = window.div_ceil(2);
        }
        let exact = self.options.min_words as u32;
        let edited = (exact..2 * exact).find(|&n| self.accepts(n - 1, n)).unwrap_or(2 * exact);
        let most = if self.options.profile == Profile::Fast { exact } else { edited / 2 };
        let most = most.max(1);
        let words = words.min(most);
        Seeds { words, window: window.min(most + 1 - words) }
    }

    /// Least weight of a passage.
    #[must_use]
    pub fn min_weight(&self) -> u32 {
        self.options.min_words as u32 * WORD_WEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_options_are_refused_by_name() {
        let with = |f: fn(&mut FindOptions)| {
            let mut o = FindOptions::default();
            f(&mut o);
            FindPlan::new(&o).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(with(|_| ()), Ok(()));
        for (change, name) in [
            (with(|o| o.threshold = f64::NAN), "--threshold"),
            (with(|o| o.threshold = -1.0), "--threshold"),
            (with(|o| o.threshold = 2.0), "--threshold"),
            (with(|o| o.threshold = 0.0), "--threshold"),
            (with(|o| o.min_words = 0), "--min-words"),
            (with(|o| o.min_words = usize::MAX), "--min-words"),
            (with(|o| o.max_gap = 10_001), "--max-gap"),
        ] {
            let message = change.expect_err(name);
            assert!(message.starts_with(name), "{message}");
        }
    }

    #[test]
    fn seeds_fit_into_the_shortest_passage() {
        for profile in [Profile::Fast, Profile::Default, Profile::Sensitive, Profile::Max] {
            for min_words in 1..30 {
                let options = FindOptions { profile, min_words, ..FindOptions::default() };
                let seeds = FindPlan::new(&options).unwrap().seeds();
                assert!(seeds.words >= 1 && seeds.window >= 1);
                assert!((seeds.words + seeds.window - 1) as usize <= min_words);
                if min_words >= 14 {
                    assert_eq!(seeds, profile.seeds());
                }
                let loose = FindPlan::new(&FindOptions { threshold: 0.5, ..options }).unwrap();
                assert!(loose.seeds().window <= seeds.window);
            }
        }
    }

    #[test]
    fn the_threshold_itself_is_accepted() {
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        assert!(plan.accepts(7, 10));
        assert!(!plan.accepts(699, 1000));
        assert!(!plan.accepts(0, 0));
        let whole = FindPlan::new(&FindOptions { threshold: 1.0, ..FindOptions::default() });
        let whole = whole.unwrap();
        assert!(whole.accepts(5, 5) && !whole.accepts(999_999, 1_000_000));
    }
}
