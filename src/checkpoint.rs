//! What a run has done so far, kept in a folder, so that a run that was killed
//! can go on.
//!
//! A run is a row of stages. What a finished stage came to is written as
//! sections, one file each, and then listed in a manifest: the sections are
//! synced before they get their names, and the manifest is written under
//! another name, synced and renamed. So a stage is there as a whole or not at
//! all, whenever the run is killed. A section that is being written has no
//! name, where the system has such files.
//!
//! The manifest also says what the run went by: version, command, options and
//! the sizes and times of change of all inputs. State that is another run's, or
//! that is damaged, is refused with the difference, never used in part.
//!
//! ```text
//! twicetold-state.lock          held while a run uses the folder
//! twicetold-state.manifest      what the run goes by, and the finished stages
//! twicetold-state.STAGE.SECTION bytes of a section
//! ```
//!
//! All integers are little-endian; the manifest ends with the XXH3-128 of all
//! before it, and has that of each section.
//!
//! * time: one write of each byte, and two reads when it is used again: one to
//!   check it, one to take it
//! * space: 256 KiB for each section being written or read

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::checkpoint::manifest::Manifest;
use crate::storage::FileKind;
use crate::storage::Lock;
use crate::storage::Storage;
use crate::storage::Temporary;

mod basis;
mod error;
mod manifest;
mod section;
#[cfg(test)]
mod tests;

pub use basis::Basis;
pub use basis::Change;
pub use error::CheckpointError;
pub use section::Reader;
pub use section::Section;

/// What the names of all files begin with.
const PREFIX: &str = "twicetold-state.";

const MANIFEST: &str = "twicetold-state.manifest";
const NEW_MANIFEST: &str = "twicetold-state.manifest-new";
const LOCK: &str = "twicetold-state.lock";

/// The state of a run in its folder, which no other run can use meanwhile.
///
/// Dropped before a stage was finished, it leaves nothing behind.
pub struct Checkpoint {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    manifest: Manifest,
    /// Stages that this run itself has finished: what it wrote needs no check.
    own: Vec<String>,
    removed: bool,
    _lock: Lock,
}

impl Checkpoint {
    /// Opens the state in `folder`, or begins one in a folder that is empty or
    /// not there yet.
    ///
    /// # Errors
    ///
    /// State that was made by a run over other inputs, with other options, by
    /// another version; that is damaged, or in use; a folder that holds
    /// anything else and no state. Nothing is changed then.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        basis: &Basis,
    ) -> Result<Checkpoint, CheckpointError> {
        let failed = |action| {
            move |source| CheckpointError::Failed { path: folder.to_path_buf(), action, source }
        };
        let made = match storage.stat(folder) {
            Ok(stat) if stat.kind == FileKind::Folder => {
                refuse_foreign(&*storage, folder)?;
                false
            }
            Ok(_) => return Err(CheckpointError::NotAFolder { folder: folder.to_path_buf() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                storage.create_folder(folder).map_err(failed("create"))?;
                true
            }
            Err(error) => return Err(failed("look at")(error)),
        };
        let lock = storage.lock(&folder.join(LOCK)).map_err(|source| {
            if made {
                // Empty; whoever made a lock in it meanwhile keeps it.
                let _ = remove_if_empty(&*storage, folder);
            }
            match source.kind() {
                io::ErrorKind::WouldBlock => {
                    CheckpointError::InUse { folder: folder.to_path_buf() }
                }
                _ => failed("lock")(source),
            }
        })?;
        let path = folder.join(MANIFEST);
        let unread =
            |source| CheckpointError::Failed { path: path.clone(), action: "read", source };
        let bytes = match storage.open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(unread)?;
                Some(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unread(error)),
        };
        let manifest = match &bytes {
            Some(bytes) => {
                let manifest = Manifest::parse(bytes, folder, &path)?;
                manifest.basis.refuse_other(basis, folder)?;
                manifest
            }
            None => Manifest { basis: basis.clone(), made, stages: Vec::new() },
        };
        let checkpoint = Checkpoint {
            storage,
            folder: folder.to_path_buf(),
            manifest,
            own: Vec::new(),
            removed: false,
            _lock: lock,
        };
        if bytes.is_none() {
            checkpoint.write_manifest()?;
        }
        checkpoint.sweep()?;
        Ok(checkpoint)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a stage was finished, in this run or one before it.
    #[must_use]
    pub fn has(&self, stage: &str) -> bool {
        self.manifest.stages.iter().any(|(name, _)| name == stage)
    }

    /// Finished stages, in order.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.manifest.stages.iter().map(|(name, _)| name.as_str())
    }

    /// Begins a section of a stage. Several may be written at a time. Dropped
    /// without [`finish`](Checkpoint::finish) it leaves nothing behind.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    ///
    /// # Panics
    ///
    /// If a name has other signs than small letters.
    pub fn section(&self, stage: &str, name: &str) -> Result<Section, CheckpointError> {
        let plain = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
        assert!(plain(stage) && plain(name), "stages and sections have plain names");
        let path = self.path(stage, name);
        let failed =
            |source| CheckpointError::Failed { path: path.clone(), action: "create", source };
        let (sink, named) =
            match self.storage.create_nameless(&self.folder, None).map_err(failed)? {
                Some(sink) => (sink, false),
                None => (self.storage.create(&path, None).map_err(failed)?, true),
            };
        Ok(Section::new(&self.storage, (name, path), sink, named))
    }

    /// Finishes a stage, which consists of these sections. When this returns
    /// it would survive a loss of power.
    ///
    /// # Errors
    ///
    /// When a section or the manifest cannot be written; the stage counts as
    /// not done then.
    ///
    /// # Panics
    ///
    /// If the stage was finished before.
    pub fn finish(&mut self, stage: &str, sections: Vec<Section>) -> Result<(), CheckpointError> {
        assert!(!self.has(stage), "a stage is finished once");
        let mut entries = Vec::with_capacity(sections.len());
        let mut complete = Vec::with_capacity(sections.len());
        for section in sections {
            let (entry, section) = section.complete()?;
            entries.push(entry);
            complete.push(section);
        }
        self.sync()?;
        self.manifest.stages.push((stage.to_owned(), entries));
        // Even if this fails, the manifest on the disk may list them by then.
        complete.into_iter().for_each(section::Complete::keep);
        self.write_manifest().inspect_err(|_| drop(self.manifest.stages.pop()))?;
        self.own.push(stage.to_owned());
        Ok(())
    }

    /// Opens a section of a finished stage, to be read from its begin.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Damaged`] when it is not what was written.
    pub fn read(&self, stage: &str, name: &str) -> Result<Reader, CheckpointError> {
        let (file, len) = self.file(stage, name)?;
        Ok(Reader::new(file, self.path(stage, name), len))
    }

    /// Opens a section of a finished stage, to be read at any place; and its
    /// length.
    ///
    /// # Errors
    ///
    /// As [`read`](Checkpoint::read).
    pub fn file(
        &self,
        stage: &str,
        name: &str,
    ) -> Result<(Box<dyn Temporary>, u64), CheckpointError> {
        let path = self.path(stage, name);
        let listed = self.manifest.stages.iter().find(|(known, _)| known == stage);
        let entry = listed.and_then(|(_, entries)| entries.iter().find(|e| e.name == name));
        let Some(entry) = entry else { return Err(CheckpointError::damaged(&path)) };
        let file = self.storage.reopen(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CheckpointError::damaged(&path),
            _ => CheckpointError::Failed { path: path.clone(), action: "read", source },
        })?;
        if !self.own.iter().any(|own| own == stage) {
            section::check(&*file, &path, entry)?;
        }
        Ok((file, entry.len))
    }

    /// Removes the state, when the run has come to its end; the folder too if
    /// it was made for it and holds nothing else.
    ///
    /// # Errors
    ///
    /// When a file cannot be removed.
    pub fn remove(mut self) -> Result<(), CheckpointError> {
        self.removed = true;
        self.clear()
    }

    fn clear(&self) -> Result<(), CheckpointError> {
        // What is left when the manifest is gone is no state any more. The
        // lock comes last: then another run may begin here.
        let remove = |name: &Path| match self.storage.remove(&self.folder.join(name)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                let path = self.folder.join(name);
                Err(CheckpointError::Failed { path, action: "remove", source })
            }
            _ => Ok(()),
        };
        remove(Path::new(MANIFEST))?;
        for name in own_names(&*self.storage, &self.folder)? {
            if name != Path::new(LOCK) {
                remove(&name)?;
            }
        }
        remove(Path::new(LOCK))?;
        if self.manifest.made {
            // Another run may have begun in it by now.
            let _ = remove_if_empty(&*self.storage, &self.folder);
        }
        Ok(())
    }

    /// Removes what no finished stage holds.
    fn sweep(&self) -> Result<(), CheckpointError> {
        let mut listed = vec![PathBuf::from(MANIFEST), PathBuf::from(LOCK)];
        for (stage, entries) in &self.manifest.stages {
            listed.extend(entries.iter().map(|e| PathBuf::from(file_name(stage, &e.name))));
        }
        for name in own_names(&*self.storage, &self.folder)? {
            if !listed.contains(&name) {
                let path = self.folder.join(name);
                self.storage.remove(&path).map_err(|source| CheckpointError::Failed {
                    path,
                    action: "remove",
                    source,
                })?;
            }
        }
        Ok(())
    }

    fn write_manifest(&self) -> Result<(), CheckpointError> {
        let path = &*self.folder.join(NEW_MANIFEST);
        let failed = |action| {
            move |source| CheckpointError::Failed { path: path.to_path_buf(), action, source }
        };
        // One that was not renamed.
        match self.storage.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove")(error));
            }
            _ => {}
        }
        let mut file = self.storage.create(path, None).map_err(failed("create"))?;
        file.write_all(&self.manifest.bytes()).map_err(failed("write"))?;
        file.sync().map_err(failed("sync"))?;
        self.storage.rename(path, &self.folder.join(MANIFEST)).map_err(failed("rename"))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), CheckpointError> {
        self.storage.sync_folder(&self.folder).map_err(|source| CheckpointError::Failed {
            path: self.folder.clone(),
            action: "sync",
            source,
        })
    }

    fn path(&self, stage: &str, name: &str) -> PathBuf {
        self.folder.join(file_name(stage, name))
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        if self.manifest.stages.is_empty() && !self.removed {
            // What cannot be removed is swept away by the next run.
            let _ = self.clear();
        }
    }
}

fn file_name(stage: &str, name: &str) -> String {
    format!("{PREFIX}{stage}.{name}")
}

/// Names of the files in a folder that are those of a state.
fn own_names(storage: &dyn Storage, folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let names = names(storage, folder)?;
    Ok(names.into_iter().filter(|name| is_own(name)).collect())
}

fn is_own(name: &Path) -> bool {
    name.as_os_str().as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

fn names(storage: &dyn Storage, folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let mut names: Vec<PathBuf> = storage
        .list(folder)
        .map_err(|source| CheckpointError::Failed {
            path: folder.to_path_buf(),
            action: "look into",
            source,
        })?
        .into_iter()
        .map(PathBuf::from)
        .collect();
    names.sort();
    Ok(names)
}

/// Refuses a folder that holds no state and anything else.
fn refuse_foreign(storage: &dyn Storage, folder: &Path) -> Result<(), CheckpointError> {
    let names = names(storage, folder)?;
    if names.iter().any(|name| name == Path::new(MANIFEST)) {
        return Ok(());
    }
    match names.into_iter().find(|name| !is_own(name)) {
        Some(name) => Err(CheckpointError::Foreign { folder: folder.to_path_buf(), name }),
        None => Ok(()),
    }
}

fn remove_if_empty(storage: &dyn Storage, folder: &Path) -> Result<(), CheckpointError> {
    if names(storage, folder)?.is_empty() {
        storage.remove_folder(folder).map_err(|source| CheckpointError::Failed {
            path: folder.to_path_buf(),
            action: "remove",
            source,
        })?;
    }
    Ok(())
}
