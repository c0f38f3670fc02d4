//! Fingerprints of one document -> units repeated back to back.
//!
//! A line repeated a million times would link everything with everything.
//! Here it becomes one [`Run`], and only the fingerprints of its first and
//! last unit go on, so that the unit can still meet its like elsewhere.
//!
//! A fingerprint seen twice at the same distance in a row is a hint. The text
//! around it is then compared with its first unit, over and over: a stretch of
//! at least [`STRETCH`] tokens after the other is aligned with the unit where
//! the last one left off, edits allowed (a counter in each line), and has to
//! reach the threshold by itself. The run ends where one does not. So a text
//! that drifts from unit to unit is no run, though every unit is like the next,
//! and a change of unit ends one run and starts another.
//!
//! * time: `O(n)`: a fingerprint inside a known run, or on a distance that was
//!   tried up to here, costs a table look-up; a try in vain costs a few units
//! * space: 8 bytes a fingerprint
//!
//! The smallest period of an exact run is found with the failure function of
//! Knuth, Morris, Pratt, *Fast pattern matching in strings*, 1977: winnowing
//! may show a multiple of it only.

use crate::options::find::FindPlan;
use crate::passage::Run;
use crate::passage::align::Reach;
use crate::passage::align::Wave;
use crate::passage::align::shared;
use crate::passage::fingerprint::Fingerprint;
use crate::span::TokenSpan;

/// Longest unit looked for, in tokens. Units beyond it are found as separate
/// occurrences, which is what a reader of so long a text expects.
pub const LONGEST_UNIT: u32 = 4096;

/// Fewest tokens that are compared with the unit at a time: as long as a
/// passage, so that one edited unit of few words does not end a run.
const STRETCH: u32 = 32;

/// Distances of which is known up to where they were tried.
const TRIED: usize = 64;

/// Working memory of [`runs`], reused from document to document.
#[derive(Debug, Default)]
pub struct Scratch {
    wave: Wave,
    /// The first unit, over and over.
    unit: Vec<u32>,
    /// Last position of each fingerprint of this document: open addressing,
    /// (hash, position + 1).
    last: Vec<(u32, u32)>,
}

/// Returns the runs of a document, by position, and removes from
/// `fingerprints` those that lie inside a run, away from its ends.
///
/// `tokens` are the document's own; spans count from its first token.
/// `weight` gives the weight of a span. Runs do not overlap. A run has at
/// least two units, and what repeats (all but one unit) is no shorter than a
/// passage; two plain copies in a row are left to be found as two
/// occurrences when one unit is long enough for that.
pub fn runs(
    tokens: &[u32],
    weight: &dyn Fn(TokenSpan) -> u32,
    fingerprints: &mut Vec<Fingerprint>,
    plan: &FindPlan,
    scratch: &mut Scratch,
) -> Vec<Run> {
    let size = (fingerprints.len() * 2).next_power_of_two().max(16);
    scratch.last.clear();
    scratch.last.resize(size, (0, 0));
    let mut found: Vec<Run> = Vec::new();
    let mut before = 0u32;
    // By distance: (distance, token up to which it was tried in vain, token
    // after the unit that began it).
    let mut tried = [(0u32, 0u32, 0u32); TRIED];
    for f in fingerprints.iter() {
        let Some(earlier) = swap_last(&mut scratch.last, *f) else { continue };
        let distance = f.position - earlier;
        let hinted = distance.abs_diff(before) <= 2;
        before = distance;
        let done = found.last().map_or(0, |r| r.span.end);
        let vain = tried[distance as usize % TRIED];
        let in_vain = vain.0 == distance && f.position < vain.1;
        if !hinted || f.position < done || in_vain || distance > LONGEST_UNIT {
            continue;
        }
        let floor = if vain.0 == distance { done.max(vain.2) } else { done };
        let around = (floor.min(earlier), earlier);
        let run = run_at(tokens, around, distance, plan, &mut scratch.wave, &mut scratch.unit);
        if reportable(&run, weight, plan) {
            found.push(run);
        } else {
            let unit = run.span.start + distance;
            tried[distance as usize % TRIED] = (distance, run.span.end.max(unit), unit);
        }
    }
    if !found.is_empty() {
        let seeds = plan.seeds();
        thin(fingerprints, &found, seeds.words + seeds.window);
    }
    found
}

/// Notes the place of a fingerprint; returns the one before it.
fn swap_last(last: &mut [(u32, u32)], f: Fingerprint) -> Option<u32> {
    let mask = last.len() - 1;
    let mut slot = f.hash as usize & mask;
    loop {
        let (hash, position) = last[slot];
        if position == 0 {
            last[slot] = (f.hash, f.position + 1);
            return None;
        }
        if hash == f.hash {
            last[slot].1 = f.position + 1;
            return Some(position - 1);
        }
        slot = (slot + 1) & mask;
    }
}

/// The run of distance `d` around token `at`, not reaching below `floor`; of
/// one unit when the next does not follow it.
fn run_at(
    tokens: &[u32],
    (floor, at): (u32, u32),
    d: u32,
    plan: &FindPlan,
    wave: &mut Wave,
    unit: &mut Vec<u32>,
) -> Run {
    let reach = reach(d);
    // A unit that repeats is hinted at in its first two or three copies.
    let floor = floor.max(at.saturating_sub(2 * d + 2 * STRETCH)) as usize;
    let (at, d) = (at as usize, d as usize);
    let left = wave.extend::<true>(&tokens[floor..at], &tokens[floor..at + d], reach);
    let start = at - left.a as usize;
    let stretch = d * (STRETCH as usize).div_ceil(d);
    unit.clear();
    unit.extend(tokens[start..start + d].iter().cycle().take(stretch + d));
    let period = smallest_period(&unit[..d]);
    let d = if d % period == 0 { period } else { d };
    let mut run = Run {
        span: TokenSpan { start: start as u32, end: (start + d) as u32 },
        period: d as u32,
        repeats: 1,
        matches: 0,
        columns: 0,
    };
    // Tokens of units gone through after the first.
    let mut taken = 0usize;
    loop {
        let (phase, end) = (taken % d, run.span.end as usize);
        let most = tokens.len().min(end + stretch + reach.band as usize);
        let next = wave.extend::<false>(&unit[phase..phase + stretch], &tokens[end..most], reach);
        if !plan.accepts(next.matches, next.columns) {
            break;
        }
        taken += next.a as usize;
        run.span.end += next.b;
        run.matches += next.matches;
        run.columns += next.columns;
    }
    // A run ends on a match: the edited end of its last unit is missing.
    run.repeats = (1 + (taken + d / 5) / d) as u32;
    exact(tokens, floor, &run).unwrap_or(run)
}

/// Edits as in a passage: score 8 below the best ends an extension. The band
/// stays below half a unit, so that the alignment cannot slip to another one.
fn reach(period: u32) -> Reach {
    Reach { drop: 8, band: (period as i32 / 2).clamp(0, 12) }
}

/// A run without edits, of at least two units, with its smallest period and its
/// whole length.
fn exact(tokens: &[u32], floor: usize, run: &Run) -> Option<Run> {
    let (start, end) = (run.span.start as usize, run.span.end as usize);
    let d = run.period as usize;
    if run.matches < run.columns || end - start < 2 * d {
        return None;
    }
    let period = smallest_period(&tokens[start..start + 2 * d]);
    let end = end + shared::<false>(&tokens[end - period..], &tokens[end..]);
    let first = start - shared::<true>(&tokens[floor..start], &tokens[floor..start + period]);
    let compared = (end - first - period) as u32;
    Some(Run {
        span: TokenSpan { start: first as u32, end: end as u32 },
        period: period as u32,
        repeats: ((end - first) / period) as u32,
        matches: compared,
        columns: compared,
    })
}

/// Whether a run is a finding of its own.
fn reportable(run: &Run, weight: &dyn Fn(TokenSpan) -> u32, plan: &FindPlan) -> bool {
    let unit = TokenSpan { start: run.span.start, end: run.span.start + run.period };
    let rest = TokenSpan { start: unit.end, end: run.span.end };
    let long_unit = weight(unit) >= plan.min_weight();
    plan.accepts(run.matches, run.columns)
        && weight(rest) >= plan.min_weight()
        && (run.repeats >= 3 || !long_unit)
}

/// Smallest period of a row, by the failure function; its length if it has no
/// other.
fn smallest_period(row: &[u32]) -> usize {
    let mut fail = vec![0u32; row.len()];
    let mut k = 0usize;
    for i in 1..row.len() {
        while k > 0 && row[i] != row[k] {
            k = fail[k - 1] as usize;
        }
        if row[i] == row[k] {
            k += 1;
        }
        fail[i] = k as u32;
    }
    row.len() - fail.last().map_or(0, |&f| f as usize)
}

/// Keeps the fingerprints outside of runs and those of each run's first and
/// last unit, with the tokens that complete a seed.
fn thin(fingerprints: &mut Vec<Fingerprint>, runs: &[Run], words: u32) {
    let mut next = 0;
    fingerprints.retain(|f| {
        while next < runs.len() && runs[next].span.end <= f.position {
            next += 1;
        }
        let Some(run) = runs.get(next).filter(|r| r.span.start <= f.position) else { return true };
        // Unspaced scripts need two and a half times as many tokens.
        let margin = run.period + words * 5 / 2;
        f.position < run.span.start + margin || f.position + margin >= run.span.end
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::options::find::FindOptions;
    use crate::passage::fingerprint::winnow;

    fn noise(state: &mut u64, n: usize) -> Vec<u64> {
        (0..n).map(|_| hash::splitmix64(state)).collect()
    }

    fn runs_of(text: &[u64]) -> (Vec<Run>, usize) {
        let tokens: Vec<u32> = text.iter().map(|h| (h >> 32) as u32).collect();
        let mut prints = Vec::new();
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        winnow(text, &[], plan.seeds(), &mut prints);
        let weight = |s: TokenSpan| s.len() * 5;
        let found = runs(&tokens, &weight, &mut prints, &plan, &mut Scratch::default());
        (found, prints.len())
    }

    /// Repeats `unit` `n` times between foreign words.
    fn framed(seed: u64, period: usize, n: usize) -> Vec<u64> {
        let mut state = seed;
        let unit = noise(&mut state, period);
        let mut text = noise(&mut state, 40);
        for _ in 0..n {
            text.extend(&unit);
        }
        text.extend(noise(&mut state, 40));
        text
    }

    #[test]
    fn the_true_period_is_found() {
        for period in [1usize, 2, 3, 4, 5, 7, 10, 11, 40, 300] {
            let n = 60 / period + 4;
            let (found, prints) = runs_of(&framed(period as u64, period, n));
            assert_eq!(found.len(), 1, "period {period}");
            let r = found[0];
            assert_eq!((r.period as usize, r.repeats as usize), (period, n), "{r:?}");
            assert_eq!((r.span.start, r.span.len() as usize), (40, period * n));
            assert_eq!(r.matches, r.columns);
            assert!(prints < 2 * period + 100, "period {period} left {prints}");
        }
    }

    #[test]
    fn a_counter_in_each_line_is_a_run_with_edits() {
        let mut state = 9;
        let line = noise(&mut state, 10);
        let mut text = noise(&mut state, 30);
        for n in 0..1000u64 {
            text.extend(&line);
            text.push(hash::token(&n.to_le_bytes()));
        }
        text.extend(noise(&mut state, 30));
        let (found, _) = runs_of(&text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].period, 11);
        assert_eq!(found[0].repeats, 1000, "{found:?}");
        let identity = f64::from(found[0].matches) / f64::from(found[0].columns);
        assert!((identity - 10.0 / 11.0).abs() < 0.01, "{identity}");
    }

    #[test]
    fn distinct_text_and_two_plain_copies_are_no_runs() {
        let mut state = 1;
        assert_eq!(runs_of(&noise(&mut state, 5000)).0, []);
        assert_eq!(runs_of(&framed(4, 40, 2)).0, []);
        // Ten words twice: nothing of passage length repeats.
        assert_eq!(runs_of(&framed(4, 10, 2)).0, []);
    }

    #[test]
    fn a_change_of_the_repeated_word_ends_a_run() {
        let text: Vec<u64> =
            (0..600).map(|n| hash::token(&(n as u64 / 200).to_le_bytes())).collect();
        let (found, _) = runs_of(&text);
        let want: Vec<Run> = (0..3u32)
            .map(|n| Run {
                span: TokenSpan { start: 200 * n, end: 200 * (n + 1) },
                period: 1,
                repeats: 200,
                matches: 199,
                columns: 199,
            })
            .collect();
        assert_eq!(found, want);
    }

    #[test]
    fn a_text_that_drifts_is_no_single_run() {
        // Each unit is the one before with one word of 20 replaced.
        let mut state = 11;
        let mut unit = noise(&mut state, 20);
        let mut text = Vec::new();
        for n in 0..500 {
            unit[n * 7 % 20] = hash::splitmix64(&mut state);
            text.extend(&unit);
        }
        let (found, _) = runs_of(&text);
        assert!(found.len() > 50, "{} runs", found.len());
        for r in &found {
            // Six words of 20 replaced miss the threshold, and the last unit
            // may be there in part.
            assert!((2..=8).contains(&r.repeats), "{r:?}");
        }
    }

    #[test]
    fn all_stretches_of_a_run_are_like_its_first_unit() {
        for seed in 0..300u64 {
            let mut state = seed;
            let mut draw = |n: u64| hash::splitmix64(&mut state) % n;
            let period = 15 + draw(60) as usize;
            let share = draw(40);
            let unit: Vec<u64> = (0..period).map(|_| draw(u64::MAX)).collect();
            let mut text: Vec<u64> = Vec::new();
            for _ in 0..4 + draw(30) {
                let word = |w: &u64| if draw(100) < share { draw(u64::MAX) } else { *w };
                text.extend(unit.iter().map(word).collect::<Vec<_>>());
            }
            let tokens: Vec<u32> = text.iter().map(|h| (h >> 32) as u32).collect();
            for r in runs_of(&text).0 {
                let (first, p) = (r.span.start as usize, r.period as usize);
                assert!(10 * r.matches >= 7 * r.columns, "seed {seed}");
                let same = |at: usize| usize::from(tokens[at] == tokens[first + (at - first) % p]);
                // A window of three stretches holds one in full at least, and
                // parts of two others.
                let wide = 3 * p * (STRETCH as usize).div_ceil(p);
                for from in (first..r.span.end as usize).step_by(p) {
                    let window = from..(from + wide).min(r.span.end as usize);
                    let (n, len) = (window.clone().map(same).sum::<usize>(), window.len());
                    assert!(len < wide || 10 * n >= 6 * len, "seed {seed}: {n} of {len}");
                }
            }
        }
    }

    #[test]
    fn periods_that_take_turns_are_one_run_of_the_shorter() {
        let mut state = 3;
        let (unit, more) = (noise(&mut state, 12), noise(&mut state, 1));
        let turn = [unit.clone(), unit.clone(), more].concat();
        let text: Vec<u64> = turn.iter().cycle().take(25 * 40).copied().collect();
        let (found, _) = runs_of(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].period, found[0].repeats), (12, 80));
        assert_eq!(found[0].columns - found[0].matches, 39, "the words put in");
    }

    #[test]
    fn two_runs_in_a_row_are_two() {
        let mut text = framed(1, 10, 9);
        text.extend(framed(2, 7, 12));
        let (found, _) = runs_of(&text);
        assert_eq!(
            found.iter().map(|r| (r.period, r.repeats)).collect::<Vec<_>>(),
            [(10, 9), (7, 12)]
        );
    }
}
