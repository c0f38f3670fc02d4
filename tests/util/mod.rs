//! A folder to work in, a run of the command, and texts made to order.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// Longest run that any test allows.
const LIMIT: Duration = Duration::from_secs(120);

/// A temporary folder, gone with the value.
pub(crate) struct Dir(tempfile::TempDir);

impl Dir {
    pub(crate) fn new() -> Dir {
        Dir(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders on the way to it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    /// Names of everything in the folder and below, in order; hidden files
    /// too.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut open = vec![self.path().to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    open.push(entry.path());
                }
                let name = entry.path().strip_prefix(self.path()).unwrap().to_path_buf();
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        names
    }

    /// Runs the command here with nothing on standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.feed(args, b"")
    }

    /// Runs the command here with `input` on standard input.
    pub(crate) fn feed(&self, args: &[&str], input: &[u8]) -> Run {
        let output = assert_cmd::cargo::cargo_bin_cmd!()
            .current_dir(self.path())
            .env_remove("NO_COLOR")
            .args(args)
            .write_stdin(input)
            .timeout(LIMIT)
            .output()
            .unwrap();
        Run {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit status; none when a signal ended the run.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// Asserts the exit status, and that no panic was met on the way to it.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Run {
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        let shown = String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(600)]);
        assert_eq!(self.status, Some(status), "stderr: {}\nstdout: {shown}", self.stderr);
        self
    }

    /// Asserts that standard error holds `part`.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Run {
        assert!(self.stderr.contains(part), "no {part:?} in: {}", self.stderr);
        self
    }

    /// Asserts that nothing stands on standard output.
    #[track_caller]
    pub(crate) fn prints_nothing(self) -> Run {
        assert_eq!(String::from_utf8_lossy(&self.stdout), "");
        self
    }

    /// The records on standard output that have this type.
    pub(crate) fn records(&self, kind: &str) -> Vec<Value> {
        records(&self.stdout, kind)
    }

    pub(crate) fn summary(&self) -> Value {
        self.records("summary").pop().expect("a summary ends the report")
    }
}

/// The JSON Lines in `bytes` that have this type.
pub(crate) fn records(bytes: &[u8], kind: &str) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|r| r["type"] == kind).collect()
}

/// `n` words that no other seed shares.
pub(crate) fn words(seed: u64, n: usize) -> String {
    let mut state = seed;
    let all: Vec<String> = (0..n)
        .map(|i| {
            let draw = twicetold::hash::splitmix64(&mut state) % 100_000;
            format!("w{seed}x{i}y{draw}")
        })
        .collect();
    all.join(" ")
}

/// A text of `n` words of its own, then `told`, then `n` more. Its own words
/// are those of no seed below a million.
pub(crate) fn around(seed: u64, n: usize, told: &str) -> String {
    let own = 1_000_000 + 2 * seed;
    format!("{}.\n{told}.\n{}.\n", words(own, n), words(own + 1, n))
}

/// A JSON line with an id and a text.
pub(crate) fn line(id: &str, text: &str) -> String {
    format!("{}\n", serde_json::json!({"id": id, "text": text}))
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub(crate) fn zst(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    out.include_checksum(true).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Bytes of a file of the repository.
pub(crate) fn shipped(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}
