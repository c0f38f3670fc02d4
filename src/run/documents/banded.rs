//! Signatures -> bands -> candidates -> verified pairs -> families.
//!
//! Candidates are split into the components that they form before any of
//! them is verified, and components are packed into batches whose sets fit
//! the budget. So each text is read again once at most, and only those that
//! are in some pair; a component that does not fit goes through in blocks.
//!
//! * time: see [`crate::lsh`] and [`crate::verify`]
//! * space: a signature and 12 bytes a document, 24 bytes a candidate pair,
//!   and the budget

use crate::cluster::Family;
use crate::cluster::Link;
use crate::cluster::Overlap;
use crate::cross;
use crate::disjoint::Disjoint;
use crate::join::Bounds;
use crate::lsh;
use crate::lsh::Bander;
use crate::lsh::Keys;
use crate::lsh::Pairing;
use crate::lsh::unpack;
use crate::options::banding::Banding;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Linking;
use crate::run::documents::DocumentsError;
use crate::run::documents::Texts;
use crate::run::documents::found::Component;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::components;
use crate::run::documents::found::families;
use crate::run::documents::found::nearest;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Verdict;
use crate::run::documents::shelf::Shelf;
use crate::run::documents::shelf::Stack;
use crate::signature::Signatures;
use crate::signature::TooManyDocuments;
use crate::signature::agreeing;
use crate::verify::Precheck;
use rayon::prelude::*;

/// The signatures of all documents.
#[derive(Debug)]
pub(super) struct Banded {
    banding: Banding,
    signatures: Signatures,
    keys: Keys,
    /// Shingles of each document, repeats included.
    shingles: Vec<u32>,
}

/// Pairs compared by one thread at a time.
const CHUNK: usize = 512;

/// Pairs compared before those that they connect are left out.
const SLICE: usize = 1 << 14;

impl Banded {
    pub(super) fn new(banding: Banding, num_perm: usize) -> Banded {
        let (signatures, keys) = (Signatures::new(num_perm), Keys::new(banding));
        Banded { banding, signatures, keys, shingles: Vec::new() }
    }

    pub(super) fn add(&mut self, signature: &[u32], shingles: u32) -> Result<(), TooManyDocuments> {
        self.shingles.push(shingles);
        self.keys.push(signature);
        self.signatures.extend(signature)
    }

    /// Pairs that agree in a band and in as many places as a pair at the
    /// threshold does but for one chance in a million; sorted, distinct. And
    /// the number of large buckets.
    fn candidates<T: ?Sized>(&self, job: &Job<'_, T>) -> (Vec<u64>, u64) {
        let options = job.plan.options();
        let check = Precheck::new(self.signatures.num_perm());
        // Any sizes would do: the overlap that is needed grows with them.
        let size = 1_000_000_000;
        let needed = job.plan.threshold().least_overlap(size, size);
        let refuted = |a: u32, b: u32| {
            let agree = agreeing(self.signatures.row(a), self.signatures.row(b));
            check.refutes(agree, needed, 2 * size)
        };
        let (signatures, keys, banding) = (&self.signatures, &self.keys, self.banding);
        let reference = job.reference;
        let (bands, large): (Vec<Vec<u64>>, Vec<u64>) = (0..banding.bands())
            .into_par_iter()
            .map_init(Bander::default, |bander, band| {
                let mut pairs = Vec::new();
                let found = |a: u32, b: u32| {
                    if !refuted(a, b) {
                        pairs.push(lsh::pack(a, b));
                    }
                };
                let large = if options.against {
                    cross::pairs(signatures, reference, banding, band, found)
                } else {
                    bander.pairs(keys, signatures, band, Pairing::Neighbours, found)
                };
                (pairs, large)
            })
            .unzip();
        (lsh::distinct(bands), large.iter().sum())
    }

    fn bytes(&self, document: u32, plan: &DedupPlan) -> u64 {
        // With bags, as many words again as shingles.
        let each = if plan.options().distinct_numbers { 16 } else { 8 };
        u64::from(self.shingles[document as usize]) * each
    }
}

impl Finder for Banded {
    fn recall(&self, plan: &DedupPlan) -> f64 {
        // The precheck refutes one in a million.
        (self.banding.recall(plan.options().threshold) - 1e-6).max(0.0)
    }

    fn find<T: Texts + ?Sized>(
        &mut self,
        job: &Job<'_, T>,
    ) -> Result<Found, DocumentsError<T::Error>> {
        let (pairs, large_buckets) = self.candidates(job);
        let groups = group(self.shingles.len(), pairs);
        let joined = Disjoint::new(self.shingles.len());
        let mut search = Search { banded: self, job, found: Found::default(), joined };
        search.found.large_buckets = large_buckets;
        search.groups(&groups)?;
        if job.plan.options().against {
            search.found.families = nearest(&search.found.edges, job.plan);
        }
        if !job.plan.options().pairs {
            search.found.edges = Vec::new();
        }
        Ok(search.found)
    }
}

/// Pairs by the components that they form.
struct Groups {
    pairs: Vec<u64>,
    /// End of each component's pairs.
    ends: Vec<usize>,
}

fn group(documents: usize, mut pairs: Vec<u64>) -> Groups {
    let mut sets = Disjoint::new(documents);
    for &pair in &pairs {
        let (a, b) = unpack(pair);
        sets.union(a, b);
    }
    let roots: Vec<u32> = (0..documents as u32).map(|d| sets.find(d)).collect();
    let root = |pair: u64| roots[unpack(pair).0 as usize];
    pairs.par_sort_unstable_by_key(|&pair| (root(pair), pair));
    let mut end = 0;
    let ends = pairs
        .chunk_by(|&x, &y| root(x) == root(y))
        .map(|same| {
            end += same.len();
            end
        })
        .collect();
    Groups { pairs, ends }
}

/// The documents of some pairs, ascending.
fn documents(pairs: &[u64]) -> Vec<u32> {
    let mut documents: Vec<u32> = Vec::with_capacity(2 * pairs.len());
    for &pair in pairs {
        let (a, b) = unpack(pair);
        // Pairs come by their first document.
        if documents.last() != Some(&a) {
            documents.push(a);
        }
        documents.push(b);
    }
    documents.sort_unstable();
    documents.dedup();
    documents
}

/// A search under way.
struct Search<'a, 'j, T: ?Sized> {
    banded: &'a Banded,
    job: &'a Job<'j, T>,
    found: Found,
    /// Documents that verified pairs connect so far.
    joined: Disjoint,
}

impl<T: Texts + ?Sized> Search<'_, '_, T> {
    fn bounds(&self) -> Bounds {
        let plan = self.job.plan;
        Bounds { measure: plan.options().measure, threshold: plan.threshold() }
    }

    fn bytes(&self, documents: &[u32]) -> u64 {
        documents.iter().map(|&d| self.banded.bytes(d, self.job.plan)).sum()
    }

    /// Verifies all pairs and adds the families of all components.
    fn groups(&mut self, groups: &Groups) -> Result<(), DocumentsError<T::Error>> {
        let budget = self.job.plan.options().set_bytes;
        let (mut start, mut from, mut bytes) = (0, 0, 0);
        let mut batch: Vec<u32> = Vec::new();
        for &end in &groups.ends {
            let members = documents(&groups.pairs[from..end]);
            let more = self.bytes(&members);
            if bytes + more > budget {
                self.batch(&batch, &groups.pairs[start..from])?;
                (start, bytes) = (from, 0);
                batch.clear();
            }
            if more > budget {
                self.oversized(&members, &groups.pairs[from..end])?;
                start = end;
            } else {
                batch.extend(members);
                bytes += more;
            }
            from = end;
        }
        self.batch(&batch, &groups.pairs[start..])
    }

    /// Whole components whose sets fit the budget together.
    fn batch(&mut self, members: &[u32], pairs: &[u64]) -> Result<(), DocumentsError<T::Error>> {
        if pairs.is_empty() {
            return Ok(());
        }
        let shelf = Shelf::load(self.job, members)?;
        let links = self.verify(&shelf, pairs);
        self.split(&shelf, components(links));
        Ok(())
    }

    /// The pairs that are alike. Unless all are to be part of the result, one
    /// whose documents are connected already is left to those who form the
    /// clusters, and comes back as not compared: in a crowd, that is most.
    fn verify(&mut self, shelf: &Shelf, pairs: &[u64]) -> Vec<Link> {
        let mut links = Vec::new();
        for pairs in pairs.chunks(SLICE) {
            let mut open = Vec::with_capacity(pairs.len());
            for &pair in pairs {
                let (a, b) = unpack(pair);
                if !self.keeps_edges() && self.joined.find(a) == self.joined.find(b) {
                    links.push(Link { a, b, known: None });
                } else {
                    open.push(pair);
                }
            }
            for (edges, checks) in compare(shelf, &open, self.bounds()) {
                self.found.checks.add(checks);
                if self.keeps_edges() {
                    self.found.edges.extend_from_slice(&edges);
                }
                for edge in edges {
                    self.joined.union(edge.a, edge.b);
                    links.push(edge.link());
                }
            }
        }
        links
    }

    fn keeps_edges(&self) -> bool {
        let options = self.job.plan.options();
        options.pairs || options.against
    }

    /// Adds the families of components whose sets are on the shelf.
    fn split(&mut self, shelf: &Shelf, components: Vec<Component>) {
        let options = self.job.plan.options();
        if options.against {
            return;
        }
        let (bounds, ranks) = (self.bounds(), self.job.ranks);
        let all: Vec<Vec<Family>> = components
            .into_par_iter()
            .map(|(mut documents, links)| {
                let compare = |x: u32, leader: u32| {
                    Ok(judge(shelf.of(x), shelf.of(leader), bounds, options.cluster))
                };
                let result: Result<_, std::convert::Infallible> =
                    families(&mut documents, &links, options.cluster, ranks, Some(compare));
                result.unwrap_or_else(|never| match never {})
            })
            .collect();
        self.found.families.extend(all.into_iter().flatten());
    }

    /// One component of candidates whose sets do not fit the budget: pairs are
    /// verified for two blocks of documents at a time, which splits it most
    /// often.
    fn oversized(
        &mut self,
        members: &[u32],
        pairs: &[u64],
    ) -> Result<(), DocumentsError<T::Error>> {
        let budget = self.job.plan.options().set_bytes;
        let blocks = self.blocks(members, budget / 2);
        let block = |d: u32| blocks.partition_point(|b| b[b.len() - 1] < d);
        let mut pairs: Vec<((usize, usize), u64)> = pairs
            .iter()
            .map(|&pair| {
                let (a, b) = unpack(pair);
                ((block(a), block(b)), pair)
            })
            .collect();
        pairs.par_sort_unstable();
        let mut links = Vec::new();
        let (mut first, mut held) = (Shelf::default(), usize::MAX);
        for same in pairs.chunk_by(|x, y| x.0 == y.0) {
            let (i, j) = same[0].0;
            if i != held {
                drop(std::mem::take(&mut first));
                first = Shelf::load(self.job, blocks[i])?;
                held = i;
            }
            let pairs: Vec<u64> = same.iter().map(|&(_, pair)| pair).collect();
            if i != j {
                // Only those that are in some pair of the two blocks.
                let mut others: Vec<u32> = pairs.iter().map(|&pair| unpack(pair).1).collect();
                others.sort_unstable();
                others.dedup();
                first.more(self.job, &others)?;
            }
            links.extend(self.verify(&first, &pairs));
            first.cut(blocks[i].len());
        }
        drop(first);
        self.rejoin(components(links))
    }

    /// Documents in blocks of so many bytes, one document at least.
    fn blocks<'m>(&self, members: &'m [u32], bytes: u64) -> Vec<&'m [u32]> {
        let (mut blocks, mut start, mut sum) = (Vec::new(), 0, 0);
        for (n, &document) in members.iter().enumerate() {
            let more = self.banded.bytes(document, self.job.plan);
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
    fn rejoin(&mut self, components: Vec<Component>) -> Result<(), DocumentsError<T::Error>> {
        let options = self.job.plan.options();
        if options.against {
            return Ok(());
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for (mut documents, links) in components {
            let more = self.bytes(&documents);
            if more > options.set_bytes {
                let mut stack = Stack::new(self.job, options.set_bytes);
                let bounds = self.bounds();
                let compare = |x: u32, leader: u32| {
                    let (x, leader) = (stack.get(x)?, stack.get(leader)?);
                    Ok(judge(&x, &leader, bounds, options.cluster))
                };
                let cluster = options.cluster;
                let ranks = self.job.ranks;
                let found = families(&mut documents, &links, cluster, ranks, Some(compare));
                self.found.families.extend(found?);
                continue;
            }
            if bytes + more > options.set_bytes {
                self.reload(std::mem::take(&mut batch))?;
                bytes = 0;
            }
            batch.push((documents, links));
            bytes += more;
        }
        self.reload(batch)
    }

    fn reload(&mut self, components: Vec<Component>) -> Result<(), DocumentsError<T::Error>> {
        let members: Vec<u32> = components.iter().flat_map(|c| c.0.iter().copied()).collect();
        let shelf = Shelf::load(self.job, &members)?;
        self.split(&shelf, components);
        Ok(())
    }
}

/// Compares pairs, in parts that keep their order.
fn compare(shelf: &Shelf, pairs: &[u64], bounds: Bounds) -> Vec<(Vec<Edge>, Checks)> {
    let part = |pairs: &[u64]| {
        let (mut edges, mut checks) = (Vec::new(), Checks::default());
        for &pair in pairs {
            let (a, b) = unpack(pair);
            if let Some(overlap) = checks.count(shelf.of(a).judge(shelf.of(b), bounds)) {
                edges.push(Edge { a, b, overlap });
            }
        }
        (edges, checks)
    };
    pairs.par_chunks(CHUNK).map(part).collect()
}

/// What a document shares with a leader: if they are alike, or with
/// `Connected`, where the chain decides, in any case.
fn judge(x: &Material, leader: &Material, bounds: Bounds, linking: Linking) -> Option<Overlap> {
    match linking {
        Linking::Connected => Some(x.overlap(leader)),
        Linking::Leader => match x.judge(leader, bounds) {
            Verdict::Alike(overlap) => Some(overlap),
            Verdict::Below | Verdict::Template => None,
        },
    }
}
