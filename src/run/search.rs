//! The search that a plan asks for: for passages, or for whole units.

use crate::options::find::FindPlan;
use crate::options::find::Level;
use crate::passage::periodic;
use crate::report::Found;
use crate::run::Watch;
use crate::run::passages;
use crate::run::passages::FindError;
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
    /// A search without texts.
    pub(crate) fn new(plan: FindPlan) -> Search {
        if plan.options().level == Level::Passage {
            Search::Passages(passages::Search::new(plan))
        } else {
            Search::Units(units::Search::new(plan))
        }
    }

    /// Adds a text of `bytes` bytes that was prepared with the plan of this
    /// search.
    pub(crate) fn insert(&mut self, bytes: usize, one: Prepared) -> Result<(), FindError> {
        match (self, one) {
            (Search::Passages(search), Prepared::Passages(one)) => search.insert(bytes, one),
            (Search::Units(search), Prepared::Units(one)) => search.insert(bytes, one),
            _ => unreachable!("prepared with the plan of this search"),
        }
    }

    /// Searches what was added.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyShingles`].
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    pub(crate) fn finish(self, texts: &[&str], watch: &dyn Watch) -> Result<Found, FindError> {
        match self {
            Search::Passages(search) => Ok(search.finish(texts, watch)),
            Search::Units(search) => search.finish(texts, watch),
        }
    }
}
