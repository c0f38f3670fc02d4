//! From paths to the files to be read.
//!
//! A named file is an entry; a folder stands for the files in it and in its
//! folders, but for hidden ones and those that ignore files name. The rules
//! are ripgrep's, from the same crate: `.gitignore`, `.ignore`, `.rgignore`,
//! `.git/info/exclude` and git's global file, also those of the folders above.
//! Symbolic links found in a folder are not followed, so loops end; each is
//! noted, and named ones are followed. Files of a folder that are to be written
//! are left out, so that a report can stand beside what it is about.
//!
//! Order: as named; within a folder by the bytes of the path. It does not
//! depend on the order in which the file system lists names. A file reached
//! twice (by the same path, a hard link, a link) is read once, at its first
//! place.
//!
//! Time: one stat a file. Space: the paths.

use crate::input::Entry;
use crate::input::InputError;
use crate::input::InputKind;
use crate::input::Kind;
use crate::input::Note;
use crate::input::NoteKind;
use crate::input::is_stdin;
use crate::storage::FileKind;
use crate::storage::Identity;
use crate::storage::Stat;
use crate::storage::Storage;
use ignore::WalkBuilder;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Expands `paths` into the files to be read, in the order documented above;
/// `-` is standard input, which holds `stdin` unless `kind` says otherwise.
/// Files in folders that the run has another use for, `taken` (`-` is standard
/// output), are left out; named ones are not.
///
/// Named files are opened and closed again, named folders listed, so that a
/// name that is wrong ends the run before any work. No paths, no entries.
///
/// # Errors
///
/// [`InputError::Failed`] when a named path does not exist or cannot be read,
/// [`InputError::NotAFile`] when it is a socket or the like.
pub fn expand(
    storage: &dyn Storage,
    paths: &[PathBuf],
    kind: InputKind,
    stdin: Kind,
    taken: &[&Path],
) -> Result<(Vec<Entry>, Vec<Note>), InputError> {
    let mut expansion = Expansion {
        storage,
        kind,
        taken: taken.iter().filter_map(|path| existing(storage, path)).collect(),
        entries: Vec::new(),
        notes: Vec::new(),
        seen: HashMap::new(),
        stdin_seen: false,
    };
    for path in paths {
        if is_stdin(path) {
            expansion.stdin(stdin);
        } else {
            expansion.named(path)?;
        }
    }
    Ok((expansion.entries, expansion.notes))
}

struct Expansion<'a> {
    storage: &'a dyn Storage,
    kind: InputKind,
    /// Files with another use that are there already.
    taken: Vec<Identity>,
    entries: Vec<Entry>,
    notes: Vec<Note>,
    /// The entry of each file met, looked up only.
    seen: HashMap<Identity, usize>,
    stdin_seen: bool,
}

impl Expansion<'_> {
    fn stdin(&mut self, default: Kind) {
        if self.stdin_seen {
            let path = PathBuf::from("-");
            self.notes.push(Note { path: path.clone(), kind: NoteKind::Repeated(path) });
            return;
        }
        self.stdin_seen = true;
        let kind = match self.kind {
            InputKind::Auto => default,
            InputKind::Text => Kind::Text,
            InputKind::Jsonl => Kind::Jsonl,
        };
        // Without a stat it is a stream like any other.
        let stat = self.storage.stdin().and_then(|source| source.stat()).ok();
        self.add(PathBuf::from("-"), stat.as_ref(), kind, true);
    }

    fn named(&mut self, path: &Path) -> Result<(), InputError> {
        let failed = |source| InputError::Failed { path: path.to_path_buf(), source };
        let stat = self.storage.stat(path).map_err(failed)?;
        match stat.kind {
            FileKind::Folder => return self.folder(path),
            FileKind::Regular => {
                self.storage.open(path).map_err(failed)?;
            }
            // Opening a pipe would take its writer's only reader away.
            FileKind::Fifo | FileKind::Device => {}
            kind => return Err(InputError::NotAFile { path: path.to_path_buf(), kind }),
        }
        self.add(path.to_path_buf(), Some(&stat), self.kind_of(path), true);
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result<(), InputError> {
        let (mut found, mut links): (Vec<PathBuf>, Vec<PathBuf>) = Default::default();
        let walk = WalkBuilder::new(folder).add_custom_ignore_filename(".rgignore").build();
        for item in walk {
            match item {
                Ok(entry) => {
                    if let Some(error) = entry.error() {
                        self.notes.push(Note {
                            path: entry.path().to_path_buf(),
                            kind: NoteKind::IgnoreRule(error.to_string()),
                        });
                    }
                    let Some(kind) = entry.file_type().filter(|_| entry.depth() > 0) else {
                        continue;
                    };
                    if kind.is_symlink() {
                        links.push(entry.into_path());
                    } else if !kind.is_dir() {
                        found.push(entry.into_path());
                    }
                }
                Err(error) => self.unlisted(folder, error)?,
            }
        }
        for paths in [&mut found, &mut links] {
            paths.sort_by(|a, b| bytes(a.as_os_str()).cmp(bytes(b.as_os_str())));
        }
        self.notes.extend(links.into_iter().map(|path| Note { path, kind: NoteKind::Link }));
        for path in found {
            match self.storage.stat(&path) {
                Ok(stat) if stat.identity.is_some_and(|i| self.taken.contains(&i)) => {
                    self.notes.push(Note { path, kind: NoteKind::Taken });
                }
                Ok(stat) if stat.kind == FileKind::Regular => {
                    let kind = self.kind_of(&path);
                    self.add(path, Some(&stat), kind, false);
                }
                Ok(stat) => self.notes.push(Note { path, kind: NoteKind::Special(stat.kind) }),
                Err(error) => {
                    self.notes.push(Note { path, kind: NoteKind::Unreadable(error.to_string()) })
                }
            }
        }
        Ok(())
    }

    /// A folder or file that could not be listed: an error if it is the one
    /// that was named.
    fn unlisted(&mut self, folder: &Path, error: ignore::Error) -> Result<(), InputError> {
        let path = path_of(&error).unwrap_or(folder).to_path_buf();
        let text = match error.io_error() {
            Some(error) => error.to_string(),
            None => error.to_string(),
        };
        if error.depth() == Some(0) || path == folder {
            let source = error.into_io_error().unwrap_or_else(|| io::Error::other(text));
            return Err(InputError::Failed { path, source });
        }
        self.notes.push(Note { path, kind: NoteKind::Unreadable(text) });
        Ok(())
    }

    fn add(&mut self, path: PathBuf, stat: Option<&Stat>, kind: Kind, named: bool) {
        // A device may be named twice: a terminal goes on after its end.
        let identity = stat.filter(|s| s.kind != FileKind::Device).and_then(|s| s.identity);
        if let Some(&first) = identity.and_then(|identity| self.seen.get(&identity)) {
            self.entries[first].named |= named;
            let first = self.entries[first].path.clone();
            self.notes.push(Note { path, kind: NoteKind::Repeated(first) });
            return;
        }
        if let Some(identity) = identity {
            self.seen.insert(identity, self.entries.len());
        }
        let size = stat.filter(|s| s.kind == FileKind::Regular).map(|s| s.size);
        self.entries.push(Entry { path, kind, named, size });
    }

    fn kind_of(&self, path: &Path) -> Kind {
        match self.kind {
            InputKind::Auto => kind_by_name(path),
            InputKind::Text => Kind::Text,
            InputKind::Jsonl => Kind::Jsonl,
        }
    }
}

/// The regular file behind a path.
fn existing(storage: &dyn Storage, path: &Path) -> Option<Identity> {
    let stat = if is_stdin(path) {
        storage.stdout().and_then(|sink| sink.stat())
    } else {
        storage.stat(path)
    };
    stat.ok().filter(|stat| stat.kind == FileKind::Regular)?.identity
}

fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// What a file holds, by its name, in small or capital letters.
#[must_use]
pub fn kind_by_name(path: &Path) -> Kind {
    let name = path.file_name().map(|name| bytes(name).to_ascii_lowercase()).unwrap_or_default();
    let ending = [&b".gz"[..], b".zst"].into_iter().find(|&e| name.ends_with(e));
    let stem = name.strip_suffix(ending.unwrap_or_default()).unwrap_or(&name);
    let records = stem.ends_with(b".jsonl") || stem.ends_with(b".ndjson");
    if records { Kind::Jsonl } else { Kind::Text }
}

/// The path that an error of the walk names.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
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
    use tempfile::TempDir;

    /// A folder with these files, made in this order; names ending in `/` are
    /// folders.
    fn tree(names: &[&str]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, *name).unwrap();
            }
        }
        dir
    }

    fn expand_in(dir: &TempDir, paths: &[&str]) -> Result<(Vec<Entry>, Vec<Note>), InputError> {
        let paths: Vec<PathBuf> = paths.iter().map(|p| dir.path().join(p)).collect();
        expand(&Disk, &paths, InputKind::Auto, Kind::Text, &[])
    }

    fn names(dir: &TempDir, entries: &[Entry]) -> Vec<String> {
        let relative = |e: &Entry| e.path.strip_prefix(dir.path()).unwrap().to_owned();
        entries.iter().map(|e| relative(e).to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn nothing_named_is_nothing_and_an_empty_folder_too() {
        let dir = tree(&["d/"]);
        let nothing = expand(&Disk, &[], InputKind::Auto, Kind::Text, &[]).unwrap();
        assert_eq!(nothing, (vec![], vec![]));
        assert_eq!(expand_in(&dir, &["d"]).unwrap(), (vec![], vec![]));
    }

    #[test]
    fn files_of_a_folder_come_by_the_bytes_of_their_paths() {
        let sorted = ["a.txt", "a/b", "a/b.txt", "a/c/d", "b", "z"];
        let mut made = sorted;
        made.reverse();
        for order in [sorted, made] {
            let dir = tree(&order);
            let (entries, notes) = expand_in(&dir, &[""]).unwrap();
            assert_eq!(names(&dir, &entries), sorted);
            assert!(notes.is_empty());
            assert!(entries.iter().all(|e| !e.named && e.size.is_some()));
        }
    }

    #[test]
    fn named_paths_keep_their_order() {
        let dir = tree(&["b", "a", "d/x"]);
        let (entries, _) = expand_in(&dir, &["b", "d", "a"]).unwrap();
        assert_eq!(names(&dir, &entries), ["b", "d/x", "a"]);
        assert_eq!(entries.iter().map(|e| e.named).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn hidden_and_ignored_files_are_left_out_of_folders_but_not_when_named() {
        let dir = tree(&["a", ".hidden", "b.log", "deep/c.log", "deep/d", "e.tmp", "f.rg"]);
        fs::write(dir.path().join(".ignore"), "*.log\n").unwrap();
        fs::write(dir.path().join(".rgignore"), "*.rg\n").unwrap();
        fs::create_dir(dir.path().join(".git")).unwrap();
        fs::write(dir.path().join(".gitignore"), "*.tmp\n").unwrap();
        let (entries, _) = expand_in(&dir, &[""]).unwrap();
        assert_eq!(names(&dir, &entries), ["a", "deep/d"]);
        let (entries, _) = expand_in(&dir, &["b.log", ".hidden"]).unwrap();
        assert_eq!(names(&dir, &entries), ["b.log", ".hidden"]);
    }

    #[test]
    fn a_file_reached_twice_is_read_once() {
        let dir = tree(&["d/a", "d/b"]);
        let (entries, notes) = expand_in(&dir, &["d", "d/a", "d/../d/b", "d"]).unwrap();
        assert_eq!(names(&dir, &entries), ["d/a", "d/b"]);
        assert!(entries.iter().all(|e| e.named), "named in the end");
        assert_eq!(notes.len(), 4);
        assert!(notes.iter().all(|n| !n.is_loss() && matches!(n.kind, NoteKind::Repeated(_))));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("d/a", dir.path().join("soft")).unwrap();
            fs::hard_link(dir.path().join("d/a"), dir.path().join("d/c")).unwrap();
            let (entries, _) = expand_in(&dir, &["soft", "d"]).unwrap();
            assert_eq!(names(&dir, &entries), ["soft", "d/b"]);
        }
    }

    #[test]
    fn what_is_named_and_missing_is_an_error() {
        let dir = tree(&["a"]);
        let error = expand_in(&dir, &["a", "no"]).unwrap_err();
        assert!(matches!(error, InputError::Failed { .. }));
        assert!(error.to_string().ends_with("check the name"), "{error}");
        expand_in(&dir, &["a/b"]).unwrap_err();
        expand_in(&dir, &["no/"]).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn links_in_folders_are_not_followed_and_loops_end() {
        use std::os::unix::fs::symlink;
        let dir = tree(&["d/a", "out"]);
        symlink("..", dir.path().join("d/up")).unwrap();
        symlink("../out", dir.path().join("d/out")).unwrap();
        symlink("d", dir.path().join("link")).unwrap();
        symlink("nowhere", dir.path().join("broken")).unwrap();
        let (entries, notes) = expand_in(&dir, &["d"]).unwrap();
        assert_eq!(names(&dir, &entries), ["d/a"]);
        let noted: Vec<_> = notes.iter().map(|n| n.path.strip_prefix(dir.path())).collect();
        assert_eq!(noted, ["d/out", "d/up"].map(|name| Ok(Path::new(name))));
        assert!(notes.iter().all(|n| n.kind == NoteKind::Link && n.is_skip() && !n.is_loss()));
        let (entries, _) = expand_in(&dir, &["link"]).unwrap();
        assert_eq!(names(&dir, &entries), ["link/a"], "a named link is followed");
        expand_in(&dir, &["broken"]).unwrap_err();
    }

    #[test]
    fn files_that_are_to_be_written_are_no_inputs_unless_they_are_named() {
        let dir = tree(&["d/a", "d/report", "b"]);
        let at = |names: &[&str]| -> Vec<PathBuf> {
            names.iter().map(|name| dir.path().join(name)).collect()
        };
        let outputs = at(&["d/../d/report", "d/new", "b", "d"]);
        let outputs: Vec<&Path> = outputs.iter().map(PathBuf::as_path).collect();
        let with = |paths: &[&str]| {
            let kind = InputKind::Auto;
            expand(&Disk, &at(paths), kind, Kind::Text, &outputs).unwrap()
        };
        let (entries, notes) = with(&["d"]);
        assert_eq!(names(&dir, &entries), ["d/a"]);
        assert_eq!(notes, [Note { path: dir.path().join("d/report"), kind: NoteKind::Taken }]);
        assert!(!notes[0].is_loss() && !notes[0].is_skip());
        let (entries, notes) = with(&["d", "d/report", "b"]);
        assert_eq!(names(&dir, &entries), ["d/a", "d/report", "b"], "left to the refusal");
        assert_eq!(notes.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_sockets_in_folders_are_passed_over_with_a_note() {
        let dir = tree(&["a"]);
        crate::storage::failing::make_fifo(&dir.path().join("pipe.jsonl"));
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let (entries, notes) = expand_in(&dir, &[""]).unwrap();
        assert_eq!(names(&dir, &entries), ["a"]);
        let kinds: Vec<&NoteKind> = notes.iter().map(|n| &n.kind).collect();
        let [fifo, socket] = [FileKind::Fifo, FileKind::Socket].map(NoteKind::Special);
        assert_eq!(kinds, [&fifo, &socket]);
        assert!(notes.iter().all(|n| !n.is_loss() && n.is_skip()));

        let (entries, _) = expand_in(&dir, &["pipe.jsonl"]).unwrap();
        assert_eq!((entries[0].kind, entries[0].size), (Kind::Jsonl, None));
        let error = expand_in(&dir, &["socket"]).unwrap_err();
        assert!(error.to_string().contains("it is a socket"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn any_bytes_are_a_name() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tree(&["-", "new\nline", "quote\"'"]);
        fs::write(dir.path().join(OsStr::from_bytes(b"\xff\xfe")), "x").unwrap();
        let (entries, _) = expand_in(&dir, &[""]).unwrap();
        assert_eq!(entries.len(), 4);
        assert!(entries.iter().all(|e| !e.is_stdin()));
    }

    #[test]
    fn records_are_told_by_the_name() {
        let jsonl = ["a.jsonl", "a.ndjson", "a.JSONL.GZ", "b.x.ndjson.zst", ".jsonl"];
        let text =
            ["a.json", "jsonl", "a.jsonl.txt", "a.jsonl.gz.zst", "a.txt.gz", "", "a.jsonl.xz"];
        assert!(jsonl.iter().all(|n| kind_by_name(Path::new(n)) == Kind::Jsonl));
        assert!(text.iter().all(|n| kind_by_name(Path::new(n)) == Kind::Text));
        let dir = tree(&["a.jsonl", "b"]);
        let paths = [dir.path().to_path_buf()];
        for (kind, want) in [(InputKind::Text, Kind::Text), (InputKind::Jsonl, Kind::Jsonl)] {
            let (entries, _) = expand(&Disk, &paths, kind, Kind::Text, &[]).unwrap();
            assert!(entries.iter().all(|e| e.kind == want));
        }
    }

    #[test]
    fn standard_input_is_read_once_and_its_kind_is_the_callers() {
        let paths = ["-", "-"].map(PathBuf::from);
        let kind = |kind, stdin| expand(&Disk, &paths, kind, stdin, &[]).unwrap().0[0].kind;
        assert_eq!(kind(InputKind::Auto, Kind::Jsonl), Kind::Jsonl);
        assert_eq!(kind(InputKind::Auto, Kind::Text), Kind::Text);
        assert_eq!(kind(InputKind::Text, Kind::Jsonl), Kind::Text);
        let (entries, notes) = expand(&Disk, &paths, InputKind::Auto, Kind::Text, &[]).unwrap();
        assert_eq!((entries.len(), notes.len()), (1, 1));
        assert!(entries[0].is_stdin() && entries[0].named);
    }

    #[test]
    fn whatever_fails_is_an_error_or_counted() {
        let dir = tree(&["a", "d/b", "d/c"]);
        let paths = [dir.path().join("a"), dir.path().join("d")];
        for op in [Op::Stat, Op::Open] {
            for n in 1.. {
                let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::PermissionDenied));
                let result = expand(&storage, &paths, InputKind::Auto, Kind::Text, &[]);
                if !storage.fired() {
                    assert_eq!(result.unwrap().0.len(), 3);
                    break;
                }
                match result {
                    Err(error) => assert!(error.to_string().contains("permission"), "{error}"),
                    Ok((entries, notes)) => {
                        let losses = notes.iter().filter(|n| n.is_loss()).count();
                        assert_eq!((entries.len(), losses), (2, 1));
                    }
                }
            }
        }
    }
}
