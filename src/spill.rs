//! Bytes that cannot be had again where they came from: pipes and compressed
//! files, decompressed.
//!
//! They are held in memory up to a limit, all together; when there are more,
//! all go to a temporary file without a name, which is gone with the process
//! however it ends.
//!
//! * time: one write and one read of the system a block
//! * space: the limit in memory, then on the disk what was put in

use crate::storage::Disk;
use crate::storage::Shown;
use crate::storage::Source;
use crate::storage::Storage;
use crate::storage::Temporary;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Bytes held in memory before a file is made.
pub const IN_MEMORY: usize = 64 << 20;

/// A temporary file that cannot be made, written or read.
#[derive(Debug)]
pub struct SpillError {
    /// The folder that it is in.
    pub folder: PathBuf,
    /// What was tried: `create`, `write`, `read`.
    pub action: &'static str,
    /// What the system said.
    pub source: io::Error,
}

impl fmt::Display for SpillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = Shown(&self.folder);
        write!(f, "cannot {} a temporary file in {folder}: ", self.action)?;
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                f.write_str("the disk is full")?;
            }
            _ => write!(f, "{}", self.source)?,
        }
        // What was written once cannot be read elsewhere.
        if self.action == "read" {
            Ok(())
        } else {
            f.write_str("; --temp-dir names another folder")
        }
    }
}

impl std::error::Error for SpillError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Where temporary files are made. Clones are the same place, and count
/// together what is written.
#[derive(Clone)]
pub struct Scratch {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    written: Arc<AtomicU64>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Scratch {
    /// Files in `folder` of the file system.
    #[must_use]
    pub fn new(folder: &Path) -> Scratch {
        Scratch::of(Arc::new(Disk), folder)
    }

    /// Files in `folder` of a storage.
    #[must_use]
    pub fn of(storage: Arc<dyn Storage>, folder: &Path) -> Scratch {
        Scratch { storage, folder: folder.to_path_buf(), written: Arc::default() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bytes that the folder has room for, where the system tells.
    ///
    /// # Errors
    ///
    /// When there is no such folder.
    pub fn available(&self) -> Result<Option<u64>, SpillError> {
        self.storage.available(&self.folder).map_err(|source| self.failed("create", source))
    }

    /// Bytes written to all files so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// A new empty file without a name.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn file(&self) -> Result<ScratchFile, SpillError> {
        let made = self.storage.temporary(&self.folder);
        let file = made.map_err(|source| self.failed("create", source))?;
        Ok(ScratchFile { scratch: self.clone(), file, len: 0 })
    }

    fn failed(&self, action: &'static str, source: io::Error) -> SpillError {
        SpillError { folder: self.folder.clone(), action, source }
    }
}

/// A temporary file that grows at its end and is read at any place.
pub struct ScratchFile {
    scratch: Scratch,
    file: Box<dyn Temporary>,
    len: u64,
}

impl fmt::Debug for ScratchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScratchFile").field("len", &self.len).finish_non_exhaustive()
    }
}

impl ScratchFile {
    /// Bytes in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds bytes at the end. Nothing more may be added after an error.
    ///
    /// # Errors
    ///
    /// When they cannot all be written.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<(), SpillError> {
        self.scratch.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        while !bytes.is_empty() {
            match self.file.write_at(bytes, self.len) {
                Ok(0) => return Err(self.failed("write", io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    bytes = &bytes[n..];
                    self.len += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.failed("write", source)),
            }
        }
        Ok(())
    }

    /// Fills `buf` from `place` on.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or there are not so many bytes.
    pub fn read(&self, mut place: u64, mut buf: &mut [u8]) -> Result<(), SpillError> {
        while !buf.is_empty() {
            match self.file.read_at(buf, place) {
                Ok(0) => return Err(self.failed("read", io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => {
                    buf = &mut buf[n..];
                    place += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.failed("read", source)),
            }
        }
        Ok(())
    }

    /// The error of a file in which there is something else than was written.
    #[must_use]
    pub(crate) fn damaged(&self) -> SpillError {
        self.failed("read", io::ErrorKind::InvalidData.into())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> SpillError {
        self.scratch.failed(action, source)
    }
}

/// Bytes that are put in one after another and read at any place.
#[derive(Debug)]
pub struct Spill {
    scratch: Scratch,
    limit: usize,
    /// Place and content of each block while in memory.
    blocks: Vec<(u64, Vec<u8>)>,
    file: Option<ScratchFile>,
    len: u64,
}

impl Spill {
    /// Holds nothing yet; no file is made before there are more than `limit`
    /// bytes.
    #[must_use]
    pub fn new(scratch: &Scratch, limit: usize) -> Spill {
        Spill { scratch: scratch.clone(), limit, blocks: Vec::new(), file: None, len: 0 }
    }

    /// Bytes that were put into a file by another; nothing more may be put in.
    #[must_use]
    pub fn of_file(scratch: &Scratch, file: Box<dyn Temporary>, len: u64) -> Spill {
        let file = Some(ScratchFile { scratch: scratch.clone(), file, len });
        Spill { scratch: scratch.clone(), limit: 0, blocks: Vec::new(), file, len }
    }

    /// Bytes put in.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts bytes in and returns their place, and their room when it is free
    /// again.
    ///
    /// # Errors
    ///
    /// When the file cannot be made or written; nothing more may be put in
    /// then.
    pub fn push(&mut self, bytes: Vec<u8>) -> Result<(u64, Option<Vec<u8>>), SpillError> {
        let place = self.len;
        self.len += bytes.len() as u64;
        if self.file.is_none() && self.len <= self.limit as u64 {
            self.blocks.push((place, bytes));
            return Ok((place, None));
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.scratch.file()?,
        };
        for (_, block) in std::mem::take(&mut self.blocks) {
            file.append(&block)?;
        }
        file.append(&bytes)?;
        self.file = Some(file);
        Ok((place, Some(bytes)))
    }

    /// Reads `buf.len()` bytes from `place` on.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or there are not so many bytes.
    pub fn read(&self, place: u64, buf: &mut [u8]) -> Result<(), SpillError> {
        match &self.file {
            Some(file) => file.read(place, buf),
            None => self.copy(place, buf).map_err(|source| self.scratch.failed("read", source)),
        }
    }

    fn copy(&self, mut place: u64, mut buf: &mut [u8]) -> io::Result<()> {
        let mut at = self.blocks.partition_point(|&(start, _)| start <= place).saturating_sub(1);
        while !buf.is_empty() {
            let Some((start, block)) = self.blocks.get(at) else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            let rest = &block[((place - start) as usize).min(block.len())..];
            let n = rest.len().min(buf.len());
            buf[..n].copy_from_slice(&rest[..n]);
            buf = &mut buf[n..];
            place += n as u64;
            at += 1;
        }
        Ok(())
    }
}

/// Fills `buf` from `place` on.
///
/// # Errors
///
/// What the system says; `UnexpectedEof` when the file ends before.
pub fn read_exact_at<S: Source + ?Sized>(
    source: &S,
    mut place: u64,
    mut buf: &mut [u8],
) -> io::Result<()> {
    while !buf.is_empty() {
        match source.read_at(buf, place) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buf = &mut buf[n..];
                place += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    #[test]
    fn what_was_put_in_is_read_at_any_place() {
        let dir = tempfile::tempdir().unwrap();
        for seed in 0..200u64 {
            let mut state = seed;
            let limit = [0, 10, 50, usize::MAX][seed as usize % 4];
            let mut spill = Spill::new(&Scratch::new(dir.path()), limit);
            let mut all = Vec::new();
            for _ in 0..seed % 20 {
                let n = splitmix64(&mut state) % 12;
                let block: Vec<u8> = (0..n).map(|_| splitmix64(&mut state) as u8).collect();
                let (place, _) = spill.push(block.clone()).unwrap();
                assert_eq!(place, all.len() as u64);
                all.extend(block);
            }
            for _ in 0..50 {
                let start = splitmix64(&mut state) as usize % (all.len() + 1);
                let end = start + splitmix64(&mut state) as usize % (all.len() - start + 1);
                let mut buf = vec![0; end - start];
                spill.read(start as u64, &mut buf).unwrap();
                assert_eq!(buf, all[start..end], "seed {seed}");
            }
            let mut beyond = vec![0; all.len() + 1];
            spill.read(0, &mut beyond).unwrap_err();
            assert_eq!(spill.file.is_some(), all.len() > limit);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the file has no name");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_a_remedy() {
        let mut spill = Spill::new(&Scratch::new(Path::new("/no/such/folder")), 1);
        let error = spill.push(vec![0; 2]).unwrap_err().to_string();
        assert!(error.contains("/no/such/folder") && error.contains("--temp-dir"), "{error}");
    }
}
