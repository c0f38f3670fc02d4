//! Sections being written and read: streams of bytes and numbers.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use xxhash_rust::xxh3::Xxh3;

use crate::checkpoint::CheckpointError;
use crate::checkpoint::manifest::Entry;
use crate::storage::Sink;
use crate::storage::Storage;
use crate::storage::Temporary;

/// Bytes written or read together.
const BLOCK: usize = 256 << 10;

/// A section that is being written.
pub struct Section {
    name: String,
    /// Never contended: a lock makes sections fit for sharing among threads.
    sink: Mutex<Box<dyn Sink>>,
    buffer: Vec<u8>,
    /// Bytes written, without those in the buffer.
    written: u64,
    checksum: Xxh3,
    file: Named,
}

/// The file behind a section: removed when it is dropped, if it has its name
/// and nobody lists it.
struct Named {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    named: bool,
    kept: bool,
}

impl Drop for Named {
    fn drop(&mut self) {
        if self.named && !self.kept {
            // What cannot be removed is swept away by the next run.
            let _ = self.storage.remove(&self.path);
        }
    }
}

/// A section that is complete and has its name.
pub(super) struct Complete(Named);

impl Complete {
    /// From now on the manifest has it.
    pub(super) fn keep(mut self) {
        self.0.kept = true;
    }
}

impl Section {
    pub(super) fn new(
        storage: &Arc<dyn Storage>,
        (name, path): (&str, PathBuf),
        sink: Box<dyn Sink>,
        named: bool,
    ) -> Section {
        Section {
            name: name.to_owned(),
            sink: Mutex::new(sink),
            buffer: Vec::with_capacity(BLOCK),
            written: 0,
            checksum: Xxh3::new(),
            file: Named { storage: Arc::clone(storage), path, named, kept: false },
        }
    }

    /// Bytes put in so far: the place of the next one.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether nothing was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be written; nothing more may be added then.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        if bytes.len() >= BLOCK {
            self.flush()?;
            return self.write(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Adds a number of 4 bytes.
    ///
    /// # Errors
    ///
    /// As [`put`](Section::put).
    pub fn put_u32(&mut self, n: u32) -> Result<(), CheckpointError> {
        self.put(&n.to_le_bytes())
    }

    /// Adds a number of 8 bytes.
    ///
    /// # Errors
    ///
    /// As [`put`](Section::put).
    pub fn put_u64(&mut self, n: u64) -> Result<(), CheckpointError> {
        self.put(&n.to_le_bytes())
    }

    /// Adds bytes with their number before them, for
    /// [`Reader::take_bytes`].
    ///
    /// # Errors
    ///
    /// As [`put`](Section::put).
    pub fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.put_u64(bytes.len() as u64)?;
        self.put(bytes)
    }

    fn flush(&mut self) -> Result<(), CheckpointError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.checksum.update(bytes);
        self.written += bytes.len() as u64;
        let written = self.sink().write_all(bytes);
        written.map_err(|source| self.failed("write", source))
    }

    fn sink(&mut self) -> &mut dyn Sink {
        &mut **self.sink.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, action: &'static str, source: io::Error) -> CheckpointError {
        CheckpointError::Failed { path: self.file.path.clone(), action, source }
    }

    /// Writes what is held, syncs it, and gives the file its name.
    pub(super) fn complete(mut self) -> Result<(Entry, Complete), CheckpointError> {
        self.flush()?;
        let flushed = self.sink().flush();
        flushed.map_err(|source| self.failed("write", source))?;
        let synced = self.sink().sync();
        synced.map_err(|source| self.failed("sync", source))?;
        if !self.file.named {
            let path = self.file.path.clone();
            let named = self.sink().link(&path);
            named.map_err(|source| self.failed("name", source))?;
            self.file.named = true;
        }
        let entry =
            Entry { name: self.name, len: self.written, checksum: self.checksum.digest128() };
        Ok((entry, Complete(self.file)))
    }
}

/// Reads all of a file and refuses one that is not what was written.
pub(super) fn check(
    file: &dyn Temporary,
    path: &Path,
    entry: &Entry,
) -> Result<(), CheckpointError> {
    let (mut checksum, mut place, mut block) = (Xxh3::new(), 0, vec![0; BLOCK]);
    loop {
        let n = read(file, path, place, &mut block)?;
        if n == 0 {
            break;
        }
        checksum.update(&block[..n]);
        place += n as u64;
    }
    if place != entry.len || checksum.digest128() != entry.checksum {
        return Err(CheckpointError::damaged(path));
    }
    Ok(())
}

/// Reads some bytes; 0 at the end.
fn read(
    file: &dyn Temporary,
    path: &Path,
    place: u64,
    block: &mut [u8],
) -> Result<usize, CheckpointError> {
    loop {
        match file.read_at(block, place) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => {
                return result.map_err(|source| CheckpointError::Failed {
                    path: path.to_path_buf(),
                    action: "read",
                    source,
                });
            }
        }
    }
}

/// A section that is being read, from its begin to its end.
pub struct Reader {
    file: Box<dyn Temporary>,
    path: PathBuf,
    len: u64,
    /// Place of what is read next from the file.
    place: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl Reader {
    pub(super) fn new(file: Box<dyn Temporary>, path: PathBuf, len: u64) -> Reader {
        Reader { file, path, len, place: 0, buffer: Vec::new(), at: 0 }
    }

    /// Bytes that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.len - self.place + (self.buffer.len() - self.at) as u64
    }

    /// That this section does not hold what it should, though its bytes are
    /// those that were written.
    #[must_use]
    pub fn damaged(&self) -> CheckpointError {
        CheckpointError::damaged(&self.path)
    }

    /// Fills `buf` with the next bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be read; [`CheckpointError::Damaged`] when there are
    /// not so many.
    pub fn take(&mut self, mut buf: &mut [u8]) -> Result<(), CheckpointError> {
        if buf.len() as u64 > self.left() {
            return Err(self.damaged());
        }
        while !buf.is_empty() {
            if self.at == self.buffer.len() {
                self.buffer.resize(BLOCK, 0);
                self.at = 0;
                let read = read(&*self.file, &self.path, self.place, &mut self.buffer);
                self.buffer.truncate(*read.as_ref().unwrap_or(&0));
                if read? == 0 {
                    return Err(self.damaged());
                }
                self.place += self.buffer.len() as u64;
            }
            let n = buf.len().min(self.buffer.len() - self.at);
            buf[..n].copy_from_slice(&self.buffer[self.at..self.at + n]);
            self.at += n;
            buf = &mut buf[n..];
        }
        Ok(())
    }

    /// The next number of 4 bytes.
    ///
    /// # Errors
    ///
    /// As [`take`](Reader::take).
    pub fn take_u32(&mut self) -> Result<u32, CheckpointError> {
        let mut bytes = [0; 4];
        self.take(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// The next number of 8 bytes.
    ///
    /// # Errors
    ///
    /// As [`take`](Reader::take).
    pub fn take_u64(&mut self) -> Result<u64, CheckpointError> {
        let mut bytes = [0; 8];
        self.take(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Replaces `out` by the next bytes that were put in with their number.
    ///
    /// # Errors
    ///
    /// As [`take`](Reader::take).
    pub fn take_bytes(&mut self, out: &mut Vec<u8>) -> Result<(), CheckpointError> {
        let n = self.take_u64()?;
        if n > self.left() {
            return Err(self.damaged());
        }
        out.clear();
        out.resize(n as usize, 0);
        self.take(out)
    }
}
