//! The writers behind an output: buffered, compressed by the name's ending.

use crate::storage::Sink;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use zstd::Encoder as ZstdEncoder;

/// Large enough that the cost of a system call vanishes.
const BUFFER: usize = 256 * 1024;

/// A file with an end to what passes: compressors and buffers write what
/// they hold when they are dropped, and what was not committed must not be
/// made to look complete.
pub(super) struct Gate {
    sink: Box<dyn Sink>,
    silent: bool,
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
    Plain(BufWriter<Gate>),
    Gzip(GzEncoder<BufWriter<Gate>>),
    Zstd(ZstdEncoder<'static, BufWriter<Gate>>),
}

impl Encoder {
    /// The format is that of the ending of `path`, in small or capital
    /// letters.
    pub(super) fn new(sink: Box<dyn Sink>, path: &Path) -> io::Result<Encoder> {
        let buffer = BufWriter::with_capacity(BUFFER, Gate { sink, silent: false });
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
        let gate = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(gate.sink)
    }

    /// From now on nothing reaches the file.
    pub(super) fn silence(&mut self) {
        let buffer = match self {
            Encoder::Plain(writer) => writer,
            Encoder::Gzip(writer) => writer.get_mut(),
            Encoder::Zstd(writer) => writer.get_mut(),
        };
        buffer.get_mut().silent = true;
    }
}
