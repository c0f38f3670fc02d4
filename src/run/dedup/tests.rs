use super::*;
use crate::budget::Budget;
use crate::checkpoint::Checkpoint;
use crate::input::InputError;
use crate::input::InputKind;
use crate::input::walk::expand;
use crate::options::dedup::DedupOptions;
use crate::output::Outputs;
use crate::run::Unwatched;
use crate::run::dedup::sinks::Sink;
use crate::spill::Scratch;
use crate::storage::Disk;
use crate::storage::Source;
use crate::storage::Stat;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

/// Versions of one text, copies of another and one like no other, which is
/// read again only to be written; over two files, one of them compressed.
fn folder() -> TempDir {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let text = |n: u32| (n..n + 30).map(|i| format!("word{i}")).collect::<Vec<_>>().join(" ");
    let line = |text: &str| format!("{{\"text\":\"{text}\"}}\n");
    let first = [text(0), text(200), text(100), text(0) + " more"].map(|t| line(&t)).concat();
    fs::write(dir.path().join("a.jsonl"), first).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all((line(&text(1)) + &line(&text(100))).as_bytes()).unwrap();
    fs::write(dir.path().join("b.jsonl.gz"), packed.finish().unwrap()).unwrap();
    dir
}

/// Runs over all files of the folder and commits; what stands in the output.
fn run(storage: &dyn Storage, dir: &TempDir) -> Result<Vec<u8>, RunError> {
    run_within(storage, dir, Room::unlimited())
}

fn run_within(storage: &dyn Storage, dir: &TempDir, room: Room) -> Result<Vec<u8>, RunError> {
    run_over(storage, dir, room, &entries(dir))
}

fn entries(dir: &TempDir) -> Vec<Entry> {
    let paths = ["a.jsonl", "b.jsonl.gz"].map(|name| dir.path().join(name));
    expand(&Disk, &paths, InputKind::Auto, Kind::Jsonl, &[]).unwrap().0
}

fn run_over(
    storage: &dyn Storage,
    dir: &TempDir,
    room: Room,
    entries: &[Entry],
) -> Result<Vec<u8>, RunError> {
    let plan = DedupPlan::new(&DedupOptions { pairs: true, ..Default::default() }).unwrap();
    let settings = Settings::new(&plan, ("text", "id"), None, room).unwrap();
    let outputs = Outputs::new(Arc::new(Disk));
    let out =
        |name: &str| Ok::<Sink, RunError>(Sink::new(Some(outputs.open(&dir.path().join(name))?)));
    let mut sinks = Sinks { kept: out("out")?, pairs: out("pairs")?, ..Sinks::default() };
    let inputs = Inputs { storage, references: &[], entries };
    dedup(inputs, &settings, &mut sinks, None, &Unwatched)?;
    sinks.settle()?;
    outputs.commit(sinks.into_outputs())?;
    Ok(fs::read(dir.path().join("out")).unwrap())
}

#[test]
fn wherever_reading_fails_there_is_an_error_and_no_output() {
    let dir = folder();
    let whole = run(&Disk, &dir).unwrap();
    assert_eq!(whole.iter().filter(|&&b| b == b'\n').count(), 3);
    for op in [Op::Open, Op::Read, Op::Stat] {
        for n in 1.. {
            for name in ["out", "pairs"] {
                fs::remove_file(dir.path().join(name)).unwrap_or_default();
            }
            let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::PermissionDenied));
            let result = run(&storage, &dir);
            if !storage.fired() {
                assert_eq!(result.unwrap(), whole);
                break;
            }
            match result {
                // Without knowing what the file was, it is held as a stream
                // is; opening again is tried twice.
                Ok(out) => assert!(op != Op::Read && out == whole, "{op:?} {n}"),
                Err(_) => assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "{op:?} {n}"),
            }
        }
    }
    let storage = Failing::nth(Op::Read, 1, Fault::Short);
    assert_eq!(run(&storage, &dir).unwrap(), whole);
}

/// The disk, but from the second time on a file is opened one of its bytes is
/// another, though its size and time are not.
struct Altered {
    opened: AtomicU32,
    byte: u64,
}

struct AlteredFile {
    inner: Box<dyn Source>,
    byte: Option<u64>,
}

impl Read for AlteredFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf)
    }
}

impl Source for AlteredFile {
    fn stat(&self) -> io::Result<Stat> {
        self.inner.stat()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let n = self.inner.read_at(buf, offset)?;
        if let Some(at) = self.byte.and_then(|byte| byte.checked_sub(offset))
            && at < n as u64
        {
            buf[at as usize] ^= 1;
        }
        Ok(n)
    }
}

impl Storage for Altered {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Source>> {
        let mut byte = None;
        if path.extension().is_some_and(|e| e == "jsonl")
            && self.opened.fetch_add(1, Ordering::Relaxed) > 0
        {
            byte = Some(self.byte);
        }
        Ok(Box::new(AlteredFile { inner: Disk.open(path)?, byte }))
    }

    fn stdin(&self) -> io::Result<Box<dyn Source>> {
        Disk.stdin()
    }

    fn stdout(&self) -> io::Result<Box<dyn crate::storage::Sink>> {
        Disk.stdout()
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Disk.stat(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.resolve(path)
    }

    fn create(
        &self,
        path: &Path,
        like: Option<&Stat>,
    ) -> io::Result<Box<dyn crate::storage::Sink>> {
        Disk.create(path, like)
    }

    fn open_existing(&self, path: &Path) -> io::Result<Box<dyn crate::storage::Sink>> {
        Disk.open_existing(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Disk.sync_folder(folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        Disk.create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }

    fn sync_system(&self, folder: &Path) -> io::Result<bool> {
        Disk.sync_system(folder)
    }
}

#[test]
fn a_byte_that_changed_unseen_is_met_when_its_line_is_read_again() {
    let dir = folder();
    let size = fs::metadata(dir.path().join("a.jsonl")).unwrap().len();
    for byte in (0..size - 1).step_by(7).chain([size - 2]) {
        let storage = Altered { opened: AtomicU32::new(0), byte };
        let error = run(&storage, &dir).unwrap_err();
        assert!(matches!(error, RunError::Input(InputError::Changed { .. })), "{byte}: {error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

/// Memory for next to nothing, so that all is spilled.
fn little(storage: &Failing, dir: &TempDir) -> Room {
    let scratch = Scratch::of(Arc::new(storage.clone()), dir.path());
    Room { budget: Budget::of(4000), scratch }
}

#[test]
fn wherever_a_temporary_file_fails_there_is_an_error_and_no_output() {
    let dir = folder();
    let whole = run(&Disk, &dir).unwrap();
    let pairs = fs::read(dir.path().join("pairs")).unwrap();
    for op in [Op::Create, Op::Write, Op::Read] {
        for n in 1.. {
            for name in ["out", "pairs"] {
                fs::remove_file(dir.path().join(name)).unwrap_or_default();
            }
            let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::StorageFull));
            let result = run_within(&Disk, &dir, little(&storage, &dir));
            if !storage.fired() {
                assert!(n > 2, "{op:?}: nothing was spilled");
                assert_eq!(result.unwrap(), whole);
                assert_eq!(fs::read(dir.path().join("pairs")).unwrap(), pairs);
                break;
            }
            let error = result.unwrap_err();
            assert!(matches!(error, RunError::Spill(_)), "{op:?} {n}: {error}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "{op:?} {n}");
        }
        let storage = Failing::nth(op, 1, Fault::Short);
        assert_eq!(run_within(&Disk, &dir, little(&storage, &dir)).unwrap(), whole);
    }
}

#[test]
fn a_disk_or_a_memory_that_is_too_small_is_refused_before_the_start() {
    let dir = folder();
    let storage = Failing::with_room(100);
    let room = little(&storage, &dir);
    let error = run_within(&Disk, &dir, room.clone()).unwrap_err().to_string();
    assert!(error.contains("MB of temporary files") && error.contains("--temp-dir"), "{error}");
    assert_eq!(room.scratch.written(), 0);
    let room = Room { budget: Budget::of(50), ..room };
    let error = run_within(&Disk, &dir, room.clone()).unwrap_err().to_string();
    assert!(error.contains("--memory 1 MB is not enough for about 6 records"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_disk_that_is_too_small_for_what_comes_is_refused_while_it_comes() {
    let dir = folder();
    let storage = Failing::with_room(100);
    let mut entries = entries(&dir);
    // As of a pipe.
    entries.iter_mut().for_each(|entry| entry.size = None);
    let room = little(&storage, &dir);
    let error = run_over(&Disk, &dir, room, &entries).unwrap_err().to_string();
    assert!(error.starts_with("the first 6 records alone need 1 MB of temporary"), "{error}");
    assert!(error.contains("--temp-dir"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    let storage = Failing::with_room(100_000);
    run_over(&Disk, &dir, little(&storage, &dir), &entries).unwrap();
}

#[test]
fn what_comes_of_a_compressed_file_is_told_by_a_part_of_it() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let mut state = 1;
    let mut text = || -> String {
        let mut word = || format!("{:x} ", crate::hash::splitmix64(&mut state) % 5000);
        (0..100).map(|_| word()).collect()
    };
    let lines: String = (0..20_000).map(|_| format!("{{\"text\":\"{}\"}}\n", text())).collect();
    let packed = dir.path().join("a.jsonl.gz");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for (part, expected) in [(&lines[..], 20_000), (&lines[..lines.len() / 40], 500)] {
        gz.write_all(part.as_bytes()).unwrap();
        let whole = std::mem::replace(
            &mut gz,
            flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()),
        );
        fs::write(&packed, whole.finish().unwrap()).unwrap();
        let entries =
            expand(&Disk, std::slice::from_ref(&packed), InputKind::Auto, Kind::Jsonl, &[])
                .unwrap()
                .0;
        let room = Room { budget: Budget::of(1 << 30), ..Room::unlimited() };
        let plan = DedupPlan::new(&DedupOptions::default()).unwrap();
        let engine = Engine::within(&plan, &room);
        let keys = Keys::new("text", "id", &[]).unwrap();
        let all: Vec<&Entry> = entries.iter().collect();
        let got = estimate(&Disk, &all, &keys, &engine, &room).unwrap().records;
        assert!(got.abs_diff(expected) * 10 < expected, "{got} for {expected}");
    }
}

/// Settings that take different ways, and the keys of their fields.
fn ways() -> Vec<(&'static str, DedupOptions, Option<&'static str>)> {
    let plain = DedupOptions { pairs: true, ..Default::default() };
    let exact = DedupOptions { exact: true, ..plain.clone() };
    let measure = crate::options::dedup::Measure::Containment;
    vec![
        ("banded", plain.clone(), None),
        ("without pairs", DedupOptions::default(), None),
        ("joined", exact.clone(), None),
        ("contained", DedupOptions { measure, threshold: 0.7, ..plain.clone() }, None),
        ("annotated", plain.clone(), Some("mark")),
        ("by field", DedupOptions { keep: "max:n".parse().unwrap(), ..plain.clone() }, None),
        ("all go", DedupOptions { keep: "none".parse().unwrap(), ..exact.clone() }, None),
        ("numbers", DedupOptions { distinct_numbers: true, ..exact }, None),
    ]
}

/// Files with versions, copies, fields, unusable lines; one is compressed.
fn dumps() -> TempDir {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let mut state = 5;
    let mut draw = move |n: u64| crate::hash::splitmix64(&mut state) % n;
    let mut lines = String::new();
    for n in 0..400 {
        let story = draw(60);
        let mut words: Vec<String> = (0..40).map(|w| format!("s{story}w{w}")).collect();
        for _ in 0..draw(4) {
            words[draw(40) as usize] = format!("x{}", draw(1000));
        }
        let text = words[..(3 + draw(38)) as usize].join(" ");
        lines += &match draw(20) {
            0 => "no record\n".to_owned(),
            1 => format!("{{\"text\":\"\",\"n\":{n}}}\n"),
            2 => format!("{{\"text\":\"{text}\"}}\n"),
            _ => format!("{{\"id\":{n},\"text\":\"{text}\",\"n\":{}}}\n", draw(9)),
        };
    }
    let half = lines.len() / 2 + lines[lines.len() / 2..].find('\n').unwrap() + 1;
    fs::write(dir.path().join("a.jsonl"), &lines[..half]).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&lines.as_bytes()[half..]).unwrap();
    fs::write(dir.path().join("b.jsonl.gz"), packed.finish().unwrap()).unwrap();
    dir
}

/// Runs with a state that goes through `storage`, if with one; what stands in
/// all outputs, and the stages that were known at the start.
fn run_with_state(
    dir: &TempDir,
    room: Room,
    (options, annotate): (&DedupOptions, Option<&str>),
    storage: Option<Arc<dyn Storage>>,
) -> Result<(Vec<Vec<u8>>, Vec<String>), RunError> {
    let paths = ["a.jsonl", "b.jsonl.gz"].map(|name| dir.path().join(name));
    let mut entries = expand(&Disk, &paths, InputKind::Auto, Kind::Jsonl, &[]).unwrap().0;
    let references = if options.against { vec![entries.remove(0)] } else { Vec::new() };
    let plan = DedupPlan::new(options).unwrap();
    let mut settings = Settings::new(&plan, ("text", "id"), annotate, room).unwrap();
    settings.rejects = true;
    let inputs = Inputs { storage: &Disk, references: &references, entries: &entries };
    let basis = settings.basis(inputs)?;
    let state = dir.path().join("state");
    let state = storage.map(|storage| Checkpoint::open(storage, &state, &basis)).transpose()?;
    let known = state.iter().flat_map(|s| s.stages()).map(str::to_owned).collect();
    let outputs = Outputs::new(Arc::new(Failing::never()));
    let names = ["out", "pairs", "clusters", "removed", "rejects"];
    let out =
        |n: usize| Ok::<Sink, RunError>(Sink::new(Some(outputs.open(&dir.path().join(names[n]))?)));
    let mut sinks = Sinks {
        kept: out(0)?,
        pairs: out(1)?,
        clusters: out(2)?,
        removed: out(3)?,
        rejects: out(4)?,
        state,
        ..Sinks::default()
    };
    dedup(inputs, &settings, &mut sinks, None, &Unwatched)?;
    let state = sinks.state.take();
    outputs.commit(sinks.into_outputs())?;
    state.map_or(Ok(()), Checkpoint::remove)?;
    Ok((names.map(|name| fs::read(dir.path().join(name)).unwrap()).to_vec(), known))
}

#[test]
fn wherever_the_state_fails_a_later_run_goes_on_to_the_same_bytes() {
    let dir = dumps();
    let unlimited = Room::unlimited;
    let mut seen = std::collections::BTreeSet::new();
    let mut ways = ways();
    ways.push(("against", DedupOptions { against: true, pairs: true, ..Default::default() }, None));
    for (turn, (name, options, annotate)) in ways.iter().enumerate() {
        let way = (options, *annotate);
        let whole = run_with_state(&dir, unlimited(), way, None).unwrap().0;
        let again =
            run_with_state(&dir, unlimited(), way, Some(Arc::new(Failing::never()))).unwrap();
        assert_eq!((again.0, again.1.len()), (whole.clone(), 0), "{name}");
        let some = [Op::Create, Op::Write, Op::Sync, Op::Link, Op::Rename, Op::SyncFolder];
        for op in [some[turn % 6], some[(turn + 3) % 6]] {
            // Each second one, of these or those.
            for n in (1 + turn as u64 % 2..).step_by(2) {
                let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::StorageFull));
                // Little memory in one of the two runs.
                let budget = [15_000, 60_000][turn % 2];
                let small =
                    || Room { budget: Budget::of(budget), scratch: Scratch::new(dir.path()) };
                let (first, second) =
                    if n / 2 % 2 == 0 { (small(), unlimited()) } else { (unlimited(), small()) };
                let failed = run_with_state(&dir, first, way, Some(Arc::new(storage.clone())));
                if !storage.fired() {
                    assert_eq!(failed.unwrap().0, whole, "{name} {op:?} {n}");
                    break;
                }
                let error = failed.unwrap_err();
                assert!(matches!(error, RunError::Checkpoint(_)), "{name} {op:?} {n}: {error}");
                let (bytes, known) =
                    run_with_state(&dir, second, way, Some(Arc::new(Failing::never())))
                        .unwrap_or_else(|e| panic!("{name} {op:?} {n}: {e}"));
                assert!(bytes == whole, "{name} {op:?} {n}: other bytes after {known:?}");
                seen.insert(known);
                assert!(!dir.path().join("state").exists(), "{name} {op:?} {n}");
            }
        }
    }
    let stages = ["read", "pairs", "clusters"];
    let expected = (0..=3).map(|n| stages[..n].iter().map(|s| (*s).to_owned()).collect());
    assert_eq!(seen, expected.collect(), "a run went on from each stage");
}
