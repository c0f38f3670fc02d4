//! Fingerprints of all documents -> links between equal ones.
//!
//! Fingerprints are sorted by hash; equal ones form a group. A group of up to
//! [`ALL_PAIRS`] is linked in full. In a larger one, places are sorted by the
//! tokens that follow and each is linked to its neighbour, then the same by
//! the tokens before: the longest common continuation of two places is the
//! least of those between neighbours on the way, so all copies of a passage
//! stay connected at its full length (up to [`CONTEXT`] tokens), however many
//! there are. No fingerprint is dropped for being frequent.
//!
//! The more text, the more seeds agree by chance: of four words, a common seed
//! stands in ten times the places in ten times the text. Where
//! [`agreement`] asks for it, neighbours in a large group are linked only if
//! they agree on some words more than the seed.
//!
//! * time: `O(n log n)` for `n` fingerprints, a comparison costs up to
//!   [`CONTEXT`] tokens
//! * space: 8 bytes a link, at most `max((ALL_PAIRS - 1) / 2, 2)` links a
//!   fingerprint
//!
//! The approximation: in a group above the limit a pair may be linked only
//! through other places. Clusters stay whole; not every pair is reported.

use crate::options::find::Scope;
use crate::passage::rows::Rows;
use crate::radix::Sorter;
use crate::span::TokenSpan;

/// Largest group in which every pair is linked. Measured on prose with edits:
/// 64 instead of 8 finds no more passages and takes half as long again.
pub const ALL_PAIRS: usize = 8;

/// Tokens compared to sort a large group by its context. Two copies of a
/// passage that agree in this many tokens are neighbours, or joined through
/// copies that agree as far.
pub const CONTEXT: usize = 32;

/// A fingerprint of the whole row: hash in the upper, token in the lower half.
#[must_use]
pub fn pack(hash: u32, token: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(token)
}

/// The token of a packed fingerprint.
#[must_use]
pub fn token(packed: u64) -> u32 {
    packed as u32
}

/// Leading bits of a hash that tell the part of a fingerprint.
const PART_BITS: u32 = 10;

/// Fingerprints of all documents, in parts by their hashes, so that equal ones
/// come into one part.
#[derive(Debug)]
pub struct Parts {
    parts: Vec<Vec<u64>>,
    /// Fingerprints in all of them.
    len: usize,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts { parts: vec![Vec::new(); 1 << PART_BITS], len: 0 }
    }
}

impl Parts {
    /// Adds a fingerprint; those of later tokens come later.
    pub fn push(&mut self, hash: u32, token: u32) {
        self.parts[(hash >> (32 - PART_BITS)) as usize].push(pack(hash, token));
        self.len += 1;
    }

    /// Bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len * size_of::<u64>()
    }

    /// The parts, each to be sorted by [`sort`].
    #[must_use]
    pub fn into_parts(self) -> Vec<Vec<u64>> {
        self.parts
    }
}

/// Sorts a part of the fingerprints.
///
/// * time: `O(n)`, two passes
pub fn sort(part: &mut Vec<u64>, sorter: &mut Sorter) {
    // Tokens ascend already; below so many the counts of the digits cost more
    // than the comparisons.
    if part.len() < 1024 {
        part.sort_unstable();
    } else {
        sorter.sort_bits(part, 32..64 - PART_BITS);
    }
}

/// Tokens up to which a common seed links its neighbours: above, these have to
/// agree on one word more for every eightfold. A choice, for corpora of up to
/// about 100 MB to keep every link.
pub const PLAIN_TOKENS: usize = 1 << 24;

/// Words beyond the seed that neighbours in a large group have to share, by the
/// number of tokens searched.
///
/// Agreements by chance grow with the text and shrink with each word asked for;
/// eight, as the factor between the two, is an estimate on the side of more
/// links.
#[must_use]
pub fn agreement(tokens: usize) -> u32 {
    let (mut words, mut up_to) = (0, PLAIN_TOKENS);
    while tokens > up_to {
        words += 1;
        up_to = up_to.saturating_mul(8);
    }
    words
}

/// Which links are made.
#[derive(Clone, Copy, Debug)]
pub struct Linking {
    /// What is linked with what.
    pub scope: Scope,
    /// Least weight of the tokens that neighbours in a large group share
    /// around their seed; zero for no limit.
    pub least: u32,
}

/// What is asked about the places of fingerprints, which are numbered in the
/// order of their tokens.
pub trait Places {
    /// The token of a place.
    fn token(&self, place: u32) -> u32;

    /// The document of a place.
    fn document(&self, place: u32) -> u32;

    /// The tokens from a place on, up to [`CONTEXT`] of them.
    fn after(&self, place: u32) -> &[u32];

    /// The tokens before a place in their order, up to [`CONTEXT`] of them.
    fn before(&self, place: u32) -> &[u32];

    /// Weight of a stretch of tokens.
    fn weight(&self, span: TokenSpan) -> u32;
}

/// Up to [`CONTEXT`] of the tokens from one on.
pub(crate) fn after(tokens: &[u32], at: u32) -> &[u32] {
    let at = at as usize;
    &tokens[at..tokens.len().min(at + CONTEXT)]
}

/// Up to [`CONTEXT`] of the tokens before one.
pub(crate) fn before(tokens: &[u32], at: u32) -> &[u32] {
    let at = at as usize;
    &tokens[at.saturating_sub(CONTEXT)..at]
}

/// Each token is its own place.
impl Places for Rows {
    fn token(&self, place: u32) -> u32 {
        place
    }

    fn document(&self, place: u32) -> u32 {
        Rows::document(self, place)
    }

    fn after(&self, place: u32) -> &[u32] {
        after(self.tokens(), place)
    }

    fn before(&self, place: u32) -> &[u32] {
        before(self.tokens(), place)
    }

    fn weight(&self, span: TokenSpan) -> u32 {
        Rows::weight(self, span)
    }
}

/// Appends the links of all groups in `sorted` to `out`: pairs of places,
/// `a < b`, packed with `a` in the upper half. Links may repeat.
///
/// `sorted` holds fingerprints packed with their places in ascending order and
/// no group is cut at its ends.
pub fn links<P: Places>(all: &P, sorted: &[u64], how: Linking, out: &mut Vec<u64>) {
    let mut places = Vec::new();
    for group in sorted.chunk_by(|x, y| x >> 32 == y >> 32) {
        if group.len() < 2 {
            continue;
        }
        if how.scope == Scope::Within {
            for own in group.chunk_by(|&x, &y| same(all, token(x), token(y))) {
                link_group(all, own, how, &mut places, out);
            }
        } else {
            link_group(all, group, how, &mut places, out);
        }
    }
}

fn same<P: Places>(all: &P, x: u32, y: u32) -> bool {
    all.document(x) == all.document(y)
}

fn link_group<P: Places>(
    all: &P,
    group: &[u64],
    how: Linking,
    places: &mut Vec<u32>,
    out: &mut Vec<u64>,
) {
    let across = how.scope == Scope::Across;
    if group.len() <= ALL_PAIRS {
        for (n, &y) in group.iter().enumerate() {
            for &x in &group[..n] {
                let (a, b) = (token(x), token(y));
                if !across || !same(all, a, b) {
                    out.push(pack(a, b));
                }
            }
        }
        return;
    }
    places.clear();
    places.extend(group.iter().map(|&x| token(x)));
    if across && same(all, places[0], places[places.len() - 1]) {
        return;
    }
    places.sort_by(|&x, &y| all.after(x).cmp(all.after(y)));
    link_neighbours(all, places, how, out);
    places.sort_unstable();
    places.sort_by(|&x, &y| all.before(x).iter().rev().cmp(all.before(y).iter().rev()));
    link_neighbours(all, places, how, out);
}

/// Links each place to the next, or to the next of another document.
fn link_neighbours<P: Places>(all: &P, places: &[u32], how: Linking, out: &mut Vec<u64>) {
    let mut push = |x: u32, y: u32| {
        if how.least == 0 || agree(all, x.min(y), x.max(y), how.least) {
            out.push(pack(x.min(y), x.max(y)));
        }
    };
    if how.scope != Scope::Across {
        for pair in places.windows(2) {
            push(pair[0], pair[1]);
        }
        return;
    }
    // From the back, so that the next place of another document is at hand.
    let mut other: Option<u32> = None;
    for n in (1..places.len()).rev() {
        let (x, y) = (places[n - 1], places[n]);
        if !same(all, x, y) {
            other = Some(y);
        }
        if let Some(z) = other {
            push(x, z);
        }
    }
}

/// Whether the tokens equal around two places weigh at least `least`. Ends of
/// documents are not minded: what lies beyond them agrees by chance only.
/// [`CONTEXT`] tokens, of the least weight, weigh more than is ever asked for.
pub(crate) fn agree<P: Places>(all: &P, x: u32, y: u32, least: u32) -> bool {
    let equal = |(a, b): &(&u32, &u32)| a == b;
    let after = all.after(x).iter().zip(all.after(y)).take_while(equal).count() as u32;
    let back = all.before(x).iter().rev().zip(all.before(y).iter().rev());
    let before = back.take_while(equal).count() as u32;
    let at = all.token(x);
    all.weight(TokenSpan { start: at - before, end: at + after }) >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(documents: &[&[u32]]) -> Rows {
        let mut rows = Rows::default();
        for d in documents {
            rows.push(d, &[]).unwrap();
        }
        rows
    }

    fn all_links(rows: &Rows, at: &[u32], scope: Scope) -> Vec<(u32, u32)> {
        let sorted: Vec<u64> = at.iter().map(|&t| pack(7, t)).collect();
        let mut out = Vec::new();
        links(rows, &sorted, Linking { scope, least: 0 }, &mut out);
        let mut pairs: Vec<_> = out.iter().map(|&l| ((l >> 32) as u32, l as u32)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    #[test]
    fn small_groups_are_linked_in_full_within_the_scope() {
        let rows = rows(&[&[1; 10], &[1; 10]]);
        let at = [0, 5, 12];
        assert_eq!(all_links(&rows, &at, Scope::All), [(0, 5), (0, 12), (5, 12)]);
        assert_eq!(all_links(&rows, &at, Scope::Within), [(0, 5)]);
        assert_eq!(all_links(&rows, &at, Scope::Across), [(0, 12), (5, 12)]);
    }

    #[test]
    fn more_text_asks_neighbours_for_more() {
        assert_eq!(agreement(0), 0);
        assert_eq!(agreement(PLAIN_TOKENS), 0);
        assert_eq!(agreement(PLAIN_TOKENS + 1), 1);
        assert_eq!(agreement(8 * PLAIN_TOKENS), 1);
        assert_eq!(agreement(8 * PLAIN_TOKENS + 1), 2);
        assert_eq!(agreement(u32::MAX as usize), 3);
    }

    #[test]
    fn neighbours_in_large_groups_share_what_is_asked_for() {
        // Seed 9 9 9 9; each tail in two documents has its first token, or its
        // first two, in common.
        for shared in [0u32, 1, 2] {
            let documents: Vec<Vec<u32>> = (0..20u32)
                .map(|d| {
                    let tail = |n: u32| if n < shared { 100 + 10 * (d / 2) } else { 1000 + d };
                    vec![3000 + d, 9, 9, 9, 9, tail(0), tail(1), 2000 + d]
                })
                .collect();
            let slices: Vec<&[u32]> = documents.iter().map(Vec::as_slice).collect();
            let rows = rows(&slices);
            let sorted: Vec<u64> = (0..20).map(|d| pack(7, rows.span(d).start + 1)).collect();
            for more in 0..4 {
                let least = (4 + more) * crate::options::WORD_WEIGHT;
                let mut out = Vec::new();
                links(&rows, &sorted, Linking { scope: Scope::All, least }, &mut out);
                out.sort_unstable();
                out.dedup();
                match more {
                    0 => assert!(out.len() >= 19),
                    _ if more <= shared => assert_eq!(out.len(), 10, "{shared} {more}"),
                    _ => assert!(out.is_empty(), "{shared} {more}"),
                }
            }
        }
    }

    #[test]
    fn large_groups_stay_connected_with_few_links() {
        // 40 documents: seed 9 9 9 9, then one of two continuations.
        let documents: Vec<Vec<u32>> = (0..40u32)
            .map(|d| {
                let tail = if d % 2 == 0 { 100 } else { 200 };
                let mut t = vec![1000 + d, 9, 9, 9, 9];
                t.extend(tail..tail + 30);
                t.push(2000 + d);
                t
            })
            .collect();
        let slices: Vec<&[u32]> = documents.iter().map(Vec::as_slice).collect();
        let rows = rows(&slices);
        let at: Vec<u32> = (0..40).map(|d| rows.span(d).start + 1).collect();
        for scope in [Scope::All, Scope::Across] {
            let got = all_links(&rows, &at, scope);
            assert!(got.len() <= 2 * 39, "{} links", got.len());
            // Documents with the same continuation are connected by links
            // among themselves.
            for parity in 0..2 {
                let mut reached = vec![parity];
                for _ in 0..40 {
                    for &(a, b) in &got {
                        let (x, y) = (rows.document(a), rows.document(b));
                        if x % 2 == y % 2 {
                            if reached.contains(&x) && !reached.contains(&y) {
                                reached.push(y);
                            }
                            if reached.contains(&y) && !reached.contains(&x) {
                                reached.push(x);
                            }
                        }
                    }
                }
                assert_eq!(reached.len(), 20);
            }
        }
        assert!(all_links(&rows, &at, Scope::Within).is_empty());
    }
}
