//! Links on the disk -> alignments.
//!
//! Links come in the order of their earlier tokens, so those of one document
//! come together. They are put in the order of pairs of documents; the
//! documents of as many pairs as fit the memory are read, and the pairs
//! aligned in parallel. An alignment depends on the tokens of its two
//! documents alone, so that it does not matter where in the row they stand.
//!
//! * time: that of the alignments, and one read of a document for each pair
//!   that it is the later one of
//! * space: the room that is given, or the links and tokens of one pair of
//!   documents, and the alignments

use rayon::prelude::*;

use crate::external::Sorted;
use crate::options::find::FindPlan;
use crate::passage::Match;
use crate::passage::rows::Rows;
use crate::passage::rows::Tokens;
use crate::passage::seed;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::passages::Worker;
use crate::run::passages::align_pair;
use crate::run::passages::stored::Stored;
use crate::span::TokenSpan;

/// A link: the documents, the distance of its tokens and the earlier one.
type Link = ((u32, u32), u64);

/// Bytes of a link while its pair is aligned: itself, and its copy without
/// documents.
const LINK: usize = size_of::<Link>() + 16;

/// Bytes of a token that is read.
const TOKEN: usize = 8;

/// Links of a batch at least: below, the threads would meet too often.
const FEW: usize = 1 << 12;

/// Aligns all links and gives what is found piece by piece; returns how many
/// chains were left out. `room` bytes are used twice: for links, and for
/// tokens.
pub(super) fn align(
    rows: &Stored,
    mut links: Sorted,
    plan: &FindPlan,
    (room, watch): (usize, &dyn Watch),
    mut take: impl FnMut(Vec<Match>) -> Result<(), RunError>,
) -> Result<u64, RunError> {
    let mut batch: Vec<Link> = Vec::new();
    let (mut left_out, mut ended) = (0, false);
    while !ended {
        loop {
            let Some(link) = links.next_word()? else {
                ended = true;
                break;
            };
            let (a, b) = ((link >> 32) as u32, link as u32);
            let document = rows.document(a);
            batch.push(((document, rows.document(b)), seed::pack(b - a, a)));
            // All links of a document come into one batch.
            let next = links.head().and_then(|word| Some(u32::from_be_bytes(*word.first_chunk()?)));
            let ends = next.is_none_or(|next| rows.document(next) != document);
            if ends && batch.len() >= (room / LINK).max(FEW) {
                break;
            }
        }
        batch.par_sort_unstable();
        let mut rest = &batch[..];
        while !rest.is_empty() {
            let (many, documents) = fitting(rows, rest, room / TOKEN);
            let (own, others) = rest.split_at(many);
            let loaded = rows.load(&documents)?;
            let (found, skipped) = pairs(rows, &loaded, &documents, own, plan);
            take(found)?;
            left_out += skipped;
            watch.advance(own.len() as u64);
            rest = others;
        }
        batch.clear();
    }
    Ok(left_out)
}

/// How many of the links, whole pairs of documents and one at least, have
/// documents of up to `tokens` tokens together, and these, ascending.
fn fitting(rows: &Stored, links: &[Link], tokens: usize) -> (usize, Vec<u32>) {
    let (mut many, mut taken, mut documents) = (0, 0, Vec::new());
    let mut earlier = None;
    for own in links.chunk_by(|x, y| x.0 == y.0) {
        let (a, b) = own[0].0;
        let length = |document| rows.span(document).len() as usize;
        taken += length(b) + if earlier == Some(a) { 0 } else { length(a) };
        if many > 0 && taken > tokens {
            break;
        }
        earlier = Some(a);
        documents.extend([a, b]);
        many += own.len();
    }
    documents.sort_unstable();
    documents.dedup();
    (many, documents)
}

/// Alignments of whole pairs of documents, whose tokens are `loaded`.
fn pairs(
    rows: &Stored,
    loaded: &Rows,
    documents: &[u32],
    links: &[Link],
    plan: &FindPlan,
) -> (Vec<Match>, u64) {
    let number = |document: u32| documents.partition_point(|&d| d < document) as u32;
    let of_pair = |worker: &mut Worker, own: &[Link]| {
        let (a, b) = own[0].0;
        let (near_a, near_b) = (number(a), number(b));
        let (from_a, from_b) = (rows.span(a).start, rows.span(b).start);
        let (to_a, to_b) = (loaded.span(near_a).start, loaded.span(near_b).start);
        worker.1.clear();
        worker.1.extend(own.iter().map(|&(_, link)| {
            let (distance, token) = ((link >> 32) as u32, link as u32);
            let (x, y) = (token - from_a + to_a, token + distance - from_b + to_b);
            (y - x, x)
        }));
        let (mut found, skipped) = align_pair(loaded, (near_a, near_b), plan, worker);
        let moved = |span: TokenSpan, from: u32, to: u32| TokenSpan {
            start: span.start - from + to,
            end: span.end - from + to,
        };
        for m in &mut found {
            (m.a, m.b) = (moved(m.a, to_a, from_a), moved(m.b, to_b, from_b));
        }
        (found, skipped)
    };
    let made: Vec<(Vec<Match>, u64)> = links
        .par_chunk_by(|x, y| x.0 == y.0)
        .map_init(Worker::default, of_pair)
        .filter(|f| !f.0.is_empty() || f.1 > 0)
        .collect();
    let skipped = made.iter().map(|f| f.1).sum();
    (made.into_iter().flat_map(|f| f.0).collect(), skipped)
}
