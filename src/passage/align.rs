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

/// Equal tokens from `i` and `j` on, counted from the front or the back.
#[inline]
fn slide<const BACK: bool>(a: &[u32], b: &[u32], i: i32, j: i32) -> i32 {
    let (i, j) = (i as usize, j as usize);
    // Most places end at once: one comparison tells.
    let at = |row: &[u32], n: usize| {
        if BACK { row.len().checked_sub(n + 1).map(|n| row[n]) } else { row.get(n).copied() }
    };
    match (at(a, i), at(b, j)) {
        (Some(x), Some(y)) if x == y => {}
        _ => return 0,
    }
    if BACK {
        shared::<true>(&a[..a.len() - i], &b[..b.len() - j]) as i32
    } else {
        shared::<false>(&a[i..], &b[j..]) as i32
    }
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
/// apart by seven bits: a mistake only lets a hopeless case pass.
fn hopeless<const BACK: bool>(a: &[u32], b: &[u32], drop: i32) -> bool {
    const BUCKETS: usize = 128;
    let at = |row: &[u32], n: usize| {
        row.get(if BACK { row.len().wrapping_sub(n + 1) } else { n }).map(|t| *t as usize % BUCKETS)
    };
    let mut seen = 0u128;
    let mut waiting = [0u8; BUCKETS];
    let mut common = 0i32;
    // Beyond this many columns a counter might overflow: let the alignment see.
    for n in 0..200 {
        let (x, y) = (at(a, n), at(b, n));
        if x.is_none() && y.is_none() {
            return true;
        }
        if let Some(x) = x
            && seen & 1 << x == 0
        {
            seen |= 1 << x;
            common += i32::from(waiting[x]);
        }
        if let Some(y) = y {
            waiting[y] += 1;
            common += i32::from(seen & 1 << y != 0);
        }
        let columns = n as i32 + 1;
        if 2 * common > columns {
            return false;
        }
        if 2 * common < columns - drop {
            return true;
        }
    }
    false
}

impl Wave {
    /// Extends a match over the rows that follow it (or, with `BACK`, that
    /// precede it; they are then read from their ends).
    ///
    /// The result is the best-scoring front part; it ends on a match. Nothing
    /// is taken when no extension scores above zero. Ties go to the least
    /// number of edits, then to the diagonal that takes least of `a`.
    pub fn extend<const BACK: bool>(&mut self, a: &[u32], b: &[u32], reach: Reach) -> Extension {
        let (la, lb) = (a.len() as i32, b.len() as i32);
        let start = slide::<BACK>(a, b, 0, 0);
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
            for d in from..=to {
                let slot = (d + middle) as usize;
                self.next[slot] = NOWHERE;
                let Some(mut place) = step(&self.now, slot, d, la, lb) else { continue };
                let run = slide::<BACK>(a, b, a_of(place), a_of(place) - d);
                place += i64::from(run) * (TOKEN + 1);
                let gain = matches_of(place) - edits;
                if gain > score {
                    score = gain;
                    best = taken(a_of(place), a_of(place) - d, matches_of(place), edits);
                }
                if gain >= score - reach.drop {
                    self.next[slot] = place;
                    alive_low = alive_low.min(d);
                    alive_high = alive_high.max(d);
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
            for d in -edits..=edits {
                let slot = (d + middle) as usize;
                self.next[slot] = NOWHERE;
                let Some(mut place) = step(&self.now, slot, d, la, lb) else { continue };
                let run = slide::<false>(a, b, a_of(place), a_of(place) - d);
                place += i64::from(run) * (TOKEN + 1);
                if d == la - lb && a_of(place) == la {
                    let matches = same + matches_of(place) as u32;
                    return Some((matches, matches + edits as u32));
                }
                self.next[slot] = place;
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

/// The furthest place on diagonal `d` with one more edit, if there is one
/// inside both rows: a token replaced, one of `a` left out, or one of `b`.
#[inline]
fn step(now: &[Place], slot: usize, d: i32, la: i32, lb: i32) -> Option<Place> {
    // No place on this diagonal lies beyond the end of either row.
    let end = la.min(lb + d);
    let around = &now[slot - 1..slot + 2];
    let (replaced, without_a, without_b) = (around[1] + TOKEN, around[0] + TOKEN, around[2]);
    let best = replaced.max(without_a).max(without_b);
    if a_of(best) <= end {
        // Below zero, or before the start of `b`, there is none.
        return (best >= 0 && a_of(best) >= d).then_some(best);
    }
    let inside = |p: &Place| *p >= 0 && a_of(*p) >= d && a_of(*p) <= end;
    [replaced, without_a, without_b].into_iter().filter(inside).max()
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
