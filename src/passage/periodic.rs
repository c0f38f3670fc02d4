//! Fingerprints of one document -> units repeated back to back.
//!
//! A line repeated a million times would link everything with everything.
//! Here it becomes one [`Run`], and only the fingerprints of its first and
//! last unit go on, so that the unit can still meet its like elsewhere.
//!
//! A fingerprint seen twice at the same distance in a row is a hint; the text
//! is then aligned with itself at that distance, edits allowed (a counter in
//! each line), as far as the extension goes. When both copies together are
//! longer than two distances, the stretch is a run.
//!
//! * time: `O(n)`: a fingerprint inside a known run, or on a distance that was
//!   tried up to here, costs a table look-up
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

/// Working memory of [`runs`], reused from document to document.
#[derive(Debug, Default)]
pub struct Scratch {
    wave: Wave,
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
    // The distance of the last repeated fingerprint, and up to which token a
    // distance was tried in vain.
    let (mut before, mut tried) = (0u32, (0u32, 0u32));
    for f in fingerprints.iter() {
        let Some(earlier) = swap_last(&mut scratch.last, *f) else { continue };
        let distance = f.position - earlier;
        let hinted = distance.abs_diff(before) <= 2;
        before = distance;
        let covered = found.last().is_some_and(|r| f.position < r.span.end);
        let in_vain = tried.0 == distance && f.position < tried.1;
        if !hinted || covered || in_vain || distance > LONGEST_UNIT {
            continue;
        }
        let floor = found.last().map_or(0, |r| r.span.end);
        match run_at(tokens, floor.min(earlier), earlier, distance, &mut scratch.wave) {
            Ok(run) if reportable(&run, weight, plan) => found.push(run),
            Ok(run) => tried = (distance, run.span.end),
            Err(end) => tried = (distance, end),
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

/// The run of distance `d` around token `at`, not reaching below `floor`, or
/// the token up to which the text repeats at this distance without being one.
fn run_at(tokens: &[u32], floor: u32, at: u32, d: u32, wave: &mut Wave) -> Result<Run, u32> {
    let (floor, at, d) = (floor as usize, at as usize, d as usize);
    // Edits as in a passage: score 8 below the best ends it. The band stays
    // below half a unit, so that the alignment cannot slip to another one.
    let reach = Reach { drop: 8, band: (d as i32 / 2).clamp(0, 12) };
    let right = wave.extend::<false>(&tokens[at..], &tokens[at + d..], reach);
    let left = wave.extend::<true>(&tokens[floor..at], &tokens[floor..at + d], reach);
    let (start, end) = (at - left.a as usize, at + d + right.b as usize);
    if (left.a.min(left.b) + right.a.min(right.b)) < d as u32 {
        return Err(end as u32);
    }
    let (matches, columns) = (left.matches + right.matches, left.columns + right.columns);
    let mut run = Run {
        span: TokenSpan { start: start as u32, end: end as u32 },
        period: d as u32,
        // A run ends on a match: the edited end of its last unit is missing.
        repeats: ((end - start + d / 5) / d) as u32,
        matches,
        columns,
    };
    if matches == columns {
        let period = smallest_period(&tokens[start..start + 2 * d]);
        let end = end + shared::<false>(&tokens[end - period..], &tokens[end..]);
        let first = floor + (start - floor)
            - shared::<true>(&tokens[floor..start], &tokens[floor..start + period]);
        let compared = (end - first - period) as u32;
        run = Run {
            span: TokenSpan { start: first as u32, end: end as u32 },
            period: period as u32,
            repeats: ((end - first) / period) as u32,
            matches: compared,
            columns: compared,
        };
    }
    Ok(run)
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

/// Smallest period of a row that has a period of half its length, by the
/// failure function; at most that half.
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
