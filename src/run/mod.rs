//! The main paths: what joins the stages, and the only place with threads.
//!
//! * [`passages`]: texts -> repeated passages.
//!
//! Work runs in the rayon pool of the caller. Results do not depend on the
//! number of its threads.

mod assemble;
mod copies;
mod grouping;
pub mod passages;
mod places;

/// Told what a search is doing, from any thread; for progress bars.
pub trait Watch: Sync {
    /// A stage of known or unknown (0) size begins.
    fn begin(&self, stage: &'static str, total: u64);
    /// So much more of it is done.
    fn advance(&self, done: u64);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
