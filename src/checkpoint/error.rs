//! Why state cannot be used, in words that say what to do.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::checkpoint::basis::Change;
use crate::checkpoint::manifest;
use crate::storage::FileKind;
use crate::storage::Shown;
use crate::storage::folder_of;

/// Why the state of a run cannot be used or kept.
#[derive(Debug)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system refused.
    Failed {
        /// The file or the folder.
        path: PathBuf,
        /// What was tried: `create`, `write`, `sync`, …
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What is named is no folder.
    NotAFolder {
        /// What is named.
        folder: PathBuf,
    },
    /// Another run uses it.
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds no state, and something else.
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The first name in it.
        name: PathBuf,
    },
    /// A file of the state is not what was written.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The state was made by another version of this program.
    Version {
        /// The folder.
        folder: PathBuf,
        /// The version that made it.
        made: String,
    },
    /// The state is that of another command.
    Command {
        /// The folder.
        folder: PathBuf,
        /// The command that made it.
        was: String,
    },
    /// An option differs.
    Option {
        /// The folder.
        folder: PathBuf,
        /// The option.
        name: String,
        /// What it was; none: it was not given.
        was: Option<String>,
        /// What it is.
        is: Option<String>,
    },
    /// An input differs.
    Input {
        /// The folder.
        folder: PathBuf,
        /// The input.
        path: PathBuf,
        /// How it differs.
        change: Change,
    },
    /// An input that cannot be read twice.
    Unrepeatable {
        /// The input.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
}

impl CheckpointError {
    pub(super) fn damaged(path: &Path) -> CheckpointError {
        let folder = folder_of(path).to_path_buf();
        CheckpointError::Damaged { path: path.to_path_buf(), folder }
    }
}

/// What to do about state that cannot be used.
struct Remedy<'a>(&'a Path);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "; remove {} to begin anew, or name another folder", Shown(self.0))
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::Failed { path, action, source } => {
                write!(f, "cannot {action} {}: ", Shown(path))?;
                match source.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        f.write_str("the disk is full")?;
                    }
                    _ => write!(f, "{source}")?,
                }
                f.write_str("; --resume names another folder, or leave it out")
            }
            CheckpointError::NotAFolder { folder } => {
                write!(f, "--resume names {}, which is no folder; name another", Shown(folder))
            }
            CheckpointError::InUse { folder } => write!(
                f,
                "another run uses {} just now; wait for its end, or name another folder with \
                 --resume",
                Shown(folder)
            ),
            CheckpointError::Foreign { folder, name } => write!(
                f,
                "{} holds {} and no state of a run; name an empty or a new folder with --resume",
                Shown(folder),
                Shown(name)
            ),
            CheckpointError::Damaged { path, folder } => {
                write!(
                    f,
                    "{} is damaged: it is not what was written{}",
                    Shown(path),
                    Remedy(folder)
                )
            }
            CheckpointError::Version { folder, made } => write!(
                f,
                "{} was made by version {}, and this is {}; go on with that version{}",
                Shown(folder),
                Shown(Path::new(made)),
                manifest::VERSION,
                Remedy(folder)
            ),
            CheckpointError::Command { folder, was } => write!(
                f,
                "{} holds the state of a run of {}{}",
                Shown(folder),
                Shown(Path::new(was)),
                Remedy(folder)
            ),
            CheckpointError::Option { folder, name, was, is } => {
                write!(f, "the run in {} had ", Shown(folder))?;
                let shown = |value: &str| Shown(Path::new(value)).to_string();
                match (was, is) {
                    (Some(was), Some(is)) => {
                        write!(f, "{name} {}, and this one has {}", shown(was), shown(is))?;
                    }
                    (Some(was), None) => {
                        write!(f, "{name} {}, which this one has not", shown(was))?;
                    }
                    (None, Some(is)) => {
                        write!(f, "no {name}, and this one has {}", shown(is))?;
                    }
                    (None, None) => write!(f, "another {name}")?,
                }
                write!(f, "{}", Remedy(folder))
            }
            CheckpointError::Input { folder, path, change } => {
                write!(f, "{} {change}, so that the run in ", Shown(path))?;
                write!(f, "{} cannot go on{}", Shown(folder), Remedy(folder))
            }
            CheckpointError::Unrepeatable { path, kind } => {
                if path.as_os_str() == "-" {
                    f.write_str("standard input")?;
                } else {
                    write!(f, "{} is a {kind}, which", Shown(path))?;
                }
                f.write_str(
                    " cannot be read a second time, so that no run over it can be resumed; write \
                     it to a file first, or leave out --resume",
                )
            }
        }
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CheckpointError::Failed { source, .. } => Some(source),
            _ => None,
        }
    }
}
