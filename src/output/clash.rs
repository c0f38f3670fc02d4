//! Outputs that are inputs, or each other, are refused before anything is
//! opened for writing.
//!
//! Files are told apart by device and inode, so symbolic links, hard links
//! and `..` change nothing; names of files that do not exist yet by their
//! folder's identity and their last part. (Names that differ in case only,
//! on a file system that takes them as one, are found for existing files
//! only.) Devices may be used more than once: everything may go to
//! `/dev/null`, and a terminal is input and output.
//!
//! Time: one stat for each input and output.

use crate::output::OutputError;
use crate::output::is_standard;
use crate::storage::FileKind;
use crate::storage::Identity;
use crate::storage::Storage;
use crate::storage::folder_of;
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Where an output will end up.
#[derive(PartialEq)]
enum Place {
    /// A file that is there.
    Existing(Identity),
    /// A name in a folder.
    New(Option<Identity>, Option<OsString>),
    /// A device, a socket, or a stream without identity.
    Any,
}

/// Refuses outputs that are also inputs, and outputs that are the same file.
/// `-` stands for standard output among the outputs, for standard input among
/// the inputs; redirected to a file it is that file. Standard output can be
/// given once.
///
/// # Errors
///
/// [`OutputError::IsInput`], [`OutputError::Twice`]; [`OutputError::Failed`]
/// when an output cannot be looked at or its folder does not exist. Inputs
/// that cannot be looked at are left to their reader.
pub fn refuse_inputs(
    storage: &dyn Storage,
    outputs: &[&Path],
    inputs: &[&Path],
) -> Result<(), OutputError> {
    let mut places: Vec<(&Path, Place)> = Vec::with_capacity(outputs.len());
    for &output in outputs {
        let place = place(storage, output).map_err(|source| OutputError::Failed {
            path: output.to_path_buf(),
            action: "create",
            source,
        })?;
        let same = places.iter().find(|(other, known)| {
            (*known == place && place != Place::Any) || (is_standard(other) && is_standard(output))
        });
        if let Some((first, _)) = same {
            return Err(OutputError::Twice {
                first: first.to_path_buf(),
                second: output.to_path_buf(),
            });
        }
        places.push((output, place));
    }
    places.retain(|(_, place)| matches!(place, Place::Existing(_)));
    if places.is_empty() {
        return Ok(());
    }
    for &input in inputs {
        let Some(identity) = input_identity(storage, input) else { continue };
        if let Some((output, _)) = places.iter().find(|(_, p)| *p == Place::Existing(identity)) {
            return Err(OutputError::IsInput {
                output: output.to_path_buf(),
                input: input.to_path_buf(),
            });
        }
    }
    Ok(())
}

fn place(storage: &dyn Storage, output: &Path) -> io::Result<Place> {
    let stat = if is_standard(output) {
        match storage.stdout()?.stat() {
            Ok(stat) => stat,
            Err(_) => return Ok(Place::Any),
        }
    } else {
        match storage.stat(output) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = storage.resolve(output)?;
                let folder = storage.stat(folder_of(&name))?.identity;
                return Ok(Place::New(folder, name.file_name().map(OsString::from)));
            }
            Err(error) => return Err(error),
        }
    };
    Ok(match stat.identity {
        Some(identity) if can_clash(stat.kind) => Place::Existing(identity),
        _ => Place::Any,
    })
}

/// Devices may be used more than once, and one socket can be both standard
/// input and standard output.
fn can_clash(kind: FileKind) -> bool {
    matches!(kind, FileKind::Regular | FileKind::Fifo)
}

fn input_identity(storage: &dyn Storage, input: &Path) -> Option<Identity> {
    let stat = if is_standard(input) {
        storage.stdin().and_then(|source| source.stat())
    } else {
        storage.stat(input)
    };
    stat.ok().filter(|stat| can_clash(stat.kind))?.identity
}
