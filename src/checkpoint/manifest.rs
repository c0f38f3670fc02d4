//! The manifest, byte for byte.
//!
//! ```text
//! magic   16 bytes
//! form    4 bytes, the number of this layout
//! version of the program, a string
//! made    1 byte: whether the folder was made for the state
//! command, a string
//! options, a number, then for each: name and value, strings
//! inputs, a number, then for each: path, a string; known, 1 byte; size, 8;
//!         time of change, 16
//! stages, a number, then for each: name, a string; number of sections; for
//!         each: name, a string; length, 8; checksum, 16
//! checksum of all before, 16 bytes
//! ```
//!
//! Numbers have 8 bytes, strings a number and so many bytes.

use std::path::Path;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_128;

use crate::checkpoint::CheckpointError;
use crate::checkpoint::basis::Basis;
use crate::checkpoint::basis::Input;
use crate::checkpoint::basis::Version;

/// The line end and the control byte show a transfer in text mode at once.
const MAGIC: &[u8; 16] = b"TWICETOLD\r\nSTATE";

/// Number of the layout. It grows with each change of it, and of what any
/// section holds.
const FORM: u32 = 1;

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) basis: Basis,
    /// Whether the folder was made for the state.
    pub(super) made: bool,
    /// Finished stages, in order.
    pub(super) stages: Vec<(String, Vec<Entry>)>,
}

/// A section of a finished stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) len: u64,
    pub(super) checksum: u128,
}

impl Manifest {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Out(MAGIC.to_vec());
        out.0.extend_from_slice(&FORM.to_le_bytes());
        out.string(VERSION.as_bytes());
        out.0.push(self.made.into());
        out.string(self.basis.command.as_bytes());
        out.number(self.basis.options.len() as u64);
        for (name, value) in &self.basis.options {
            out.string(name.as_bytes());
            out.string(value.as_bytes());
        }
        out.number(self.basis.inputs.len() as u64);
        for Input { path, version } in &self.basis.inputs {
            out.string(path.as_os_str().as_encoded_bytes());
            out.0.push(version.is_some().into());
            let Version { size, modified } = version.unwrap_or(Version { size: 0, modified: 0 });
            out.number(size);
            out.0.extend_from_slice(&modified.to_le_bytes());
        }
        out.number(self.stages.len() as u64);
        for (stage, entries) in &self.stages {
            out.string(stage.as_bytes());
            out.number(entries.len() as u64);
            for Entry { name, len, checksum } in entries {
                out.string(name.as_bytes());
                out.number(*len);
                out.0.extend_from_slice(&checksum.to_le_bytes());
            }
        }
        let checksum = xxh3_128(&out.0);
        out.0.extend_from_slice(&checksum.to_le_bytes());
        out.0
    }

    /// Reads a manifest in `folder`; `path` is its own.
    pub(super) fn parse(
        bytes: &[u8],
        folder: &Path,
        path: &Path,
    ) -> Result<Manifest, CheckpointError> {
        let damaged = || CheckpointError::damaged(path);
        let (body, checksum) = bytes.split_last_chunk().ok_or_else(damaged)?;
        if xxh3_128(body).to_le_bytes() != *checksum {
            return Err(damaged());
        }
        let mut rest = In(body);
        if rest.take(MAGIC.len()) != Some(MAGIC) {
            return Err(damaged());
        }
        let form = rest.chunk().map(u32::from_le_bytes);
        let made = rest.text().ok_or_else(damaged)?;
        if form != Some(FORM) || made != VERSION {
            return Err(CheckpointError::Version { folder: folder.to_path_buf(), made });
        }
        rest.manifest().filter(|_| rest.0.is_empty()).ok_or_else(damaged)
    }
}

struct Out(Vec<u8>);

impl Out {
    fn number(&mut self, n: u64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Bytes that are left; none where there are too few.
struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (now, later) = self.0.split_at_checked(n)?;
        self.0 = later;
        Some(now)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    fn number(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    /// A number of things of a byte or more each.
    fn count(&mut self) -> Option<usize> {
        let n = usize::try_from(self.number()?).ok()?;
        (n <= self.0.len()).then_some(n)
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let n = self.count()?;
        self.take(n)
    }

    fn text(&mut self) -> Option<String> {
        self.string().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
    }

    fn manifest(&mut self) -> Option<Manifest> {
        let made = self.chunk::<1>()? == [1];
        let mut basis = Basis::new(&self.text()?);
        for _ in 0..self.count()? {
            basis.options.push((self.text()?, self.text()?));
        }
        for _ in 0..self.count()? {
            let path = path(self.string()?)?;
            let known = self.chunk::<1>()? == [1];
            let (size, modified) = (self.number()?, i128::from_le_bytes(self.chunk()?));
            let version = known.then_some(Version { size, modified });
            basis.inputs.push(Input { path, version });
        }
        let mut stages = Vec::new();
        for _ in 0..self.count()? {
            let (stage, mut entries) = (self.text()?, Vec::new());
            for _ in 0..self.count()? {
                let (name, len) = (self.text()?, self.number()?);
                entries.push(Entry { name, len, checksum: u128::from_le_bytes(self.chunk()?) });
            }
            stages.push((stage, entries));
        }
        Some(Manifest { basis, made, stages })
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // as its sister
fn path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec())))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Option<PathBuf> {
    String::from_utf8(bytes.to_vec()).ok().map(PathBuf::from)
}
