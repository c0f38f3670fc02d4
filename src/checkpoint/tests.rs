use super::*;
use crate::storage::Disk;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::fs;
use std::io::ErrorKind;
use tempfile::TempDir;

/// A folder with two inputs, and the path of a state that is not there yet.
fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "first").unwrap();
    fs::write(dir.path().join("b"), "second").unwrap();
    let state = dir.path().join("state");
    (dir, state)
}

fn basis(dir: &TempDir) -> Basis {
    let mut basis = Basis::new("dedup");
    basis.option("--threshold", 0.8);
    for name in ["a", "b"] {
        basis.input(&Disk, &dir.path().join(name)).unwrap();
    }
    basis
}

fn open(dir: &TempDir, state: &Path) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(Arc::new(Disk), state, &basis(dir))
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn bytes() -> Vec<u8> {
    (0..300_000u32).flat_map(|n| (n.wrapping_mul(0x9e37_79b9) as u16).to_le_bytes()).collect()
}

/// Two stages, the first of two sections that are written by turns.
fn run(mut state: Checkpoint) -> Result<Checkpoint, CheckpointError> {
    if !state.has("read") {
        let (mut numbers, mut rest) =
            (state.section("read", "numbers")?, state.section("read", "rest")?);
        for n in 0..1000 {
            numbers.put_u32(n)?;
            numbers.put_u64(u64::from(n) << 40)?;
            rest.put_bytes(&n.to_le_bytes()[..n as usize % 5])?;
        }
        rest.put(&bytes())?;
        state.finish("read", vec![numbers, rest])?;
    }
    if !state.has("found") {
        let mut found = state.section("found", "pairs")?;
        found.put_bytes(b"all of them")?;
        state.finish("found", vec![found])?;
    }
    Ok(state)
}

fn check_run(state: &Checkpoint) {
    let mut numbers = state.read("read", "numbers").unwrap();
    let (mut rest, mut some) = (state.read("read", "rest").unwrap(), Vec::new());
    for n in 0..1000 {
        assert_eq!(numbers.take_u32().unwrap(), n);
        assert_eq!(numbers.take_u64().unwrap(), u64::from(n) << 40);
        rest.take_bytes(&mut some).unwrap();
        assert_eq!(some, n.to_le_bytes()[..n as usize % 5]);
    }
    assert_eq!((numbers.left(), rest.left()), (0, bytes().len() as u64));
    let mut all = vec![0; bytes().len()];
    rest.take(&mut all).unwrap();
    assert_eq!(all, bytes());
    rest.take(&mut [0]).unwrap_err();
    numbers.take_bytes(&mut some).unwrap_err();
    let (file, len) = state.file("found", "pairs").unwrap();
    let mut part = [0; 3];
    file.read_at(&mut part, 8).unwrap();
    assert_eq!((len, &part), (19, b"all"));
}

#[test]
fn finished_stages_are_there_again_and_gone_with_the_end() {
    let (dir, state) = folder();
    let first = run(open(&dir, &state).unwrap()).unwrap();
    check_run(&first);
    drop(first);
    assert_eq!(names(&state).len(), 5);
    let again = open(&dir, &state).unwrap();
    assert!(again.has("read") && again.has("found") && !again.has("written"));
    check_run(&again);
    again.remove().unwrap();
    assert_eq!(names(dir.path()), ["a", "b"]);
    // A folder that was there stays.
    fs::create_dir(&state).unwrap();
    run(open(&dir, &state).unwrap()).unwrap().remove().unwrap();
    assert!(state.is_dir() && names(&state).is_empty());
}

#[test]
fn what_was_not_finished_leaves_nothing() {
    let (dir, state) = folder();
    let first = open(&dir, &state).unwrap();
    let mut section = first.section("read", "rows").unwrap();
    section.put(&bytes()).unwrap();
    drop(section);
    drop(first);
    assert_eq!(names(dir.path()), ["a", "b"]);
    // Nor does it stay beside what was finished, when it is swept up later.
    drop(run(open(&dir, &state).unwrap()).unwrap());
    let before = names(&state);
    for name in ["written.rows", "manifest-new"] {
        fs::write(state.join(format!("{PREFIX}{name}")), "half").unwrap();
    }
    fs::write(state.join("own"), "of the user").unwrap();
    let again = open(&dir, &state).unwrap();
    fs::remove_file(state.join("own")).unwrap();
    assert_eq!(names(&state), before);
    drop(again);
}

#[test]
fn a_folder_is_used_by_one_run_at_a_time() {
    let (dir, state) = folder();
    let first = open(&dir, &state).unwrap();
    let error = open(&dir, &state).err().unwrap().to_string();
    assert!(error.contains("another run uses") && error.contains("state"), "{error}");
    run(first).unwrap().remove().unwrap();
    open(&dir, &state).unwrap();
}

#[test]
fn folders_of_others_are_refused_and_left_alone() {
    let (dir, state) = folder();
    let error = open(&dir, dir.path()).err().unwrap().to_string();
    assert!(error.contains("holds a and no state"), "{error}");
    let error = open(&dir, &dir.path().join("a")).err().unwrap().to_string();
    assert!(error.contains("which is no folder"), "{error}");
    let error = open(&dir, &state.join("deep")).err().unwrap().to_string();
    assert!(error.contains("cannot create"), "{error}");
    assert_eq!(names(dir.path()), ["a", "b"]);
}

#[test]
fn state_of_another_run_is_refused_with_the_difference() {
    let (dir, state) = folder();
    drop(run(open(&dir, &state).unwrap()).unwrap());
    let before = names(&state);
    let refused = |basis: &Basis| {
        let error = Checkpoint::open(Arc::new(Disk), &state, basis).err().unwrap().to_string();
        assert!(error.contains("remove ") && error.contains("begin anew"), "{error}");
        error
    };
    let mut other = basis(&dir);
    other.command = "find".to_owned();
    assert!(refused(&other).contains("the state of a run of dedup"));
    let mut other = basis(&dir);
    other.options[0].1 = "0.7".to_owned();
    assert!(refused(&other).contains("had --threshold 0.8, and this one has 0.7"));
    other = basis(&dir);
    other.option("--exact", "on");
    assert!(refused(&other).contains("had no --exact, and this one has on"));
    other.options.clear();
    assert!(refused(&other).contains("had --threshold 0.8, which this one has not"));
    let change = |name: &str, what: &str, basis: Basis| {
        let error = refused(&basis);
        assert!(error.contains(&format!("{name} {what}")), "{error}");
    };
    other = basis(&dir);
    other.inputs.pop();
    change("/b", "was an input then and is none now", other);
    other = basis(&dir);
    other.inputs.swap(0, 1);
    change("/b", "was no input then, or at another place", other);
    fs::write(dir.path().join("c"), "third").unwrap();
    other = basis(&dir);
    other.input(&Disk, &dir.path().join("c")).unwrap();
    change("/c", "was no input then", other);
    fs::remove_file(dir.path().join("c")).unwrap();
    let time = fs::metadata(dir.path().join("b")).unwrap().modified().unwrap();
    let touch = |seconds| {
        let file = fs::File::options().write(true).open(dir.path().join("b")).unwrap();
        file.set_modified(time + std::time::Duration::from_secs(seconds)).unwrap();
    };
    touch(5);
    change("/b", "was changed since then", basis(&dir));
    fs::write(dir.path().join("b"), "longer than it was").unwrap();
    change("/b", "had a size of 6 bytes then and has 18 bytes now", basis(&dir));
    fs::write(dir.path().join("b"), "second").unwrap();
    touch(0);
    assert_eq!(names(&state), before);
    check_run(&open(&dir, &state).unwrap());
    let mut piped = Basis::new("dedup");
    let error = piped.input(&Disk, Path::new("-")).unwrap_err().to_string();
    assert!(error.starts_with("standard input cannot be read a second time"), "{error}");
    let error = piped.input(&Disk, dir.path()).unwrap_err().to_string();
    assert!(error.contains("is a folder, which cannot be read a second time"), "{error}");
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    let (dir, state) = folder();
    let whole = run(open(&dir, &state).unwrap()).unwrap();
    drop(whole);
    for name in names(&state).iter().filter(|name| !name.ends_with("lock")) {
        let path = state.join(name);
        let good = fs::read(&path).unwrap();
        let used = || -> Result<(), CheckpointError> {
            let state = open(&dir, &state)?;
            state.read("read", "numbers")?;
            state.read("read", "rest")?;
            state.read("found", "pairs")?;
            Ok(())
        };
        used().unwrap();
        let step = good.len() / 40 + 1;
        for bit in (0..8 * good.len()).step_by(step * 3 + 1) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            let error = used().unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is damaged")), "{name} {bit}: {error}");
        }
        for len in [0, good.len() / 2, good.len() - 1] {
            fs::write(&path, &good[..len]).unwrap();
            assert!(matches!(used(), Err(CheckpointError::Damaged { .. })), "{name} {len}");
        }
        fs::write(&path, [&good[..], b"x"].concat()).unwrap();
        assert!(matches!(used(), Err(CheckpointError::Damaged { .. })), "{name}");
        fs::write(&path, &good).unwrap();
    }
    fs::remove_file(state.join("twicetold-state.read.rest")).unwrap();
    let error = open(&dir, &state).unwrap().read("read", "rest").err().unwrap().to_string();
    assert!(error.contains("read.rest is damaged"), "{error}");
}

#[test]
fn another_version_is_named() {
    let (dir, state) = folder();
    drop(run(open(&dir, &state).unwrap()).unwrap());
    let path = state.join(MANIFEST);
    let good = fs::read(&path).unwrap();
    let sealed = |body: &[u8]| {
        let checksum = xxhash_rust::xxh3::xxh3_128(body).to_le_bytes();
        fs::write(&path, [body, &checksum].concat()).unwrap();
        open(&dir, &state).err().unwrap().to_string()
    };
    let body = &good[..good.len() - 16];
    let mut other = body.to_vec();
    let at = body.windows(5).position(|w| w == manifest::VERSION.as_bytes()).unwrap();
    other[at..at + 5].copy_from_slice(b"9.9.9");
    assert!(sealed(&other).contains("was made by version 9.9.9, and this is"));
    let mut other = body.to_vec();
    other[16] = 99;
    assert!(sealed(&other).contains("was made by version"));
    // Whatever a manifest holds, it is an error and no panic.
    for len in 0..body.len() {
        assert!(sealed(&body[..len]).contains("remove"), "{len}");
    }
    for at in 0..body.len() {
        let mut other = body.to_vec();
        other[at] ^= 0xff;
        let checksum = xxhash_rust::xxh3::xxh3_128(&other).to_le_bytes();
        fs::write(&path, [&other[..], &checksum].concat()).unwrap();
        let _ = open(&dir, &state).and_then(|state| state.read("read", "numbers").map(drop));
        // It may have swept sections that are no longer listed.
        if names(&state).len() < 5 {
            fs::remove_dir_all(&state).unwrap_or_default();
            drop(run(open(&dir, &state).unwrap()).unwrap());
        }
    }
}

#[test]
fn wherever_it_fails_a_later_run_goes_on() {
    for named in [false, true] {
        for op in Op::ALL {
            for n in 1.. {
                let (dir, state) = folder();
                let storage = Failing::nth(op, n, Fault::Once(ErrorKind::StorageFull));
                let storage = if named { storage.named() } else { storage };
                let basis = basis(&dir);
                let done = Checkpoint::open(Arc::new(storage.clone()), &state, &basis)
                    .and_then(run)
                    .and_then(|state| {
                        state.read("read", "rest")?.take(&mut [0; 9])?;
                        Ok(state)
                    })
                    .and_then(Checkpoint::remove);
                let place = format!("{op:?} {n}, named {named}");
                if !storage.fired() {
                    done.unwrap();
                    break;
                }
                let message = done.err().map(|e| e.to_string()).unwrap_or_default();
                assert!(message.is_empty() || message.contains("cannot"), "{place}: {message}");
                let again = run(open(&dir, &state).unwrap()).unwrap();
                check_run(&again);
                again.remove().unwrap();
                // Unless an earlier run could not tell that it made it.
                if state.exists() {
                    assert!(names(&state).is_empty(), "{place}");
                }
            }
        }
    }
}
