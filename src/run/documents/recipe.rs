//! One text -> what the search needs of it.
//!
//! * time: `O(bytes)`, a signature `O(shingles * num_perm)`
//! * space: what is returned, and a [`Workspace`] for each thread

use crate::cluster::Overlap;
use crate::contain;
use crate::contain::Ordered;
use crate::differ::Bag;
use crate::differ::Numbers;
use crate::hash;
use crate::join::Bounds;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::options::dedup::Measure;
use crate::options::dedup::Unit;
use crate::radix::Sorter;
use crate::shingle::Shingler;
use crate::sketch::Sketcher;
use crate::text;
use crate::text::Hashes;
use crate::text::Tokens;
use crate::verify::overlap;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// How texts are compared, given their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing but white space: with nothing.
    Empty,
    /// Shorter than a shingle, or without a token: as a whole.
    Short,
    /// By their shingles.
    Long,
}

/// What stands for a text while pairs are looked for.
#[derive(Debug)]
pub(super) enum Made {
    Signature(Box<[u32]>),
    Material(Material),
}

/// A text as it is taken in.
#[derive(Debug)]
pub(super) struct Digest {
    /// Equal for texts that are the same after normalisation.
    pub(super) content: [u64; 2],
    pub(super) class: Class,
    pub(super) characters: u32,
    /// Shingles, repeats included.
    pub(super) shingles: u32,
    /// None for short texts and those known before.
    pub(super) made: Option<Made>,
    /// Members of the set, if they were counted.
    pub(super) size: Option<u32>,
}

/// What was taken in before of a text's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: it is new.
    New,
    /// A copy, the size of whose set is not known.
    Uncounted,
    /// A copy, of which nothing more is to be known.
    Counted,
}

/// What two texts are compared by; by default nothing.
#[derive(Debug, Default)]
pub(super) struct Material {
    /// Shingles, ascending, distinct.
    pub(super) set: Vec<u64>,
    /// Place in the set of the shingle at each position, for containment.
    order: Vec<u32>,
    /// For templates.
    bag: Option<Bag>,
}

impl Material {
    /// What a set is compared by, by its shingles alone.
    pub(super) fn of_set(set: Vec<u64>) -> Material {
        Material { set, order: Vec::new(), bag: None }
    }

    pub(super) fn size(&self) -> u32 {
        self.set.len() as u32
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    pub(super) fn bytes(&self) -> u64 {
        let bag = self.bag.as_ref().map_or(0, Bag::bytes);
        (size_of_val(&*self.set) + size_of_val(&*self.order) + bag) as u64
    }

    /// The same, to be compared by shingles alone.
    pub(super) fn without_bag(mut self) -> Material {
        self.bag = None;
        self
    }

    fn ordered(&self) -> Ordered<'_> {
        Ordered { set: &self.set, order: &self.order }
    }

    /// What two texts share, however little, `self` first.
    pub(super) fn overlap(&self, other: &Material) -> Overlap {
        let shared = overlap(&self.set, &other.set, 0).unwrap_or(0) as u32;
        Overlap { shared, first: self.size(), second: other.size() }
    }

    /// Compares two texts. Of two sets of one size, the one that stands in the
    /// other is looked for on either side.
    pub(super) fn judge(&self, other: &Material, bounds: Bounds) -> Verdict {
        let needed = bounds.needed(self.size(), other.size());
        let Some(shared) = overlap(&self.set, &other.set, needed.into()) else {
            return Verdict::Below;
        };
        if bounds.measure == Measure::Containment {
            let (x, y) = (self.ordered(), other.ordered());
            let stands = |a, b| contain::stands_in(a, b, bounds.threshold);
            let first = self.size() <= other.size() && stands(x, y);
            let second = || self.size() >= other.size() && stands(y, x);
            if !first && !second() {
                return Verdict::Below;
            }
        }
        if let (Some(a), Some(b)) = (&self.bag, &other.bag)
            && a.is_template_of(b)
        {
            return Verdict::Template;
        }
        let (first, second) = (self.size(), other.size());
        Verdict::Alike(Overlap { shared: shared as u32, first, second })
    }
}

/// What comes of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The threshold is not reached, or not in one stretch.
    Below,
    /// It is, but the texts differ in numbers alone.
    Template,
    Alike(Overlap),
}

/// Comparisons made, and those that came to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    pub(super) made: u64,
    pub(super) below: u64,
    pub(super) templates: u64,
}

impl Checks {
    /// Counts a comparison and hands on what is alike.
    pub(super) fn count(&mut self, verdict: Verdict) -> Option<Overlap> {
        self.made += 1;
        match verdict {
            Verdict::Below => self.below += 1,
            Verdict::Template => self.templates += 1,
            Verdict::Alike(overlap) => return Some(overlap),
        }
        None
    }

    pub(super) fn add(&mut self, other: Checks) {
        self.made += other.made;
        self.below += other.below;
        self.templates += other.templates;
    }
}

/// Texts of more bytes are made ready one at a time: each takes several times
/// its length in working memory, which is given back at once.
const LARGE: usize = 4 << 20;

/// Working memory of one thread.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    hashes: Hashes,
    tokens: Tokens,
    shingles: Vec<u64>,
    lanes: Vec<u32>,
    sorter: Sorter,
    /// For texts that are decoded.
    pub(super) text: String,
}

impl Workspace {
    /// Memory for a text that is made ready with it.
    pub(crate) fn room(&mut self) -> &mut String {
        &mut self.text
    }

    /// Takes the memory of a text back, unless it is large.
    pub(crate) fn keep_room(&mut self, text: Cow<'_, str>) {
        if let Cow::Owned(text) = text
            && text.capacity() <= LARGE
        {
            self.text = text;
        }
    }

    /// What is needed to make a set.
    pub(super) fn for_sets(&mut self) -> (&mut Sorter, &mut Vec<u64>) {
        (&mut self.sorter, &mut self.shingles)
    }
}

/// The settings by which texts are made ready.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    unit: Unit,
    shingler: Shingler,
    /// None when sets are compared from the start.
    sketcher: Option<Sketcher>,
    /// Held while a large text is made ready.
    large: Arc<Mutex<()>>,
    ordered: bool,
    /// Whether the policy looks at lengths.
    lengths: bool,
    numbers: Option<Numbers>,
}

impl Recipe {
    pub(super) fn new(plan: &DedupPlan) -> Recipe {
        let options = plan.options();
        let sketcher = || Sketcher::new(options.num_perm, options.seed);
        Recipe {
            unit: options.unit,
            shingler: Shingler::new(options.ngram),
            sketcher: plan.banding().map(|_| sketcher()),
            large: Arc::default(),
            ordered: options.measure == Measure::Containment,
            lengths: matches!(options.keep, Keep::Longest | Keep::Shortest),
            numbers: options.distinct_numbers.then(Numbers::default),
        }
    }

    /// A text as it is taken in; `known` says what is known of its content.
    pub(super) fn digest(
        &self,
        text: &str,
        workspace: &mut Workspace,
        known: impl Fn(&[u64; 2]) -> Known,
    ) -> Digest {
        if text.len() <= LARGE {
            return self.digest_one(text, workspace, known);
        }
        let _one = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        self.digest_one(text, &mut Workspace::default(), known)
    }

    fn digest_one(
        &self,
        text: &str,
        workspace: &mut Workspace,
        known: impl Fn(&[u64; 2]) -> Known,
    ) -> Digest {
        self.tokenize(text, &mut workspace.hashes);
        let Hashes { hashes, weights } = &workspace.hashes;
        // A text of signs alone is as good as its signs.
        let content = match &hashes[..] {
            [] => hash::content(&[hash::token(text.trim().as_bytes())]),
            hashes => hash::content(hashes),
        };
        let content = [(content >> 64) as u64, content as u64];
        let class = if text.trim().is_empty() {
            Class::Empty
        } else if self.shingler.is_short(hashes.len(), weights) {
            Class::Short
        } else {
            Class::Long
        };
        let characters = if self.lengths { text.chars().count() } else { 0 };
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        let mut digest = Digest { content, class, characters, shingles: 0, made: None, size: None };
        if class != Class::Long {
            return digest;
        }
        let mut shingles = 0;
        match (known(&content), &self.sketcher) {
            (Known::New, Some(sketcher)) => {
                self.shingler.lanes(hashes, weights, &mut workspace.lanes);
                let mut signature = vec![0; sketcher.num_perm()].into_boxed_slice();
                sketcher.sketch(&workspace.lanes, &mut signature);
                shingles = workspace.lanes.len();
                digest.made = Some(Made::Signature(signature));
            }
            (Known::New, None) => {
                let material = self.shingle(text, workspace);
                shingles = material.set.len();
                digest.size = Some(material.size());
                digest.made = Some(Made::Material(material));
            }
            (Known::Uncounted, _) => digest.size = Some(self.shingle(text, workspace).size()),
            (Known::Counted, _) => {}
        }
        digest.shingles = u32::try_from(shingles).unwrap_or(u32::MAX);
        digest
    }

    /// Number of shingles of a text, repeats included; 0 if it is shorter than
    /// one.
    pub(super) fn shingles(&self, text: &str, workspace: &mut Workspace) -> usize {
        self.tokenize(text, &mut workspace.hashes);
        let Hashes { hashes, weights } = &workspace.hashes;
        if hashes.is_empty() || self.shingler.is_short(hashes.len(), weights) {
            return 0;
        }
        self.shingler.hashes(hashes, weights, &mut workspace.shingles);
        workspace.shingles.len()
    }

    /// What a text is compared by.
    pub(super) fn material(&self, text: &str, workspace: &mut Workspace) -> Material {
        if text.len() <= LARGE {
            self.tokenize(text, &mut workspace.hashes);
            return self.shingle(text, workspace);
        }
        let _one = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = Workspace::default();
        self.tokenize(text, &mut workspace.hashes);
        self.shingle(text, &mut workspace)
    }

    /// The tokens by which texts are compared.
    fn tokenize(&self, text: &str, hashes: &mut Hashes) {
        hashes.clear();
        match self.unit {
            Unit::Word => text::tokenize(text, hashes),
            Unit::Char => text::characters(text, hashes),
        }
    }

    /// The material of a text whose tokens are in the workspace.
    fn shingle(&self, text: &str, workspace: &mut Workspace) -> Material {
        let Workspace { hashes: Hashes { hashes, weights }, shingles, sorter, .. } = workspace;
        let (mut set, mut order) = (Vec::new(), Vec::new());
        if self.ordered {
            self.shingler.hashes(hashes, weights, shingles);
            set.clone_from(shingles);
            sorter.sort_hashes(&mut set);
            set.dedup();
            order = contain::order(&set, shingles);
        } else {
            self.shingler.set(hashes, weights, sorter, shingles);
            set.extend_from_slice(shingles);
        }
        set.shrink_to_fit();
        let bag = self.numbers.as_ref().map(|numbers| {
            workspace.tokens.clear();
            text::tokenize(text, &mut workspace.tokens);
            Bag::new(text, &workspace.tokens, numbers)
        });
        Material { set, order, bag }
    }
}
