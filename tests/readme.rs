//! What the README shows is what the command prints.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

const PROMPT: &str = "$ cargo run --release --quiet -- ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn printed(args: &str) -> String {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!();
    let output = command.current_dir(root()).args(args.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn commands_in_the_readme_print_what_stands_below_them() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```").skip(1).step_by(2);
    let mut shown = 0;
    for block in blocks {
        let Some(session) = block.strip_prefix("console\n").and_then(|b| b.strip_prefix(PROMPT))
        else {
            continue;
        };
        let (args, expected) = session.split_once('\n').unwrap();
        assert_eq!(printed(args).trim_end(), expected.trim_end(), "{args}");
        shown += 1;
    }
    assert!(shown >= 1, "the README shows no command");
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
        let expected = plain(&printed(&format!("{args} --color always")));
        assert_eq!(lines[1..], expected, "{}: run data/pictures/make.sh", path.display());
        pictures += 1;
    }
    assert!(pictures >= 1, "there are no pictures");
}
