//! The main paths: what joins the stages, and the only place with threads.
//!
//! * [`passages`]: texts -> repeated passages, or whole units;
//! * [`reworded`]: texts -> passages told in other words;
//! * [`corpus`]: files -> texts for it;
//! * [`documents`]: texts -> near-duplicate documents;
//! * [`dedup`]: files -> texts for it, and what stays of them -> files.
//!
//! Work runs in the rayon pool of the caller. Results do not depend on the
//! number of its threads.

mod assemble;
mod copies;
pub mod corpus;
pub mod dedup;
pub mod documents;
mod flow;
mod forecast;
mod grouping;
mod held;
mod library;
pub mod passages;
mod places;
mod retellings;
pub mod reworded;
pub mod room;
mod search;
mod stream;
mod units;
pub mod writing;

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::input::InputError;
use crate::input::Named;
use crate::output::OutputError;
use crate::run::dedup::DedupRunError;
use crate::run::dedup::estimate::Estimate;
use crate::run::passages::FindError;
use crate::run::room::RoomError;
use crate::spill::SpillError;

/// Told what a run is doing, from any thread; for progress bars and notes.
pub trait Watch: Sync {
    /// A stage of known or unknown (0) size begins.
    fn begin(&self, stage: &'static str, total: u64);
    /// So much more of it is done.
    fn advance(&self, done: u64);
    /// Something was met that does not stop the run.
    fn note(&self, notice: &Notice);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &Notice) {}
}

/// Something met on the way that does not stop the run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A file in a folder that holds no text; passed over.
    Skipped(InputError),
    /// A file in a folder that could not be read; the run is not complete.
    Lost(InputError),
    /// A record that was set aside.
    Rejected(InputError),
    /// A text with invalid UTF-8.
    Repaired {
        /// The file.
        path: PathBuf,
        /// How many pieces stand as replacement characters.
        replaced: u64,
    },
    /// What the run will hold and spill, told before it starts.
    Estimated(Estimate),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Skipped(e) => write!(f, "{e}; passed over"),
            Notice::Lost(e) => write!(f, "{e}"),
            Notice::Estimated(e) => e.fmt(f),
            Notice::Rejected(InputError::Record { path, line, reject }) => {
                write!(f, "{}:{line}: set aside: {reject}", Named(path))
            }
            Notice::Rejected(e) => write!(f, "set aside: {e}"),
            Notice::Repaired { path, replaced } => {
                let places = if *replaced == 1 { "place" } else { "places" };
                write!(f, "{} is not valid UTF-8 in {replaced} {places}; ", Named(path))?;
                f.write_str("read with replacement characters")
            }
        }
    }
}

/// Why a run ended without a result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// An input.
    Input(InputError),
    /// An output.
    Output(OutputError),
    /// Writing to an output; the error names it.
    Write(io::Error),
    /// The search itself.
    Find(FindError),
    /// The search for near-duplicate documents.
    Dedup(DedupRunError),
    /// A temporary file.
    Spill(SpillError),
    /// Memory or disk, before the start.
    Room(RoomError),
    /// The state that a run leaves for a later one.
    Checkpoint(CheckpointError),
}

impl RunError {
    /// Whether the reader of our pipe has gone, as in `… | head`.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            RunError::Output(e) => e.is_broken_pipe(),
            RunError::Write(e) => e.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Input(e) => e.fmt(f),
            RunError::Output(e) => e.fmt(f),
            RunError::Write(e) => e.fmt(f),
            RunError::Find(e) => e.fmt(f),
            RunError::Dedup(e) => e.fmt(f),
            RunError::Spill(e) => e.fmt(f),
            RunError::Room(e) => e.fmt(f),
            RunError::Checkpoint(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Input(e) => Some(e),
            RunError::Output(e) => Some(e),
            RunError::Write(e) => Some(e),
            RunError::Find(e) => Some(e),
            RunError::Dedup(e) => Some(e),
            RunError::Spill(e) => Some(e),
            RunError::Room(e) => Some(e),
            RunError::Checkpoint(e) => Some(e),
        }
    }
}

impl From<InputError> for RunError {
    fn from(e: InputError) -> RunError {
        RunError::Input(e)
    }
}

impl From<OutputError> for RunError {
    fn from(e: OutputError) -> RunError {
        RunError::Output(e)
    }
}

impl From<FindError> for RunError {
    fn from(e: FindError) -> RunError {
        RunError::Find(e)
    }
}

impl From<DedupRunError> for RunError {
    fn from(e: DedupRunError) -> RunError {
        RunError::Dedup(e)
    }
}

impl From<SpillError> for RunError {
    fn from(e: SpillError) -> RunError {
        RunError::Spill(e)
    }
}

impl From<RoomError> for RunError {
    fn from(e: RoomError) -> RunError {
        RunError::Room(e)
    }
}

impl From<CheckpointError> for RunError {
    fn from(e: CheckpointError) -> RunError {
        RunError::Checkpoint(e)
    }
}

impl From<io::Error> for RunError {
    fn from(e: io::Error) -> RunError {
        RunError::Write(e)
    }
}
