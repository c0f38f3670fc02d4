//! Overlapping passages of two documents -> the better one.
//!
//! A place in one document is told in one place of the other: of two passages
//! of which one holds more than half of the other, on either side, the better
//! one stays, by the square of the cosine times the length of the shorter
//! side.
//!
//! * time: `O(n log n)`, plus those that overlap
//! * space: `O(n)`

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::reworded::Telling;
use crate::reworded::UnitSpan;

/// Keeps the better ones, and sorts them.
///
/// `weight` is that of the tokens of a span.
pub fn best(tellings: &mut Vec<Telling>, weight: impl Fn(UnitSpan) -> u32) {
    let length = |t: &Telling| u64::from(weight(t.a).min(weight(t.b)));
    tellings.sort_unstable_by_key(|t| (Reverse(u64::from(t.cosine) * length(t)), *t));
    let mut sides = [Taken::default(), Taken::default()];
    tellings.retain(|t| {
        let spans = [t.a, t.b];
        let free = (0..2).all(|n| !sides[n].holds(spans[n], &weight));
        if free {
            (0..2).for_each(|n| sides[n].take(spans[n]));
        }
        free
    });
    tellings.sort_unstable();
}

/// Spans of one document that are taken.
#[derive(Debug, Default)]
struct Taken {
    spans: BTreeMap<UnitSpan, ()>,
    longest: u32,
}

impl Taken {
    fn take(&mut self, span: UnitSpan) {
        self.spans.insert(span, ());
        self.longest = self.longest.max(span.len());
    }

    /// Whether one of them shares more than half of the shorter of both.
    fn holds(&self, span: UnitSpan, weight: &impl Fn(UnitSpan) -> u32) -> bool {
        let from = UnitSpan { start: span.start.saturating_sub(self.longest), end: 0 };
        let to = UnitSpan { start: span.end, end: 0 };
        self.spans.range(from..to).any(|(other, ())| {
            let less = weight(span).min(weight(*other));
            u64::from(weight(span.common(*other))) * 2 > u64::from(less)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn the_better_of_two_that_overlap_stays() {
        for seed in 0..500 {
            let mut state = seed;
            let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
            let span = |next: &mut dyn FnMut(u64) -> u32| {
                let start = next(30);
                UnitSpan { start, end: start + 1 + next(6) }
            };
            let mut all: Vec<Telling> = (0..next(12))
                .map(|_| Telling {
                    a: span(&mut next),
                    b: span(&mut next),
                    cosine: next(100),
                    shared: 0,
                    unusual: 0,
                })
                .collect();
            let weight = |s: UnitSpan| 3 * s.len();
            let mut naive: Vec<Telling> = Vec::new();
            let mut order = all.clone();
            order.sort_by_key(|t| {
                let shorter = t.a.len().min(t.b.len());
                (Reverse(t.cosine * shorter), *t)
            });
            for t in order {
                let clash = |x: UnitSpan, y: UnitSpan| 2 * x.common(y).len() > x.len().min(y.len());
                if naive.iter().all(|o| !clash(t.a, o.a) && !clash(t.b, o.b)) {
                    naive.push(t);
                }
            }
            naive.sort();
            best(&mut all, weight);
            assert_eq!(all, naive);
        }
    }
}
