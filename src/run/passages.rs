//! MAIN PATH for passages: texts -> clusters of repeated passages.
//!
//! 1. [`Search::add`]: each text -> tokens, fingerprints, runs, in parallel;
//!    texts with the same tokens are collapsed to the first;
//! 2. [`Search::finish`]: fingerprints of all -> links -> alignments of each
//!    pair of documents -> occurrences -> clusters -> places in the texts.
//!
//! * time: near-linear in the tokens, plus the columns aligned
//! * space: 4 bytes a token and 8 a fingerprint, then 8 a link; the texts
//!   are the caller's. Within a budget tokens, fingerprints and links go to
//!   the disk (`stored`, `linking`, `aligning`), and what is held is some 110
//!   bytes a document, and the alignments and what is made of them, some
//!   [`TAIL`] bytes each
//!
//! The result is a function of texts and options alone: every stage sorts
//! its input by a total order, whatever thread made it.

mod aligning;
mod kept;
mod linking;
mod memory;
mod stored;

use std::fmt;

use ahash::AHashMap;
use rayon::prelude::*;

use crate::budget;
use crate::budget::OverBudget;
use crate::checkpoint::Checkpoint;
use crate::external::Sorting;
use crate::hash;
use crate::options::OptionsError;
use crate::options::WORD_WEIGHT;
use crate::options::find::FindOptions;
use crate::options::find::FindPlan;
use crate::options::find::Level;
use crate::passage::Match;
use crate::passage::Run;
use crate::passage::chain::Aligner;
use crate::passage::fingerprint;
use crate::passage::fingerprint::Fingerprint;
use crate::passage::periodic;
use crate::passage::rows::Rows;
use crate::passage::rows::Tokens;
use crate::passage::seed;
use crate::passage::seed::Linking;
use crate::report::Found;
use crate::report::Kind;
use crate::report::Summary;
use crate::run::RunError;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::assemble;
use crate::run::assemble::Parts;
use crate::run::copies::Copies;
use crate::run::grouping;
use crate::run::passages::stored::Stored;
use crate::run::places::Texts;
use crate::run::retellings;
use crate::run::retellings::Classes;
use crate::run::room::Room;
use crate::run::units;
use crate::span::TokenSpan;
use crate::text::Hashes;
use crate::text::tokenize;

/// Why a search cannot be made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FindError {
    /// An option that cannot be used.
    Options(OptionsError),
    /// The texts together hold more than 2^32 - 2 tokens.
    TooManyTokens,
    /// More shingles in the units than the complete join can number.
    TooManyShingles,
    /// What has to be held does not fit the memory.
    Memory(OverBudget),
    /// A text of 4 GiB or more.
    TextTooLong {
        /// Its number, from 0.
        document: usize,
    },
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FindError::Options(e) => e.fmt(f),
            FindError::TooManyTokens => f.write_str(
                "the texts hold more than 4294967294 words together; search them in parts",
            ),
            FindError::TooManyShingles => f.write_str(
                "the texts hold too many shingles to find every pair of units: raise the \
                 threshold, leave out --exact, or search them in parts",
            ),
            FindError::Memory(e) => e.fmt(f),
            FindError::TextTooLong { document } => {
                write!(f, "text {document} is 4 GiB or longer; cut it into parts")
            }
        }
    }
}

impl std::error::Error for FindError {}

impl From<OptionsError> for FindError {
    fn from(e: OptionsError) -> FindError {
        FindError::Options(e)
    }
}

/// Finds the passages that texts repeat, or with another
/// [`Level`] the paragraphs, sentences or lines.
///
/// `texts` are labels and texts; a document is named by its number in them.
/// Labels play no part in the search and need not be distinct. No text, or
/// texts without a repeat, give a result without clusters. Work runs in the
/// current rayon pool; the result does not depend on its size.
///
/// # Errors
///
/// The first option out of its range, or texts beyond the limits of
/// [`FindError`].
///
/// ```
/// use twicetold::FindOptions;
///
/// let quote = "we should afford our children the same protection online that \
///              we would give them in the park or playground";
/// let text = format!("{quote}. More than 330 people have been arrested. He said: {quote}!");
/// let found = twicetold::find(&[("article", &text)], &FindOptions::default())?;
/// assert_eq!(found.clusters.len(), 1);
/// let places = &found.clusters[0].occurrences;
/// assert_eq!(places.len(), 2);
/// assert_eq!(places[0].span.of(&text), quote);
/// assert_eq!(places[1].span.of(&text), quote);
/// # Ok::<(), twicetold::FindError>(())
/// ```
pub fn find(texts: &[(&str, &str)], options: &FindOptions) -> Result<Found, FindError> {
    let texts: Vec<&str> = texts.iter().map(|&(_, text)| text).collect();
    let plan = FindPlan::new(options)?;
    if options.level != Level::Passage {
        return units::find(&texts, plan);
    }
    let mut search = Search::new(plan);
    search.add(&texts)?;
    Ok(search.finish(&texts, &Unwatched))
}

impl From<OverBudget> for RunError {
    fn from(e: OverBudget) -> RunError {
        RunError::Find(FindError::Memory(e))
    }
}

/// A search for passages that takes its texts in blocks. It does not look at
/// the level.
#[derive(Debug)]
pub struct Search {
    plan: FindPlan,
    kept: Kept,
    /// Runs of all classes, in tokens of the whole row, by place.
    runs: Vec<Run>,
    /// The class of each document: documents with the same tokens are one.
    class_of: Vec<u32>,
    /// By the content in two halves, which need no room between entries.
    classes: AHashMap<(u64, u64), u32>,
    bytes: u64,
    tokens: u64,
    room: Room,
    counted: budget::Held,
}

/// Tokens of all classes, and their fingerprints.
#[derive(Debug)]
enum Kept {
    Memory(Rows, seed::Parts),
    Disk(Box<Stored>, Sorting),
}

/// Bytes that a document takes, wherever its text and tokens are: its class,
/// its content, its place in the row and on the disk, its place among copies;
/// with what vectors and maps have room for while they grow.
pub(crate) const DOCUMENT: u64 = 110;

/// Bytes that an alignment takes with the occurrences and clusters made of it.
pub const TAIL: u64 = 220;

/// Parts of what is free of a budget for sorts, and for what is worked on at a
/// time; and the least of each.
const SORTING: u64 = 6;
const WORK: u64 = 8;
const LEAST: usize = 1 << 16;

/// Parts of the budget, of which [`WHOLE`] may be all tokens while the rest is
/// on the disk.
const PARTS: u64 = 16;
const WHOLE: u64 = 10;

/// What one text gives.
#[derive(Debug)]
pub(crate) struct Prepared {
    content: u128,
    tokens: Vec<u32>,
    weights: Vec<u8>,
    prints: Vec<Fingerprint>,
    runs: Vec<Run>,
}

impl Search {
    /// A search without texts.
    #[must_use]
    pub fn new(plan: FindPlan) -> Search {
        Search {
            plan,
            kept: Kept::Memory(Rows::default(), seed::Parts::default()),
            runs: Vec::new(),
            class_of: Vec::new(),
            classes: AHashMap::new(),
            bytes: 0,
            tokens: 0,
            room: Room::unlimited(),
            counted: Room::unlimited().budget.reserve(),
        }
    }

    /// The same, with so much room.
    #[must_use]
    pub(crate) fn within(self, room: &Room) -> Search {
        Search { counted: room.budget.reserve(), room: room.clone(), ..self }
    }

    /// Bytes of tokens and fingerprints in memory.
    pub(crate) fn held(&self) -> u64 {
        match &self.kept {
            Kept::Memory(rows, prints) => {
                (size_of_val(rows.tokens()) + size_of_val(rows.sums()) + prints.bytes()) as u64
            }
            Kept::Disk(..) => 0,
        }
    }

    /// Whether [`spill`](Search::spill) is of use: what is reworded is searched
    /// in memory.
    pub(crate) fn can_spill(&self) -> bool {
        !self.plan.options().reworded
    }

    /// Moves tokens and fingerprints to the disk, and those that come to it
    /// too.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn spill(&mut self) -> Result<(), RunError> {
        if let Kept::Memory(rows, prints) = &mut self.kept {
            let (rows, prints) = (std::mem::take(rows), std::mem::take(prints));
            let scratch = &self.room.scratch;
            let share = self.room.budget.share_of_free(SORTING, LEAST);
            let mut sorting = Sorting::new(scratch, size_of::<u64>(), share);
            let stored = Stored::of(&rows, scratch)?;
            drop(rows);
            for part in prints.into_parts() {
                part.into_iter().try_for_each(|print| sorting.push_word(print))?;
            }
            self.kept = Kept::Disk(Box::new(stored), sorting);
        }
        Ok(())
    }

    /// Adds texts; documents are numbered in the order of all calls.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyTokens`] and [`FindError::TextTooLong`]; the
    /// search is of no use afterwards.
    pub fn add(&mut self, texts: &[&str]) -> Result<(), FindError> {
        if let Some(n) = texts.iter().position(|t| u32::try_from(t.len()).is_err()) {
            return Err(FindError::TextTooLong { document: self.class_of.len() + n });
        }
        let plan = &self.plan;
        let prepared: Vec<Prepared> = texts
            .par_iter()
            .map_init(Default::default, |scratch, text| prepare(text, plan, scratch))
            .collect();
        for (text, one) in texts.iter().zip(prepared) {
            match self.insert(text.len(), one) {
                Err(RunError::Find(e)) => return Err(e),
                other => other.expect("nothing is on the disk"),
            }
        }
        Ok(())
    }

    /// Adds a text of `bytes` bytes that was prepared with the plan of this
    /// search.
    pub(crate) fn insert(&mut self, bytes: usize, one: Prepared) -> Result<(), RunError> {
        self.counted.more(DOCUMENT + size_of_val(&*one.runs) as u64)?;
        self.bytes += bytes as u64;
        self.tokens += one.tokens.len() as u64;
        let next = self.rows().documents() as u32;
        let content = ((one.content >> 64) as u64, one.content as u64);
        let class = *self.classes.entry(content).or_insert(next);
        self.class_of.push(class);
        if class < next {
            return Ok(());
        }
        let first = self.rows().layout().tokens();
        match &mut self.kept {
            Kept::Memory(rows, prints) => {
                let pushed = rows.push(&one.tokens, &one.weights);
                pushed.map_err(|_| FindError::TooManyTokens)?;
                one.prints.iter().for_each(|f| prints.push(f.hash, first + f.position));
            }
            Kept::Disk(rows, prints) => {
                rows.push(&one.tokens, &one.weights)?;
                let mut all = one.prints.iter().map(|f| seed::pack(f.hash, first + f.position));
                all.try_for_each(|print| prints.push_word(print))?;
            }
        }
        self.runs.extend(one.runs.into_iter().map(|run| Run {
            span: TokenSpan { start: first + run.span.start, end: first + run.span.end },
            ..run
        }));
        Ok(())
    }

    fn rows(&self) -> &dyn Tokens {
        match &self.kept {
            Kept::Memory(rows, _) => rows,
            Kept::Disk(rows, _) => &**rows,
        }
    }

    /// The reworded passages of what was added, and nothing else.
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    #[must_use]
    pub fn finish_reworded(self, texts: &[&str], watch: &dyn Watch) -> Found {
        assert_eq!(texts.len(), self.class_of.len(), "the texts that were added");
        let copies = Copies::new(&self.class_of, self.rows().documents());
        let classes = Classes { plan: &self.plan, rows: self.rows(), copies: &copies };
        let found = retellings::report(&classes, texts, &[], watch);
        self.summed(found)
    }

    /// Searches what was added.
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    #[must_use]
    pub fn finish(self, texts: &[&str], watch: &dyn Watch) -> Found {
        let found = self.complete((&texts, Some(texts)), None, watch);
        found.expect("nothing is on the disk and no memory counted")
    }

    /// Searches what was added. `all` are the texts where they are in memory;
    /// reworded passages are searched in these. Alignments are kept in `state`,
    /// or taken from it when they are there.
    ///
    /// # Errors
    ///
    /// When what is on the disk cannot be read or written, or what was found
    /// does not fit the budget.
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    pub(crate) fn complete(
        mut self,
        (texts, all): (&dyn Texts, Option<&[&str]>),
        state: Option<&mut Checkpoint>,
        watch: &dyn Watch,
    ) -> Result<Found, RunError> {
        assert_eq!(texts.len(), self.class_of.len(), "the texts that were added");
        let (matches, left_out) = self.kept_matches(state, watch)?;
        watch.begin("grouping", 0);
        let (rows, plan) = (self.rows(), &self.plan);
        let copies = Copies::new(&self.class_of, rows.documents());
        let placed = grouping::place(rows, &self.runs, &matches, &copies, plan);
        let families = grouping::group(rows, &placed, plan);
        watch.begin("locating", 0);
        let (documents, kind) = (texts.len(), Kind::Passage);
        let parts = Parts { plan, rows, documents, copies: &copies, placed: &placed, kind };
        let unlocated = assemble::draw_up(&parts, families, &matches);
        if let Kept::Disk(rows, _) = &self.kept {
            rows.check()?;
        }
        drop(placed);
        let matches = if plan.options().reworded { matches } else { Vec::new() };
        let mut found = unlocated.locate(texts)?;
        found.summary.chains_left_out = left_out;
        if let Some(all) = all.filter(|_| plan.options().reworded) {
            let classes = Classes { plan, rows, copies: &copies };
            retellings::append(&mut found, retellings::report(&classes, all, &matches, watch));
        }
        Ok(self.summed(found))
    }

    /// Alignments that were kept, else those that are found.
    fn kept_matches(
        &mut self,
        state: Option<&mut Checkpoint>,
        watch: &dyn Watch,
    ) -> Result<(Vec<Match>, u64), RunError> {
        let Some(state) = state else { return self.matches(watch) };
        if let Some((matches, left_out)) = kept::read(state, self.rows().layout())? {
            if let Kept::Disk(rows, _) = &mut self.kept {
                rows.close()?;
            }
            self.counted.more(matches.len() as u64 * TAIL)?;
            return Ok((matches, left_out));
        }
        let (matches, left_out) = self.matches(watch)?;
        kept::write(state, &matches, left_out)?;
        Ok((matches, left_out))
    }

    /// Fingerprints -> links -> alignments, and how many chains were left out.
    fn matches(&mut self, watch: &dyn Watch) -> Result<(Vec<Match>, u64), RunError> {
        watch.begin("linking", 0);
        match &mut self.kept {
            Kept::Memory(rows, prints) => {
                let links = memory::link(rows, std::mem::take(prints), &self.plan);
                self.counted.more(size_of_val(&*links) as u64)?;
                let (matches, left_out) = memory::align(rows, &links, &self.plan, watch);
                self.counted.more(matches.len() as u64 * TAIL)?;
                Ok((matches, left_out))
            }
            Kept::Disk(rows, prints) => {
                rows.close()?;
                let (budget, scratch) = (&self.room.budget, &self.room.scratch);
                let share = |parts| budget.share_of_free(parts, LEAST);
                let (sorting, work) = (share(SORTING), share(WORK));
                let none = Sorting::new(scratch, size_of::<u64>(), 0);
                let prints = std::mem::replace(prints, none).finish()?;
                let how = linking(rows.layout().tokens() as usize, &self.plan);
                // The rest of the memory is enough for sorts and work.
                let whole = rows.bytes() <= budget.free() / PARTS * WHOLE;
                let whole = whole.then(|| rows.all()).transpose()?;
                let both = (&**rows, whole.as_deref());
                let links = linking::links(both, prints, how, scratch, (work, sorting))?;
                drop(whole);
                watch.begin("aligning", 0);
                let (mut matches, counted) = (Vec::new(), &mut self.counted);
                let take = |found: Vec<Match>| {
                    counted.more(found.len() as u64 * TAIL)?;
                    matches.extend(found);
                    Ok(())
                };
                let left_out = aligning::align(rows, links, &self.plan, (work, watch), take)?;
                sort(&**rows, &mut matches);
                Ok((matches, left_out))
            }
        }
    }

    /// With the totals of what was added.
    fn summed(&self, found: Found) -> Found {
        let documents = self.class_of.len() as u64;
        let (bytes, tokens) = (self.bytes, self.tokens);
        Found { summary: Summary { documents, bytes, tokens, ..found.summary }, ..found }
    }
}

/// One text -> what the search needs of it.
pub(crate) fn prepare(
    text: &str,
    plan: &FindPlan,
    (tokens, scratch): &mut (Hashes, periodic::Scratch),
) -> Prepared {
    tokens.clear();
    tokenize(text, tokens);
    let mut prints = Vec::new();
    fingerprint::winnow(&tokens.hashes, &tokens.weights, plan.seeds(), &mut prints);
    let row: Vec<u32> = tokens.hashes.iter().map(|&h| (h >> 32) as u32).collect();
    let runs = {
        let weight = |span: TokenSpan| match tokens.weights.get(span.range()) {
            Some(w) if !tokens.weights.is_empty() => w.iter().map(|&w| u32::from(w)).sum(),
            _ => span.len() * WORD_WEIGHT,
        };
        periodic::runs(&row, &weight, &mut prints, plan, scratch)
    };
    Prepared {
        content: hash::content(&tokens.hashes),
        tokens: row,
        weights: tokens.weights.clone(),
        prints,
        runs,
    }
}

/// How so many tokens are linked.
fn linking(tokens: usize, plan: &FindPlan) -> Linking {
    let more = seed::agreement(tokens);
    let least = if more == 0 { 0 } else { (plan.seeds().words + more) * WORD_WEIGHT };
    Linking { scope: plan.options().scope, least }
}

/// Sorts alignments by documents, then by place.
fn sort(rows: &dyn Tokens, matches: &mut [Match]) {
    let documents = |m: &Match| (rows.document(m.a.start), rows.document(m.b.start));
    matches.par_sort_unstable_by_key(|m| (documents(m), *m));
}

/// Aligns two documents by the links that the worker holds; returns how many
/// chains were left out too.
fn align_pair(
    rows: &Rows,
    documents: (u32, u32),
    plan: &FindPlan,
    (aligner, near): &mut Worker,
) -> (Vec<Match>, u64) {
    let mut out = Vec::new();
    aligner.align(rows, documents, near, plan, &mut out);
    (out, std::mem::take(&mut aligner.skipped))
}

/// What a thread works with: the aligner, and the links of one pair of
/// documents.
type Worker = (Aligner, Vec<(u32, u32)>);

#[cfg(test)]
mod tests;
