//! Token spans of occurrences -> bytes, lines and columns of the texts.
//!
//! Texts are split into tokens again where something is reported: keeping
//! the places of all tokens would take more memory than the texts.
//!
//! * time: `O(n)` for the texts that hold an occurrence
//! * space: 8 bytes for each token of the texts at work

use rayon::prelude::*;

use crate::options::find::Snap;
use crate::passage::Run;
use crate::report::Occurrence;
use crate::report::Score;
use crate::report::Text;
use crate::span::ByteSpan;
use crate::span::TokenSpan;
use crate::spill::SpillError;
use crate::text::Sink;
use crate::text::borders;
use crate::text::position;
use crate::text::tokenize;

/// The texts of a search, by number, wherever they are held.
pub(crate) trait Texts: Sync {
    /// Number of texts.
    fn len(&self) -> usize;

    /// The text with a number, from 0.
    fn text(&self, number: u32) -> Result<Text<'_>, SpillError>;
}

impl Texts for &[&str] {
    fn len(&self) -> usize {
        <[&str]>::len(self)
    }

    fn text(&self, number: u32) -> Result<Text<'_>, SpillError> {
        Ok(Text::Borrowed(self[number as usize]))
    }
}

/// A place to be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// Number of the text.
    pub(crate) document: u32,
    /// Its tokens, counted from its first.
    pub(crate) span: TokenSpan,
    /// Tokens of the unit, of a run.
    pub(crate) period: Option<u32>,
}

impl Request {
    /// A request for `span`, counted in a row in which the document's first
    /// token has number `base`.
    #[must_use]
    pub(crate) fn new(document: u32, span: TokenSpan, base: u32, run: Option<Run>) -> Request {
        let span = TokenSpan { start: span.start - base, end: span.end - base };
        Request { document, span, period: run.map(|r| r.period) }
    }
}

/// A place that was found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Located {
    /// Bytes of the text.
    pub(crate) span: ByteSpan,
    start: (u32, u32),
    end: (u32, u32),
    period: Option<u32>,
}

impl Located {
    /// Puts the place into an occurrence.
    pub(crate) fn fill(&self, o: &mut Occurrence) {
        o.span = self.span;
        (o.line, o.column) = self.start;
        (o.end_line, o.end_column) = self.end;
        o.period = self.period;
    }
}

/// An occurrence whose place is not known yet.
#[must_use]
pub(crate) fn unplaced(document: u32, score: Score, leader: bool, repeats: u32) -> Occurrence {
    Occurrence {
        document,
        span: ByteSpan { start: 0, end: 0 },
        line: 0,
        column: 0,
        end_line: 0,
        end_column: 0,
        score,
        leader,
        period: None,
        repeats,
    }
}

/// Returns the places of `requests`, in their order, and the number of bytes
/// that lie in at least one of the first `counted` of them.
///
/// Spans grow to the borders of `snap`. Lines and columns are left at zero
/// beyond the first `counted`.
///
/// # Errors
///
/// When a text on the disk cannot be read.
pub(crate) fn locate(
    texts: &dyn Texts,
    requests: Vec<Request>,
    counted: usize,
    snap: Snap,
) -> Result<(Vec<Located>, u64), SpillError> {
    let mut order: Vec<u32> = (0..requests.len() as u32).collect();
    order.par_sort_unstable_by_key(|&n| (requests[n as usize].document, n));
    let of_document = |tokens: &mut Spans, own: &[u32]| {
        let text = texts.text(requests[own[0] as usize].document)?;
        tokens.0.clear();
        tokenize(&text, tokens);
        let mut found: Vec<Located> =
            own.iter().map(|&n| bytes(&text, tokens, requests[n as usize], snap)).collect();
        // Numbers ascend, so those counted come first.
        let first = own.partition_point(|&n| (n as usize) < counted);
        lines(&text, &mut found[..first]);
        Ok((covered(&found[..first]), found))
    };
    let found: Vec<(u64, Vec<Located>)> = order
        .par_chunk_by(|&x, &y| requests[x as usize].document == requests[y as usize].document)
        .map_init(Spans::default, of_document)
        .collect::<Result<_, SpillError>>()?;
    let total = found.iter().map(|f| f.0).sum();
    let mut located = vec![Located::default(); requests.len()];
    drop(requests);
    for (&n, place) in order.iter().zip(found.into_iter().flat_map(|f| f.1)) {
        located[n as usize] = place;
    }
    Ok((located, total))
}

/// The places of tokens, without their hashes.
#[derive(Debug, Default)]
struct Spans(Vec<ByteSpan>);

impl Sink for Spans {
    fn token(&mut self, _: u64, start: usize, end: usize, _: u8) {
        self.0.push(ByteSpan { start: start as u32, end: end as u32 });
    }
}

fn bytes(text: &str, tokens: &Spans, request: Request, snap: Snap) -> Located {
    let at = |n: u32| tokens.0[n as usize];
    let span = ByteSpan { start: at(request.span.start).start, end: at(request.span.end - 1).end };
    let period = request.period.map(|p| at(request.span.start + p).start - span.start);
    let span = if snap == Snap::Word { span } else { borders::grow(text, span, snap) };
    Located { span, start: (0, 0), end: (0, 0), period }
}

/// Fills in lines and columns.
fn lines(text: &str, found: &mut [Located]) {
    let mut ends: Vec<(u32, usize, bool)> = Vec::with_capacity(2 * found.len());
    for (n, l) in found.iter().enumerate() {
        ends.push((l.span.start, n, false));
        ends.push((l.span.end, n, true));
    }
    ends.sort_unstable();
    let offsets: Vec<u32> = ends.iter().map(|e| e.0).collect();
    let positions = position::positions(text, &offsets);
    for (&(_, n, is_end), p) in ends.iter().zip(positions) {
        let place = (p.line, p.column);
        if is_end {
            found[n].end = place;
        } else {
            found[n].start = place;
        }
    }
}

/// Bytes in at least one of the spans.
fn covered(found: &[Located]) -> u64 {
    let mut spans: Vec<ByteSpan> = found.iter().map(|l| l.span).collect();
    spans.sort_unstable();
    let (mut total, mut end) = (0u64, 0u32);
    for s in spans {
        total += u64::from(s.end.saturating_sub(s.start.max(end)));
        end = end.max(s.end);
    }
    total
}
