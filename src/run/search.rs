//! The search that a plan asks for: for passages, or for whole units.

use crate::checkpoint::Checkpoint;
use crate::options::find::FindPlan;
use crate::options::find::Level;
use crate::passage::periodic;
use crate::report::Found;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::forecast::Demand;
use crate::run::passages;
use crate::run::places::Texts;
use crate::run::room::Room;
use crate::run::units;
use crate::text::Hashes;
use crate::text::Tokens;

/// A search that takes its texts one by one.
#[derive(Debug)]
pub(crate) enum Search {
    Passages(passages::Search),
    Units(units::Search),
}

/// What one text gives.
#[derive(Debug)]
pub(crate) enum Prepared {
    Passages(passages::Prepared),
    Units(units::Prepared),
}

/// Working memory of a thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    passages: (Hashes, periodic::Scratch),
    units: Tokens,
}

/// One text -> what the search needs of it.
pub(crate) fn prepare(text: &str, plan: &FindPlan, scratch: &mut Scratch) -> Prepared {
    if plan.options().level == Level::Passage {
        Prepared::Passages(passages::prepare(text, plan, &mut scratch.passages))
    } else {
        Prepared::Units(units::prepare(text, plan, &mut scratch.units))
    }
}

impl Search {
    /// A search without texts, with so much room.
    pub(crate) fn new(plan: FindPlan, room: &Room) -> Search {
        if plan.options().level == Level::Passage {
            Search::Passages(passages::Search::new(plan).within(room))
        } else {
            Search::Units(units::Search::new(plan))
        }
    }

    /// Adds a text of `bytes` bytes that was prepared with the plan of this
    /// search.
    pub(crate) fn insert(&mut self, bytes: usize, one: Prepared) -> Result<(), RunError> {
        match (self, one) {
            (Search::Passages(search), Prepared::Passages(one)) => search.insert(bytes, one),
            (Search::Units(search), Prepared::Units(one)) => Ok(search.insert(bytes, one)?),
            _ => unreachable!("prepared with the plan of this search"),
        }
    }

    /// Bytes held in memory that [`spill`](Search::spill) would move to the
    /// disk.
    pub(crate) fn held(&self) -> u64 {
        match self {
            Search::Passages(search) => search.held(),
            Search::Units(search) => search.held(),
        }
    }

    /// What is to be known of it before it starts, when `held` is the part of
    /// the memory that texts, tokens and fingerprints may take.
    pub(crate) fn demand(&self, held: f64) -> Demand {
        let spills = matches!(self, Search::Passages(search) if search.can_spill());
        Demand { spills, held, document: passages::DOCUMENT }
    }

    /// Moves what can be moved to the disk; returns whether that is possible:
    /// whole units and reworded passages are searched in memory.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn spill(&mut self) -> Result<bool, RunError> {
        match self {
            Search::Passages(search) if search.can_spill() => search.spill().map(|()| true),
            Search::Passages(_) | Search::Units(_) => Ok(false),
        }
    }

    /// Searches what was added. `all` are the texts where they are in memory;
    /// unless [`spill`](Search::spill) was called they have to be. Alignments of
    /// passages are kept in `state`; of units nothing is.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyShingles`](crate::FindError::TooManyShingles); what
    /// is on the disk and cannot be read; what does not fit the budget.
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    pub(crate) fn complete(
        self,
        (texts, all): (&dyn Texts, Option<&[&str]>),
        state: Option<&mut Checkpoint>,
        watch: &dyn Watch,
    ) -> Result<Found, RunError> {
        match self {
            Search::Passages(search) => search.complete((texts, all), state, watch),
            Search::Units(search) => {
                let all = all.expect("units are searched in memory");
                Ok(search.finish(all, watch)?)
            }
        }
    }
}
