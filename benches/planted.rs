//! Repeats planted in made-up prose: how many are found, by length and by
//! share of edited words, and at what speed.
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

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use twicetold::hash::splitmix64;
use twicetold::options::find::FindOptions;
use twicetold::options::find::Scope;
use twicetold::report::Found;
use twicetold::span::ByteSpan;

const DOCUMENTS: usize = 5_200;
const WORDS_A_DOCUMENT: usize = 3_400;
const VOCABULARY: usize = 60_000;
/// Words that like to follow a given word.
const SUCCESSORS: u64 = 40;
/// How often one of them does, in percent.
const FOLLOWS: u64 = 78;

const LENGTHS: [usize; 4] = [15, 25, 50, 100];
/// Edited words in percent.
const RATES: [u64; 5] = [0, 10, 20, 30, 40];
/// Plants of each length in each cell, of which some are cut by others. The
/// standard error of a share of one half is then 1.3 points for short plants
/// and 1.8 for long ones.
const PLANTS: [usize; 4] = [1600, 1600, 960, 960];

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

/// Draws words.
struct Speaker {
    state: u64,
    /// Zipf weights summed up.
    sums: Vec<u64>,
}

impl Speaker {
    fn new(seed: u64) -> Speaker {
        let mut sum = 0;
        let sums = (0..VOCABULARY as u64)
            .map(|rank| {
                sum += 1_000_000_000 / (rank + 3);
                sum
            })
            .collect();
        Speaker { state: seed, sums }
    }

    fn below(&mut self, n: u64) -> u64 {
        splitmix64(&mut self.state) % n
    }

    fn zipf(&self, draw: u64) -> u32 {
        let all = self.sums[VOCABULARY - 1];
        self.sums.partition_point(|&s| s <= draw % all) as u32
    }

    fn any(&mut self) -> u32 {
        let draw = splitmix64(&mut self.state);
        self.zipf(draw)
    }

    /// The word after `word`: mostly one that likes to stand there.
    fn next(&mut self, word: u32) -> u32 {
        if self.below(100) >= FOLLOWS {
            return self.any();
        }
        // The lesser of two draws: some successors are much more common.
        let choice = self.below(SUCCESSORS).min(self.below(SUCCESSORS));
        let mut liking = u64::from(word) << 8 | choice;
        let draw = splitmix64(&mut liking);
        self.zipf(draw)
    }

    fn prose(&mut self, n: usize) -> Vec<u32> {
        let mut words = vec![self.any()];
        while words.len() < n {
            words.push(self.next(words[words.len() - 1]));
        }
        words
    }

    /// A copy with about `rate` percent of its words edited: three of five
    /// edits put another word, one drops the word, one adds a word.
    fn edited(&mut self, words: &[u32], rate: u64) -> Vec<u32> {
        let mut copy = Vec::new();
        for &word in words {
            if self.below(100) >= rate {
                copy.push(word);
                continue;
            }
            let other = self.below(VOCABULARY as u64) as u32;
            match self.below(5) {
                0..3 => copy.push(other),
                3 => {}
                _ => copy.extend([word, other]),
            }
        }
        copy
    }
}

/// The letters of a word: its number in syllables, at least two of them.
fn spell(mut word: u32, out: &mut String) {
    const CONSONANTS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8; 5] = b"aeiou";
    for syllable in 0.. {
        let s = (word % 100) as usize;
        out.push(CONSONANTS[s / 5] as char);
        out.push(VOWELS[s % 5] as char);
        word /= 100;
        if word == 0 && syllable > 0 {
            return;
        }
    }
}

/// A passage and its copy.
struct Plant {
    length: usize,
    rate: usize,
    from: usize,
    start: usize,
    to: usize,
    /// The copy stands before this word of the other document.
    at: usize,
    copy: Vec<u32>,
}

fn plants(speaker: &mut Speaker, base: &[Vec<u32>]) -> Vec<Plant> {
    let mut plants = Vec::new();
    for (length, &words) in LENGTHS.iter().enumerate() {
        for (rate, &percent) in RATES.iter().enumerate() {
            for _ in 0..PLANTS[length] {
                let from = speaker.below(DOCUMENTS as u64) as usize;
                let other = speaker.below(DOCUMENTS as u64 - 1) as usize;
                let to = if other < from { other } else { other + 1 };
                let start = speaker.below((WORDS_A_DOCUMENT - words) as u64) as usize;
                let at = speaker.below(WORDS_A_DOCUMENT as u64 + 1) as usize;
                let copy = speaker.edited(&base[from][start..start + words], percent);
                plants.push(Plant { length, rate, from, start, to, at, copy });
            }
        }
    }
    plants
}

/// A document with its copies, and where its words and the copies stand.
struct Written {
    text: String,
    words: Vec<ByteSpan>,
    copies: BTreeMap<usize, ByteSpan>,
}

fn write(document: usize, words: &[u32], plants: &[Plant]) -> Written {
    let mut here: Vec<usize> = (0..plants.len()).filter(|&p| plants[p].to == document).collect();
    here.sort_by_key(|&p| (plants[p].at, p));
    let mut here = here.into_iter().peekable();
    let mut out = Written { text: String::new(), words: Vec::new(), copies: BTreeMap::new() };
    for at in 0..=words.len() {
        while let Some(plant) = here.next_if(|&p| plants[p].at == at) {
            let spans: Vec<ByteSpan> =
                plants[plant].copy.iter().map(|&w| say(w, &mut out.text)).collect();
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                out.copies.insert(plant, ByteSpan { start: first.start, end: last.end });
            }
        }
        if at < words.len() {
            out.words.push(say(words[at], &mut out.text));
        }
    }
    out
}

fn say(word: u32, text: &mut String) -> ByteSpan {
    let start = text.len() as u32;
    spell(word, text);
    let end = text.len() as u32;
    text.push(' ');
    ByteSpan { start, end }
}

fn half_covered(part: ByteSpan, by: ByteSpan) -> bool {
    let shared = part.end.min(by.end).saturating_sub(part.start.max(by.start));
    2 * shared >= part.len()
}

/// What was found, by the documents that it joins.
struct Index<'a> {
    pairs: BTreeMap<(u32, u32), Vec<(ByteSpan, ByteSpan)>>,
    clusters: BTreeMap<u32, Vec<usize>>,
    found: &'a Found,
}

impl Index<'_> {
    fn new(found: &Found) -> Index<'_> {
        let mut pairs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pair in &found.pairs {
            let ((a, x), (b, y)) = (pair.a, pair.b);
            pairs.entry((a, b)).or_default().push((x, y));
            pairs.entry((b, a)).or_default().push((y, x));
        }
        let mut clusters: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (n, cluster) in found.clusters.iter().enumerate() {
            for occurrence in &cluster.occurrences {
                clusters.entry(occurrence.document).or_default().push(n);
            }
        }
        Index { pairs, clusters, found }
    }

    fn holds(&self, a: (u32, ByteSpan), b: (u32, ByteSpan)) -> bool {
        let pairs = self.pairs.get(&(a.0, b.0)).map_or(&[][..], Vec::as_slice);
        pairs.iter().any(|&(x, y)| half_covered(a.1, x) && half_covered(b.1, y))
            || self.clusters.get(&a.0).is_some_and(|all| {
                all.iter().any(|&n| {
                    let told = &self.found.clusters[n].occurrences;
                    let covers = |side: (u32, ByteSpan)| {
                        told.iter().any(|o| o.document == side.0 && half_covered(side.1, o.span))
                    };
                    covers(a) && covers(b)
                })
            })
    }
}

/// Plants not cut and plants found, by length and rate.
fn count(plants: &[Plant], written: &[Written], found: &Found) -> [[(u32, u32); 5]; 4] {
    let index = Index::new(found);
    let mut cuts: Vec<Vec<usize>> = vec![Vec::new(); written.len()];
    for plant in plants {
        cuts[plant.to].push(plant.at);
    }
    let mut table = [[(0, 0); 5]; 4];
    for (n, plant) in plants.iter().enumerate() {
        let words = plant.start..plant.start + LENGTHS[plant.length];
        if cuts[plant.from].iter().any(|at| words.start < *at && *at < words.end) {
            continue;
        }
        let Some(&copy) = written[plant.to].copies.get(&n) else { continue };
        let places = &written[plant.from].words[words];
        let source = ByteSpan { start: places[0].start, end: places[places.len() - 1].end };
        let cell = &mut table[plant.length][plant.rate];
        cell.0 += 1;
        cell.1 += u32::from(index.holds((plant.from as u32, source), (plant.to as u32, copy)));
    }
    table
}

/// Standard error of a share of `n`, both in percent.
fn standard_error(percent: f64, n: f64) -> f64 {
    (percent * (100.0 - percent) / n).sqrt()
}

/// Prints the table; the cells that fell short.
fn report(table: &[[(u32, u32); 5]; 4]) -> Vec<String> {
    let mut short = Vec::new();
    println!("found, in percent, with its standard error (in brackets: what is expected)");
    println!("words  {}", RATES.map(|r| format!("{:<22}", format!("{r} % edited"))).join(""));
    for (length, row) in table.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(rate, &(all, hit))| {
            let (percent, expected) =
                (100.0 * f64::from(hit) / f64::from(all), EXPECTED[length][rate]);
            let error = standard_error(percent, f64::from(all));
            let least = |e: f64| e - SLACK - error.hypot(standard_error(e, EXPECTED_PLANTS));
            if expected.is_some_and(|e| percent < least(e)) {
                short.push(format!("{} words, {} %: {percent:.1}", LENGTHS[length], RATES[rate]));
            }
            let wanted = expected.map_or(String::new(), |e| format!(" [{e}]"));
            format!("{:<22}", format!("{percent:.1} ± {error:.1}{wanted}"))
        });
        println!("{:>5}  {}", LENGTHS[length], cells.collect::<String>());
    }
    let all: u32 = table.iter().flatten().map(|c| c.0).sum();
    println!(
        "plants: {all}, at least {} a cell",
        table.iter().flatten().map(|c| c.0).min().unwrap_or(0)
    );
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

fn main() {
    let mut speaker = Speaker::new(1);
    let base: Vec<Vec<u32>> = (0..DOCUMENTS).map(|_| speaker.prose(WORDS_A_DOCUMENT)).collect();
    let plants = plants(&mut speaker, &base);
    let written: Vec<Written> =
        base.iter().enumerate().map(|(d, words)| write(d, words, &plants)).collect();
    let labels: Vec<String> = (0..DOCUMENTS).map(|d| d.to_string()).collect();
    let documents: Vec<(&str, &str)> =
        labels.iter().zip(&written).map(|(l, w)| (l.as_str(), w.text.as_str())).collect();
    let options = FindOptions {
        scope: Scope::Across,
        min_words: 8,
        threshold: 0.5,
        pairs: true,
        ..FindOptions::default()
    };
    let start = cpu_seconds();
    let found = twicetold::find(&documents, &options).expect("the options are in range");
    let seconds = cpu_seconds() - start;
    let megabytes = documents.iter().map(|d| d.1.len()).sum::<usize>() as f64 / 1e6;
    let short = report(&count(&plants, &written, &found));
    println!(
        "{} documents, {megabytes:.1} MB, {seconds:.2} s of processor time: {:.1} MB/s",
        documents.len(),
        megabytes / seconds
    );
    println!("{} verified pairs, {} clusters", found.pairs.len(), found.clusters.len());
    assert!(short.is_empty(), "fewer found than expected: {}", short.join("; "));
}
