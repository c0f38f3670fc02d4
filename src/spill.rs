//! Bytes that cannot be had again where they came from: pipes and compressed
//! files, decompressed.
//!
//! They are held in memory up to a limit, all together; when there are more,
//! all go to a temporary file without a name, which is gone with the process
//! however it ends.
//!
//! * time: one write and one read of the system a block
//! * space: the limit in memory, then on the disk what was put in

use crate::storage::Shown;
use crate::storage::Source;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

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
        f.write_str("; --temp-dir names another folder")
    }
}

impl std::error::Error for SpillError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Bytes that are put in one after another and read at any place.
#[derive(Debug)]
pub struct Spill {
    folder: PathBuf,
    limit: usize,
    /// Place and content of each block while in memory.
    blocks: Vec<(u64, Vec<u8>)>,
    file: Option<File>,
    len: u64,
}

impl Spill {
    /// Holds nothing yet; no file is made in `folder` before there are more
    /// than `limit` bytes.
    #[must_use]
    pub fn new(folder: &Path, limit: usize) -> Spill {
        Spill { folder: folder.to_path_buf(), limit, blocks: Vec::new(), file: None, len: 0 }
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
        if self.file.is_none() {
            let made = tempfile::tempfile_in(&self.folder);
            let mut file = made.map_err(|source| self.failed("create", source))?;
            for (_, block) in std::mem::take(&mut self.blocks) {
                file.write_all(&block).map_err(|source| self.failed("write", source))?;
            }
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            let written = file.write_all(&bytes);
            written.map_err(|source| self.failed("write", source))?;
        }
        Ok((place, Some(bytes)))
    }

    /// Reads `buf.len()` bytes from `place` on.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or there are not so many bytes.
    pub fn read(&self, place: u64, buf: &mut [u8]) -> Result<(), SpillError> {
        let read = match &self.file {
            Some(file) => read_exact_at(file, place, buf),
            None => self.copy(place, buf),
        };
        read.map_err(|source| self.failed("read", source))
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

    fn failed(&self, action: &'static str, source: io::Error) -> SpillError {
        SpillError { folder: self.folder.clone(), action, source }
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
            let mut spill = Spill::new(dir.path(), limit);
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
        let mut spill = Spill::new(Path::new("/no/such/folder"), 1);
        let error = spill.push(vec![0; 2]).unwrap_err().to_string();
        assert!(error.contains("/no/such/folder") && error.contains("--temp-dir"), "{error}");
    }
}
