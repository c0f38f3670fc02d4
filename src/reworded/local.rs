//! Two stretches of units -> pairs of units alike; two passages -> what they
//! share.
//!
//! In two stretches on one topic the words of the topic are unusual in the
//! corpus but common here, and say little about which sentence tells which.
//! So a word weighs the logarithm of the number of units of both stretches
//! for each of them that holds it.
//!
//! The first document is opened once and compared with stretches of any
//! number of others. Only what its words meet is added up.
//!
//! * time: linear in the words of both stretches, plus one step for each
//!   word that two units share and each pair of units
//! * space: linear in the words of both stretches
//!
//! Approximation: of a word that stands in the first stretch only, or not in
//! the first document at all, the units that hold it are not counted in the
//! stretch but near each unit, ahead of time.

use std::ops::Range;

use crate::reworded::Point;
use crate::reworded::Setting;
use crate::reworded::UnitSpan;
use crate::reworded::log::Logs;
use crate::reworded::measure::Measure;
use crate::reworded::regions::Region;
use crate::reworded::sheet::NONE;
use crate::reworded::sheet::Sheet;
use crate::reworded::verify;
use crate::reworded::verify::Size;
use crate::reworded::vocabulary::FIRST;
use crate::reworded::vocabulary::Known;

/// Least cosine and share of words, in percent, of a pair of units that may
/// extend a passage: five sixths of what founds one. With less, neighbours on
/// the same topic are drawn in.
const WEAK: u64 = 27;

/// Pairs of units alike, the weak ones with the strong ones among them.
#[derive(Clone, Debug, Default)]
pub struct Alike {
    /// Those that may extend a passage.
    pub weak: Vec<Point>,
    /// Those that may found one.
    pub strong: Vec<Point>,
}

impl Alike {
    /// Sorts both, and drops what was added twice.
    pub fn sort(&mut self) {
        for points in [&mut self.weak, &mut self.strong] {
            points.sort_unstable();
            points.dedup();
        }
    }
}

/// Compares stretches of an open document with others.
#[derive(Debug, Default)]
pub struct Local {
    sheet: Sheet,
    /// The stretches of which the words were weighed.
    region: Option<Region>,
    /// Logarithm of the number of their units.
    whole: u32,
    /// For each word of the open document, its place among the common ones.
    places: Vec<u32>,
    /// Different words that the open document and the second stretch have.
    common: Vec<Common>,
    /// Those of all units of the second stretch, one unit after the other.
    shared: Vec<Shared>,
    /// End of those of each unit.
    ends: Vec<u32>,
    /// For each unit of the first stretch, a scalar product in the high bits
    /// and a number of words in the low ones.
    sums: Vec<u64>,
    sizes: Vec<Size>,
    /// For each of its units, what the words shared must exceed.
    needs: Vec<u64>,
    tally: Tally,
}

/// A word that the open document and the second stretch have.
#[derive(Clone, Debug)]
struct Common {
    /// Which word of the open document it is.
    local: u32,
    /// Units of the second stretch that have it.
    units: u32,
    weight: u32,
    /// Postings of the first stretch.
    first: Range<u32>,
}

/// A common word of a unit of the second stretch.
#[derive(Clone, Copy, Debug)]
struct Shared {
    /// Its place among the common ones.
    place: u32,
    times: u8,
    near: u8,
}

/// Stands for the place of a word that is not common.
const ALONE: u32 = u32::MAX;

/// Bits of a sum that count shared words. A unit has no more than a hundred.
const COUNT: u32 = 12;

const WORDS: u64 = (1 << COUNT) - 1;

impl Local {
    /// Opens the document with a rank.
    pub fn open(&mut self, setting: &Setting<'_>, document: u32) {
        if self.sheet.open(setting, document) {
            let words = self.sheet.words().len();
            self.region = None;
            self.common.clear();
            self.places.clear();
            self.places.resize(words, ALONE);
            self.tally.times.clear();
            self.tally.times.resize(words, Times::default());
        }
    }

    /// Weighs the words of two stretches, the first of the open document.
    pub fn weigh(&mut self, setting: &Setting<'_>, region: Region) {
        if self.region == Some(region) {
            return;
        }
        let (a, b) = region;
        self.region = Some(region);
        self.whole = setting.logs.of(a.len() + b.len());
        for word in self.common.drain(..) {
            self.places[word.local as usize] = ALONE;
        }
        self.shared.clear();
        self.ends.clear();
        for unit in b.start..b.end {
            for w in setting.corpus.words(unit) {
                let local = self.sheet.local(w.number);
                if local == NONE {
                    continue;
                }
                let place = &mut self.places[local as usize];
                if *place == ALONE {
                    *place = self.common.len() as u32;
                    let first = self.sheet.range(local, a);
                    self.common.push(Common { local, units: 0, weight: 0, first });
                }
                self.common[*place as usize].units += 1;
                self.shared.push(Shared { place: *place, times: w.times, near: w.near });
            }
            self.ends.push(self.shared.len() as u32);
        }
        for word in &mut self.common {
            let units = word.first.len() as u32 + word.units;
            word.weight = self.whole - setting.logs.of(units);
        }
    }

    /// Words of a unit of the second stretch that the open document has.
    fn shared(&self, unit: u32, b: UnitSpan) -> &[Shared] {
        let n = (unit - b.start) as usize;
        let start = n.checked_sub(1).map_or(0, |n| self.ends[n]);
        &self.shared[start as usize..self.ends[n] as usize]
    }

    /// Weight of a word of one stretch, of which `near` units have it.
    #[inline]
    fn alone(&self, logs: &Logs, near: u8) -> u32 {
        self.whole.saturating_sub(logs.of(u32::from(near)))
    }

    /// Adds the pairs of units alike of a stretch of the open document and one
    /// of another, or one after it in the same, to `out`. Neither may be empty.
    pub fn compare(&mut self, setting: &Setting<'_>, region: Region, out: &mut Alike) {
        self.weigh(setting, region);
        let (a, b) = region;
        self.measure_first(setting, a);
        self.needs.clear();
        self.needs.extend(self.sizes.iter().map(|size| WEAK * u64::from(size.words)));
        self.sums.clear();
        self.sums.resize(a.len() as usize, 0);
        for unit in b.start..b.end {
            let size = self.add(setting, unit, region);
            let need = WEAK * u64::from(size.words);
            for (i, (sum, first)) in self.sums.iter().zip(&self.needs).enumerate() {
                // The test of words, which most pairs fail.
                if (sum & WORDS) * 200 > first + need {
                    self.decide(i, size, (a.start + i as u32, unit), out);
                }
            }
            self.sums.fill(0);
        }
    }

    /// Notes a pair of units that has enough words in common, if it is alike.
    fn decide(&self, i: usize, size: Size, point: Point, out: &mut Alike) {
        let (sum, other) = (self.sums[i], self.sizes[i]);
        let (dot, shared) = (sum >> COUNT, sum & WORDS);
        if verify::enough_cosine(dot, other, size, WEAK) {
            out.weak.push(point);
            if verify::enough_words(shared, other, size, verify::DICE)
                && verify::enough_cosine(dot, other, size, verify::COSINE)
            {
                out.strong.push(point);
            }
        }
    }

    /// Sizes of the units of the first stretch: those they would have alone,
    /// set right for the words that the second has as well.
    fn measure_first(&mut self, setting: &Setting<'_>, a: UnitSpan) {
        self.sizes.clear();
        self.sizes.extend((a.start..a.end).map(|u| setting.corpus.sums(u).size(self.whole)));
        for word in &self.common {
            for p in self.sheet.postings(word.first.clone()) {
                let size = &mut self.sizes[(p.unit - a.start) as usize];
                size.square += square(word.weight, p.times);
                size.square -= square(self.whole.abs_diff(u32::from(p.log)), p.times);
            }
        }
    }

    /// Adds what a unit shares with each of the first stretch to the sums;
    /// returns its size.
    fn add(&mut self, setting: &Setting<'_>, unit: u32, (a, b): Region) -> Size {
        let mut sums = std::mem::take(&mut self.sums);
        let mut size = setting.corpus.sums(unit).size(self.whole);
        for w in self.shared(unit, b) {
            let word = &self.common[w.place as usize];
            let near = setting.logs.of(u32::from(w.near));
            size.square += square(word.weight, w.times);
            size.square -= square(self.whole.abs_diff(near), w.times);
            let weight = u64::from(word.weight);
            let each = (weight * weight * u64::from(w.times)) << COUNT;
            for p in self.sheet.postings(word.first.clone()) {
                sums[(p.unit - a.start) as usize] += (each * u64::from(p.times)) | 1;
            }
        }
        self.sums = sums;
        size
    }

    /// What two passages share; both lie in the stretches that were weighed.
    ///
    /// Inside one document a word proves what it does there or in the corpus,
    /// whichever is less.
    pub fn measure(&mut self, setting: &Setting<'_>, a: UnitSpan, b: UnitSpan) -> Measure {
        let units = self.sheet.units();
        let own = units.meets(b);
        let mut m = Measure::default();
        let mut tally = std::mem::take(&mut self.tally);
        for e in (a.start..a.end).flat_map(|unit| self.sheet.entries(unit)) {
            if e.local < FIRST {
                let known = setting.vocabulary.known(e.local);
                m.add_once(known, self.whole, e.times, true);
            } else {
                let times = tally.of(e.local);
                times.a += u32::from(e.times);
                times.near = times.near.max(e.near);
            }
        }
        for w in (b.start..b.end).flat_map(|unit| setting.corpus.words(unit)) {
            let local = self.sheet.local(w.number);
            if w.number < FIRST {
                let known = setting.vocabulary.known(w.number);
                m.add_once(known, self.whole, w.times, false);
            } else if local == NONE {
                tally.rest.push((w.number, w.near, w.times));
            } else {
                tally.of(local).b += u32::from(w.times);
            }
        }
        for local in tally.seen.drain(..) {
            let times = std::mem::take(&mut tally.times[local as usize]);
            let word = self.sheet.words()[local as usize];
            let weight = match self.common.get(self.places[local as usize] as usize) {
                Some(common) => common.weight,
                None => self.alone(setting.logs, times.near),
            };
            let mut proof = word.known.weight();
            if own {
                proof = proof.min(setting.logs.of(units.len()) - setting.logs.of(word.units));
            }
            m.add(word.known, weight, proof, (times.a, times.b));
        }
        tally.rest.sort_unstable();
        for same in tally.rest.chunk_by(|x, y| x.0 == y.0) {
            let times = same.iter().map(|r| u32::from(r.2)).sum();
            let near = same.iter().map(|r| r.1).max().unwrap_or(1);
            let weight = self.alone(setting.logs, near);
            let known: Known = setting.vocabulary.known(same[0].0);
            m.add(known, weight, 0, (0, times));
        }
        tally.rest.clear();
        self.tally = tally;
        m
    }
}

/// What a word with a weight adds to the square of a size.
#[inline]
fn square(weight: u32, times: u8) -> u64 {
    let (weight, times) = (u64::from(weight), u64::from(times));
    weight * weight * times * times
}

/// How often two passages have each word.
#[derive(Debug, Default)]
struct Tally {
    /// Of the words of the open document.
    times: Vec<Times>,
    /// Those that are in one of the passages.
    seen: Vec<u32>,
    /// Words that only the second document has: number, units near, times.
    rest: Vec<(u32, u8, u8)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    a: u32,
    b: u32,
    near: u8,
}

impl Tally {
    fn of(&mut self, local: u32) -> &mut Times {
        let times = &mut self.times[local as usize];
        if times.a + times.b == 0 {
            self.seen.push(local);
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::reworded::corpus::tests::corpus;
    use std::collections::BTreeMap;

    /// Texts of few different words, so that much is shared; some words stand
    /// in one unit only, some are figures.
    fn texts(seed: u64) -> Vec<String> {
        let mut state = seed;
        let mut next = |n: u64| hash::splitmix64(&mut state) % n;
        let mut word = |once: u64| match next(12) {
            0 => format!("only{once}"),
            1 => format!("{} ", next(5)),
            n => format!("w{}", next(n * n)),
        };
        let mut once = 0;
        let mut text = |units: u64| {
            let mut unit = || {
                let words = (0..4 + once % 7).map(|_| {
                    once += 1;
                    word(once)
                });
                words.collect::<Vec<_>>().join(" ") + ". "
            };
            (0..units).map(|_| unit()).collect::<String>()
        };
        (0..3).map(|n| text(3 + (seed * 7 + n * 5) % 30)).collect()
    }

    /// What the words of a unit weigh, by the definition; those that stand in
    /// one unit of the corpus are told apart.
    struct Naive<'a> {
        setting: Setting<'a>,
        first: UnitSpan,
        region: Region,
    }

    impl Naive<'_> {
        fn has(&self, span: UnitSpan, number: u32) -> u32 {
            let has =
                |u: &usize| self.setting.corpus.words(*u as u32).iter().any(|w| w.number == number);
            span.range().filter(has).count() as u32
        }

        fn vector(&self, span: UnitSpan) -> BTreeMap<(u32, u32, u8), (f64, f64)> {
            let (a, b) = self.region;
            let logs = self.setting.logs;
            let whole = logs.of(a.len() + b.len());
            let mut vector = BTreeMap::new();
            for unit in span.start..span.end {
                for w in self.setting.corpus.words(unit) {
                    if w.number < FIRST {
                        let each = |n| ((w.number, unit, n), (1.0, f64::from(whole)));
                        vector.extend((0..w.times).map(each));
                        continue;
                    }
                    let second = self.has(b, w.number);
                    let known = self.has(self.first, w.number) > 0;
                    let log = if second > 0 && known {
                        logs.of(second + self.has(a, w.number))
                    } else {
                        logs.of(u32::from(w.near))
                    };
                    let weight = f64::from(whole.saturating_sub(log));
                    let entry = vector.entry((w.number, 0, 0)).or_insert((0.0, f64::MAX));
                    entry.0 += f64::from(w.times);
                    // Of units near it, the most.
                    entry.1 = entry.1.min(weight);
                }
            }
            vector
        }
    }

    fn product(
        x: &BTreeMap<(u32, u32, u8), (f64, f64)>,
        y: &BTreeMap<(u32, u32, u8), (f64, f64)>,
    ) -> (f64, f64, f64, usize) {
        let square = |v: &BTreeMap<_, (f64, f64)>| v.values().map(|(t, w)| (t * w).powi(2)).sum();
        let both = x.iter().filter_map(|(k, (t, w))| y.get(k).map(|(u, v)| t * w * u * v));
        (both.clone().sum(), square(x), square(y), both.count())
    }

    #[test]
    fn units_and_passages_are_compared_by_the_definition() {
        let logs = Logs::default();
        let (mut found, mut local) = (0, Local::default());
        for seed in 0..120 {
            let texts = texts(seed);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let (corpus, vocabulary) = corpus(&texts, 2);
            let setting = Setting { corpus: &corpus, vocabulary: &vocabulary, logs: &logs };
            let mut state = seed;
            let mut part = |of: UnitSpan| {
                let start = of.start + (hash::splitmix64(&mut state) % u64::from(of.len())) as u32;
                let rest = u64::from(of.end - start);
                UnitSpan { start, end: start + 1 + (hash::splitmix64(&mut state) % rest) as u32 }
            };
            // The last: two halves of one document.
            for (x, y) in [(0, 1), (0, 2), (1, 2), (2, 2)] {
                let (first, second) = (corpus.document(x), corpus.document(y));
                let middle = first.start + first.len() / 2;
                let (left, right) = if x == y {
                    (UnitSpan { end: middle, ..first }, UnitSpan { start: middle, ..first })
                } else {
                    (first, second)
                };
                let region = (part(left), part(right));
                local.open(&setting, x);
                let mut alike = Alike::default();
                local.compare(&setting, region, &mut alike);
                let naive = Naive { setting, first, region };
                for i in region.0.start..region.0.end {
                    for j in region.1.start..region.1.end {
                        let one = |n| UnitSpan { start: n, end: n + 1 };
                        let (a, b) = (naive.vector(one(i)), naive.vector(one(j)));
                        let (dot, p, q, shared) = product(&a, &b);
                        let dice = 2.0 * shared as f64 / (a.len() + b.len()) as f64;
                        let cosine = if p * q > 0.0 { dot / (p * q).sqrt() } else { 0.0 };
                        for (points, least) in
                            [(&alike.weak, WEAK), (&alike.strong, verify::COSINE)]
                        {
                            let least = least as f64 / 100.0;
                            if (cosine - least).abs() > 1e-9 {
                                let expected = cosine > least && dice > least;
                                assert_eq!(points.contains(&(i, j)), expected, "{seed}: {i}, {j}");
                                found += usize::from(expected);
                            }
                        }
                    }
                }
                let (a, b) = (part(region.0), part(region.1));
                let m = local.measure(&setting, a, b);
                let (v, w) = (naive.vector(a), naive.vector(b));
                let (dot, p, q, _) = product(&v, &w);
                assert_eq!((m.dot as f64, m.squares.0 as f64, m.squares.1 as f64), (dot, p, q));
                let figure = |k: &&(u32, u32, u8)| vocabulary.known(k.0).is_figure();
                let count =
                    |v: &BTreeMap<(u32, u32, u8), _>| v.keys().filter(|k| !figure(k)).count();
                assert_eq!((m.words.a, m.words.b), (count(&v) as u64, count(&w) as u64));
                let weight = |k: &(u32, u32, u8)| u64::from(vocabulary.known(k.0).weight());
                let figures: u64 = v.keys().filter(figure).map(weight).sum();
                assert_eq!(m.figures.a, figures);
                let both = v.keys().filter(|k| w.contains_key(*k));
                let shared: u64 = both.clone().filter(figure).map(weight).sum();
                assert_eq!(m.figures.both, shared);
                let evidence: u64 = both
                    .filter(|k| !figure(k))
                    .map(|k| {
                        let here = logs.of(first.len()) - logs.of(naive.has(first, k.0).max(1));
                        weight(k).min(if x == y { u64::from(here) } else { u64::MAX })
                    })
                    .sum();
                assert_eq!(m.evidence, evidence);
            }
        }
        assert!(found > 200, "{found}");
    }
}
