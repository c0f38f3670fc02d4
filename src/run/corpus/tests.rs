use super::*;
use crate::budget::Budget;
use crate::hash::splitmix64;
use crate::input::Kind;
use crate::options::find::FindOptions;
use crate::options::find::Level;
use crate::options::find::Scope;
use crate::report::Format;
use crate::report::Report;
use crate::report::human::Style;
use crate::run::Unwatched;
use crate::run::passages::FindError;
use crate::run::room::RoomError;
use crate::spill::Scratch;
use crate::storage::Disk;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Records and a text with passages in common, copies of each other, a line
/// repeated, words that all have, and now and then a script without spaces. Of
/// `often` pieces of a text one is a passage.
fn write_dump(folder: &Path, seed: u64, mixed: bool, often: u64) -> Vec<Entry> {
    let mut state = seed;
    let mut draw = |n: u64| splitmix64(&mut state) % n;
    let passages: Vec<String> = (0..12)
        .map(|_| (0..15 + draw(60)).map(|_| format!("p{} ", draw(3000))).collect())
        .collect();
    let mut records: Vec<String> = Vec::new();
    for _ in 0..160 {
        let mut text = String::new();
        for _ in 0..draw(60) {
            match draw(8) {
                _ if draw(often) == 0 => text.push_str(&passages[draw(12) as usize]),
                1 => text.push_str("at the end of the day "),
                2 if mixed => text.push_str("日本語の文章を探す"),
                _ => (0..4).for_each(|_| write!(text, "w{} ", draw(2000)).unwrap()),
            }
        }
        match draw(9) {
            0 => text = "again and again ".repeat(40),
            1 => text = records.last().cloned().unwrap_or_default(),
            _ => {}
        }
        records.push(text);
    }
    let lines: String = (0..)
        .zip(&records)
        .map(|(n, text)| format!("{{\"id\":{n},\"text\":{}}}\n", serde_json::json!(text)))
        .collect();
    fs::write(folder.join("dump.jsonl"), lines).unwrap();
    let mut text = b"\xef\xbb\xbf".to_vec();
    text.extend_from_slice(passages.concat().as_bytes());
    text.extend_from_slice(b"\xff\xff once more ");
    text.extend_from_slice(passages[0].as_bytes());
    fs::write(folder.join("text.txt"), text).unwrap();
    let entry = |name: &str, kind| {
        let path = folder.join(name);
        let size = fs::metadata(&path).ok().map(|m| m.len());
        Entry { path, kind, named: true, size }
    };
    vec![entry("dump.jsonl", Kind::Jsonl), entry("text.txt", Kind::Text)]
}

/// The report of a search, and bytes written to temporary files for it.
fn search(
    entries: &[Entry],
    options: &FindOptions,
    budget: Budget,
    scratch: Scratch,
) -> Result<(Vec<u8>, u64), RunError> {
    let keys = Keys::new("text", "id", &[]).unwrap();
    let plan = FindPlan::new(options).unwrap();
    let room = Room { budget, scratch: scratch.clone() };
    let reading = Reading { keys: &keys, plan, line_limit: 1 << 20, room };
    let corpus = Corpus::read(&Disk, entries, reading, None, &Unwatched)?;
    let findings = corpus.find(None, &Unwatched)?;
    let report = Report { found: &findings.found, documents: findings.documents(), options };
    let mut out = Vec::new();
    crate::report::write(&report, Format::Jsonl, &Style::default(), &mut out)?;
    crate::report::write(&report, Format::Human, &Style::default(), &mut out)?;
    Ok((out, scratch.written()))
}

#[test]
fn the_memory_that_may_be_held_changes_nothing() {
    for seed in 0..12u64 {
        let folder = tempfile::tempdir().unwrap();
        let scratch = || Scratch::new(folder.path());
        let options = FindOptions {
            scope: [Scope::All, Scope::Across, Scope::Within][seed as usize % 3],
            min_words: [15, 8][seed as usize % 2],
            pairs: seed % 4 < 2,
            ..FindOptions::default()
        };
        // With few repeats less memory than for all tokens is enough.
        let (often, budgets) =
            if seed % 4 == 0 { (8, [800_000, 1_200_000]) } else { (80, [300_000, 600_000]) };
        let entries = write_dump(folder.path(), seed, seed % 2 == 1, often);
        let (whole, none) = search(&entries, &options, Budget::unlimited(), scratch()).unwrap();
        assert_eq!(none, 0);
        assert!(whole.len() > 5_000, "{}", whole.len());
        for budget in budgets {
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let budget = Budget::of(budget);
                let got = pool.install(|| search(&entries, &options, budget, scratch()));
                let (report, spilled) = got.unwrap();
                assert!(spilled > 200_000, "{spilled}");
                assert!(report == whole, "seed {seed}, {threads} threads");
            }
        }
    }
}

#[test]
fn wherever_the_disk_fails_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let entries = write_dump(folder.path(), 5, true, 80);
    let options = FindOptions::default();
    for op in [Op::Create, Op::Write, Op::Read] {
        for n in (1..).step_by(if op == Op::Read { 97 } else { 1 }) {
            let failing = Failing::nth(op, n, Fault::Always(ErrorKind::StorageFull));
            let scratch = Scratch::of(Arc::new(failing.clone()), folder.path());
            let result = search(&entries, &options, Budget::of(300_000), scratch);
            if !failing.fired() {
                result.unwrap();
                assert!(n > 1, "{op:?} is met at all");
                break;
            }
            let error = result.unwrap_err().to_string();
            assert!(error.contains("the disk is full"), "{op:?} {n}: {error}");
        }
    }
}

#[test]
fn what_cannot_go_to_the_disk_is_refused_with_the_memory_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let entries = write_dump(folder.path(), 6, false, 8);
    let scratch = || Scratch::new(folder.path());
    let needed = |options: &FindOptions, total: u64| match search(
        &entries,
        options,
        Budget::of(total),
        scratch(),
    ) {
        Err(RunError::Find(FindError::Memory(e))) => Some(e.needed),
        Err(RunError::Room(RoomError::Memory(e))) => Some(e.least_memory),
        other => other.map(|_| None).unwrap(),
    };
    let reworded = FindOptions { reworded: true, ..FindOptions::default() };
    let lines = FindOptions { level: Level::Line, ..FindOptions::default() };
    for options in [&reworded, &lines] {
        let least = needed(options, 300_000).unwrap();
        assert!(least > 300_000);
        assert_eq!(needed(options, 20 * least), None);
    }
    // What was found does not fit.
    let few = FindOptions { min_words: 1, ..FindOptions::default() };
    assert!(needed(&few, 60_000).unwrap() > 60_000);
}
