//! What the README shows is what the command prints.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

const PROMPT: &str = "$ cargo run --release --quiet -- ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the command prints, results first.
fn printed(args: &str) -> String {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!();
    let output = command.current_dir(root()).args(args.split_whitespace()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args}: {stderr}");
    String::from_utf8(output.stdout).unwrap() + &stderr
}

/// Blocks of the README that are marked as `kind`.
fn blocks(readme: &str, kind: &str) -> Vec<String> {
    let all = readme.split("```").skip(1).step_by(2);
    all.filter_map(|b| b.strip_prefix(kind)?.strip_prefix('\n')).map(str::to_owned).collect()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// A text without the figures that differ from run to run.
fn timeless(text: &str) -> Vec<&str> {
    let line = |l| if str::ends_with(l, " of memory") { l.split("; ").next().unwrap() } else { l };
    text.trim_end().lines().map(line).collect()
}

#[test]
fn commands_in_the_readme_print_what_stands_below_them() {
    // Where the commands write.
    fs::create_dir_all(root().join("target")).unwrap();
    let blocks = blocks(&readme(), "console");
    assert_eq!(blocks.len(), 3);
    for block in &blocks {
        let (args, expected) = block.strip_prefix(PROMPT).unwrap().split_once('\n').unwrap();
        assert_eq!(timeless(&printed(args)), timeless(expected), "{args}");
    }
}

#[test]
fn the_record_in_the_readme_is_one_that_the_command_reports() {
    let value = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let blocks = blocks(&readme(), "json");
    let report = printed("dedup data/dump.jsonl --quiet --explain -o /dev/null --clusters -");
    assert_eq!(blocks.len(), 1);
    assert!(report.lines().any(|line| value(line) == value(&blocks[0])), "{report}");
}

#[test]
fn files_that_the_readme_names_are_there() {
    let readme = readme();
    let links = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.contains("://")) {
        assert!(root().join(link).exists(), "{link}");
    }
}

/// The text of a picture, line by line.
fn lines_of(picture: &str) -> Vec<String> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for element in picture.lines().filter(|l| l.starts_with("<text ")) {
        let y: u32 =
            element.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let text = element.split_once('>').unwrap().1.strip_suffix("</text>").unwrap();
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        match lines.last_mut() {
            Some(last) if last.0 == y => last.1 += &text,
            _ => lines.push((y, text)),
        }
    }
    lines.into_iter().map(|(_, text)| text.trim_end().to_string()).collect()
}

/// Coloured output without its colours and empty lines.
fn plain(coloured: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in coloured.lines() {
        let mut parts = line.split("\u{1b}[");
        let mut text = parts.next().unwrap().to_string();
        parts.for_each(|part| text += part.split_once('m').unwrap().1);
        lines.push(text.trim_end().to_string());
    }
    lines.retain(|l| !l.is_empty());
    lines
}

#[test]
fn pictures_show_what_the_command_prints() {
    let mut pictures = 0;
    for entry in fs::read_dir(root().join("data/pictures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "svg") {
            continue;
        }
        let lines = lines_of(&fs::read_to_string(&path).unwrap());
        let args = lines[0].strip_prefix("$ twicetold ").unwrap();
        let expected = plain(&printed(&format!("{args} --quiet --color always")));
        assert_eq!(lines[1..], expected, "{}: run data/pictures/make.sh", path.display());
        pictures += 1;
    }
    assert!(pictures >= 1, "there are no pictures");
}
