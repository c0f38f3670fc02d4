//! The command `find` through its binary: what it prints, what it refuses, and
//! what it leaves behind.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod util;

use serde_json::Value;
use util::Dir;
use util::around;
use util::gz;
use util::line;
use util::shipped;
use util::words;
use util::zst;

const JSONL: &[&str] = &["find", "--format", "jsonl"];

fn jsonl<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [JSONL, more].concat()
}

/// The bytes `start..end` of an occurrence.
fn span(occurrence: &Value) -> (usize, usize) {
    let at = |name: &str| occurrence[name].as_u64().unwrap() as usize;
    (at("start"), at("end"))
}

fn occurrences(cluster: &Value) -> Vec<Value> {
    cluster["occurrences"].as_array().unwrap().clone()
}

// What is found, and how it is written.

#[test]
fn a_quotation_told_twice_is_one_cluster_with_exact_spans() {
    let dir = Dir::new();
    let article = String::from_utf8(shipped("data/articles/harbour.txt")).unwrap();
    dir.write("article.txt", &article);
    let run = dir.run(&jsonl(&["article.txt"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!(clusters.len(), 1);
    let told = occurrences(&clusters[0]);
    assert_eq!(told.len(), 2);
    assert_eq!(
        (clusters[0]["kind"].as_str(), clusters[0]["size"].as_u64()),
        (Some("passage"), Some(2))
    );
    let quote = article.lines().next().unwrap().trim_matches(['"', '.']);
    let starts: Vec<usize> = article.match_indices(quote).map(|(at, _)| at).collect();
    for (n, (occurrence, line)) in told.iter().zip([1, 7]).enumerate() {
        assert_eq!(span(occurrence), (starts[n], starts[n] + quote.len()));
        assert_eq!(occurrence["text"], *quote);
        assert_eq!((&occurrence["line"], &occurrence["end_line"]), (&line.into(), &line.into()));
        assert_eq!(occurrence["column"], 2);
        assert_eq!(occurrence["score"], 1.0);
        assert_eq!(occurrence["path"], "article.txt");
        assert_eq!(occurrence["document"], "article.txt");
        assert_eq!(occurrence["record"], Value::Null);
        assert_eq!((&occurrence["period"], &occurrence["repeats"]), (&Value::Null, &1.into()));
    }
    assert_eq!(told.iter().filter(|o| o["leader"] == true).count(), 1);
}

#[test]
fn the_report_is_a_header_then_clusters_then_a_summary() {
    let dir = Dir::new();
    dir.write("a.txt", around(1, 40, &words(7, 30)));
    dir.write("b.txt", around(2, 40, &words(7, 30)));
    let run = dir.run(&jsonl(&["--pairs", "a.txt", "b.txt"])).exits(0);
    let text = String::from_utf8(run.stdout.clone()).unwrap();
    let kinds: Vec<String> = text
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["type"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(kinds, ["header", "cluster", "match", "summary"]);
    assert_eq!(run.records("header")[0]["schema"], "twicetold.find/1");
    let found = &run.records("match")[0];
    assert_eq!((&found["cluster"], &found["measure"]), (&1.into(), &"identity".into()));
    assert_eq!((&found["a"]["path"], &found["b"]["path"]), (&"a.txt".into(), &"b.txt".into()));
    let summary = run.summary();
    for (name, value) in
        [("documents", 2), ("clusters", 1), ("occurrences", 2), ("skipped", 0), ("rejected", 0)]
    {
        assert_eq!(summary[name], value, "{name}");
    }
}

#[test]
fn json_is_one_object_with_the_same_records() {
    let dir = Dir::new();
    dir.write("a.txt", around(1, 40, &words(7, 30)) + &words(7, 30));
    let lines = dir.run(&jsonl(&["--pairs", "a.txt"])).exits(0);
    let one = dir.run(&["find", "--format", "json", "--pairs", "a.txt"]).exits(0);
    let one: Value = serde_json::from_slice(&one.stdout).unwrap();
    let bare = |mut v: Value| {
        v.as_object_mut().unwrap().remove("type");
        v
    };
    for (name, kind) in [("clusters", "cluster"), ("matches", "match")] {
        let expected: Vec<Value> = lines.records(kind).into_iter().map(bare).collect();
        let got: Vec<Value> = one[name].as_array().unwrap().iter().cloned().map(bare).collect();
        assert_eq!(got, expected, "{name}");
    }
    assert_eq!(bare(one["summary"].clone()), bare(lines.summary()));
}

#[test]
fn scope_decides_what_is_compared() {
    let dir = Dir::new();
    let (inner, outer) = (words(1, 25), words(2, 25));
    dir.write("a.txt", format!("{inner}\n{}\n{inner}\n{}\n{outer}", words(3, 30), words(4, 30)));
    dir.write("b.txt", around(5, 30, &outer));
    for (scope, texts) in [
        ("within", vec![inner.as_str()]),
        ("across", vec![outer.as_str()]),
        ("all", vec![inner.as_str(), outer.as_str()]),
    ] {
        let run = dir.run(&jsonl(&["--scope", scope, "."])).exits(0);
        let mut got: Vec<String> = run
            .records("cluster")
            .iter()
            .map(|c| c["occurrences"][0]["text"].as_str().unwrap().to_string())
            .collect();
        got.sort();
        assert_eq!(got, texts, "{scope}");
    }
}

#[test]
fn records_are_named_by_their_ids_with_their_types_and_by_their_lines() {
    let dir = Dir::new();
    let told = words(90, 30);
    let text = |seed: u64| serde_json::to_string(&around(seed, 20, &told)).unwrap();
    let mut dump = String::from("\u{feff}");
    dump += &format!("{{\"id\":17,\"text\":{}}}\r\n", text(1));
    dump += "\n";
    dump += &format!("{{\"id\":\"17\",\"text\":{}}}\n", text(2));
    dump += &format!("{{\"text\":{}}}\n", text(3));
    dump += &format!("{{\"id\":[1,{{\"a\":null}}],\"text\":{}}}", text(4));
    dir.write("dump.jsonl", dump);
    let run = dir.run(&jsonl(&["dump.jsonl"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!(clusters.len(), 1);
    let got: Vec<(Value, Value)> = occurrences(&clusters[0])
        .iter()
        .map(|o| (o["document"].clone(), o["record"].clone()))
        .collect();
    let expected = [
        (serde_json::json!(17), 1.into()),
        (serde_json::json!("17"), 3.into()),
        (serde_json::json!("dump.jsonl:4"), 4.into()),
        (serde_json::json!([1, {"a": null}]), 5.into()),
    ];
    assert_eq!(got, expected);
}

#[test]
fn keys_of_texts_and_ids_may_be_dotted_paths() {
    let dir = Dir::new();
    let told = words(9, 30);
    let dump: String = (1..=2)
        .map(|n| {
            let record =
                serde_json::json!({"meta": {"n": n}, "doc": {"body": around(n, 20, &told)}});
            format!("{record}\n")
        })
        .collect();
    dir.write("dump.ndjson", dump);
    let run =
        dir.run(&jsonl(&["--text-key", "doc.body", "--id-key", "meta.n", "dump.ndjson"])).exits(0);
    let told: Vec<Value> =
        occurrences(&run.records("cluster")[0]).iter().map(|o| o["document"].clone()).collect();
    assert_eq!(told, [Value::from(1), Value::from(2)]);
}

#[test]
fn standard_input_is_text_unless_told_otherwise() {
    let dir = Dir::new();
    let told = words(9, 30);
    let text = format!("{told}\n{}\n{told}\n", words(1, 30));
    for args in [jsonl(&[]), jsonl(&["-"])] {
        let run = dir.feed(&args, text.as_bytes()).exits(0);
        let clusters = run.records("cluster");
        assert_eq!((clusters.len(), &clusters[0]["occurrences"][0]["path"]), (1, &"-".into()));
    }
    let dump = line("a", &text);
    let run = dir.feed(&jsonl(&["--input", "jsonl", "-"]), dump.as_bytes()).exits(0);
    assert_eq!(span(&run.records("cluster")[0]["occurrences"][0]), (0, told.len()));
}

#[test]
fn a_report_for_readers_names_file_and_line() {
    let dir = Dir::new();
    dir.write("article.txt", shipped("data/articles/harbour.txt"));
    let run = dir.run(&["find", "article.txt"]).exits(0);
    let text = String::from_utf8(run.stdout).unwrap();
    for part in ["article.txt:1", "article.txt:7", "A harbour is not a view"] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "colours in a pipe:\n{text}");
}

#[test]
fn shorter_passages_are_found_when_asked_for() {
    let dir = Dir::new();
    let told = words(9, 10);
    dir.write("a.txt", format!("{told}\n{}\n{told}\n", words(1, 30)));
    assert_eq!(dir.run(&jsonl(&["a.txt"])).exits(0).records("cluster").len(), 0);
    let run = dir.run(&jsonl(&["--min-words", "10", "a.txt"])).exits(0);
    assert_eq!(run.records("cluster").len(), 1);
    let run = dir.run(&jsonl(&["--min-words", "11", "a.txt"])).exits(0);
    assert_eq!(run.records("cluster").len(), 0);
}

#[test]
fn spans_grow_to_sentences_and_paragraphs() {
    let dir = Dir::new();
    let told = words(9, 20);
    let sentence = |n: u64| format!("One {} {told} {} end.", words(n, 3), words(n + 1, 3));
    let paragraph = |n: u64| format!("Before {n}. {} After {n}.", sentence(10 * n));
    let text = format!("{}\n\n{}\n\n{}\n", paragraph(2), words(1, 40), paragraph(3));
    dir.write("a.txt", text);
    for (snap, expected) in [
        ("word", [told.clone(), told.clone()]),
        ("sentence", [sentence(20), sentence(30)]),
        ("paragraph", [paragraph(2), paragraph(3)]),
    ] {
        let run = dir.run(&jsonl(&["--snap", snap, "a.txt"])).exits(0);
        let told = occurrences(&run.records("cluster")[0]);
        let texts: Vec<&str> = told.iter().map(|o| o["text"].as_str().unwrap()).collect();
        assert_eq!(texts, expected, "{snap}");
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_count_as_bytes() {
    let dir = Dir::new();
    let told = words(9, 30);
    let text = format!("\u{feff}{told}\r\n{}\r\n{told}\r\n", words(1, 30));
    dir.write("a.txt", &text);
    let run = dir.run(&jsonl(&["a.txt"])).exits(0);
    let got = occurrences(&run.records("cluster")[0]);
    let second = text.rfind(&told).unwrap();
    assert_eq!(span(&got[0]), (3, 3 + told.len()));
    assert_eq!(span(&got[1]), (second, second + told.len()));
    assert_eq!((&got[1]["line"], &got[1]["column"]), (&3.into(), &1.into()));
}

#[test]
fn equal_files_are_one_finding_with_an_occurrence_for_each() {
    let dir = Dir::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        dir.write(name, words(1, 200));
    }
    let run = dir.run(&jsonl(&["."])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!((clusters.len(), &clusters[0]["size"]), (1, &3.into()));
}

// A line told over and over.

/// `n` times a line of ten words.
fn line_over_and_over(n: usize) -> (String, String) {
    let line = "the tide comes in and the tide goes out again\n".to_string();
    assert_eq!(line.split_whitespace().count(), 10);
    (line.repeat(n), line)
}

fn one_run(n: usize) {
    let dir = Dir::new();
    let (text, line) = line_over_and_over(n);
    dir.write("a.txt", &text);
    let run = dir.run(&jsonl(&["a.txt"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!(clusters.len(), 1);
    assert_eq!((&clusters[0]["kind"], &clusters[0]["size"]), (&"run".into(), &1.into()));
    let told = &clusters[0]["occurrences"][0];
    assert_eq!(span(told), (0, text.len() - 1));
    assert_eq!((&told["repeats"], &told["period"]), (&n.into(), &line.len().into()));
}

#[test]
fn a_line_told_a_hundred_thousand_times_is_one_run() {
    one_run(100_000);
}

#[test]
fn a_line_told_a_million_times_is_one_run() {
    one_run(1_000_000);
}

// Exit statuses.

#[test]
fn findings_fail_only_when_asked_to() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    dir.write("b.txt", shipped("data/articles/night-shift.txt"));
    for (args, status) in [
        (&["a.txt"][..], 0),
        (&["--fail-on", "any", "a.txt"], 1),
        (&["--fail-on", "0", "a.txt"], 1),
        (&["--fail-on", "1", "a.txt"], 0),
        (&["--fail-on", "any", "b.txt"], 0),
    ] {
        dir.run(&[&["find"], args].concat()).exits(status);
    }
}

#[test]
fn a_missing_file_is_named_and_nothing_is_printed() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    dir.run(&["find", "a.txt", "gone.txt"]).exits(2).says("gone.txt").prints_nothing();
}

#[test]
fn empty_and_blank_files_hold_no_findings() {
    let dir = Dir::new();
    dir.write("a.txt", "");
    dir.write("b.txt", " \n\n\t\n");
    dir.write("c.jsonl", "\n\n");
    dir.write("d.jsonl", "{\"text\":\"\"}\n{\"text\":\"\"}\n{\"text\":\" \"}\n{\"text\":\"\"}");
    for name in ["a.txt", "b.txt", "c.jsonl", "d.jsonl"] {
        let run = dir.run(&jsonl(&["--fail-on", "any", name])).exits(0);
        assert_eq!(run.records("cluster").len(), 0, "{name}");
    }
    dir.feed(&jsonl(&["-"]), b"").exits(0);
}

#[test]
fn a_binary_file_is_refused_by_name_and_passed_over_in_a_folder() {
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/harbour.txt"));
    dir.write("texts/picture.bin", b"\x89PNG\r\n\0\0\0\x0d\0\0");
    dir.run(&["find", "texts/picture.bin"]).exits(2).says("picture.bin").prints_nothing();
    let run = dir.run(&jsonl(&["texts"])).exits(0).says("picture.bin");
    let summary = run.summary();
    assert_eq!((&summary["skipped"], &summary["documents"]), (&1.into(), &1.into()));
}

#[test]
fn a_nul_byte_far_inside_makes_a_file_binary() {
    let dir = Dir::new();
    let mut text = words(1, 200_000).into_bytes();
    text.push(0);
    text.extend_from_slice(words(2, 20).as_bytes());
    dir.write("a.txt", text);
    dir.run(&["find", "a.txt"]).exits(2).says("a.txt").prints_nothing();
}

#[test]
fn invalid_utf8_is_read_and_spans_count_original_bytes() {
    let dir = Dir::new();
    let told = words(9, 30);
    let mut text = b"\xff\xfe caf\xe9 ".to_vec();
    let before = text.len();
    text.extend_from_slice(format!("{told}\n\u{1f600}").as_bytes());
    text.extend_from_slice(b" \xf0\x9f\n");
    let between = text.len();
    text.extend_from_slice(told.as_bytes());
    dir.write("a.txt", &text);
    let run = dir.run(&jsonl(&["a.txt"])).exits(0).says("a.txt");
    let clusters = run.records("cluster");
    let spans: Vec<(usize, usize)> = occurrences(&clusters[0]).iter().map(span).collect();
    assert_eq!(spans, [(before, before + told.len()), (between, between + told.len())]);
}

#[test]
fn a_folder_without_text_is_no_error() {
    let dir = Dir::new();
    dir.write("texts/picture.bin", b"\0\0\0");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    for name in ["texts", "empty"] {
        let run = dir.run(&["find", "--fail-on", "any", name]).exits(0);
        assert!(!run.stderr.is_empty(), "a note is due");
    }
}

#[test]
fn impossible_options_are_refused_before_anything_is_read() {
    let dir = Dir::new();
    #[rustfmt::skip]
    let cases: &[&[&str]] = &[
        &["--threshold=NaN"], &["--threshold=-1"], &["--threshold=2"], &["--threshold=0"],
        &["--threshold=inf"], &["--threshold=x"], &["-t", "1.0000001"],
        &["--min-words=0"], &["--min-words=-1"], &["--min-words=1000000000000000000"],
        &["--max-gap=-1"], &["--max-gap=1000000000000000000"],
        &["--scope=everywhere"], &["--snap=x"], &["--format=x"], &["--input=x"],
        &["--fail-on=-1"], &["--fail-on=x"], &["--memory=x"], &["--threads=-1"], &["--nonsense"],
    ];
    for args in cases {
        let run = dir.run(&[&["find"], *args, &["gone.txt"]].concat()).exits(2).prints_nothing();
        assert!(!run.stderr.contains("gone.txt:"), "{args:?} read the input: {}", run.stderr);
        let option = args[0].split('=').next().unwrap().trim_start_matches("--");
        if args[0].starts_with("--") {
            assert!(run.stderr.contains(option), "{args:?}: {}", run.stderr);
        }
    }
    dir.run(&["fnid", "a.txt"]).exits(2);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let dir = Dir::new();
    for args in [&["--help"][..], &["-h"], &["-V"], &["find", "--help"], &["find", "-h"]] {
        let run = dir.run(args).exits(0);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{args:?}");
    }
    let version = dir.run(&["--version"]).exits(0).stdout;
    assert_eq!(
        String::from_utf8(version).unwrap().trim(),
        concat!("twicetold ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_version_is_that_of_the_program_whatever_the_command() {
    let dir = Dir::new();
    let version = format!("twicetold {}\n", env!("CARGO_PKG_VERSION"));
    for args in [&["-V"][..], &["find", "-V"], &["dedup", "--version"]] {
        assert_eq!(String::from_utf8(dir.run(args).exits(0).stdout).unwrap(), version);
    }
}

#[test]
fn a_seed_changes_nothing_that_find_reports() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    let run = dir.run(&jsonl(&["--seed", "7", "a.txt"])).exits(0);
    assert_eq!(run.stdout, dir.run(&jsonl(&["a.txt"])).exits(0).stdout);
    dir.run(&["find", "--seed", "x", "a.txt"]).exits(2);
}

#[test]
fn quiet_leaves_standard_error_empty() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    let run = dir.run(&["find", "--quiet", "a.txt"]).exits(0);
    assert_eq!(run.stderr, "");
}

// Records that cannot be used.

fn unusable() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("no JSON", b"{\"id\":1,\"text\":".to_vec()),
        ("two objects", b"{\"text\":\"a\"} {\"text\":\"b\"}".to_vec()),
        ("not an object", b"[1,2]".to_vec()),
        ("no text", b"{\"id\":1}".to_vec()),
        ("text is a number", b"{\"text\":5}".to_vec()),
        ("text is null", b"{\"text\":null}".to_vec()),
        ("invalid UTF-8", b"{\"text\":\"caf\xe9\"}".to_vec()),
        ("too deep", [vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
    ]
}

#[test]
fn an_unusable_record_stops_the_run_with_its_place() {
    for (what, bad) in unusable() {
        let dir = Dir::new();
        let mut dump = line("a", &words(1, 30)).into_bytes();
        dump.extend_from_slice(b"\n");
        dump.extend_from_slice(&bad);
        dump.extend_from_slice(b"\n");
        dump.extend_from_slice(line("b", &words(2, 30)).as_bytes());
        dir.write("dump.jsonl", &dump);
        let run = dir.run(&jsonl(&["-o", "out.jsonl", "dump.jsonl"])).exits(2).prints_nothing();
        assert!(run.stderr.contains("dump.jsonl:3"), "{what}: {}", run.stderr);
        assert_eq!(dir.names(), ["dump.jsonl"], "{what}");
    }
}

#[test]
fn rejected_records_are_set_aside_byte_for_byte() {
    let dir = Dir::new();
    let told = words(9, 30);
    let mut dump = line("a", &around(1, 20, &told)).into_bytes();
    let mut expected = Vec::new();
    let all = unusable();
    for (_, bad) in &all {
        for out in [&mut dump, &mut expected] {
            out.extend_from_slice(bad);
            out.push(b'\n');
        }
    }
    dump.extend_from_slice(line("b", &around(2, 20, &told)).as_bytes());
    dir.write("dump.jsonl", &dump);
    let args = ["--rejects", "bad.jsonl", "--fail-on", "any", "dump.jsonl"];
    let run = dir.run(&jsonl(&args)).exits(3);
    assert_eq!(dir.read("bad.jsonl"), expected);
    assert_eq!(run.records("cluster").len(), 1);
    assert_eq!(run.summary()["rejected"], all.len());
    for n in 2..2 + all.len() {
        assert!(run.stderr.contains(&format!("dump.jsonl:{n}")), "line {n}: {}", run.stderr);
    }
}

// Compressed inputs.

#[test]
fn plain_gz_and_zst_on_standard_input_give_the_same_bytes() {
    let dir = Dir::new();
    let text = shipped("data/articles/harbour.txt");
    let plain = dir.feed(&jsonl(&["-"]), &text).exits(0).stdout;
    assert!(plain.len() > 500);
    for packed in [gz(&text), zst(&text)] {
        let got = dir.feed(&jsonl(&["-"]), &packed).exits(0).stdout;
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(&plain));
    }
    let (head, tail) = text.split_at(700);
    for members in [[gz(head), gz(tail)].concat(), [zst(head), zst(tail)].concat()] {
        assert_eq!(dir.feed(&jsonl(&["-"]), &members).exits(0).stdout, plain);
    }
}

#[test]
fn a_truncated_compressed_file_is_an_error_wherever_it_is_cut() {
    let dump: String = (0..200).map(|n| line(&n.to_string(), &words(n, 40))).collect();
    for (name, packed) in
        [("d.jsonl.gz", gz(dump.as_bytes())), ("d.jsonl.zst", zst(dump.as_bytes()))]
    {
        let n = packed.len();
        for cut in [3, 5, 11, n / 4, n / 2, n - 9, n - 8, n - 4, n - 1] {
            let dir = Dir::new();
            dir.write(name, &packed[..cut]);
            let args = jsonl(&["-o", "out.jsonl", name]);
            dir.run(&args).exits(2).says(name).prints_nothing();
            assert_eq!(dir.names(), [name], "cut at {cut} of {n}");
            dir.feed(&jsonl(&["--input", "jsonl", "-"]), &packed[..cut]).exits(2);
        }
    }
}

#[test]
fn a_damaged_compressed_file_is_an_error() {
    let dump: String = (0..200).map(|n| line(&n.to_string(), &words(n, 40))).collect();
    for (name, packed) in
        [("d.jsonl.gz", gz(dump.as_bytes())), ("d.jsonl.zst", zst(dump.as_bytes()))]
    {
        let n = packed.len();
        for at in [n / 3, n / 2, n - 2] {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x10;
            let dir = Dir::new();
            dir.write(name, &damaged);
            dir.run(&jsonl(&[name])).exits(2).says(name);
        }
        let dir = Dir::new();
        dir.write(name, [&packed[..], b"trailing garbage"].concat());
        dir.run(&jsonl(&[name])).exits(2).says(name);
    }
}

#[test]
fn an_entry_of_a_folder_that_cannot_be_read_is_counted() {
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/harbour.txt"));
    let packed = gz(&shipped("data/articles/bakery.txt"));
    dir.write("texts/b.txt.gz", &packed[..packed.len() / 2]);
    let run = dir.run(&jsonl(&["--fail-on", "any", "texts"])).exits(3).says("b.txt.gz");
    assert_eq!(run.records("cluster").len(), 1);
}

// Outputs.

#[test]
fn output_to_a_file_is_whole_and_leaves_nothing_beside_it() {
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    dir.write("out.jsonl", "old");
    let printed = dir.run(&jsonl(&["a.txt"])).exits(0).stdout;
    dir.run(&jsonl(&["-o", "out.jsonl", "a.txt"])).exits(0).prints_nothing();
    assert_eq!(dir.read("out.jsonl"), printed);
    assert_eq!(dir.names(), ["a.txt", "out.jsonl"]);
}

#[test]
fn output_is_compressed_when_its_name_says_so() {
    use std::io::Read as _;
    let dir = Dir::new();
    dir.write("a.txt", shipped("data/articles/harbour.txt"));
    let printed = dir.run(&jsonl(&["a.txt"])).exits(0).stdout;
    for name in ["out.jsonl.gz", "out.jsonl.zst"] {
        dir.run(&jsonl(&["-o", name, "a.txt"])).exits(0);
    }
    let mut got = Vec::new();
    flate2::read::GzDecoder::new(&dir.read("out.jsonl.gz")[..]).read_to_end(&mut got).unwrap();
    assert_eq!(got, printed);
    assert_eq!(zstd::decode_all(&dir.read("out.jsonl.zst")[..]).unwrap(), printed);
}

#[test]
fn a_run_that_fails_leaves_the_old_output_as_it_was() {
    let dir = Dir::new();
    dir.write("out.jsonl", "old");
    dir.write("bad.jsonl", "{\n");
    dir.run(&jsonl(&["-o", "out.jsonl", "bad.jsonl"])).exits(2);
    dir.run(&jsonl(&["-o", "nowhere/out.jsonl", "-"])).exits(2).says("nowhere");
    assert_eq!(dir.read("out.jsonl"), b"old");
    assert_eq!(dir.names(), ["bad.jsonl", "out.jsonl"]);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_an_input_is_refused() {
    let dir = Dir::new();
    let text = shipped("data/articles/harbour.txt");
    let file = dir.write("a.txt", &text);
    std::fs::hard_link(&file, dir.path().join("hard.txt")).unwrap();
    std::os::unix::fs::symlink(&file, dir.path().join("soft.txt")).unwrap();
    for name in ["a.txt", "./a.txt", "hard.txt", "soft.txt"] {
        dir.run(&["find", "-o", name, "a.txt"]).exits(2);
        assert_eq!(dir.read("a.txt"), text, "{name}");
    }
    dir.write("d.jsonl", "{\n");
    dir.run(&["find", "--rejects", "d.jsonl", "d.jsonl"]).exits(2);
    dir.run(&["find", "--rejects", "x", "-o", "x", "d.jsonl"]).exits(2);
    assert_eq!(dir.read("d.jsonl"), b"{\n");
}

// The same input gives the same bytes.

#[test]
fn the_order_in_which_a_folder_was_filled_does_not_show() {
    let names: Vec<String> = (0..12).map(|n| format!("texts/{}/f{n}.txt", n % 3)).collect();
    let fill = |order: &mut dyn Iterator<Item = usize>| {
        let dir = Dir::new();
        for n in order {
            dir.write(&names[n], around(n as u64, 40, &words(100 + (n as u64) / 4, 30)));
        }
        dir.run(&jsonl(&["--pairs", "texts"])).exits(0).stdout
    };
    let forward = fill(&mut (0..names.len()));
    let clusters = util::records(&forward, "cluster");
    assert_eq!(clusters.len(), 3);
    // Documents are taken by name, in whatever order the file system has them.
    for cluster in &clusters {
        let told = occurrences(cluster);
        assert!(told.is_sorted_by_key(|o| o["path"].as_str().unwrap()), "{cluster}");
    }
    assert_eq!(fill(&mut (0..names.len()).rev()), forward);
    assert_eq!(fill(&mut (0..names.len()).map(|n| n * 5 % 12)), forward);
}

#[test]
fn one_two_and_eight_threads_give_the_same_bytes() {
    let dir = Dir::new();
    let mut dump = String::new();
    for n in 0..120u64 {
        let told = format!("{}. {}", words(1000 + n % 13, 25), words(2000 + n % 7, 40));
        dump += &line(&n.to_string(), &around(n, 60, &told));
    }
    dump += std::str::from_utf8(&shipped("data/dump.jsonl")).unwrap();
    dir.write("dump.jsonl", dump);
    for more in [&[][..], &["--reworded"]] {
        let run = |threads: &str| {
            let args = [&["--pairs", "-j", threads, "dump.jsonl"], more].concat();
            dir.run(&jsonl(&args)).exits(0)
        };
        let one = run("1");
        assert!(one.records("cluster").len() > 15);
        for threads in ["2", "8", "1"] {
            assert!(run(threads).stdout == one.stdout, "{threads} threads {more:?}");
        }
    }
}

#[test]
fn texts_told_in_other_words_are_found_when_asked_for() {
    let dir = Dir::new();
    let (told, retold) = ("data/articles/harbour.txt", "data/articles/harbour-retold.txt");
    for name in [told, retold] {
        dir.write(name, shipped(name));
    }
    // Two texts, one text, and two among others.
    let mut both = shipped(told);
    both.extend(shipped(retold));
    dir.write("both.txt", both);
    let bakery = dir.write("bakery.txt", shipped("data/articles/bakery.txt"));
    let bakery = bakery.to_str().unwrap();
    for inputs in [&[told, retold][..], &["both.txt"], &[bakery, told, retold]] {
        let plain = dir.run(&jsonl(inputs)).exits(0);
        let more = jsonl(&[&["--reworded", "--pairs"][..], inputs].concat());
        let run = dir.run(&more).exits(0);
        let mut clusters = run.records("cluster");
        let reworded = clusters.pop().unwrap();
        assert_eq!(clusters, plain.records("cluster"), "copies stay what they were");
        assert_eq!((&reworded["kind"], &reworded["size"]), (&"reworded".into(), &2.into()));
        let score = reworded["score_min"].as_f64().unwrap();
        assert!((0.5..1.0).contains(&score), "{score}");
        let measures: Vec<Value> =
            run.records("match").into_iter().map(|m| m["measure"].clone()).collect();
        assert_eq!(measures.iter().filter(|m| *m == "shared_words").count(), 1);
        let report = dir.run(&[&["find", "--reworded"], inputs].concat()).exits(0);
        let report = String::from_utf8(report.stdout.clone()).unwrap();
        assert!(report.contains("reworded") && report.contains(" % of its unusual words"));
        assert!(!report.contains("copied"));
    }
}

// Odd entries of folders.

#[cfg(unix)]
#[test]
fn standard_output_that_is_an_input_is_refused() {
    let dir = Dir::new();
    let text = shipped("data/articles/harbour.txt");
    let file = dir.write("a.txt", &text);
    let out = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_twicetold"))
        .args(["find", "a.txt"])
        .current_dir(dir.path())
        .stdout(out)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    assert_eq!(dir.read("a.txt"), text);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_size_limit_is_an_error_like_any_other() {
    let dir = Dir::new();
    dir.write("a.txt", around(1, 400_000, &words(90, 30)));
    let script = format!(
        "ulimit -f 1; exec {} find --format jsonl a.txt b.txt -o out.jsonl",
        env!("CARGO_BIN_EXE_twicetold")
    );
    // The same text under two names, so that the report holds it twice.
    dir.write("b.txt", dir.read("a.txt"));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("out.jsonl"));
    let mut left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["a.txt", "b.txt"]);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_pipes_and_odd_names_do_no_harm() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/harbour.txt"));
    let texts = dir.path().join("texts");
    std::os::unix::fs::symlink(&texts, texts.join("circle")).unwrap();
    std::os::unix::fs::symlink(texts.join("gone"), texts.join("dangling.txt")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        texts.join("pipe.txt"),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    let odd = texts.join(std::ffi::OsStr::from_bytes(b"odd \xff\n\x1b[31m.txt"));
    std::fs::write(odd, shipped("data/articles/night-shift.txt")).unwrap();
    let run = dir.run(&jsonl(&["texts"]));
    assert!(matches!(run.status, Some(0 | 3)), "{run:?}");
    assert_eq!(run.records("cluster").len(), 1);
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_passed_over_in_a_folder_is_noted_and_counted() {
    use std::os::unix::fs::symlink;
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/harbour.txt"));
    dir.write("texts/binary", b"\0");
    dir.write("elsewhere/b.txt", words(1, 50));
    let texts = dir.path().join("texts");
    symlink("../elsewhere/b.txt", texts.join("link.txt")).unwrap();
    symlink("..", texts.join("up")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(texts.join("socket")).unwrap();
    let run = dir.run(&jsonl(&["texts"])).exits(0);
    assert_eq!((&run.summary()["documents"], &run.summary()["skipped"]), (&1.into(), &4.into()));
    let run = run
        .says("note: texts/link.txt is a symbolic link, passed over; name it to have it read\n")
        .says("note: texts/up is a symbolic link")
        .says("note: texts/socket is a socket, passed over\n");
    assert!(!run.stderr.contains("more"), "{}", run.stderr);
    let run = dir.run(&["dedup", "--summary", "s.json", "--input", "text", "texts"]).exits(0);
    let summary: Value = serde_json::from_slice(&dir.read("s.json")).unwrap();
    assert_eq!(summary["files_skipped"], 4, "{}", run.stderr);
    // A named link is read.
    let run = dir.run(&jsonl(&["texts/link.txt"])).exits(0);
    assert_eq!((&run.summary()["documents"], &run.summary()["skipped"]), (&1.into(), &0.into()));
    // Many are told of up to ten.
    for n in 0..20 {
        symlink("a.txt", texts.join(format!("l{n}"))).unwrap();
    }
    let run = dir.run(&jsonl(&["texts"])).exits(0).says("note: and 13 more passed over\n");
    assert_eq!(run.stderr.matches(" passed over").count(), 12, "{}", run.stderr);
    assert_eq!(run.summary()["skipped"], 24);
}

#[test]
fn a_report_inside_the_folder_that_is_searched_is_not_searched() {
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/harbour.txt"));
    let args = ["find", "texts", "-o", "texts/report.json", "--format", "json"];
    dir.run(&args).exits(0);
    let first = dir.read("texts/report.json");
    dir.run(&args)
        .exits(0)
        .says("note: texts/report.json is another file of this run, and no input\n");
    assert_eq!(dir.read("texts/report.json"), first);
    dir.run(&["find", "texts/report.json", "-o", "texts/report.json"]).exits(2);
}

// What is known or not wanted.

#[test]
fn passages_that_match_a_pattern_are_no_findings() {
    let dir = Dir::new();
    let (first, second) = (words(1, 30), words(2, 30));
    dir.write("a.txt", format!("{first}.\n{second}.\n{}", words(3, 30)));
    dir.write("b.txt", format!("{second}.\n{}.\n{first}", words(4, 30)));
    let all = dir.run(&jsonl(&["--pairs", "."])).exits(0);
    assert_eq!(all.records("cluster").len(), 2);
    let word = first.split(' ').nth(9).unwrap();
    for pattern in [word.to_string(), format!("(?i){}", word.to_uppercase())] {
        let args = ["--pairs", "--ignore-pattern", "no such", "--ignore-pattern", &pattern, "."];
        let run = dir.run(&jsonl(&args)).exits(0);
        let clusters = run.records("cluster");
        assert_eq!((clusters.len(), &clusters[0]["id"]), (1, &1.into()));
        assert_eq!(clusters[0]["occurrences"][0]["text"], second);
        assert_eq!(run.records("match").len(), 1);
        let (summary, whole) = (run.summary(), all.summary());
        assert_eq!((&summary["ignored"], &summary["clusters"]), (&1.into(), &1.into()));
        assert_eq!(summary["repeated_bytes"], 2 * second.len());
        assert!(whole.get("ignored").is_none());
    }
    let args = ["find", "--fail-on", "any", "--ignore-pattern", "^w", "."];
    let run = dir.run(&args).exits(0);
    assert!(String::from_utf8_lossy(&run.stdout).contains("2 passages were ignored"), "{run:?}");
    dir.run(&["find", "--ignore-pattern", "(", "a.txt"]).exits(2).says("unclosed group");
}

#[test]
fn with_a_baseline_only_what_is_new_is_reported() {
    let dir = Dir::new();
    let old = words(1, 30);
    dir.write("texts/a.txt", around(1, 20, &old));
    dir.write("texts/b.txt", around(2, 20, &old));
    let known = "texts/known.jsonl";
    let write = ["find", "--fail-on", "any", "--write-baseline", known, "texts"];
    dir.run(&write).exits(1);
    let first = dir.read(known);
    let check = ["--fail-on", "any", "--baseline", known, "texts"];
    let run = dir.run(&jsonl(&check)).exits(0).says("known.jsonl is another file of this run");
    assert_eq!((run.records("cluster").len(), &run.summary()["ignored"]), (0, &1.into()));
    // Moved within its file it is known, in another file it is new.
    dir.write("texts/b.txt", around(3, 50, &old));
    dir.run(&jsonl(&check)).exits(0);
    dir.write("texts/c.txt", around(4, 20, &old));
    let run = dir.run(&jsonl(&check)).exits(1);
    assert_eq!(run.records("cluster")[0]["size"], 3);
    // One file can be read and replaced.
    let both = ["--baseline", known, "--write-baseline", known, "texts"];
    dir.run(&jsonl(&both)).exits(0);
    assert_ne!(dir.read(known), first);
    dir.run(&jsonl(&check)).exits(0);
    // It is replaced by nothing else, and is a baseline or an error.
    dir.run(&jsonl(&["--baseline", known, "-o", known, "texts"])).exits(2).says(known);
    dir.run(&jsonl(&["--baseline", "none", "texts"])).exits(2).says("--write-baseline makes one");
    dir.run(&jsonl(&["--baseline", "texts/a.txt", "texts"])).exits(2).says("does not begin");
}

#[test]
fn more_than_memory_holds_goes_to_the_folder_that_is_named_and_changes_nothing() {
    let dir = Dir::new();
    // 60 MiB, and few words.
    let long = "x".repeat(1 << 20);
    let text = |n: u64| format!("{long} {} {long}", around(n, 9, &words(100 + n / 2, 30)));
    let lines: String = (0..30).map(|n| line(&n.to_string(), &text(n))).collect();
    dir.write("a.jsonl", &lines);
    let whole = dir.run(&jsonl(&["a.jsonl"])).exits(0);
    assert_eq!(whole.records("cluster").len(), 15);
    let small = ["--memory", "128M", "a.jsonl"];
    let run = dir.run(&jsonl(&[&["--temp-dir", "no/such"], &small[..]].concat())).exits(2);
    run.says("no/such").says("--temp-dir");
    let run = dir.run(&jsonl(&[&["-v", "--temp-dir", "."], &small[..]].concat())).exits(0);
    assert_eq!(run.stdout, whole.stdout);
    run.says("about 30 records; 135 MB of memory to stay within").says("of temporary files");
    for (memory, says) in [("64M", "less than 128 MB"), ("much", "expected a size like")] {
        dir.run(&jsonl(&["--memory", memory, "a.jsonl"])).exits(2).says(says).prints_nothing();
    }
    // What has no disk is refused, with what would do.
    let run = dir.run(&jsonl(&[&["--reworded"], &small[..]].concat())).exits(2);
    run.says("--memory 135 MB is not enough").says("would do").prints_nothing();
    assert_eq!(dir.names(), ["a.jsonl"]);
}

#[test]
fn a_file_reached_twice_is_read_once() {
    let dir = Dir::new();
    dir.write("texts/a.txt", shipped("data/articles/night-shift.txt"));
    let run = dir.run(&jsonl(&["texts", "texts/a.txt", "./texts/a.txt"])).exits(0);
    assert_eq!((run.records("cluster").len(), &run.summary()["documents"]), (0, &1.into()));
}

// Pipes, full disks, signals.

#[cfg(unix)]
mod ends {
    use std::fs::File;
    use std::io::Read as _;
    use std::io::Write as _;
    use std::process::Child;
    use std::process::Command;
    use std::process::Stdio;
    use std::time::Duration;
    use std::time::Instant;

    use super::jsonl;
    use super::util::Dir;
    use super::util::around;
    use super::util::line;
    use super::util::shipped;
    use super::util::words;

    fn command(dir: &Dir, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!());
        command.current_dir(dir.path()).args(args).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Far more output than a pipe holds.
    fn much(dir: &Dir) {
        let mut dump = String::new();
        for n in 0..3000 {
            dump += &line(&n.to_string(), &around(n, 5, &words(10_000 + n / 2, 30)));
        }
        dir.write("much.jsonl", dump);
    }

    #[test]
    fn a_closed_pipe_ends_the_run_quietly() {
        let dir = Dir::new();
        much(&dir);
        for format in ["jsonl", "json", "human"] {
            let args = ["find", "--quiet", "--format", format, "much.jsonl"];
            let mut child = command(&dir, &args).stdout(Stdio::piped()).spawn().unwrap();
            let mut out = child.stdout.take().unwrap();
            out.read_exact(&mut [0]).unwrap();
            drop(out);
            let end = child.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&end.stderr).into_owned();
            assert_eq!((end.status.code(), stderr.as_str()), (Some(0), ""), "{format}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let dir = Dir::new();
        dir.write("a.txt", shipped("data/articles/harbour.txt"));
        for format in ["jsonl", "json", "human"] {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let args = ["find", "--format", format, "a.txt"];
            let end = command(&dir, &args).stdout(full).output().unwrap();
            let stderr = String::from_utf8_lossy(&end.stderr).into_owned();
            assert_eq!(end.status.code(), Some(2), "{format}: {stderr}");
            assert!(!stderr.is_empty() && !stderr.contains("panicked"), "{stderr}");
        }
        dir.run(&jsonl(&["-o", "/dev/full", "a.txt"])).exits(2).says("/dev/full");
        assert_eq!(dir.names(), ["a.txt"]);
    }

    fn interrupt(child: &Child) {
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Waits for the end; how long it took. Two seconds are promised, the
    /// rest is for a machine that is busy with other tests.
    fn ends_soon(child: &mut Child) -> std::process::ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(6), "the signal was not obeyed");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn interrupted(status: std::process::ExitStatus) -> bool {
        use std::os::unix::process::ExitStatusExt as _;
        status.code() == Some(130) || status.signal() == Some(2)
    }

    #[test]
    fn an_interrupt_while_reading_leaves_no_file() {
        let dir = Dir::new();
        std::fs::create_dir(dir.path().join("tmp")).unwrap();
        let args = ["--input", "jsonl", "-o", "out.jsonl", "-"];
        let mut command = command(&dir, &jsonl(&args));
        command.env("TMPDIR", dir.path().join("tmp"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut feed = child.stdin.take().unwrap();
        for n in 0..2000 {
            feed.write_all(line(&n.to_string(), &words(n, 60)).as_bytes()).unwrap();
        }
        feed.flush().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&child);
        let status = ends_soon(&mut child);
        assert!(interrupted(status), "{status}");
        assert_eq!(dir.names(), ["tmp"]);
        drop(feed);
    }

    #[test]
    fn an_interrupt_at_any_time_leaves_all_or_nothing() {
        let dir = Dir::new();
        much(&dir);
        let whole = dir.run(&jsonl(&["much.jsonl"])).exits(0).stdout;
        for wait in [5, 20, 60, 120, 250, 500] {
            let args = jsonl(&["-o", "out.jsonl", "much.jsonl"]);
            let mut child = command(&dir, &args).stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            interrupt(&child);
            let status = ends_soon(&mut child);
            assert!(status.success() || interrupted(status), "after {wait} ms: {status}");
            if dir.path().join("out.jsonl").exists() {
                assert!(dir.read("out.jsonl") == whole, "after {wait} ms");
                std::fs::remove_file(dir.path().join("out.jsonl")).unwrap();
            } else {
                assert!(interrupted(status), "after {wait} ms: {status}");
            }
            assert_eq!(dir.names(), ["much.jsonl"], "after {wait} ms");
        }
    }
}
