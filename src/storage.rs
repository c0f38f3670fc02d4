//! Files, behind one small trait.
//!
//! Everything that reads an input or leaves an output goes through
//! [`Storage`]: open, stat, create, write, sync, rename, remove. [`Disk`] is
//! the real thing. In tests another implementation lets the n-th operation
//! fail, so that each place where a disk can say no is visited.
//!
//! Standard input and output are files like others here. On Unix they are
//! used without the buffers of the standard library, since readers and
//! writers of this crate work in big blocks.
//!
//! Folders are listed by the crate `ignore`, not through this trait.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
#[cfg(target_os = "linux")]
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;

pub(crate) mod shown;

#[cfg(test)]
pub(crate) mod failing;

pub use shown::Shown;

/// What a path names, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A file with a size and an end.
    Regular,
    /// A folder.
    Folder,
    /// A named pipe, or a pipe as standard input or output.
    Fifo,
    /// A socket.
    Socket,
    /// A device, such as a terminal or `/dev/null`.
    Device,
    /// Anything else.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Regular => "file",
            FileKind::Folder => "folder",
            FileKind::Fifo => "named pipe",
            FileKind::Socket => "socket",
            FileKind::Device => "device",
            FileKind::Other => "special file",
        })
    }
}

/// What tells one file from another whatever its names: device and inode on
/// Unix, a hash of the canonical path elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(u64, u64);

/// What is known about a file.
#[derive(Clone, Debug)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Bytes of a regular file; of others the system's value, often 0.
    pub size: u64,
    /// Time of the last change, where the system keeps one.
    pub modified: Option<SystemTime>,
    /// None where the system gives none, as for standard input and output
    /// outside Unix.
    pub identity: Option<Identity>,
    permissions: fs::Permissions,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Stat {
    #[cfg(unix)]
    fn new(meta: &fs::Metadata) -> Stat {
        use std::os::unix::fs::MetadataExt;
        Stat {
            kind: kind(meta.file_type()),
            size: meta.len(),
            modified: meta.modified().ok(),
            identity: Some(Identity(meta.dev(), meta.ino())),
            permissions: meta.permissions(),
            owner: (meta.uid(), meta.gid()),
        }
    }

    #[cfg(not(unix))]
    fn new(meta: &fs::Metadata) -> Stat {
        Stat {
            kind: kind(meta.file_type()),
            size: meta.len(),
            modified: meta.modified().ok(),
            identity: None,
            permissions: meta.permissions(),
        }
    }

    /// Whether both describe the same file with the same content, as far as
    /// size and time of change tell. Only regular files can differ.
    #[must_use]
    pub fn same_version(&self, other: &Stat) -> bool {
        self.kind == other.kind
            && (self.kind != FileKind::Regular
                || (self.identity == other.identity
                    && self.size == other.size
                    && self.modified == other.modified))
    }
}

#[cfg(unix)]
fn kind(file_type: fs::FileType) -> FileKind {
    use std::os::unix::fs::FileTypeExt;
    match file_type {
        t if t.is_file() => FileKind::Regular,
        t if t.is_dir() => FileKind::Folder,
        t if t.is_fifo() => FileKind::Fifo,
        t if t.is_socket() => FileKind::Socket,
        t if t.is_char_device() || t.is_block_device() => FileKind::Device,
        _ => FileKind::Other,
    }
}

#[cfg(not(unix))]
fn kind(file_type: fs::FileType) -> FileKind {
    match file_type {
        t if t.is_file() => FileKind::Regular,
        t if t.is_dir() => FileKind::Folder,
        _ => FileKind::Other,
    }
}

/// A file open for reading.
pub trait Source: Read + Send + Sync {
    /// What the open file is now, which may differ from what its path names.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn stat(&self) -> io::Result<Stat>;

    /// Reads up to `buf.len()` bytes from `offset` on, without moving the
    /// place from which [`Read`] goes on (Unix). 0 is the end of the file.
    ///
    /// # Errors
    ///
    /// What the system says; always on pipes.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// A file open for writing, without a buffer of its own.
pub trait Sink: Write + Send {
    /// What the open file is.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn stat(&self) -> io::Result<Stat>;

    /// Asks the system to begin with what [`sync`](Sink::sync) waits for, for
    /// bytes in this range; a hint.
    fn begin_sync(&mut self, _: Range<u64>) {}

    /// Returns once everything written would survive a loss of power.
    ///
    /// # Errors
    ///
    /// What the system says; on most pipes and devices an error.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether people read along.
    fn is_terminal(&self) -> bool {
        false
    }

    /// Gives a file without a name ([`Storage::create_nameless`]) this one,
    /// under which nothing may stand yet.
    ///
    /// # Errors
    ///
    /// What the system says; always for files that have a name.
    fn link(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The operations on files that readers and writers of this crate use.
///
/// All errors are those of the system; the callers add path and remedy.
#[allow(clippy::missing_errors_doc)] // said once above
pub trait Storage: Send + Sync {
    /// Opens a file for reading. A named pipe waits for its writer.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Source>>;

    /// Standard input.
    fn stdin(&self) -> io::Result<Box<dyn Source>>;

    /// Standard output.
    fn stdout(&self) -> io::Result<Box<dyn Sink>>;

    /// What a path names, links followed.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// The name behind `path` when it is a symbolic link, to the last link
    /// of a chain, whether or not a file is there; else `path` itself.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Creates a file that must not exist yet. With `like`, it gets those
    /// permissions, and that owner where the system allows it.
    fn create(&self, path: &Path, like: Option<&Stat>) -> io::Result<Box<dyn Sink>>;

    /// Creates a file in a folder as [`create`](Storage::create) does, but
    /// without a name: it is gone with the process, however it ends, unless
    /// [`Sink::link`] gives it one. None where the system has no such files.
    fn create_nameless(&self, _: &Path, _: Option<&Stat>) -> io::Result<Option<Box<dyn Sink>>> {
        Ok(None)
    }

    /// Opens an existing file for writing, neither created nor emptied. A
    /// named pipe waits for its reader.
    fn open_existing(&self, path: &Path) -> io::Result<Box<dyn Sink>>;

    /// Gives a file its final name; a file of that name is replaced in one
    /// step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a loss of power. Does nothing
    /// where the system or the file system has no such call.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Creates a folder that must not exist yet.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes all that was written to the file system of a folder survive a
    /// loss of power, which is much quicker than file by file; false where the
    /// system has no such call.
    fn sync_system(&self, folder: &Path) -> io::Result<bool>;

    /// Names of all that is in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Opens an existing file to be read at any place.
    fn reopen(&self, path: &Path) -> io::Result<Box<dyn Temporary>> {
        Ok(Box::new(fs::File::open(path)?))
    }

    /// Takes a lock on a file, which is made if it is not there, for as long
    /// as what is returned lives; it is gone with the process, however it
    /// ends. [`WouldBlock`](io::ErrorKind::WouldBlock) when another has it.
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        lock(path)
    }

    /// Takes a lock on a folder that is there, in the same way; an error where
    /// the system has none on folders.
    fn lock_folder(&self, path: &Path) -> io::Result<Lock> {
        let folder = fs::File::open(path)?;
        match folder.try_lock() {
            Ok(()) => Ok(Lock(folder)),
            Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Bytes that can still be written to the file system of a folder; none
    /// where the system does not tell.
    fn available(&self, folder: &Path) -> io::Result<Option<u64>> {
        available(folder)
    }

    /// Creates a file without a name in a folder, to be written and read by
    /// this process alone; it is gone with it, however it ends.
    fn temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        Ok(Box::new(tempfile::tempfile_in(folder)?))
    }
}

#[cfg(unix)]
fn available(folder: &Path) -> io::Result<Option<u64>> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(Some(system.f_bavail.saturating_mul(system.f_frsize)))
}

#[cfg(not(unix))]
fn available(_: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

/// A lock on a file, see [`Storage::lock`].
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] fs::File); // held, not used

fn lock(path: &Path) -> io::Result<Lock> {
    loop {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        // Who held it before may have removed the file meanwhile.
        let own = Source::stat(&file)?.identity;
        match Disk.stat(path) {
            Ok(now) if own.is_none() || now.identity == own => return Ok(Lock(file)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

/// A temporary file, read and written at any place.
pub trait Temporary: Send + Sync {
    /// Reads up to `buf.len()` bytes from `offset` on; 0 is the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of `bytes` from `offset` on and returns how many.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
}

impl Temporary for fs::File {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Source::read_at(self, buf, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(self, bytes, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// Permissions of a new file that will be like another: closed to others until
/// it is.
#[cfg(unix)]
fn mode(like: Option<&Stat>) -> u32 {
    if like.is_some() { 0o600 } else { 0o666 }
}

#[cfg(unix)]
fn make_like(file: &fs::File, like: Option<&Stat>) -> io::Result<()> {
    let Some(like) = like else { return Ok(()) };
    let (user, group) = like.owner;
    // Only the superuser may give files away. Anyone else keeps the new file,
    // as with every editor; and a change of owner clears the set-id bits, so
    // it comes first.
    let _ = std::os::unix::fs::fchown(file, Some(user), Some(group));
    file.set_permissions(like.permissions.clone())
}

/// Whether the system or the file system has no files without a name, or may
/// not have: a file with a name will show what is wrong then.
#[cfg(target_os = "linux")]
fn lacks_nameless(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [
        Errno::OPNOTSUPP,
        Errno::ISDIR,
        Errno::NOENT,
        Errno::INVAL,
        Errno::NOSYS,
        Errno::PERM,
        Errno::ACCESS,
    ];
    Errno::from_io_error(error).is_some_and(|errno| lacking.contains(&errno))
}

/// The name that the system has for an open file.
#[cfg(target_os = "linux")]
fn own_name(file: &fs::File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Longest chain of symbolic links that is followed, as in Linux.
const MAX_LINKS: usize = 40;

impl Storage for Disk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(fs::File::open(path)?))
    }

    #[cfg(unix)]
    fn stdin(&self) -> io::Result<Box<dyn Source>> {
        use std::os::fd::AsFd;
        let file = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Box::new(fs::File::from(file)))
    }

    #[cfg(not(unix))]
    fn stdin(&self) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(elsewhere::Standard(io::stdin())))
    }

    #[cfg(unix)]
    fn stdout(&self) -> io::Result<Box<dyn Sink>> {
        use std::os::fd::AsFd;
        let file = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Box::new(fs::File::from(file)))
    }

    #[cfg(not(unix))]
    fn stdout(&self) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(elsewhere::Standard(io::stdout())))
    }

    #[cfg(unix)]
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Ok(Stat::new(&fs::metadata(path)?))
    }

    #[cfg(not(unix))]
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let mut stat = Stat::new(&fs::metadata(path)?);
        let canonical = fs::canonicalize(path)?;
        let bytes = canonical.as_os_str().as_encoded_bytes();
        stat.identity = Some(Identity(crate::hash::token(bytes), bytes.len() as u64));
        Ok(stat)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let mut name = path.to_path_buf();
        for _ in 0..MAX_LINKS {
            match fs::read_link(&name) {
                Ok(target) => name = folder_of(&name).join(target),
                // Not a link, or not there.
                Err(_) => return Ok(name),
            }
        }
        Err(io::Error::other("too many symbolic links"))
    }

    #[cfg(unix)]
    fn create(&self, path: &Path, like: Option<&Stat>) -> io::Result<Box<dyn Sink>> {
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode(like)).open(path)?;
        if let Err(error) = make_like(&file, like) {
            let _ = fs::remove_file(path);
            return Err(error);
        }
        Ok(Box::new(file))
    }

    #[cfg(target_os = "linux")]
    fn create_nameless(
        &self,
        folder: &Path,
        like: Option<&Stat>,
    ) -> io::Result<Option<Box<dyn Sink>>> {
        let mut options = fs::OpenOptions::new();
        let flags = rustix::fs::OFlags::TMPFILE.bits() as i32;
        let file = match options.write(true).mode(mode(like)).custom_flags(flags).open(folder) {
            Ok(file) => file,
            Err(error) if lacks_nameless(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The way by which it will get its name.
        if fs::symlink_metadata(own_name(&file)).is_err() {
            return Ok(None);
        }
        make_like(&file, like)?;
        Ok(Some(Box::new(file)))
    }

    #[cfg(not(unix))]
    fn create(&self, path: &Path, like: Option<&Stat>) -> io::Result<Box<dyn Sink>> {
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        if let Some(like) = like {
            file.set_permissions(like.permissions.clone())?;
        }
        Ok(Box::new(file))
    }

    fn open_existing(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(fs::OpenOptions::new().write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match fs::File::open(folder)?.sync_all() {
            // Some network and user-space file systems have no such call.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    #[cfg(target_os = "linux")]
    fn sync_system(&self, folder: &Path) -> io::Result<bool> {
        rustix::fs::syncfs(fs::File::open(folder)?)?;
        Ok(true)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_system(&self, _: &Path) -> io::Result<bool> {
        Ok(false)
    }
}

impl Source for fs::File {
    fn stat(&self) -> io::Result<Stat> {
        Ok(Stat::new(&self.metadata()?))
    }

    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buf, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Sink for fs::File {
    fn stat(&self) -> io::Result<Stat> {
        Source::stat(self)
    }

    /// Linux begins to write what it is told will not be needed, and keeps it
    /// in memory until that is done.
    #[cfg(target_os = "linux")]
    fn begin_sync(&mut self, range: Range<u64>) {
        let length = NonZero::new(range.end.saturating_sub(range.start));
        // A hint that is not taken costs time alone.
        let _ = rustix::fs::fadvise(&*self, range.start, length, rustix::fs::Advice::DontNeed);
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn is_terminal(&self) -> bool {
        io::IsTerminal::is_terminal(self)
    }

    #[cfg(target_os = "linux")]
    fn link(&self, path: &Path) -> io::Result<()> {
        use rustix::fs::AtFlags;
        use rustix::fs::CWD;
        use rustix::io::Errno;
        let own = own_name(self);
        match rustix::fs::linkat(CWD, own.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW) {
            Err(error) if error != Errno::EXIST => {
                // Another way, for which most systems ask for a privilege.
                let linked = rustix::fs::linkat(self, "", CWD, path, AtFlags::EMPTY_PATH);
                Ok(linked.map_err(|other| if other == Errno::EXIST { other } else { error })?)
            }
            result => Ok(result?),
        }
    }
}

/// The folder in which a name stands; `.` for a bare name.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Standard streams where they are no plain files.
#[cfg(not(unix))]
mod elsewhere {
    use super::*;

    pub(super) struct Standard<T>(pub(super) T);

    fn unsupported<T>() -> io::Result<T> {
        Err(io::ErrorKind::Unsupported.into())
    }

    impl Read for Standard<io::Stdin> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl Source for Standard<io::Stdin> {
        fn stat(&self) -> io::Result<Stat> {
            unsupported()
        }

        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            unsupported()
        }
    }

    impl Write for Standard<io::Stdout> {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.write(buf)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Sink for Standard<io::Stdout> {
        fn stat(&self) -> io::Result<Stat> {
            unsupported()
        }

        fn sync(&mut self) -> io::Result<()> {
            unsupported()
        }

        fn is_terminal(&self) -> bool {
            io::IsTerminal::is_terminal(&self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_stands_in_the_working_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
        assert_eq!(folder_of(Path::new("b/a")), Path::new("b"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_their_last_name() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        symlink("sub/b", path("a")).unwrap();
        symlink("c", path("sub/b")).unwrap();
        assert_eq!(Disk.resolve(&path("a")).unwrap(), path("sub/c"));
        assert_eq!(Disk.resolve(&path("plain")).unwrap(), path("plain"));
        symlink("round", path("round")).unwrap();
        Disk.resolve(&path("round")).unwrap_err();
    }

    #[test]
    fn two_names_of_one_file_have_one_identity() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a"), "x").unwrap();
        fs::write(path("b"), "x").unwrap();
        fs::create_dir(path("d")).unwrap();
        let identity = |p: PathBuf| Disk.stat(&p).unwrap().identity.unwrap();
        assert_eq!(identity(path("a")), identity(path("d/../a")));
        assert_ne!(identity(path("a")), identity(path("b")));
        #[cfg(unix)]
        {
            fs::hard_link(path("a"), path("hard")).unwrap();
            assert_eq!(identity(path("a")), identity(path("hard")));
        }
    }

    #[test]
    fn a_changed_file_is_another_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "x").unwrap();
        let before = Disk.stat(&path).unwrap();
        assert!(before.same_version(&Disk.open(&path).unwrap().stat().unwrap()));
        fs::write(&path, "xy").unwrap();
        assert!(!before.same_version(&Disk.stat(&path).unwrap()));
    }

    #[test]
    fn creating_over_a_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        Disk.create(&path, None).unwrap();
        let error = Disk.create(&path, None).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
