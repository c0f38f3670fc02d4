//! What reaches a terminal, and what standard streams do to the exit status.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used)]

// Other tests use what these do not.
#[allow(dead_code)]
mod util;

use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::process::Stdio;

use util::Dir;
use util::line;
use util::shipped;
use util::words;

/// The stream of the command that is a terminal.
enum On {
    Output,
    Error,
}

/// Runs the command; its exit status and what the terminal gets, without
/// colours.
fn on_a_terminal(dir: &Dir, on: On, args: &[&str]) -> (Option<i32>, String) {
    use rustix::pty::OpenptFlags;
    let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
    let name = std::ffi::OsStr::from_bytes(name.as_bytes()).to_owned();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    // Line ends as they are written.
    let mut mode = rustix::termios::tcgetattr(&slave).unwrap();
    mode.make_raw();
    rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &mode).unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_twicetold"));
    command.args(args).current_dir(dir.path()).env("NO_COLOR", "1").stdin(Stdio::null());
    match on {
        On::Output => command.stdout(slave).stderr(Stdio::null()),
        On::Error => command.stderr(slave).stdout(Stdio::null()),
    };
    let mut child = command.spawn().unwrap();
    // The last other end of the terminal is then that of the child.
    drop(command);
    let mut got = Vec::new();
    // The end of a terminal is an error.
    let _ = File::from(master).read_to_end(&mut got);
    (child.wait().unwrap().code(), String::from_utf8(got).unwrap())
}

/// Whether nothing in it acts on a terminal.
fn is_quiet(text: &str) -> bool {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(acts)
}

const TRICKS: &str = "\u{9b}31m\u{7f}\u{202e}gnp.exe\u{2066}";

fn odd_name() -> &'static std::ffi::OsStr {
    std::ffi::OsStr::from_bytes(b"odd\n\x1b[31m\xff\xe2\x80\xae.txt")
}

#[test]
fn records_reach_a_terminal_visibly_and_a_pipe_exactly() {
    let dir = Dir::new();
    let told = words(1, 20);
    let dump = format!(
        "{{\"text\":\"{TRICKS}\",\"id\":\"{TRICKS}\"}}\n{}{}",
        line("b", &told),
        line(TRICKS, &told)
    );
    dir.write("dump.jsonl", &dump);
    let kept: String = dump.lines().take(2).map(|line| format!("{line}\n")).collect();
    let piped = dir.run(&["dedup", "dump.jsonl"]).exits(0).stdout;
    assert_eq!(String::from_utf8(piped).unwrap(), kept);
    for args in [
        &["dedup", "dump.jsonl"][..],
        &["dedup", "--annotate", "dump.jsonl"],
        &["dedup", "-o", "kept", "--removed", "-", "dump.jsonl"],
        &["dedup", "-o", "kept", "--clusters", "-", "dump.jsonl"],
    ] {
        let (status, shown) = on_a_terminal(&dir, On::Output, args);
        assert_eq!(status, Some(0));
        assert!(is_quiet(&shown), "{shown:?}");
        // Each line is still the record that it shows.
        let shown: Vec<serde_json::Value> =
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(shown.iter().any(|record| record.to_string().contains(TRICKS)), "{shown:?}");
    }
}

#[test]
fn paths_of_a_folder_reach_a_terminal_one_a_line_and_a_pipe_exactly() {
    let dir = Dir::new();
    let file = dir.write("notes/a.txt", words(1, 20));
    std::fs::copy(&file, dir.path().join("notes").join("b.txt")).unwrap();
    std::fs::write(dir.path().join("notes").join(odd_name()), words(2, 20)).unwrap();
    let piped = dir.run(&["dedup", "notes"]).exits(0).stdout;
    assert_eq!(piped, b"notes/a.txt\nnotes/odd\n\x1b[31m\xff\xe2\x80\xae.txt\n");
    let (status, shown) = on_a_terminal(&dir, On::Output, &["dedup", "notes"]);
    assert_eq!(status, Some(0));
    assert!(is_quiet(&shown), "{shown:?}");
    assert_eq!(shown.lines().count(), 2, "{shown:?}");
}

#[test]
fn reports_of_passages_reach_a_terminal_visibly() {
    let dir = Dir::new();
    let told = words(1, 20) + TRICKS + &words(2, 20);
    let odd = dir.path().join(odd_name());
    std::fs::write(odd, format!("{told}.\n{}.\n{told}", words(3, 20))).unwrap();
    for format in ["human", "jsonl", "json"] {
        let args = ["find", "--color", "never", "--format", format, "."];
        let (status, shown) = on_a_terminal(&dir, On::Output, &args);
        assert_eq!(status, Some(0));
        assert!(is_quiet(&shown) && shown.contains("odd"), "{shown:?}");
    }
}

#[test]
fn arguments_and_names_are_echoed_visibly() {
    let dir = Dir::new();
    dir.write("dump.jsonl", line("a", "b"));
    let tricks = format!("\u{1b}[31m{TRICKS}\nerror: none");
    for args in [
        &["dedup", "--keep", &tricks, "dump.jsonl"][..],
        &["dedup", "--quiet", "--text-key", &tricks, "dump.jsonl"],
        &["dedup", "--text-key", "\u{1b}\u{202e}..", "dump.jsonl"],
        &["dedup", "--measure", &tricks, "dump.jsonl"],
        &["dedup", "--threads", &tricks, "dump.jsonl"],
        &["dedup", &format!("--{tricks}")],
        &["dedup", "dump.jsonl", "-o", &format!("no/{tricks}")],
        &["find", &tricks],
        &["find", "--fail-on", &tricks],
        &["find", "--max-record", &tricks],
        &["find", "--quiet", "--text-key", &tricks, "dump.jsonl"],
        &[&tricks],
    ] {
        let (status, shown) = on_a_terminal(&dir, On::Error, args);
        assert_eq!(status, Some(2), "{shown}");
        assert!(shown.contains("31m") || shown.contains("202e"), "{shown}");
        assert!(is_quiet(&shown), "{args:?}: {shown:?}");
        assert!(!shown.contains("\nerror: none"), "{args:?}: {shown:?}");
    }
}

/// Runs the command by the shell, which can close streams.
fn by_shell(dir: &Dir, args: &str) -> (Option<i32>, String) {
    let output = Command::new("sh")
        .args(["-c", &format!("exec \"$0\" {args}"), env!("CARGO_BIN_EXE_twicetold")])
        .current_dir(dir.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_output_is_an_error_where_something_goes_there() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    dir.write("dump.jsonl", line("a", "b"));
    for args in [
        "find a.txt >&-",
        "find a.txt -o - >&-",
        "dedup dump.jsonl >&-",
        "dedup dump.jsonl -o kept.jsonl --clusters - >&-",
        "--help >&-",
        "find -V >&-",
    ] {
        let (status, stderr) = by_shell(&dir, args);
        assert_eq!(status, Some(2), "{args}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains("closed"), "{args}: {stderr}");
        assert_eq!(dir.names(), ["a.txt", "dump.jsonl"]);
    }
    for args in [
        "find a.txt -o report.txt >&-",
        "dedup dump.jsonl --dry-run >&-",
        "find a.txt >/dev/null",
        // As some programs redirect it.
        "find a.txt 1<>/dev/null",
        "--help >/dev/null",
    ] {
        let (status, stderr) = by_shell(&dir, args);
        assert_eq!(status, Some(0), "{args}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_for_nobody_is_an_error_with_a_message_unless_its_reader_has_gone() {
    let dir = Dir::new();
    for args in ["--help >/dev/full", "dedup --help >/dev/full", "find -V >/dev/full"] {
        let (status, stderr) = by_shell(&dir, args);
        assert_eq!(status, Some(2), "{args}: {stderr}");
        assert!(stderr.starts_with("error: cannot write standard output: "), "{args}: {stderr}");
    }
    let mut help = Command::new(env!("CARGO_BIN_EXE_twicetold"));
    help.arg("--help").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = help.spawn().unwrap();
    drop(child.stdout.take());
    let end = child.wait_with_output().unwrap();
    assert_eq!((end.status.code(), &end.stderr[..]), (Some(0), &b""[..]));
}
