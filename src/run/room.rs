//! What a run may hold in memory, and where the rest goes.

use std::fmt;
use std::path::Path;

use crate::budget::Budget;
use crate::run::dedup::estimate::Estimate;
use crate::run::dedup::estimate::Megabytes;
use crate::spill::Scratch;
use crate::storage::Shown;

/// Memory and disk of a run. Clones are the same room.
#[derive(Clone, Debug)]
pub struct Room {
    /// Memory that may be held.
    pub budget: Budget,
    /// Where temporary files are made.
    pub scratch: Scratch,
}

impl Room {
    /// Everything is held in memory.
    #[must_use]
    pub fn unlimited() -> Room {
        Room { budget: Budget::unlimited(), scratch: Scratch::new(Path::new(".")) }
    }
}

/// Why a run cannot come to an end in its room, told before it starts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RoomError {
    /// Too little memory.
    Memory(Box<Estimate>),
    /// Too little room for temporary files.
    Disk(Box<Estimate>),
}

impl fmt::Display for RoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoomError::Memory(e) => write!(
                f,
                "--memory {} is not enough for about {} records: {} would do; give more, or split \
                 the input",
                Megabytes(e.memory),
                e.records,
                Megabytes(e.least_memory)
            ),
            RoomError::Disk(e) => {
                let spilled = Megabytes(e.spilled);
                if e.so_far {
                    let records = e.records;
                    write!(f, "the first {records} records alone need {spilled}")?;
                } else {
                    write!(f, "about {spilled}")?;
                }
                write!(
                    f,
                    " of temporary files{}, but {} has {} free; name another folder with \
                     --temp-dir, or give --memory {}M, with which there are none",
                    if e.so_far { "" } else { " are needed" },
                    Shown(&e.folder),
                    Megabytes(e.available.unwrap_or(0)),
                    e.whole_memory.div_ceil(1 << 20)
                )
            }
        }
    }
}

impl std::error::Error for RoomError {}

impl Default for Room {
    fn default() -> Room {
        Room::unlimited()
    }
}
