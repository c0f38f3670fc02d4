//! Runs that are killed: what they leave, and how they go on.

#![cfg(all(unix, feature = "cli"))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // shared with other files
mod util;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use twicetold::hash::splitmix64;
use util::Dir;
use util::gz;
use util::words;

fn command(dir: &Dir, args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("twicetold"));
    command.current_dir(dir.path()).args(args).stderr(Stdio::null());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Kills without a chance to clean up.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Records with copies and versions of others, fields, and unusable lines.
fn dump(n: u64) -> String {
    let mut state = 11;
    let mut draw = move |n: u64| splitmix64(&mut state) % n;
    let mut lines = String::new();
    for i in 0..n {
        let mut all: Vec<String> =
            words(draw(n / 4 + 1), 60).split(' ').map(str::to_owned).collect();
        for _ in 0..draw(4) {
            all[draw(60) as usize] = format!("other{}", draw(100));
        }
        let value = serde_json::json!({ "id": i, "text": all.join(" "), "date": draw(30) });
        lines += &if draw(300) == 0 { "no record\n".to_owned() } else { format!("{value}\n") };
    }
    lines
}

/// A plain file and a compressed one.
fn dumps(n: u64) -> Dir {
    let dir = Dir::new();
    let all = dump(n);
    let half = all[all.len() / 2..].find('\n').unwrap() + all.len() / 2 + 1;
    dir.write("a.jsonl", &all[..half]);
    dir.write("b.jsonl.gz", gz(&all.as_bytes()[half..]));
    dir
}

const OUTPUTS: [&str; 5] = ["out.jsonl.zst", "c.jsonl", "p.jsonl", "r.jsonl", "x.jsonl"];

/// A run of `dedup` with all outputs in the folder `to`.
fn dedup<'a>(to: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["dedup", "a.jsonl", "b.jsonl.gz"];
    for (option, path) in ["-o", "--clusters", "--pairs", "--rejects", "--removed"].iter().zip(to) {
        if *option != "--removed" || !more.contains(&"--annotate") {
            args.extend([option, path.as_str()]);
        }
    }
    args.extend(more);
    args
}

fn outputs(folder: &str) -> Vec<String> {
    OUTPUTS.iter().map(|name| format!("{folder}/{name}")).collect()
}

fn read_all(dir: &Dir, folder: &str) -> Vec<Option<Vec<u8>>> {
    OUTPUTS.iter().map(|name| fs::read(dir.path().join(folder).join(name)).ok()).collect()
}

#[test]
fn a_run_killed_while_it_reads_leaves_what_was_there() {
    let runs: [&[&str]; 3] = [
        &[
            "dedup",
            "--temp-dir",
            ".",
            "-o",
            "out.jsonl.gz",
            "--clusters",
            "old",
            "--pairs",
            "p",
            "--removed",
            "r",
            "--rejects",
            "x",
            "--summary",
            "s",
            "-",
        ],
        &["find", "--input", "jsonl", "--format", "json", "-o", "out", "--rejects", "x", "-"],
        &["find", "--input", "jsonl", "--write-baseline", "old", "-o", "out", "-"],
    ];
    for args in runs {
        let dir = Dir::new();
        dir.write("old", "what it held");
        let mut child = command(&dir, args);
        child.env("TMPDIR", dir.path());
        let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
        let mut feed = child.stdin.take().unwrap();
        for n in 0..1500 {
            feed.write_all(util::line(&n.to_string(), &words(n, 60)).as_bytes()).unwrap();
        }
        feed.flush().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        kill(child);
        assert_eq!(dir.names(), ["old"], "{args:?}");
        assert_eq!(dir.read("old"), b"what it held");
    }
}

#[test]
fn a_run_killed_at_any_time_leaves_all_or_nothing_of_each_output() {
    let dir = dumps(3000);
    fs::create_dir(dir.path().join("to")).unwrap();
    let to = outputs("to");
    let found = "to/found.jsonl".to_owned();
    let find = ["find", "--min-words", "10", "--rejects", &to[3], "-o", &found, "a.jsonl"];
    let before = dir.names();
    for args in [dedup(&to, &[]), find.to_vec()] {
        let start = Instant::now();
        dir.run(&args);
        let whole: Vec<(String, Vec<u8>)> = dir
            .names()
            .into_iter()
            .filter(|name| !before.contains(name))
            .map(|name| (name.clone(), dir.read(&name)))
            .collect();
        let time = start.elapsed();
        let mut state = 3;
        for n in 0..16 {
            // Half of the times over outputs that are there.
            for (name, _) in &whole {
                let path = dir.path().join(name);
                if n % 2 == 0 {
                    drop(fs::remove_file(path))
                } else {
                    fs::write(path, "old").unwrap()
                }
            }
            let child = command(&dir, &args).spawn().unwrap();
            std::thread::sleep(time * (splitmix64(&mut state) % 100) as u32 / 90);
            kill(child);
            for name in dir.names().iter().filter(|name| !before.contains(name)) {
                let now = dir.read(name);
                // In the instant in which it replaces another, a whole file
                // has a name of its own.
                if n % 2 == 1 && name.contains(".twicetold-") {
                    assert!(whole.iter().any(|(_, bytes)| now == *bytes), "{name} is half");
                    fs::remove_file(dir.path().join(name)).unwrap();
                    continue;
                }
                let known = whole.iter().find(|(known, _)| known == name);
                let (_, bytes) = known.unwrap_or_else(|| panic!("{name} was left"));
                assert!(now == *bytes || (n % 2 == 1 && now == b"old"), "{name} is half");
            }
        }
        whole.iter().for_each(|(name, _)| drop(fs::remove_file(dir.path().join(name))));
    }
}

#[test]
fn a_folder_that_was_not_filled_yet_is_not_there() {
    let dir = Dir::new();
    for n in 0..50 {
        dir.write(&format!("in/{n}.txt"), words(n % 30, 40));
    }
    let pipe = dir.path().join("pipe.txt");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let before = dir.names();
    let args = ["dedup", "--input", "text", "in", "pipe.txt", "-o", "new"];
    let child = command(&dir, &args).spawn().unwrap();
    // It waits for its last input.
    let feed = fs::File::options().write(true).open(&pipe).unwrap();
    kill(child);
    drop(feed);
    assert_eq!(dir.names(), before);
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_bytes() {
    let dir = dumps(3000);
    let ways: [&[&str]; 5] = [
        &[],
        &["--exact", "-t", "0.7"],
        &["--measure", "containment", "-t", "0.7"],
        &["--annotate", "--keep", "max:date"],
        &["--keep", "none", "--distinct-numbers", "--explain"],
    ];
    // What may differ between the runs.
    let free: [&[&str]; 3] = [&["-j", "1"], &["-j", "3", "--memory", "128M"], &["--temp-dir", "."]];
    let mut state = 17;
    let mut resumed = 0;
    for way in ways {
        for folder in ["whole", "to"] {
            let _ = fs::remove_dir_all(dir.path().join(folder));
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let start = Instant::now();
        dir.run(&dedup(&outputs("whole"), way)).exits(3);
        let time = start.elapsed();
        let whole = read_all(&dir, "whole");
        let to = outputs("to");
        for round in 0..3 {
            for n in 0.. {
                let mut args = dedup(&to, way);
                args.extend(["--resume", "state"]);
                args.extend(free[(n + round) % 3]);
                let mut child = command(&dir, &args).spawn().unwrap();
                let share = (splitmix64(&mut state) % 100) as u32;
                let end = Instant::now() + time * (share + 20 * n as u32) / 80;
                while Instant::now() < end && child.try_wait().unwrap().is_none() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                if let Some(status) = child.try_wait().unwrap() {
                    assert_eq!(status.code(), Some(3), "{way:?}");
                    resumed += n;
                    break;
                }
                kill(child);
            }
            // A run that was killed before it wrote who made the folder leaves
            // it as one of the user's.
            let _ = fs::remove_dir(dir.path().join("state"));
            assert!(!dir.path().join("state").exists(), "the state is gone with the end");
            assert!(read_all(&dir, "to") == whole, "{way:?}: other bytes");
            to.iter().for_each(|path| drop(fs::remove_file(dir.path().join(path))));
            let hidden = |name: &String| name.contains(".twicetold-");
            assert!(!dir.names().iter().any(hidden), "{:?}", dir.names());
        }
    }
    assert!(resumed > 0, "no run was killed in time");
}

/// A run that is killed while it writes, all stages done: nobody reads what it
/// writes to the pipe.
fn stopped(dir: &Dir, more: &[&str]) {
    let mut args = vec!["dedup", "--resume", "state", "a.jsonl", "b.jsonl.gz"];
    args.extend(["--rejects", "x.jsonl", "--clusters", "c.jsonl"]);
    args.extend(more);
    let child = command(dir, &args).stdout(Stdio::piped()).spawn().unwrap();
    let last = dir.path().join("state/twicetold-state.clusters.summary");
    wait_for(|| last.exists());
    std::thread::sleep(Duration::from_millis(100));
    kill(child);
}

const STOPPED: [&str; 8] =
    ["dedup", "--resume", "state", "a.jsonl", "b.jsonl.gz", "--rejects", "x.jsonl", "--clusters"];

fn stopped_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    STOPPED.into_iter().chain(["c.jsonl"]).chain(more.iter().copied()).collect()
}

#[test]
fn a_run_killed_while_it_writes_goes_on_from_its_clusters() {
    let dir = dumps(2000);
    let inputs = ["dedup", "a.jsonl", "b.jsonl.gz", "--rejects", "w.jsonl"];
    let whole = dir.run(&inputs).exits(3).stdout;
    fs::remove_file(dir.path().join("w.jsonl")).unwrap();
    stopped(&dir, &[]);
    assert!(!dir.path().join("c.jsonl").exists() && !dir.path().join("x.jsonl").exists());
    let again = dir.run(&stopped_args(&[])).exits(3);
    assert!(again.stderr.contains("going on from state, which has: read, pairs, clusters"));
    assert!(again.stdout == whole);
    assert_eq!(dir.names(), ["a.jsonl", "b.jsonl.gz", "c.jsonl", "x.jsonl"]);
}

fn refused(dir: &Dir, more: &[&str], what: &str) {
    let before = dir.names();
    dir.run(&stopped_args(more)).exits(2).says(what).prints_nothing();
    assert_eq!(dir.names(), before, "{what}");
}

#[test]
fn state_of_another_run_and_damaged_state_are_refused_by_name() {
    let dir = dumps(2000);
    stopped(&dir, &[]);
    refused(&dir, &["-t", "0.7"], "had --threshold 0.8, and this one has 0.7; remove state");
    refused(&dir, &["--pairs", "p"], "had no --pairs, and this one has on");
    refused(&dir, &["--keep", "min:date"], "had --keep first, and this one has min:date");
    refused(&dir, &["--exact"], "--exact");
    refused(&dir, &["--text-key", "body"], "had --text-key text, and this one has body");
    let extra = dir.write("d.jsonl", dump(3));
    refused(&dir, &["d.jsonl"], "--input 2 files of records, and this one has 3 files of records");
    fs::remove_file(extra).unwrap();

    let path = dir.path().join("a.jsonl");
    let (good, time) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    let put = |bytes: &[u8], seconds: u64| {
        fs::write(&path, bytes).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(time + Duration::from_secs(seconds)).unwrap();
    };
    put(&good[..good.len() - 5], 0);
    refused(&dir, &[], "a.jsonl had a size of");
    put(&good, 1);
    refused(&dir, &[], "a.jsonl was changed since then");
    put(&good, 0);

    for name in ["read.rows", "clusters.heads", "clusters.summary", "read.spool", "manifest"] {
        let name = format!("twicetold-state.{name}");
        let path = dir.path().join("state").join(&name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 4;
        fs::write(&path, bad).unwrap();
        refused(&dir, &[], &format!("{name} is damaged"));
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        refused(&dir, &[], &format!("{name} is damaged"));
        fs::write(&path, good).unwrap();
    }
    dir.run(&stopped_args(&[])).exits(3);
    assert!(!dir.path().join("state").exists());
}

#[test]
fn what_cannot_be_resumed_is_refused_at_the_start() {
    let dir = dumps(200);
    let stdin = ["dedup", "--resume", "state", "-"];
    dir.feed(&stdin, b"{\"text\":\"a\"}\n").exits(2).says("standard input cannot be read a second");
    let pipe = dir.path().join("pipe.jsonl");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    dir.run(&["dedup", "--resume", "state", "a.jsonl", "pipe.jsonl"])
        .exits(2)
        .says("pipe.jsonl is a named pipe, which cannot be read a second time");
    dir.write("other/mine", "x");
    dir.run(&["dedup", "--resume", "other", "a.jsonl"]).exits(2).says("other holds mine");
    dir.run(&["dedup", "--resume", "a.jsonl", "b.jsonl.gz"]).exits(2).says("no folder");
    dir.run(&["dedup", "--resume", "no/such", "a.jsonl"]).exits(2).says("cannot create no/such");
    dir.run(&["dedup", "--resume", "other/state", "other"])
        .exits(2)
        .says("--resume names other/state, which lies in the input other");
    assert_eq!(dir.names(), ["a.jsonl", "b.jsonl.gz", "other", "other/mine", "pipe.jsonl"]);
    // An error before anything is done leaves nothing either.
    dir.run(&["dedup", "--resume", "state", "--text-key", "none", "a.jsonl"]).exits(2);
    assert!(!dir.path().join("state").exists());
    // An empty folder is as good as a new one, and stays.
    fs::create_dir(dir.path().join("state")).unwrap();
    dir.run(&["dedup", "--resume", "state", "--rejects", "x", "a.jsonl", "-o", "o"]);
    assert!(fs::read_dir(dir.path().join("state")).unwrap().next().is_none());
}

#[test]
fn two_runs_do_not_use_one_state_at_a_time() {
    let dir = dumps(2000);
    let child = command(&dir, &stopped_args(&[])).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(|| Path::new(&dir.path().join("state/twicetold-state.clusters.summary")).exists());
    dir.run(&stopped_args(&[])).exits(2).says("another run uses state just now");
    kill(child);
    dir.run(&stopped_args(&[])).exits(3);
}

#[test]
fn a_folder_of_texts_goes_on_too() {
    let dir = Dir::new();
    for n in 0..60u64 {
        dir.write(&format!("in/{n}.txt"), words(n % 40, 40));
    }
    dir.write("in/packed.txt.gz", gz(words(7, 40).as_bytes()));
    let args = ["dedup", "in", "--clusters", "c", "--resume", "state", "-o"];
    let whole = dir.run(&[&args[..4], &["-o", "whole"]].concat()).exits(0);
    drop(whole);
    for wait in [0, 5, 10, 20, 40] {
        let child = command(&dir, &[&args[..], &["new"]].concat()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        kill(child);
        if !dir.path().join("new").exists() {
            dir.run(&[&args[..], &["new"]].concat()).exits(0);
        }
        let below = |folder: &str| -> Vec<String> {
            let all = dir.names();
            all.iter().filter_map(|n| n.strip_prefix(folder).map(str::to_owned)).collect()
        };
        assert_eq!(below("new/"), below("whole/"));
        // What was filled of a folder, when the run was killed just then, is
        // gone with the next run.
        assert!(!dir.names().iter().any(|name| name.contains(".twicetold-")), "{:?}", dir.names());
        fs::remove_dir_all(dir.path().join("new")).unwrap();
        let _ = fs::remove_dir_all(dir.path().join("state"));
    }
}
