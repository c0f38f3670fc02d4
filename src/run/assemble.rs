//! Clusters of tokens -> clusters of places in the texts, as reported.

use std::cmp::Reverse;

use ahash::AHashMap;

use crate::options::WORD_WEIGHT;
use crate::options::find::FindPlan;
use crate::options::find::Scope;
use crate::options::find::Snap;
use crate::passage::Match;
use crate::passage::family::Family;
use crate::passage::nest;
use crate::passage::rows::Tokens;
use crate::report::Cluster;
use crate::report::Found;
use crate::report::Kind;
use crate::report::Pair;
use crate::report::Score;
use crate::report::Summary;
use crate::run::copies::COPIES;
use crate::run::copies::Copies;
use crate::run::copies::copied;
use crate::run::grouping::Placed;
use crate::run::places;
use crate::run::places::Request;
use crate::run::places::Texts;
use crate::span::ByteSpan;
use crate::span::TokenSpan;
use crate::spill::SpillError;

/// What a report is made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The settings.
    pub(crate) plan: &'a FindPlan,
    /// Tokens of all classes.
    pub(crate) rows: &'a dyn Tokens,
    /// Number of documents.
    pub(crate) documents: usize,
    /// Documents of each class.
    pub(crate) copies: &'a Copies,
    /// Occurrences and the edges between them.
    pub(crate) placed: &'a Placed,
    /// What clusters are called, unless they are runs or boilerplate.
    pub(crate) kind: Kind,
}

/// A cluster before its places are known.
struct Draft {
    family: Family,
    /// The document when copies of it have clusters of their own.
    only: Option<u32>,
    weight: u64,
    first: (u32, TokenSpan),
    parent: Option<u32>,
}

/// Clusters and pairs in the order of the report, before their places in the
/// texts are known.
pub(crate) struct Unlocated {
    clusters: Vec<Cluster>,
    pairs: Vec<Pair>,
    /// Places of all occurrences, then of both sides of each pair.
    requests: Vec<Request>,
    snap: Snap,
}

/// Draws up clusters, and pairs when asked for. Nothing of what it was made of
/// is needed to [locate](Unlocated::locate) them.
#[must_use]
pub(crate) fn draw_up(parts: &Parts<'_>, families: Vec<Family>, matches: &[Match]) -> Unlocated {
    let drafts = draft(parts, families);
    let mut requests: Vec<Request> = Vec::new();
    let mut clusters: Vec<Cluster> = Vec::new();
    for (n, d) in drafts.iter().enumerate() {
        clusters.push(cluster(parts, d, n as u32 + 1, &mut requests));
    }
    let pairs = if parts.plan.options().pairs {
        pairs(parts, &drafts, matches, &mut requests)
    } else {
        Vec::new()
    };
    Unlocated { clusters, pairs, requests, snap: parts.plan.options().snap }
}

impl Unlocated {
    /// Finds the places in the texts; with what the summary says of them.
    ///
    /// # Errors
    ///
    /// When a text on the disk cannot be read.
    pub(crate) fn locate(self, texts: &dyn Texts) -> Result<Found, SpillError> {
        let Unlocated { mut clusters, mut pairs, requests, snap } = self;
        let inside = requests.len() - 2 * pairs.len();
        let (located, repeated_bytes) = places::locate(texts, requests, inside, snap)?;
        let mut next = located.iter();
        for o in clusters.iter_mut().flat_map(|c| &mut c.occurrences) {
            next.next().expect("a place for each request").fill(o);
        }
        for p in &mut pairs {
            p.a.1 = next.next().expect("a place for each request").span;
            p.b.1 = next.next().expect("a place for each request").span;
        }
        let summary = Summary {
            clusters: clusters.len() as u64,
            occurrences: clusters.iter().map(|c| c.occurrences.len() as u64).sum(),
            repeated_bytes,
            boilerplate: clusters.iter().filter(|c| c.kind == Kind::Boilerplate).count() as u64,
            ..Summary::default()
        };
        Ok(Found { clusters, pairs, summary })
    }
}

/// Families -> clusters in the order of the report, with parents.
fn draft(parts: &Parts<'_>, families: Vec<Family>) -> Vec<Draft> {
    let rows = parts.rows;
    let within = parts.plan.options().scope == Scope::Within;
    let spans: Vec<Vec<TokenSpan>> = families
        .iter()
        .map(|f| {
            f.members.iter().map(|m| parts.placed.occurrences[m.occurrence as usize].span).collect()
        })
        .collect();
    let parents = nest::parents(&spans);
    let mut drafts: Vec<(u32, Draft)> = Vec::new();
    for (n, family) in families.into_iter().enumerate() {
        let class = rows.document(spans[n][0].start);
        let weight: u64 = spans[n]
            .iter()
            .map(|&s| {
                let times = if within { 1 } else { parts.copies.of(rows.document(s.start)).len() };
                u64::from(rows.weight(s)) * times as u64
            })
            .sum();
        let owners: Vec<Option<u32>> = if within {
            parts.copies.of(class).iter().map(|&d| Some(d)).collect()
        } else {
            vec![None]
        };
        for only in owners {
            let first = (only.unwrap_or(parts.copies.of(class)[0]), spans[n][0]);
            let parent = parents[n];
            drafts.push((n as u32, Draft { family: family.clone(), only, weight, first, parent }));
        }
    }
    drafts.sort_by_key(|(n, d)| (Reverse(d.weight), d.first, *n));
    let mut ids: AHashMap<(u32, Option<u32>), u32> = AHashMap::new();
    for (id, (n, d)) in (1..).zip(&drafts) {
        ids.insert((*n, d.only), id);
    }
    for (_, d) in &mut drafts {
        d.parent = d.parent.and_then(|p| ids.get(&(p, d.only)).copied());
    }
    drafts.into_iter().map(|(_, d)| d).collect()
}

/// Documents above which a passage is boilerplate.
pub(crate) fn boilerplate(documents: usize) -> u64 {
    (documents as u64).div_ceil(1000).max(50)
}

fn cluster(parts: &Parts<'_>, draft: &Draft, id: u32, requests: &mut Vec<Request>) -> Cluster {
    let rows = parts.rows;
    let mut occurrences = Vec::new();
    for member in &draft.family.members {
        let place = parts.placed.occurrences[member.occurrence as usize];
        let class = rows.document(place.span.start);
        let lone_run = place.run.filter(|_| draft.family.members.len() == 1);
        let score =
            lone_run.map_or(Score { matches: member.matches, columns: member.columns }, |r| {
                Score { matches: r.matches, columns: r.columns }
            });
        let every = [draft.only.unwrap_or(0)];
        let documents = if draft.only.is_some() { &every[..] } else { parts.copies.of(class) };
        for (n, &document) in documents.iter().enumerate() {
            requests.push(Request::new(document, place.span, rows.span(class).start, place.run));
            occurrences.push(places::unplaced(
                document,
                score,
                member.occurrence == draft.family.leader && n == 0,
                place.run.map_or(1, |r| r.repeats),
            ));
        }
    }
    // Members are by class; copies of a class may lie beyond the next class.
    let first = requests.len() - occurrences.len();
    let mut order: Vec<usize> = (0..occurrences.len()).collect();
    order.sort_by_key(|&n| (requests[first + n].document, requests[first + n].span));
    let sorted: Vec<Request> = order.iter().map(|&n| requests[first + n]).collect();
    requests[first..].copy_from_slice(&sorted);
    let occurrences: Vec<_> = order.iter().map(|&n| occurrences[n].clone()).collect();
    let documents = occurrences.chunk_by(|x, y| x.document == y.document).count() as u32;
    let leader = parts.placed.occurrences[draft.family.leader as usize];
    let kind = match (occurrences.len(), u64::from(documents)) {
        _ if parts.kind == Kind::Reworded => Kind::Reworded,
        (1, _) => Kind::Run,
        (_, n) if n > boilerplate(parts.documents) => Kind::Boilerplate,
        _ => parts.kind,
    };
    Cluster {
        id,
        kind,
        words: rows.weight(leader.unit()).div_ceil(WORD_WEIGHT),
        documents,
        parent: draft.parent,
        occurrences,
    }
}

/// The verified pairs that do not follow from longer ones. Documents with the
/// same tokens share their alignments; those of more than [`COPIES`] pairs of
/// copies are reported between the first ones.
fn pairs(
    parts: &Parts<'_>,
    drafts: &[Draft],
    matches: &[Match],
    requests: &mut Vec<Request>,
) -> Vec<Pair> {
    let rows = parts.rows;
    let mut clusters_of: AHashMap<u32, Vec<(u32, Option<u32>)>> = AHashMap::new();
    for (id, d) in (1..).zip(drafts) {
        for m in &d.family.members {
            clusters_of.entry(m.occurrence).or_default().push((id, d.only));
        }
    }
    for (id, d) in (1..).zip(drafts) {
        for &o in &d.family.covered {
            clusters_of.entry(o).or_default().push((id, d.only));
        }
    }
    let clusters = |o: u32| clusters_of.get(&o).map_or(&[][..], |c| c.as_slice());
    let common = |a: u32, b: u32, only: Option<u32>| {
        let of_b = clusters(b);
        let both = clusters(a).iter().find(|c| c.1 == only && of_b.contains(c));
        both.expect("each alignment is an edge, and each edge lies in a cluster").0
    };
    // (document and span of a, of b, cluster, score, words)
    let mut found: Vec<(Request, Request, Pair)> = Vec::new();
    let mut push = |a: (u32, TokenSpan), b: (u32, TokenSpan), cluster, score| {
        let base = |s: TokenSpan| rows.span(rows.document(s.start)).start;
        let words = rows.weight(a.1).min(rows.weight(b.1)).div_ceil(WORD_WEIGHT);
        let nothing = ByteSpan { start: 0, end: 0 };
        found.push((
            Request::new(a.0, a.1, base(a.1), None),
            Request::new(b.0, b.1, base(b.1), None),
            Pair { cluster, a: (a.0, nothing), b: (b.0, nothing), score, words },
        ));
    };
    let within = parts.plan.options().scope == Scope::Within;
    let documents = |m: &Match| (rows.document(m.a.start), rows.document(m.b.start));
    let implied = matches.chunk_by(|x, y| documents(x) == documents(y)).flat_map(nest::implied);
    for ((m, sides), implied) in matches.iter().zip(&parts.placed.sides).zip(implied) {
        if implied {
            continue;
        }
        let score = Score { matches: m.matches, columns: m.columns };
        let (x, y) =
            (parts.copies.of(rows.document(m.a.start)), parts.copies.of(rows.document(m.b.start)));
        if within {
            for &d in x {
                push((d, m.a), (d, m.b), common(sides[0], sides[1], Some(d)), score);
            }
        } else {
            let cluster = common(sides[0], sides[1], None);
            let own = x[0] == y[0];
            for (a, b) in copied(x, y).filter(|&(a, b)| !own || a == b) {
                push((a, m.a), (b, m.b), cluster, score);
            }
        }
    }
    for &o in &parts.placed.whole {
        let span = parts.placed.occurrences[o as usize].span;
        let class = rows.document(span.start);
        let all = rows.span(class);
        let score = Score { matches: all.len(), columns: all.len() };
        let same = parts.copies.of(class);
        let star = same.len() * same.len() > COPIES;
        let firsts = if star { &same[..1] } else { same };
        for (a, b) in firsts.iter().flat_map(|&a| same.iter().map(move |&b| (a, b))) {
            if a < b {
                push((a, all), (b, all), common(o, o, None), score);
            }
        }
    }
    found.sort_by_key(|(a, b, _)| (a.document, a.span, b.document, b.span));
    found
        .into_iter()
        .map(|(a, b, pair)| {
            requests.push(a);
            requests.push(b);
            pair
        })
        .collect()
}
