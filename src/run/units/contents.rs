//! Units as they come -> different contents, and what they are compared by.
//!
//! * time: a look-up a unit; a set `O(tokens)` each time it is made
//! * space: 40 bytes a content, and 8 bytes for each token of those that are
//!   compared

use ahash::AHashMap;

use crate::options::find::FindPlan;
use crate::options::find::UNIT_NGRAM;
use crate::radix::Sorter;
use crate::run::documents::sets::Sets;
use crate::run::passages::FindError;
use crate::shingle::Shingler;
use crate::span::TokenSpan;

/// A unit of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Equal for units that are the same after normalisation.
    pub(super) key: u128,
    /// Its tokens, counted from the first of the text.
    pub(super) span: TokenSpan,
    /// Their weight.
    pub(super) weight: u32,
}

/// Different contents, numbered in the order of their first units.
#[derive(Debug)]
pub(super) struct Contents {
    known: AHashMap<u128, u32>,
    /// Weight of each.
    pub(super) weights: Vec<u32>,
    /// Those that are compared with others, ascending.
    pub(super) compared: Vec<u32>,
    /// Tokens of those that are compared, one after the other, and their
    /// weights where some are not words.
    tokens: Vec<u64>,
    token_weights: Vec<u8>,
    /// Ends of each in the two.
    ends: Vec<(usize, usize)>,
    shingler: Shingler,
    least: u32,
}

impl Contents {
    pub(super) fn new(plan: &FindPlan) -> Contents {
        Contents {
            known: AHashMap::new(),
            weights: Vec::new(),
            compared: Vec::new(),
            tokens: Vec::new(),
            token_weights: Vec::new(),
            ends: Vec::new(),
            shingler: Shingler::new(UNIT_NGRAM),
            least: plan.min_weight(),
        }
    }

    /// Bytes that they take, about.
    pub(super) fn bytes(&self) -> usize {
        /// An entry of the map, half of which may be empty.
        const KNOWN: usize = 64;
        KNOWN * self.known.len()
            + size_of_val(&*self.weights)
            + size_of_val(&*self.tokens)
            + self.token_weights.len()
            + size_of_val(&*self.ends)
    }

    /// Number of contents.
    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// From here on, all contents are new.
    pub(super) fn forget(&mut self) {
        // Clearing takes as long as the largest text was.
        self.known = AHashMap::new();
    }

    /// The number of a unit's content; `tokens` and `weights` are those of the
    /// whole text.
    pub(super) fn number(
        &mut self,
        unit: Unit,
        tokens: &[u64],
        weights: &[u8],
    ) -> Result<u32, FindError> {
        let next = u32::try_from(self.len()).ok().filter(|&n| n < u32::MAX);
        let next = next.ok_or(FindError::TooManyTokens)?;
        let number = *self.known.entry(unit.key).or_insert(next);
        if number < next {
            return Ok(number);
        }
        self.weights.push(unit.weight);
        let tokens = &tokens[unit.span.range()];
        let weights = weights.get(unit.span.range()).unwrap_or(&[]);
        // What is shorter than a shingle is alike its copies only.
        if unit.weight >= self.least && !self.shingler.is_short(tokens.len(), weights) {
            self.compared.push(number);
            self.tokens.extend_from_slice(tokens);
            self.token_weights.extend_from_slice(weights);
            self.ends.push((self.tokens.len(), self.token_weights.len()));
        }
        Ok(number)
    }

    /// Some of the contents that are compared, by place.
    pub(super) fn slice(&self, from: usize, len: usize) -> Slice<'_> {
        Slice { contents: self, from, len }
    }
}

/// Contents that are compared with each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a> {
    contents: &'a Contents,
    from: usize,
    len: usize,
}

impl Sets for Slice<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn set(&self, document: u32, sorter: &mut Sorter, set: &mut Vec<u64>) {
        let all = self.contents;
        let place = self.from + document as usize;
        let start = place.checked_sub(1).map_or((0, 0), |before| all.ends[before]);
        let end = all.ends[place];
        let (tokens, weights) = (&all.tokens[start.0..end.0], &all.token_weights[start.1..end.1]);
        all.shingler.set(tokens, weights, sorter, set);
    }
}
