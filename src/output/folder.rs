//! A new folder of files: whole or not at all.
//!
//! It is filled under a temporary name beside its final one and renamed when
//! all is on the disk. After an error, or a signal, nothing is left of it. As
//! no folder is without a name, `kill -9` leaves what was filled; so it is made
//! when the first file is to come into it, at the end of a run, and the next
//! run with the same output removes what a dead one left: nobody holds its lock.
//!
//! Time: one call of the system that syncs everything, where there is one;
//! else one a file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::output::OutputError;
use crate::output::Outputs;
use crate::output::Temporaries;
use crate::output::ended;
use crate::output::temporarily;
use crate::output::temporary_name;
use crate::output::temporary_prefix;
use crate::storage::FileKind;
use crate::storage::Lock;
use crate::storage::Sink;
use crate::storage::folder_of;

/// A folder that is being filled. Dropped without a commit
/// ([`Outputs::commit_with_folder`]) it leaves nothing behind.
pub struct OutputFolder {
    path: PathBuf,
    /// None before the first file comes, and once renamed.
    temporary: Option<PathBuf>,
    renamed: bool,
    /// Tells others that it is being filled; none where folders have no locks.
    lock: Option<Lock>,
    target: PathBuf,
    /// Folders inside that were made.
    inner: BTreeSet<PathBuf>,
    files: Vec<PathBuf>,
    outputs: Arc<Outputs>,
}

/// A file in it that is being written.
pub struct FolderFile {
    sink: Box<dyn Sink>,
    path: PathBuf,
}

impl Outputs {
    /// Begins a folder that does not exist yet.
    ///
    /// # Errors
    ///
    /// [`OutputError::Exists`]; [`OutputError::Failed`] when no folder can be
    /// made beside it.
    pub fn open_folder(self: &Arc<Outputs>, path: &Path) -> Result<OutputFolder, OutputError> {
        let failed =
            |source| OutputError::Failed { path: path.to_path_buf(), action: "create", source };
        // Without a separator at its end.
        let target: PathBuf = path.components().collect();
        match self.storage.stat(&target) {
            Ok(_) => return Err(OutputError::Exists { path: path.to_path_buf() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        temporary_name(&target, 0).map_err(failed)?;
        if self.lock().closed {
            return Err(failed(ended()));
        }
        self.remove_dead(&target);
        // A file that nobody sees shows whether anything can be made there.
        let seen = self.storage.create_nameless(folder_of(&target), None).map_err(failed)?;
        let mut folder = OutputFolder {
            path: path.to_path_buf(),
            temporary: None,
            renamed: false,
            lock: None,
            target,
            inner: BTreeSet::new(),
            files: Vec::new(),
            outputs: Arc::clone(self),
        };
        if seen.is_none() {
            folder.make(&mut self.lock()).map_err(failed)?;
        }
        Ok(folder)
    }
}

impl Outputs {
    /// Removes what dead runs left of a folder, as far as that can be told and
    /// done: it stands in nobody's way.
    fn remove_dead(&self, target: &Path) {
        let Ok(prefix) = temporary_prefix(target) else { return };
        let is_left = |name: &OsString| {
            let (name, prefix) = (name.as_encoded_bytes(), prefix.as_encoded_bytes());
            name.starts_with(prefix) && name.ends_with(b".tmp")
        };
        let names = self.storage.list(folder_of(target)).unwrap_or_default();
        for name in names.iter().filter(|name| is_left(name)) {
            let path = target.with_file_name(name);
            let is_folder =
                self.storage.stat(&path).is_ok_and(|stat| stat.kind == FileKind::Folder);
            if is_folder && let Ok(_lock) = self.storage.lock_folder(&path) {
                let _ = self.storage.remove_folder(&path);
            }
        }
    }
}

impl OutputFolder {
    /// The path, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that is filled, made if it is not there yet.
    fn make(&mut self, temporaries: &mut Temporaries) -> io::Result<PathBuf> {
        if let Some(temporary) = &self.temporary {
            return Ok(temporary.clone());
        }
        if self.renamed {
            return Err(io::Error::other("the folder is finished"));
        }
        let create = |temporary: &Path| self.outputs.storage.create_folder(temporary);
        let ((), temporary) = temporarily(&self.target, temporaries, create)?;
        temporaries.paths.retain(|path| *path != temporary);
        temporaries.folders.push(temporary.clone());
        self.lock = self.outputs.storage.lock_folder(&temporary).ok();
        self.temporary = Some(temporary.clone());
        Ok(temporary)
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Creates a file, and the folders on the way to it. `name` must lead down
    /// only.
    ///
    /// # Errors
    ///
    /// [`OutputError::Failed`], also when there is a file of that name.
    pub fn create(&mut self, name: &Path) -> Result<FolderFile, OutputError> {
        let shown = self.path.join(name);
        let failed = |source| OutputError::Failed { path: shown.clone(), action: "create", source };
        // Held while creating: nothing may come into a folder that is being
        // removed.
        let outputs = Arc::clone(&self.outputs);
        let mut temporaries = outputs.lock();
        if temporaries.closed {
            return Err(failed(ended()));
        }
        let temporary = self.make(&mut temporaries).map_err(failed)?;
        let storage = &outputs.storage;
        let way: Vec<&Path> = name.ancestors().skip(1).collect();
        for folder in way.into_iter().rev().filter(|f| !f.as_os_str().is_empty()) {
            if !self.inner.contains(folder) {
                storage.create_folder(&temporary.join(folder)).map_err(failed)?;
                self.inner.insert(folder.to_path_buf());
            }
        }
        let sink = storage.create(&temporary.join(name), None).map_err(failed)?;
        drop(temporaries);
        self.files.push(name.to_path_buf());
        Ok(FolderFile { sink, path: shown })
    }

    /// Makes all of it survive a loss of power.
    pub(super) fn finish(&mut self) -> Result<(), OutputError> {
        let outputs = Arc::clone(&self.outputs);
        let made = self.make(&mut outputs.lock());
        let failed =
            |source| OutputError::Failed { path: self.path.clone(), action: "sync", source };
        let temporary = &made.map_err(failed)?;
        let storage = &outputs.storage;
        if storage.sync_system(temporary).map_err(failed)? {
            return Ok(());
        }
        for name in &self.files {
            let mut file = storage.open_existing(&temporary.join(name)).map_err(failed)?;
            file.sync().map_err(failed)?;
        }
        for inner in &self.inner {
            storage.sync_folder(&temporary.join(inner)).map_err(failed)?;
        }
        storage.sync_folder(temporary).map_err(failed)
    }

    /// Gives it its final name.
    pub(super) fn rename(&mut self, temporaries: &mut Temporaries) -> Result<(), OutputError> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        let renamed = self.outputs.storage.rename(temporary, &self.target);
        renamed.map_err(|source| OutputError::Failed {
            path: self.path.clone(),
            action: "rename",
            source,
        })?;
        temporaries.folders.retain(|path| path != temporary);
        (self.temporary, self.renamed) = (None, true);
        Ok(())
    }
}

impl FolderFile {
    /// Writes all of `bytes`, without a buffer.
    ///
    /// # Errors
    ///
    /// [`OutputError::Failed`].
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.sink.write_all(bytes).map_err(|source| OutputError::Failed {
            path: self.path.clone(),
            action: "write",
            source,
        })
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        let Some(temporary) = self.temporary.take() else { return };
        let mut temporaries = self.outputs.lock();
        // A folder that cannot be removed stays listed, for `remove_all` to
        // try again and to report.
        if self.outputs.storage.remove_folder(&temporary).is_ok() {
            temporaries.folders.retain(|path| *path != temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Disk;
    use crate::storage::failing::Failing;
    use crate::storage::failing::Fault;
    use crate::storage::failing::Op;
    use std::fs;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fill(outputs: &Arc<Outputs>, path: &Path) -> Result<OutputFolder, OutputError> {
        let mut folder = outputs.open_folder(path)?;
        for name in ["a", "x/y/b", "x/c"] {
            folder.create(Path::new(name))?.put(name.as_bytes())?;
        }
        Ok(folder)
    }

    #[test]
    fn a_folder_stands_under_its_name_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let outputs = Outputs::new(Arc::new(Disk));
        let folder = fill(&outputs, &dir.path().join("new/")).unwrap();
        assert!(!dir.path().join("new").exists());
        outputs.commit_with_folder(Vec::new(), Some(folder)).unwrap();
        assert_eq!(names(dir.path()), ["new"]);
        assert_eq!(names(&dir.path().join("new")), ["a", "x"]);
        assert_eq!(fs::read(dir.path().join("new/x/y/b")).unwrap(), b"x/y/b");
        let again = outputs.open_folder(&dir.path().join("new")).err().unwrap();
        assert!(again.to_string().contains("exists already"), "{again}");
    }

    #[test]
    fn what_is_not_committed_leaves_nothing_nor_does_a_signal() {
        let dir = tempfile::tempdir().unwrap();
        let outputs = Outputs::new(Arc::new(Disk));
        drop(fill(&outputs, &dir.path().join("new")).unwrap());
        assert!(names(dir.path()).is_empty());
        let mut folder = fill(&outputs, &dir.path().join("new")).unwrap();
        assert!(outputs.remove_all().is_empty());
        assert!(names(dir.path()).is_empty());
        folder.create(Path::new("late")).err().unwrap();
        outputs.commit_with_folder(Vec::new(), Some(folder)).unwrap_err();
        assert!(names(dir.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn what_a_dead_run_left_is_removed_and_what_a_live_one_fills_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let dead = dir.path().join(".new.twicetold-1-0.tmp");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("a"), "half").unwrap();
        for other in [".new.twicetold-1-1.tmp.d", ".other.twicetold-1-0.tmp"] {
            fs::create_dir(dir.path().join(other)).unwrap();
        }
        fs::write(dir.path().join(".new.twicetold-1-2.tmp"), "a file").unwrap();
        let before = names(dir.path()).len();
        let live = fill(&Outputs::new(Arc::new(Disk)), &dir.path().join("new")).unwrap();
        assert!(!dead.exists());
        assert_eq!(names(dir.path()).len(), before);
        let second = fill(&Outputs::new(Arc::new(Disk)), &dir.path().join("new")).unwrap();
        assert_eq!(names(dir.path()).len(), before + 1, "both are there");
        drop((live, second));
        assert_eq!(names(dir.path()).len(), before - 1);
    }

    #[test]
    fn wherever_it_fails_all_or_nothing_is_there() {
        for op in Op::ALL {
            for n in 1.. {
                let dir = tempfile::tempdir().unwrap();
                let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::StorageFull));
                let outputs = Outputs::new(Arc::new(storage.clone()));
                let done = fill(&outputs, &dir.path().join("new"))
                    .and_then(|f| outputs.commit_with_folder(Vec::new(), Some(f)));
                if !storage.fired() {
                    done.unwrap();
                    break;
                }
                if op == Op::Open {
                    // What others left is removed where that can be done.
                    done.unwrap();
                    continue;
                }
                let synced = op == Op::SyncFolder;
                assert!(done.is_err(), "{op:?} {n}");
                let whole = names(dir.path()) == ["new"];
                assert!(whole == synced && (whole || names(dir.path()).is_empty()), "{op:?} {n}");
            }
        }
    }
}
