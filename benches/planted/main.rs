//! Repeats planted in made-up prose: how many are found, by length and by
//! share of edited words, and at what speed; and the same in other scripts.
//!
//! `cargo bench --bench planted` makes 5,200 documents (about 100 MB), copies
//! passages of one into another, edits the copies, searches, and counts a
//! plant as found when one verified pair, or one cluster, covers at least
//! half of it on both sides. It ends with an error when a cell of the table
//! falls short of what was measured before.
//!
//! The text has a Zipf vocabulary and word pairs that like each other, so that
//! equal runs of a few words occur by chance as they do in prose: one in six
//! of its runs of four words stands in another document too.
//!
//! Then the same is written like the samples of `data/scripts`: the words of
//! one vocabulary in the letters of each language, one word of a language
//! without spaces being two or three of its clusters. A language in which, at
//! some rate of edits, more than three points less is found than in English
//! ends it with an error too. Last comes a row for each profile.

#![allow(clippy::print_stdout)]

mod plants;
mod prose;

use std::fs;
use std::path::Path;

use twicetold::options::find::FindOptions;
use twicetold::options::find::Profile;
use twicetold::options::find::Scope;

use crate::plants::Field;
use crate::plants::Table;
use crate::plants::Written;
use crate::prose::Speaker;
use crate::prose::Writing;

/// The standard error of a share of one half is 1.3 points for short plants
/// and 1.8 for long ones.
const MAIN: Field = Field {
    documents: 5_200,
    words_a_document: 3_400,
    lengths: &[15, 25, 50, 100],
    rates: &[0, 10, 20, 30, 40],
    plants: &[1600, 1600, 960, 960],
};

const SCRIPTS: Field = Field {
    documents: 1_200,
    words_a_document: 1_700,
    lengths: &[15, 25, 50],
    rates: &[0, 10, 20],
    plants: &[1600, 1600, 1600],
};

const CHOICE: Field = Field { lengths: &[15, 25, 50], rates: &[0, 10, 20, 30], ..MAIN };

const PROFILES: [(&str, Profile); 4] = [
    ("fast", Profile::Fast),
    ("default", Profile::Default),
    ("sensitive", Profile::Sensitive),
    ("max", Profile::Max),
];

/// The samples, English first.
const SAMPLES: [(&str, &str); 9] = [
    ("English", "data/articles/harbour.txt"),
    ("Russian", "data/scripts/russian.txt"),
    ("Arabic", "data/scripts/arabic.txt"),
    ("Chinese", "data/scripts/chinese.txt"),
    ("Japanese", "data/scripts/japanese.txt"),
    ("Thai", "data/scripts/thai.txt"),
    ("Lao", "data/scripts/lao.txt"),
    ("Khmer", "data/scripts/khmer.txt"),
    ("Burmese", "data/scripts/burmese.txt"),
];

/// Share found before, in percent, by length and rate: seeds of four words,
/// one of four kept, groups linked in full up to eight. None where nothing
/// was stated.
const EXPECTED: [[Option<f64>; 5]; 4] = [
    [Some(100.0), Some(97.0), Some(80.0), Some(49.0), None],
    [Some(100.0), Some(99.5), Some(94.0), Some(80.0), Some(55.0)],
    [Some(100.0), Some(100.0), Some(100.0), Some(95.0), Some(78.0)],
    [Some(100.0), Some(100.0), Some(100.0), Some(100.0), Some(93.0)],
];
/// Plants in each cell of the measurement that gave the expectations.
const EXPECTED_PLANTS: f64 = 200.0;
/// Points that a cell may stay under its expectation, beyond the standard
/// error of the difference of the two measurements.
const SLACK: f64 = 3.0;

/// Standard error of a share of `n`, both in percent.
fn standard_error(percent: f64, n: f64) -> f64 {
    (percent * (100.0 - percent) / n).sqrt()
}

/// A share in percent and its standard error.
fn share((all, hit): (u32, u32)) -> (f64, f64) {
    let percent = 100.0 * f64::from(hit) / f64::from(all);
    (percent, standard_error(percent, f64::from(all)))
}

/// Prints the main table; the cells that fell short.
fn report(table: &Table) -> Vec<String> {
    let mut short = Vec::new();
    println!("found, in percent, with its standard error (in brackets: what is expected)");
    println!(
        "words  {}",
        MAIN.rates.iter().map(|r| format!("{:<22}", format!("{r} % edited"))).collect::<String>()
    );
    for (length, row) in table.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(rate, &cell)| {
            let ((percent, error), expected) = (share(cell), EXPECTED[length][rate]);
            let least = |e: f64| e - SLACK - error.hypot(standard_error(e, EXPECTED_PLANTS));
            if expected.is_some_and(|e| percent < least(e)) {
                short.push(format!(
                    "{} words, {} %: {percent:.1}",
                    MAIN.lengths[length], MAIN.rates[rate]
                ));
            }
            let wanted = expected.map_or(String::new(), |e| format!(" [{e}]"));
            format!("{:<22}", format!("{percent:.1} ± {error:.1}{wanted}"))
        });
        println!("{:>5}  {}", MAIN.lengths[length], cells.collect::<String>());
    }
    let cells = table.iter().flatten().map(|c| c.0);
    println!(
        "plants: {}, at least {} a cell",
        cells.clone().sum::<u32>(),
        cells.min().unwrap_or(0)
    );
    short
}

/// Prints a row for a language; the rates of edits at which it falls short of
/// the first one, passages of all lengths taken together.
fn compare(name: &str, table: &Table, english: Option<&Table>) -> Vec<String> {
    let cells = table.iter().flatten().map(|&cell| format!("{:>7.1}", share(cell).0));
    println!("{name:<10}{}", cells.collect::<String>());
    let of_rate = |table: &Table, rate: usize| {
        let add =
            |sum: (u32, u32), row: &Vec<(u32, u32)>| (sum.0 + row[rate].0, sum.1 + row[rate].1);
        share(table.iter().fold((0, 0), add))
    };
    let mut short = Vec::new();
    for (rate, edits) in SCRIPTS.rates.iter().enumerate() {
        let Some(english) = english else { continue };
        let ((percent, error), (wanted, its_error)) =
            (of_rate(table, rate), of_rate(english, rate));
        if percent < wanted - SLACK - error.hypot(its_error) {
            short.push(format!("{name}, {edits} %: {percent:.1}, not {wanted:.1}"));
        }
    }
    short
}

/// Seconds of processor time of this process.
#[cfg(unix)]
fn cpu_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    f64::NAN
}

/// Plants, searches and counts.
fn measure(field: &Field, writing: &Writing, options: &FindOptions) -> (Table, String) {
    let mut speaker = Speaker::new(1);
    let base: Vec<Vec<u32>> =
        (0..field.documents).map(|_| speaker.prose(field.words_a_document)).collect();
    let plants = plants::plants(field, &mut speaker, &base);
    let written: Vec<Written> = base
        .iter()
        .enumerate()
        .map(|(d, words)| plants::write(d, words, &plants, writing))
        .collect();
    let labels: Vec<String> = (0..field.documents).map(|d| d.to_string()).collect();
    let documents: Vec<(&str, &str)> =
        labels.iter().zip(&written).map(|(l, w)| (l.as_str(), w.text.as_str())).collect();
    let start = cpu_seconds();
    let found = twicetold::find(&documents, options).expect("the options are in range");
    let seconds = cpu_seconds() - start;
    let megabytes = documents.iter().map(|d| d.1.len()).sum::<usize>() as f64 / 1e6;
    let speed = format!(
        "{} documents, {megabytes:.1} MB, {seconds:.2} s of processor time: {:.1} MB/s; {} verified \
         pairs, {} clusters",
        documents.len(),
        megabytes / seconds,
        found.pairs.len(),
        found.clusters.len()
    );
    (plants::count(field, &plants, &written, &found), speed)
}

fn options(profile: Profile, min_words: usize, threshold: f64) -> FindOptions {
    let scope = Scope::Across;
    FindOptions { scope, profile, min_words, threshold, pairs: true, ..FindOptions::default() }
}

/// One row for each profile, with passages long enough for the seeds of all.
fn profiles() {
    println!(
        "\nfound, in percent, by profile: 15, 25 and 50 words, each with 0, 10, 20 and 30 % edited"
    );
    for (name, profile) in PROFILES {
        let (table, speed) = measure(&CHOICE, &Writing::syllables(), &options(profile, 12, 0.6));
        compare(name, &table, None);
        println!("          {speed}");
    }
}

fn main() {
    let options = options(Profile::Default, 8, 0.5);
    let (table, speed) = measure(&MAIN, &Writing::syllables(), &options);
    let mut short = report(&table);
    println!("{speed}");

    println!(
        "\nfound, in percent, by script: 15, 25 and 50 words, each with 0, 10 and 20 % edited"
    );
    let mut english = None;
    for (name, path) in SAMPLES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let sample = fs::read_to_string(path).expect("the sample is there");
        let (table, _) = measure(&SCRIPTS, &Writing::like(&sample), &options);
        short.extend(compare(name, &table, english.as_ref()));
        english.get_or_insert(table);
    }
    profiles();
    assert!(short.is_empty(), "fewer found than expected: {}", short.join("; "));
}
