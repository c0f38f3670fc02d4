//! When memory runs out: a whole result or a message, never half of one and
//! nothing left behind.

#![cfg(all(feature = "cli", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

// Other tests use what these do not.
#[allow(dead_code)]
mod util;

use std::process::Command;

use util::Dir;
use util::line;
use util::words;

/// Inputs large enough to meet every limit on the way.
fn inputs(dir: &Dir) {
    let mut dump = String::new();
    for n in 0..3000u64 {
        dump += &line(&n.to_string(), &words(n - n % 3, 150));
    }
    dir.write("dump.jsonl", &dump);
    let text: String = (0..2000).map(|n| words(n - n % 5, 60) + ".\n").collect();
    dir.write("text.txt", text);
}

/// Runs the command in an address space of so many MiB.
fn within(dir: &Dir, megabytes: u32, args: &str) -> (Option<i32>, String) {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -c 0; ulimit -v $1; exec \"$0\" {args}")])
        .arg(env!("CARGO_BIN_EXE_twicetold"))
        .arg((u64::from(megabytes) * 1024).to_string())
        .current_dir(dir.path())
        .env("TMPDIR", dir.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_run_without_enough_memory_ends_with_a_message_and_leaves_nothing() {
    for args in [
        "dedup -q -j 2 dump.jsonl -o out",
        "dedup -q -j 2 --exact --pairs pairs dump.jsonl -o out",
        "find -q -j 2 --format jsonl text.txt -o out",
        "find -q -j 2 --input jsonl --format jsonl dump.jsonl -o out",
    ] {
        let dir = Dir::new();
        inputs(&dir);
        let (status, stderr) = within(&dir, 8192, args);
        assert_eq!(status, Some(0), "{args}: {stderr}");
        let (names, whole) = (dir.names(), dir.read("out"));
        let (mut ended, mut finished) = (0, 0);
        for megabytes in [24, 32, 48, 64, 80, 100, 128, 160, 200, 260, 340, 450, 600, 1000, 2000] {
            let dir = Dir::new();
            inputs(&dir);
            let (status, stderr) = within(&dir, megabytes, args);
            let about = format!("{args} in {megabytes} MiB: {status:?}, {stderr}");
            assert!(!stderr.contains("panicked"), "{about}");
            match status {
                Some(0) => {
                    assert!(dir.read("out") == whole, "{about}");
                    assert_eq!(dir.names(), names, "{about}");
                    finished += 1;
                }
                Some(2) => {
                    assert!(stderr.starts_with("error: "), "{about}");
                    assert_eq!(dir.names(), ["dump.jsonl", "text.txt"], "{about}");
                    ended += 1;
                }
                _ => panic!("{about}"),
            }
        }
        assert!(ended > 0 && finished > 0, "{args}: {ended} ended, {finished} finished");
    }
}
