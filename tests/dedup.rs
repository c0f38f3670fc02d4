//! The command `dedup` through its binary: what stays, what is reported, what
//! is refused, and what is left behind.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

// Other tests use what these do not.
#[allow(dead_code)]
mod util;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use serde_json::json;
use util::Dir;
use util::gz;
use util::line;
use util::records;
use util::words;
use util::zst;

/// A text of 100 words, one with another word in its middle (91 of 101
/// shingles of five words in both) and one with another near its start.
fn versions(seed: u64) -> [String; 3] {
    let text = words(seed, 100);
    let other = |at: usize, word: &str| {
        let mut all: Vec<&str> = text.split(' ').collect();
        all[at] = word;
        all.join(" ")
    };
    [text.clone(), other(50, "changed"), other(2, "begun")]
}

/// Records with ids of all kinds, near and exact duplicates, spread out.
fn dump() -> Vec<String> {
    let mut lines = Vec::new();
    for seed in 0..40u64 {
        let [a, b, c] = versions(seed);
        lines.push(json!({"id": seed, "text": a, "n": seed % 7}).to_string());
        if seed % 2 == 0 {
            lines.push(json!({"text": b, "id": format!("near-{seed}")}).to_string());
        }
        if seed % 3 == 0 {
            lines.push(json!({"text": c, "x": [1.50, null]}).to_string());
        }
        if seed % 5 == 0 {
            lines.push(json!({"text": a.to_uppercase(), "id": null}).to_string());
        }
    }
    lines.sort_by_key(|l| twicetold::hash::token(l.as_bytes()));
    lines
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// All outputs of a run over `inputs`, by name.
fn everything(dir: &Dir, inputs: &[&str], more: &[&str]) -> Vec<(String, Vec<u8>)> {
    let names = ["out.jsonl", "removed.jsonl", "clusters.jsonl", "pairs.jsonl"];
    let options = ["-o", "--removed", "--clusters", "--pairs"];
    let mut args = vec!["dedup", "-t", "0.7"];
    options.iter().zip(&names).for_each(|(o, n)| args.extend([o, n]));
    args.extend(more);
    args.extend(inputs);
    dir.run(&args).exits(0).prints_nothing();
    names.iter().map(|n| (n.to_string(), dir.read(n))).collect()
}

// What stays.

#[test]
fn lines_pass_byte_for_byte_in_their_order() {
    let dir = Dir::new();
    let [a, b, _] = versions(1);
    let lines = [
        format!("{{ \"n\": 1.50e+3, \"text\" : \"{a}\", \"é\":\"\\u00e9\\/\" }}  "),
        format!("{{\"text\":\"{b}\"}}"),
        "{\"text\":\"alone\",\"big\":123456789012345678901234567890}".to_string(),
        format!("{{\"text\":\"{a}\"}}"),
        "{\"text\":\"last\",\"text\":\"last of all\"}".to_string(),
    ];
    dir.write("in.jsonl", joined(&lines));
    let run = dir.run(&["dedup", "-t", "0.7", "--removed", "gone.jsonl", "in.jsonl"]).exits(0);
    assert_eq!(text(&run.stdout), joined(&[&lines[..1], &lines[2..3], &lines[4..]].concat()));
    assert_eq!(text(&dir.read("gone.jsonl")), joined(&[lines[1].clone(), lines[3].clone()]));
}

#[test]
fn crlf_stays_marks_go_blank_lines_go_and_a_missing_end_is_supplied() {
    let dir = Dir::new();
    let input = "\u{feff}{\"text\":\"one two three\"}\r\n\r\n  \n{\"text\":\"four five six\"}\r\n\
                 {\"text\":\"One, two: three!\"}\n\t\n{\"text\":\"seven\u{2028}eight\"}";
    let output = "{\"text\":\"one two three\"}\r\n{\"text\":\"four five six\"}\r\n\
                  {\"text\":\"seven\u{2028}eight\"}\n";
    dir.write("in.jsonl", input);
    assert_eq!(text(&dir.run(&["dedup", "in.jsonl"]).exits(0).stdout), output);
    assert_eq!(text(&dir.feed(&["dedup"], input.as_bytes()).exits(0).stdout), output);
    // Between files too.
    dir.write("b.jsonl", "{\"text\":\"nine ten\"}");
    let run = dir.run(&["dedup", "in.jsonl", "b.jsonl", "in.jsonl"]).exits(0);
    assert_eq!(text(&run.stdout), format!("{output}{{\"text\":\"nine ten\"}}\n"));
}

#[test]
fn compressed_inputs_and_pipes_give_the_same_bytes() {
    let dir = Dir::new();
    let dump = joined(&dump());
    dir.write("in.jsonl", &dump);
    dir.write("in.jsonl.gz", gz(dump.as_bytes()));
    dir.write("in.jsonl.zst", zst(dump.as_bytes()));
    let plain = dir.run(&["dedup", "-t", "0.7", "in.jsonl"]).exits(0).stdout;
    assert!(plain.len() < dump.len() && !plain.is_empty());
    for name in ["in.jsonl.gz", "in.jsonl.zst"] {
        assert_eq!(dir.run(&["dedup", "-t", "0.7", name]).exits(0).stdout, plain, "{name}");
        let bytes = dir.read(name);
        assert_eq!(dir.feed(&["dedup", "-t", "0.7"], &bytes).exits(0).stdout, plain, "{name}");
    }
    for args in [&["dedup", "-t", "0.7"][..], &["dedup", "-t", "0.7", "-"]] {
        assert_eq!(dir.feed(args, dump.as_bytes()).exits(0).stdout, plain);
    }
    // And outputs are compressed by their names.
    for name in ["out.jsonl.gz", "out.jsonl.zst"] {
        dir.run(&["dedup", "-t", "0.7", "-o", name, "in.jsonl"]).exits(0);
        assert!(dir.read(name).len() < plain.len());
        assert_eq!(dir.run(&["dedup", "-t", "1", name]).exits(0).stdout, plain, "{name}");
    }
}

#[test]
fn a_file_in_parts_gives_the_same_bytes_and_a_folder_of_parts_too() {
    let dir = Dir::new();
    let lines = dump();
    dir.write("whole.jsonl", joined(&lines));
    dir.write("parts/a.jsonl", joined(&lines[..20]));
    dir.write("parts/b.ndjson.gz", gz(joined(&lines[20..50]).as_bytes()));
    dir.write("parts/c.jsonl", joined(&lines[50..]));
    let whole = dir.run(&["dedup", "-t", "0.7", "whole.jsonl"]).exits(0).stdout;
    let parts = ["parts/a.jsonl", "parts/b.ndjson.gz", "parts/c.jsonl"];
    let run = dir.run(&[&["dedup", "-t", "0.7"], &parts[..]].concat()).exits(0);
    assert_eq!(run.stdout, whole);
    assert_eq!(dir.run(&["dedup", "-t", "0.7", "parts"]).exits(0).stdout, whole);
}

#[test]
fn what_stays_stays_as_it_is_when_it_is_done_again() {
    let dir = Dir::new();
    dir.write("in.jsonl", joined(&dump()));
    for keep in ["first", "last", "longest", "max:n"] {
        let args = ["dedup", "-t", "0.7", "--keep", keep];
        dir.run(&[&args[..], &["-o", "once.jsonl", "in.jsonl"]].concat()).exits(0);
        let twice = dir.run(&[&args[..], &["once.jsonl"]].concat()).exits(0).stdout;
        assert_eq!(twice, dir.read("once.jsonl"), "{keep}");
    }
}

#[test]
fn one_two_and_eight_threads_give_the_same_bytes_everywhere() {
    let dir = Dir::new();
    dir.write("in.jsonl", joined(&dump()));
    let one = everything(&dir, &["in.jsonl"], &["-j", "1", "--explain"]);
    for threads in ["2", "8"] {
        let more = everything(&dir, &["in.jsonl"], &["-j", threads, "--explain"]);
        assert_eq!(one, more, "{threads}");
    }
    let exact = everything(&dir, &["in.jsonl"], &["--exact"]);
    for n in [0, 1] {
        assert_eq!(one[n], exact[n], "signatures find all of these pairs");
    }
}

#[test]
fn short_texts_are_compared_as_they_are_and_empty_ones_all_stay() {
    let dir = Dir::new();
    let mut lines: Vec<String> =
        (0..8).map(|n| json!({"text": format!("just words {n}")}).to_string()).collect();
    lines.extend(["{\"text\":\"\"}", "{\"text\":\" \\n\"}"].map(String::from));
    let all = joined(&lines);
    lines.push("{\"text\":\"Just  WORDS: 5\"}".into());
    dir.write("in.jsonl", joined(&lines));
    let run = dir.run(&["dedup", "--summary", "s.json", "in.jsonl"]).exits(0);
    assert_eq!(text(&run.stdout), all);
    let summary: Value = serde_json::from_slice(&dir.read("s.json")).unwrap();
    assert_eq!((&summary["short"], &summary["empty"]), (&9.into(), &2.into()));
}

#[test]
fn twenty_thousand_equal_records_leave_one() {
    let dir = Dir::new();
    let line = json!({"text": words(3, 50)}).to_string();
    dir.write("in.jsonl", format!("{line}\n").repeat(20_000));
    let run = dir.run(&["dedup", "--clusters", "c.jsonl", "in.jsonl"]).exits(0);
    assert_eq!(text(&run.stdout), format!("{line}\n"));
    let cluster = records(&dir.read("c.jsonl"), "cluster").pop().unwrap();
    assert_eq!((&cluster["size"], &cluster["kind"]), (&20_000.into(), &"exact".into()));
}

#[test]
fn policies_choose_which_record_stays() {
    let dir = Dir::new();
    let [a, b, c] = versions(1);
    let fields = [("\"2024-01-02\"", 3), ("\"2024-03-01\"", 20), ("\"2023-12-31\"", 100)];
    let texts = [format!("{a} longer"), b, c.clone()];
    let lines: Vec<String> = fields
        .iter()
        .zip(&texts)
        .map(|((date, n), t)| format!("{{\"m\":{{\"date\":{date}}},\"n\":{n},\"text\":\"{t}\"}}"))
        .collect();
    dir.write("in.jsonl", joined(&lines));
    for (keep, stays) in [
        ("first", Some(0)),
        ("last", Some(2)),
        ("longest", Some(0)),
        ("shortest", Some(2)),
        ("min:n", Some(0)),
        ("max:n", Some(2)),
        ("max:m.date", Some(1)),
        ("min:m.date", Some(2)),
        ("max:nothing", Some(0)),
        ("none", None),
    ] {
        let run = dir.run(&["dedup", "-t", "0.6", "--keep", keep, "in.jsonl"]).exits(0);
        let expected = stays.map(|n: usize| format!("{}\n", lines[n])).unwrap_or_default();
        assert_eq!(text(&run.stdout), expected, "{keep}");
    }
    dir.run(&["dedup", "--keep", "best", "in.jsonl"]).exits(2).says("--keep must be first");
}

#[test]
fn records_that_differ_in_numbers_alone_can_be_kept_apart() {
    let dir = Dir::new();
    let notice = |n: u32| {
        format!(
            "The board declared a dividend of {n} cents a share payable in the next quarter \
                 to holders of record at the close of business on the last day of this month"
        )
    };
    dir.write("in.jsonl", line("a", &notice(12)) + &line("b", &notice(15)));
    let kept = |more: &[&str]| {
        let args = [&["dedup", "-t", "0.6", "in.jsonl"], more].concat();
        text(&dir.run(&args).exits(0).stdout).lines().count()
    };
    assert_eq!((kept(&[]), kept(&["--distinct-numbers"])), (1, 2));
}

#[test]
fn what_stands_inside_a_longer_record_goes_by_containment() {
    let dir = Dir::new();
    let part = words(1, 60);
    let whole = format!("{} {part} {}", words(2, 80), words(3, 80));
    dir.write("in.jsonl", line("part", &part) + &line("whole", &whole) + &line("x", &words(4, 60)));
    let args = ["dedup", "--measure", "containment", "-t", "0.9", "--clusters", "c.jsonl"];
    let run = dir.run(&[&args[..], &["--pairs", "p.jsonl", "in.jsonl"]].concat()).exits(0);
    let ids: Vec<Value> = text(&run.stdout)
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, ["whole", "x"]);
    let cluster = records(&dir.read("c.jsonl"), "cluster").pop().unwrap();
    assert_eq!(cluster["kind"], "contained");
    let sizes = (&cluster["kept"]["shingles"], &cluster["members"][0]["shingles"]);
    assert_eq!(sizes, (&216.into(), &56.into()));
    let pair = records(&dir.read("p.jsonl"), "pair").pop().unwrap();
    assert_eq!((&pair["a"]["shingles"], &pair["b"]["shingles"]), (&56.into(), &216.into()));
    assert_eq!((&pair["score"], &pair["intersection"]), (&1.0.into(), &56.into()));
}

#[test]
fn a_reference_set_is_compared_with_and_never_written() {
    let dir = Dir::new();
    let [a, b, c] = versions(1);
    let other = words(9, 50);
    dir.write("ref/known.jsonl", line("r1", &a) + &line("r2", &a));
    dir.write(
        "new.jsonl",
        line("n1", &other) + &line("n2", &b) + &line("n3", &other) + &line("n4", &c),
    );
    let args = ["dedup", "-t", "0.7", "--against", "ref", "--clusters", "c.jsonl", "new.jsonl"];
    let run = dir.run(&args).exits(0).says("4 records: 2 kept, 2 removed");
    // Copies among the new ones are not looked for.
    assert_eq!(text(&run.stdout), line("n1", &other) + &line("n3", &other));
    let cluster = records(&dir.read("c.jsonl"), "cluster").pop().unwrap();
    assert_eq!((&cluster["kept"]["id"], &cluster["size"]), (&"r1".into(), &3.into()));
    assert_eq!(cluster["kept"]["path"], "ref/known.jsonl");

    let run = dir.run(&["dedup", "--against", "new.jsonl", "ref", "new.jsonl"]).exits(2);
    run.says("new.jsonl is an input and a reference").prints_nothing();
    dir.run(&["dedup", "--against", "no.jsonl", "new.jsonl"]).exits(2).says("no.jsonl");
}

// What is reported.

#[test]
fn clusters_and_pairs_say_who_went_because_of_whom() {
    let dir = Dir::new();
    let [a, b, _] = versions(1);
    let lines = [
        json!({"id": 7, "text": a}),
        json!({"id": "7", "text": b}),
        json!({"text": a.to_uppercase()}),
        json!({"text": "alone"}),
    ];
    dir.write("in.jsonl", lines.iter().map(|l| format!("\n{l}\n")).collect::<String>());
    let outputs = everything(&dir, &["in.jsonl"], &[]);
    let kinds = |n: usize| -> Vec<String> {
        let all = text(&outputs[n].1).lines();
        all.map(|l| serde_json::from_str::<Value>(l).unwrap()["type"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(kinds(2), ["header", "cluster", "summary"]);
    assert_eq!(kinds(3), ["header", "pair", "pair", "summary"]);
    let kept = json!({"id": 7, "path": "in.jsonl", "record": 2});
    let cluster = records(&outputs[2].1, "cluster").pop().unwrap();
    let expected = json!({
        "type": "cluster", "id": 1, "size": 3, "kept": kept, "kind": "near",
        "members": [
            {"id": 7, "path": "in.jsonl", "record": 2, "score": 1.0, "intersection": 96,
             "union": 96, "exact": true, "kept": true},
            {"id": "7", "path": "in.jsonl", "record": 4, "score": 0.9009, "intersection": 91,
             "union": 101, "exact": false, "kept": false},
            {"id": "in.jsonl:6", "path": "in.jsonl", "record": 6, "score": 1.0,
             "intersection": 96, "union": 96, "exact": true, "kept": false},
        ],
    });
    assert_eq!(cluster, expected);
    let pairs = records(&outputs[3].1, "pair");
    let expected = json!({
        "type": "pair", "a": kept, "b": {"id": "7", "path": "in.jsonl", "record": 4},
        "score": 0.9009, "intersection": 91, "union": 101,
    });
    assert_eq!(pairs[0], expected);
    assert_eq!((&pairs[1]["b"]["record"], &pairs[1]["score"]), (&6.into(), &1.0.into()));
    for n in [2, 3] {
        let summary = records(&outputs[n].1, "summary").pop().unwrap();
        let count = |name: &str| summary[name].as_u64().unwrap();
        assert_eq!(["records", "kept", "removed"].map(count), [4, 2, 2]);
        assert_eq!(["exact_duplicates", "near_duplicates", "short"].map(count), [1, 1, 1]);
        assert_eq!(summary["largest_cluster_weakest"], 0.9009);
        assert!(summary.get("seconds").is_none());
        let header = records(&outputs[n].1, "header").pop().unwrap();
        assert_eq!(header["options"]["threshold"], 0.7);
        let schema = ["twicetold.clusters/1", "twicetold.pairs/1"][n - 2];
        assert_eq!(header["schema"], schema);
    }
}

#[test]
fn annotations_tell_of_each_record_what_it_duplicates() {
    let dir = Dir::new();
    let [a, b, _] = versions(1);
    let lines = [
        format!("{{\"text\":\"{a}\",\"id\":[1]}}\r"),
        format!("{{\"text\":\"{b}\" }} "),
        "{\"text\":\"\"}".into(),
    ];
    dir.write("in.jsonl", joined(&lines));
    let run = dir.run(&["dedup", "-t", "0.7", "--annotate", "in.jsonl"]).exits(0);
    let member = |json: &str| format!(",\"twicetold\":{json}}}");
    let expected = [
        lines[0].replace("}\r", &(member("{\"cluster_id\":1,\"cluster_size\":2,\"kept\":true,\"duplicate_of\":null,\"score\":null}") + "\r")),
        lines[1].replace('}', &member("{\"cluster_id\":1,\"cluster_size\":2,\"kept\":false,\"duplicate_of\":[1],\"score\":0.9009}")),
        lines[2].replace('}', &member("{\"cluster_id\":null,\"cluster_size\":1,\"kept\":true,\"duplicate_of\":null,\"score\":null}")),
    ];
    assert_eq!(text(&run.stdout), joined(&expected));
    dir.write("annotated.jsonl", &run.stdout);

    let run = dir.run(&["dedup", "--annotate", "annotated.jsonl"]).exits(2).prints_nothing();
    run.says("annotated.jsonl:1: the record has a member \"twicetold\" already");
    let args = ["dedup", "--annotate", "--annotate-key", "a.b\"", "annotated.jsonl"];
    let run = dir.run(&args).exits(0);
    let first: Value = serde_json::from_str(text(&run.stdout).lines().next().unwrap()).unwrap();
    assert_eq!(first["a.b\""]["kept"], true);
    dir.write("again.jsonl", &run.stdout);
    let args = ["dedup", "--annotate", "--annotate-key", "a.b\"", "again.jsonl"];
    dir.run(&args).exits(2).says("again.jsonl:1");
    dir.run(&["dedup", "--annotate", "--removed", "r", "in.jsonl"]).exits(2).says("--removed");
}

#[test]
fn with_annotations_all_records_are_told_of_as_written() {
    let dir = Dir::new();
    dir.write("in.jsonl", joined(&dump()));
    let args = ["dedup", "-t", "0.7", "--annotate", "--summary", "s.json", "in.jsonl"];
    let run = dir.run(&args).exits(0).says(" marked as duplicates (");
    let summary: Value = serde_json::from_slice(&dir.read("s.json")).unwrap();
    assert_eq!(summary["bytes_out"], run.stdout.len());
    assert!(summary["removed"].as_u64().unwrap() > 0);
    dir.run(&[&args[..], &["--dry-run"]].concat()).exits(0).prints_nothing();
    let dry: Value = serde_json::from_slice(&dir.read("s.json")).unwrap();
    assert_eq!(dry["bytes_out"], run.stdout.len());
}

#[test]
fn records_without_the_field_of_the_policy_are_counted() {
    let dir = Dir::new();
    dir.write("in.jsonl", "{\"text\":\"a\",\"n\":1}\n{\"text\":\"b\"}\n");
    let run = dir.run(&["dedup", "--keep", "max:n", "in.jsonl"]).exits(0);
    run.says("warning: 1 record has no field as named by --keep max:n\n");
    let run = dir.run(&["dedup", "--keep", "min:nope", "in.jsonl"]).exits(0);
    run.says("warning: 2 records have no field as named by --keep min:nope\n");
    let run = dir.run(&["dedup", "--keep", "max:text", "in.jsonl"]).exits(0);
    assert!(!run.stderr.contains("field"), "{}", run.stderr);
}

#[test]
fn the_recall_that_is_told_is_what_was_asked_for() {
    let dir = Dir::new();
    dir.write("in.jsonl", line("a", "b"));
    for t in ["0.5", "0.6", "0.7", "0.75", "0.8", "0.9", "0.95", "1"] {
        let args = ["dedup", "-t", t, "--dry-run", "--summary", "-", "in.jsonl"];
        let run = dir.run(&args).exits(0);
        let summary: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert!(summary["recall"].as_f64().unwrap() >= 0.99, "{summary}");
    }
}

#[test]
fn the_words_that_differ_are_named_when_asked_for() {
    let dir = Dir::new();
    let [a, b, _] = versions(1);
    let word = a.split(' ').nth(50).unwrap();
    dir.write("in.jsonl", line("a", &a) + &line("b", &b) + &line("c", &a));
    let args = ["dedup", "-t", "0.7", "--clusters", "c.jsonl", "--explain", "in.jsonl"];
    dir.run(&args).exits(0);
    let cluster = records(&dir.read("c.jsonl"), "cluster").pop().unwrap();
    let expected =
        json!({"removed": ["changed"], "removed_more": 0, "kept": [word], "kept_more": 0});
    assert_eq!(cluster["members"][1]["differs"], expected);
    assert!(cluster["members"][2].get("differs").is_none());
    dir.run(&["dedup", "--explain", "in.jsonl"]).exits(2).says("--clusters");
}

#[test]
fn connected_clusters_say_how_weak_their_weakest_member_is() {
    let dir = Dir::new();
    let all = words(1, 140);
    let all: Vec<&str> = all.split(' ').collect();
    let slide = |n: usize| all[n * 20..n * 20 + 80].join(" ");
    dir.write("in.jsonl", (0..4).map(|n| line(&n.to_string(), &slide(n))).collect::<String>());
    let run = |cluster: &str| {
        let args = ["dedup", "-t", "0.5", "--cluster", cluster, "--clusters", "c.jsonl"];
        let kept = dir.run(&[&args[..], &["in.jsonl"]].concat()).exits(0).stdout;
        (text(&kept).lines().count(), records(&dir.read("c.jsonl"), "cluster"))
    };
    let (kept, clusters) = run("connected");
    assert_eq!((kept, clusters.len(), &clusters[0]["size"]), (1, 1, &4.into()));
    assert!(clusters[0]["weakest"].as_f64().unwrap() < 0.2);
    let (kept, clusters) = run("leader");
    assert_eq!((kept, clusters.len()), (2, 2));
    assert!(clusters[0].get("weakest").is_none());
}

#[test]
fn with_keep_none_the_first_is_marked_as_leader() {
    let dir = Dir::new();
    let [a, b, _] = versions(1);
    dir.write("in.jsonl", line("a", &a) + &line("b", &b));
    let args = ["dedup", "-t", "0.7", "--keep", "none", "--clusters", "c.jsonl", "in.jsonl"];
    dir.run(&args).exits(0).prints_nothing().says("0 kept, 2 removed");
    let cluster = records(&dir.read("c.jsonl"), "cluster").pop().unwrap();
    assert_eq!((&cluster["kept"], &cluster["leader"]["id"]), (&Value::Null, &"a".into()));
    assert!(cluster["members"].as_array().unwrap().iter().all(|m| m["kept"] == false));
}

#[test]
fn a_dry_run_writes_the_summary_only() {
    let dir = Dir::new();
    dir.write("in.jsonl", joined(&dump()) + "no record\n");
    let options =
        ["-o", "o", "--removed", "r", "--clusters", "c", "--pairs", "p", "--rejects", "x"];
    let args = [&["dedup", "--dry-run", "--summary", "s.json"], &options[..], &["in.jsonl"]];
    dir.run(&args.concat()).exits(3).prints_nothing().says("1 set aside");
    assert_eq!(dir.names(), ["in.jsonl", "s.json"]);
    let summary: Value = serde_json::from_slice(&dir.read("s.json")).unwrap();
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(count("records"), count("kept") + count("removed") + count("rejected"));
    assert!(count("bytes_out") < count("bytes_in") && count("kept") > 0);
    assert!(summary["seconds"].as_f64().unwrap() >= 0.0);
}

#[test]
fn the_summary_is_left_out_when_quiet() {
    let dir = Dir::new();
    dir.write("in.jsonl", joined(&dump()));
    let run = dir.run(&["dedup", "in.jsonl"]).exits(0);
    assert!(run.stderr.lines().count() <= 7, "{}", run.stderr);
    assert_eq!(dir.run(&["dedup", "-q", "in.jsonl"]).exits(0).stderr, "");
}

#[test]
fn an_output_inside_a_folder_of_inputs_is_no_input() {
    let dir = Dir::new();
    dir.write("dumps/a.jsonl", joined(&dump()));
    let args = ["dedup", "dumps", "-o", "dumps/out.jsonl", "--clusters", "dumps/c.jsonl"];
    let first = dir.run(&args).exits(0);
    let (out, clusters) = (dir.read("dumps/out.jsonl"), dir.read("dumps/c.jsonl"));
    assert!(!first.stderr.contains("note"), "{}", first.stderr);
    let again = dir.run(&args).exits(0);
    again.says("note: dumps/out.jsonl is another file of this run, and no input\n");
    assert_eq!((dir.read("dumps/out.jsonl"), dir.read("dumps/c.jsonl")), (out, clusters));
}

// What is refused.

#[test]
fn set_aside_records_are_told_of_up_to_ten_and_counted() {
    let dir = Dir::new();
    let args = ["dedup", "--rejects", "bad.jsonl"];
    let run = dir.feed(&args, b"{\"text\":1}\n").exits(3);
    let aside =
        "warning: standard input:1: set aside: the text \"text\" is a number, not a string\n";
    run.says(aside).says("warning: 1 record was set aside\n");
    let run = dir.feed(&args, &b"[]\n".repeat(12)).exits(3);
    assert_eq!(run.stderr.matches(": set aside: ").count(), 10, "{}", run.stderr);
    let run = run.says("warning: and 2 more\n").says("warning: 12 records were set aside\n");
    assert!(!run.stderr.contains("--rejects"), "{}", run.stderr);
    // Exactly ten leave nothing to add.
    let run = dir.feed(&args, &b"[]\n".repeat(10)).exits(3);
    assert!(!run.stderr.contains("more"), "{}", run.stderr);
}

#[test]
fn standard_streams_have_their_names_in_messages() {
    let dir = Dir::new();
    let run = dir.feed(&["dedup"], b"[]\n").exits(2);
    run.says("error: standard input:1: unusable record");
    let run = dir.feed(&["dedup", "--annotate"], b"{\"text\":\"\",\"twicetold\":1}\n").exits(2);
    run.says("error: standard input:1: the record has a member");
    let run = dir.feed(&["dedup", "-", "-"], b"{\"text\":\"a\"}\n").exits(0);
    run.says("note: standard input was named before, read once\n");
    let run = dir.feed(&["find", "--input", "text"], b"a\xffb").exits(0);
    run.says("standard input is not valid UTF-8 in 1 place;");
}

#[test]
fn a_record_may_be_as_long_as_the_user_says() {
    let dir = Dir::new();
    let long = line("a", &"word ".repeat(1000));
    dir.write("in.jsonl", line("b", "short") + &long);
    for command in ["dedup", "find"] {
        let at = |size: &str| dir.run(&[command, "--max-record", size, "in.jsonl"]);
        at("4K").exits(2).says("in.jsonl:2: the line has more than 4096 bytes; --max-record lets");
        at("6K").exits(0);
        at(&(long.len() - 1).to_string()).exits(0);
        at(&(long.len() - 2).to_string()).exits(2);
        at("1").exits(2).says("between 1K and 4095M");
        at("4G").exits(2);
        at("much").exits(2).says("a size like");
    }
}

#[test]
fn an_unusable_record_ends_the_run_without_output() {
    let dir = Dir::new();
    for (bad, why) in [
        (&b"{\"text\":1}"[..], "a number, not a string"),
        (b"{\"txet\":\"\"}", "there is no member \"text\""),
        (b"[1]", "not a JSON object"),
        (b"{\"text\":\"a\"", "not valid JSON"),
        (b"{\"text\":\"\xff\"}", "invalid UTF-8"),
    ] {
        let input = [b"{\"text\":\"good one\"}\n\n", bad, b"\n{\"text\":\"good two\"}\n"].concat();
        dir.write("in.jsonl", &input);
        dir.write("out.jsonl", "before");
        let run = dir.run(&["dedup", "-o", "out.jsonl", "in.jsonl"]).exits(2);
        run.says("in.jsonl:3: unusable record").says(why);
        dir.run(&["dedup", "in.jsonl"]).exits(2).prints_nothing();
        assert_eq!(dir.read("out.jsonl"), b"before");
        assert_eq!(dir.names(), ["in.jsonl", "out.jsonl"]);

        let args = ["dedup", "--rejects", "bad.jsonl", "in.jsonl"];
        let run = dir
            .run(&args)
            .exits(3)
            .says("3 records: 2 kept, 0 removed (0 exact, 0 near), 1 set aside");
        assert_eq!(text(&run.stdout).lines().count(), 2);
        assert_eq!(dir.read("bad.jsonl"), [bad, b"\n"].concat());
        std::fs::remove_file(dir.path().join("bad.jsonl")).unwrap();
    }
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let dir = Dir::new();
    let dump = joined(&dump());
    dir.write("in.jsonl", &dump);
    std::fs::hard_link(dir.path().join("in.jsonl"), dir.path().join("hard.jsonl")).unwrap();
    for option in ["-o", "--removed", "--clusters", "--pairs", "--rejects", "--summary"] {
        for out in ["in.jsonl", "hard.jsonl", "./in.jsonl"] {
            let run = dir.run(&["dedup", option, out, "in.jsonl"]).exits(2);
            let message = match out {
                "in.jsonl" => "in.jsonl is an input and an output; name another",
                _ => "is the same file as the input in.jsonl; name another",
            };
            run.says(message).prints_nothing();
        }
        let run = dir.run(&["dedup", option, "in.jsonl", "--against", "in.jsonl", "-"]).exits(2);
        run.says("in.jsonl is an input and an output");
    }
    let run = dir.run(&["dedup", "-o", "new", "--pairs", "new", "in.jsonl"]).exits(2);
    run.says("new is named for two outputs; name two files");
    dir.run(&["dedup", "--pairs", "-", "in.jsonl"]).exits(2).says("standard output");
    assert_eq!(text(&dir.read("in.jsonl")), dump);
    assert_eq!(dir.names(), ["hard.jsonl", "in.jsonl"]);
}

#[test]
fn a_truncated_compressed_file_is_an_error() {
    let dir = Dir::new();
    let dump = joined(&dump());
    for (name, whole) in
        [("a.jsonl.gz", gz(dump.as_bytes())), ("a.jsonl.zst", zst(dump.as_bytes()))]
    {
        for cut in [whole.len() - 1, whole.len() / 2] {
            dir.write(name, &whole[..cut]);
            let run = dir.run(&["dedup", "-o", "out.jsonl", "--rejects", "r", name]).exits(2);
            run.says(name);
            assert_eq!(dir.names(), [name]);
        }
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
}

#[test]
fn impossible_options_are_refused_before_anything_is_read() {
    let dir = Dir::new();
    for (args, says) in [
        (&["-t", "0"][..], "--threshold"),
        (&["-t", "NaN"], "--threshold"),
        (&["-t", "-1"], "--threshold"),
        (&["-t", "1e18"], "--threshold"),
        (&["--ngram", "0"], "--ngram"),
        (&["--num-perm", "1000000000000000000"], "--num-perm"),
        (&["--bands", "5"], "--rows"),
        (&["--recall", "1"], "--recall"),
        (&["-j", "1000000"], "--threads"),
        (&["--text-key", "a..b"], "empty name"),
        (&["--keep", "max:"], "names no field"),
        (&["--keep", "max:a..b"], "empty name"),
        (&["--annotate", "--annotate-key", ""], "empty name"),
        (&["--exact", "--bands", "2", "--rows", "2"], "--exact uses no bands"),
    ] {
        let run = dir.run(&[&["dedup"], args, &["no-such-file"]].concat()).exits(2);
        run.says(says).prints_nothing();
    }
    dir.run(&["dedup", "no-such-file"]).exits(2).says("no-such-file");
}

#[test]
fn more_than_memory_holds_goes_to_the_folder_that_is_named() {
    let dir = Dir::new();
    // More than 64 MiB, and few words.
    let long = format!("{} ", "x".repeat(1 << 20));
    let lines: String =
        (0..70).map(|n| line(&n.to_string(), &format!("{long}{}", n / 2))).collect();
    let run = dir.feed(&["dedup", "--temp-dir", "no/such"], lines.as_bytes()).exits(2);
    run.says("no/such").says("--temp-dir");
    let run = dir.feed(&["dedup", "--temp-dir", ".", "--clusters", "c"], lines.as_bytes()).exits(0);
    let kept: BTreeSet<&str> = text(&run.stdout).lines().collect();
    assert_eq!(kept.len(), 35);
    assert!(kept.iter().all(|l| lines.contains(l)));
    assert_eq!(dir.names(), ["c"]);
}

#[test]
fn the_memory_given_changes_no_byte_and_too_little_is_refused() {
    let dir = Dir::new();
    dir.write("a.jsonl", joined(&dump()));
    let args = ["dedup", "a.jsonl", "--clusters", "c", "--pairs", "p"];
    let whole = dir.run(&args).exits(0).stdout;
    let files = ["c", "p"].map(|name| dir.read(name));
    for memory in ["128M", "1.5GiB", "200mb", "2g"] {
        let run = dir.run(&[&args[..], &["--memory", memory]].concat()).exits(0);
        assert_eq!(run.stdout, whole);
        assert_eq!(["c", "p"].map(|name| dir.read(name)), files);
    }
    for (memory, says) in [
        ("64M", "--memory is 67.108864 MB, but no run is kept to less than 128 MB"),
        ("0", "less than 128 MB"),
        ("much", "expected a size like"),
    ] {
        dir.run(&[&args[..], &["--memory", memory]].concat()).exits(2).says(says).prints_nothing();
    }
    let run = dir.run(&[&args[..], &["-v", "--memory", "2G"]].concat()).exits(0);
    run.says("records; 2148 MB of memory to stay within").says("0 MB of temporary files");
}

#[test]
fn very_many_records_stay_within_the_memory_and_are_the_same() {
    let dir = Dir::new();
    let text = |n: u64| words(if n % 3 == 2 { n / 2 } else { n }, 8);
    let dump: String = (0..150_000).map(|n| line(&n.to_string(), &text(n))).collect();
    dir.write("a.jsonl", &dump);
    let reports = ["--clusters", "c", "--pairs", "p", "--removed", "r", "--summary", "s"];
    for (keep, annotate) in [("first", false), ("last", true)] {
        let mut first = None;
        for (memory, threads) in [("4G", "2"), ("128M", "1"), ("128M", "4")] {
            let args = ["dedup", "a.jsonl", "--keep", keep, "--memory", memory, "-j", threads];
            let also: &[&str] =
                if annotate { &["--annotate", "--clusters", "c"] } else { &reports };
            let run = dir.run(&[&args[..], also].concat()).exits(0);
            let mut all = vec![run.stdout];
            if annotate {
                all.push(dir.read("c"));
            } else {
                all.extend(["c", "p", "r"].map(|name| dir.read(name)));
                let summary: Value = serde_json::from_slice(&dir.read("s")).unwrap();
                let peak = summary["peak_memory"].as_u64();
                assert!(peak.is_none_or(|p| memory == "4G" || p < (128 << 20) + 64_000_000));
                assert!(summary["removed"].as_u64().is_some_and(|n| n > 24_000), "{summary}");
            }
            // Too long to be shown.
            assert!(
                *first.get_or_insert_with(|| all.clone()) == all,
                "{memory}, {threads} threads"
            );
        }
    }
}

#[test]
fn a_thousand_files_and_a_pipe_are_the_same_as_one_file() {
    let dir = Dir::new();
    let lines = dump();
    for (n, line) in lines.iter().cycle().take(1000).enumerate() {
        dir.write(&format!("many/{n:04}.jsonl"), format!("{line}\n"));
    }
    let one: String = lines.iter().cycle().take(1000).map(|line| format!("{line}\n")).collect();
    dir.write("one.jsonl", &one);
    let memory = ["dedup", "--memory", "128M"];
    let whole = dir.run(&[&memory[..], &["one.jsonl"]].concat()).exits(0).stdout;
    let args = ["--summary", "s", "many"];
    let run = dir.run(&[&memory[..], &args[..]].concat()).exits(0);
    assert_eq!(text(&run.stdout), text(&whole));
    let summary: Value = serde_json::from_slice(&dir.read("s")).unwrap();
    assert!(summary["peak_memory"].as_u64().is_none_or(|peak| peak < 150_000_000), "{summary}");
    let run = dir.feed(&memory, one.as_bytes()).exits(0);
    assert_eq!(text(&run.stdout), text(&whole));
}

#[test]
fn a_record_too_long_for_the_memory_is_refused_by_name() {
    let dir = Dir::new();
    let long = line("long", &"word ".repeat(5 << 20));
    dir.write("a.jsonl", format!("{}{long}{}", line("a", "text"), line("b", "text")));
    let run = dir.run(&["dedup", "--memory", "128M", "a.jsonl"]).exits(2);
    run.says("a.jsonl:2: the record has more than").says("--memory").prints_nothing();
    dir.run(&["dedup", "--memory", "1G", "a.jsonl"]).exits(0);
}

// Text files.

fn texts(dir: &Dir) {
    let [a, b, _] = versions(1);
    dir.write("notes/a.txt", &a);
    dir.write("notes/b/a.txt", format!("{b}\r\n"));
    dir.write("notes/b/c.md", words(2, 30));
    dir.write("notes/d.txt", words(2, 30).to_uppercase());
    dir.write("notes/picture.png", b"\x89PNG\r\n\x1a\n\0\0");
}

#[test]
fn of_text_files_the_paths_that_stay_are_printed() {
    let dir = Dir::new();
    texts(&dir);
    let args = ["dedup", "-t", "0.7", "--removed", "r", "--clusters", "c", "notes"];
    let run = dir.run(&args).exits(0).says("4 records: 2 kept").says("picture.png");
    assert_eq!(text(&run.stdout), "notes/a.txt\nnotes/b/c.md\n");
    assert_eq!(text(&dir.read("r")), "notes/b/a.txt\nnotes/d.txt\n");
    let cluster = records(&dir.read("c"), "cluster").remove(0);
    let expected = json!({"id": "notes/a.txt", "path": "notes/a.txt", "record": null});
    assert_eq!(cluster["kept"], expected);
    let run = dir.run(&["dedup", "-t", "0.7", "notes/d.txt", "notes/b"]).exits(0);
    assert_eq!(text(&run.stdout), "notes/d.txt\nnotes/b/a.txt\n");
}

#[test]
fn text_files_that_stay_are_copied_into_a_new_folder() {
    let dir = Dir::new();
    texts(&dir);
    dir.run(&["dedup", "-t", "0.7", "notes", "-o", "clean/"]).exits(0).prints_nothing();
    let names = dir.names();
    let copied: Vec<&str> = names.iter().filter_map(|n| n.strip_prefix("clean/")).collect();
    assert_eq!(copied, ["a.txt", "b", "b/c.md"]);
    assert_eq!(dir.read("clean/b/c.md"), dir.read("notes/b/c.md"));
    assert_eq!(names.iter().filter(|n| n.contains(".tmp")).count(), 0);

    let run = dir.run(&["dedup", "notes", "-o", "clean"]).exits(2);
    run.says("clean: it exists already").prints_nothing();
    let run = dir.run(&["dedup", "-t", "1", "notes/a.txt", "notes/b/a.txt", "-o", "flat"]).exits(2);
    run.says("notes/a.txt and notes/b/a.txt would have the same name");
    assert_eq!(dir.names(), names);
}

#[test]
fn records_and_texts_together_are_refused() {
    let dir = Dir::new();
    texts(&dir);
    dir.write("notes/dump.jsonl", line("a", "b"));
    let run = dir.run(&["dedup", "notes"]).exits(2).prints_nothing();
    run.says("notes/dump.jsonl holds records, but notes/a.txt is a text");
    dir.run(&["dedup", "--input", "text", "notes"]).exits(0);
    std::fs::remove_file(dir.path().join("notes/dump.jsonl")).unwrap();
    let annotate = dir.run(&["dedup", "--annotate", "notes"]).exits(2);
    annotate.says("--annotate is for records");
    dir.run(&["dedup", "--keep", "max:date", "notes"]).exits(2).says("--keep by a field");
}

#[test]
fn named_files_that_look_like_records_are_records() {
    let dir = Dir::new();
    let dump = line("a", "one two") + &line("b", "One two.");
    dir.write("dump", &dump);
    dir.write("dump.json", &dump);
    for name in ["dump", "dump.json"] {
        assert_eq!(text(&dir.run(&["dedup", name]).exits(0).stdout), line("a", "one two"));
    }
    dir.write("list.json", "[\n1]");
    dir.run(&["dedup", "list.json"]).exits(2).says("list.json:1");
}

#[test]
fn nothing_to_read_is_no_error() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    dir.run(&["dedup", "empty"]).exits(0).prints_nothing().says("no file to read");
    dir.feed(&["dedup"], b"").exits(0).prints_nothing();
    dir.feed(&["dedup"], b"\n \n").exits(0).prints_nothing().says("0 records");
}

// Pipes, full disks, signals.

#[cfg(unix)]
mod on_unix {
    use std::fs::File;
    use std::io::Read as _;
    use std::io::Write as _;
    use std::process::Child;
    use std::process::Command;
    use std::process::Stdio;
    use std::time::Duration;
    use std::time::Instant;

    use super::*;

    fn command(dir: &Dir, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!());
        command.current_dir(dir.path()).args(args).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    #[test]
    fn a_closed_pipe_ends_quietly_and_other_outputs_are_whole() {
        let dir = Dir::new();
        for n in [10, 20_000] {
            let all: String = (0..n).map(|i| line(&i.to_string(), &words(i, 8))).collect();
            dir.write("in.jsonl", &all);
            let args = ["dedup", "--clusters", "c.jsonl", "--removed", "r.jsonl", "in.jsonl"];
            let mut child = command(&dir, &args).stdout(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let end = child.wait_with_output().unwrap();
            assert_eq!((end.status.code(), text(&end.stderr)), (Some(0), ""), "{n} records");
            assert_eq!(dir.names(), ["c.jsonl", "in.jsonl", "r.jsonl"]);
            assert_eq!(records(&dir.read("c.jsonl"), "summary").len(), 1);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let dir = Dir::new();
        dir.write("in.jsonl", joined(&dump()));
        let full = File::options().write(true).open("/dev/full").unwrap();
        let args = ["dedup", "--removed", "r.jsonl", "in.jsonl"];
        let end = command(&dir, &args).stdout(full).output().unwrap();
        assert_eq!(end.status.code(), Some(2));
        assert!(text(&end.stderr).contains("the disk is full"), "{}", text(&end.stderr));
        for option in ["-o", "--removed", "--clusters", "--pairs", "--summary"] {
            dir.run(&["dedup", option, "/dev/full", "in.jsonl"]).exits(2).says("/dev/full");
        }
        assert_eq!(dir.names(), ["in.jsonl"]);
    }

    fn send(child: &Child, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end. Two seconds are promised, the rest is for a machine
    /// that is busy with other tests.
    fn ends_soon(child: &mut Child) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < Duration::from_secs(6), "the signal was not obeyed");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_signal_while_reading_leaves_no_file() {
        use rustix::process::Signal;
        for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            let dir = Dir::new();
            let args = ["dedup", "--temp-dir", ".", "--pairs", "p", "-o", "out.jsonl.zst"];
            let mut child = command(&dir, &args).stdin(Stdio::piped()).spawn().unwrap();
            let mut feed = child.stdin.take().unwrap();
            for n in 0..2000 {
                feed.write_all(line(&n.to_string(), &words(n, 60)).as_bytes()).unwrap();
            }
            feed.flush().unwrap();
            std::thread::sleep(Duration::from_millis(100));
            send(&child, signal);
            assert_eq!(ends_soon(&mut child), Some(code));
            assert!(dir.names().is_empty(), "{:?}", dir.names());
        }
    }

    #[test]
    fn a_signal_at_any_time_leaves_all_or_nothing() {
        let dir = Dir::new();
        texts(&dir);
        let all: String = (0..6000).map(|i| line(&i.to_string(), &words(i, 40))).collect();
        dir.write("in/a.jsonl", &all);
        for (input, out) in [("in", "out.jsonl"), ("notes", "out")] {
            let before = dir.names();
            for wait in 0..12 {
                let args = ["dedup", "--clusters", "c", "-o", out, input];
                let mut child = command(&dir, &args).spawn().unwrap();
                std::thread::sleep(Duration::from_millis(2 * wait));
                send(&child, rustix::process::Signal::TERM);
                let code = ends_soon(&mut child);
                let whole = dir.path().join(out).exists();
                assert_eq!(whole, code == Some(0) || dir.path().join("c").exists(), "{code:?}");
                assert!(dir.names().iter().all(|n| !n.contains(".tmp")), "{:?}", dir.names());
                let _ = std::fs::remove_file(dir.path().join("c"));
                let _ = std::fs::remove_file(dir.path().join(out));
                let _ = std::fs::remove_dir_all(dir.path().join(out));
                assert_eq!(dir.names(), before);
            }
        }
    }

    #[test]
    fn a_named_pipe_is_read_once_like_standard_input() {
        let dir = Dir::new();
        let dump = joined(&dump());
        dir.write("in.jsonl", &dump);
        let plain = dir.run(&["dedup", "-t", "0.7", "in.jsonl"]).exits(0).stdout;
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let mut child = command(&dir, &["dedup", "-t", "0.7", "pipe"]);
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        File::options().write(true).open(&pipe).unwrap().write_all(dump.as_bytes()).unwrap();
        let mut out = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        assert_eq!((child.wait().unwrap().code(), out), (Some(0), plain));
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_an_error() {
        // The second input waits until the first has been read and changed.
        let dir = Dir::new();
        for change in ["grown", "shrunk", "replaced"] {
            let _ = std::fs::remove_file(dir.path().join("pipe.jsonl"));
            let dump = joined(&dump());
            dir.write("in.jsonl", &dump);
            let pipe = dir.path().join("pipe.jsonl");
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            let kind = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
            let args = ["dedup", "-o", "out.jsonl", "in.jsonl", "pipe.jsonl"];
            let mut child = command(&dir, &args).spawn().unwrap();
            // Opening the pipe succeeds when the command has come to it.
            let mut feed = File::options().write(true).open(&pipe).unwrap();
            match change {
                "grown" => drop(dir.write("in.jsonl", format!("{dump}{dump}"))),
                "shrunk" => drop(dir.write("in.jsonl", &dump[..dump.len() / 2])),
                _ => drop(dir.write("in.jsonl", dump.replace("w1", "v1"))),
            }
            feed.write_all(line("last", "the last record").as_bytes()).unwrap();
            drop(feed);
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(2), "{change}");
            assert!(stderr.contains("in.jsonl was changed while it was read"), "{stderr}");
            assert!(!Path::new(&dir.path().join("out.jsonl")).exists());
        }
    }
}
