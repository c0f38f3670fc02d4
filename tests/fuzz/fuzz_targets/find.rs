//! A whole search for passages in small texts: places in the texts, scores
//! that an alignment can have, and the same on one thread and on two.
//!
//! The first bytes of the input are options; of the rest each byte is a word
//! of few, or a piece of UTF-8, and 255 begins another text.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use twicetold::FindOptions;
use twicetold::options::find::FindPlan;
use twicetold::options::find::Profile;
use twicetold::options::find::Scope;
use twicetold::options::find::Snap;
use twicetold::report::Found;
use twicetold::report::Kind;
use twicetold::report::Score;
use twicetold::span::ByteSpan;
use twicetold::text::Tokens;
use twicetold::text::tokenize;

static POOLS: LazyLock<[ThreadPool; 2]> = LazyLock::new(|| {
    [1, 2].map(|n| ThreadPoolBuilder::new().num_threads(n).build().expect("a pool"))
});

const WORDS: [&str; 16] = [
    "one ", "two ", "three ", "four ", "five, ", "six. ", "Seven ", "don't ", "今", "天", "カ",
    "กา", "eight\n", "nine\n\n", "é ", "- ",
];

/// Words of a search for which all alignments are gone through.
const MOST: usize = 400;

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<4>() else { return };
    let options = options(head);
    let raw = head[0] & 1 == 1;
    let texts: Vec<String> =
        rest.split(|&b| b == 255).take(8).map(|part| text(part, raw)).collect();
    let labelled: Vec<(&str, &str)> = texts.iter().map(|text| ("", text.as_str())).collect();
    let [one, two] = POOLS
        .each_ref()
        .map(|pool| pool.install(|| twicetold::find(&labelled, &options)).expect("a search"));
    assert_eq!(one, two);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check(&texts, &options, &one);
});

fn options(head: &[u8; 4]) -> FindOptions {
    let [a, b, c, d] = head.map(usize::from);
    FindOptions {
        scope: [Scope::All, Scope::Within, Scope::Across][(a >> 1) % 3],
        profile: [Profile::Default, Profile::Fast, Profile::Sensitive, Profile::Max][(a >> 3) % 4],
        snap: [Snap::Word, Snap::Word, Snap::Sentence, Snap::Paragraph][(a >> 5) % 4],
        min_words: 1 + b % 20,
        threshold: (1 + c % 20) as f64 / 20.0,
        max_gap: d % 40,
        pairs: true,
        ..FindOptions::default()
    }
}

fn text(part: &[u8], raw: bool) -> String {
    if raw {
        return String::from_utf8_lossy(part).into_owned();
    }
    part.iter().map(|&b| WORDS[usize::from(b) % WORDS.len()]).collect()
}

/// The tokens of a span; none if it cuts a character of several tokens.
fn tokens(text: &str, span: ByteSpan) -> Option<Vec<u64>> {
    let mut all = Tokens::default();
    tokenize(text, &mut all);
    if all.spans.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return None;
    }
    let inside = |s: &ByteSpan| span.start <= s.start && s.end <= span.end;
    Some(all.spans.iter().zip(&all.hashes).filter(|(s, _)| inside(s)).map(|(_, &h)| h).collect())
}

/// Whether an alignment of the whole of `a` with the whole of `b` can have the
/// score: so many matches in order, and in the other columns what is left.
fn can_have(a: &[u64], b: &[u64], score: Score) -> bool {
    let (matches, columns) = (score.matches as usize, score.columns as usize);
    let mut row = vec![0usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    matches <= row[b.len()]
        && columns >= a.len().max(b.len())
        && columns <= (a.len() + b.len()).saturating_sub(matches)
}

fn check(texts: &[&str], options: &FindOptions, found: &Found) {
    let plan = FindPlan::new(options).expect("options in their ranges");
    let verified =
        options.snap == Snap::Word && texts.iter().map(|t| t.len()).sum::<usize>() < MOST * 8;
    let score = |a: (u32, ByteSpan), b: (u32, ByteSpan), score: Score| {
        assert!(plan.accepts(score.matches, score.columns), "{score:?}");
        let of = |(document, span): (u32, ByteSpan)| tokens(texts[document as usize], span);
        if let (true, Some(x), Some(y)) = (verified, of(a), of(b)) {
            assert!(can_have(&x, &y, score), "{score:?} of {a:?} and {b:?}");
        }
    };
    for (id, cluster) in (1..).zip(&found.clusters) {
        assert_eq!(cluster.id, id);
        assert_eq!(cluster.occurrences.iter().filter(|o| o.leader).count(), 1);
        assert_eq!(cluster.kind == Kind::Run, cluster.occurrences.len() == 1);
        for o in &cluster.occurrences {
            let text = texts[o.document as usize];
            let before = text.get(..o.span.start as usize).expect("a boundary");
            assert!(text.get(o.span.start as usize..o.span.end as usize).is_some());
            assert_eq!(o.line as usize, 1 + before.matches('\n').count());
            // Places grow together from several alignments; those of pairs are
            // as they were aligned.
            assert!(plan.accepts(o.score.matches, o.score.columns), "{:?}", o.score);
        }
        let places = cluster.occurrences.windows(2);
        assert!(places.clone().all(|p| (p[0].document, p[0].span) <= (p[1].document, p[1].span)));
        if let Some(parent) = cluster.parent {
            assert!(parent != id && parent as usize <= found.clusters.len());
        }
    }
    for pair in &found.pairs {
        assert!((1..=found.clusters.len() as u32).contains(&pair.cluster));
        match options.scope {
            Scope::Within => assert_eq!(pair.a.0, pair.b.0),
            Scope::Across => assert_ne!(pair.a.0, pair.b.0),
            Scope::All => {}
        }
        score(pair.a, pair.b, pair.score);
    }
    let occurrences: usize = found.clusters.iter().map(|c| c.occurrences.len()).sum();
    assert_eq!(found.summary.occurrences, occurrences as u64);
    assert_eq!(found.summary.clusters, found.clusters.len() as u64);
    assert!(found.summary.repeated_bytes <= found.summary.bytes);
}
