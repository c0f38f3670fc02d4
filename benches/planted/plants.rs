//! Passages planted in other documents, and which of them are found.

use std::collections::BTreeMap;

use twicetold::report::Found;
use twicetold::span::ByteSpan;

use crate::prose::Speaker;
use crate::prose::Writing;

/// What is planted in what.
pub(crate) struct Field {
    pub(crate) documents: usize,
    pub(crate) words_a_document: usize,
    /// Words of a passage.
    pub(crate) lengths: &'static [usize],
    /// Edited words in percent.
    pub(crate) rates: &'static [u64],
    /// Plants of each length in each cell, of which some are cut by others.
    pub(crate) plants: &'static [usize],
}

/// Plants not cut and plants found, by length and rate.
pub(crate) type Table = Vec<Vec<(u32, u32)>>;

/// A passage and its copy.
pub(crate) struct Plant {
    length: usize,
    rate: usize,
    from: usize,
    start: usize,
    to: usize,
    /// The copy stands before this word of the other document.
    at: usize,
    copy: Vec<u32>,
}

pub(crate) fn plants(field: &Field, speaker: &mut Speaker, base: &[Vec<u32>]) -> Vec<Plant> {
    let (documents, long) = (field.documents as u64, field.words_a_document as u64);
    let mut plants = Vec::new();
    for (length, &words) in field.lengths.iter().enumerate() {
        for (rate, &percent) in field.rates.iter().enumerate() {
            for _ in 0..field.plants[length] {
                let from = speaker.below(documents) as usize;
                let other = speaker.below(documents - 1) as usize;
                let to = if other < from { other } else { other + 1 };
                let start = speaker.below(long - words as u64) as usize;
                let at = speaker.below(long + 1) as usize;
                let copy = speaker.edited(&base[from][start..start + words], percent);
                plants.push(Plant { length, rate, from, start, to, at, copy });
            }
        }
    }
    plants
}

/// A document with its copies, and where its words and the copies stand.
pub(crate) struct Written {
    pub(crate) text: String,
    words: Vec<ByteSpan>,
    copies: BTreeMap<usize, ByteSpan>,
}

pub(crate) fn write(
    document: usize,
    words: &[u32],
    plants: &[Plant],
    writing: &Writing,
) -> Written {
    let mut here: Vec<usize> = (0..plants.len()).filter(|&p| plants[p].to == document).collect();
    here.sort_by_key(|&p| (plants[p].at, p));
    let mut here = here.into_iter().peekable();
    let mut out = Written { text: String::new(), words: Vec::new(), copies: BTreeMap::new() };
    for at in 0..=words.len() {
        while let Some(plant) = here.next_if(|&p| plants[p].at == at) {
            let spans: Vec<ByteSpan> =
                plants[plant].copy.iter().map(|&w| say(writing, w, &mut out.text)).collect();
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                out.copies.insert(plant, ByteSpan { start: first.start, end: last.end });
            }
        }
        if at < words.len() {
            out.words.push(say(writing, words[at], &mut out.text));
        }
    }
    out
}

fn say(writing: &Writing, word: u32, text: &mut String) -> ByteSpan {
    let start = text.len() as u32;
    text.push_str(writing.word(word));
    let end = text.len() as u32;
    text.push_str(writing.between);
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

pub(crate) fn count(field: &Field, plants: &[Plant], written: &[Written], found: &Found) -> Table {
    let index = Index::new(found);
    let mut cuts: Vec<Vec<usize>> = vec![Vec::new(); written.len()];
    for plant in plants {
        cuts[plant.to].push(plant.at);
    }
    let mut table = vec![vec![(0, 0); field.rates.len()]; field.lengths.len()];
    for (n, plant) in plants.iter().enumerate() {
        let words = plant.start..plant.start + field.lengths[plant.length];
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
