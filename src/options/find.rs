//! Settings of the search for repeated passages.

use crate::options::OptionsError;
use crate::options::WORD_WEIGHT;
use crate::options::check;
use crate::options::dedup::DedupOptions;
use crate::options::dedup::DedupPlan;

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

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Passages: any stretches of words.
    #[default]
    Passage,
    /// Whole paragraphs (blocks between blank lines).
    Paragraph,
    /// Whole sentences.
    Sentence,
    /// Whole lines.
    Line,
}

/// How units are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a join of their shingles that misses no pair.
    Join,
    /// By MinHash, which finds a pair at the threshold with a probability of
    /// 0.99 or more.
    Lsh,
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
/// ones the seeds grow shorter and denser. What the choice costs and finds:
///
/// | | fast | default | sensitive | max |
/// |---|---|---|---|---|
/// | copies of 15 words found, 10, 20, 30 % of them edited | 74, 42, 21 % | 93, 72, 45 % | 95, 76, 50 % | 95, 80, 56 % |
/// | of 25 words | 94, 70, 45 % | 100, 96, 83 % | 100, 98, 89 % | 100, 99, 94 % |
/// | of 50 words | 100, 94, 74 % | 100, 100, 98 % | 100, 100, 99 % | 100, 100, 99 % |
/// | prose with few repeats, MB/s per core | 297 | 106 | 58 | 26 |
/// | RFC text with many repeats, MB/s per core | 69 | 45 | 32 | 18 |
/// | how much of that text is told twice | .527 | .536 | .539 | .544 |
/// | memory for its 65 MB | 234 MB | 264 MB | 266 MB | 385 MB |
///
/// The copies are those of `cargo bench --bench planted`, with `min-words` 12
/// and threshold 0.6; the text is that of `benches/corpus.py`, with the
/// defaults.
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
    /// What is compared: passages, or whole units of the texts. With units,
    /// `profile`, `max_gap`, `snap` and `reworded` have to be left as they
    /// are.
    pub level: Level,
    /// Shortest passage in words, in `1..=1_000_000`. Two and a half clusters
    /// of a script without spaces count as one word. Of units, the shortest
    /// that is compared with others that are not the same word for word.
    pub min_words: usize,
    /// Shortest unit in words that is reported when it stands in several
    /// places word for word, in `1..=1_000_000`. Of no effect for passages.
    pub exact_words: usize,
    /// Least identity of an alignment, in `(0, 1]`: matching columns over all
    /// columns. Of units, least Jaccard similarity of shingles of
    /// [`UNIT_NGRAM`] words.
    pub threshold: f64,
    /// How units are compared; none: by a join up to [`JOINED_UNITS`], by
    /// MinHash beyond, where it is faster. Passages have no such choice.
    pub method: Option<Method>,
    /// How hard edited passages are looked for.
    pub profile: Profile,
    /// Longest stretch without a match inside a passage, in words, in
    /// `0..=10_000`.
    pub max_gap: usize,
    /// Borders to which reported spans grow.
    pub snap: Snap,
    /// Whether passages are found as well that share their unusual words in
    /// another order or wording; they have a kind and a measure of their own.
    ///
    /// Needs twenty words at least, and some three times the work of a search
    /// without, growing with the power 1.2 of the size. Of labelled cases (PAN
    /// 2013, training part) the plagdet score is .92 for words in random
    /// order, .89 for translations there and back, .54 for summaries. What has
    /// none of its unusual words left is not found; templates filled with
    /// other names are not told from retellings, nor are two reports of one
    /// event.
    pub reworded: bool,
    /// Whether the verified pairs behind the clusters are kept in the result.
    pub pairs: bool,
}

impl Default for FindOptions {
    fn default() -> FindOptions {
        FindOptions {
            scope: Scope::All,
            level: Level::Passage,
            min_words: 15,
            exact_words: 3,
            threshold: 0.7,
            method: None,
            profile: Profile::Default,
            max_gap: 32,
            snap: Snap::Word,
            reworded: false,
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

/// Words in a shingle by which units are compared: units are short, and a
/// word that differs changes as many shingles as they are long.
pub const UNIT_NGRAM: usize = 3;

/// Checked settings of a search for repeated passages.
#[derive(Clone, Debug, PartialEq)]
pub struct FindPlan {
    options: FindOptions,
    threshold_num: u64,
    units: Option<UnitPlans>,
}

/// How units are compared.
#[derive(Clone, Debug, PartialEq)]
struct UnitPlans {
    /// So that no pair is missed.
    joined: DedupPlan,
    /// By signatures; none when every pair has to be found, or when no banding
    /// reaches the recall at so low a threshold.
    banded: Option<DedupPlan>,
}

impl UnitPlans {
    fn new(options: &FindOptions) -> Result<UnitPlans, OptionsError> {
        let plan = |exact| {
            DedupPlan::new(&DedupOptions {
                threshold: options.threshold,
                ngram: UNIT_NGRAM,
                exact,
                pairs: options.pairs,
                ..DedupOptions::default()
            })
        };
        let banded = match options.method {
            None => plan(false).ok(),
            Some(Method::Join) => None,
            Some(Method::Lsh) => Some(plan(false)?),
        };
        Ok(UnitPlans { joined: plan(true)?, banded })
    }
}

/// Most different units that are joined unless more is asked for. MinHash
/// overtakes the join at some two thousand (`cargo bench --bench units`) and
/// takes half its time at thirty thousand; up to here the join costs less than
/// a tenth of a second more, and misses nothing.
pub const JOINED_UNITS: usize = 1 << 14;

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
        let units = match options.level {
            Level::Passage if options.method.is_some() => {
                let message = "--exact compares whole units: give a --level, or leave it out";
                return Err(OptionsError::Conflict { message: message.to_owned() });
            }
            Level::Passage => None,
            Level::Paragraph | Level::Sentence | Level::Line => {
                check_units(options)?;
                Some(UnitPlans::new(options)?)
            }
        };
        Ok(FindPlan { options: options.clone(), threshold_num, units })
    }

    /// The settings that were checked.
    #[must_use]
    pub fn options(&self) -> &FindOptions {
        &self.options
    }

    /// How that many units are compared: with no pair missed up to
    /// [`JOINED_UNITS`], or if that is asked for; by signatures beyond, where
    /// these are faster.
    ///
    /// # Panics
    ///
    /// If the plan is for passages.
    pub(crate) fn units(&self, units: usize) -> &DedupPlan {
        let plans = self.units.as_ref().expect("a plan for units");
        let many = units > JOINED_UNITS || self.options.method.is_some();
        match &plans.banded {
            Some(banded) if many => banded,
            _ => &plans.joined,
        }
    }

    /// Whether `matches` of `columns` reach the threshold. Integer
    /// arithmetic, so that a value exactly at the threshold counts on every
    /// machine. No columns never reach it.
    #[must_use]
    pub fn accepts(&self, matches: u32, columns: u32) -> bool {
        columns > 0 && self.margin(matches, columns) >= 0
    }

    /// Whether only alignments without an edit reach the threshold.
    pub(crate) fn is_exact(&self) -> bool {
        self.threshold_num == PARTS
    }

    /// By how much `matches` of `columns` exceed the threshold, in units of
    /// which only the sign and sums are of use.
    #[must_use]
    pub(crate) fn margin(&self, matches: u32, columns: u32) -> i64 {
        (u64::from(matches) * PARTS) as i64 - (self.threshold_num * u64::from(columns)) as i64
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

    /// Least weight of a unit that is reported for being told twice word for
    /// word.
    #[must_use]
    pub fn exact_weight(&self) -> u32 {
        self.options.exact_words.min(self.options.min_words) as u32 * WORD_WEIGHT
    }

    /// Least weight of a passage.
    #[must_use]
    pub fn min_weight(&self) -> u32 {
        self.options.min_words as u32 * WORD_WEIGHT
    }
}

/// Refuses what says nothing about units.
fn check_units(options: &FindOptions) -> Result<(), OptionsError> {
    let words = options.exact_words;
    check((1..=1_000_000).contains(&words), "min-words", "between 1 and 1000000", words as f64)?;
    let plain = FindOptions::default();
    let option = if options.profile != plain.profile {
        "--profile"
    } else if options.max_gap != plain.max_gap {
        "--max-gap"
    } else if options.snap != plain.snap {
        "--snap"
    } else if options.reworded {
        "--reworded"
    } else {
        return Ok(());
    };
    Err(passages_only(option))
}

/// The error for an option that is about passages, given with a level of
/// units.
#[must_use]
pub fn passages_only(option: &str) -> OptionsError {
    let message =
        format!("{option} is about passages, and --level compares whole units: leave one out");
    OptionsError::Conflict { message }
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
