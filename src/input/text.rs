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

/// First read, and least one.
const CHUNK: usize = 256 * 1024;

/// Largest single read: a text is not doubled beyond it at a stroke.
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
    let mut content = Vec::new();
    let mut len = 0;
    loop {
        content.resize(len + len.clamp(CHUNK, LARGE_CHUNK), 0);
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
    let text = decode(content);
    if text.text.len() as u64 > limit {
        return Err(too_large(bytes.path(), limit));
    }
    Ok(text)
}

fn too_large(path: &Path, limit: u64) -> InputError {
    InputError::LargeText { path: path.to_path_buf(), limit }
}
