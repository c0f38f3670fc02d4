//! From a path to its bytes, decompressed.
//!
//! Gzip (all members, zero bytes after the last) and Zstandard (all frames,
//! skippable ones too) are told by their first bytes, whatever the name. A
//! stream that breaks off, fails its checksum or is followed by other data is
//! an error, never an end. Other compressed and binary formats are refused by
//! their names.
//!
//! * time: plain files at the speed of the system's reads, without a copy
//! * space: 256 KiB and the state of the decompressor, at most the window of
//!   a Zstandard frame (limit 128 MiB); it does not depend on how well the
//!   data was compressed
//!
//! A gzip file that ends exactly between two members cannot be told from a
//! whole one; nor can damage in a Zstandard frame that was written without
//! its checksum.

use crate::input::InputError;
use crate::input::is_stdin;
use crate::input::sniff::Format;
use crate::input::sniff::HEAD;
use crate::input::sniff::recognise;
use crate::storage::Source;
use crate::storage::Stat;
use crate::storage::Storage;
use flate2::bufread::GzDecoder;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use zstd::Decoder as ZstdDecoder;

/// Largest window of a Zstandard frame, as a power of two: that of the
/// program `zstd` without `--long` or `--memory`.
const WINDOW_LOG: u32 = 27;

/// Bytes taken from a compressed file at a time.
const BUFFER: usize = 256 * 1024;

/// An open file, decompressed.
pub struct Bytes {
    path: PathBuf,
    /// As it was when opened.
    stat: Option<Stat>,
    stream: Stream,
    /// First bytes of the stream, read already to look at them.
    ahead: Vec<u8>,
    /// How many of them were passed on.
    passed: usize,
}

enum Stream {
    Plain(Raw),
    Gzip(Gunzip),
    // As large as a buffer of its own, and a file has one.
    Zstd(Box<ZstdDecoder<'static, BufReader<Raw>>>),
}

impl Bytes {
    /// Opens a file, or standard input for `-`, and looks at its first bytes.
    ///
    /// # Errors
    ///
    /// [`InputError::Failed`], [`InputError::Binary`] for a format that is not
    /// read, [`InputError::Compressed`] for one that is broken at its start.
    pub fn open(storage: &dyn Storage, path: &Path) -> Result<Bytes, InputError> {
        let failed = |source| InputError::Failed { path: path.to_path_buf(), source };
        let source = if is_stdin(path) { storage.stdin() } else { storage.open(path) };
        let source = source.map_err(failed)?;
        let stat = source.stat().ok();
        let mut raw = Raw { source, head: Vec::new(), passed: 0, taken: 0, error: None };
        raw.look_ahead().map_err(failed)?;

        let name = (!is_stdin(path)).then_some(path);
        let format = recognise(&raw.head, name);
        let stream = match format {
            Format::Plain => Stream::Plain(raw),
            Format::Gzip => Stream::Gzip(Gunzip::new(buffered(raw))),
            Format::Zstd => {
                let decoder = ZstdDecoder::with_buffer(buffered(raw)).and_then(|mut decoder| {
                    decoder.window_log_max(WINDOW_LOG)?;
                    Ok(decoder)
                });
                Stream::Zstd(Box::new(decoder.map_err(failed)?))
            }
            _ => return Err(refused(path, format)),
        };
        let mut bytes =
            Bytes { path: path.to_path_buf(), stat, stream, ahead: Vec::new(), passed: 0 };
        if format != Format::Plain {
            bytes.look_ahead()?;
        }
        Ok(bytes)
    }

    /// Refuses archives and binary formats inside of compressed data.
    fn look_ahead(&mut self) -> Result<(), InputError> {
        let mut head = vec![0; HEAD];
        let mut len = 0;
        while len < HEAD {
            match self.read(&mut head[len..])? {
                0 => break,
                n => len += n,
            }
        }
        head.truncate(len);
        let twice = |what| Format::Foreign { what, remedy: "unpack it once first" };
        match recognise(&head, None) {
            Format::Gzip => return Err(refused(&self.path, twice("gzip data, compressed again"))),
            Format::Zstd => return Err(refused(&self.path, twice("zstd data, compressed again"))),
            format @ Format::Foreign { .. } => return Err(refused(&self.path, format)),
            _ => {}
        }
        self.ahead = head;
        Ok(())
    }

    /// The path, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file was when it was opened; none where the system does not
    /// tell.
    #[must_use]
    pub fn stat(&self) -> Option<&Stat> {
        self.stat.as_ref()
    }

    /// Whether the stream is the file, byte for byte, so that places in it
    /// are places in the file.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.stream, Stream::Plain(_))
    }

    /// Bytes of the file (not decompressed) read up to now, for a progress
    /// bar; up to a buffer ahead of what [`read`](Bytes::read) passed on.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.raw().taken
    }

    /// Reads up to `buf.len()` bytes; 0 at the end of the stream only. For
    /// the least work `buf` should be large.
    ///
    /// # Errors
    ///
    /// [`InputError::Failed`], [`InputError::Compressed`].
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, InputError> {
        if self.passed < self.ahead.len() {
            let rest = &self.ahead[self.passed..];
            let n = rest.len().min(buf.len());
            buf[..n].copy_from_slice(&rest[..n]);
            self.passed += n;
            return Ok(n);
        }
        if buf.is_empty() {
            return Ok(0);
        }
        self.stream.read(buf).map_err(|error| self.explain(error))
    }

    /// Checks at the end that a regular file is as it was when opened.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`]; [`InputError::Failed`] when the system does
    /// not say.
    pub fn check_unchanged(&self) -> Result<(), InputError> {
        let Some(before) = &self.stat else { return Ok(()) };
        let path = || self.path.clone();
        match self.raw().source.stat() {
            Ok(now) if before.same_version(&now) => Ok(()),
            Ok(_) => Err(InputError::Changed { path: path() }),
            Err(source) => Err(InputError::Failed { path: path(), source }),
        }
    }

    fn raw(&self) -> &Raw {
        match &self.stream {
            Stream::Plain(raw) => raw,
            Stream::Gzip(gunzip) => gunzip.member().get_ref().get_ref(),
            Stream::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn raw_mut(&mut self) -> &mut Raw {
        match &mut self.stream {
            Stream::Plain(raw) => raw,
            Stream::Gzip(gunzip) => gunzip.member_mut().get_mut().get_mut(),
            Stream::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }

    /// Tells errors of the disk from errors in the data.
    fn explain(&mut self, error: io::Error) -> InputError {
        let path = self.path.clone();
        if let Some(source) = self.raw_mut().error.take() {
            return InputError::Failed { path, source };
        }
        let format = match &self.stream {
            Stream::Plain(_) => return InputError::Failed { path, source: error },
            Stream::Gzip(_) => "gzip",
            Stream::Zstd(_) => "zstd",
        };
        let text = error.to_string();
        let reason = if error.kind() == io::ErrorKind::UnexpectedEof {
            "it breaks off before its end; get a whole copy".to_owned()
        } else if text.contains("too much memory") {
            "it asks for a window above 128 MiB; unpack it first with zstd -d --long=31".to_owned()
        } else if text.to_ascii_lowercase().contains("dictionary") {
            "it needs a dictionary; unpack it first with zstd -d -D DICTIONARY".to_owned()
        } else {
            format!("{text}; get a whole copy")
        };
        InputError::Compressed { path, format, reason }
    }
}

fn buffered(raw: Raw) -> BufReader<Raw> {
    BufReader::with_capacity(BUFFER, raw)
}

fn refused(path: &Path, format: Format) -> InputError {
    let path = path.to_path_buf();
    match format {
        Format::CutShort(format) => InputError::Compressed {
            path,
            format,
            reason: "it breaks off in its first bytes; get a whole copy".to_owned(),
        },
        Format::Garbled(format) => InputError::Compressed {
            path,
            format,
            reason: "it does not begin as its name says; get a whole copy".to_owned(),
        },
        Format::Foreign { what, remedy } => InputError::Binary { path, what, remedy },
        Format::Plain | Format::Gzip | Format::Zstd => {
            unreachable!("formats that are read are not refused")
        }
    }
}

impl Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.read(buf),
            Stream::Gzip(gunzip) => gunzip.read(buf),
            Stream::Zstd(decoder) => decoder.read(buf),
        }
    }
}

/// Reads the members of a gzip file one after another.
///
/// The decoder of the library for many members takes zero bytes at the end
/// for a broken member.
struct Gunzip {
    /// None only while one member is changed for the next.
    member: Option<Box<GzDecoder<BufReader<Raw>>>>,
    ended: bool,
}

impl Gunzip {
    fn new(input: BufReader<Raw>) -> Gunzip {
        Gunzip { member: Some(Box::new(GzDecoder::new(input))), ended: false }
    }

    fn member(&self) -> &GzDecoder<BufReader<Raw>> {
        self.member.as_ref().expect("a member between reads")
    }

    fn member_mut(&mut self) -> &mut GzDecoder<BufReader<Raw>> {
        self.member.as_mut().expect("a member between reads")
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let n = self.member_mut().read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            if another_member(self.member_mut().get_mut())? {
                let input = self.member.take().map(|member| member.into_inner());
                self.member = input.map(|input| Box::new(GzDecoder::new(input)));
            } else {
                self.ended = true;
            }
        }
        Ok(0)
    }
}

/// Whether another member begins. Tapes and block devices fill up with zero
/// bytes; after those nothing may follow.
fn another_member(input: &mut BufReader<Raw>) -> io::Result<bool> {
    let mut padded = false;
    loop {
        let ahead = input.fill_buf()?;
        let zeros = ahead.iter().take_while(|&&b| b == 0).count();
        match ahead.get(zeros) {
            Some(0x1f) if !padded && zeros == 0 => return Ok(true),
            Some(_) => return Err(io::Error::other("other data follows its end")),
            None if zeros == 0 => return Ok(false),
            None => {
                padded = true;
                input.consume(zeros);
            }
        }
    }
}

/// The file itself. Keeps the error of a read, which decompressors may wrap
/// or replace, and repeats interrupted reads.
struct Raw {
    source: Box<dyn Source>,
    /// First bytes, read already to look at them.
    head: Vec<u8>,
    /// How many of them were passed on.
    passed: usize,
    /// Bytes read from the file.
    taken: u64,
    error: Option<io::Error>,
}

impl Raw {
    fn look_ahead(&mut self) -> io::Result<()> {
        let mut head = vec![0; HEAD];
        let mut len = 0;
        while len < HEAD {
            match self.read_source(&mut head[len..])? {
                0 => break,
                n => len += n,
            }
        }
        head.truncate(len);
        self.head = head;
        Ok(())
    }

    fn read_source(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.read(buf) {
                Ok(n) => {
                    self.taken += n as u64;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.passed < self.head.len() {
            let rest = &self.head[self.passed..];
            let n = rest.len().min(buf.len());
            buf[..n].copy_from_slice(&rest[..n]);
            self.passed += n;
            return Ok(n);
        }
        self.read_source(buf).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

#[cfg(test)]
mod tests;
