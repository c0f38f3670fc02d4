//! Alignments and runs of all documents -> occurrences -> clusters, in
//! parallel.

use rayon::prelude::*;

use crate::disjoint::Disjoint;
use crate::options::find::FindPlan;
use crate::options::find::Scope;
use crate::passage::Match;
use crate::passage::Run;
use crate::passage::family;
use crate::passage::family::Family;
use crate::passage::merge;
use crate::passage::merge::Edge;
use crate::passage::merge::Occurrence;
use crate::passage::merge::Side;
use crate::passage::rows::Tokens;
use crate::run::copies::Copies;
use crate::span::TokenSpan;

/// All occurrences, by place, and the edges between them.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Occurrences of all classes, by place.
    pub(crate) occurrences: Vec<Occurrence>,
    /// One for each two of them that were aligned, sorted.
    pub(crate) edges: Vec<Edge>,
    /// Occurrences of each match's two sides.
    pub(crate) sides: Vec<[u32; 2]>,
    /// Occurrences that are whole documents with copies.
    pub(crate) whole: Vec<u32>,
}

/// Owner of a side that is a whole document, not half of a match.
const WHOLE: u32 = u32::MAX;

/// Alignments and runs -> occurrences and edges.
#[must_use]
pub(crate) fn place(
    rows: &dyn Tokens,
    runs: &[Run],
    matches: &[Match],
    copies: &Copies,
    plan: &FindPlan,
) -> Placed {
    let mut sides: Vec<(u32, Side)> = Vec::with_capacity(2 * matches.len());
    for (n, m) in matches.iter().enumerate() {
        let owner = 2 * n as u32;
        sides.push((rows.document(m.a.start), Side { span: m.a, owner }));
        sides.push((rows.document(m.b.start), Side { span: m.b, owner: owner + 1 }));
    }
    for class in 0..rows.documents() as u32 {
        let span = rows.span(class);
        let told_twice = copies.of(class).len() > 1 && rows.weight(span) >= plan.min_weight();
        if told_twice && plan.options().scope != Scope::Within {
            sides.push((class, Side { span, owner: WHOLE }));
        } else if !merge::within(runs, span).is_empty() {
            // Keeps the class among those looked at.
            let nothing = TokenSpan { start: span.start, end: span.start };
            sides.push((class, Side { span: nothing, owner: WHOLE }));
        }
    }
    sides.par_sort_unstable();
    let of_class = |own: &[(u32, Side)]| {
        let sides: Vec<Side> = own.iter().map(|s| s.1).filter(|s| !s.span.is_empty()).collect();
        occurrences_of(merge::within(runs, rows.span(own[0].0)), &sides)
    };
    let found: Vec<_> = sides.par_chunk_by(|x, y| x.0 == y.0).map(of_class).collect();
    drop(sides);
    let mut placed = Placed {
        occurrences: Vec::with_capacity(found.iter().map(|f| f.0.len()).sum()),
        edges: Vec::new(),
        sides: vec![[0; 2]; matches.len()],
        whole: Vec::new(),
    };
    for (occurrences, owners) in found {
        let first = placed.occurrences.len() as u32;
        placed.occurrences.extend(occurrences);
        for (owner, n) in owners {
            match owner {
                WHOLE => placed.whole.push(first + n),
                _ => placed.sides[owner as usize / 2][owner as usize % 2] = first + n,
            }
        }
    }
    let sides = &placed.sides;
    placed.edges = merge::edges(matches, |n, later| sides[n][usize::from(later)]);
    placed
}

/// Occurrences of one class by place, and for each side's owner its number.
fn occurrences_of(runs: &[Run], sides: &[Side]) -> (Vec<Occurrence>, Vec<(u32, u32)>) {
    let (mut within, mut free) = (Vec::new(), Vec::new());
    for side in sides {
        match merge::run_of(runs, side.span) {
            Some(run) => within.push((side.owner, run)),
            None => free.push(*side),
        }
    }
    let (spans, assigned) = merge::occurrences(&free);
    let all = runs.iter().map(|r| Occurrence { span: r.span, run: Some(*r) });
    let all = all.chain(spans.iter().map(|&span| Occurrence { span, run: None }));
    let mut all: Vec<(Occurrence, usize)> = all.zip(0..).collect();
    all.sort_by_key(|(o, n)| (o.span, *n));
    let mut rank = vec![0u32; all.len()];
    for (r, (_, n)) in all.iter().enumerate() {
        rank[*n] = r as u32;
    }
    let runs_of = within.iter().map(|&(owner, run)| (owner, rank[run as usize]));
    let others = free.iter().zip(assigned);
    let others = others.map(|(side, n)| (side.owner, rank[runs.len() + n as usize]));
    let owners = runs_of.chain(others).collect();
    (all.into_iter().map(|(o, _)| o).collect(), owners)
}

/// Occurrences and edges -> clusters.
#[must_use]
pub(crate) fn group(rows: &dyn Tokens, placed: &Placed, plan: &FindPlan) -> Vec<Family> {
    let n = placed.occurrences.len();
    let mut sets = Disjoint::new(n);
    for e in &placed.edges {
        sets.union(e.a, e.b);
    }
    let mut alone: Vec<u32> = placed.whole.clone();
    alone.extend((0..n as u32).filter(|&o| placed.occurrences[o as usize].run.is_some()));
    alone.sort_unstable();
    alone.dedup();
    let mut components = sets.groups();
    let mut joined = vec![false; n];
    components.iter().flatten().for_each(|&o| joined[o as usize] = true);
    components.extend(alone.into_iter().filter(|&o| !joined[o as usize]).map(|o| vec![o]));
    components.sort_unstable();
    let mut edges: Vec<(u32, Edge)> = placed.edges.iter().map(|&e| (sets.find(e.a), e)).collect();
    edges.sort_by_key(|(set, e)| (*set, e.a, e.b));
    let of_component = |component: &Vec<u32>| {
        let set = component[0];
        let from = edges.partition_point(|e| e.0 < set);
        let own: Vec<Edge> = edges[from..].iter().take_while(|e| e.0 == set).map(|e| e.1).collect();
        family::families(rows, &placed.occurrences, component, &own, plan)
    };
    components.par_iter().map(of_component).flatten_iter().collect()
}
