//! The tokens of all documents on the disk.
//!
//! * time: one read of the system a stretch
//! * space: 5 bytes a document and a 40th of a byte a token; on the disk 4
//!   bytes a token, 8 from the first text on that has other tokens than words
//!
//! A stretch that cannot be read is taken as zeros, and the first such error is
//! kept: who looked at stretches asks for it at the end ([`Stored::check`])
//! and throws away what came of them. So the stages, which look at stretches
//! from many threads, need not know that there is a disk.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::options::WORD_WEIGHT;
use crate::passage::rows::Layout;
use crate::passage::rows::Rows;
use crate::passage::rows::Tokens;
use crate::passage::rows::TooManyTokens;
use crate::run::RunError;
use crate::run::passages::FindError;
use crate::span::TokenSpan;
use crate::spill::Scratch;
use crate::spill::ScratchFile;
use crate::spill::SpillError;

/// Bytes of a number.
const WIDTH: u64 = size_of::<u32>() as u64;

/// Tokens of which it is known whether all are words.
const STRETCH: u32 = 1 << 7;

/// Bytes written at a time.
const WRITE: usize = 1 << 20;

/// Most tokens between two stretches for one read to serve both: to copy as
/// many takes about as long as to ask the system once more.
pub(super) const GAP: u32 = 1 << 9;

/// Most tokens of a read that serves several.
pub(super) const READ: u32 = 1 << 15;

/// Numbers in a file, put in at the end.
#[derive(Debug)]
struct Numbers {
    file: ScratchFile,
    pending: Vec<u8>,
}

impl Numbers {
    fn new(scratch: &Scratch) -> Result<Numbers, SpillError> {
        Ok(Numbers { file: scratch.file()?, pending: Vec::new() })
    }

    fn push(&mut self, numbers: impl Iterator<Item = u32>) -> Result<(), SpillError> {
        numbers.for_each(|n| self.pending.extend_from_slice(&n.to_le_bytes()));
        if self.pending.len() >= WRITE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SpillError> {
        self.file.append(&self.pending)?;
        self.pending.clear();
        if self.pending.capacity() > 2 * WRITE {
            self.pending = Vec::new();
        }
        Ok(())
    }

    /// Replaces `room` by the numbers from `at` on.
    fn read(&self, at: u64, count: usize, room: &mut Vec<u32>) -> Result<(), SpillError> {
        /// Bytes on the stack, for the short stretches that most are.
        const SHORT: usize = 4096;
        let (mut short, mut long) = ([0; SHORT], Vec::new());
        let bytes = count * WIDTH as usize;
        let buffer = if bytes <= SHORT {
            &mut short[..bytes]
        } else {
            long.resize(bytes, 0);
            &mut long[..]
        };
        room.clear();
        self.file.read(at * WIDTH, buffer)?;
        room.extend(buffer.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)));
        Ok(())
    }
}

/// Tokens on the disk.
#[derive(Debug)]
pub(super) struct Stored {
    scratch: Scratch,
    layout: Layout,
    tokens: Numbers,
    /// Number of the first tokens, which are all words, and for those that
    /// follow the sum of weights up to their end, modulo 2^32.
    sums: Option<(u32, Numbers)>,
    /// Weight of all tokens, modulo 2^32.
    sum: u32,
    /// For each stretch of [`STRETCH`] tokens, whether one of them is no word,
    /// so that most weights are known without the disk.
    mixed: Vec<bool>,
    failed: Mutex<Option<SpillError>>,
}

impl Stored {
    /// Without tokens.
    pub(super) fn new(scratch: &Scratch) -> Result<Stored, SpillError> {
        Ok(Stored {
            scratch: scratch.clone(),
            layout: Layout::default(),
            tokens: Numbers::new(scratch)?,
            sums: None,
            sum: 0,
            mixed: Vec::new(),
            failed: Mutex::default(),
        })
    }

    /// Those that were in memory.
    pub(super) fn of(rows: &Rows, scratch: &Scratch) -> Result<Stored, RunError> {
        let mut stored = Stored::new(scratch)?;
        for document in 0..rows.documents() as u32 {
            let span = rows.span(document);
            let weights: Vec<u8> = match rows.sums() {
                [] => Vec::new(),
                sums => {
                    let sums = &sums[span.start as usize..=span.end as usize];
                    sums.windows(2).map(|w| w[1].wrapping_sub(w[0]) as u8).collect()
                }
            };
            stored.push(rows.slice(span), &weights)?;
        }
        Ok(stored)
    }

    /// Appends a document: its tokens, and their weights or nothing when all
    /// are words.
    pub(super) fn push(&mut self, tokens: &[u32], weights: &[u8]) -> Result<(), RunError> {
        let before = self.layout.tokens();
        let pushed = self.layout.push(tokens.len());
        pushed.map_err(|TooManyTokens| FindError::TooManyTokens)?;
        self.tokens.push(tokens.iter().copied())?;
        if weights.iter().any(|&w| u32::from(w) != WORD_WEIGHT) && self.sums.is_none() {
            self.sums = Some((before, Numbers::new(&self.scratch)?));
        }
        self.mixed.resize(self.layout.tokens().div_ceil(STRETCH) as usize, false);
        for (at, _) in (before..).zip(weights).filter(|(_, w)| u32::from(**w) != WORD_WEIGHT) {
            self.mixed[(at / STRETCH) as usize] = true;
        }
        let mut sum = self.sum;
        let sums = (0..tokens.len()).map(|i| {
            let weight = weights.get(i).map_or(WORD_WEIGHT, |&w| u32::from(w));
            sum = sum.wrapping_add(weight);
            sum
        });
        match &mut self.sums {
            Some((_, numbers)) => numbers.push(sums)?,
            None => sum = (self.layout.tokens()).wrapping_mul(WORD_WEIGHT),
        }
        self.sum = sum;
        Ok(())
    }

    /// Writes what is still to be written: no document comes any more.
    pub(super) fn close(&mut self) -> Result<(), SpillError> {
        self.tokens.flush()?;
        self.sums.as_mut().map_or(Ok(()), |(_, sums)| sums.flush())
    }

    /// The tokens of some documents, which ascend, in their order.
    pub(super) fn load(&self, documents: &[u32]) -> Result<Rows, SpillError> {
        let all = documents.iter().map(|&d| self.layout.span(d).len() as usize).sum();
        let (mut rows, mut tokens, mut weights) = (Rows::with_room(all), Vec::new(), Vec::new());
        let mut rest = documents;
        while let Some(&first) = rest.first() {
            let start = self.layout.span(first).start;
            let end = |n: usize| self.layout.span(rest[n]).end;
            let apart = |&n: &usize| {
                let gap = self.layout.span(rest[n]).start - end(n - 1);
                gap > GAP || end(n) - start > READ
            };
            let (own, others) = rest.split_at((1..rest.len()).find(apart).unwrap_or(rest.len()));
            let span = TokenSpan { start, end: end(own.len() - 1) };
            self.fill(span, &mut tokens)?;
            self.weights(span, &mut weights)?;
            for &document in own {
                let span = self.layout.span(document);
                let range = (span.start - start) as usize..(span.end - start) as usize;
                let weights = weights.get(range.clone()).unwrap_or_default();
                rows.push(&tokens[range], weights).expect("some of the tokens are not too many");
            }
            rest = others;
        }
        Ok(rows)
    }

    /// All tokens, for who looks at their weights here.
    pub(super) fn all(&self) -> Result<Vec<u32>, SpillError> {
        let tokens = self.layout.tokens();
        let (mut all, mut room) = (Vec::with_capacity(tokens as usize), Vec::new());
        for start in (0..tokens).step_by(READ as usize) {
            let end = tokens.min(start.saturating_add(READ));
            self.fill(TokenSpan { start, end }, &mut room)?;
            all.extend_from_slice(&room);
        }
        Ok(all)
    }

    /// Bytes that all tokens take in memory.
    pub(super) fn bytes(&self) -> u64 {
        WIDTH * u64::from(self.layout.tokens())
    }

    /// Replaces `room` by the tokens of a stretch.
    pub(super) fn fill(&self, span: TokenSpan, room: &mut Vec<u32>) -> Result<(), SpillError> {
        self.tokens.read(span.start.into(), span.len() as usize, room)
    }

    /// Whether all tokens of a stretch are known to be words.
    fn is_plain(&self, span: TokenSpan) -> bool {
        let stretches = (span.start / STRETCH) as usize..span.end.div_ceil(STRETCH) as usize;
        span.is_empty() || !self.mixed[stretches].contains(&true)
    }

    /// Replaces `weights` by those of a stretch, by nothing if all its tokens
    /// are known to be words.
    fn weights(&self, span: TokenSpan, weights: &mut Vec<u8>) -> Result<(), SpillError> {
        weights.clear();
        let Some((words, sums)) = self.sums.as_ref().filter(|_| !self.is_plain(span)) else {
            return Ok(());
        };
        let plain = words.saturating_sub(span.start).min(span.len());
        weights.resize(plain as usize, WORD_WEIGHT as u8);
        let from = span.start + plain;
        let mut before = self.sum_to(from)?;
        let mut room = Vec::new();
        sums.read((from - words).into(), (span.end - from) as usize, &mut room)?;
        for sum in room {
            weights.push(sum.wrapping_sub(before) as u8);
            before = sum;
        }
        Ok(())
    }

    /// Weight of all tokens before one, modulo 2^32.
    fn sum_to(&self, token: u32) -> Result<u32, SpillError> {
        match &self.sums {
            Some((words, sums)) if *words < token => {
                let mut room = Vec::with_capacity(1);
                sums.read((token - words - 1).into(), 1, &mut room)?;
                Ok(room[0])
            }
            _ => Ok(token.wrapping_mul(WORD_WEIGHT)),
        }
    }

    /// The first error of a stretch that was looked at.
    ///
    /// # Errors
    ///
    /// That one; what came of the stretches is of no use then.
    pub(super) fn check(&self) -> Result<(), SpillError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.take().map_or(Ok(()), Err)
    }

    fn fail(&self, error: SpillError) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

impl Tokens for Stored {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn weight(&self, span: TokenSpan) -> u32 {
        if self.is_plain(span) {
            return span.len() * WORD_WEIGHT;
        }
        let sums = self.sum_to(span.start).and_then(|s| Ok((s, self.sum_to(span.end)?)));
        match sums {
            Ok((start, end)) => end.wrapping_sub(start),
            Err(e) => {
                self.fail(e);
                0
            }
        }
    }

    fn read<'a>(&'a self, span: TokenSpan, room: &'a mut Vec<u32>) -> &'a [u32] {
        if let Err(e) = self.fill(span, room) {
            self.fail(e);
            room.clear();
            room.resize(span.len() as usize, 0);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::storage::failing::Failing;
    use crate::storage::failing::Fault;
    use crate::storage::failing::Op;
    use std::io::ErrorKind;
    use std::sync::Arc;

    #[test]
    fn tokens_on_the_disk_are_those_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(folder.path());
        for seed in 0..80u64 {
            let mut state = seed;
            let mut draw = |n: u64| splitmix64(&mut state) % n;
            let (mut rows, mut stored) = (Rows::default(), Stored::new(&scratch).unwrap());
            let documents = 1 + draw(12) as u32;
            let moved = draw(u64::from(documents)) as u32;
            let plain = draw(3) == 0;
            for document in 0..documents {
                if document == moved {
                    stored = Stored::of(&rows, &scratch).unwrap();
                }
                let tokens: Vec<u32> = (0..draw(9)).map(|_| draw(1 << 32) as u32).collect();
                let weights: Vec<u8> = match draw(3) {
                    0 if !plain => tokens.iter().map(|_| [2, 5][draw(2) as usize]).collect(),
                    _ => Vec::new(),
                };
                rows.push(&tokens, &weights).unwrap();
                stored.push(&tokens, &weights).unwrap();
            }
            stored.close().unwrap();
            let all = rows.tokens().len() as u64;
            for _ in 0..50 {
                let start = draw(all + 1);
                let end = start + draw(all - start + 1);
                let span = TokenSpan { start: start as u32, end: end as u32 };
                assert_eq!(stored.read(span, &mut Vec::new()), rows.slice(span));
                assert_eq!(
                    Tokens::weight(&stored, span),
                    rows.weight(span),
                    "seed {seed} {span:?}"
                );
            }
            assert_eq!(stored.all().unwrap(), rows.tokens());
            let some: Vec<u32> = (0..documents).filter(|_| draw(2) == 0).collect();
            let loaded = stored.load(&some).unwrap();
            for (n, &document) in some.iter().enumerate() {
                let (x, y) = (loaded.span(n as u32), rows.span(document));
                assert_eq!(loaded.slice(x), rows.slice(y));
                assert_eq!(loaded.weight(x), rows.weight(y), "seed {seed}");
                assert_eq!(stored.span(document), y);
            }
            stored.check().unwrap();
        }
    }

    #[test]
    fn a_stretch_that_cannot_be_read_is_told_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let failing = Failing::nth(Op::Read, 1, Fault::Once(ErrorKind::Other));
        let scratch = Scratch::of(Arc::new(failing), folder.path());
        let mut stored = Stored::new(&scratch).unwrap();
        stored.push(&[1, 2, 3], &[]).unwrap();
        stored.close().unwrap();
        let span = TokenSpan { start: 0, end: 3 };
        assert_eq!(stored.read(span, &mut Vec::new()), [0, 0, 0]);
        stored.check().unwrap_err();
        assert_eq!(stored.read(span, &mut Vec::new()), [1, 2, 3]);
        stored.check().unwrap();
    }
}
