//! The folder in which a run leaves its state for one that goes on.

use std::path::Path;
use std::sync::Arc;

use twicetold::checkpoint::Basis;
use twicetold::checkpoint::Checkpoint;
use twicetold::checkpoint::CheckpointError;
use twicetold::storage::Disk;
use twicetold::storage::Shown;
use twicetold::storage::folder_of;

use crate::cli::Failure;
use crate::cli::messages::Messages;

/// The state of a run over the inputs `paths` in a folder: new, or of a run
/// that was killed.
pub(crate) fn open(
    folder: &Path,
    paths: &[&Path],
    basis: impl FnOnce() -> Result<Basis, CheckpointError>,
    messages: &Messages,
) -> Result<Checkpoint, Failure> {
    // What is written there must not be read as input by the next run.
    let whole = |path: &Path| path.canonicalize().ok();
    let own = whole(folder).or_else(|| Some(whole(folder_of(folder))?.join(folder.file_name()?)));
    for path in paths {
        if own.as_ref().zip(whole(path)).is_some_and(|(own, path)| own.starts_with(path)) {
            return Err(Failure::Usage(format!(
                "--resume names {}, which lies in the input {}; name a folder elsewhere",
                Shown(folder),
                Shown(path)
            )));
        }
    }
    let state = Checkpoint::open(Arc::new(Disk), folder, &basis()?)?;
    let done: Vec<&str> = state.stages().collect();
    if !done.is_empty() {
        let done = done.join(", ");
        messages.note(&format!("going on from {}, which has: {done}", Shown(folder)));
    }
    Ok(state)
}

/// Removes the state of a run whose outputs are written.
pub(crate) fn remove(state: Option<Checkpoint>, messages: &Messages) {
    if let Some(Err(error)) = state.map(Checkpoint::remove) {
        messages.warning(&format!("the outputs are written, but {error}"));
    }
}
