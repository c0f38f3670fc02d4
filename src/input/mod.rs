//! From paths to documents.
//!
//! ```text
//! walk:   paths, folders        -> entries in a fixed order
//! bytes:  an entry              -> its bytes, decompressed
//! text:   bytes                 -> one text with a map to original bytes
//! jsonl:  bytes                 -> blocks of whole lines
//! keys:   paths like meta.text   -> which members are wanted
//! record: a line and the keys   -> text, id and other fields, or a reject
//! ```
//!
//! Readers never drop a byte unsaid: what cannot be read is an [`InputError`]
//! or a [`Note`] with its path, what cannot be used is a
//! [`Reject`] of its line. All take files through
//! [`Storage`](crate::storage::Storage).

pub mod bytes;
mod decode;
pub mod guess;
pub mod jsonl;
pub mod keys;
pub mod record;
mod scan;
mod sniff;
pub mod text;
pub mod walk;

use crate::input::record::Reject;
use crate::storage::FileKind;
use crate::storage::Shown;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// How the content of inputs is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// By the name: `.jsonl` and `.ndjson`, also followed by `.gz` or `.zst`,
    /// hold records, all other files one text each.
    #[default]
    Auto,
    /// One text a file.
    Text,
    /// One record a line.
    Jsonl,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// One record a line.
    Jsonl,
}

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it was named, or the folder as it was named with the way from
    /// there; `-` is standard input.
    pub path: PathBuf,
    /// How it is to be read.
    pub kind: Kind,
    /// Named by the caller, not found in a folder: what cannot be read is an
    /// error then, not a note.
    pub named: bool,
    /// Bytes on the disk of a regular file.
    pub size: Option<u64>,
}

impl Entry {
    /// Whether this is standard input.
    #[must_use]
    pub fn is_stdin(&self) -> bool {
        is_stdin(&self.path)
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Something met on the way that does not stop the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file or folder.
    pub path: PathBuf,
    /// What was met.
    pub kind: NoteKind,
}

/// See [`Note`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteKind {
    /// No regular file; passed over.
    Special(FileKind),
    /// A symbolic link in a folder; not followed.
    Link,
    /// A file that the run has another use for, such as an output; passed over
    /// in a folder.
    Taken,
    /// Could not be read; passed over. The run is not complete.
    Unreadable(String),
    /// The same file as an entry before it; read once.
    Repeated(PathBuf),
    /// A rule in an ignore file that could not be understood.
    IgnoreRule(String),
}

impl Note {
    /// Whether something was left out that was to be read.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self.kind, NoteKind::Unreadable(_))
    }

    /// Whether an entry of a folder was passed over because of what it is.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        matches!(self.kind, NoteKind::Special(_) | NoteKind::Link)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Named(&self.path);
        match &self.kind {
            NoteKind::Special(kind) => write!(f, "{path} is a {kind}, passed over"),
            NoteKind::Link => {
                write!(f, "{path} is a symbolic link, passed over; name it to have it read")
            }
            NoteKind::Taken => write!(f, "{path} is another file of this run, and no input"),
            NoteKind::Unreadable(reason) => {
                write!(f, "{path} cannot be read: {}", Shown(Path::new(reason)))
            }
            NoteKind::Repeated(first) if *first == self.path => {
                write!(f, "{path} was named before, read once")
            }
            NoteKind::Repeated(first) => {
                write!(f, "{path} is the same file as {}, read once", Named(first))
            }
            NoteKind::IgnoreRule(reason) => {
                // It names the file and the line itself.
                write!(f, "an ignore rule is left out: {}", Shown(Path::new(reason)))
            }
        }
    }
}

/// Why an input cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum InputError {
    /// The system refused.
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a file nor a pipe nor a device.
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// Content that is neither text nor compressed in a known way.
    Binary {
        /// The file.
        path: PathBuf,
        /// What the content is, in words.
        what: &'static str,
        /// What to do, in words.
        remedy: &'static str,
    },
    /// Compressed data that breaks off, was changed, or asks for more than is
    /// granted.
    Compressed {
        /// The file.
        path: PathBuf,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// What is wrong and what to do, in words.
        reason: String,
    },
    /// A text beyond the limit.
    LargeText {
        /// The file.
        path: PathBuf,
        /// Most bytes a text may have.
        limit: u64,
    },
    /// A line beyond the limit.
    LongLine {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Most bytes a line may have.
        limit: u64,
        /// Whether it may yet be a record.
        hopeful: bool,
    },
    /// A record or text that there is no memory for.
    LargeRecord {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1; none for a text file.
        line: Option<u64>,
        /// Most bytes that a record may have.
        limit: u64,
    },
    /// A line that is no usable record.
    Record {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Why.
        reject: Reject,
    },
    /// The file was changed while it was read.
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl InputError {
    /// Whether the file is whole but no text: in a folder it is passed over
    /// with a note.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        matches!(self, InputError::Binary { .. })
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Failed { path, source } => {
                write!(f, "cannot read {}: {source}", Named(path))?;
                if source.kind() == io::ErrorKind::NotFound {
                    f.write_str("; check the name")?;
                }
                Ok(())
            }
            InputError::NotAFile { path, kind } => {
                write!(f, "cannot read {}: it is a {kind}; name a file or folder", Named(path))
            }
            InputError::Binary { path, what, remedy } => {
                write!(f, "cannot read {}: it holds {what}; {remedy}", Named(path))
            }
            InputError::Compressed { path, format, reason } => {
                write!(f, "cannot unpack {} as {format}: {reason}", Named(path))
            }
            InputError::LargeText { path, limit } => write!(
                f,
                "{} has more than {limit} bytes of text; split it, or give it as one record a line",
                Named(path)
            ),
            InputError::LongLine { path, line, limit, hopeful } => {
                write!(f, "{}:{line}: the line has more than {limit} bytes", Named(path))?;
                f.write_str(if *hopeful {
                    "; --max-record lets longer ones in"
                } else {
                    " and is no record; is this one record a line?"
                })
            }
            InputError::LargeRecord { path, line, limit } => {
                Named(path).fmt(f)?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(
                    f,
                    ": the record has more than {limit} bytes, the most that can be compared in \
                     the memory given; a larger --memory allows more, or leave the record out"
                )
            }
            InputError::Record { path, line, reject } => {
                write!(f, "{}:{line}: unusable record: {reject}", Named(path))?;
                f.write_str("; --rejects FILE sets such records aside and goes on")
            }
            InputError::Changed { path } => write!(
                f,
                "{} was changed while it was read; run again when nothing writes to it",
                Named(path)
            ),
        }
    }
}

impl std::error::Error for InputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            InputError::Failed { source, .. } => Some(source),
            InputError::Record { reject, .. } => Some(reject),
            _ => None,
        }
    }
}

/// The path of an input in a message; `-` by its meaning.
pub(crate) struct Named<'a>(pub(crate) &'a Path);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_stdin(self.0) { f.write_str("standard input") } else { Shown(self.0).fmt(f) }
    }
}
