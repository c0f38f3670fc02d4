//! The command `find --level` through its binary: whole paragraphs, sentences
//! and lines.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the other tests use the rest")]
mod util;

use serde_json::Value;
use util::Dir;
use util::words;

fn at<'a>(level: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["find", "--format", "jsonl", "--level", level], more].concat()
}

fn occurrences(cluster: &Value) -> Vec<Value> {
    cluster["occurrences"].as_array().unwrap().clone()
}

/// `words` of a unit with one of them replaced.
fn edited(unit: &str, at: usize) -> String {
    let mut words: Vec<&str> = unit.split(' ').collect();
    words[at] = "otherwise";
    words.join(" ")
}

#[test]
fn a_paragraph_told_again_with_an_edit_is_one_cluster_with_its_score() {
    let dir = Dir::new();
    let told = words(1, 30);
    let other = edited(&told, 0);
    let text =
        format!("Notice: \"{}\n\n{told}.\"\n\n{}\n \n  ({other})\n", words(2, 20), words(3, 20));
    dir.write("terms.txt", &text);
    let run = dir.run(&at("paragraph", &["--pairs", "terms.txt"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!(clusters.len(), 1);
    let cluster = &clusters[0];
    assert_eq!((&cluster["kind"], &cluster["words"]), (&"unit".into(), &30.into()));
    // 28 shingles each, of which one differs.
    assert_eq!(cluster["score_min"], 0.931);
    let places = occurrences(cluster);
    for (place, unit, line, column) in [(&places[0], &told, 3, 1), (&places[1], &other, 7, 4)] {
        let start = text.find(unit.as_str()).unwrap();
        assert_eq!((&place["start"], &place["end"]), (&start.into(), &(start + unit.len()).into()));
        assert_eq!(place["text"], *unit.as_str());
        assert_eq!((&place["line"], &place["column"]), (&line.into(), &column.into()));
    }
    assert_eq!((&places[0]["score"], &places[1]["score"]), (&1.0.into(), &0.931.into()));
    assert_eq!(places[0]["leader"], true);
    let pair = &run.records("match")[0];
    assert_eq!((&pair["measure"], &pair["score"]), (&"jaccard".into(), &0.931.into()));
    assert_eq!((&pair["cluster"], &pair["words"]), (&1.into(), &30.into()));
    let summary = run.summary();
    assert_eq!((&summary["units"], &summary["method"]), (&4.into(), &"join".into()));
    assert_eq!(summary["recall"], 1.0);
    let options = &run.records("header")[0]["options"];
    assert_eq!((&options["level"], &options["profile"]), (&"paragraph".into(), &Value::Null));
}

#[test]
fn short_units_are_found_word_for_word_from_three_words_on() {
    let dir = Dir::new();
    dir.write(
        "a.txt",
        "Terms and conditions\nYes\nsee above\nYes\nOther\nTERMS AND CONDITIONS!\nsee above\n",
    );
    let texts = |more: &[&str]| -> Vec<String> {
        let run = dir.run(&at("line", &[more, &["a.txt"]].concat())).exits(0);
        let first = |c: &Value| c["occurrences"][0]["text"].as_str().unwrap().to_owned();
        run.records("cluster").iter().map(first).collect()
    };
    assert_eq!(texts(&[]), ["Terms and conditions"]);
    assert_eq!(texts(&["--min-words", "2"]), ["Terms and conditions", "see above"]);
    assert_eq!(texts(&["--min-words", "1"]), ["Terms and conditions", "see above", "Yes"]);
    assert!(texts(&["--min-words", "4"]).is_empty());
}

#[test]
fn sentences_go_on_over_line_ends() {
    let dir = Dir::new();
    let told = words(1, 20);
    let wrapped = told.replacen(' ', "\n", 9);
    dir.write("a.txt", format!("Start here. A{told}. And then. A{wrapped}! Stop."));
    let run = dir.run(&at("sentence", &["a.txt"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!((clusters.len(), &clusters[0]["size"]), (1, &2.into()));
    let end = clusters[0]["occurrences"][1]["end_line"].as_u64().unwrap();
    assert_eq!(end, 10);
    assert!(dir.run(&at("line", &["a.txt"])).exits(0).records("cluster").is_empty());
}

#[test]
fn lines_back_to_back_are_one_run() {
    let dir = Dir::new();
    let unit = "All work and no play makes Jack a dull boy.\n";
    dir.write("shining.txt", unit.repeat(500));
    let run = dir.run(&at("line", &["shining.txt"])).exits(0);
    let clusters = run.records("cluster");
    assert_eq!((clusters.len(), &clusters[0]["kind"]), (1, &"run".into()));
    let place = &occurrences(&clusters[0])[0];
    assert_eq!((&place["repeats"], &place["period"]), (&500.into(), &unit.len().into()));
    assert_eq!((&place["start"], &place["end"]), (&0.into(), &(500 * unit.len() - 2).into()));
}

#[test]
fn copies_of_a_document_have_places_of_their_own() {
    let dir = Dir::new();
    let (one, two) = (words(1, 20), words(2, 20));
    for name in ["a.txt", "b.txt"] {
        dir.write(name, format!("{one}\n{two}\n{one}\n"));
    }
    // The same words, other lines: no copy.
    dir.write("c.txt", format!("{one} {two} {one}"));
    let sizes = |scope| -> Vec<(u64, u64)> {
        let run = dir.run(&at("line", &["--scope", scope, "."])).exits(0);
        let size = |c: &Value| (c["size"].as_u64().unwrap(), c["documents"].as_u64().unwrap());
        run.records("cluster").iter().map(size).collect()
    };
    assert_eq!(sizes("all"), [(4, 2), (2, 2)]);
    assert_eq!(sizes("across"), [(4, 2), (2, 2)]);
    assert_eq!(sizes("within"), [(2, 1), (2, 1)]);
}

#[test]
fn what_is_about_passages_is_refused_with_a_level() {
    let dir = Dir::new();
    dir.write("a.txt", "One line.\n");
    for (option, value) in [("--profile", "default"), ("--max-gap", "32"), ("--snap", "word")] {
        let run = dir.run(&at("line", &[option, value, "a.txt"])).exits(2);
        let message = run.stderr;
        assert!(message.contains(&format!("{option} is about passages")), "{message}");
    }
    let run = dir.run(&["find", "--exact", "a.txt"]).exits(2);
    assert!(run.stderr.contains("--exact compares whole units"));
}

#[test]
fn texts_without_units_are_no_trouble() {
    let dir = Dir::new();
    dir.write("empty.txt", "");
    dir.write("blank.txt", "\n \n\t\n\n".repeat(1000));
    dir.write("marks.txt", "---\n***\n---\n");
    for level in ["paragraph", "sentence", "line"] {
        let run = dir.run(&at(level, &["."])).exits(0);
        assert!(run.records("cluster").is_empty());
        let summary = run.summary();
        assert_eq!((&summary["documents"], &summary["units"]), (&3.into(), &0.into()));
    }
}

#[test]
fn a_report_for_readers_says_how_units_were_compared() {
    let dir = Dir::new();
    let told = words(1, 30);
    dir.write("a.txt", format!("{told}\n\n{}\n", edited(&told, 10)));
    let run = dir.run(&["find", "--level", "paragraph", "a.txt"]).exits(0);
    let text = String::from_utf8(run.stdout).unwrap();
    for part in [
        "#1  30 words, twice in a.txt, 80 % alike",
        "[-",
        "{+otherwise+}",
        "1 repeated paragraph, 2 places",
        "2 paragraphs compared by a join that misses no pair",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    dir.write("b.txt", "Nothing here.\n");
    let run = dir.run(&["find", "--level", "line", "b.txt"]).exits(0);
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.starts_with("No repeated lines of 3 words or more in 1 document."), "{text}");
}

#[test]
fn crowds_of_lines_give_the_same_bytes_on_any_number_of_threads() {
    let dir = Dir::new();
    // Lines that share a beginning, some alike, some not, and copies of a few.
    let start = words(1, 16);
    let lines: String = (0..3000u64)
        .map(|n| format!("{start} {}\n", words(n % 2900, 1 + (n % 13) as usize)))
        .collect();
    dir.write("a.txt", &lines);
    dir.write("b.txt", lines.split_inclusive('\n').rev().collect::<String>());
    for more in [&["--exact"][..], &["--scope", "across"], &["--scope", "within"]] {
        let on = |threads: &str| {
            let args = [&at("line", more)[..], &["-j", threads, "a.txt", "b.txt"]].concat();
            dir.run(&args).exits(0).stdout
        };
        let one = on("1");
        assert!(one == on("2") && one == on("8"), "{more:?}");
    }
}
