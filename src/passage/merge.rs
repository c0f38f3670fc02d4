//! Alignments -> occurrences, and which of them were aligned.
//!
//! The same place is seen from every copy, each time a word or two longer or
//! shorter. Two sides of alignments are the same occurrence when both their
//! ends agree within [`DELTA`] tokens or they share at least four fifths of the
//! longer one, and always only if they share more than half of it: two sides
//! of one alignment, which do not overlap, never become one. Sides that merely overlap stay apart, or a row of
//! overlapping passages would grow into the whole document; a short passage
//! inside a long one is an occurrence of its own.
//!
//! Both rules compare with the first member of a group, never with its last,
//! so that groups cannot drift. The span of an occurrence is the one most
//! sides agree on, on ties the shortest.
//!
//! * time: `O(n log n)` for `n` sides, plus the occurrences that start near
//!   each other
//! * space: `O(n)`

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::passage::Match;
use crate::passage::Run;
use crate::span::TokenSpan;

/// Tokens by which both ends of one place may differ from alignment to
/// alignment: an accidental word or two in common beside a passage.
pub const DELTA: u32 = 3;

/// One side of an alignment, to be assigned to an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// The stretch of tokens.
    pub span: TokenSpan,
    /// What the side belongs to; carried through.
    pub owner: u32,
}

/// A place where a passage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The stretch of tokens.
    pub span: TokenSpan,
    /// Set when the stretch is a unit repeated back to back.
    pub run: Option<Run>,
}

impl Occurrence {
    /// The stretch to compare with other occurrences: of a run its first
    /// unit.
    #[must_use]
    pub fn unit(&self) -> TokenSpan {
        match self.run {
            Some(r) => TokenSpan { start: r.span.start, end: r.span.start + r.period },
            None => self.span,
        }
    }
}

/// Two occurrences that were aligned, by number, the lower first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The lower number.
    pub a: u32,
    /// The higher one.
    pub b: u32,
    /// Columns with equal tokens.
    pub matches: u32,
    /// All columns.
    pub columns: u32,
}

/// Finds the occurrences of one document.
///
/// Returns their spans, and for each side (in the order given) the number of
/// its occurrence. `sides` must be of one document.
#[must_use]
pub fn occurrences(sides: &[Side]) -> (Vec<TokenSpan>, Vec<u32>) {
    let groups = agreeing(sides);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&g| {
        (Reverse(groups[g].members.len()), Reverse(groups[g].span.len()), groups[g].span)
    });
    let mut spans: Vec<TokenSpan> = Vec::new();
    let mut by_start: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut assigned = vec![0u32; sides.len()];
    for g in order {
        let span = groups[g].span;
        let number = nearest(span, &spans, &by_start)
            .unwrap_or_else(|| add(span, &mut spans, &mut by_start));
        for &side in &groups[g].members {
            let own = sides[side as usize].span;
            assigned[side as usize] = if alike(own, spans[number as usize]) {
                number
            } else {
                add(own, &mut spans, &mut by_start)
            };
        }
    }
    (spans, assigned)
}

/// Whether two stretches share more than half of the longer one. Of two that
/// do not overlap at most one is alike to any third.
fn alike(x: TokenSpan, y: TokenSpan) -> bool {
    2 * x.overlap(y) > x.len().max(y.len())
}

/// The number of the occurrence with just this span, a new one if need be.
fn add(span: TokenSpan, spans: &mut Vec<TokenSpan>, by_start: &mut BTreeMap<u32, Vec<u32>>) -> u32 {
    let here = by_start.entry(span.start).or_default();
    if let Some(&known) = here.iter().find(|&&n| spans[n as usize] == span) {
        return known;
    }
    let number = spans.len() as u32;
    spans.push(span);
    here.push(number);
    number
}

/// Sides whose ends agree, and the span that most of them have.
struct Group {
    span: TokenSpan,
    members: Vec<u32>,
}

fn agreeing(sides: &[Side]) -> Vec<Group> {
    let mut order: Vec<u32> = (0..sides.len() as u32).collect();
    order.sort_unstable_by_key(|&s| (sides[s as usize].span, s));
    let mut groups: Vec<Group> = Vec::new();
    let mut open = 0;
    for s in order {
        let span = sides[s as usize].span;
        while open < groups.len() && groups[open].span.start + DELTA < span.start {
            open += 1;
        }
        // `span` of an open group is still that of its first member.
        let same = |g: &Group| alike(span, g.span) && g.span.end.abs_diff(span.end) <= DELTA;
        match groups[open..].iter_mut().find(|g| same(g)) {
            Some(group) => group.members.push(s),
            None => groups.push(Group { span, members: vec![s] }),
        }
    }
    for group in &mut groups {
        let mut spans: Vec<TokenSpan> =
            group.members.iter().map(|&s| sides[s as usize].span).collect();
        spans.sort_unstable();
        let most = spans
            .chunk_by(|x, y| x == y)
            .min_by_key(|same| (Reverse(same.len()), same[0].len(), same[0]));
        group.span = most.map_or(group.span, |same| same[0]);
    }
    groups
}

/// The known occurrence that shares most with `span`, at least four fifths of
/// the longer of both.
fn nearest(
    span: TokenSpan,
    spans: &[TokenSpan],
    by_start: &BTreeMap<u32, Vec<u32>>,
) -> Option<u32> {
    // A longer one is at most 5/4 of this one and may start a fifth of its
    // length earlier or later.
    let far = span.len() / 4 + 1;
    by_start
        .range(span.start.saturating_sub(far)..=span.start + far)
        .flat_map(|(_, numbers)| numbers)
        .filter(|&&n| {
            let other = spans[n as usize];
            5 * span.overlap(other) >= 4 * span.len().max(other.len())
        })
        .max_by_key(|&&n| (span.overlap(spans[n as usize]), Reverse(n)))
        .copied()
}

/// The runs in a document; `runs` are those of all, by place.
#[must_use]
pub fn within(runs: &[Run], document: TokenSpan) -> &[Run] {
    let from = runs.partition_point(|r| r.span.start < document.start);
    let many = runs[from..].partition_point(|r| r.span.start < document.end);
    &runs[from..][..many]
}

/// The run that a side stands for: it lies inside and covers at least four
/// fifths of a unit.
///
/// `runs` are sorted and do not overlap.
#[must_use]
pub fn run_of(runs: &[Run], side: TokenSpan) -> Option<u32> {
    let n = runs.partition_point(|r| r.span.end <= side.start);
    let run = runs.get(n)?;
    (run.span.contains(side) && 5 * side.len() >= 4 * run.period).then_some(n as u32)
}

/// Edges between numbered sides, best first for each pair, one for each pair.
///
/// `number(match, later)` names the occurrence of the earlier or later side.
pub fn edges(matches: &[Match], number: impl Fn(usize, bool) -> u32) -> Vec<Edge> {
    let mut edges: Vec<Edge> = matches
        .iter()
        .enumerate()
        .filter_map(|(n, m)| {
            let (x, y) = (number(n, false), number(n, true));
            let (a, b) = (x.min(y), x.max(y));
            (a != b).then_some(Edge { a, b, matches: m.matches, columns: m.columns })
        })
        .collect();
    edges.sort_by(|x, y| {
        let better = (u64::from(y.matches) * u64::from(x.columns))
            .cmp(&(u64::from(x.matches) * u64::from(y.columns)));
        (x.a, x.b).cmp(&(y.a, y.b)).then(better).then(y.columns.cmp(&x.columns))
    });
    edges.dedup_by_key(|e| (e.a, e.b));
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(at: &[(u32, u32)]) -> (Vec<(u32, u32)>, Vec<u32>) {
        let sides: Vec<Side> = at
            .iter()
            .map(|&(start, end)| Side { span: TokenSpan { start, end }, owner: 0 })
            .collect();
        let (spans, assigned) = occurrences(&sides);
        (spans.iter().map(|s| (s.start, s.end)).collect(), assigned)
    }

    #[test]
    fn sides_of_one_place_are_one_occurrence() {
        // Name, sides, spans, the span of each side.
        type Case = (&'static str, &'static [(u32, u32)], &'static [(u32, u32)], &'static [u32]);
        #[rustfmt::skip]
        let cases: &[Case] = &[
            ("nothing",               &[],                                 &[],                    &[]),
            ("one",                   &[(5, 9)],                           &[(5, 9)],              &[0]),
            ("the span of most",      &[(9, 50), (10, 50), (10, 50)],      &[(10, 50)],            &[0, 0, 0]),
            ("a tie: the shortest",   &[(9, 50), (10, 50)],                &[(10, 50)],            &[0, 0]),
            ("four fifths shared",    &[(0, 100), (10, 95)],               &[(0, 100)],            &[0, 0]),
            ("nested stays apart",    &[(0, 300), (100, 140)],             &[(0, 300), (100, 140)], &[0, 1]),
            ("short, side by side",   &[(0, 3), (3, 6)],                   &[(0, 3), (3, 6)],      &[0, 1]),
            ("overlap is no identity",&[(0, 100), (50, 150), (100, 200)],  &[(0, 100), (50, 150), (100, 200)], &[0, 1, 2]),
        ];
        for (name, sides, want, assigned) in cases {
            let got = spans(sides);
            assert_eq!((got.0.as_slice(), got.1.as_slice()), (*want, *assigned), "{name}");
        }
    }

    #[test]
    fn a_row_of_sliding_sides_does_not_grow() {
        let sides: Vec<(u32, u32)> = (0..200).map(|n| (2 * n, 2 * n + 100)).collect();
        let (found, assigned) = spans(&sides);
        assert!(found.iter().all(|(s, e)| e - s == 100));
        for (side, &n) in sides.iter().zip(&assigned) {
            // A fifth of the length, and what a side may differ from its group.
            assert!(side.0.abs_diff(found[n as usize].0) <= 20 + DELTA, "{side:?}");
        }
    }

    #[test]
    fn sides_that_do_not_overlap_are_never_one_occurrence() {
        for seed in 0..20_000u64 {
            let mut state = seed;
            let sides: Vec<(u32, u32)> = (0..2 + seed % 7)
                .map(|_| {
                    let mut draw = |n: u64| (crate::hash::splitmix64(&mut state) % n) as u32;
                    let start = draw(16);
                    (start, start + 1 + draw(8))
                })
                .collect();
            let (found, assigned) = spans(&sides);
            for (x, &n) in sides.iter().zip(&assigned) {
                let of = found[n as usize];
                assert!(x.0 < of.1 && of.0 < x.1, "seed {seed}");
                for (y, &m) in sides.iter().zip(&assigned) {
                    assert!(n != m || (x.0 < y.1 && y.0 < x.1), "seed {seed}: {x:?} {y:?}");
                }
            }
        }
    }

    #[test]
    fn a_side_inside_a_run_stands_for_it() {
        let run = |start, end, period| Run {
            span: TokenSpan { start, end },
            period,
            repeats: (end - start) / period,
            matches: 1,
            columns: 1,
        };
        let runs = [run(100, 200, 20), run(300, 400, 50)];
        let at = |start, end| run_of(&runs, TokenSpan { start, end });
        assert_eq!(at(100, 120), Some(0));
        assert_eq!(at(140, 200), Some(0));
        assert_eq!(at(100, 115), None, "less than a unit");
        assert_eq!(at(90, 120), None);
        assert_eq!(at(300, 345), Some(1));
        assert_eq!(at(500, 600), None);
    }

    #[test]
    fn edges_are_the_best_of_each_pair() {
        let m = |matches, columns| Match {
            a: TokenSpan { start: 0, end: 1 },
            b: TokenSpan { start: 2, end: 3 },
            matches,
            columns,
        };
        let got = edges(&[m(7, 10), m(9, 10), m(5, 5)], |n, later| {
            [[3, 1], [1, 3], [2, 2]][n][usize::from(later)]
        });
        assert_eq!(got, [Edge { a: 1, b: 3, matches: 9, columns: 10 }]);
    }
}
