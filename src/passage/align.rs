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
/// half, matches in the lower, so that one comparison orders both. One more
/// token is one more [`TOKEN`]; below zero there is no place.
type Place = i64;

const TOKEN: Place = 1 << 32;
const NOWHERE: Place = i64::MIN / 2;

fn place(a: i32, matches: i32) -> Place {
    i64::from(a) << 32 | i64::from(matches)
}

fn a_of(place: Place) -> i32 {
    (place >> 32) as i32
}

fn matches_of(place: Place) -> i32 {
    place as i32
}

/// The kernel with its working memory.
#[derive(Debug, Default)]
pub struct Wave {
    now: Vec<Place>,
    next: Vec<Place>,
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
        let start = shared::<BACK>(a, b) as i32;
        let (mut best, mut score) = (taken(start, start, start, 0), start);
        let skip = start as usize;
        let rest = if BACK {
            (&a[..a.len() - skip], &b[..b.len() - skip])
        } else {
            (&a[skip..], &b[skip..])
        };
        if hopeless::<BACK>(rest.0, rest.1, reach.drop) {
            return best;
        }
        let width = (2 * reach.band + 3) as usize;
        let middle = reach.band + 1;
        self.now.clear();
        self.now.resize(width, NOWHERE);
        self.next.clear();
        self.next.resize(width, NOWHERE);
        self.now[middle as usize] = place(start, start);
        let (mut low, mut high) = (0i32, 0i32);
        for edits in 1.. {
            let (from, to) = ((low - 1).max(-reach.band), (high + 1).min(reach.band));
            let (mut alive_low, mut alive_high) = (i32::MAX, i32::MIN);
            let slots = (from + middle) as usize..=(to + middle) as usize;
            let around = self.now[slots.start() - 1..slots.end() + 2].windows(3);
            for ((d, around), next) in (from..=to).zip(around).zip(&mut self.next[slots]) {
                let place = step::<BACK>(around, d, a, b);
                let gain = matches_of(place) - edits;
                *next = NOWHERE;
                if place < 0 || gain < score - reach.drop {
                    continue;
                }
                *next = place;
                alive_low = alive_low.min(d);
                alive_high = d;
                if gain > score {
                    score = gain;
                    best = taken(a_of(place), a_of(place) - d, matches_of(place), edits);
                }
            }
            if alive_low > alive_high {
                break;
            }
            // Slots next to the living ones are read in the next round.
            self.next[(from - 1 + middle) as usize] = NOWHERE;
            self.next[(to + 1 + middle) as usize] = NOWHERE;
            (low, high) = (alive_low, alive_high);
            std::mem::swap(&mut self.now, &mut self.next);
        }
        best
    }

    /// Aligns the whole of both rows with the fewest edits; returns matches
    /// and columns, or nothing when more than `most` edits are needed.
    pub fn global(&mut self, a: &[u32], b: &[u32], most: u32) -> Option<(u32, u32)> {
        let front = shared::<false>(a, b);
        let (a, b) = (&a[front..], &b[front..]);
        let back = shared::<true>(a, b);
        let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
        let same = (front + back) as u32;
        let (la, lb) = (a.len() as i32, b.len() as i32);
        if la == 0 || lb == 0 {
            let edits = (la + lb) as u32;
            return (edits <= most).then_some((same, same + edits));
        }
        let most = most.min(la.max(lb) as u32) as i32;
        if (la - lb).abs() > most {
            return None;
        }
        let middle = most + 1;
        self.now.clear();
        self.now.resize((2 * most + 3) as usize, NOWHERE);
        self.next.clear();
        self.next.resize((2 * most + 3) as usize, NOWHERE);
        // Common ends are gone, so that no edit is ever saved at the start.
        self.now[middle as usize] = place(0, 0);
        for edits in 1..=most {
            let slots = (middle - edits) as usize..=(middle + edits) as usize;
            let around = self.now[slots.start() - 1..slots.end() + 2].windows(3);
            for ((d, around), next) in (-edits..=edits).zip(around).zip(&mut self.next[slots]) {
                let place = step::<false>(around, d, a, b);
                if d == la - lb && a_of(place) == la {
                    let matches = same + matches_of(place) as u32;
                    return Some((matches, matches + edits as u32));
                }
                *next = place;
            }
            std::mem::swap(&mut self.now, &mut self.next);
        }
        None
    }
}

fn taken(a: i32, b: i32, matches: i32, edits: i32) -> Extension {
    let columns = (matches + edits) as u32;
    Extension { a: a as u32, b: b as u32, matches: matches as u32, columns }
}

/// The furthest place on diagonal `d` with one more edit (a token replaced,
/// one of `a` left out, or one of `b`), and on along equal tokens; below zero
/// when there is none inside both rows.
///
/// `around` are the places on the diagonals before, at and after `d`.
#[inline(always)]
fn step<const BACK: bool>(around: &[Place], d: i32, a: &[u32], b: &[u32]) -> Place {
    let &[before, on, after] = around else { return NOWHERE };
    // No place on this diagonal lies beyond the end of either row, or before
    // the start of `b`.
    let end = (a.len() as i32).min(b.len() as i32 + d);
    let mut place = (before.max(on) + TOKEN).max(after);
    if a_of(place) > end {
        let inside = |p: &Place| a_of(*p) <= end;
        place =
            [on + TOKEN, before + TOKEN, after].into_iter().filter(inside).fold(NOWHERE, i64::max);
    }
    if place < 0 || a_of(place) < d {
        return NOWHERE;
    }
    let start = a_of(place) as usize;
    let (mut i, mut j) = (start, (a_of(place) - d) as usize);
    while i < end as usize && at::<BACK>(a, i) == at::<BACK>(b, j) {
        i += 1;
        j += 1;
    }
    place + (i - start) as i64 * (TOKEN + 1)
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
