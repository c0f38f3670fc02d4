//! MAIN PATH for reworded passages: texts -> passages that retell each other.
//!
//! 1. texts -> words in units -> the vocabulary of all -> numbered units;
//! 2. between documents: keys of all units -> pairs of units -> verified ones;
//! 3. inside each document: the same, by what is unusual in it;
//! 4. verified pairs of two documents -> passages that both tell;
//! 5. passages refused for their figures -> templates, which are left out.
//!
//! * time: near-linear in the words, plus the pairs of units that share
//!   unusual words
//! * space: some 8 bytes a word, then 8 a key; the texts are the caller's
//!
//! The result is a function of texts and options alone. Texts are ranked by
//! their contents, so that the passages found do not depend on the order of
//! the texts; only which of two is named first does.

use std::ops::Range;

use rayon::prelude::*;

use crate::options::find::FindOptions;
use crate::options::find::FindPlan;
use crate::options::find::Scope;
use crate::radix::Sorter;
use crate::report::Found;
use crate::reworded::Point;
use crate::reworded::Setting;
use crate::reworded::Telling;
use crate::reworded::compare::Comparer;
use crate::reworded::compare::Pair;
use crate::reworded::corpus::Corpus;
use crate::reworded::corpus::Part;
use crate::reworded::corpus::Word;
use crate::reworded::join;
use crate::reworded::keys;
use crate::reworded::log::Logs;
use crate::reworded::regions::Region;
use crate::reworded::templates::Templates;
use crate::reworded::verify;
use crate::reworded::verify::Size;
use crate::reworded::vocabulary;
use crate::reworded::vocabulary::Count;
use crate::reworded::vocabulary::Vocabulary;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::passages::FindError;
use crate::run::passages::Search;
use crate::span::TokenSpan;
use crate::text::Tokens;
use crate::text::tokenize;

/// Finds the passages that texts retell in other words or another order.
///
/// As [`find`](crate::find), which looks for copies, but nothing else: all
/// clusters are of the kind [`Reworded`](crate::report::Kind::Reworded), a
/// copy that is long enough among them. Of the options, `scope`, `min_words`
/// (at least 20 here), `snap` and `pairs` play a part.
///
/// How unusual a word is, the texts themselves say: among few or short ones
/// more must be shared before anything is found.
///
/// # Errors
///
/// The first option out of its range, or texts beyond the limits of
/// [`FindError`].
pub fn find(texts: &[(&str, &str)], options: &FindOptions) -> Result<Found, FindError> {
    let texts: Vec<&str> = texts.iter().map(|&(_, text)| text).collect();
    let mut search = Search::new(FindPlan::new(options)?);
    search.add(&texts)?;
    Ok(search.finish_reworded(&texts, &Unwatched))
}

/// Two passages that retell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    /// Number of the text and tokens of the earlier passage.
    pub(crate) a: (u32, TokenSpan),
    /// The later one.
    pub(crate) b: (u32, TokenSpan),
    /// Unusual words in both.
    pub(crate) shared: u32,
    /// Unusual words of the one that has fewer.
    pub(crate) unusual: u32,
}

/// The passages that texts, no two of them the same, retell, sorted; and how
/// many pairs of units or keys were left out as formulas.
pub(crate) fn search(texts: &[&str], plan: &FindPlan, watch: &dyn Watch) -> (Vec<Told>, u64) {
    let logs = Logs::default();
    watch.begin("weighing words", 0);
    let parts = gather(texts);
    let vocabulary = weigh(&parts, &logs);
    let corpus = number(parts, &vocabulary, &logs);
    let setting = Setting { corpus: &corpus, vocabulary: &vocabulary, logs: &logs };
    watch.begin("joining sentences", 0);
    let scope = plan.options().scope;
    let (mut links, mut formulas) = (Vec::new(), 0);
    if scope != Scope::Within {
        formulas += across(&setting, &mut links);
    }
    if scope != Scope::Across {
        formulas += within(&setting, &mut links);
    }
    links.par_sort_unstable();
    let told = compare(&setting, &links, plan.min_weight(), watch);
    (told, formulas)
}

/// Bytes of the texts that are gathered into one part. Any number gives the
/// same result.
const PART: usize = 1 << 18;

fn gather(texts: &[&str]) -> Vec<Part> {
    let mut blocks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (n, text) in texts.iter().enumerate() {
        bytes += text.len();
        if bytes >= PART || n + 1 == texts.len() {
            blocks.push(start..n + 1);
            (start, bytes) = (n + 1, 0);
        }
    }
    let of_block = |tokens: &mut Tokens, block: Range<usize>| {
        let mut part = Part::default();
        for n in block {
            tokens.clear();
            tokenize(texts[n], tokens);
            part.push(n as u32, texts[n], tokens);
        }
        part
    };
    blocks.into_par_iter().map_init(Tokens::default, of_block).collect()
}

fn weigh(parts: &[Part], logs: &Logs) -> Vocabulary {
    let counts: Vec<Count> = parts
        .par_iter()
        .map_init(Sorter::default, |sorter, part| part.count(sorter))
        .reduce(Vec::new, vocabulary::merge);
    let units: usize = parts.iter().map(Part::units).sum();
    Vocabulary::new(&counts, units as u32, logs)
}

fn number(parts: Vec<Part>, vocabulary: &Vocabulary, logs: &Logs) -> Corpus {
    let number = |spare: &mut _, part: Part| part.number(vocabulary, logs, spare);
    let parts: Vec<_> = parts.into_par_iter().map_init(Default::default, number).collect();
    Corpus::join(&parts)
}

/// Two documents by rank, the lower first, and a verified pair of their
/// units.
type Link = (u32, u32, Point);

/// Verified pairs of units of different documents. Returns how many were left
/// out.
fn across(setting: &Setting<'_>, out: &mut Vec<Link>) -> u64 {
    let Setting { corpus, vocabulary, .. } = *setting;
    let (pairs, mut left_out) = candidates(setting);
    let weight = |w: &Word| vocabulary.known(w.number).weight();
    let shares = |w: &Word| {
        let known = vocabulary.known(w.number);
        (known.weight(), known.evidence(known.weight()))
    };
    let sizes: Vec<Size> =
        (0..corpus.units()).into_par_iter().map(|u| Size::new(corpus.words(u), weight)).collect();
    let unit = |u: u32| (corpus.words(u), sizes[u as usize]);
    let alike = |&pair: &u64| {
        let (x, y) = halves(pair);
        verify::alike(unit(x), unit(y), verify::PROOF * vocabulary.whole(), shares)
    };
    let mut kept: Vec<u64> = pairs.into_par_iter().filter(alike).collect();
    left_out += verify::drop_formulas(&mut kept, corpus.units());
    out.par_extend(kept.into_par_iter().map(|pair| {
        let (x, y) = halves(pair);
        (corpus.owner(x), corpus.owner(y), (x, y))
    }));
    left_out
}

/// Units of which the keys are made at a time, and parts of all keys that are
/// joined at a time.
const UNITS: usize = 1 << 12;
const BUCKETS: u64 = 1 << 8;

/// Pairs of units of different documents with a key in common, sorted; and the
/// number of keys left out.
fn candidates(setting: &Setting<'_>) -> (Vec<u64>, u64) {
    let Setting { corpus, vocabulary, .. } = *setting;
    let units = corpus.units();
    let bits = units.max(2).next_power_of_two().trailing_zeros();
    let blocks: Vec<u32> = (0..units).step_by(UNITS).collect();
    let keys_of = |sorter: &mut Sorter, &from: &u32| {
        let mut keys = Vec::new();
        for unit in from..units.min(from + UNITS as u32) {
            let put = |key| keys.push(join::pack(key, unit, bits));
            keys::across(corpus.words(unit), vocabulary, put);
        }
        sorter.sort_hashes(&mut keys);
        keys
    };
    let keys: Vec<Vec<u64>> = blocks.par_iter().map_init(Sorter::default, keys_of).collect();
    let pairs_of = |sorter: &mut Sorter, bucket: u64| {
        let bucket_of = |key: u64| key >> (u64::BITS - BUCKETS.trailing_zeros());
        let mut own = Vec::new();
        for keys in &keys {
            let start = keys.partition_point(|&key| bucket_of(key) < bucket);
            let end = keys.partition_point(|&key| bucket_of(key) <= bucket);
            own.extend_from_slice(&keys[start..end]);
        }
        sorter.sort_hashes(&mut own);
        let mut pairs = Vec::new();
        let wanted = |x, y| corpus.owner(x) != corpus.owner(y);
        let left_out = join::pairs(&own, bits, wanted, &mut pairs);
        (pairs, left_out)
    };
    let joined: Vec<(Vec<u64>, u64)> =
        (0..BUCKETS).into_par_iter().map_init(Sorter::default, pairs_of).collect();
    let left_out = joined.iter().map(|j| j.1).sum();
    let mut pairs: Vec<u64> = joined.into_par_iter().flat_map_iter(|j| j.0).collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    (pairs, left_out)
}

fn halves(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// Verified pairs of units of one document, for all documents. Returns how
/// many were left out.
fn within(setting: &Setting<'_>, out: &mut Vec<Link>) -> u64 {
    let documents = (0..setting.corpus.documents()).into_par_iter();
    let found: Vec<(Vec<Link>, u64)> = documents.map(|rank| inside(setting, rank)).collect();
    let left_out = found.iter().map(|f| f.1).sum();
    out.extend(found.into_iter().flat_map(|f| f.0));
    left_out
}

/// Verified pairs of units of the document with a rank.
fn inside(setting: &Setting<'_>, rank: u32) -> (Vec<Link>, u64) {
    let Setting { corpus, vocabulary, logs } = *setting;
    let own = corpus.document(rank);
    let units = own.len();
    let bits = units.max(2).next_power_of_two().trailing_zeros();
    let mut keys = Vec::new();
    for unit in 0..units {
        let put = |key| keys.push(join::pack(key, unit, bits));
        keys::within(corpus.words(own.start + unit), units, setting, put);
    }
    keys.sort_unstable();
    let mut pairs = Vec::new();
    let wanted = |x: u32, y: u32| x.abs_diff(y) >= join::APART;
    let mut left_out = join::pairs(&keys, bits, wanted, &mut pairs);
    pairs.sort_unstable();
    pairs.dedup();
    let weight = |w: &Word| keys::weight_within(w, units, setting);
    let shares = |w: &Word| {
        let weight = weight(w);
        (weight, vocabulary.known(w.number).evidence(weight))
    };
    let unit = |u: u32| {
        let words = corpus.words(own.start + u);
        (words, Size::new(words, weight))
    };
    pairs.retain(|&pair| {
        let (x, y) = halves(pair);
        verify::alike(unit(x), unit(y), verify::PROOF * logs.of(units), shares)
    });
    left_out += verify::drop_formulas(&mut pairs, units);
    let links = pairs.into_iter().map(halves);
    (links.map(|(x, y)| (rank, rank, (own.start + x, own.start + y))).collect(), left_out)
}

/// What two documents tell, and what differs in its figures only.
type Compared = (Vec<(u32, u32, Telling)>, Vec<Region>);

/// Verified pairs of units, sorted -> passages that retell each other.
fn compare(setting: &Setting<'_>, links: &[Link], least: u32, watch: &dyn Watch) -> Vec<Told> {
    let corpus = setting.corpus;
    watch.begin("comparing passages", links.len() as u64);
    let of_documents = |comparer: &mut Comparer, own: &[Link]| -> Compared {
        let (a, b, _) = own[0];
        let mut points: Vec<Point> = own.iter().map(|link| link.2).collect();
        let (told, refused) = comparer.compare(setting, Pair { a, b, least }, &mut points);
        watch.advance(own.len() as u64);
        (told.into_iter().map(|t| (a, b, t)).collect(), refused)
    };
    let compared: Vec<Compared> = links
        .par_chunk_by(|x, y| (x.0, x.1) == (y.0, y.1))
        .map_init(Comparer::default, of_documents)
        .collect();
    let mut templates = Templates::new(corpus.units());
    compared.iter().flat_map(|c| &c.1).for_each(|&sides| templates.refuse(sides));
    let told = compared.into_iter().flat_map(|c| c.0).filter(|(_, _, t)| !templates.are(t));
    let mut told: Vec<Told> = told
        .map(|(a, b, t)| {
            let x = (corpus.source(a), corpus.tokens(t.a));
            let y = (corpus.source(b), corpus.tokens(t.b));
            Told { a: x.min(y), b: x.max(y), shared: t.shared, unusual: t.unusual }
        })
        .collect();
    told.par_sort_unstable();
    told
}

#[cfg(test)]
mod tests;
