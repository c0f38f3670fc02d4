//! Passages that retell each other -> clusters and pairs, as reported.

use crate::options::find::FindPlan;
use crate::passage::Match;
use crate::passage::family;
use crate::passage::family::Member;
use crate::passage::merge;
use crate::passage::merge::Occurrence;
use crate::passage::merge::Side;
use crate::passage::rows::Tokens;
use crate::report::Cluster;
use crate::report::Found;
use crate::report::Kind;
use crate::report::Pair;
use crate::report::Summary;
use crate::reworded::family::Family;
use crate::reworded::family::Link;
use crate::reworded::family::families;
use crate::run::Watch;
use crate::run::assemble;
use crate::run::assemble::Parts;
use crate::run::copies::Copies;
use crate::run::grouping::Placed;
use crate::run::held;
use crate::run::held::Held;
use crate::run::reworded;
use crate::run::reworded::Told;
use crate::span::ByteSpan;
use crate::span::TokenSpan;

/// Texts that were read, those with the same tokens as one class.
#[derive(Clone, Copy)]
pub(crate) struct Classes<'a> {
    /// The settings.
    pub(crate) plan: &'a FindPlan,
    /// Tokens of all classes.
    pub(crate) rows: &'a dyn Tokens,
    /// Documents of each class.
    pub(crate) copies: &'a Copies,
}

/// Searches the classes and reports what they retell, but for what `copied`
/// has as copies. `texts` are those of all documents.
///
/// # Panics
///
/// Never: the texts are in memory.
pub(crate) fn report(
    classes: &Classes<'_>,
    texts: &[&str],
    copied: &[Match],
    watch: &dyn Watch,
) -> Found {
    let Classes { plan, rows, copies } = *classes;
    let first = |class: u32| texts[copies.of(class)[0] as usize];
    let own: Vec<&str> = (0..rows.documents() as u32).map(first).collect();
    let (told, left_out) = reworded::search(&own, plan, watch);
    let mut matches = matches(rows, &told);
    let copies_of = Held::new(copied.iter().map(|m| held(rows, m)).collect());
    matches.retain(|m| !copies_of.holds(held(rows, m), SAME));
    let (placed, links) = place(rows, &matches);
    let occurrences = &placed.occurrences;
    let length = |n: u32| rows.weight(occurrences[n as usize].span);
    let families = families(occurrences.len() as u32, &links, length);
    let families = families.into_iter().map(as_passages).collect();
    let documents = texts.len();
    let parts = Parts { plan, rows, documents, copies, placed: &placed, kind: Kind::Reworded };
    let found = assemble::draw_up(&parts, families, &matches).locate(&texts);
    let found = found.expect("texts in memory can be read");
    let summary = Summary { formulas_left_out: left_out, ..found.summary };
    Found { summary, ..found }
}

fn documents(rows: &dyn Tokens, m: &Match) -> (u32, u32) {
    (rows.document(m.a.start), rows.document(m.b.start))
}

/// Part of a passage that makes it the same: of a reworded one that is a copy
/// and told as such.
const SAME: (u64, u64) = (2, 3);

/// Part of a copy that makes it a piece of a reworded passage.
const PIECE: (u64, u64) = (51, 100);

fn held(rows: &dyn Tokens, m: &Match) -> held::Pair {
    (documents(rows, m), (m.a.start, m.a.end), (m.b.start, m.b.end))
}

/// Appends the clusters of `retold`, and its pairs at their places. A pair of
/// copies of which most lies in a pair of reworded passages follows from it
/// and is left out; its cluster stays.
pub(crate) fn append(found: &mut Found, retold: Found) {
    let before = found.clusters.len() as u32;
    found.clusters.extend(retold.clusters.into_iter().map(|mut c| {
        c.id += before;
        c.parent = c.parent.map(|p| p + before);
        c
    }));
    let held = |p: &Pair| ((p.a.0, p.b.0), (p.a.1.start, p.a.1.end), (p.b.1.start, p.b.1.end));
    let reworded = Held::new(retold.pairs.iter().map(held).collect());
    found.pairs.retain(|p| !reworded.holds(held(p), PIECE));
    let pairs = retold.pairs.into_iter().map(|p| Pair { cluster: p.cluster + before, ..p });
    found.pairs.extend(pairs);
    found.pairs.sort_by_key(|p| (p.a, p.b, p.cluster));
    found.summary = Summary {
        clusters: found.clusters.len() as u64,
        occurrences: found.clusters.iter().map(|c| c.occurrences.len() as u64).sum(),
        repeated_bytes: covered(&found.clusters),
        formulas_left_out: retold.summary.formulas_left_out,
        ..found.summary
    };
}

/// Bytes in at least one occurrence.
fn covered(clusters: &[Cluster]) -> u64 {
    let all = clusters.iter().flat_map(|c| &c.occurrences);
    let mut spans: Vec<(u32, ByteSpan)> = all.map(|o| (o.document, o.span)).collect();
    spans.sort_unstable();
    let of_document = |own: &[(u32, ByteSpan)]| {
        let mut end = 0;
        let mut new = |s: ByteSpan| {
            let new = s.end.saturating_sub(s.start.max(end));
            end = end.max(s.end);
            u64::from(new)
        };
        own.iter().map(|o| new(o.1)).sum::<u64>()
    };
    spans.chunk_by(|x, y| x.0 == y.0).map(of_document).sum()
}

/// With tokens counted in the row of all classes, sorted by documents.
fn matches(rows: &dyn Tokens, told: &[Told]) -> Vec<Match> {
    let of_row = |(class, span): (u32, TokenSpan)| {
        let base = rows.span(class).start;
        TokenSpan { start: base + span.start, end: base + span.end }
    };
    let mut matches: Vec<Match> = told
        .iter()
        .map(|t| Match { a: of_row(t.a), b: of_row(t.b), matches: t.shared, columns: t.unusual })
        .collect();
    matches.sort_unstable_by_key(|m| (documents(rows, m), *m));
    matches
}

/// Sides of matches -> places, by document and start, and links between them.
fn place(rows: &dyn Tokens, matches: &[Match]) -> (Placed, Vec<Link>) {
    let mut sides: Vec<(u32, Side)> = Vec::with_capacity(2 * matches.len());
    for (n, m) in matches.iter().enumerate() {
        for (span, owner) in [(m.a, 2 * n as u32), (m.b, 2 * n as u32 + 1)] {
            sides.push((rows.document(span.start), Side { span, owner }));
        }
    }
    sides.sort_unstable();
    let mut placed = Placed {
        occurrences: Vec::new(),
        edges: Vec::new(),
        sides: vec![[0; 2]; matches.len()],
        whole: Vec::new(),
    };
    for own in sides.chunk_by(|x, y| x.0 == y.0) {
        let own: Vec<Side> = own.iter().map(|s| s.1).collect();
        let (spans, assigned) = merge::occurrences(&own);
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_unstable_by_key(|&n| spans[n]);
        let mut rank = vec![0; spans.len()];
        for (r, &n) in (placed.occurrences.len() as u32..).zip(&order) {
            rank[n] = r;
        }
        for (side, n) in own.iter().zip(assigned) {
            placed.sides[side.owner as usize / 2][side.owner as usize % 2] = rank[n as usize];
        }
        placed.occurrences.extend(order.iter().map(|&n| Occurrence { span: spans[n], run: None }));
    }
    let number = |n: usize, later| placed.sides[n][usize::from(later)];
    placed.edges = merge::edges(matches, number);
    let link = |e: &merge::Edge| Link { a: e.a, b: e.b, shared: e.matches, unusual: e.columns };
    let links = placed.edges.iter().map(link).collect();
    (placed, links)
}

/// A family as the report takes it. The leader shares all words with itself.
fn as_passages(f: Family) -> family::Family {
    let member = |occurrence, matches, columns| Member { occurrence, matches, columns };
    let mut members: Vec<Member> =
        f.members.iter().map(|(n, l)| member(*n, l.shared, l.unusual)).collect();
    members.push(member(f.leader, 1, 1));
    members.sort_unstable_by_key(|m| m.occurrence);
    family::Family { leader: f.leader, members, covered: Vec::new() }
}
