//! One hot kernel of near-duplicate documents, so many rounds, for counting
//! its instructions: see `instructions.sh`.
//!
//! `instructions KERNEL ROUNDS` does the work and checks the answer, which is
//! known; `instructions` names the kernels and what one round of each handles.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;

use twicetold::hash;
use twicetold::input::keys::Keys;
use twicetold::input::record::parse;
use twicetold::lsh;
use twicetold::lsh::Bander;
use twicetold::lsh::Pairing;
use twicetold::options::banding::Banding;
use twicetold::radix::Sorter;
use twicetold::shingle::Shingler;
use twicetold::signature::Signatures;
use twicetold::simd::Unit;
use twicetold::sketch::Sketcher;
use twicetold::text;
use twicetold::text::Hashes;
use twicetold::verify;

/// Name, what one round handles, the work, and the sum of its answers.
type Kernel = (&'static str, usize, fn(usize) -> u64, u64);

const WORDS: usize = 2000;

#[rustfmt::skip]
const KERNELS: &[Kernel] = &[
    ("parse",     WORDS, parsing,    14_027),
    ("tokens",    WORDS, tokens,     3223),
    ("thai",      WORDS, thai,       26_617),
    ("shingles",  WORDS, shingles,   46_313),
    ("signature", WORDS, signatures, 48_313),
    ("set",       WORDS, sets,       14_212),
    ("overlap",   WORDS, overlaps,   1600),
    ("bands",     1000,  bands,      450),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let [name, rounds] = &arguments[..] else {
        println!("unit {}", Unit::best().name());
        for (name, items, ..) in KERNELS {
            println!("{name} {items}");
        }
        return;
    };
    let (_, _, work, expected) =
        KERNELS.iter().find(|kernel| kernel.0 == name).expect("a kernel of the list");
    let answer = work(rounds.parse().expect("a number of rounds"));
    assert_eq!(answer, *expected, "{name}: the answer changed");
}

/// Words with the lengths of English, and what stands between them.
fn prose(letters: &[char], between: &str) -> String {
    let mut state = 1;
    let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
    let mut text = String::new();
    for n in 0..WORDS {
        let length = 1 + draw(5) + draw(7);
        text.extend((0..length).map(|_| letters[draw(letters.len())]));
        text.push_str(if n % 12 == 11 { ".\n" } else { between });
    }
    text
}

fn english() -> String {
    prose(&('a'..='z').collect::<Vec<_>>(), " ")
}

fn words() -> Vec<u64> {
    let mut state = 2;
    (0..WORDS).map(|_| hash::splitmix64(&mut state)).collect()
}

/// The sum of the answers of all rounds must not depend on their number.
fn rounds<T>(rounds: usize, mut work: impl FnMut() -> T, sum: impl Fn(T) -> u64) -> u64 {
    let mut answer = None;
    for _ in 0..rounds.max(1) {
        let one = sum(black_box(work()));
        assert_eq!(*answer.get_or_insert(one), one, "the answer changed");
    }
    answer.unwrap()
}

fn fold(values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().fold(0, |h, v| hash::finish(h ^ v)) >> 48
}

fn parsing(times: usize) -> u64 {
    let line = format!(r#"{{"id":1,"text":"{}"}}"#, english().replace('\n', "\\n"));
    let keys = Keys::new("text", "id", &[]).unwrap();
    rounds(times, || parse(line.as_bytes(), &keys).unwrap().text.len(), |n| n as u64)
}

fn tokenising(times: usize, text: &str) -> u64 {
    let mut hashes = Hashes::default();
    rounds(
        times,
        || {
            hashes.clear();
            text::tokenize(text, &mut hashes);
            (
                hashes.hashes.len() as u64,
                hashes.hashes.first().copied(),
                hashes.hashes.last().copied(),
            )
        },
        |(n, first, last)| fold([n, first.unwrap(), last.unwrap()]),
    )
}

fn tokens(times: usize) -> u64 {
    tokenising(times, &english())
}

fn thai(times: usize) -> u64 {
    tokenising(times, &prose(&('ก'..='ู').collect::<Vec<_>>(), ""))
}

fn shingles(times: usize) -> u64 {
    let (words, mut lanes) = (words(), Vec::new());
    let shingler = Shingler::new(5);
    rounds(
        times,
        || {
            shingler.lanes(&words, &[], &mut lanes);
            (lanes.len(), lanes[0], lanes[lanes.len() - 1])
        },
        |(n, first, last)| fold([n as u64, first.into(), last.into()]),
    )
}

fn signatures(times: usize) -> u64 {
    let lanes: Vec<u32> = words().iter().map(|&h| (h >> 32) as u32).collect();
    let sketcher = Sketcher::new(128, 42);
    let mut signature = [0; 128];
    rounds(
        times,
        || {
            sketcher.sketch(black_box(&lanes), &mut signature);
            signature
        },
        |signature| fold(signature.map(u64::from)),
    )
}

fn sets(times: usize) -> u64 {
    let (words, mut set, mut sorter) = (words(), Vec::new(), Sorter::default());
    let shingler = Shingler::new(5);
    rounds(
        times,
        || {
            shingler.set(&words, &[], &mut sorter, &mut set);
            (set.len(), set[0], set[set.len() - 1])
        },
        |(n, least, most)| fold([n as u64, least, most]),
    )
}

fn overlaps(times: usize) -> u64 {
    let mut all = words();
    all.sort_unstable();
    let without = |n: usize| -> Vec<u64> {
        all.iter().enumerate().filter(|(i, _)| i % 10 != n).map(|(_, &x)| x).collect()
    };
    let (a, b) = (without(3), without(7));
    rounds(times, || verify::overlap(black_box(&a), &b, 1000), |n| n.unwrap())
}

fn bands(times: usize) -> u64 {
    let banding = Banding::new(16, 6, 128).unwrap();
    let (mut signatures, mut keys) = (Signatures::new(128), lsh::Keys::new(banding));
    let mut state = 3;
    for n in 0..1000 {
        let mut row: Vec<u32> = (0..128).map(|_| hash::splitmix64(&mut state) as u32).collect();
        // Every tenth agrees with others in a band.
        if n % 10 == 0 {
            row[..6].fill(n as u32 / 100);
        }
        keys.push(&row);
        signatures.extend(&row).unwrap();
    }
    let mut bander = Bander::default();
    rounds(
        times,
        || {
            let mut pairs = 0;
            for band in 0..16 {
                bander.pairs(&keys, &signatures, band, Pairing::All, |_, _| pairs += 1);
            }
            pairs
        },
        |pairs| pairs,
    )
}
