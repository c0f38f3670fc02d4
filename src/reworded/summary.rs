//! A short passage that is scattered over a long one.
//!
//! Each sentence of a summary tells something from another part of the
//! original, so the pairs of units lie close on one axis and far apart on the
//! other. A summary is a cluster with such a wide gap on one axis that
//!
//! * rests on two units of either document at least;
//! * is three times as long in one of them;
//! * is not told in one place already: no passage found before holds more
//!   than two thirds of the short side.
//!
//! It takes the place of the passages inside it.
//!
//! * time: `O(n log n)` for `n` pairs of units
//! * space: `O(n)`
//!
//! Source: Sanchez-Perez, Sidorov, Gelbukh, 2014, the summary rule; they
//! choose one rule for two whole documents.

use crate::reworded::Point;
use crate::reworded::Telling;
use crate::reworded::UnitSpan;
use crate::reworded::cluster::split;

/// Units without a pair on the short and on the long side.
const GAP: (u32, u32) = (4, 24);

/// Least length of the long side, in lengths of the short one.
const TIMES: u64 = 3;

/// Most of the short side that may be told in one place, as a quotient.
const TOLD: (u64, u64) = (2, 3);

/// Gives the clusters that may be summaries to `judge`, with their points, on
/// the way in which the first document is the short one, then on the other.
pub fn clusters(points: &mut [Point], judge: &mut dyn FnMut(&[Point])) {
    for gap in [GAP, (GAP.1, GAP.0)] {
        for cluster in split(points, gap) {
            let own = &points[cluster];
            let units = |axis: fn(&Point) -> u32| {
                let mut all: Vec<u32> = own.iter().map(axis).collect();
                all.sort_unstable();
                all.dedup();
                all.len()
            };
            if units(|p| p.0) > 1 && units(|p| p.1) > 1 {
                judge(own);
            }
        }
    }
}

/// Whether a passage is long enough on one side for a summary.
#[must_use]
pub fn is_lopsided(t: &Telling, weight: impl Fn(UnitSpan) -> u32) -> bool {
    let (a, b) = (u64::from(weight(t.a)), u64::from(weight(t.b)));
    a.max(b) >= TIMES * a.min(b)
}

/// Puts `summary` into the place of the passages inside it, unless one of
/// those found tells most of its short side.
pub fn replace(tellings: &mut Vec<Telling>, summary: Telling, weight: impl Fn(UnitSpan) -> u32) {
    let first_is_short = weight(summary.a) <= weight(summary.b);
    let short = |t: &Telling| if first_is_short { t.a } else { t.b };
    let all = u64::from(weight(short(&summary)));
    let told = |t: &Telling| u64::from(weight(short(t).common(short(&summary))));
    if tellings.iter().all(|t| told(t) * TOLD.1 <= all * TOLD.0) {
        tellings.retain(|t| !(t.a.meets(summary.a) && t.b.meets(summary.b)));
        tellings.push(summary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> UnitSpan {
        UnitSpan { start, end }
    }

    fn telling(a: UnitSpan, b: UnitSpan) -> Telling {
        Telling { a, b, cosine: 1, shared: 1, unusual: 1 }
    }

    #[test]
    fn clusters_are_close_on_one_axis_and_rest_on_two_units() {
        // Scattered over the second document; over the first; one unit.
        let mut points =
            vec![(0, 5), (1, 25), (2, 14), (100, 200), (120, 201), (300, 400), (300, 410)];
        let mut seen = Vec::new();
        clusters(&mut points, &mut |own| seen.push(own.to_vec()));
        assert_eq!(seen, [vec![(0, 5), (1, 25), (2, 14)], vec![(100, 200), (120, 201)],]);
    }

    #[test]
    fn a_summary_replaces_what_tells_parts_of_it() {
        let weight = |s: UnitSpan| 10 * s.len();
        let summary = telling(span(10, 16), span(0, 60));
        assert!(is_lopsided(&summary, weight));
        assert!(!is_lopsided(&telling(span(0, 3), span(0, 8)), weight));
        let parts = vec![
            telling(span(10, 14), span(3, 7)),
            telling(span(14, 16), span(50, 53)),
            telling(span(40, 44), span(3, 7)),
        ];
        let mut tellings = parts.clone();
        replace(&mut tellings, summary, weight);
        assert_eq!(tellings, [parts[2], summary]);
        let mut tellings = vec![telling(span(8, 15), span(3, 11))];
        let before = tellings.clone();
        replace(&mut tellings, summary, weight);
        assert_eq!(tellings, before, "five of six units are told in one place");
    }
}
