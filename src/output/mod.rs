//! Outputs: whole or not at all.
//!
//! A regular file is written without a name in the folder of its final one,
//! and named when it is complete and on the disk; where the system has no
//! files without a name, under a temporary one (`.NAME.twicetold-PID-N.tmp`).
//! Until then the final name holds what it held before; a run that fails or is
//! killed never leaves half a file there. All outputs of a run are finished
//! and synced before the first gets its final name. Standard output, named
//! pipes and devices are written to directly.
//!
//! * `.gz` and `.zst` at the end of a name compress (gzip level 6, Zstandard
//!   level 3 with checksum); standard output is never compressed
//! * an existing regular file keeps its permissions; a symbolic link stays and
//!   the file behind it is replaced; a file that may not be written is refused
//! * after an error nothing is left; after a signal the command calls
//!   [`Outputs::remove_all`]. `kill -9` leaves nothing either, but for the
//!   instant in which a file that is to replace another has its temporary
//!   name; a temporary file where all files have names; and a folder that is
//!   being filled ([`folder`])
//!
//! What goes to a terminal gets there with control characters made visible,
//! unless its writer sees to that ([`Outputs::open_styled`]).
//!
//! Space: 256 KiB for each output, and the state of its compressor. Same
//! input, same bytes: no time and no name goes into compressed files.

mod clash;
mod encoder;
mod error;
pub mod folder;
mod terminal;

pub use clash::refuse_inputs;
pub use error::OutputError;

use crate::output::encoder::Encoder;
use crate::output::folder::OutputFolder;
use crate::output::terminal::Terminal;
use crate::storage::FileKind;
use crate::storage::Sink;
use crate::storage::Stat;
use crate::storage::Storage;
use crate::storage::folder_of;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The outputs of one run, and the temporary files behind them.
pub struct Outputs {
    storage: Arc<dyn Storage>,
    temporaries: Mutex<Temporaries>,
}

#[derive(Default)]
struct Temporaries {
    paths: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Set when the run is being ended from outside: no new files.
    closed: bool,
}

impl Outputs {
    /// No outputs yet. Clones of the handle may go to other threads.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Arc<Outputs> {
        Arc::new(Outputs { storage, temporaries: Mutex::default() })
    }

    /// Opens an output; `-` is standard output. A named pipe waits for its
    /// reader. Nothing stands under the final name before
    /// [`commit`](Outputs::commit).
    ///
    /// # Errors
    ///
    /// [`OutputError::NotAFile`] for folders and sockets;
    /// [`OutputError::Failed`] when the file exists and may not be written or
    /// when no file can be created beside it.
    pub fn open(self: &Arc<Outputs>, path: &Path) -> Result<Output, OutputError> {
        self.open_with(
            path,
            |sink| {
                if sink.is_terminal() { Box::new(Terminal::new(sink)) } else { sink }
            },
        )
    }

    /// The same for a report that colours what it writes to a terminal, and
    /// makes visible itself what would act on it.
    ///
    /// # Errors
    ///
    /// As [`open`](Outputs::open).
    pub fn open_styled(self: &Arc<Outputs>, path: &Path) -> Result<Output, OutputError> {
        self.open_with(path, |sink| sink)
    }

    fn open_with(
        self: &Arc<Outputs>,
        path: &Path,
        terminal: impl Fn(Box<dyn Sink>) -> Box<dyn Sink>,
    ) -> Result<Output, OutputError> {
        let failed =
            |action| move |source| OutputError::Failed { path: path.to_path_buf(), action, source };
        let (sink, pending) = if is_standard(path) {
            (self.storage.stdout().map_err(failed("write"))?, None)
        } else {
            match self.storage.stat(path) {
                Ok(stat) => match stat.kind {
                    FileKind::Regular if !is_virtual(path) => {
                        // A rename asks for the right to write the folder
                        // only; the file itself may be protected.
                        self.storage.open_existing(path).map_err(failed("write"))?;
                        self.create_beside(path, Some(&stat)).map_err(failed("create"))?
                    }
                    kind @ (FileKind::Folder | FileKind::Socket) => {
                        return Err(OutputError::NotAFile { path: path.to_path_buf(), kind });
                    }
                    _ => (self.storage.open_existing(path).map_err(failed("write"))?, None),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if ends_as_folder(path) {
                        let kind = FileKind::Folder;
                        return Err(OutputError::NotAFile { path: path.to_path_buf(), kind });
                    }
                    self.create_beside(path, None).map_err(failed("create"))?
                }
                Err(error) => return Err(failed("look at")(error)),
            }
        };
        // From here on `output` removes its temporary file when dropped.
        let mut output = Output {
            path: path.to_path_buf(),
            encoder: None,
            pending,
            broken: false,
            terminal: sink.is_terminal(),
            outputs: Arc::clone(self),
        };
        let synced = output.pending.is_some();
        let encoder = Encoder::new(terminal(sink), path, synced);
        output.encoder = Some(encoder.map_err(failed("create"))?);
        Ok(output)
    }

    /// Creates the file for the final name behind `path`.
    fn create_beside(
        &self,
        path: &Path,
        like: Option<&Stat>,
    ) -> io::Result<(Box<dyn Sink>, Option<Pending>)> {
        let target = self.storage.resolve(path)?;
        // The name has to be one.
        temporary_name(&target, 0)?;
        if let Some(sink) = self.storage.create_nameless(folder_of(&target), like)? {
            if self.lock().closed {
                return Err(ended());
            }
            return Ok((sink, Some(Pending { target, temporary: None, file: None })));
        }
        let create = |temporary: &Path| self.storage.create(temporary, like);
        let (sink, temporary) = temporarily(&target, &mut self.lock(), create)?;
        Ok((sink, Some(Pending { target, temporary: Some(temporary), file: None })))
    }

    /// Finishes `outputs`: all are flushed, completed and synced; then all
    /// get their final names; then their folders are synced.
    ///
    /// # Errors
    ///
    /// The first failure. Up to the first rename every final name holds what
    /// it held before; after it, each holds the old content or the whole new
    /// one. No temporary file stays.
    pub fn commit(&self, outputs: Vec<Output>) -> Result<(), OutputError> {
        self.commit_with_folder(outputs, None)
    }

    /// Finishes `outputs` and a new folder together.
    ///
    /// # Errors
    ///
    /// As [`commit`](Outputs::commit).
    pub fn commit_with_folder(
        &self,
        mut outputs: Vec<Output>,
        mut new: Option<OutputFolder>,
    ) -> Result<(), OutputError> {
        for output in &mut outputs {
            output.finish()?;
        }
        if let Some(new) = &mut new {
            new.finish()?;
        }
        let mut folders: Vec<(PathBuf, PathBuf)> = Vec::new();
        {
            // Held over all renames: a signal comes before the first or after
            // the last.
            let mut temporaries = self.lock();
            for output in &mut outputs {
                let Some(mut pending) = output.pending.take() else { continue };
                if let Err(source) = self.name(&mut pending, &mut temporaries) {
                    output.pending = Some(pending);
                    return Err(output.failed("rename", source));
                }
                let folder = folder_of(&pending.target);
                if !folders.iter().any(|(known, _)| known == folder) {
                    folders.push((folder.to_path_buf(), output.path.clone()));
                }
            }
            if let Some(new) = &mut new {
                new.rename(&mut temporaries)?;
                folders.push((folder_of(new.target()).to_path_buf(), new.path().to_path_buf()));
            }
        }
        for (folder, path) in folders {
            self.storage.sync_folder(&folder).map_err(|source| OutputError::Failed {
                path,
                action: "sync",
                source,
            })?;
        }
        Ok(())
    }

    /// Gives a finished file its final name.
    fn name(&self, pending: &mut Pending, temporaries: &mut Temporaries) -> io::Result<()> {
        let Pending { target, temporary, file } = pending;
        if temporaries.closed {
            return Err(ended());
        }
        if temporary.is_none() {
            let link = |name: &Path| match &*file {
                Some(file) => file.link(name),
                None => Err(io::Error::other("the output is not finished")),
            };
            match link(target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result,
            }
            // A link replaces nothing, a rename does.
            *temporary = Some(temporarily(target, temporaries, link)?.1);
        }
        if let Some(temporary) = temporary {
            self.storage.rename(temporary, target)?;
            temporaries.paths.retain(|path| path != temporary);
        }
        *temporary = None;
        Ok(())
    }

    /// Removes all temporary files and lets no new ones come; for the thread
    /// that handles signals. Waits for renames under way, never for writes.
    ///
    /// Returns the files that could not be removed. A commit after this
    /// fails.
    pub fn remove_all(&self) -> Vec<(PathBuf, io::Error)> {
        let mut temporaries = self.lock();
        temporaries.closed = true;
        let mut stuck = Vec::new();
        for path in std::mem::take(&mut temporaries.paths) {
            if let Err(error) = self.storage.remove(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                stuck.push((path, error));
            }
        }
        temporaries.paths = stuck.iter().map(|(path, _)| path.clone()).collect();
        for path in std::mem::take(&mut temporaries.folders) {
            if let Err(error) = self.storage.remove_folder(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                temporaries.folders.push(path.clone());
                stuck.push((path, error));
            }
        }
        stuck
    }

    fn lock(&self) -> MutexGuard<'_, Temporaries> {
        // The list is valid whatever a panicking thread was doing.
        self.temporaries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files of dead processes with our number, at most.
const TRIES: u32 = 10_000;

/// Whether a path reaches an open file through the system (`/dev/stdout`,
/// `/dev/fd/3`, `/proc/self/fd/3`): there is no name to replace.
fn is_virtual(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc"))
}

/// Whether a path says that it is a folder, though nothing is there.
fn ends_as_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.last().is_some_and(|&b| std::path::is_separator(b.into())) || path.file_name().is_none()
}

/// Names of files have at most 255 bytes on all common systems. A longer
/// name than this one does not go into the temporary name.
const LONGEST_NAME: usize = 200;

fn temporary_name(target: &Path, n: u32) -> io::Result<PathBuf> {
    let mut temporary = temporary_prefix(target)?;
    temporary.push(format!("{}-{n}.tmp", std::process::id()));
    Ok(target.with_file_name(temporary))
}

/// What temporary names begin with in all processes.
fn temporary_prefix(target: &Path) -> io::Result<OsString> {
    let name = target.file_name().ok_or(io::ErrorKind::NotFound)?;
    let mut temporary = OsString::from(".");
    if name.len() <= LONGEST_NAME {
        temporary.push(name);
        temporary.push(".");
    }
    temporary.push("twicetold-");
    Ok(temporary)
}

/// Makes something under the first temporary name that is free, and lists it.
/// The list is held while it is made, so that a signal finds it listed or not
/// there.
fn temporarily<T>(
    target: &Path,
    temporaries: &mut Temporaries,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(T, PathBuf)> {
    if temporaries.closed {
        return Err(ended());
    }
    for n in 0..TRIES {
        let temporary = temporary_name(target, n)?;
        match make(&temporary) {
            Ok(made) => {
                temporaries.paths.push(temporary.clone());
                return Ok((made, temporary));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn ended() -> io::Error {
    io::Error::other("the run is being ended")
}

/// A regular output that does not have its final name yet.
struct Pending {
    target: PathBuf,
    /// None for a file without a name.
    temporary: Option<PathBuf>,
    /// The file, when it is finished.
    file: Option<Box<dyn Sink>>,
}

/// One output. Dropped without [`Outputs::commit`] it leaves nothing behind:
/// the temporary file is removed, and what is still in the buffer is not
/// written.
///
/// Errors of [`Write`] name the path and keep the kind of the system's error.
pub struct Output {
    path: PathBuf,
    /// None once finished.
    encoder: Option<Encoder>,
    /// None for standard output and special files, and once renamed.
    pending: Option<Pending>,
    /// A write failed: what is there is not what was to be there.
    broken: bool,
    terminal: bool,
    outputs: Arc<Outputs>,
}

impl Output {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`OutputError::Failed`]. The output is lost then; a commit fails too.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let result = match &mut self.encoder {
            Some(encoder) => encoder.writer().write_all(bytes),
            None => Err(io::Error::other("the output is finished")),
        };
        result.map_err(|source| {
            self.broken = true;
            self.failed("write", source)
        })
    }

    /// The path, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether people read along.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether what is written goes where it is to stand, with no final name
    /// to wait for.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.pending.is_none()
    }

    /// Commits this output alone, see [`Outputs::commit`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn commit(self) -> Result<(), OutputError> {
        let outputs = Arc::clone(&self.outputs);
        outputs.commit(vec![self])
    }

    fn failed(&self, action: &'static str, source: io::Error) -> OutputError {
        OutputError::Failed { path: self.path.clone(), action, source }
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        if self.broken {
            let source = io::Error::other("an earlier write failed");
            return Err(self.failed("write", source));
        }
        let Some(encoder) = self.encoder.take() else { return Ok(()) };
        let mut sink = encoder.finish().map_err(|source| self.failed("write", source))?;
        if let Some(pending) = &mut self.pending {
            if let Err(source) = sink.sync() {
                return Err(self.failed("sync", source));
            }
            pending.file = Some(sink);
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.put(buf).map_err(into_io)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match &mut self.encoder {
            Some(encoder) => encoder.writer().flush(),
            None => Ok(()),
        };
        result.map_err(|source| {
            self.broken = true;
            into_io(self.failed("write", source))
        })
    }
}

/// As an error of [`Write`], with the path in its message.
fn into_io(error: OutputError) -> io::Error {
    let kind = match &error {
        OutputError::Failed { source, .. } => source.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(mut encoder) = self.encoder.take() {
            encoder.silence();
        }
        if let Some(Pending { temporary: Some(temporary), .. }) = self.pending.take() {
            let mut temporaries = self.outputs.lock();
            // A file that cannot be removed stays listed, for `remove_all`
            // to try again and to report.
            if self.outputs.storage.remove(&temporary).is_ok() {
                temporaries.paths.retain(|path| *path != temporary);
            }
        }
    }
}

#[cfg(test)]
mod tests;
