//! Verified pairs of two documents -> the stretches to look at.
//!
//! Pairs close to each other are one region, which is grown on all sides:
//! what is told around a pair of units that share much is looked at more
//! closely than the whole corpus could be.
//!
//! A region is a pair of stretches, all units of which are compared with each
//! other. Large ones, as copies of a book have, are cut into blocks of
//! 64 units of the first document, each with what its pairs meet in
//! the second: the cells stay linear in the verified pairs. The blocks of a
//! region are a group.
//!
//! * time: `O(n log n)` for `n` pairs
//! * space: `O(n)`

use crate::reworded::Point;
use crate::reworded::UnitSpan;
use crate::reworded::cluster::split;
use crate::reworded::hull;

/// Units without a verified pair inside a region.
pub const GAP: u32 = 16;

/// Units by which a region grows. Three lose passages, ten find no more.
pub const GROW: u32 = 8;

/// The same in search of a passage that is scattered: half of a usual page.
pub const GROW_WIDE: u32 = 24;

const BLOCK: u32 = 64;

/// Two stretches, one of either document.
pub type Region = (UnitSpan, UnitSpan);

/// Groups of regions of two documents with the units `a` and `b`, grown by
/// `grow`. Reorders `points`.
#[must_use]
pub fn across(points: &mut [Point], limits: Region, grow: u32) -> Vec<Vec<Region>> {
    let clusters = split(points, (GAP, GAP));
    clusters.into_iter().map(|own| group(&mut points[own], limits, grow)).collect()
}

/// The region of points that are sorted, or its blocks; stretches do not grow
/// beyond `a` and `b`.
fn group(own: &mut [Point], (a, b): Region, grow: u32) -> Vec<Region> {
    let region = |own: &[Point]| {
        let (x, y) = hull(own);
        (x.grown(grow, a), y.grown(grow, b))
    };
    let (x, y) = hull(own);
    if x.len().max(y.len()) <= 2 * BLOCK {
        return vec![region(own)];
    }
    let mut blocks = Vec::new();
    for block in own.chunk_by_mut(|p, q| p.0 / BLOCK == q.0 / BLOCK) {
        // Not split on the first axis, which is short already.
        let parts = split(block, (BLOCK, GAP));
        blocks.extend(parts.into_iter().map(|part| region(&block[part])));
    }
    blocks
}

/// Units without a verified pair inside a region of one document: two tellings
/// of the same may follow each other closely.
const GAP_WITHIN: u32 = 4;

/// Groups of regions of one document, the stretches of each apart from each other, the
/// first before the second; `points` have the earlier unit first. What cannot
/// be parted, as a list of which every line is like all others, is left out.
#[must_use]
pub fn within(points: &mut [Point], document: UnitSpan, grow: u32) -> Vec<Vec<Region>> {
    let mut regions = Vec::new();
    part(points, GAP_WITHIN, document, grow, &mut regions);
    regions
}

fn part(points: &mut [Point], gap: u32, document: UnitSpan, grow: u32, out: &mut Vec<Vec<Region>>) {
    for cluster in split(points, (gap, gap)) {
        let own = &mut points[cluster];
        let (x, y) = hull(own);
        if x.end <= y.start {
            // Neither grows beyond the middle between them.
            let middle = x.end + (y.start - x.end) / 2;
            let before = UnitSpan { start: document.start, end: middle };
            let after = UnitSpan { start: middle, end: document.end };
            out.push(group(own, (before, after), grow));
        } else if gap > 0 {
            part(own, gap - 1, document, grow, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn all(n: u32) -> UnitSpan {
        UnitSpan { start: 0, end: n }
    }

    #[test]
    fn every_pair_lies_well_inside_a_region() {
        for seed in 0..300 {
            let mut state = seed;
            let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
            let (n, size) = (1 + next(60), 1 + next(2000));
            let points: Vec<Point> =
                (0..n).map(|_| (next(u64::from(size)), next(u64::from(size)))).collect();
            let regions = across(&mut points.clone(), (all(size), all(size)), GROW).concat();
            let inside = |(x, y): Point| {
                regions.iter().any(|(a, b)| {
                    let has = |s: &UnitSpan, at: u32| {
                        let around = UnitSpan { start: at, end: at + 1 }.grown(GROW, all(size));
                        s.start <= around.start && around.end <= s.end
                    };
                    has(a, x) && has(b, y)
                })
            };
            assert!(points.iter().all(|&p| inside(p)));
        }
    }

    #[test]
    fn copies_of_a_book_take_linear_work() {
        let cells = |regions: Vec<Vec<Region>>| -> u64 {
            regions.concat().iter().map(|(a, b)| u64::from(a.len()) * u64::from(b.len())).sum()
        };
        let two = |n: u32| {
            let mut points: Vec<Point> = (0..n).map(|i| (i, i)).collect();
            cells(across(&mut points, (all(n), all(n)), GROW))
        };
        assert!(two(40_000) < 21 * two(2_000));
        // One text that holds it twice.
        let one = |n: u32| {
            let mut points: Vec<Point> = (0..n).map(|i| (i, n + i)).collect();
            cells(within(&mut points, all(2 * n), GROW))
        };
        assert!(one(40_000) < 21 * one(2_000));
    }

    #[test]
    fn stretches_of_one_document_are_apart() {
        for seed in 0..300 {
            let mut state = seed;
            let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
            let mut points: Vec<Point> =
                (0..1 + next(12)).map(|_| (next(60), next(60))).filter(|p| p.0 < p.1).collect();
            for (a, b) in within(&mut points, all(60), GROW).concat() {
                assert!(a.start < a.end && a.end <= b.start && b.start < b.end && b.end <= 60);
            }
        }
        // Told at 0, 8 and 16: three pairs.
        let mut points = vec![(0, 8), (1, 9), (0, 16), (1, 17), (8, 16), (9, 17)];
        let span = |start, end| UnitSpan { start, end };
        let mut regions = within(&mut points, all(30), 2).concat();
        regions.sort_unstable();
        assert_eq!(
            regions,
            [(span(0, 4), span(6, 12)), (span(0, 4), span(14, 20)), (span(6, 12), span(14, 20)),]
        );
    }
}
