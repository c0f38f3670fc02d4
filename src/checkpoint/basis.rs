//! What a run goes by: command, options, and what the inputs were.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::checkpoint::CheckpointError;
use crate::storage::FileKind;
use crate::storage::Storage;

/// What a run goes by. Two runs with the same basis come to the same result.
/// What does not change the result, such as threads and memory, is no part of
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    pub(super) command: String,
    /// Names and values, in the order in which they were added.
    pub(super) options: Vec<(String, String)>,
    pub(super) inputs: Vec<Input>,
}

/// A file, as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// None for a file that cannot be looked at.
    pub(super) version: Option<Version>,
}

/// Size and time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) size: u64,
    /// Nanoseconds from 1970; 0 where the system keeps no time.
    pub(super) modified: i128,
}

/// How an input differs from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was not among the inputs, or not at this place.
    New,
    /// It is not among the inputs any more.
    Gone,
    /// It could be looked at, and cannot any more, or the other way round.
    Access,
    /// It has another size.
    Size {
        /// Bytes that it had.
        was: u64,
        /// Bytes that it has.
        is: u64,
    },
    /// It was written to: its time of change is another.
    Modified,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::New => f.write_str("was no input then, or at another place"),
            Change::Gone => f.write_str("was an input then and is none now"),
            Change::Access => f.write_str("could be read then and cannot now, or the other way"),
            Change::Size { was, is } => {
                write!(f, "had a size of {was} bytes then and has {is} bytes now")
            }
            Change::Modified => {
                f.write_str("was changed since then (its modification time is another)")
            }
        }
    }
}

impl Basis {
    /// A run of a command without options and inputs.
    #[must_use]
    pub fn new(command: &str) -> Basis {
        Basis { command: command.to_owned(), ..Basis::default() }
    }

    /// Adds an option that may change the result, as a message would name it.
    pub fn option(&mut self, name: &str, value: impl fmt::Display) {
        self.options.push((name.to_owned(), value.to_string()));
    }

    /// Adds the next input.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unrepeatable`] for standard input (`-`), pipes and
    /// whatever else is no regular file.
    pub fn input(&mut self, storage: &dyn Storage, path: &Path) -> Result<(), CheckpointError> {
        let unrepeatable = |kind| CheckpointError::Unrepeatable { path: path.to_path_buf(), kind };
        if path.as_os_str() == "-" {
            return Err(unrepeatable(FileKind::Fifo));
        }
        let version = match storage.stat(path) {
            Ok(stat) if stat.kind != FileKind::Regular => return Err(unrepeatable(stat.kind)),
            Ok(stat) => Some(Version { size: stat.size, modified: nanoseconds(stat.modified) }),
            Err(_) => None,
        };
        self.inputs.push(Input { path: path.to_path_buf(), version });
        Ok(())
    }

    /// Refuses a run that goes by anything else than this one, whose state is
    /// in `folder`.
    pub(super) fn refuse_other(&self, now: &Basis, folder: &Path) -> Result<(), CheckpointError> {
        let folder = || folder.to_path_buf();
        if self.command != now.command {
            return Err(CheckpointError::Command { folder: folder(), was: self.command.clone() });
        }
        let of = |basis: &Basis, name: &str| {
            let same = basis.options.iter().find(|(known, _)| known == name);
            same.map(|(_, value)| value.clone())
        };
        for (name, _) in now.options.iter().chain(&self.options) {
            let (was, is) = (of(self, name), of(now, name));
            if was != is {
                return Err(CheckpointError::Option {
                    folder: folder(),
                    name: name.clone(),
                    was,
                    is,
                });
            }
        }
        let refused = |input: &Input, change| {
            Err(CheckpointError::Input { folder: folder(), path: input.path.clone(), change })
        };
        for n in 0..self.inputs.len().max(now.inputs.len()) {
            let change = match (self.inputs.get(n), now.inputs.get(n)) {
                (Some(was), Some(is)) if was == is => continue,
                (Some(was), Some(is)) if was.path == is.path => match (was.version, is.version) {
                    (Some(was), Some(is)) if was.size != is.size => {
                        Change::Size { was: was.size, is: is.size }
                    }
                    (Some(_), Some(_)) => Change::Modified,
                    _ => Change::Access,
                },
                (Some(was), is)
                    if is.is_none() || !now.inputs.iter().any(|i| i.path == was.path) =>
                {
                    return refused(was, Change::Gone);
                }
                _ => Change::New,
            };
            // As many as here, or it would have been gone.
            if let Some(is) = now.inputs.get(n) {
                return refused(is, change);
            }
        }
        Ok(())
    }
}

fn nanoseconds(time: Option<SystemTime>) -> i128 {
    let Some(time) = time else { return 0 };
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}
