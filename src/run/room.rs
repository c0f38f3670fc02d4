//! What a run may hold in memory, and where the rest goes.

use std::path::Path;

use crate::budget::Budget;
use crate::spill::Scratch;

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

impl Default for Room {
    fn default() -> Room {
        Room::unlimited()
    }
}
