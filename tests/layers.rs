//! The layering as a test: which module may import which, and which files may
//! import which dependency.
//!
//! It reads text, not syntax: one `use crate::module::Name;` a line, no lists
//! after `crate::`, no `super::super`. Comments are left out, so that the
//! documentation may point upwards.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Top-level modules, from the ones that know nothing to the ones that know
/// everything. Modules of one row do not know each other.
const LAYERS: &[&[&str]] = &[
    &["simd"],
    &["span", "hash", "budget"],
    &["bits", "disjoint", "radix", "signature"],
    &["options"],
    &["text"],
    &[
        "shingle", "sketch", "lsh", "verify", "contain", "differ", "keep", "passage", "reworded",
        "storage",
    ],
    // What goes on where one above ends.
    &["join", "cross", "cluster", "spill", "checkpoint"],
    &["input", "output", "report", "external"],
    &["run"],
];

/// Dependencies that enter through named files or folders only.
const DOORS: &[(&str, &[&str])] = &[
    ("rayon", &["run/", "cli/", "main.rs"]),
    // Values of fields are compared as what they are in JSON.
    ("serde_json", &["input/", "report/", "run/", "keep.rs"]),
    ("clap", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("anstream", &["cli/"]),
    ("regex", &["cli/"]),
    ("signal_hook", &["allocator.rs", "cli/"]),
    ("similar", &["report/"]),
];

/// The binary: it sees only the public interface, which the compiler guards.
/// The front page of the library re-exports from everywhere.
const OUTSIDE: &[&str] = &["allocator", "cli", "main", "lib"];

/// The top-level module of a file.
fn module(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// What is wrong with `line` of the file `path` (relative to `src`, `/`
/// between folders).
fn breaches(path: &str, line: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let line = line.trim_start();
    if line.starts_with("//") {
        return wrong;
    }
    let module = module(path);
    for (crate_name, doors) in DOORS {
        if names_crate(line, crate_name) && !doors.iter().any(|door| path.starts_with(door)) {
            wrong.push(format!("{crate_name} may be imported only in {}", doors.join(", ")));
        }
    }
    if OUTSIDE.contains(&module) {
        return wrong;
    }
    if line.contains("super::super") {
        wrong.push("super::super hides where an import comes from".to_string());
    }
    let Some(own) = layer(module) else { return wrong };
    for used in line.split("crate::").skip(1) {
        let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if used.is_empty() {
            wrong.push("no lists after crate::, one import a line".to_string());
        } else if used != module && layer(&used).is_none_or(|l| l >= own) {
            wrong.push(format!("{module} uses {used}"));
        }
    }
    wrong
}

/// Whether a line names something of a dependency, or the dependency itself.
fn names_crate(line: &str, name: &str) -> bool {
    let whole_word = |at: usize| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && !part(after)
    };
    line.match_indices(name).any(|(at, _)| {
        let rest = &line[at + name.len()..];
        let path = rest.starts_with("::") && !line[..at].ends_with("::");
        let import = line.starts_with("use ") && at == "use ".len();
        whole_word(at) && (path || import)
    })
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
}

fn all_lines() -> Vec<(String, usize, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut lines = Vec::new();
    for file in files {
        let parts: Vec<String> = file
            .strip_prefix(&src)
            .unwrap()
            .components()
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        let text = fs::read_to_string(&file).unwrap();
        for (n, line) in text.lines().enumerate() {
            lines.push((parts.join("/"), n + 1, line.to_string()));
        }
    }
    lines
}

#[test]
fn modules_import_downwards_and_dependencies_through_their_doors() {
    let lines = all_lines();
    assert!(lines.len() > 1000, "the sources were not found");
    let wrong: Vec<String> = lines
        .iter()
        .flat_map(|(path, n, line)| {
            breaches(path, line).into_iter().map(move |what| format!("src/{path}:{n}: {what}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    for (path, _, _) in all_lines() {
        let module = module(&path);
        let known = OUTSIDE.contains(&module) || layer(module).is_some();
        assert!(known, "src/{path}: give {module} a layer in tests/layers.rs");
    }
}

#[test]
fn no_module_stands_in_two_layers() {
    let mut all: Vec<&str> = LAYERS.concat();
    let n = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), n);
}

#[test]
fn the_checker_finds_made_up_breaches() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, bool)] = &[
        ("passage/seed.rs",  "use crate::hash;",                            true),
        ("passage/seed.rs",  "use crate::passage::rows::Rows;",                   true),
        ("passage/seed.rs",  "use crate::run::Outcome;",                    false),
        ("passage/seed.rs",  "use crate::sketch::Signature;",               false),
        ("passage/seed.rs",  "    let x = crate::report::Kind::Run;",       false),
        ("passage/seed.rs",  "use crate::{hash, span};",                    false),
        ("passage/seed.rs",  "use super::super::hash;",                     false),
        ("passage/seed.rs",  "/// Feeds [`crate::run`].",                   true),
        ("passage/seed.rs",  "use crate::nowhere::Name;",                   false),
        ("hash.rs",          "use crate::span::ByteSpan;",                  false),
        ("text/mod.rs",      "use crate::options::WORD_WEIGHT;",            true),
        ("report/human.rs",  "use crate::input::InputError;",               false),
        ("run/find.rs",      "use crate::report::Found;",                   true),
        ("cli/mod.rs",       "use crate::cli::find::Find;",                 true),
        ("passage/seed.rs",  "use rayon::prelude::*;",                      false),
        ("run/find.rs",      "use rayon::prelude::*;",                      true),
        ("passage/seed.rs",  "let x = serde_json::json!(1);",               false),
        ("passage/seed.rs",  "let x = my_serde_json::json!(1);",            true),
        ("input/jsonl.rs",   "use serde_json::value::RawValue;",            true),
        ("run/find.rs",      "use clap::Parser;",                           false),
        ("lib.rs",           "use clap;",                                   false),
        ("lib.rs",           "pub use crate::run::find;",                   true),
        ("verify.rs",        "// similar: to what was tried",               true),
        ("verify.rs",        "let similar = a::similar::b;",                true),
        ("verify.rs",        "similar::capture_diff(a, b);",                false),
        ("report/words.rs",  "use similar::Algorithm;",                     true),
    ];
    for (path, line, fine) in cases {
        let wrong = breaches(path, line);
        assert_eq!(wrong.is_empty(), *fine, "{path}: {line}: {wrong:?}");
    }
}
