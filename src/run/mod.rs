//! The main paths: the stages joined, and their work spread over threads.
//!
//! Only this folder uses several threads, those of the caller's rayon pool;
//! results do not depend on how many there are.

pub mod documents;
