use super::*;
use crate::hash::splitmix64;
use crate::storage::Disk;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::fs;
use std::io::ErrorKind;
use std::io::Read;
use tempfile::TempDir;

/// Bytes that no compressor makes small, more than one buffer of them.
fn noise() -> Vec<u8> {
    let mut state = 3;
    (0..40_000).flat_map(|_| splitmix64(&mut state).to_le_bytes()).collect()
}

fn names(dir: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut out = Vec::new();
    match path.extension().map(|e| e.to_ascii_lowercase()) {
        Some(e) if e == "gz" => {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap()
        }
        Some(e) if e == "zst" => {
            zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut out).unwrap()
        }
        _ => return bytes,
    };
    out
}

fn disk() -> Arc<Outputs> {
    Outputs::new(Arc::new(Disk))
}

/// The disk, with files that have no name and without.
fn disks() -> [Arc<Outputs>; 2] {
    [disk(), Outputs::new(Arc::new(Failing::never().named()))]
}

/// Whether files can be without a name here.
fn has_nameless(dir: &TempDir) -> bool {
    Disk.create_nameless(dir.path(), None).unwrap().is_some()
}

#[test]
fn nothing_stands_under_the_final_name_before_commit() {
    let dir = tempfile::tempdir().unwrap();
    for (named, disk) in [!has_nameless(&dir), true].into_iter().zip(disks()) {
        for name in ["a", "a.gz", "a.zst", "A.ZST", "b.Gz"] {
            let path = dir.path().join(name);
            let mut output = disk.open(&path).unwrap();
            output.put(&noise()).unwrap();
            assert!(!path.exists());
            assert_eq!(names(&dir).len(), usize::from(named), "a temporary file, or none");
            let temporary = format!(".{name}.twicetold-");
            assert!(names(&dir).iter().all(|name| name.starts_with(&temporary)));
            output.commit().unwrap();
            assert_eq!(names(&dir), [name]);
            assert_eq!(unpacked(&path), noise());
            fs::remove_file(path).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_new_file_has_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("other"), "").unwrap();
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
    for (name, disk) in ["a", "b"].into_iter().zip(disks()) {
        disk.open(&dir.path().join(name)).unwrap().commit().unwrap();
        assert_eq!(mode(name), mode("other"));
    }
}

#[test]
fn a_file_that_came_meanwhile_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    for disk in disks() {
        let path = dir.path().join("a");
        let mut output = disk.open(&path).unwrap();
        output.put(b"new").unwrap();
        fs::write(&path, "other").unwrap();
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&dir), ["a"]);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn an_empty_output_is_a_complete_file() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "a.gz", "a.zst"] {
        let path = dir.path().join(name);
        disk().open(&path).unwrap().commit().unwrap();
        assert_eq!(unpacked(&path), b"");
    }
}

#[test]
fn an_output_dropped_without_commit_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for disk in disks() {
        for name in ["a", "a.gz", "a.zst"] {
            fs::write(dir.path().join(name), "old").unwrap();
            let mut output = disk.open(&dir.path().join(name)).unwrap();
            output.put(&noise()).unwrap();
            drop(output);
            assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"old");
        }
    }
    assert_eq!(names(&dir), ["a", "a.gz", "a.zst"]);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_links_to_it_stay_links() {
    use std::os::unix::fs::PermissionsExt;
    for disk in disks() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("sub/file"), "old").unwrap();
        fs::set_permissions(path("sub/file"), fs::Permissions::from_mode(0o4751)).unwrap();
        std::os::unix::fs::symlink("sub/file", path("link")).unwrap();
        let mut output = disk.open(&path("link")).unwrap();
        output.put(b"new").unwrap();
        output.commit().unwrap();
        assert_eq!(fs::read(path("sub/file")).unwrap(), b"new");
        assert_eq!(fs::metadata(path("sub/file")).unwrap().permissions().mode() & 0o7777, 0o4751);
        assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());

        // A link to nothing: the file it names is made.
        std::os::unix::fs::symlink("sub/new", path("dangling")).unwrap();
        disk.open(&path("dangling")).unwrap().commit().unwrap();
        assert!(path("sub/new").exists());
        assert!(fs::symlink_metadata(path("dangling")).unwrap().is_symlink());
    }
}

#[test]
fn names_up_to_the_longest_work() {
    let dir = tempfile::tempdir().unwrap();
    for disk in disks() {
        for len in [1, LONGEST_NAME, LONGEST_NAME + 1, 255] {
            let path = dir.path().join("n".repeat(len));
            // New, then replaced.
            disk.open(&path).unwrap().commit().unwrap();
            disk.open(&path).unwrap().commit().unwrap();
            assert!(path.exists());
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_temporary_file_of_a_dead_process_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let stale = temporary_name(&dir.path().join("a"), 0).unwrap();
    fs::write(&stale, "stale").unwrap();
    for disk in disks() {
        for new in [b"new", b"two"] {
            let mut output = disk.open(&dir.path().join("a")).unwrap();
            output.put(new).unwrap();
            output.commit().unwrap();
            assert_eq!(fs::read(dir.path().join("a")).unwrap(), new);
            assert_eq!(fs::read(&stale).unwrap(), b"stale");
        }
        fs::remove_file(dir.path().join("a")).unwrap();
    }
}

#[test]
fn folders_and_missing_folders_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let error = |path: PathBuf| disk().open(&path).err().unwrap().to_string();
    assert!(error(dir.path().to_path_buf()).contains("it is a folder"));
    assert!(error(dir.path().join("new/")).contains("it is a folder"));
    assert!(error(dir.path().join("no/such")).contains("the folder of an output must exist"));
    error(PathBuf::new());
    fs::write(dir.path().join("file"), "x").unwrap();
    error(dir.path().join("file/a"));
    assert_eq!(names(&dir), ["file"]);
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_and_never_replaced() {
    disk().open(Path::new("/dev/null")).unwrap().commit().unwrap();
    assert_eq!(Disk.stat(Path::new("/dev/null")).unwrap().kind, FileKind::Device);
    let full = Path::new("/dev/full");
    if full.exists() {
        let mut output = disk().open(full).unwrap();
        output.put(b"x").unwrap();
        let error = output.commit().unwrap_err().to_string();
        assert!(error.contains("/dev/full: the disk is full"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_are_written_to_and_a_closed_one_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe.gz");
    crate::storage::failing::make_fifo(&path);
    let reader = std::thread::spawn({
        let path = path.clone();
        move || unpacked(&path)
    });
    let mut output = disk().open(&path).unwrap();
    output.put(&noise()).unwrap();
    output.commit().unwrap();
    assert_eq!(reader.join().unwrap(), noise());
    assert_eq!(names(&dir), ["pipe.gz"]);

    // Aborted, the stream is not made to look complete.
    let reader = std::thread::spawn({
        let path = path.clone();
        move || fs::read(&path).unwrap()
    });
    let mut output = disk().open(&path).unwrap();
    output.put(b"half").unwrap();
    drop(output);
    assert_eq!(reader.join().unwrap(), b"");

    let reader = std::thread::spawn({
        let path = path.clone();
        move || drop(fs::File::open(path))
    });
    let mut output = disk().open(&path).unwrap();
    reader.join().unwrap();
    let result = output.put(&noise());
    let error = result.and_then(|()| output.commit()).unwrap_err();
    assert!(error.is_broken_pipe(), "{error}");
}

/// Two outputs, one of them there already; whatever fails.
fn two_outputs(dir: &TempDir, storage: &Failing) -> Result<(), OutputError> {
    let outputs = Outputs::new(Arc::new(storage.clone()));
    let mut a = outputs.open(&dir.path().join("a.zst"))?;
    let mut b = outputs.open(&dir.path().join("b.gz"))?;
    let mut c = outputs.open(&dir.path().join("c"))?;
    for part in noise().chunks(70_000) {
        a.put(part)?;
        b.put(part)?;
        c.put(part)?;
    }
    outputs.commit(vec![a, b, c])
}

#[test]
fn whatever_fails_is_reported_and_leaves_old_or_new_content() {
    let fulls = [Fault::Once(ErrorKind::Other), Fault::Always(ErrorKind::Other), Fault::Full];
    let all = Op::ALL.iter().flat_map(|&op| fulls.map(|fault| (op, fault)));
    for (named, (op, fault)) in all.flat_map(|one| [(false, one), (true, one)]) {
        if fault == Fault::Full && op != Op::Write {
            continue;
        }
        let mut n = 1;
        loop {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("c"), "old").unwrap();
            let storage = Failing::nth(op, n, fault);
            let storage = if named { storage.named() } else { storage };
            let result = two_outputs(&dir, &storage);
            let place = format!("{op:?} {n} {fault:?}, named {named}");
            // Only what failed without effect may stay unreported: a removal.
            assert_eq!(result.is_err(), storage.fired(), "{place}");
            for name in ["a.zst", "b.gz"] {
                let path = dir.path().join(name);
                assert!(!path.exists() || unpacked(&path) == noise(), "{place}");
            }
            let c = fs::read(dir.path().join("c")).unwrap();
            assert!(c == noise() || (c == b"old" && result.is_err()), "{place}");
            assert!(names(&dir).iter().all(|name| !name.starts_with('.')), "{place}");
            match result {
                Ok(()) => break,
                Err(error) => {
                    let message = error.to_string();
                    assert!(message.contains(&*dir.path().to_string_lossy()), "{message}");
                    if fault == Fault::Full {
                        assert!(message.contains("the disk is full"), "{message}");
                    }
                }
            }
            n += 1;
        }
        let unused = matches!(op, Op::Read | Op::Remove | Op::Link | Op::Lock);
        assert!(n > 1 || unused, "{op:?} is never used");
    }
}

#[test]
fn short_writes_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Failing::nth(Op::Write, 1, Fault::Short);
    two_outputs(&dir, &storage).unwrap();
    assert!(storage.fired());
    for name in ["a.zst", "b.gz", "c"] {
        assert_eq!(unpacked(&dir.path().join(name)), noise());
    }
}

#[test]
fn interrupted_writes_are_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Failing::nth(Op::Write, 2, Fault::Once(ErrorKind::Interrupted));
    two_outputs(&dir, &storage).unwrap();
    assert!(storage.fired());
    assert_eq!(unpacked(&dir.path().join("b.gz")), noise());
}

#[test]
fn a_file_that_cannot_be_removed_is_told_and_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Failing::nth(Op::Remove, 1, Fault::Once(ErrorKind::PermissionDenied)).named();
    let outputs = Outputs::new(Arc::new(storage));
    drop(outputs.open(&dir.path().join("a")).unwrap());
    assert_eq!(names(&dir).len(), 1);
    assert!(outputs.remove_all().is_empty());
    assert!(names(&dir).is_empty());

    let storage = Failing::nth(Op::Remove, 1, Fault::Always(ErrorKind::PermissionDenied)).named();
    let outputs = Outputs::new(Arc::new(storage));
    drop(outputs.open(&dir.path().join("a")).unwrap());
    assert_eq!(outputs.remove_all().len(), 1);
    assert_eq!(outputs.remove_all().len(), 1);
}

#[test]
fn after_a_failed_write_no_commit_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Failing::nth(Op::Write, 1, Fault::Once(ErrorKind::Other));
    let outputs = Outputs::new(Arc::new(storage));
    let mut output = outputs.open(&dir.path().join("a")).unwrap();
    let error = output.write_all(&noise()).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
    output.put(b"more").unwrap();
    output.commit().unwrap_err();
    assert!(names(&dir).is_empty());
}

#[test]
fn a_signal_removes_all_temporary_files_and_ends_the_run() {
    for outputs in disks() {
        let dir = tempfile::tempdir().unwrap();
        let mut a = outputs.open(&dir.path().join("a")).unwrap();
        let b = outputs.open(&dir.path().join("b")).unwrap();
        a.put(&noise()).unwrap();
        b.commit().unwrap();
        assert!(outputs.remove_all().is_empty());
        assert_eq!(names(&dir), ["b"]);
        outputs.open(&dir.path().join("c")).err().unwrap();
        a.commit().unwrap_err();
        assert_eq!(names(&dir), ["b"]);
    }
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("d")).unwrap();
    fs::write(path("in"), "x").unwrap();
    fs::write(path("other"), "x").unwrap();
    let inputs = [path("other"), path("in")];
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let refused = |output: &str| refuse_inputs(&Disk, &[&path(output)], &inputs).is_err();
    assert!(refused("in"));
    assert!(refused("d/../in"));
    assert!(!refused("new"));
    assert!(refused("no/new"), "a missing folder is found before work too");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("in", path("soft")).unwrap();
        fs::hard_link(path("in"), path("hard")).unwrap();
        assert!(refused("soft"));
        assert!(refused("hard"));
        let null = Path::new("/dev/null");
        refuse_inputs(&Disk, &[null, null], &[null]).unwrap();
    }
    let message = refuse_inputs(&Disk, &[&path("in")], &inputs).unwrap_err().to_string();
    assert!(message.contains("is an input and an output"), "{message}");
    #[cfg(unix)]
    {
        let message = refuse_inputs(&Disk, &[&path("soft")], &inputs).unwrap_err().to_string();
        assert!(message.contains("soft is the same file as the input"), "{message}");
    }
}

#[test]
fn two_outputs_that_are_one_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("d")).unwrap();
    fs::write(path("old"), "x").unwrap();
    let refused = |a: &str, b: &str| refuse_inputs(&Disk, &[&path(a), &path(b)], &[]).is_err();
    assert!(refused("new", "new"));
    assert!(refused("new", "d/../new"));
    assert!(refused("old", "d/../old"));
    assert!(!refused("new", "d/new"));
    assert!(!refused("new", "old"));
    refuse_inputs(&Disk, &[Path::new("-"), Path::new("-")], &[]).unwrap_err();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("new", path("link")).unwrap();
        assert!(refused("new", "link"));
    }
}
