//! MAIN PATH for whole units: texts -> clusters of repeated paragraphs,
//! sentences or lines.
//!
//! 1. [`Search::insert`]: each text -> tokens -> units; texts with the same
//!    units are collapsed to the first, units with the same tokens are one
//!    content;
//! 2. [`Search::finish`]: contents -> shingles -> those that are alike, by the
//!    engine of near-duplicate documents ([`crate::run::documents`]) ->
//!    clusters around leaders -> places in the texts.
//!
//! A token belongs to the unit in which it starts; what holds no token is no
//! unit. A unit's span runs from its first token to its last, so that marks
//! around it are left out. Units that stand back to back word for word are a
//! run, one occurrence. Two units are alike when the Jaccard similarity of
//! their shingles of [`UNIT_NGRAM`](crate::options::find::UNIT_NGRAM) words
//! reaches the threshold; a score of 1 says that they have the same shingles.
//!
//! * time: near-linear; when all pairs are asked for, as many as there are
//! * space: 8 bytes a unit, 40 a content, and what [`contents`] and the engine
//!   take; the texts are the caller's
//!
//! The result is a function of texts and options alone.

use ahash::AHashMap;
use rayon::prelude::*;

use crate::hash;
use crate::options::WORD_WEIGHT;
use crate::options::find::FindPlan;
use crate::options::find::Level;
use crate::options::find::Method;
use crate::options::find::Scope;
use crate::report::Found;
use crate::report::Summary;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::copies::Copies;
use crate::run::documents::sets;
use crate::run::documents::sets::Alike;
use crate::run::documents::sets::TooManyShingles;
use crate::run::passages::FindError;
use crate::run::units::clusters::Parts;
use crate::run::units::contents::Contents;
use crate::run::units::contents::Unit;
use crate::run::units::groups::Homes;
use crate::span::ByteSpan;
use crate::span::TokenSpan;
use crate::text::Tokens;
use crate::text::borders;
use crate::text::tokenize;

mod clusters;
mod contents;
mod groups;
#[cfg(test)]
mod tests;

/// A search that takes its texts one by one.
#[derive(Debug)]
pub(crate) struct Search {
    plan: FindPlan,
    contents: Contents,
    /// Content of each unit of all classes, and the token after its last,
    /// counted from the first of the class.
    units: Vec<(u32, u32)>,
    /// End of each class's units.
    ends: Vec<usize>,
    /// Contents that are compared, at the end of each class.
    compared: Vec<usize>,
    /// The class of each document: documents with the same units are one.
    class_of: Vec<u32>,
    classes: AHashMap<u128, u32>,
    bytes: u64,
    tokens: u64,
}

/// What one text gives.
#[derive(Debug)]
pub(crate) struct Prepared {
    content: u128,
    units: Vec<Unit>,
    tokens: Vec<u64>,
    weights: Vec<u8>,
}

/// One text -> what the search needs of it.
///
/// # Panics
///
/// If the plan is for passages.
pub(crate) fn prepare(text: &str, plan: &FindPlan, tokens: &mut Tokens) -> Prepared {
    tokens.clear();
    tokenize(text, tokens);
    let units = match plan.options().level {
        Level::Passage => unreachable!("passages are no units"),
        Level::Paragraph => cut(tokens, borders::paragraphs(text)),
        Level::Sentence => cut(tokens, borders::sentences(text)),
        Level::Line => cut(tokens, borders::lines(text)),
    };
    let keys: Vec<u64> = units.iter().flat_map(|u| [(u.key >> 64) as u64, u.key as u64]).collect();
    let content = hash::content(&keys);
    if tokens.len() > LONG {
        let Tokens { hashes, weights, .. } = std::mem::take(tokens);
        return Prepared { content, units, tokens: hashes, weights };
    }
    let (hashes, weights) = (tokens.hashes.clone(), tokens.weights.clone());
    Prepared { content, units, tokens: hashes, weights }
}

/// Tokens from which on a text's are handed on, and not copied to keep the
/// room for the next one.
const LONG: usize = 1 << 16;

/// Tokens -> units between borders that ascend and leave out no token.
fn cut(tokens: &Tokens, borders: impl Iterator<Item = ByteSpan>) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut start = 0;
    for border in borders {
        let rest = &tokens.spans[start..];
        let end = start + rest.iter().take_while(|t| t.start < border.end).count();
        if end > start {
            let weight: u64 = match tokens.weights.get(start..end) {
                Some(weights) => weights.iter().map(|&w| u64::from(w)).sum(),
                None => (end - start) as u64 * u64::from(WORD_WEIGHT),
            };
            units.push(Unit {
                key: hash::content(&tokens.hashes[start..end]),
                span: TokenSpan { start: start as u32, end: end as u32 },
                weight: u32::try_from(weight).unwrap_or(u32::MAX),
            });
        }
        start = end;
    }
    units
}

/// Finds the units that texts repeat; see [`crate::find`].
pub(crate) fn find(texts: &[&str], plan: FindPlan) -> Result<Found, FindError> {
    if let Some(document) = texts.iter().position(|t| u32::try_from(t.len()).is_err()) {
        return Err(FindError::TextTooLong { document });
    }
    let prepared: Vec<Prepared> = texts
        .par_iter()
        .map_init(Tokens::default, |tokens, text| prepare(text, &plan, tokens))
        .collect();
    let mut search = Search::new(plan);
    for (text, one) in texts.iter().zip(prepared) {
        search.insert(text.len(), one)?;
    }
    search.finish(texts, &Unwatched)
}

impl Search {
    /// Bytes held.
    pub(crate) fn held(&self) -> u64 {
        (self.contents.bytes() + size_of_val(&*self.units)) as u64
    }

    /// A search without texts.
    pub(crate) fn new(plan: FindPlan) -> Search {
        Search {
            contents: Contents::new(&plan),
            plan,
            units: Vec::new(),
            ends: Vec::new(),
            compared: Vec::new(),
            class_of: Vec::new(),
            classes: AHashMap::new(),
            bytes: 0,
            tokens: 0,
        }
    }

    /// Adds a text of `bytes` bytes that was prepared with the plan of this
    /// search.
    pub(crate) fn insert(&mut self, bytes: usize, one: Prepared) -> Result<(), FindError> {
        self.bytes += bytes as u64;
        self.tokens += one.tokens.len() as u64;
        let next = self.ends.len() as u32;
        let class = *self.classes.entry(one.content).or_insert(next);
        self.class_of.push(class);
        if class < next {
            return Ok(());
        }
        if self.plan.options().scope == Scope::Within {
            self.contents.forget();
        }
        for unit in one.units {
            let content = self.contents.number(unit, &one.tokens, &one.weights)?;
            self.units.push((content, unit.span.end));
        }
        self.ends.push(self.units.len());
        self.compared.push(self.contents.compared.len());
        Ok(())
    }

    /// Searches what was added.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyShingles`].
    ///
    /// # Panics
    ///
    /// If `texts` are not those added, in their order.
    pub(crate) fn finish(mut self, texts: &[&str], watch: &dyn Watch) -> Result<Found, FindError> {
        assert_eq!(texts.len(), self.class_of.len(), "the texts that were added");
        self.contents.forget();
        let copies = Copies::new(&self.class_of, self.ends.len());
        let homes = Homes::new(&self.units, &self.ends, self.contents.len(), &copies);
        let ranks = self.ranks(&homes);
        let alike =
            self.alike(&ranks, watch).map_err(|TooManyShingles| FindError::TooManyShingles)?;
        watch.begin("grouping", 0);
        let scope = self.plan.options().scope;
        let least = self.plan.exact_weight();
        let weights = &self.contents.weights;
        let exact = |content: u32| weights[content as usize] >= least;
        let Alike { families, edges, recall, crowds } = alike;
        let groups = groups::groups(families, edges, &homes, (&ranks, scope), exact);
        watch.begin("locating", 0);
        let parts = Parts {
            plan: &self.plan,
            copies: &copies,
            contents: &self.contents,
            units: &self.units,
            ends: &self.ends,
        };
        let mut found = clusters::report(&parts, &groups, texts);
        let banded = recall < 1.0;
        found.summary = Summary {
            documents: texts.len() as u64,
            bytes: self.bytes,
            tokens: self.tokens,
            units: homes.units,
            method: Some(if banded { Method::Lsh } else { Method::Join }),
            recall: (recall * 10_000.0) as u32,
            crowds,
            ..found.summary
        };
        Ok(found)
    }

    /// How much each content is preferred as a leader: the one that stands
    /// most often, then the longest, then the first.
    fn ranks(&self, homes: &Homes) -> Vec<u32> {
        let weights = &self.contents.weights;
        let mut order: Vec<u32> = (0..self.contents.len() as u32).collect();
        order.par_sort_unstable_by_key(|&c| {
            let c = c as usize;
            (std::cmp::Reverse((homes.counts[c], weights[c])), c)
        });
        let mut ranks = vec![0; order.len()];
        for (rank, &content) in (0..).zip(&order) {
            ranks[content as usize] = rank;
        }
        ranks
    }

    /// The contents that are alike, those of one text only if the scope is
    /// within.
    fn alike(&self, ranks: &[u32], watch: &dyn Watch) -> Result<Alike, TooManyShingles> {
        let compared = &self.contents.compared;
        let of = |from: usize, to: usize, watch: &dyn Watch| {
            if to - from < 2 {
                return Ok(Alike::default());
            }
            let numbers = &compared[from..to];
            let own: Vec<u32> = numbers.iter().map(|&c| ranks[c as usize]).collect();
            let plan = self.plan.units(numbers.len());
            let found = sets::alike(&self.contents.slice(from, to - from), plan, &own, watch);
            found.map(|alike| alike.renumbered(|place| numbers[place as usize]))
        };
        if self.plan.options().scope != Scope::Within {
            return of(0, compared.len(), watch);
        }
        watch.begin("comparing", compared.len() as u64);
        let starts = std::iter::once(0).chain(self.compared.iter().copied());
        let classes: Vec<(usize, usize)> = starts.zip(self.compared.iter().copied()).collect();
        let found: Vec<Result<Alike, TooManyShingles>> = classes
            .par_iter()
            .filter(|(from, to)| to - from > 1)
            .map(|&(from, to)| {
                let found = of(from, to, &Unwatched);
                watch.advance((to - from) as u64);
                found
            })
            .collect();
        let mut all = Alike::default();
        for one in found {
            all.add(one?);
        }
        Ok(all)
    }
}
