//! Fingerprints -> links -> alignments, all in memory.
//!
//! * time: that of [`seed::links`] and of the alignments
//! * space: 8 bytes a link, twice while they are joined

use rayon::prelude::*;

use crate::options::find::FindPlan;
use crate::passage::Match;
use crate::passage::rows::Rows;
use crate::passage::seed;
use crate::radix::Sorter;
use crate::run::Watch;
use crate::run::passages::Worker;
use crate::run::passages::align_pair;
use crate::run::passages::linking;
use crate::run::passages::sort;

/// Fingerprints -> links: pairs of tokens, packed, sorted.
pub(super) fn link(rows: &Rows, prints: seed::Parts, plan: &FindPlan) -> Vec<u64> {
    let how = linking(rows.tokens().len(), plan);
    let of_part = |sorter: &mut Sorter, mut part: Vec<u64>| {
        let mut pairs = Vec::new();
        seed::sort(&mut part, sorter);
        seed::links(rows, &part, how, &mut pairs);
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    };
    let parts = prints.into_parts();
    let made: Vec<Vec<u64>> = parts.into_par_iter().map_init(Sorter::default, of_part).collect();
    let mut links = Vec::with_capacity(made.iter().map(Vec::len).sum());
    for part in made {
        links.extend_from_slice(&part);
    }
    links.par_sort_unstable();
    links.dedup();
    links
}

/// Links of one document from which on its pairs of documents are aligned in
/// parallel, and not only with those of other documents.
const MANY: usize = 1 << 14;

/// A link of a document: number of the other one, distance and earlier token.
type Link = (u32, u64);

/// Looks at the later token of each link. They lie anywhere in memory; asked for
/// one after another, without a decision in between, many are waited for at
/// once.
fn fetch(tokens: &[u32], links: &[Link]) {
    let later = links.iter().map(|&(_, link)| tokens[((link >> 32) as u32 + link as u32) as usize]);
    std::hint::black_box(later.fold(0, u32::wrapping_add));
}

/// Links -> alignments, by documents; and how many chains were left out.
pub(super) fn align(
    rows: &Rows,
    links: &[u64],
    plan: &FindPlan,
    watch: &dyn Watch,
) -> (Vec<Match>, u64) {
    watch.begin("aligning", links.len() as u64);
    let earlier = |link: u64| (link >> 32) as u32;
    let of_pair = |worker: &mut Worker, first: u32, own: &[Link]| {
        worker.1.clear();
        worker.1.extend(own.iter().map(|&(_, at)| ((at >> 32) as u32, at as u32)));
        watch.advance(own.len() as u64);
        align_pair(rows, (first, own[0].0), plan, worker)
    };
    let of_document = |worker: &mut Worker, own: &[u64]| {
        let first = rows.document(earlier(own[0]));
        let mut near: Vec<Link> = own
            .iter()
            .map(|&link| {
                let (a, b) = (earlier(link), link as u32);
                (rows.document(b), seed::pack(b - a, a))
            })
            .collect();
        if near.len() < MANY {
            near.sort_unstable();
            fetch(rows.tokens(), &near);
            let pairs = near.chunk_by(|x, y| x.0 == y.0);
            return pairs.map(|own| of_pair(worker, first, own)).collect::<Vec<_>>();
        }
        near.par_sort_unstable();
        let pairs = near.par_chunk_by(|x, y| x.0 == y.0);
        pairs.map_init(Worker::default, |worker, own| of_pair(worker, first, own)).collect()
    };
    let same = |x: &u64, y: &u64| rows.document(earlier(*x)) == rows.document(earlier(*y));
    let found: Vec<(Vec<Match>, u64)> = links
        .par_chunk_by(same)
        .map_init(Worker::default, of_document)
        .flatten_iter()
        .filter(|f| !f.0.is_empty() || f.1 > 0)
        .collect();
    let left_out = found.iter().map(|f| f.1).sum();
    let mut matches: Vec<Match> = found.into_iter().flat_map(|f| f.0).collect();
    sort(rows, &mut matches);
    (matches, left_out)
}
