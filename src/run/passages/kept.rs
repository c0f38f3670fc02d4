//! Alignments <-> a section of a kept state, so that a run goes on without
//! searching for them again.
//!
//! * time: a write or a read of 24 bytes an alignment

use crate::checkpoint::Checkpoint;
use crate::checkpoint::CheckpointError;
use crate::passage::Match;
use crate::passage::rows::Layout;
use crate::span::TokenSpan;

/// The stage, and its section.
const ALIGNED: &str = "aligned";
const MATCHES: &str = "matches";

/// Keeps all alignments, and how many chains were left out.
pub(super) fn write(
    state: &mut Checkpoint,
    matches: &[Match],
    left_out: u64,
) -> Result<(), CheckpointError> {
    let mut section = state.section(ALIGNED, MATCHES)?;
    section.put_u64(left_out)?;
    for m in matches {
        for number in [m.a.start, m.a.end, m.b.start, m.b.end, m.matches, m.columns] {
            section.put_u32(number)?;
        }
    }
    state.finish(ALIGNED, vec![section])
}

/// The alignments that were kept, if any; they lie in `layout`.
pub(super) fn read(
    state: &Checkpoint,
    layout: &Layout,
) -> Result<Option<(Vec<Match>, u64)>, CheckpointError> {
    if !state.has(ALIGNED) {
        return Ok(None);
    }
    let mut section = state.read(ALIGNED, MATCHES)?;
    let left_out = section.take_u64()?;
    let mut matches = Vec::new();
    while section.left() > 0 {
        let mut next = || section.take_u32();
        let a = TokenSpan { start: next()?, end: next()? };
        let b = TokenSpan { start: next()?, end: next()? };
        let m = Match { a, b, matches: next()?, columns: next()? };
        let fits = |span: TokenSpan| span.start < span.end && span.end <= layout.tokens();
        if !fits(a) || !fits(b) {
            return Err(section.damaged());
        }
        matches.push(m);
    }
    Ok(Some((matches, left_out)))
}
