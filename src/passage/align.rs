//! Two rows of tokens -> how well they align.
//!
//! One kernel serves three questions: how far a match goes on past its end
//! ([`Wave::extend`]), what lies in the gap between two matches and how
//! similar two whole passages are ([`Wave::global`]). For 0, 1, 2, … edits
//! (one token replaced, left out or put in) it keeps, for every diagonal, the
//! furthest place reached, and slides along equal tokens for free.
//!
//! * time: `O(matches + edits^2)`, in an extension `O(band)` for each edit
//! * space: `O(edits)`, reused
//!
//! Sources: Ukkonen, *Algorithms for approximate string matching*, 1985;
//! Myers, *An O(ND) difference algorithm*, 1986; the extension's stopping rule
//! after Zhang, Schwartz, Wagner, Miller, *A greedy algorithm for aligning DNA
//! sequences*, 2000. Departures: a replaced token is one edit, not two; the
//! number of matches travels with each place, so that nothing is traced back.
//! On equal reach the path with more matches is kept.

use std::ops::Add;

/// Limits of an extension, in tokens.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// An extension ends when its score (matches minus edits) has fallen this
    /// far below its best.
    pub drop: i32,
    /// Furthest diagonal that is followed: surplus of tokens left out on one
    /// side over the other.
    pub band: i32,
}

/// How far an extension went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Tokens taken of the first row.
    pub a: u32,
    /// Tokens taken of the second row.
    pub b: u32,
    /// Equal tokens among them.
    pub matches: u32,
    /// Columns of the alignment: matches and edits.
    pub columns: u32,
}

/// One diagonal's furthest place: tokens taken of the first row in the upper
/// half, matches in the lower, so that one comparison orders both. Below zero
/// there is no place.
trait Place: Copy + Ord + Default + Add<Output = Self> {
    /// No place, however many tokens are added.
    const NOWHERE: Self;
    /// One more token of the first row that is no match.
    const TOKEN: Self;
    /// Rows with more tokens do not fit.
    const MOST: usize;

    /// That many more matches.
    fn run(matches: usize) -> Self;
    fn a(self) -> i32;
    fn matches(self) -> i32;
}

macro_rules! place {
    ($int:ty, $half:expr) => {
        impl Place for $int {
            const NOWHERE: $int = <$int>::MIN / 2;
            const TOKEN: $int = 1 << $half;
            const MOST: usize = (1 << ($half - 2)) - 1;

            #[inline(always)]
            fn run(matches: usize) -> $int {
                matches as $int * (<$int as Place>::TOKEN + 1)
            }

            #[inline(always)]
            fn a(self) -> i32 {
                (self >> $half) as i32
            }

            #[inline(always)]
            fn matches(self) -> i32 {
                (self & (<$int as Place>::TOKEN - 1)) as i32
            }
        }
    };
}

place!(i32, 16);
place!(i64, 32);

/// The places of two rounds.
#[derive(Debug, Default)]
struct Rounds<P> {
    now: Vec<P>,
    next: Vec<P>,
}

/// The kernel with its working memory.
#[derive(Debug, Default)]
pub struct Wave {
    /// For all but very long rows: twice as many places at a time.
    short: Rounds<i32>,
    long: Rounds<i64>,
}

/// Number of equal tokens at the front of both rows, or at their back.
#[inline]
pub fn shared<const BACK: bool>(a: &[u32], b: &[u32]) -> usize {
    if BACK {
        a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count()
    } else {
        a.iter().zip(b).take_while(|(x, y)| x == y).count()
    }
}

/// Token `n` of a row, counted from the front or the back.
#[inline(always)]
fn at<const BACK: bool>(row: &[u32], n: usize) -> u32 {
    if BACK { row[row.len() - 1 - n] } else { row[n] }
}

/// Whether no extension over these rows can score above zero before it falls
/// below `-drop`.
///
/// An alignment that scores above zero for the first time has `c` columns and
/// `(c + 1) / 2` matches; on the way, `c` columns never hold fewer than
/// `(c - drop) / 2`. Columns take at most `c` tokens of each row, so that the
/// tokens which the first `c` of both rows have in common, in any order, are
/// no fewer than the matches. Counting these is a tenth of the work of an
/// alignment, and most seeds that agree by chance end here. Tokens are told
/// apart by ten bits: a mistake only lets a hopeless case pass.
fn hopeless<const BACK: bool>(a: &[u32], b: &[u32], drop: i32) -> bool {
    const BUCKETS: usize = 1024;
    // Beyond this many columns a counter might overflow: let the alignment see.
    const COLUMNS: usize = 200;
    let mut seen = [0u64; BUCKETS / 64];
    let mut waiting = [0u8; BUCKETS];
    let mut common = 0i32;
    let (la, lb) = (a.len(), b.len());
    for n in 0..COLUMNS.min(la.max(lb)) {
        if n < la {
            let x = at::<BACK>(a, n) as usize % BUCKETS;
            let new = seen[x / 64] >> (x % 64) & 1 == 0;
            seen[x / 64] |= 1 << (x % 64);
            common += if new { i32::from(waiting[x]) } else { 0 };
        }
        if n < lb {
            let y = at::<BACK>(b, n) as usize % BUCKETS;
            waiting[y] += 1;
            common += (seen[y / 64] >> (y % 64) & 1) as i32;
        }
        let columns = n as i32 + 1;
        if 2 * common > columns {
            return false;
        }
        // An edit may take the score one below the limit before the equal
        // tokens that follow it are counted.
        if 2 * common + 1 < columns - drop {
            return true;
        }
    }
    la.max(lb) < COLUMNS
}

impl Wave {
    /// Extends a match over the rows that follow it (or, with `BACK`, that
    /// precede it; they are then read from their ends).
    ///
    /// The result is the best-scoring front part; it ends on a match. Nothing
    /// is taken when no extension scores above zero. Ties go to the least
    /// number of edits, then to the diagonal that takes least of `a`.
    pub fn extend<const BACK: bool>(&mut self, a: &[u32], b: &[u32], reach: Reach) -> Extension {
        let start = shared::<BACK>(a, b);
        let rest = |row: &[u32]| if BACK { ..row.len() - start } else { ..row.len() };
        let (a, b) = (&a[rest(a)], &b[rest(b)]);
        let (a, b) = if BACK { (a, b) } else { (&a[start..], &b[start..]) };
        let beyond = if hopeless::<BACK>(a, b, reach.drop) {
            Extension::default()
        } else if a.len().max(b.len()) <= i32::MOST {
            self.short.extend::<BACK>(a, b, reach)
        } else {
            self.long.extend::<BACK>(a, b, reach)
        };
        let start = start as u32;
        Extension {
            a: start + beyond.a,
            b: start + beyond.b,
            matches: start + beyond.matches,
            columns: start + beyond.columns,
        }
    }

    /// Aligns the whole of both rows with the fewest edits; returns matches
    /// and columns, or nothing when more than `most` edits are needed.
    pub fn global(&mut self, a: &[u32], b: &[u32], most: u32) -> Option<(u32, u32)> {
        let front = shared::<false>(a, b);
        let (a, b) = (&a[front..], &b[front..]);
        let back = shared::<true>(a, b);
        let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
        let same = (front + back) as u32;
        let (la, lb) = (a.len() as u32, b.len() as u32);
        let (matches, edits) = if la == 0 || lb == 0 {
            (0, Some(la + lb).filter(|&edits| edits <= most)?)
        } else if la.abs_diff(lb) > most {
            return None;
        } else if a.len().max(b.len()) <= i32::MOST {
            self.short.global(a, b, most.min(la.max(lb)) as i32)?
        } else {
            self.long.global(a, b, most.min(la.max(lb)) as i32)?
        };
        Some((same + matches, same + matches + edits))
    }
}

impl<P: Place> Rounds<P> {
    /// No place but the start on the diagonal in the middle.
    fn clear(&mut self, reach: i32) {
        let width = (2 * reach + 3) as usize;
        for row in [&mut self.now, &mut self.next] {
            row.clear();
            row.resize(width, P::NOWHERE);
        }
        self.now[(reach + 1) as usize] = P::default();
    }

    /// [`Wave::extend`] over rows that do not begin with a match.
    fn extend<const BACK: bool>(&mut self, a: &[u32], b: &[u32], reach: Reach) -> Extension {
        let (mut best, mut score) = (Extension::default(), 0);
        self.clear(reach.band);
        let (mut low, mut high) = (0i32, 0i32);
        for edits in 1.. {
            let (from, to) = ((low - 1).max(-reach.band), (high + 1).min(reach.band));
            // Slot of the diagonal before the first, which is read too.
            let slot = (from + reach.band) as usize;
            let count = (to - from + 1) as usize;
            let now = &self.now[slot..slot + count + 2];
            let next = &mut self.next[slot..slot + count + 2];
            step(now, &mut next[1..=count]);
            let least = score - reach.drop + edits;
            let (mut alive_low, mut alive_high) = (i32::MAX, i32::MIN);
            for (n, d) in (from..=to).enumerate() {
                let place = slide::<P, BACK>(next[n + 1], &now[n..n + 3], d, a, b);
                let matches = place.matches();
                if place < P::default() || matches < least {
                    next[n + 1] = P::NOWHERE;
                    continue;
                }
                next[n + 1] = place;
                alive_low = alive_low.min(d);
                alive_high = d;
                if matches - edits > score {
                    score = matches - edits;
                    best = Extension {
                        a: place.a() as u32,
                        b: (place.a() - d) as u32,
                        matches: matches as u32,
                        columns: (matches + edits) as u32,
                    };
                }
            }
            if alive_low > alive_high {
                break;
            }
            // Slots next to the living ones are read in the next round.
            next[0] = P::NOWHERE;
            next[count + 1] = P::NOWHERE;
            (low, high) = (alive_low, alive_high);
            std::mem::swap(&mut self.now, &mut self.next);
        }
        best
    }

    /// Matches and edits of [`Wave::global`] over rows that neither begin nor
    /// end with a match, so that no edit is ever saved at the start.
    fn global(&mut self, a: &[u32], b: &[u32], most: i32) -> Option<(u32, u32)> {
        let (la, lb) = (a.len() as i32, b.len() as i32);
        self.clear(most);
        for edits in 1..=most {
            // From further away the end takes more edits than are left.
            let (from, to) =
                ((-edits).max(la - lb - (most - edits)), edits.min(la - lb + (most - edits)));
            let slot = (from + most) as usize;
            let count = (to - from + 1) as usize;
            let now = &self.now[slot..slot + count + 2];
            let next = &mut self.next[slot..slot + count + 2];
            step(now, &mut next[1..=count]);
            for (n, d) in (from..=to).enumerate() {
                let place = slide::<P, false>(next[n + 1], &now[n..n + 3], d, a, b);
                if d == la - lb && place.a() == la {
                    return Some((place.matches() as u32, edits as u32));
                }
                next[n + 1] = place;
            }
            std::mem::swap(&mut self.now, &mut self.next);
        }
        None
    }
}

/// The furthest place on each diagonal with one more edit: a token replaced,
/// one of `a` left out, or one of `b`. It may lie one token beyond the end of
/// a row. `now` holds a diagonal more than `next` at both ends.
#[inline(always)]
fn step<P: Place>(now: &[P], next: &mut [P]) {
    let (before, on, after) = (&now[..next.len()], &now[1..=next.len()], &now[2..]);
    for (n, next) in next.iter_mut().enumerate() {
        *next = (before[n].max(on[n]) + P::TOKEN).max(after[n]);
    }
}

/// A place that [`step`] gave, or if it lies beyond the end of a row the best
/// of those that do not, and on along equal tokens; below zero when there is
/// none.
///
/// `around` are the places before the step on the diagonals before, at and
/// after `d`.
#[inline(always)]
fn slide<P: Place, const BACK: bool>(
    mut place: P,
    around: &[P],
    d: i32,
    a: &[u32],
    b: &[u32],
) -> P {
    // No place on this diagonal lies beyond the end of either row.
    let end = (a.len() as i32).min(b.len() as i32 + d);
    if place.a() > end {
        let inside = |p: &P| p.a() <= end;
        let all = [around[1] + P::TOKEN, around[0] + P::TOKEN, around[2]];
        place = all.into_iter().filter(inside).max().unwrap_or(P::NOWHERE);
    }
    if place < P::default() {
        return P::NOWHERE;
    }
    let start = place.a() as usize;
    let (mut i, mut j) = (start, (place.a() - d) as usize);
    while i < end as usize && at::<BACK>(a, i) == at::<BACK>(b, j) {
        i += 1;
        j += 1;
    }
    place + P::run(i - start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn noise(state: &mut u64, n: usize, letters: u64) -> Vec<u32> {
        (0..n).map(|_| (hash::splitmix64(state) % letters) as u32).collect()
    }

    /// Fewest edits, by the textbook table.
    fn naive_edits(a: &[u32], b: &[u32]) -> u32 {
        let mut row: Vec<u32> = (0..=b.len() as u32).collect();
        for (i, x) in a.iter().enumerate() {
            let mut corner = row[0];
            row[0] = i as u32 + 1;
            for (j, y) in b.iter().enumerate() {
                let replaced = corner + u32::from(x != y);
                corner = row[j + 1];
                row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
            }
        }
        row[b.len()]
    }

    #[test]
    fn global_needs_as_many_edits_as_the_table() {
        for seed in 0..3000u64 {
            let mut state = seed;
            let letters = 1 + seed % 4;
            let a = noise(&mut state, (seed % 23) as usize, letters);
            let b = noise(&mut state, (seed / 7 % 19) as usize, letters);
            let want = naive_edits(&a, &b);
            let (matches, columns) = Wave::default().global(&a, &b, 100).unwrap();
            assert_eq!(columns - matches, want, "seed {seed}");
            assert!(matches as usize <= a.len().min(b.len()));
            if want > 0 {
                assert_eq!(Wave::default().global(&a, &b, want - 1), None, "seed {seed}");
            }
        }
    }

    #[test]
    fn long_and_short_places_agree() {
        let reach = Reach { drop: 8, band: 12 };
        for seed in 0..3000u64 {
            let mut state = seed;
            let letters = 2 + seed % 5;
            let a = [vec![100], noise(&mut state, (seed % 47) as usize, letters)].concat();
            let b = [vec![200], noise(&mut state, (seed / 5 % 53) as usize, letters)].concat();
            let (mut short, mut long) = (Rounds::<i32>::default(), Rounds::<i64>::default());
            assert_eq!(
                short.extend::<false>(&a, &b, reach),
                long.extend::<false>(&a, &b, reach),
                "seed {seed}"
            );
            let most = a.len().max(b.len()) as i32;
            assert_eq!(short.global(&a, &b, most), long.global(&a, &b, most), "seed {seed}");
        }
    }

    #[test]
    fn rows_beyond_the_short_places_are_aligned() {
        let mut state = 9;
        let a = noise(&mut state, 3 * i32::MOST, u64::MAX);
        let mut b = a.clone();
        b[10] ^= 1;
        let last = b.len() - 10;
        b[last] ^= 1;
        let (matches, columns) = (b.len() as u32 - 2, b.len() as u32);
        assert_eq!(Wave::default().global(&a, &b, 5), Some((matches, columns)));
        let reach = Reach { drop: 8, band: 12 };
        let whole = Extension { a: columns, b: columns, matches, columns };
        assert_eq!(Wave::default().extend::<false>(&a, &b, reach), whole);
        assert_eq!(Wave::default().extend::<true>(&a, &b, reach), whole);
    }

    #[test]
    fn an_extension_never_beats_the_best_front_part_and_finds_plain_ones() {
        let reach = Reach { drop: 8, band: 12 };
        for seed in 0..1500u64 {
            let mut state = seed;
            let a = noise(&mut state, (seed % 21) as usize, 3);
            let b = noise(&mut state, (seed / 5 % 17) as usize, 3);
            let got = Wave::default().extend::<false>(&a, &b, reach);
            let (i, j) = (got.a as usize, got.b as usize);
            let edits = naive_edits(&a[..i], &b[..j]);
            assert!(got.columns - got.matches >= edits, "seed {seed}");
            let (ra, rb): (Vec<_>, Vec<_>) =
                (a.iter().rev().copied().collect(), b.iter().rev().copied().collect());
            assert_eq!(Wave::default().extend::<true>(&ra, &rb, reach), got, "seed {seed}");
            if i > 0 {
                assert_eq!(a[i - 1], b[j - 1], "ends on a match, seed {seed}");
            }
        }
    }

    #[test]
    fn only_extensions_without_a_gain_are_called_hopeless() {
        let mut seen = [0; 2];
        for seed in 0..1000u64 {
            let mut state = seed;
            let (la, lb) = ((seed % 61) as usize, (seed / 3 % 57) as usize);
            let letters = 2 + seed % 30;
            // The first tokens differ, as at the end of an exact match.
            let a = [&[1000][..], &noise(&mut state, la, letters)].concat();
            let b = [&[2000][..], &noise(&mut state, lb, letters)].concat();
            let hopeless = hopeless::<false>(&a, &b, 8);
            seen[usize::from(hopeless)] += 1;
            // Every front part of both rows that a path can reach.
            let gain = (1..=a.len()).any(|i| {
                (1..=b.len()).any(|j| {
                    let edits = naive_edits(&a[..i], &b[..j]) as i32;
                    let reach = Reach { drop: 8, band: 12 };
                    (i.max(j) as i32 - edits) > edits
                        && Wave::default().extend::<false>(&a, &b, reach).matches > 0
                })
            });
            assert!(!(hopeless && gain), "seed {seed}");
            let (ra, rb): (Vec<_>, Vec<_>) =
                (a.iter().rev().copied().collect(), b.iter().rev().copied().collect());
            assert_eq!(super::hopeless::<true>(&ra, &rb, 8), hopeless, "seed {seed}");
        }
        assert!(seen[0] > 50 && seen[1] > 50, "{seen:?}");
    }

    #[test]
    fn extension_crosses_edits_and_stops_in_foreign_text() {
        let reach = Reach { drop: 8, band: 12 };
        let mut state = 5;
        let row = noise(&mut state, 60, u64::MAX);
        // One token replaced, two left out, one put in.
        let mut edited = row[..10].to_vec();
        edited.push(1);
        edited.extend(&row[11..30]);
        edited.extend(&row[32..50]);
        edited.push(2);
        edited.extend(&row[50..]);
        let mut a = row.clone();
        a.extend(noise(&mut state, 200, u64::MAX));
        edited.extend(noise(&mut state, 200, u64::MAX));
        let got = Wave::default().extend::<false>(&a, &edited, reach);
        assert_eq!((got.a, got.b), (60, 59));
        assert_eq!((got.matches, got.columns), (57, 61));
    }

    #[test]
    fn empty_rows() {
        let reach = Reach { drop: 8, band: 12 };
        assert_eq!(Wave::default().extend::<false>(&[], &[1], reach), Extension::default());
        assert_eq!(Wave::default().global(&[], &[], 0), Some((0, 0)));
        assert_eq!(Wave::default().global(&[], &[1, 2], 2), Some((0, 2)));
        assert_eq!(Wave::default().global(&[], &[1, 2], 1), None);
    }
}
