//! Archive and fates -> the text files that stay: their paths, or copies of
//! them in a folder.
//!
//! * time: nothing but the writing; copies are read once more
//! * space: the names in the folder; a file's bytes pass in blocks

use std::path::Path;
use std::path::PathBuf;

use ahash::AHashMap;

use crate::output::folder::OutputFolder;
use crate::run::RunError;
use crate::run::dedup::DedupRunError;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::sinks::Sink;
use crate::run::documents::Outcome;

/// What is written.
pub(super) struct Files<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) found: &'a Outcome,
}

impl Files<'_> {
    fn path(&self, record: u32) -> Result<&Path, RunError> {
        Ok(self.archive.path(self.archive.row(record)?.entry))
    }

    /// Writes the paths of the files from record `first` on, one a line.
    pub(super) fn list(
        &self,
        first: u32,
        kept: &mut Sink,
        removed: &mut Sink,
    ) -> Result<(), RunError> {
        for record in first..self.archive.records() {
            let sink = if self.found.is_kept(record) { &mut *kept } else { &mut *removed };
            sink.put_path(self.path(record)?)?;
        }
        Ok(())
    }

    /// Copies the files that stay, under the names that they have below the
    /// first of `roots` that leads to them.
    pub(super) fn copy(
        &self,
        first: u32,
        folder: &mut OutputFolder,
        roots: &[PathBuf],
    ) -> Result<(), RunError> {
        let kept = || (first..self.archive.records()).filter(|&r| self.found.is_kept(r));
        let mut names: AHashMap<PathBuf, u32> = AHashMap::new();
        for record in kept() {
            let name = name_below(self.path(record)?, roots);
            if let Some(&other) = names.get(&name) {
                let (first, second) = (self.path(other)?, self.path(record)?);
                let (first, second) = (first.to_path_buf(), second.to_path_buf());
                return Err(DedupRunError::SameName { first, second }.into());
            }
            names.insert(name, record);
        }
        for record in kept() {
            self.copy_one(record, &name_below(self.path(record)?, roots), folder)?;
        }
        Ok(())
    }

    fn copy_one(
        &self,
        record: u32,
        name: &Path,
        folder: &mut OutputFolder,
    ) -> Result<(), RunError> {
        let row = self.archive.row(record)?;
        let mut file = folder.create(name)?;
        self.archive.whole_file(&row, |bytes| Ok(file.put(bytes)?))
    }
}

/// The name of a file below the first of `roots` that leads to it: its last
/// part if it is named itself.
fn name_below(path: &Path, roots: &[PathBuf]) -> PathBuf {
    let below = roots.iter().find_map(|root| path.strip_prefix(root).ok());
    match below {
        Some(name) if !name.as_os_str().is_empty() => name.to_path_buf(),
        _ => path.file_name().unwrap_or(path.as_os_str()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_below_the_folder_that_was_named() {
        let roots = ["a/b", "a", "/c/", "x.txt", "."].map(PathBuf::from);
        for (path, name) in [
            ("a/b/c/d", "c/d"),
            ("a/x/y", "x/y"),
            ("/c/d", "d"),
            ("x.txt", "x.txt"),
            ("./e/f", "e/f"),
            ("../g", "g"),
        ] {
            assert_eq!(name_below(Path::new(path), &roots), Path::new(name), "{path}");
        }
    }
}
