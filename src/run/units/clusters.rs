//! Groups of contents -> clusters of places in the texts, as reported.
//!
//! * time: `O(n log n)` for the places reported, and the texts that hold one
//!   are split into tokens again
//! * space: 24 bytes a place reported, and the report

use std::cmp::Reverse;

use crate::cluster::Overlap;
use crate::options::WORD_WEIGHT;
use crate::options::find::FindPlan;
use crate::options::find::Scope;
use crate::options::find::Snap;
use crate::report::Cluster;
use crate::report::Found;
use crate::report::Kind;
use crate::report::Occurrence;
use crate::report::Pair;
use crate::report::Score;
use crate::report::Summary;
use crate::run::assemble::boilerplate;
use crate::run::copies::COPIES;
use crate::run::copies::Copies;
use crate::run::places;
use crate::run::places::Request;
use crate::run::units::contents::Contents;
use crate::run::units::groups::Groups;
use crate::span::ByteSpan;
use crate::span::TokenSpan;

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) plan: &'a FindPlan,
    pub(super) copies: &'a Copies,
    pub(super) contents: &'a Contents,
    /// Content of each unit of all classes, and the token after its last.
    pub(super) units: &'a [(u32, u32)],
    /// End of each class's units.
    pub(super) ends: &'a [usize],
}

/// A place of a content: a unit, or the same back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    content: u32,
    class: u32,
    span: TokenSpan,
    repeats: u32,
    /// Tokens of one unit.
    period: u32,
}

impl Place {
    fn request(&self, document: u32) -> Request {
        let period = (self.repeats > 1).then_some(self.period);
        Request { document, span: self.span, period }
    }
}

/// The places of all contents that are reported, by content, class, span.
#[derive(Debug)]
struct Places(Vec<Place>);

impl Places {
    fn new(parts: &Parts<'_>, groups: &Groups) -> Places {
        let mut places: Vec<Place> = Vec::new();
        let mut from = 0;
        for (class, &end) in (0..).zip(parts.ends) {
            let mut start = 0;
            for same in parts.units[from..end].chunk_by(|x, y| x.0 == y.0) {
                let (content, first) = same[0];
                let span = TokenSpan { start, end: same[same.len() - 1].1 };
                if groups.of(content).is_some() {
                    let (repeats, period) = (same.len() as u32, first - start);
                    places.push(Place { content, class, span, repeats, period });
                }
                start = span.end;
            }
            from = end;
        }
        places.sort_unstable();
        Places(places)
    }

    fn of(&self, content: u32) -> &[Place] {
        let from = self.0.partition_point(|p| p.content < content);
        let own = &self.0[from..];
        &own[..own.partition_point(|p| p.content == content)]
    }
}

/// A cluster whose places in the texts are not known yet.
struct Draft {
    /// Number of its group.
    group: u32,
    /// The document, when copies of it have clusters of their own.
    only: Option<u32>,
    /// Weight of all its places.
    weight: u64,
    /// Where it stands first.
    first: (u32, TokenSpan),
}

/// Clusters in the order of the report, pairs when asked for, and what the
/// summary says of them.
pub(super) fn report(parts: &Parts<'_>, groups: &Groups, texts: &[&str]) -> Found {
    let places = Places::new(parts, groups);
    let drafts = draft(parts, groups, &places);
    let mut requests: Vec<Request> = Vec::new();
    let mut clusters: Vec<Cluster> = Vec::new();
    for (id, draft) in (1..).zip(&drafts) {
        let occurrences = occurrences(parts, groups, &places, draft, &mut requests);
        clusters.push(cluster(parts, groups, (id, draft), occurrences));
    }
    let inside = requests.len();
    let mut pairs = Vec::new();
    if parts.plan.options().pairs {
        pairs = self::pairs(parts, groups, &places, &drafts, &mut requests);
    }
    let (located, repeated_bytes) =
        places::locate(&texts, requests, inside, Snap::Word).expect("texts in memory can be read");
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
    Found { clusters, pairs, summary }
}

/// Clusters by the weight of all their places, then by the first.
fn draft(parts: &Parts<'_>, groups: &Groups, places: &Places) -> Vec<Draft> {
    let within = parts.plan.options().scope == Scope::Within;
    let mut drafts = Vec::new();
    for (group, family) in (0..).zip(&groups.families) {
        let mut weight = 0u64;
        let mut first = None;
        let contents = family.members.iter().map(|m| m.document).chain([family.leader]);
        for place in contents.flat_map(|c| places.of(c)) {
            let documents = parts.copies.of(place.class);
            let times = if within { 1 } else { documents.len() as u64 };
            let own = parts.contents.weights[place.content as usize];
            weight += u64::from(own) * times;
            let here = (documents[0], place.span, place.class);
            first = Some(first.map_or(here, |before| here.min(before)));
        }
        let Some((document, span, class)) = first else { continue };
        let mut push = |only: Option<u32>, document| {
            drafts.push(Draft { group, only, weight, first: (document, span) });
        };
        if within {
            parts.copies.of(class).iter().for_each(|&d| push(Some(d), d));
        } else {
            push(None, document);
        }
    }
    drafts.sort_by_key(|d| (Reverse(d.weight), d.first, d.group));
    drafts
}

/// The places of a content in documents: of one only, or of all.
fn in_documents<'a>(
    parts: &Parts<'a>,
    places: &'a Places,
    content: u32,
    only: Option<u32>,
) -> impl Iterator<Item = (u32, &'a Place)> {
    let copies = parts.copies;
    places.of(content).iter().flat_map(move |place| {
        let all = if only.is_some() { &[][..] } else { copies.of(place.class) };
        only.into_iter().chain(all.iter().copied()).map(move |document| (document, place))
    })
}

/// The occurrences of a cluster, by document and span; a request for each is
/// added in their order.
fn occurrences(
    parts: &Parts<'_>,
    groups: &Groups,
    places: &Places,
    draft: &Draft,
    requests: &mut Vec<Request>,
) -> Vec<Occurrence> {
    let family = &groups.families[draft.group as usize];
    let whole = Score { matches: 1, columns: 1 };
    let contents = family.members.iter().map(|m| (m.document, score(m.overlap)));
    let mut found: Vec<(Request, Occurrence)> = Vec::new();
    for (content, score) in contents.chain([(family.leader, whole)]) {
        for (document, place) in in_documents(parts, places, content, draft.only) {
            let occurrence = places::unplaced(document, score, false, place.repeats);
            found.push((place.request(document), occurrence));
        }
    }
    let count = found.len() - in_documents(parts, places, family.leader, draft.only).count();
    let leader = (count..found.len()).min_by_key(|&n| (found[n].0.document, found[n].0.span));
    if let Some(leader) = leader {
        found[leader].1.leader = true;
    }
    found.sort_by_key(|(request, _)| (request.document, request.span));
    requests.extend(found.iter().map(|f| f.0));
    found.into_iter().map(|f| f.1).collect()
}

fn cluster(
    parts: &Parts<'_>,
    groups: &Groups,
    (id, draft): (u32, &Draft),
    occurrences: Vec<Occurrence>,
) -> Cluster {
    let documents = occurrences.chunk_by(|x, y| x.document == y.document).count() as u32;
    let all = parts.copies.documents();
    let kind = match (occurrences.len(), u64::from(documents)) {
        (1, _) => Kind::Run,
        (_, n) if n > boilerplate(all) => Kind::Boilerplate,
        _ => Kind::Unit,
    };
    let leader = groups.families[draft.group as usize].leader;
    let words = parts.contents.weights[leader as usize].div_ceil(WORD_WEIGHT);
    Cluster { id, kind, words, documents, parent: None, occurrences }
}

/// Shared shingles of all.
fn score(overlap: Overlap) -> Score {
    let columns = u32::try_from(overlap.union()).unwrap_or(u32::MAX);
    Score { matches: overlap.shared, columns }
}

/// A place in a document, to be paired.
type Told = (u32, Place);

/// The verified pairs, and places of the same content. When two contents stand
/// in more than [`COPIES`] pairs of places, one of the first stands for all.
fn pairs(
    parts: &Parts<'_>,
    groups: &Groups,
    places: &Places,
    drafts: &[Draft],
    requests: &mut Vec<Request>,
) -> Vec<Pair> {
    let scope = parts.plan.options().scope;
    // Ids of each group's clusters, of its documents in order.
    let mut ids: Vec<(u32, Option<u32>, u32)> =
        (1..).zip(drafts).map(|(id, d)| (d.group, d.only, id)).collect();
    ids.sort_unstable();
    let mut found: Vec<(Told, Told, u32, Score)> = Vec::new();
    let mut add = |a: u32, b: u32, group: u32, score: Score| {
        let from = ids.partition_point(|x| x.0 < group);
        for &(_, only, id) in ids[from..].iter().take_while(|x| x.0 == group) {
            let told = |c: u32| -> Vec<Told> {
                in_documents(parts, places, c, only).map(|(d, p)| (d, *p)).collect()
            };
            let x = told(a);
            let y = if a == b { Vec::new() } else { told(b) };
            paired(&x, &y, scope, |first, second| found.push((first, second, id, score)));
        }
    };
    for &(edge, group) in &groups.pairs {
        add(edge.a, edge.b, group, score(edge.overlap));
    }
    for content in 0..parts.contents.len() as u32 {
        if let Some(group) = groups.of(content) {
            add(content, content, group, Score { matches: 1, columns: 1 });
        }
    }
    found.sort_by_key(|(a, b, _, _)| (a.0, a.1.span, b.0, b.1.span));
    let words = |told: &Told| parts.contents.weights[told.1.content as usize];
    let nothing = ByteSpan { start: 0, end: 0 };
    found
        .into_iter()
        .map(|(a, b, cluster, score)| {
            requests.extend([a.1.request(a.0), b.1.request(b.0)]);
            let words = words(&a).min(words(&b)).div_ceil(WORD_WEIGHT);
            Pair { cluster, a: (a.0, nothing), b: (b.0, nothing), score, words }
        })
        .collect()
}

/// The pairs of places of two contents, or of one if there is no `y`, in the
/// order of the texts.
fn paired(x: &[Told], y: &[Told], scope: Scope, mut found: impl FnMut(Told, Told)) {
    let compared = |a: &Told, b: &Told| scope != Scope::Across || a.0 != b.0;
    let one = y.is_empty();
    let y = if one { x } else { y };
    let star = x.len().saturating_mul(y.len()) > COPIES;
    for (n, a) in x.iter().enumerate() {
        let partners = if one { &y[n + 1..] } else { y };
        for b in partners.iter().filter(|b| compared(a, b)) {
            let order = |t: &Told| (t.0, t.1.span);
            let (a, b) = if order(a) <= order(b) { (a, b) } else { (b, a) };
            found(*a, *b);
            // Of one content all others are paired with the first.
            if star && !one {
                return;
            }
        }
        if star && one {
            return;
        }
    }
}
