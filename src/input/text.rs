//! A text file: one `String`, with a map to the bytes of the file (see
//! [`original`](crate::text::original)).
//!
//! A NUL byte makes a file binary: that is an error here, the caller decides
//! whether it stops the run.

use crate::input::InputError;
use crate::input::bytes::Bytes;
use crate::text::original::Text;
use crate::text::original::decode;
use std::path::Path;

/// Most bytes of a text: offsets have 32 bits.
pub const TEXT_LIMIT: u64 = u32::MAX as u64;

/// Least step by which the room for a text grows.
const CHUNK: usize = 256 * 1024;

/// Largest step, and the most that is taken on the word of a file's size.
const LARGE_CHUNK: usize = 32 << 20;

/// Reads a file to its end as one text of at most `limit` bytes, which is
/// lowered to [`TEXT_LIMIT`]. An empty file is an empty text.
///
/// # Errors
///
/// [`InputError::Binary`] when there is a NUL byte, [`InputError::LargeText`]
/// beyond the limit, before and after repair; what [`Bytes::read`] returns.
pub fn read(bytes: &mut Bytes, limit: u64) -> Result<Text, InputError> {
    let limit = limit.min(TEXT_LIMIT);
    // One byte more than the file has, so that its end is found in the room
    // of the first read.
    let size = bytes.stat().filter(|_| bytes.is_plain()).map_or(0, |stat| stat.size);
    let mut room = if size == 0 { CHUNK } else { size.min(LARGE_CHUNK as u64) as usize + 1 };
    let mut content = Vec::new();
    let mut len = 0;
    loop {
        if len == content.len() {
            content.resize(len + room, 0);
            room = content.len().clamp(CHUNK, LARGE_CHUNK);
        }
        let n = bytes.read(&mut content[len..])?;
        if n == 0 {
            break;
        }
        if memchr::memchr(0, &content[len..len + n]).is_some() {
            return Err(InputError::Binary {
                path: bytes.path().to_path_buf(),
                what: "NUL bytes, which no text has",
                remedy: "give text in UTF-8",
            });
        }
        len += n;
        if len as u64 > limit {
            return Err(too_large(bytes.path(), limit));
        }
    }
    content.truncate(len);
    // Many small files may be held at once.
    content.shrink_to_fit();
    let text = decode(content);
    if text.text.len() as u64 > limit {
        return Err(too_large(bytes.path(), limit));
    }
    Ok(text)
}

fn too_large(path: &Path, limit: u64) -> InputError {
    InputError::LargeText { path: path.to_path_buf(), limit }
}
