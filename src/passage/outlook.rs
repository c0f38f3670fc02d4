//! A lone exact match -> whether it can grow into a passage at all.
//!
//! Most seeds agree by chance. An alignment of `c` columns takes at most `c`
//! tokens of each row, so that it has no more matches than these have in
//! common, in whatever order. If even with all of these, on both sides, no
//! alignment is long enough and reaches the threshold, none has to be made.
//! Counting takes a tenth of the work of an alignment. The bound is never
//! below what [`crate::passage::align::Wave::extend`] reaches: a match that is
//! dropped here would have been dropped after it.
//!
//! * time: `O(columns)` of the longest extension, at most `COLUMNS`
//! * space: `O(COLUMNS)`, reused

use crate::options::WORD_WEIGHT;
use crate::options::find::FindPlan;

/// Beyond this many columns a side is not looked at, and the match may grow.
const COLUMNS: usize = 128;

/// Tokens are told apart by ten bits: a mistake only raises the bound.
const BUCKETS: usize = 1024;

/// The two rows on one side of a match, from the match on.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Of the first document.
    pub a: &'a [u32],
    /// Of the second document.
    pub b: &'a [u32],
}

/// Judges matches, with its working memory.
#[derive(Debug, Default)]
pub struct Outlook {
    left: Vec<i64>,
    right: Vec<i64>,
}

impl Outlook {
    /// Whether no passage can come of a match of `len` tokens between `left`
    /// (read from its ends) and `right`, when an extension ends at a score of
    /// `drop` below its best.
    pub fn is_hopeless(
        &mut self,
        len: u32,
        left: Side,
        right: Side,
        drop: i32,
        plan: &FindPlan,
    ) -> bool {
        // No token weighs more than a word.
        let least = plan.min_weight().div_ceil(WORD_WEIGHT) as usize;
        let missing = least.saturating_sub(len as usize);
        if missing == 0
            || !margins::<false>(right, drop, plan, &mut self.right)
            || !margins::<true>(left, drop, plan, &mut self.left)
        {
            return false;
        }
        // From here on: the best margin with at least so many columns.
        for n in (1..self.right.len()).rev() {
            self.right[n - 1] = self.right[n - 1].max(self.right[n]);
        }
        let own = plan.margin(len, len);
        !self.left.iter().enumerate().any(|(columns, margin)| {
            let rest = self.right.get(missing.saturating_sub(columns));
            rest.is_some_and(|rest| own + margin + rest >= 0)
        })
    }
}

/// For 0, 1, 2, … columns the most by which an extension can exceed the
/// threshold; false if it may go on beyond [`COLUMNS`].
fn margins<const BACK: bool>(side: Side, drop: i32, plan: &FindPlan, out: &mut Vec<i64>) -> bool {
    let Side { a, b } = side;
    let bucket = |row: &[u32], n: usize| {
        (if BACK { row[row.len() - 1 - n] } else { row[n] }) as usize % BUCKETS
    };
    // How often a token of `b` awaits one of `a` (positive), or the reverse.
    let mut waiting = [0i8; BUCKETS];
    let mut common = 0u32;
    out.clear();
    out.push(0);
    for n in 0..a.len().max(b.len()) {
        if n >= COLUMNS - 1 {
            return false;
        }
        if n < a.len() {
            let slot = &mut waiting[bucket(a, n)];
            common += u32::from(*slot > 0);
            *slot -= 1;
        }
        if n < b.len() {
            let slot = &mut waiting[bucket(b, n)];
            common += u32::from(*slot < 0);
            *slot += 1;
        }
        let columns = n as u32 + 1;
        // An edit may take the score one below the limit before the equal
        // tokens that follow it are counted.
        if 2 * common as i32 + drop + 1 < columns as i32 {
            return true;
        }
        out.push(plan.margin(common, columns));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::options::find::FindOptions;
    use crate::passage::align::Reach;
    use crate::passage::align::Wave;

    fn noise(state: &mut u64, n: u64, letters: u64) -> Vec<u32> {
        (0..n).map(|_| (hash::splitmix64(state) % letters) as u32).collect()
    }

    #[test]
    fn a_match_that_grows_into_a_passage_is_never_hopeless() {
        let reach = Reach { drop: 8, band: 12 };
        let mut seen = [0; 2];
        for seed in 0..20_000u64 {
            let mut state = seed;
            let letters = 2 + seed % 7;
            let threshold = [0.3, 0.6, 0.7, 0.9, 1.0][(seed / 7 % 5) as usize];
            let min_words = 1 + (seed / 35 % 20) as usize;
            let plan =
                FindPlan::new(&FindOptions { threshold, min_words, ..FindOptions::default() });
            let plan = plan.unwrap();
            let mut row = |most: u64| {
                let n = hash::splitmix64(&mut state) % most;
                noise(&mut state, n, letters)
            };
            let (la, lb, ra, rb) = (row(40), row(40), row(40), row(40));
            let len = 1 + (seed % 9) as u32;
            let left = Wave::default().extend::<true>(&la, &lb, reach);
            let right = Wave::default().extend::<false>(&ra, &rb, reach);
            let long = (len + left.a + right.a).min(len + left.b + right.b) as usize >= min_words;
            let passage = long
                && plan.accepts(
                    len + left.matches + right.matches,
                    len + left.columns + right.columns,
                );
            let hopeless = Outlook::default().is_hopeless(
                len,
                Side { a: &la, b: &lb },
                Side { a: &ra, b: &rb },
                reach.drop,
                &plan,
            );
            assert!(!(passage && hopeless), "seed {seed}");
            if !passage {
                seen[usize::from(hopeless)] += 1;
            }
        }
        assert!(seen[0] > 100 && seen[1] > 1000, "{seen:?}");
    }

    #[test]
    fn long_matches_and_long_sides_may_grow() {
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        let none = Side { a: &[], b: &[] };
        let mut outlook = Outlook::default();
        assert!(!outlook.is_hopeless(15, none, none, 8, &plan));
        assert!(outlook.is_hopeless(14, none, none, 8, &plan));
        // Half of the tokens are common: no drop ends this within the limit.
        let a: Vec<u32> = (0..300).map(|n| if n % 2 == 0 { n } else { 1000 }).collect();
        let b: Vec<u32> = (0..300).map(|n| if n % 2 == 0 { n } else { 1001 }).collect();
        assert!(!outlook.is_hopeless(4, none, Side { a: &a, b: &b }, 8, &plan));
    }
}
