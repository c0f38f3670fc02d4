//! Fingerprints on the disk -> links on the disk.
//!
//! Sorted fingerprints come as a stream of groups. As many groups as fit the
//! memory are linked at a time, in parallel; the tokens around the places of
//! the large ones are read beforehand, in the order of the row. A group that
//! does not fit by itself is sorted by its context on the disk. Where all
//! tokens fit the memory they are looked at there.
//!
//! * time: that of [`seed::links`], one read of the tokens around each place of
//!   a large group, and the sorting of fingerprints and links
//! * space: the room that is given; on the disk 8 bytes a link, and
//!   [`RECORD`] twice for each place of a group that does not fit
//!
//! The links are those of [`seed::links`] over all fingerprints in memory.

use rayon::prelude::*;

use crate::external::Sorted;
use crate::external::Sorting;
use crate::options::find::Scope;
use crate::passage::rows::Tokens;
use crate::passage::seed;
use crate::passage::seed::ALL_PAIRS;
use crate::passage::seed::CONTEXT;
use crate::passage::seed::Linking;
use crate::passage::seed::Places;
use crate::run::passages::stored::GAP;
use crate::run::passages::stored::READ;
use crate::run::passages::stored::Stored;
use crate::span::TokenSpan;
use crate::spill::Scratch;
use crate::spill::SpillError;

/// Numbers read around a place: tokens before and after it.
const AROUND: usize = 2 * CONTEXT;

/// Bytes that a place of a large group takes while it is linked: its
/// fingerprint twice, its token, its context, its place in two orders, its
/// links.
const LARGE: usize = 4 * AROUND + 80;

/// The same of a small group, which needs no context but has more links.
const SMALL: usize = 24 + 8 * (ALL_PAIRS - 1) / 2 + 8;

/// Places whose contexts are read by one thread at a time.
const SHARE: usize = 1 << 12;

/// Links the groups of `prints`, which are packed by [`seed::pack`] and sorted,
/// with `room` bytes of memory; sorts the links with `sorting` bytes. `whole`
/// are all tokens, where they are in memory.
pub(super) fn links(
    (rows, whole): (&Stored, Option<&[u32]>),
    prints: Sorted,
    how: Linking,
    scratch: &Scratch,
    (room, sorting): (usize, usize),
) -> Result<Sorted, SpillError> {
    let mut linker = Linker {
        rows,
        whole,
        large: if whole.is_some() { SMALL } else { LARGE },
        how,
        scratch,
        room,
        groups: Vec::new(),
        taken: 0,
        out: Sorting::new(scratch, size_of::<u64>(), sorting).distinct(),
    };
    linker.all(prints)?;
    rows.check()?;
    linker.out.finish()
}

struct Linker<'a> {
    rows: &'a Stored,
    whole: Option<&'a [u32]>,
    /// Bytes that a place of a large group takes.
    large: usize,
    how: Linking,
    scratch: &'a Scratch,
    room: usize,
    /// Whole groups to be linked together.
    groups: Vec<u64>,
    /// Bytes that they will take.
    taken: usize,
    out: Sorting,
}

impl Linker<'_> {
    fn all(&mut self, mut prints: Sorted) -> Result<(), SpillError> {
        let most = self.room / self.large;
        let mut group: Vec<u64> = Vec::new();
        let mut giant: Option<Giant> = None;
        loop {
            let next = prints.next_word()?;
            let goes_on = matches!((next, group.last()), (Some(x), Some(&y)) if self.same(x, y));
            if !goes_on && !group.is_empty() {
                match giant.take() {
                    None => self.add(&group)?,
                    Some(mut giant) => {
                        giant.push(self.rows, &group)?;
                        self.link_giant(giant)?;
                    }
                }
                group.clear();
            }
            let Some(next) = next else { break };
            group.push(next);
            if group.len() > most.max(SHARE) {
                let giant = match &mut giant {
                    Some(giant) => giant,
                    none => {
                        self.link()?;
                        none.insert(Giant::new(self.scratch, self.room)?)
                    }
                };
                // The last one tells where the group ends.
                let last = group.pop();
                giant.push(self.rows, &group)?;
                group.clear();
                group.extend(last);
            }
        }
        self.link()
    }

    /// Whether two fingerprints are of one group.
    fn same(&self, x: u64, y: u64) -> bool {
        let document = |x: u64| self.rows.document(seed::token(x));
        x >> 32 == y >> 32 && (self.how.scope != Scope::Within || document(x) == document(y))
    }

    /// Keeps a group for [`link`](Linker::link).
    fn add(&mut self, group: &[u64]) -> Result<(), SpillError> {
        if group.len() < 2 {
            return Ok(());
        }
        let bytes = group.len() * if group.len() > ALL_PAIRS { self.large } else { SMALL };
        if self.taken + bytes > self.room {
            self.link()?;
        }
        self.groups.extend_from_slice(group);
        self.taken += bytes;
        Ok(())
    }

    /// Links the groups kept.
    fn link(&mut self) -> Result<(), SpillError> {
        let mut groups = std::mem::take(&mut self.groups);
        match self.whole {
            Some(tokens) => {
                let all = Whole { rows: self.rows, tokens };
                self.link_all(&all, &groups, |link| link)?;
            }
            None => {
                let around = Around::new(self.rows, &mut groups)?;
                self.link_all(&around, &groups, |link| around.global(link))?;
            }
        }
        groups.clear();
        (self.groups, self.taken) = (groups, 0);
        Ok(())
    }

    /// Links whole groups of places; `global` turns a link of places into one
    /// of tokens.
    fn link_all<P: Places + Sync>(
        &mut self,
        places: &P,
        groups: &[u64],
        global: impl Fn(u64) -> u64,
    ) -> Result<(), SpillError> {
        let how = self.how;
        let hash = |x: &u64| x >> 32;
        // Pieces of whole groups.
        let mut pieces: Vec<&[u64]> = Vec::new();
        let mut rest = groups;
        while !rest.is_empty() {
            let mut end = rest.len().min(SHARE);
            while end < rest.len() && hash(&rest[end]) == hash(&rest[end - 1]) {
                end += 1;
            }
            let (piece, others) = rest.split_at(end);
            pieces.push(piece);
            rest = others;
        }
        let of_piece = |piece: &&[u64]| {
            let mut links = Vec::new();
            seed::links(places, piece, how, &mut links);
            links
        };
        // So many at a time that their links are few beside the groups.
        for pieces in pieces.chunks(4 * rayon::current_num_threads()) {
            let made: Vec<Vec<u64>> = pieces.par_iter().map(of_piece).collect();
            for link in made.into_iter().flatten() {
                self.out.push_word(global(link))?;
            }
        }
        Ok(())
    }

    /// Links a group that does not fit the memory: twice a stream of places in
    /// the order of their contexts.
    fn link_giant(&mut self, giant: Giant) -> Result<(), SpillError> {
        if self.how.scope == Scope::Across && giant.of_one_document {
            return Ok(());
        }
        for mut sorted in [giant.after.finish()?, giant.before.finish()?] {
            // Places of one document, since the last of another.
            let mut open: Vec<u32> = Vec::new();
            let mut document = u32::MAX;
            while let Some(record) = sorted.head() {
                let token = place(record);
                sorted.step()?;
                let own = self.rows.document(token);
                if self.how.scope != Scope::Across || own != document {
                    for &other in &open {
                        self.join(other, token)?;
                    }
                    open.clear();
                }
                open.push(token);
                document = own;
            }
        }
        Ok(())
    }

    /// Links two neighbours, if they agree as far as is asked for.
    fn join(&mut self, x: u32, y: u32) -> Result<(), SpillError> {
        let (a, b) = (x.min(y), x.max(y));
        let two = &mut [seed::pack(0, a), seed::pack(0, b)];
        if self.how.least == 0 || seed::agree(&Around::of(self.rows, two)?, 0, 1, self.how.least) {
            self.out.push_word(seed::pack(a, b))?;
        }
        Ok(())
    }
}

/// Places with the tokens around them.
struct Around<'a> {
    rows: &'a Stored,
    /// The tokens of all places, ascending.
    tokens: Vec<u32>,
    /// Which context each has; those of small groups have none.
    slots: Vec<u32>,
    /// Tokens before and after a place, [`CONTEXT`] each; what lies beyond the
    /// ends of the row is not looked at.
    contexts: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl<'a> Around<'a> {
    /// The places of whole groups; in these, tokens become numbers of places.
    fn new(rows: &'a Stored, groups: &mut [u64]) -> Result<Around<'a>, SpillError> {
        let mut order: Vec<(u32, u32)> = Vec::with_capacity(groups.len());
        let mut at = 0;
        for group in groups.chunk_by(|x, y| x >> 32 == y >> 32) {
            let large = u32::from(group.len() > ALL_PAIRS);
            order.extend(group.iter().zip(at..).map(|(&x, n)| (seed::token(x), n << 1 | large)));
            at += group.len() as u32;
        }
        order.par_sort_unstable();
        let mut around = Around {
            rows,
            tokens: Vec::with_capacity(order.len()),
            slots: Vec::with_capacity(order.len()),
            contexts: Vec::new(),
        };
        let mut large = Vec::new();
        for (place, &(token, n)) in (0u32..).zip(&order) {
            let group = &mut groups[(n >> 1) as usize];
            *group = *group >> 32 << 32 | u64::from(place);
            around.tokens.push(token);
            around.slots.push(if n & 1 == 1 { large.len() as u32 } else { NONE });
            if n & 1 == 1 {
                large.push(token);
            }
        }
        drop(order);
        around.read(&large)?;
        Ok(around)
    }

    /// Places of one large group.
    fn of(rows: &'a Stored, group: &mut [u64]) -> Result<Around<'a>, SpillError> {
        let tokens: Vec<u32> = group.iter().map(|&x| seed::token(x)).collect();
        let slots = (0..tokens.len() as u32).collect();
        let mut around = Around { rows, tokens: tokens.clone(), slots, contexts: Vec::new() };
        around.read(&tokens)?;
        Ok(around)
    }

    /// Reads the contexts of tokens, which ascend.
    fn read(&mut self, tokens: &[u32]) -> Result<(), SpillError> {
        let rows = self.rows;
        let all = rows.layout().tokens();
        self.contexts.resize(tokens.len() * AROUND, 0);
        let pieces = tokens.par_chunks(SHARE).zip(self.contexts.par_chunks_mut(SHARE * AROUND));
        let context = CONTEXT as u32;
        pieces.try_for_each_init(Vec::new, |room, (mut tokens, mut contexts)| {
            while let Some(&first) = tokens.first() {
                let near =
                    |(n, &t): (usize, &u32)| n > 0 && (t - tokens[n - 1] > GAP || t - first > READ);
                let many = tokens.iter().enumerate().position(|(n, t)| near((n, t)));
                let (own, others) = tokens.split_at(many.unwrap_or(tokens.len()));
                let last = own[own.len() - 1];
                let start = first.saturating_sub(context);
                rows.fill(TokenSpan { start, end: all.min(last + context) }, room)?;
                let (filled, empty) = contexts.split_at_mut(own.len() * AROUND);
                for (&token, context) in own.iter().zip(filled.as_chunks_mut::<AROUND>().0) {
                    let at = (token - start) as usize;
                    let (before, after) = (at.min(CONTEXT), (room.len() - at).min(CONTEXT));
                    context[CONTEXT - before..CONTEXT].copy_from_slice(&room[at - before..at]);
                    context[CONTEXT..CONTEXT + after].copy_from_slice(&room[at..at + after]);
                }
                (tokens, contexts) = (others, empty);
            }
            Ok(())
        })
    }

    /// A link of tokens for one of places.
    fn global(&self, link: u64) -> u64 {
        let token = |place: u32| self.tokens[place as usize];
        seed::pack(token((link >> 32) as u32), token(link as u32))
    }

    fn context(&self, place: u32) -> &[u32] {
        &self.contexts[self.slots[place as usize] as usize * AROUND..][..AROUND]
    }
}

impl Places for Around<'_> {
    fn token(&self, place: u32) -> u32 {
        self.tokens[place as usize]
    }

    fn document(&self, place: u32) -> u32 {
        self.rows.document(self.token(place))
    }

    fn after(&self, place: u32) -> &[u32] {
        let left = (self.rows.layout().tokens() - self.token(place)) as usize;
        &self.context(place)[CONTEXT..][..left.min(CONTEXT)]
    }

    fn before(&self, place: u32) -> &[u32] {
        let there = self.token(place) as usize;
        &self.context(place)[CONTEXT - there.min(CONTEXT)..CONTEXT]
    }

    fn weight(&self, span: TokenSpan) -> u32 {
        self.rows.weight(span)
    }
}

/// All tokens in memory, their weights on the disk.
struct Whole<'a> {
    rows: &'a Stored,
    tokens: &'a [u32],
}

/// Each token is its own place.
impl Places for Whole<'_> {
    fn token(&self, place: u32) -> u32 {
        place
    }

    fn document(&self, place: u32) -> u32 {
        self.rows.document(place)
    }

    fn after(&self, place: u32) -> &[u32] {
        seed::after(self.tokens, place)
    }

    fn before(&self, place: u32) -> &[u32] {
        seed::before(self.tokens, place)
    }

    fn weight(&self, span: TokenSpan) -> u32 {
        self.rows.weight(span)
    }
}

/// Bytes of a context as a key: the tokens in the order in which they are
/// compared, how many there are, and the token of the place.
pub(super) const RECORD: usize = 4 * CONTEXT + 1 + 4;

/// A group that is put in order on the disk.
struct Giant {
    after: Sorting,
    before: Sorting,
    /// Places put in at a time.
    share: usize,
    of_one_document: bool,
    /// The document of the first place.
    document: Option<u32>,
}

impl Giant {
    fn new(scratch: &Scratch, room: usize) -> Result<Giant, SpillError> {
        let sorting = || Sorting::new(scratch, RECORD, room / 4);
        Ok(Giant {
            after: sorting(),
            before: sorting(),
            share: (room / 4 / LARGE).max(1),
            of_one_document: true,
            document: None,
        })
    }

    /// Puts more places in.
    fn push(&mut self, rows: &Stored, group: &[u64]) -> Result<(), SpillError> {
        let mut record = Vec::with_capacity(RECORD);
        for some in group.chunks(self.share) {
            let mut some = some.to_vec();
            let around = Around::of(rows, &mut some)?;
            for place in 0..some.len() as u32 {
                let first = *self.document.get_or_insert(around.document(place));
                self.of_one_document &= first == around.document(place);
                key(around.after(place).iter(), around.token(place), &mut record);
                self.after.push(&record)?;
                key(around.before(place).iter().rev(), around.token(place), &mut record);
                self.before.push(&record)?;
            }
        }
        Ok(())
    }
}

/// A record that stands in the order of its tokens, a shorter row of them
/// before those that begin with it, and of equal ones by its place.
fn key<'a>(tokens: impl ExactSizeIterator<Item = &'a u32>, place: u32, record: &mut Vec<u8>) {
    record.clear();
    let many = tokens.len();
    tokens.for_each(|token| record.extend_from_slice(&token.to_be_bytes()));
    record.resize(4 * CONTEXT, 0);
    record.push(many as u8);
    record.extend_from_slice(&place.to_be_bytes());
}

/// The place of a record.
fn place(record: &[u8]) -> u32 {
    record.last_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::passage::rows::Rows;

    #[test]
    fn links_on_the_disk_are_those_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(folder.path());
        let (mut giants, mut many) = (0, 0);
        for seed in 0..150u64 {
            let mut state = seed;
            let mut draw = |n: u64| splitmix64(&mut state) % n;
            let (mut rows, letters) = (Rows::default(), 1 + draw(3));
            let documents = 1 + draw(6);
            // Now and then so few letters that groups are large.
            let length = [40, 400, 9000][draw(3) as usize];
            for _ in 0..documents {
                let tokens: Vec<u32> = (0..draw(length)).map(|_| draw(letters) as u32).collect();
                let weights: Vec<u8> = match draw(3) {
                    0 => tokens.iter().map(|&t| if t == 0 { 2 } else { 5 }).collect(),
                    _ => Vec::new(),
                };
                rows.push(&tokens, &weights).unwrap();
            }
            let stored = {
                let mut stored = Stored::of(&rows, &scratch).unwrap();
                stored.close().unwrap();
                stored
            };
            let every = 1 + draw(3) as usize;
            let mut prints: Vec<u64> = (0..rows.tokens().len())
                .step_by(every)
                .map(|at| seed::pack(rows.tokens()[at], at as u32))
                .collect();
            prints.sort_unstable();
            let scope = [Scope::Within, Scope::Across, Scope::All][draw(3) as usize];
            let how = Linking { scope, least: [0, 20, 30][draw(3) as usize] };
            let mut expected = Vec::new();
            seed::links(&rows, &prints, how, &mut expected);
            expected.sort_unstable();
            expected.dedup();
            let mut sorting = Sorting::new(&scratch, 8, 1 << 12);
            prints.iter().for_each(|&print| sorting.push_word(print).unwrap());
            let room = [1 << 12, 1 << 16, 1 << 30][draw(3) as usize];
            giants += u64::from(prints.len() > letters as usize * SHARE && room < 1 << 30);
            let whole = (draw(3) == 0).then_some(rows.tokens());
            let mut found =
                links((&stored, whole), sorting.finish().unwrap(), how, &scratch, (room, 1 << 12))
                    .unwrap();
            let mut got = Vec::new();
            while let Some(link) = found.next_word().unwrap() {
                got.push(link);
            }
            assert_eq!(got, expected, "seed {seed}");
            many += expected.len();
        }
        assert!(giants > 5 && many > 10_000, "{giants} {many}");
    }
}
