//! Near-duplicate documents on texts made to order: the speed of each stage
//! and of whole runs of the command, and its peak memory. Every answer is
//! known before.
//!
//! `cargo bench --bench stages [PART]` prints bytes of text for each second of
//! processor time: of a stage the best of 15 rounds, of a whole run the mean
//! of 5. `PART` selects the fixtures whose names contain it.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use twicetold::hash;
use twicetold::input::keys::Keys;
use twicetold::input::record::parse;
use twicetold::radix::Sorter;
use twicetold::shingle::Shingler;
use twicetold::sketch::Sketcher;
use twicetold::text;
use twicetold::text::Hashes;

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    for fixture in fixtures().into_iter().filter(|f| f.name.contains(&wanted)) {
        let texts = (fixture.make)();
        println!("{}: {} records", fixture.name, texts.len());
        stages(&texts);
        whole(&texts, &fixture);
    }
}

/// Texts, and what `dedup` must say of them.
struct Fixture {
    name: &'static str,
    make: fn() -> Vec<String>,
    exact: u64,
    near: u64,
    clusters: u64,
}

#[rustfmt::skip]
fn fixtures() -> Vec<Fixture> {
    vec![
        Fixture { name: "articles",      make: articles,    exact: 500,   near: 500,  clusters: 1000 },
        Fixture { name: "boilerplate",   make: boilerplate, exact: 0,     near: 0,    clusters: 0 },
        Fixture { name: "giant cluster", make: giant,       exact: 0,     near: 4999, clusters: 1 },
        Fixture { name: "all distinct",  make: distinct,    exact: 0,     near: 0,    clusters: 0 },
        Fixture { name: "tiny records",  make: tiny,        exact: 10_000, near: 0,   clusters: 10_000 },
        Fixture { name: "thai",          make: thai,        exact: 200,   near: 200,  clusters: 400 },
        Fixture { name: "japanese",      make: japanese,    exact: 200,   near: 200,  clusters: 400 },
    ]
}

/// Draws numbers, words and texts.
struct Source {
    state: u64,
    letters: Vec<char>,
    between: &'static str,
}

impl Source {
    fn new(seed: u64, letters: impl Iterator<Item = char>, between: &'static str) -> Source {
        Source { state: seed, letters: letters.collect(), between }
    }

    fn english(seed: u64) -> Source {
        Source::new(seed, 'a'..='z', " ")
    }

    fn below(&mut self, n: usize) -> usize {
        (hash::splitmix64(&mut self.state) % n as u64) as usize
    }

    /// A word of the lengths of English.
    fn word(&mut self) -> String {
        let length = 1 + self.below(4) + self.below(7);
        let mut letter = || {
            let at = self.below(self.letters.len());
            self.letters[at]
        };
        (0..length).map(|_| letter()).collect()
    }

    fn words(&mut self, n: usize) -> Vec<String> {
        (0..n).map(|_| self.word()).collect()
    }

    /// A text with paragraphs, so that its JSON has escapes.
    fn text(&self, words: &[String]) -> String {
        let paragraphs: Vec<String> = words.chunks(60).map(|p| p.join(self.between)).collect();
        paragraphs.join("\n\n")
    }

    /// `n` texts of so many words, of which so many have an exact copy and as
    /// many others one in which a word in the middle is another; in no order.
    fn told_twice(&mut self, n: usize, words: usize, twice: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for number in 0..n {
            let mut own = self.words(words);
            texts.push(self.text(&own));
            if number < twice {
                texts.push(self.text(&own).to_uppercase());
            } else if number < 2 * twice {
                own[words / 2] = self.word() + &self.word();
                texts.push(self.text(&own));
            }
        }
        for at in (1..texts.len()).rev() {
            let other = self.below(at + 1);
            texts.swap(at, other);
        }
        texts
    }
}

fn articles() -> Vec<String> {
    Source::english(1).told_twice(5000, 500, 500)
}

/// A fifth of each page is the same.
fn boilerplate() -> Vec<String> {
    let mut source = Source::english(2);
    let same = source.words(100);
    let page = |source: &mut Source| {
        let mut words = source.words(400);
        words.extend_from_slice(&same);
        source.text(&words)
    };
    (0..5000).map(|_| page(&mut source)).collect()
}

/// One page, each time with another word somewhere.
fn giant() -> Vec<String> {
    let mut source = Source::english(3);
    let page = source.words(400);
    let variant = |source: &mut Source| {
        let mut words = page.clone();
        let at = source.below(400);
        words[at] = source.word() + &source.word();
        source.text(&words)
    };
    (0..5000).map(|_| variant(&mut source)).collect()
}

fn distinct() -> Vec<String> {
    Source::english(4).told_twice(5000, 500, 0)
}

/// Of some 150 bytes.
fn tiny() -> Vec<String> {
    let mut source = Source::english(5);
    let mut texts: Vec<String> = (0..100_000).map(|_| source.words(22).join(" ")).collect();
    texts.extend_from_within(..10_000);
    texts
}

fn thai() -> Vec<String> {
    Source::new(6, 'ก'..='ฮ', "").told_twice(2000, 500, 200)
}

fn japanese() -> Vec<String> {
    Source::new(7, 'ぁ'..='ん', "").told_twice(2000, 500, 200)
}

/// Processor seconds of this thread.
fn now() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Prints the speed of a stage and returns its answer.
fn stage(name: &str, bytes: usize, mut work: impl FnMut() -> u64) -> u64 {
    let mut best = f64::INFINITY;
    let answer = work();
    for _ in 0..15 {
        let start = now();
        let again = black_box(work());
        best = best.min(now() - start);
        assert_eq!(again, answer, "{name}: the answer changed");
    }
    println!("  {name:<10} {:>6.0} MB/s", bytes as f64 / 1e6 / best);
    answer
}

fn stages(texts: &[String]) {
    let texts = &texts[..texts.len().min(2000)];
    let bytes = texts.iter().map(String::len).sum();
    let lines: Vec<String> = texts.iter().map(|text| line(0, text)).collect();
    let keys = Keys::new("text", "id", &[]).unwrap();
    let length = |line: &String| parse(line.as_bytes(), &keys).unwrap().text.len() as u64;
    let parsed = stage("parse", bytes, || lines.iter().map(length).sum());
    assert_eq!(parsed, bytes as u64);

    let mut tokens: Vec<Hashes> = vec![Hashes::default(); texts.len()];
    let count = stage("tokens", bytes, || {
        let mut count = 0;
        for (text, tokens) in texts.iter().zip(&mut tokens) {
            tokens.clear();
            text::tokenize(text, tokens);
            count += tokens.hashes.len() as u64;
        }
        count
    });
    // By another count: the letters of unspaced scripts, the words of others.
    let expected: usize = texts
        .iter()
        .map(|t| match t.is_ascii() {
            true => t.split_ascii_whitespace().count(),
            false => t.chars().filter(|c| c.is_alphanumeric()).count(),
        })
        .sum();
    assert!(count <= expected as u64 && (count == expected as u64 || !texts[0].is_ascii()));

    let (shingler, mut lanes) = (Shingler::new(5), vec![Vec::new(); texts.len()]);
    let shingles = stage("shingles", bytes, || {
        for (tokens, lanes) in tokens.iter().zip(&mut lanes) {
            shingler.lanes(&tokens.hashes, &tokens.weights, lanes);
        }
        lanes.iter().map(|l| l.len() as u64).sum()
    });
    let sketcher = Sketcher::new(128, 42);
    let mut signature = [0; 128];
    stage("signatures", bytes, || {
        lanes.iter().fold(0, |sum, lanes| {
            sketcher.sketch(lanes, &mut signature);
            hash::finish(sum ^ u64::from(signature[127]))
        })
    });
    let (mut sorter, mut set) = (Sorter::default(), Vec::new());
    let members = stage("sets", bytes, || {
        tokens.iter().fold(0, |sum, tokens| {
            shingler.set(&tokens.hashes, &tokens.weights, &mut sorter, &mut set);
            sum + set.len() as u64
        })
    });
    assert!(members <= shingles && members >= shingles * 9 / 10);
}

fn line(id: usize, text: &str) -> String {
    format!("{{\"id\": {id}, \"text\": {}}}\n", Value::from(text))
}

/// Processor seconds of all programs that were run, and waited for, so far.
fn of_children() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    // A hundredth of a second each, whatever the machine.
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

/// Runs the command on the texts.
fn whole(texts: &[String], fixture: &Fixture) {
    const ROUNDS: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let lines: String = texts.iter().enumerate().map(|(n, text)| line(n, text)).collect();
    fs::write(path("in.jsonl"), &lines).unwrap();
    let before = of_children();
    for _ in 0..ROUNDS {
        run(&path("in.jsonl"), &path("out.jsonl"), &path("summary.json"));
    }
    let spent = of_children().zip(before).map(|(after, before)| (after - before) / ROUNDS as f64);
    let summary: Value = serde_json::from_slice(&fs::read(path("summary.json")).unwrap()).unwrap();
    let got = |name: &str| summary[name].as_u64().unwrap();
    let near = got("near_duplicates");
    let expected = (fixture.exact, fixture.near, fixture.clusters);
    assert_eq!((got("exact_duplicates"), near, got("clusters")), expected, "{}", fixture.name);
    assert_eq!(got("kept"), texts.len() as u64 - fixture.exact - fixture.near);
    let memory = summary["peak_memory"].as_f64().unwrap_or(0.0) / 1e6;
    match spent {
        Some(spent) => {
            let (megabytes, records) = (lines.len() as f64 / 1e6, texts.len() as f64);
            println!(
                "  whole run  {:>6.0} MB/s, {:.0} thousand records a second, {memory:.0} MB of memory",
                megabytes / spent,
                records / spent / 1e3
            );
        }
        None => println!("  whole run  right; this system does not tell its time"),
    }
}

fn run(input: &Path, output: &Path, summary: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_twicetold"))
        .args(["dedup", "--quiet"])
        .args([input.as_os_str(), "-o".as_ref(), output.as_os_str()])
        .args(["--summary".as_ref(), summary.as_os_str()])
        .status();
    assert!(status.unwrap().success());
}
