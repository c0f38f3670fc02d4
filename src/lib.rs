//! Finds what a text tells twice.
//!
//! Modules in layers; each knows only those above it in this list:
//!
//! * [`span`], `hash`: positions and stable hashes.

pub mod hash;
pub mod options;
pub mod span;
