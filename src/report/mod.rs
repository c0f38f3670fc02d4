//! What a search found, as records, and the writers that print them.
//!
//! Everything here refers to documents by their number in the input; names
//! and texts come from [`Documents`], which may have them in memory or on the
//! disk. A [`Report`] joins the two, and [`write()`] turns it into bytes:
//!
//! * [`jsonl`]: for programs; a versioned interface;
//! * [`human`]: for people at a terminal, with excerpts in which the words
//!   that differ are marked.
//!
//! A report is a function of its arguments: no clock, no environment, no
//! asking whether the output is a terminal.

use std::fmt;
use std::io;
use std::io::Write;
use std::ops::Deref;
use std::sync::Arc;

use crate::options::find::FindOptions;
use crate::options::find::Method;
use crate::report::human::Style;
use crate::span::ByteSpan;
use crate::text::original::Offsets;

pub(crate) mod excerpt;
#[cfg(test)]
mod fixture;
pub mod human;
pub mod jsonl;
pub mod select;
pub(crate) mod visible;
pub(crate) mod words;

pub mod baseline;
pub mod dedup;
pub mod duplicates;
pub mod totals;

/// A document as reports name it.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The label as JSON: the record's id with its type (`"a"`, `17`), else a
    /// string.
    pub label: std::borrow::Cow<'a, str>,
    /// Path of the file; `-` is standard input.
    pub path: std::borrow::Cow<'a, str>,
    /// Line number in the decompressed file, from 1; none for a text file.
    pub record: Option<u64>,
    /// The text that was searched; spans count its bytes.
    pub text: Text<'a>,
    /// From bytes of the text to bytes of the file, where these differ.
    pub offsets: Option<Arc<Offsets>>,
}

/// A text that is in memory for as long as it is looked at.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// Of somebody else.
    Borrowed(&'a str),
    /// Read from the disk, perhaps for several at once.
    Shared(Arc<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Text<'a> {
        Text::Borrowed(text)
    }
}

/// Documents by their number in the input.
pub trait Documents: fmt::Debug {
    /// The document with a number, from 0.
    ///
    /// # Errors
    ///
    /// When it is on the disk and cannot be read.
    ///
    /// # Panics
    ///
    /// If there is no such document.
    fn document(&self, number: u32) -> io::Result<Document<'_>>;
}

impl Documents for Vec<Document<'_>> {
    fn document(&self, number: u32) -> io::Result<Document<'_>> {
        let Document { label, path, record, text, offsets } = &self[number as usize];
        Ok(Document {
            label: (&**label).into(),
            path: (&**path).into(),
            record: *record,
            text: (&**text).into(),
            offsets: offsets.clone(),
        })
    }
}

impl Document<'_> {
    /// The place in the file of a byte of the text; of a record, which is
    /// decoded, the same.
    fn original(&self, at: u32) -> u32 {
        self.offsets.as_ref().map_or(at, |o| o.original(at))
    }
}

/// What kind of repeat a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A passage that stands in several places.
    Passage,
    /// A whole paragraph, sentence or line that stands in several places.
    Unit,
    /// A unit repeated back to back in one place only.
    Run,
    /// A passage in very many documents.
    Boilerplate,
    /// A passage that shares its unusual words with others, in another order or
    /// wording. The scores count these words, not columns.
    Reworded,
}

/// A verified score: matching columns of all columns of an alignment; of whole
/// units, shingles in both of those in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Columns with equal tokens.
    pub matches: u32,
    /// All columns, at least one.
    pub columns: u32,
}

impl Score {
    /// Whether all columns match.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.matches >= self.columns
    }

    /// How many of `parts` equal parts the score reaches, rounded down: all of
    /// them only when it is exact, and never fewer than a threshold of whole
    /// parts that it passed. 0 without columns.
    #[must_use]
    pub fn parts(self, parts: u32) -> u32 {
        let reached = u64::from(self.matches) * u64::from(parts) / u64::from(self.columns.max(1));
        u32::try_from(reached).map_or(parts, |reached| reached.min(parts))
    }

    /// Whether the score is below `other`, as exact quotients.
    #[must_use]
    pub fn is_below(self, other: Score) -> bool {
        u64::from(self.matches) * u64::from(other.columns)
            < u64::from(other.matches) * u64::from(self.columns)
    }
}

/// One place where a passage stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Number of the document.
    pub document: u32,
    /// Bytes of its text.
    pub span: ByteSpan,
    /// Line of the first byte, from 1. Only `\n` ends a line.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column of the end (one past the last character).
    pub end_column: u32,
    /// Score against the leader; of a run, of each unit against the next.
    pub score: Score,
    /// Whether the others are verified against this one.
    pub leader: bool,
    /// Of a run, the bytes of its first unit, with what follows it up to the
    /// second.
    pub period: Option<u32>,
    /// Times the unit stands here back to back, 1 when it is no run.
    pub repeats: u32,
}

/// A passage with all its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Number from 1 in the order of the report.
    pub id: u32,
    /// What kind of repeat it is.
    pub kind: Kind,
    /// Words of the leader (of a run, of its unit): tokens' weight / 5.
    pub words: u32,
    /// Number of documents with an occurrence.
    pub documents: u32,
    /// The cluster in whose every occurrence this passage stands, if any.
    pub parent: Option<u32>,
    /// By document, then start.
    pub occurrences: Vec<Occurrence>,
}

impl Cluster {
    /// The lowest score of an occurrence; exact without occurrences.
    #[must_use]
    pub fn weakest(&self) -> Score {
        let exact = Score { matches: 1, columns: 1 };
        self.occurrences
            .iter()
            .map(|o| o.score)
            .fold(exact, |low, score| if score.is_below(low) { score } else { low })
    }
}

/// Two places that were aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Id of the cluster that holds both.
    pub cluster: u32,
    /// Number of the document and bytes of the earlier place.
    pub a: (u32, ByteSpan),
    /// The later one.
    pub b: (u32, ByteSpan),
    /// Identity of the alignment, or Jaccard similarity of units.
    pub score: Score,
    /// Words of the shorter side.
    pub words: u32,
}

/// Totals of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Documents searched.
    pub documents: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Clusters reported.
    pub clusters: u64,
    /// Occurrences in them.
    pub occurrences: u64,
    /// Bytes that lie in some occurrence, each counted once.
    pub repeated_bytes: u64,
    /// Clusters that are boilerplate.
    pub boilerplate: u64,
    /// Files passed over (binary, unreadable).
    pub skipped: u64,
    /// Records set aside.
    pub rejected: u64,
    /// Chains of matches left out because a pair of documents reached the
    /// bound on work.
    pub chains_left_out: u64,
    /// Units compared: paragraphs, sentences or lines with at least a word.
    pub units: u64,
    /// How units were compared; none for passages.
    pub method: Option<Method>,
    /// Of units, the probability with which a pair exactly at the threshold is
    /// found, in ten-thousandths, rounded down.
    pub recall: u32,
    /// Of units, crowds of more than 64 that are alike of which not all pairs
    /// were looked at; with MinHash, buckets of more than 64.
    pub crowds: u64,
    /// Clusters left out because they are known or not wanted.
    pub ignored: u64,
    /// Keys and pairs of sentences left out of the search for reworded
    /// passages, because so many share them that they are formulas.
    pub formulas_left_out: u64,
}

/// Everything a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Copies first, then reworded passages, each by repeated text (weight of
    /// an occurrence times occurrences), most
    /// first; ties by first place.
    pub clusters: Vec<Cluster>,
    /// By document and place of `a`, then `b`; empty unless asked for.
    pub pairs: Vec<Pair>,
    /// Totals.
    pub summary: Summary,
}

/// All that a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was found.
    pub found: &'a Found,
    /// The documents that were searched, in the order of the input.
    pub documents: &'a dyn Documents,
    /// How the search was set.
    pub options: &'a FindOptions,
}

impl<'a> Report<'a> {
    /// The document with a number.
    fn document(&self, number: u32) -> io::Result<Document<'a>> {
        self.documents.document(number)
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people, with excerpts.
    #[default]
    Human,
    /// One object.
    Json,
    /// One object a line.
    Jsonl,
}

/// Writes a report to `out`, which is buffered here and flushed at the end.
///
/// `style` is looked at by [`Format::Human`] alone. Nothing larger than one
/// excerpt is held in memory.
///
/// # Errors
///
/// What `out` answers; the kind is kept, so that a closed pipe can be told
/// apart. A document that cannot be read.
///
/// # Panics
///
/// If a document number or a span does not belong to `report.documents`.
///
/// ```
/// # use twicetold::options::find::FindOptions;
/// # use twicetold::report::{Format, Found, Report, human::Style, write};
/// let (found, options) = (Found::default(), FindOptions::default());
/// let report = Report { found: &found, documents: &Vec::new(), options: &options };
/// let mut out = Vec::new();
/// write(&report, Format::Human, &Style::default(), &mut out)?;
/// assert_eq!(out, b"No documents to search.\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write<W: Write>(
    report: &Report<'_>,
    format: Format,
    style: &Style,
    out: W,
) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Human => human::write(report, style, &mut out)?,
        Format::Json => jsonl::write_object(report, &mut out)?,
        Format::Jsonl => jsonl::write_lines(report, &mut out)?,
    }
    out.flush()
}
