//! A file system whose n-th operation fails, for tests.
//!
//! A test runs a scenario with n = 1, 2, 3, … until nothing fails any more,
//! and checks after each run that the failure was reported and what stands
//! on the disk. Nothing is synced in truth: no test cuts the power.

use crate::storage::Disk;
use crate::storage::Lock;
use crate::storage::Sink;
use crate::storage::Source;
use crate::storage::Stat;
use crate::storage::Storage;
use crate::storage::Temporary;
use std::ffi::OsString;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

/// Makes a named pipe.
#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    let status = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success());
}

/// An operation that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Open,
    Read,
    Stat,
    Create,
    Write,
    Flush,
    Sync,
    Rename,
    SyncFolder,
    Remove,
    Link,
    Lock,
}

impl Op {
    pub(crate) const ALL: [Op; 12] = [
        Op::Open,
        Op::Read,
        Op::Stat,
        Op::Create,
        Op::Write,
        Op::Flush,
        Op::Sync,
        Op::Rename,
        Op::SyncFolder,
        Op::Remove,
        Op::Link,
        Op::Lock,
    ];
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error of this kind, once.
    Once(io::ErrorKind),
    /// An error of this kind, and again each time after.
    Always(io::ErrorKind),
    /// Reads and writes move half of the bytes (at least one) and succeed,
    /// from the n-th on; nothing fails.
    Short,
    /// The n-th write moves half of the bytes; every later one finds the
    /// disk full.
    Full,
}

struct Plan {
    op: Op,
    fault: Fault,
    /// Operations of that kind still to let pass.
    left: u64,
    fired: bool,
    /// Bytes that there is said to be room for.
    room: Option<u64>,
    /// Whether all files have names.
    named: bool,
}

/// What is to happen to an operation.
enum Verdict {
    Pass,
    Half,
    Fail(io::Error),
}

/// The disk, with one fault.
#[derive(Clone)]
pub(crate) struct Failing(Arc<Mutex<Plan>>);

impl Failing {
    /// The `n`-th operation `op` fails, counted from 1.
    pub(crate) fn nth(op: Op, n: u64, fault: Fault) -> Failing {
        assert!(n > 0, "operations are counted from 1");
        let (left, fired, room, named) = (n - 1, false, None, false);
        Failing(Arc::new(Mutex::new(Plan { op, fault, left, fired, room, named })))
    }

    /// Nothing fails.
    pub(crate) fn never() -> Failing {
        Failing::nth(Op::Open, u64::MAX, Fault::Short)
    }

    /// The same on a system without files that have no name.
    pub(crate) fn named(self) -> Failing {
        self.0.lock().unwrap().named = true;
        self
    }

    /// Nothing fails, but there is room for so many bytes only.
    pub(crate) fn with_room(bytes: u64) -> Failing {
        let failing = Failing::never();
        failing.0.lock().unwrap().room = Some(bytes);
        failing
    }

    /// Whether the fault was met.
    pub(crate) fn fired(&self) -> bool {
        self.0.lock().unwrap().fired
    }

    fn verdict(&self, op: Op) -> Verdict {
        let mut plan = self.0.lock().unwrap();
        if plan.op != op {
            return Verdict::Pass;
        }
        if plan.left > 0 {
            plan.left -= 1;
            return Verdict::Pass;
        }
        let first = !std::mem::replace(&mut plan.fired, true);
        match plan.fault {
            Fault::Once(kind) if first => Verdict::Fail(kind.into()),
            Fault::Once(_) => Verdict::Pass,
            Fault::Always(kind) => Verdict::Fail(kind.into()),
            Fault::Short => Verdict::Half,
            Fault::Full if first => Verdict::Half,
            Fault::Full => Verdict::Fail(io::ErrorKind::StorageFull.into()),
        }
    }

    /// For operations that cannot be done by halves.
    fn check(&self, op: Op) -> io::Result<()> {
        match self.verdict(op) {
            Verdict::Fail(error) => Err(error),
            Verdict::Pass | Verdict::Half => Ok(()),
        }
    }
}

impl Storage for Failing {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        self.check(Op::Open)?;
        Ok(Box::new(Watched { inner: Disk.open(path)?, failing: self.clone() }))
    }

    fn stdin(&self) -> io::Result<Box<dyn Source>> {
        self.check(Op::Open)?;
        Ok(Box::new(Watched { inner: Disk.stdin()?, failing: self.clone() }))
    }

    fn stdout(&self) -> io::Result<Box<dyn Sink>> {
        self.check(Op::Open)?;
        Ok(Box::new(Watched { inner: Disk.stdout()?, failing: self.clone() }))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.check(Op::Stat)?;
        Disk.stat(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.check(Op::Stat)?;
        Disk.resolve(path)
    }

    fn create(&self, path: &Path, like: Option<&Stat>) -> io::Result<Box<dyn Sink>> {
        self.check(Op::Create)?;
        Ok(Box::new(Watched { inner: Disk.create(path, like)?, failing: self.clone() }))
    }

    fn create_nameless(
        &self,
        folder: &Path,
        like: Option<&Stat>,
    ) -> io::Result<Option<Box<dyn Sink>>> {
        if self.0.lock().unwrap().named {
            return Ok(None);
        }
        self.check(Op::Create)?;
        let inner = Disk.create_nameless(folder, like)?;
        Ok(inner.map(|inner| Box::new(Watched { inner, failing: self.clone() }) as Box<dyn Sink>))
    }

    fn open_existing(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        self.check(Op::Open)?;
        Ok(Box::new(Watched { inner: Disk.open_existing(path)?, failing: self.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Op::Rename)?;
        Disk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.check(Op::SyncFolder)?;
        Disk.stat(folder).map(drop)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(Op::Remove)?;
        Disk.remove(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.check(Op::Create)?;
        Disk.create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.check(Op::Remove)?;
        Disk.remove_folder(path)
    }

    fn sync_system(&self, folder: &Path) -> io::Result<bool> {
        self.check(Op::Sync)?;
        Disk.stat(folder).map(|_| cfg!(target_os = "linux"))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.check(Op::Open)?;
        Disk.list(folder)
    }

    fn reopen(&self, path: &Path) -> io::Result<Box<dyn Temporary>> {
        self.check(Op::Open)?;
        Ok(Box::new(Watched { inner: Disk.reopen(path)?, failing: self.clone() }))
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.check(Op::Lock)?;
        Disk.lock(path)
    }

    fn available(&self, folder: &Path) -> io::Result<Option<u64>> {
        let room = self.0.lock().unwrap().room;
        room.map_or_else(|| Disk.available(folder), |room| Ok(Some(room)))
    }

    fn temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        self.check(Op::Create)?;
        Ok(Box::new(Watched { inner: Disk.temporary(folder)?, failing: self.clone() }))
    }
}

impl Temporary for Watched<Box<dyn Temporary>> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.failing.verdict(Op::Read) {
            Verdict::Pass => self.inner.read_at(buf, offset),
            Verdict::Half => {
                let half = buf.len().div_ceil(2);
                self.inner.read_at(&mut buf[..half], offset)
            }
            Verdict::Fail(error) => Err(error),
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self.failing.verdict(Op::Write) {
            Verdict::Pass => self.inner.write_at(bytes, offset),
            Verdict::Half => self.inner.write_at(&bytes[..bytes.len().div_ceil(2)], offset),
            Verdict::Fail(error) => Err(error),
        }
    }
}

/// An open file whose reads and writes are counted too.
struct Watched<T> {
    inner: T,
    failing: Failing,
}

impl Read for Watched<Box<dyn Source>> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.failing.verdict(Op::Read) {
            Verdict::Pass => self.inner.read(buf),
            Verdict::Half => {
                let half = buf.len().div_ceil(2);
                self.inner.read(&mut buf[..half])
            }
            Verdict::Fail(error) => Err(error),
        }
    }
}

impl Source for Watched<Box<dyn Source>> {
    fn stat(&self) -> io::Result<Stat> {
        self.failing.check(Op::Stat)?;
        self.inner.stat()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.failing.check(Op::Read)?;
        self.inner.read_at(buf, offset)
    }
}

impl Write for Watched<Box<dyn Sink>> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.failing.verdict(Op::Write) {
            Verdict::Pass => self.inner.write(buf),
            Verdict::Half => self.inner.write(&buf[..buf.len().div_ceil(2)]),
            Verdict::Fail(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.failing.check(Op::Flush)?;
        self.inner.flush()
    }
}

impl Sink for Watched<Box<dyn Sink>> {
    fn stat(&self) -> io::Result<Stat> {
        self.failing.check(Op::Stat)?;
        self.inner.stat()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.failing.check(Op::Sync)
    }

    fn link(&self, path: &Path) -> io::Result<()> {
        self.failing.check(Op::Link)?;
        self.inner.link(path)
    }
}
