//! The writers behind an output: buffered, compressed by the name's ending.

use crate::storage::Sink;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io;
use std::io::Write;
use std::path::Path;
use zstd::Encoder as ZstdEncoder;

/// Large enough that the cost of a system call vanishes.
const BUFFER: usize = 256 * 1024;

/// Bytes after which the system is asked to begin with carrying them to the
/// disk, so that little is left to wait for at the end.
const AHEAD: u64 = 2 << 20;

/// A file with an end to what passes: compressors and buffers write what
/// they hold when they are dropped, and what was not committed must not be
/// made to look complete.
pub(super) struct Gate {
    sink: Box<dyn Sink>,
    silent: bool,
}

/// Passes on whole buffers alone up to the last one, so that each stands at a
/// multiple of its size in the file: the system keeps and writes such ones in
/// fewer pieces. What it holds when it is dropped is lost.
pub(super) struct Buffer {
    gate: Gate,
    held: Vec<u8>,
    /// Whether the file will be synced.
    synced: bool,
    passed: u64,
    /// Bytes of them that are on their way to the disk.
    begun: u64,
}

impl Buffer {
    fn pass(&mut self) -> io::Result<()> {
        self.gate.write_all(&self.held)?;
        self.passed += self.held.len() as u64;
        self.held.clear();
        if self.synced && self.passed - self.begun >= AHEAD {
            self.gate.sink.begin_sync(self.begun..self.passed);
            self.begun = self.passed;
        }
        Ok(())
    }
}

impl Write for Buffer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.held.len() == BUFFER {
            self.pass()?;
        }
        let taken = buf.len().min(BUFFER - self.held.len());
        self.held.extend_from_slice(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass()?;
        self.gate.flush()
    }
}

impl Write for Gate {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.silent { Ok(buf.len()) } else { self.sink.write(buf) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.silent { Ok(()) } else { self.sink.flush() }
    }
}

pub(super) enum Encoder {
    Plain(Buffer),
    Gzip(GzEncoder<Buffer>),
    Zstd(ZstdEncoder<'static, Buffer>),
}

impl Encoder {
    /// The format is that of the ending of `path`, in small or capital
    /// letters. `synced` says whether the file will be synced at the end.
    pub(super) fn new(sink: Box<dyn Sink>, path: &Path, synced: bool) -> io::Result<Encoder> {
        let gate = Gate { sink, silent: false };
        let held = Vec::with_capacity(BUFFER);
        let buffer = Buffer { gate, held, synced, passed: 0, begun: 0 };
        let ends = |with: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(with));
        Ok(if ends("gz") {
            Encoder::Gzip(GzEncoder::new(buffer, Compression::default()))
        } else if ends("zst") {
            let mut encoder = ZstdEncoder::new(buffer, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            encoder.include_checksum(true)?;
            Encoder::Zstd(encoder)
        } else {
            Encoder::Plain(buffer)
        })
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Encoder::Plain(writer) => writer,
            Encoder::Gzip(writer) => writer,
            Encoder::Zstd(writer) => writer,
        }
    }

    /// Writes everything that is held back and returns the file.
    pub(super) fn finish(self) -> io::Result<Box<dyn Sink>> {
        let mut buffer = match self {
            Encoder::Plain(writer) => writer,
            Encoder::Gzip(mut writer) => {
                writer.try_finish()?;
                writer.finish()?
            }
            Encoder::Zstd(writer) => writer.finish()?,
        };
        buffer.flush()?;
        Ok(buffer.gate.sink)
    }

    /// From now on nothing reaches the file.
    pub(super) fn silence(&mut self) {
        let buffer = match self {
            Encoder::Plain(writer) => writer,
            Encoder::Gzip(writer) => writer.get_mut(),
            Encoder::Zstd(writer) => writer.get_mut(),
        };
        buffer.gate.silent = true;
    }
}
