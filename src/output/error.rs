//! What can go wrong with an output, in words that say what to do.

use crate::output::is_standard;
use crate::storage::FileKind;
use crate::storage::Shown;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why an output cannot be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutputError {
    /// The system refused.
    Failed {
        /// The output, as it was named.
        path: PathBuf,
        /// What was tried: `create`, `write`, `sync`, `rename`, `look at`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A folder or a socket.
    NotAFile {
        /// The output, as it was named.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// A folder that is to be made new is there already, or a file of its
    /// name.
    Exists {
        /// The output, as it was named.
        path: PathBuf,
    },
    /// The output is an input as well.
    IsInput {
        /// The output, as it was named.
        output: PathBuf,
        /// The input that is the same file.
        input: PathBuf,
    },
    /// Two outputs are the same file.
    Twice {
        /// One output, as it was named.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl OutputError {
    /// Whether the reader of our pipe has gone, as in `… | head`.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, OutputError::Failed { source, .. }
            if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutputError::Failed { path, action, source } => {
                write!(f, "cannot {action} {}: ", Named(path))?;
                match source.kind() {
                    io::ErrorKind::StorageFull => f.write_str(
                        "the disk is full; free some space or write to another place",
                    ),
                    io::ErrorKind::QuotaExceeded => f.write_str(
                        "your share of the disk is used up; free some space or write to another place",
                    ),
                    io::ErrorKind::NotFound => {
                        write!(f, "{source}; the folder of an output must exist")
                    }
                    io::ErrorKind::PermissionDenied if *action == "create" => {
                        write!(f, "{source}; a new file must be allowed in its folder")
                    }
                    _ => write!(f, "{source}"),
                }
            }
            OutputError::NotAFile { path, kind } => {
                write!(f, "cannot write {}: it is a {kind}; name a file", Named(path))
            }
            OutputError::Exists { path } => {
                write!(f, "cannot create {}: it exists already; name a new folder", Named(path))
            }
            OutputError::IsInput { output, input } => {
                if output == input && !is_standard(output) {
                    write!(f, "{} is an input and an output", Named(output))?;
                } else {
                    write!(f, "the output {} is the same file as ", Named(output))?;
                    if is_standard(input) {
                        f.write_str("standard input")?;
                    } else {
                        write!(f, "the input {}", Shown(input))?;
                    }
                }
                f.write_str("; name another output, or leave this file out of the inputs")
            }
            OutputError::Twice { first, second } if first == second => {
                write!(f, "{} is named for two outputs; name two files", Named(first))
            }
            OutputError::Twice { first, second } => write!(
                f,
                "the outputs {} and {} are the same; name two files",
                Named(first),
                Named(second)
            ),
        }
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OutputError::Failed { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A path in a message; `-` by its meaning.
struct Named<'a>(&'a Path);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_standard(self.0) { f.write_str("standard output") } else { Shown(self.0).fmt(f) }
    }
}
