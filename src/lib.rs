//! Finds what a text tells twice: repeated and near-repeated passages with
//! exact spans, and near-duplicate documents, each match verified.
//!
//! ```
//! use twicetold::FindOptions;
//!
//! let texts = [
//!     ("monday", "The old bridge over the river was closed to all traffic this week \
//!                 because of cracks in two of its pillars. Ferries run every hour."),
//!     ("friday", "Ferry tickets sell out. The old bridge over the river was closed to all \
//!                 traffic this week because of cracks in its pillars, and will stay so."),
//! ];
//! let found = twicetold::find(&texts, &FindOptions::default())?;
//! let places = &found.clusters[0].occurrences;
//! assert!(places[1].span.of(texts[1].1).ends_with("because of cracks in"));
//! assert_eq!((places[1].line, places[1].column), (1, 25));
//! # Ok::<(), twicetold::FindError>(())
//! ```
//!
//! [`find`] is all that a program needs for passages in texts that it holds,
//! and [`dedup`] for near-duplicates among them; [`run::corpus::Corpus`]
//! searches files. The stages below them are public
//! for those who want to join them in another way.
//!
//! Modules in layers; each knows only those above it in this list, and its
//! own folder:
//!
//! * [`span`], [`hash`], [`bits`], [`disjoint`], [`radix`], [`simd`], [`budget`]:
//!   positions, stable hashes, sets, sorting, what the processor offers, memory
//! * [`options`]: what a user asks for, and the checked plans made of it
//! * [`text`]: texts to tokens, sentences, paragraphs, lines
//! * [`passage`]: the stages that find repeated passages
//! * [`reworded`]: the stages that find passages told in other words
//! * [`shingle`], [`sketch`], [`signature`], [`lsh`], [`cross`], [`verify`],
//!   [`join`], [`contain`], [`differ`], [`cluster`], [`keep`]: the stages that
//!   find near-duplicate documents
//! * [`storage`]: files, behind one trait
//! * [`spill`], [`external`]: what does not fit in memory
//! * [`checkpoint`]: what a run has done, for one that goes on
//! * [`input`], [`output`], [`report`]: readers and writers
//! * [`run`]: the main paths, the only place with threads

pub mod bits;
pub mod budget;
pub mod checkpoint;
pub mod cluster;
pub mod contain;
pub mod cross;
pub mod differ;
pub mod disjoint;
pub mod external;
pub mod hash;
pub mod input;
pub mod join;
pub mod keep;
pub mod lsh;
pub mod options;
pub mod output;
pub mod passage;
pub mod radix;
pub mod report;
pub mod reworded;
pub mod run;
pub mod shingle;
pub mod signature;
pub mod simd;
pub mod sketch;
pub mod span;
pub mod spill;
pub mod storage;
pub mod text;
pub mod verify;

pub use options::dedup::DedupOptions;
pub use options::find::FindOptions;
pub use run::Watch;
pub use run::documents::DedupError;
pub use run::documents::dedup;
pub use run::passages::FindError;
pub use run::passages::find;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
