//! Candidate pairs -> verified pairs -> families, a budget of sets at a time.
//!
//! Candidates are split into the components that they form before any of
//! them is compared, and components are packed into batches whose sets fit
//! the budget. So each text is read again once at most, and only those that
//! are in some pair; a component that does not fit goes through in blocks.
//!
//! * time: see [`crate::verify`] and [`crate::cluster`]
//! * space: 8 bytes a document, 32 a candidate pair, and the budget; see `giant`
//!   for components of too many pairs

use crate::cluster::Family;
use crate::cluster::Link;
use crate::cluster::Overlap;
use crate::disjoint::Disjoint;
use crate::join::Bounds;
use crate::lsh::unpack;
use crate::options::dedup::Linking;
use crate::run::documents::DocumentsError;
use crate::run::documents::counts::Counts;
use crate::run::documents::found::Component;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::components;
use crate::run::documents::found::ends;
use crate::run::documents::found::families;
use crate::run::documents::groups::Filled;
use crate::run::documents::groups::Groups;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Verdict;
use crate::run::documents::shelf::Shelf;
use crate::run::documents::shelf::Stack;
use crate::run::documents::source::Source;
use crate::spill::SpillError;
use rayon::prelude::*;
use std::convert::Infallible;

/// Pairs compared by one thread at a time.
pub(super) const CHUNK: usize = 64;

/// Bytes of sets that are made ready together for each thread, if that does
/// not part a component: little of it leaves the cache or is new memory.
const PACK: u64 = 1 << 20;

/// Pairs of a component compared before those that they connect are left out;
/// then twice as many, and so on, so that there are few rounds.
pub(super) const ROUND: usize = 1 << 14;

/// The part of the free memory that one component's pairs may have.
const PAIRS_SHARE: u64 = 4;

/// Bytes that a pair takes until its component is split into families.
const PAIR: usize = 150;

/// Whole components that are compared together.
#[derive(Default)]
struct Batch {
    members: Vec<u32>,
    pairs: Vec<u64>,
    /// End of each component's pairs.
    ends: Vec<usize>,
}

impl Batch {
    /// The pairs of each component.
    fn groups(&self) -> impl Iterator<Item = &[u64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.pairs[start..end])
    }
}

/// The comparison of all candidates, under way.
pub(super) struct Batches<'a, 'j, S> {
    pub(super) job: &'a Job<'j, S>,
    /// Shingles of each document, repeats included.
    pub(super) shingles: &'a Counts,
    pub(super) found: Found,
    /// Documents that verified pairs connect so far.
    pub(super) joined: Disjoint,
    /// Pairs that are to connect theirs later, if they are.
    pub(super) deferred: Option<Vec<(u32, u32)>>,
}

impl<'a, 'j, S: Source> Batches<'a, 'j, S> {
    pub(super) fn new(job: &'a Job<'j, S>, shingles: &'a Counts) -> Batches<'a, 'j, S> {
        let (found, joined) = (Found::new(job), Disjoint::new(shingles.len()));
        Batches { job, shingles, found, joined, deferred: None }
    }

    fn bytes(&self, documents: &[u32]) -> u64 {
        // With bags, as many words again as shingles.
        let each = if self.job.plan.options().distinct_numbers { 16 } else { 8 };
        documents.iter().map(|&d| u64::from(self.shingles.get(d)) * each).sum()
    }

    /// Compares all pairs and adds the families of all components.
    pub(super) fn groups(&mut self, mut groups: Groups) -> Result<(), DocumentsError<S::Error>> {
        let budget = self.job.set_bytes();
        let pack = budget.min(PACK * rayon::current_num_threads() as u64);
        let most = self.job.room.budget.share_of_free(PAIRS_SHARE, 1 << 10) / PAIR;
        let (mut batch, mut bytes) = (Batch::default(), 0);
        loop {
            let from = batch.pairs.len();
            match groups.fill(most, &mut batch.pairs)? {
                Filled::Nothing => return self.batch(&batch),
                Filled::Whole => {}
                Filled::Part => {
                    let begun = batch.pairs.split_off(from);
                    self.batch(&batch)?;
                    (batch, bytes) = (Batch::default(), 0);
                    self.giant(&mut groups, begun, most)?;
                    continue;
                }
            }
            let group = &batch.pairs[from..];
            let own = ends(group.iter().flat_map(|&pair| <[u32; 2]>::from(unpack(pair))));
            let more = self.bytes(&own);
            if more > budget || bytes + more > pack {
                let group = batch.pairs.split_off(from);
                self.batch(&batch)?;
                (batch, bytes) = (Batch::default(), 0);
                if more > budget {
                    self.oversized(&own, &group)?;
                    continue;
                }
                batch.pairs = group;
            }
            batch.members.extend(own);
            batch.ends.push(batch.pairs.len());
            bytes += more;
        }
    }

    /// Whole components whose sets fit the budget together.
    fn batch(&mut self, batch: &Batch) -> Result<(), DocumentsError<S::Error>> {
        let shelf = Shelf::load(self.job, &batch.members)?;
        // The first round of all at once, since most have no second.
        let first = batch.groups().filter_map(|group| rounds(group).next());
        let first: Vec<u64> = first.flatten().copied().collect();
        let mut links = Vec::new();
        self.compare(&shelf, &first, &mut links)?;
        for round in batch.groups().flat_map(|group| rounds(group).skip(1)) {
            let open = self.open(round, &mut links);
            self.compare(&shelf, &open, &mut links)?;
        }
        Ok(self.split(&shelf, components(links))?)
    }

    /// The pairs of a round that have to be compared: all, if all are to be
    /// part of the result. Otherwise one whose documents are connected already
    /// is left to those who form the clusters; in a crowd, that is most.
    pub(super) fn open(&mut self, round: &[u64], links: &mut Vec<Link>) -> Vec<u64> {
        if self.keeps_edges() {
            return round.to_vec();
        }
        let mut open = Vec::new();
        for &pair in round {
            let (a, b) = unpack(pair);
            if self.joined.find(a) == self.joined.find(b) {
                links.push(Link { a, b, known: None });
            } else {
                open.push(pair);
            }
        }
        self.job.watch.advance((round.len() - open.len()) as u64);
        open
    }

    /// Adds the pairs that are alike to the links.
    fn compare(
        &mut self,
        shelf: &Shelf,
        pairs: &[u64],
        links: &mut Vec<Link>,
    ) -> Result<(), SpillError> {
        let (bounds, watch) = (self.job.bounds(), self.job.watch);
        let parts: Vec<(Vec<Edge>, Checks)> = pairs
            .par_chunks(CHUNK)
            .map(|pairs| {
                let (mut edges, mut checks) = (Vec::new(), Checks::default());
                for &pair in pairs {
                    let (a, b) = unpack(pair);
                    if let Some(overlap) = checks.count(shelf.of(a).judge(shelf.of(b), bounds)) {
                        edges.push(Edge { a, b, overlap });
                    }
                }
                watch.advance(pairs.len() as u64);
                (edges, checks)
            })
            .collect();
        for (edges, checks) in parts {
            self.found.checks.add(checks);
            if self.keeps_edges() {
                self.found.edges.add(&edges)?;
            }
            for edge in edges {
                match &mut self.deferred {
                    Some(deferred) => deferred.push((edge.a, edge.b)),
                    None => {
                        self.joined.union(edge.a, edge.b);
                    }
                }
                links.push(edge.link());
            }
        }
        Ok(())
    }

    fn keeps_edges(&self) -> bool {
        self.job.edges != Edges::None || self.job.plan.options().against
    }

    /// Adds the families of components whose sets are on the shelf.
    fn split(&mut self, shelf: &Shelf, components: Vec<Component>) -> Result<(), SpillError> {
        let options = self.job.plan.options();
        if options.against {
            return Ok(());
        }
        let bounds = self.job.bounds();
        let rank = |d: u32| self.job.ranks.of(d);
        let all: Vec<Vec<Family>> = components
            .into_par_iter()
            .map(|(mut documents, links)| {
                let compare = |x: u32, leader: u32| -> Result<_, Infallible> {
                    Ok(judge(shelf.of(x), shelf.of(leader), bounds, options.cluster))
                };
                let result = families(&mut documents, &links, options.cluster, rank, Some(compare));
                result.unwrap_or_else(|never| match never {})
            })
            .collect();
        all.into_iter().flatten().try_for_each(|family| self.found.families.add(family))
    }

    /// One component of candidates whose sets do not fit the budget: pairs are
    /// compared for two blocks of documents at a time, which splits it most
    /// often.
    fn oversized(
        &mut self,
        members: &[u32],
        pairs: &[u64],
    ) -> Result<(), DocumentsError<S::Error>> {
        let blocks = self.blocks(members, self.job.set_bytes() / 2);
        let mut links = Vec::new();
        for round in rounds(pairs) {
            let open = self.open(round, &mut links);
            self.tiles(&blocks, &open, &mut links)?;
        }
        self.rejoin(components(links))
    }

    /// Compares pairs, those of two blocks together. Only documents that are
    /// in some pair are made ready.
    pub(super) fn tiles(
        &mut self,
        blocks: &[&[u32]],
        pairs: &[u64],
        links: &mut Vec<Link>,
    ) -> Result<(), DocumentsError<S::Error>> {
        let block = |d: u32| blocks.partition_point(|b| b[b.len() - 1] < d);
        let mut tiled: Vec<((usize, usize), u64)> = Vec::with_capacity(pairs.len());
        for &pair in pairs {
            let (a, b) = unpack(pair);
            tiled.push(((block(a), block(b)), pair));
        }
        tiled.par_sort_unstable();
        for row in tiled.chunk_by(|x, y| x.0.0 == y.0.0) {
            let mut held = ends(row.iter().map(|&(_, pair)| unpack(pair).0));
            let within = row.iter().take_while(|(tile, _)| tile.0 == tile.1);
            held.extend(within.map(|&(_, pair)| unpack(pair).1));
            let held = ends(held.into_iter());
            let mut shelf = Shelf::load(self.job, &held)?;
            for tile in row.chunk_by(|x, y| x.0 == y.0) {
                if tile[0].0.0 != tile[0].0.1 {
                    shelf.more(self.job, &ends(tile.iter().map(|&(_, pair)| unpack(pair).1)))?;
                }
                let pairs: Vec<u64> = tile.iter().map(|&(_, pair)| pair).collect();
                self.compare(&shelf, &pairs, links)?;
                shelf.cut(held.len());
            }
        }
        Ok(())
    }

    /// Documents in blocks of so many bytes, one document at least.
    pub(super) fn blocks<'m>(&self, members: &'m [u32], bytes: u64) -> Vec<&'m [u32]> {
        let (mut blocks, mut start, mut sum) = (Vec::new(), 0, 0);
        for (n, &document) in members.iter().enumerate() {
            let more = self.bytes(&[document]);
            if n > start && sum + more > bytes {
                blocks.push(&members[start..n]);
                (start, sum) = (n, 0);
            }
            sum += more;
        }
        blocks.push(&members[start..]);
        blocks
    }

    /// The families of components that are verified already, in batches.
    fn rejoin(&mut self, components: Vec<Component>) -> Result<(), DocumentsError<S::Error>> {
        let options = self.job.plan.options();
        if options.against {
            return Ok(());
        }
        let set_bytes = self.job.set_bytes();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for (mut documents, links) in components {
            let more = self.bytes(&documents);
            if more > set_bytes {
                let mut stack = Stack::new(self.job, set_bytes);
                let bounds = self.job.bounds();
                let compare = |x: u32, leader: u32| -> Result<_, DocumentsError<S::Error>> {
                    let (x, leader) = (stack.get(x)?, stack.get(leader)?);
                    Ok(judge(&x, &leader, bounds, options.cluster))
                };
                let cluster = options.cluster;
                let rank = |d: u32| self.job.ranks.of(d);
                for family in families(&mut documents, &links, cluster, rank, Some(compare))? {
                    self.found.families.add(family)?;
                }
                continue;
            }
            if bytes + more > set_bytes {
                self.reload(std::mem::take(&mut batch))?;
                bytes = 0;
            }
            batch.push((documents, links));
            bytes += more;
        }
        self.reload(batch)
    }

    fn reload(&mut self, components: Vec<Component>) -> Result<(), DocumentsError<S::Error>> {
        let members: Vec<u32> = components.iter().flat_map(|c| c.0.iter().copied()).collect();
        let shelf = Shelf::load(self.job, &members)?;
        Ok(self.split(&shelf, components)?)
    }
}

/// The pairs of a component in rounds.
fn rounds(pairs: &[u64]) -> impl Iterator<Item = &[u64]> {
    let (mut rest, mut length) = (pairs, ROUND);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (round, later) = rest.split_at(length.min(rest.len()));
        (rest, length) = (later, length.saturating_mul(2));
        Some(round)
    })
}

/// What a document shares with a leader: if they are alike, or with
/// `Connected`, where the chain decides, in any case.
pub(super) fn judge(
    x: &Material,
    leader: &Material,
    bounds: Bounds,
    linking: Linking,
) -> Option<Overlap> {
    match linking {
        Linking::Connected => Some(x.overlap(leader)),
        Linking::Leader => match x.judge(leader, bounds) {
            Verdict::Alike(overlap) => Some(overlap),
            Verdict::Below | Verdict::Template => None,
        },
    }
}
