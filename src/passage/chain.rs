//! Links between two documents -> aligned passages.
//!
//! Links on one diagonal that lie in one exact match become that match; exact
//! matches in the same order in both documents, with gaps of at most
//! `max-gap` words, become chains, best first; a chain's gaps are aligned, its
//! ends extended, and what reaches the threshold is a [`Match`]. Where an
//! extension costs the identity that the rest has, it is left out; a chain that
//! misses the threshold is cut at its worst gap and its parts are tried.
//!
//! * time: `O(n * PREDECESSORS)` for `n` exact matches, plus the columns
//!   aligned, which are at most [`WORK`] times the tokens of both documents
//! * space: `O(n)`, reused
//!
//! The score of a chain is its matched tokens minus half of the longer side
//! of each gap, so that a gap must be paid by what stands on both sides of it.
//! Ties go to the chain that ends first. Source: Li, *Minimap2: pairwise
//! alignment for nucleotide sequences*, 2018, section 2.1, with exact matches
//! in place of seeds. Approximations: the number of predecessors tried, and
//! the bound on work, which only texts that repeat themselves over and over
//! reach; what it leaves out is counted.

use ahash::AHashMap;

use crate::options::WORD_WEIGHT;
use crate::options::find::FindPlan;
use crate::passage::Match;
use crate::passage::align::Extension;
use crate::passage::align::Reach;
use crate::passage::align::Wave;
use crate::passage::align::shared;
use crate::passage::outlook::Outlook;
use crate::passage::outlook::Side;
use crate::passage::rows::Rows;
use crate::span::TokenSpan;

/// Earlier exact matches tried as the predecessor of each: as minimap2's
/// default for its longest reads.
pub const PREDECESSORS: usize = 50;

/// Columns aligned for each token of the two documents before the rest of
/// their chains is left out.
pub const WORK: u64 = 64;

/// Furthest an alignment strays from an accepted one and still counts as
/// found already, in words.
const STRAY_WORDS: u32 = 12;

/// Tokens in a stretch by which accepted alignments are looked up.
const BLOCK: u32 = 64;

/// Accepted alignments from which on they are looked up by stretch.
const FEW: usize = 16;

/// Tokens `a..a + len` equal to `b..b + len`, not to be lengthened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Exact {
    a: u32,
    b: u32,
    len: u32,
}

/// What is known of the best chain that ends with an exact match.
#[derive(Clone, Copy, Debug)]
struct Best {
    /// Twice the score.
    score: i64,
    previous: u32,
    /// Where the chain starts in `b`; inside one document its part in `a`
    /// has to end before.
    first_b: u32,
    used: bool,
}

const NONE: u32 = u32::MAX;

/// Where an alignment may reach: inclusive starts, exclusive ends.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    a: TokenSpan,
    b: TokenSpan,
}

/// Aligns pairs of documents, with its working memory.
#[derive(Debug, Default)]
pub struct Aligner {
    wave: Wave,
    outlook: Outlook,
    exact: Vec<Exact>,
    best: Vec<Best>,
    order: Vec<u32>,
    chain: Vec<Exact>,
    accepted: Vec<Match>,
    /// Of accepted alignments, once they are many, those that touch each
    /// stretch of [`BLOCK`] tokens of `a`.
    blocks: AHashMap<u32, Vec<u32>>,
    /// How many are in `blocks`.
    indexed: usize,
    /// Chains aligned.
    pub tried: u64,
    /// Chains left out because the bound on work was reached.
    pub skipped: u64,
}

/// Limits in tokens of one pair of documents.
#[derive(Clone, Copy, Debug)]
struct Limits {
    reach: Reach,
    max_gap: u32,
    stray: u32,
}

impl Limits {
    fn new(rows: &Rows, bounds: Bounds, plan: &FindPlan) -> Limits {
        let wide = rows.unspaced(bounds.a) || rows.unspaced(bounds.b);
        let tokens = |words: u32| if wide { words * 5 / 2 } else { words };
        Limits {
            // Score 8 below the best: nine words in a row without a match, or
            // as many more edits than matches, end an extension.
            reach: Reach { drop: tokens(8) as i32, band: tokens(STRAY_WORDS) as i32 },
            max_gap: tokens(plan.options().max_gap as u32),
            stray: tokens(STRAY_WORDS),
        }
    }
}

impl Aligner {
    /// Appends the aligned passages of documents `da <= db` to `out`.
    ///
    /// `links` are pairs of tokens `(b - a, a)`, sorted, `a` of `da` and `b`
    /// of `db`; links of tokens that are not equal after all are passed over.
    pub fn align(
        &mut self,
        rows: &Rows,
        documents: (u32, u32),
        links: &[(u32, u32)],
        plan: &FindPlan,
        out: &mut Vec<Match>,
    ) {
        let bounds = Bounds { a: rows.span(documents.0), b: rows.span(documents.1) };
        let own = documents.0 == documents.1;
        self.exact_matches(rows, bounds, links, own, plan.seeds().words * WORD_WEIGHT);
        if self.exact.is_empty() {
            return;
        }
        let limits = Limits::new(rows, bounds, plan);
        self.score(limits.max_gap, own);
        self.accepted.clear();
        if self.indexed > 0 {
            self.blocks.clear();
            self.indexed = 0;
        }
        let mut work = WORK * u64::from(bounds.a.len() + bounds.b.len());
        for n in 0..self.order.len() {
            let last = self.order[n];
            self.take_chain(last);
            if self.chain.is_empty() || self.known(limits.stray) {
                continue;
            }
            if work == 0 {
                self.skipped += 1;
                continue;
            }
            self.tried += 1;
            let chain = std::mem::take(&mut self.chain);
            let columns = self.verify(rows, &chain, bounds, limits, plan, own);
            work = work.saturating_sub(columns);
            self.chain = chain;
        }
        out.append(&mut self.accepted);
    }

    /// Links to exact matches, by `(a, b)`.
    fn exact_matches(
        &mut self,
        rows: &Rows,
        bounds: Bounds,
        links: &[(u32, u32)],
        own: bool,
        least: u32,
    ) {
        self.exact.clear();
        let tokens = rows.tokens();
        let slice = |from: u32, to: u32| &tokens[from as usize..to as usize];
        let mut last = (0u32, 0u32);
        for &(distance, a) in links {
            if last.0 == distance && a < last.1 {
                continue;
            }
            let b = a + distance;
            let right = shared::<false>(slice(a, bounds.a.end), slice(b, bounds.b.end)) as u32;
            let left = shared::<true>(slice(bounds.a.start, a), slice(bounds.b.start, b)) as u32;
            last = (distance, a + right);
            let mut len = left + right;
            // Inside one document two copies may not overlap: what repeats
            // back to back is kept as two units.
            if own {
                len = len.min(distance);
            }
            let span = TokenSpan { start: a - left, end: a - left + len };
            if rows.weight(span) >= least {
                self.exact.push(Exact { a: a - left, b: b - left, len });
            }
        }
        self.exact.sort_unstable();
    }

    /// Best chain to end with each exact match.
    fn score(&mut self, max_gap: u32, own: bool) {
        self.best.clear();
        for (i, e) in self.exact.iter().enumerate() {
            let alone = 2 * i64::from(e.len);
            let mut best = Best { score: alone, previous: NONE, first_b: e.b, used: false };
            for j in (i.saturating_sub(PREDECESSORS)..i).rev() {
                let (p, from) = (self.exact[j], self.best[j]);
                let Some((lost, ga, gb)) = gap(p, *e) else { continue };
                let longer = ga.max(gb);
                if longer > max_gap || (own && e.a + e.len > from.first_b) {
                    continue;
                }
                let score = from.score + alone - 2 * i64::from(lost) - i64::from(longer);
                if score > best.score {
                    best = Best { score, previous: j as u32, first_b: from.first_b, used: false };
                }
            }
            self.best.push(best);
        }
        self.order.clear();
        self.order.extend(0..self.exact.len() as u32);
        let best = &self.best;
        self.order.sort_unstable_by_key(|&i| (std::cmp::Reverse(best[i as usize].score), i));
    }

    /// Puts the chain that ends with exact match `last`, as far as it is not
    /// used yet, into `self.chain`, in order.
    fn take_chain(&mut self, last: u32) {
        self.chain.clear();
        let mut at = last;
        while at != NONE && !self.best[at as usize].used {
            self.best[at as usize].used = true;
            self.chain.push(self.exact[at as usize]);
            at = self.best[at as usize].previous;
        }
        self.chain.reverse();
    }

    /// Whether the chain lies inside an accepted alignment, near its
    /// diagonals.
    fn known(&mut self, stray: u32) -> bool {
        let (first, last) = (self.chain[0], self.chain[self.chain.len() - 1]);
        let holds = |m: &Match| {
            let near = |e: Exact| {
                let low = (m.b.start - m.a.start).min(m.b.end - m.a.end);
                let high = (m.b.start - m.a.start).max(m.b.end - m.a.end);
                e.b - e.a + stray >= low && e.b - e.a <= high + stray
            };
            m.a.start <= first.a
                && m.b.start <= first.b
                && last.a + last.len <= m.a.end
                && last.b + last.len <= m.b.end
                && near(first)
                && near(last)
        };
        if self.accepted.len() <= FEW {
            return self.accepted.iter().any(holds);
        }
        for (n, m) in self.accepted.iter().enumerate().skip(self.indexed) {
            for block in m.a.start / BLOCK..=(m.a.end - 1) / BLOCK {
                self.blocks.entry(block).or_default().push(n as u32);
            }
        }
        self.indexed = self.accepted.len();
        let here = self.blocks.get(&(first.a / BLOCK));
        here.is_some_and(|own| own.iter().any(|&n| holds(&self.accepted[n as usize])))
    }

    /// Aligns a chain, accepts it or its parts; returns the columns seen.
    fn verify(
        &mut self,
        rows: &Rows,
        chain: &[Exact],
        bounds: Bounds,
        limits: Limits,
        plan: &FindPlan,
        own: bool,
    ) -> u64 {
        if let [alone] = chain
            && self.is_hopeless(rows, *alone, bounds, limits, plan, own)
        {
            return u64::from(alone.len);
        }
        let (mut matches, mut columns) = (chain[0].len, chain[0].len);
        // The gap with most edits: (edits, index of the match before it).
        let mut worst = (0u32, 0usize);
        for n in 1..chain.len() {
            let (m, c) = self.fill(rows, chain[n - 1], chain[n]);
            matches += m;
            columns += c;
            if c - m > worst.0 && m + worst.0 < c {
                worst = (c - m, n);
            }
        }
        let (first, last) = (chain[0], chain[chain.len() - 1]);
        let none = Extension::default();
        // Nothing but edits can stand beside an exact match.
        let (left, right) = if plan.is_exact() {
            (none, none)
        } else {
            self.extend(rows, first, last, bounds, limits, own)
        };
        let grown = |(left, right): (Extension, Extension)| Match {
            a: TokenSpan { start: first.a - left.a, end: last.a + last.len + right.a },
            b: TokenSpan { start: first.b - left.b, end: last.b + last.len + right.b },
            matches: matches + left.matches + right.matches,
            columns: columns + left.columns + right.columns,
        };
        let is_long = |m: &Match| rows.weight(m.a).min(rows.weight(m.b)) >= plan.min_weight();
        let is_passage = |m: &Match| is_long(m) && plan.accepts(m.matches, m.columns);
        // What is gained in length may cost the identity that the rest has.
        let halves = [(left, none), (none, right)];
        let [more, less] =
            if left.columns >= right.columns { halves } else { [halves[1], halves[0]] };
        let whole = grown((left, right));
        let passage =
            [(left, right), more, less, (none, none)].into_iter().map(grown).find(is_passage);
        let mut seen = u64::from(whole.columns);
        if let Some(passage) = passage {
            self.accepted.push(passage);
        } else if is_long(&whole) && worst.1 > 0 {
            let (front, back) = chain.split_at(worst.1);
            let (end, start) = (front[front.len() - 1], back[0]);
            // The front may not grow into the back; where their matches overlap
            // it keeps its own end.
            let apart = start.a >= end.a + end.len && start.b >= end.b + end.len;
            let mut cut = bounds;
            (cut.a.end, cut.b.end) =
                if apart { (start.a, start.b) } else { (end.a + end.len, end.b + end.len) };
            seen += self.verify(rows, front, cut, limits, plan, own);
            let mut cut = bounds;
            cut.a.start = start.a.min(end.a + end.len);
            cut.b.start = start.b.min(end.b + end.len);
            seen += self.verify(rows, back, cut, limits, plan, own);
        }
        seen
    }

    /// Whether an exact match without neighbours cannot grow into a passage.
    fn is_hopeless(
        &mut self,
        rows: &Rows,
        e: Exact,
        bounds: Bounds,
        limits: Limits,
        plan: &FindPlan,
        own: bool,
    ) -> bool {
        if plan.is_exact() {
            let span = TokenSpan { start: e.a, end: e.a + e.len };
            return rows.weight(span) < plan.min_weight();
        }
        // Inside one document the copies stay apart: at most what lies between
        // them is taken, by one of them.
        let stop_a = if own { bounds.a.end.min(e.b) } else { bounds.a.end };
        let stop_b = if own { bounds.b.start.max(e.a + e.len) } else { bounds.b.start };
        let left = Side {
            a: rows.slice(TokenSpan { start: bounds.a.start, end: e.a }),
            b: rows.slice(TokenSpan { start: stop_b.min(e.b), end: e.b }),
        };
        let right = Side {
            a: rows.slice(TokenSpan { start: e.a + e.len, end: stop_a.max(e.a + e.len) }),
            b: rows.slice(TokenSpan { start: e.b + e.len, end: bounds.b.end }),
        };
        self.outlook.is_hopeless(e.len, left, right, limits.reach.drop, plan)
    }

    /// Matches and columns from the end of one exact match to the end of the
    /// next.
    fn fill(&mut self, rows: &Rows, p: Exact, e: Exact) -> (u32, u32) {
        let (lost, ga, gb) = gap(p, e).unwrap_or((0, 0, 0));
        let rest = e.len - lost;
        let (a, b) = (p.a + p.len, p.b + p.len);
        if ga == 0 || gb == 0 {
            return (rest, rest + ga.max(gb));
        }
        let a = rows.slice(TokenSpan { start: a, end: a + ga });
        let b = rows.slice(TokenSpan { start: b, end: b + gb });
        let (m, c) = self.wave.global(a, b, ga.max(gb)).unwrap_or((0, ga.max(gb)));
        (rest + m, rest + c)
    }

    fn extend(
        &mut self,
        rows: &Rows,
        first: Exact,
        last: Exact,
        bounds: Bounds,
        limits: Limits,
        own: bool,
    ) -> (Extension, Extension) {
        let (end_a, end_b) = (last.a + last.len, last.b + last.len);
        // Inside one document the earlier copy ends before the later starts.
        let stop_a = if own { bounds.a.end.min(first.b).max(end_a) } else { bounds.a.end };
        let right = self.wave.extend::<false>(
            rows.slice(TokenSpan { start: end_a, end: stop_a }),
            rows.slice(TokenSpan { start: end_b, end: bounds.b.end }),
            limits.reach,
        );
        let stop_b =
            if own { bounds.b.start.max(end_a + right.a).min(first.b) } else { bounds.b.start };
        let left = self.wave.extend::<true>(
            rows.slice(TokenSpan { start: bounds.a.start, end: first.a }),
            rows.slice(TokenSpan { start: stop_b, end: first.b }),
            limits.reach,
        );
        (left, right)
    }
}

/// From one exact match to a later one: tokens of the later that overlap the
/// earlier, and the tokens between them in `a` and `b`; nothing when the
/// later does not follow.
fn gap(p: Exact, e: Exact) -> Option<(u32, u32, u32)> {
    if e.a <= p.a || e.b <= p.b {
        return None;
    }
    let lost = (p.a + p.len).saturating_sub(e.a).max((p.b + p.len).saturating_sub(e.b));
    if lost >= e.len {
        return None;
    }
    Some((lost, e.a + lost - p.a - p.len, e.b + lost - p.b - p.len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::options::find::FindOptions;

    fn plan() -> FindPlan {
        FindPlan::new(&FindOptions::default()).unwrap()
    }

    fn noise(state: &mut u64, n: usize) -> Vec<u32> {
        (0..n).map(|_| hash::splitmix64(state) as u32).collect()
    }

    /// All links between equal windows of four tokens, the definition.
    fn all_links(rows: &Rows, da: u32, db: u32) -> Vec<(u32, u32)> {
        let (a, b) = (rows.span(da), rows.span(db));
        let t = rows.tokens();
        let mut links = Vec::new();
        for i in a.start..a.end.saturating_sub(3) {
            for j in b.start.max(if da == db { i + 1 } else { 0 })..b.end.saturating_sub(3) {
                if t[i as usize..i as usize + 4] == t[j as usize..j as usize + 4] {
                    links.push((j - i, i));
                }
            }
        }
        links.sort_unstable();
        links
    }

    fn run(documents: &[Vec<u32>]) -> Vec<Match> {
        let mut rows = Rows::default();
        for d in documents {
            rows.push(d, &[]).unwrap();
        }
        let mut out = Vec::new();
        let last = documents.len() as u32 - 1;
        let links = all_links(&rows, 0, last);
        Aligner::default().align(&rows, (0, last), &links, &plan(), &mut out);
        out
    }

    fn joined(parts: &[&[u32]]) -> Vec<u32> {
        parts.concat()
    }

    #[test]
    fn two_passages_in_swapped_order_are_two_matches() {
        let mut s = 1;
        let (p, q) = (noise(&mut s, 40), noise(&mut s, 50));
        let foreign: Vec<Vec<u32>> = (0..6).map(|_| noise(&mut s, 60)).collect();
        let a = joined(&[&foreign[0], &p, &foreign[1], &q, &foreign[2]]);
        let b = joined(&[&foreign[3], &q, &foreign[4], &p, &foreign[5]]);
        let mut got = run(&[a, b]);
        got.sort_unstable();
        let spans: Vec<_> = got.iter().map(|m| (m.a.start, m.a.len(), m.b.start - 270)).collect();
        assert_eq!(spans, [(60, 40, 170), (160, 50, 60)]);
        assert!(got.iter().all(|m| m.matches == m.columns));
    }

    #[test]
    fn edits_are_counted_and_a_long_gap_parts() {
        let mut s = 2;
        let (p, q) = (noise(&mut s, 40), noise(&mut s, 40));
        let inserted = noise(&mut s, 20);
        let a = joined(&[&p, &q]);
        let got = run(&[a.clone(), joined(&[&p, &inserted, &q])]);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].matches, got[0].columns), (80, 100));
        let far = noise(&mut s, 40);
        let got = run(&[a.clone(), joined(&[&p, &far, &q])]);
        assert_eq!(got.len(), 2, "40 words are more than max-gap");
        // Below the threshold as a whole: 30 matches of 60 columns.
        let gap = noise(&mut s, 30);
        let (p, q) = (&p[..15], &q[..15]);
        let got = run(&[joined(&[p, q]), joined(&[p, &gap, q])]);
        assert_eq!(got.len(), 2);
        assert!(got.iter().all(|m| m.matches == 15 && m.columns == 15));
    }

    #[test]
    fn copies_inside_one_document_never_overlap() {
        let mut s = 3;
        let unit = noise(&mut s, 40);
        let text = joined(&[&noise(&mut s, 9), &unit, &unit, &noise(&mut s, 9)]);
        let got = run(&[text]);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].a.start, got[0].a.end, got[0].b.end), (9, 49, 89));
        for period in 1..20 {
            let unit = noise(&mut s, period);
            let text: Vec<u32> = unit.iter().cycle().take(200).copied().collect();
            for m in run(&[text]) {
                assert!(m.a.end <= m.b.start, "period {period}: {m:?}");
            }
        }
    }

    #[test]
    fn every_match_is_what_it_says() {
        for seed in 0..200u64 {
            let mut s = seed;
            let letters = 2 + seed % 4;
            let mut text = |n: usize| -> Vec<u32> {
                (0..n).map(|_| (hash::splitmix64(&mut s) % letters) as u32).collect()
            };
            let documents = [text(80), text(90)];
            let mut rows = Rows::default();
            for d in &documents {
                rows.push(d, &[]).unwrap();
            }
            for m in run(&documents) {
                let edits = m.columns - m.matches;
                let best = Wave::default().global(rows.slice(m.a), rows.slice(m.b), edits);
                assert!(best.is_some(), "seed {seed}: as many edits are enough");
                assert!(plan().accepts(m.matches, m.columns) && m.a.len() >= 15 && m.b.len() >= 15);
            }
        }
    }

    #[test]
    fn links_of_unequal_tokens_are_passed_over() {
        let mut rows = Rows::default();
        let mut s = 4;
        rows.push(&noise(&mut s, 50), &[]).unwrap();
        rows.push(&noise(&mut s, 50), &[]).unwrap();
        let mut out = Vec::new();
        Aligner::default().align(&rows, (0, 1), &[(50, 3), (55, 9)], &plan(), &mut out);
        assert!(out.is_empty());
    }
}
