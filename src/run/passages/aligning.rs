//! Links on the disk -> alignments.
//!
//! Links come in the order of their earlier tokens, so those of one document
//! come together. As many as fit the memory are put in the order of their
//! later documents, which are read in turn, with the earlier ones beside them:
//! a join of blocks. Pairs of documents are aligned in parallel. An alignment
//! depends on the tokens of its two documents alone, so that it does not matter
//! where in the row they stand.
//!
//! * time: that of the alignments, and one read of all tokens for each block of
//!   links
//! * space: the room that is given, or the links and tokens of one pair of
//!   documents, and the alignments

use ahash::AHashSet;
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

/// A link: the later and the earlier document, the distance of its tokens and
/// the earlier one.
type Link = ((u32, u32), u64);

/// Bytes of a link while its pair is aligned: itself, its copy without
/// documents, and what is found.
const LINK: usize = size_of::<Link>() + 16;

/// Bytes of a token that is read, with its weight.
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
    let (mut batch, mut left_out): (Vec<Link>, u64) = (Vec::new(), 0);
    loop {
        batch.clear();
        next(rows, &mut links, room, &mut batch)?;
        if batch.is_empty() {
            return Ok(left_out);
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
    }
}

/// The next links, all of each earlier document: as many as there is room for,
/// with documents for half the tokens that there is room for.
fn next(
    rows: &Stored,
    links: &mut Sorted,
    room: usize,
    batch: &mut Vec<Link>,
) -> Result<(), RunError> {
    let (mut last, mut tokens) = (u32::MAX, 0);
    while let Some(link) = links.next_word()? {
        let (a, b) = ((link >> 32) as u32, link as u32);
        let document = rows.document(a);
        if document != last {
            last = document;
            tokens += rows.span(document).len() as usize;
        }
        batch.push(((rows.document(b), document), seed::pack(b - a, a)));
        let next = links.head().and_then(|word| Some(u32::from_be_bytes(*word.first_chunk()?)));
        let ends = next.is_none_or(|next| rows.document(next) != document);
        if ends && (batch.len() >= (room / LINK).max(FEW) || tokens >= room / TOKEN / 2) {
            break;
        }
    }
    Ok(())
}

/// How many of the links, whole pairs of documents and one at least, have
/// documents of up to `tokens` tokens together, and these, ascending.
fn fitting(rows: &Stored, links: &[Link], tokens: usize) -> (usize, Vec<u32>) {
    let (mut many, mut taken, mut documents) = (0, 0, Vec::new());
    // The earlier ones are at most half of all.
    let mut seen = AHashSet::new();
    for own in links.chunk_by(|x, y| x.0 == y.0) {
        let (b, a) = own[0].0;
        for document in [a, b] {
            if seen.insert(document) {
                taken += rows.span(document).len() as usize;
                documents.push(document);
            }
        }
        if many > 0 && taken > tokens {
            break;
        }
        many += own.len();
    }
    documents.sort_unstable();
    (many, documents)
}

/// Alignments of whole pairs of `documents`, whose tokens are `loaded`.
fn pairs(
    rows: &Stored,
    loaded: &Rows,
    documents: &[u32],
    links: &[Link],
    plan: &FindPlan,
) -> (Vec<Match>, u64) {
    let number = |document: u32| documents.partition_point(|&d| d < document) as u32;
    let of_pair = |worker: &mut Worker, own: &[Link]| {
        let (b, a) = own[0].0;
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
