//! A stream of records: bytes to blocks of whole lines, blocks to lines.
//!
//! Only `\n` ends a line; U+2028, U+0085, form feeds and the like are part of
//! the text they stand in, and a `\r` before the `\n` is part of the line. A
//! byte order mark at the start of the stream belongs to no line. The last
//! line may lack its end. Blank lines are counted as lines but are no records.
//!
//! * time: `O(n)`, two passes over the bytes at the speed of memory, which are
//!   read in place and not copied, but for the line that a block cuts
//! * space: a block of about 256 KiB, more when a line is longer
//!
//! Bound: a line has at most as many bytes as the caller allows, [`LINE_LIMIT`]
//! by default. One that cannot be a record (it does not begin with `{`, or holds
//! control characters) may have 64 MiB, so that a bomb of zeros ends soon. Both
//! are errors with file and line.

use crate::input::InputError;
use crate::input::bytes::Bytes;
use memchr::memchr;
use memchr::memchr_iter;
use memchr::memrchr;

/// Most bytes of a line, unless the caller says otherwise.
pub const LINE_LIMIT: usize = 1 << 30;

/// The range of what the caller may say: places in a record have 32 bits.
pub const LINE_LIMITS: std::ops::RangeInclusive<usize> = 1024..=4095 << 20;

/// Most bytes of a line that cannot be a record.
const HOPELESS_LIMIT: usize = 64 << 20;

/// Bytes of a block: enough work for a thread, and few enough to stay in a
/// cache.
const BLOCK: usize = 256 << 10;

/// Largest step by which a long line grows.
const LARGE_STEP: usize = 16 << 20;

/// Bounds of a reader, in bytes; smaller ones in tests.
#[derive(Clone, Copy)]
struct Sizes {
    /// Of a block, about; in `3..=line`: a byte order mark has to fit the
    /// first read, and no line that fits a block may be above the limit.
    block: usize,
    /// Of a line that cannot be a record.
    hopeless: usize,
    /// Of a line.
    line: usize,
}

/// The byte order mark.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Whole lines of one file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of the file, as given to [`Blocks::new`].
    pub file: u32,
    /// Number of the first line, from 1.
    pub first_line: u64,
    /// Place of the first byte in the decompressed stream; a byte order mark
    /// counts.
    pub offset: u64,
    /// The lines with their ends. Never empty; only the last line of the file
    /// can lack its `\n`.
    pub bytes: Vec<u8>,
}

/// A line of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// Place of its first byte in the decompressed stream.
    pub offset: u64,
    /// Its bytes without the `\n`.
    pub bytes: &'a [u8],
    /// Whether a `\n` follows.
    pub ended: bool,
}

impl Line<'_> {
    /// Whether there is nothing but white space (of JSON): no record.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'))
    }
}

impl Block {
    /// All lines, blank ones too.
    #[must_use]
    pub fn lines(&self) -> Lines<'_> {
        Lines { rest: &self.bytes, number: self.first_line, offset: self.offset }
    }

    /// The lines that are not blank.
    pub fn records(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(|line| !line.is_blank())
    }
}

/// See [`Block::lines`].
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
    offset: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest);
        let (bytes, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &[][..]),
        };
        let line = Line { number: self.number, offset: self.offset, bytes, ended: end.is_some() };
        self.number += 1;
        self.offset += (self.rest.len() - rest.len()) as u64;
        self.rest = rest;
        Some(line)
    }
}

/// The blocks of a file, in order. After an error it ends.
pub struct Blocks {
    bytes: Bytes,
    file: u32,
    /// Start of the line that the last block cut.
    carry: Vec<u8>,
    line: u64,
    offset: u64,
    sizes: Sizes,
    ended: bool,
    /// Rooms of earlier blocks.
    spare: Vec<Vec<u8>>,
}

impl Blocks {
    /// Splits `bytes`; `file` is passed on with each block.
    #[must_use]
    pub fn new(bytes: Bytes, file: u32) -> Blocks {
        Blocks::with_limit(bytes, file, LINE_LIMIT)
    }

    /// The same with lines of at most `limit` bytes, which is brought into
    /// [`LINE_LIMITS`].
    #[must_use]
    pub fn with_limit(bytes: Bytes, file: u32, limit: usize) -> Blocks {
        let line = limit.clamp(*LINE_LIMITS.start(), *LINE_LIMITS.end());
        let (block, hopeless) = (BLOCK.min(line), HOPELESS_LIMIT.min(line));
        Blocks::with_sizes(bytes, file, Sizes { block, hopeless, line })
    }

    fn with_sizes(bytes: Bytes, file: u32, sizes: Sizes) -> Blocks {
        let (carry, spare) = (Vec::new(), Vec::new());
        Blocks { bytes, file, carry, line: 1, offset: 0, sizes, ended: false, spare }
    }

    /// The file behind the blocks.
    #[must_use]
    pub fn source(&self) -> &Bytes {
        &self.bytes
    }

    /// Takes the room of a block that is done with, for a later one.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        // That of an outsized line is given back to the system, and so is that of
        // a small file: it would grow to a whole block's.
        let block = self.sizes.block;
        if (block / 2..=2 * block).contains(&bytes.capacity()) {
            self.spare.push(bytes);
        }
    }

    /// The rooms that are left, for the blocks of another file.
    #[must_use]
    pub fn into_rooms(self) -> Vec<Vec<u8>> {
        self.spare
    }

    fn read_block(&mut self) -> Result<Option<Block>, InputError> {
        // What an earlier block left behind `len` is room that needs no
        // zeroing.
        let mut content = self.spare.pop().unwrap_or_default();
        let mut len = self.carry.len();
        if content.len() < len {
            content.clear();
            content.reserve_exact(self.sizes.block.max(len));
            content.resize(len, 0);
        }
        content[..len].copy_from_slice(&self.carry);
        self.carry.clear();
        loop {
            let known = len;
            len = self.fill(&mut content, len)?;
            if known == 0 && self.offset == 0 && content[..len].starts_with(BOM) {
                content.drain(..BOM.len());
                len -= BOM.len();
                self.offset = BOM.len() as u64;
            }
            let first_end = memchr(b'\n', &content[known..len]).map(|i| known + i);
            if first_end.unwrap_or(len) > self.sizes.line {
                return Err(self.too_long(self.sizes.line, true));
            }
            if self.ended {
                break;
            }
            if first_end.is_some() {
                // Reads ahead of the last line end go into the next block.
                let end = memrchr(b'\n', &content[..len]).map_or(0, |i| i + 1);
                self.carry.extend_from_slice(&content[end..len]);
                len = end;
                break;
            }
            if len > self.sizes.hopeless && self.is_hopeless(&content[..len], known) {
                return Err(self.too_long(self.sizes.hopeless, false));
            }
        }
        content.truncate(len);
        if content.is_empty() {
            self.reuse(content);
            return Ok(None);
        }
        let block =
            Block { file: self.file, first_line: self.line, offset: self.offset, bytes: content };
        self.line += memchr_iter(b'\n', &block.bytes).count() as u64;
        self.offset += block.bytes.len() as u64;
        Ok(Some(block))
    }

    /// Reads behind the first `len` bytes up to a full block, or by a further
    /// step when it is full; returns how many there are then.
    fn fill(&mut self, content: &mut Vec<u8>, mut len: usize) -> Result<usize, InputError> {
        let Sizes { block, line, .. } = self.sizes;
        // Doubling keeps the cost of moving linear; past the limit no room is
        // needed.
        let step = len.clamp(block, LARGE_STEP.max(block));
        let target = if len < block { block } else { (len + step).min(line + 1) };
        if target > content.capacity() {
            let room = (2 * content.capacity()).min(line + 1).max(target);
            content.reserve_exact(room - content.len());
        }
        if target > content.len() {
            content.resize(target, 0);
        }
        while len < target {
            match self.bytes.read(&mut content[len..target])? {
                0 => {
                    self.ended = true;
                    break;
                }
                n => len += n,
            }
        }
        Ok(len)
    }

    /// Whether the line that `content` begins can be no record. The bytes
    /// before `known` were looked at before, beyond the bound.
    fn is_hopeless(&self, content: &[u8], known: usize) -> bool {
        let fresh = if known > self.sizes.hopeless { &content[known..] } else { content };
        let first = content.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r'));
        first != Some(&b'{') || fresh.iter().any(|b| *b < b' ' && !matches!(b, b'\t' | b'\r'))
    }

    fn too_long(&self, limit: usize, hopeful: bool) -> InputError {
        InputError::LongLine {
            path: self.bytes.path().to_path_buf(),
            line: self.line,
            limit: limit as u64,
            hopeful,
        }
    }
}

impl Iterator for Blocks {
    type Item = Result<Block, InputError>;

    fn next(&mut self) -> Option<Result<Block, InputError>> {
        if self.ended && self.carry.is_empty() {
            return None;
        }
        let block = self.read_block();
        if block.is_err() {
            self.ended = true;
        }
        block.transpose()
    }
}

#[cfg(test)]
const SIZES: Sizes = Sizes { block: BLOCK, hopeless: HOPELESS_LIMIT, line: LINE_LIMIT };

#[cfg(test)]
mod tests;
