//! Sets of shingles -> every pair that reaches the threshold, with no pair
//! missed.
//!
//! Two sets that share enough must share one of the rarest few members of
//! each, its *prefix*, whatever the order of rarity is, as long as all sets
//! use the same. So only prefixes are looked up, and only sets that meet there
//! are compared. With `t` the threshold and `|x| <= |y|`:
//!
//! | | Jaccard | containment |
//! |---|---|---|
//! | shared at least | `t / (1 + t) * (|x| + |y|)` | `t * |x|` |
//! | prefix of `x` | `|x| - t * |x| + 1` | the same |
//! | looked up in | the prefix of `y` | all of `y` |
//! | size of `y` | at most `|x| / t` | any |
//!
//! all rounded so that nothing at the threshold is lost, in integers. For
//! Jaccard the place of a common member in both orders bounds what can still
//! be shared, and most of those that meet are dropped on it. When sets come by
//! ascending size, `2t / (1 + t)` takes the place of `t` in the prefix that is
//! put in.
//!
//! * time: one look-up for each member of a prefix (containment: the prefix
//!   of the smaller, all of the larger put in), a step for each earlier set
//!   that has it, a comparison for each that is left
//! * space: 24 bytes for each member put in
//!
//! The order of rarity is that of a table of counts by hash ([`Rarity`]). It
//! decides the speed and nothing else.
//!
//! Sources: Bayardo, Ma, Srikant, *Scaling up all pairs similarity search*,
//! 2007; Xiao, Wang, Lin, Yu, *Efficient similarity joins for near duplicate
//! detection*, 2008 (prefixes and positions for Jaccard). Departures: no
//! suffix filter, which does not pay (Mann, Augsten, Bouros, *An empirical
//! evaluation of set similarity join techniques*, 2016); the order comes from
//! a sample.

use crate::options::dedup::Measure;
use crate::options::threshold::Threshold;
use crate::verify::overlap;
use ahash::AHashMap;

/// What two sets must share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What the score is.
    pub measure: Measure,
    /// Least score.
    pub threshold: Threshold,
}

impl Bounds {
    /// Least number of members that sets of `x` and `y` members share when
    /// they reach the threshold.
    #[must_use]
    pub fn needed(self, x: u32, y: u32) -> u32 {
        let least = match self.measure {
            Measure::Jaccard => self.threshold.least_overlap(x.into(), y.into()),
            Measure::Containment => self.threshold.least_part(x.min(y).into()),
        };
        u32::try_from(least).unwrap_or(u32::MAX)
    }

    /// Whether sets of `x` and `y` members can reach the threshold.
    #[must_use]
    pub fn possible(self, x: u32, y: u32) -> bool {
        x.min(y) > 0 && self.needed(x, y) <= x.min(y)
    }

    /// Members of the prefix by which a set of `x` is looked up.
    #[must_use]
    pub fn prefix(self, x: u32) -> u32 {
        if x == 0 { 0 } else { x - self.threshold.least_part(x.into()) as u32 + 1 }
    }

    /// Members of the prefix that is put in for a set of `x` when no smaller
    /// one is looked up later, for Jaccard; the first ones of
    /// [`Bounds::prefix`].
    #[must_use]
    pub fn ascending_prefix(self, x: u32) -> u32 {
        let least = self.threshold.least_overlap(x.into(), x.into()) as u32;
        if x == 0 { 0 } else { x - least + 1 }
    }
}

/// Most counters of [`Rarity`], as a power of two: 8 MiB of them.
const COUNTERS: u32 = 22;

/// How frequent shingles are, roughly: counts by their highest bits, so that
/// shingles which share a counter pass for more frequent than they are.
#[derive(Clone, Debug)]
pub struct Rarity {
    counts: Vec<u16>,
    shift: u32,
}

impl Rarity {
    /// Counters for sets of so many members in all: four for each, up to four
    /// million, so that few sets do not have to wait for many zeros.
    #[must_use]
    pub fn new(members: usize) -> Rarity {
        let bits = (members.saturating_mul(4) | 1).ilog2().clamp(6, COUNTERS);
        Rarity { counts: vec![0; 1 << bits], shift: u64::BITS - bits }
    }

    /// Counts the members of a set. A count of 65,535 stays as it is.
    pub fn count(&mut self, set: &[u64]) {
        for &shingle in set {
            let counter = &mut self.counts[(shingle >> self.shift) as usize];
            *counter = counter.saturating_add(1);
        }
    }

    /// The `length` rarest members of `set`, rarest first: by the logarithm
    /// of their count, since nearly equal counts say nothing, then by value.
    pub fn rarest(&self, set: &[u64], length: u32, prefix: &mut Vec<u64>) {
        let level = |s: u64| u16::BITS - self.counts[(s >> self.shift) as usize].leading_zeros();
        let mut keys: Vec<(u32, u64)> = set.iter().map(|&s| (level(s), s)).collect();
        let length = (length as usize).min(keys.len());
        if length < keys.len() {
            keys.select_nth_unstable(length);
            keys.truncate(length);
        }
        keys.sort_unstable();
        prefix.clear();
        prefix.extend(keys.iter().map(|&(_, s)| s));
    }
}

/// Shingles with their places.
pub fn placed(shingles: &[u64]) -> impl Iterator<Item = (u32, u64)> + '_ {
    (0..).zip(shingles.iter().copied())
}

/// End of a list of entries.
const END: u32 = u32::MAX;

/// Bytes that a member put in takes: its entry, and its place in the map.
pub const ENTRY: usize = 24;

/// A set that has a shingle: its number, the shingle's place in its order,
/// and the entry before this one of the same shingle.
#[derive(Clone, Copy, Debug)]
struct Entry {
    set: u32,
    place: u32,
    before: u32,
}

/// The sets put in so far, by the shingles of their prefixes.
#[derive(Debug)]
pub struct Index {
    bounds: Bounds,
    /// Last entry of each shingle, first of those that stand in the front of
    /// their prefix, then of the others.
    heads: AHashMap<u64, [u32; 2]>,
    entries: Vec<Entry>,
    sizes: Vec<u32>,
}

/// More entries than an [`Index`] can hold: four thousand million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexFull;

/// Working memory of a look-up.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For each set, one more than the shingles met in common; 0 for sets not
    /// met, [`DROPPED`] for those that cannot reach the threshold.
    met: Vec<u32>,
    touched: Vec<u32>,
}

const DROPPED: u32 = u32::MAX;

impl Index {
    /// An index of no sets.
    #[must_use]
    pub fn new(bounds: Bounds) -> Index {
        Index { bounds, heads: AHashMap::new(), entries: Vec::new(), sizes: Vec::new() }
    }

    /// Number of sets put in; the next one gets it as its number.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.sizes.len() as u32
    }

    /// Whether no set was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Puts in a set of `size` members by `shingles`, each with its place: for
    /// Jaccard its prefix, rarest first, for containment all its members, or
    /// all that stand in some prefix, and any places. Those that no other set
    /// has may be left out.
    ///
    /// # Errors
    ///
    /// When the index is full.
    pub fn insert(
        &mut self,
        shingles: impl IntoIterator<Item = (u32, u64)>,
        size: u32,
    ) -> Result<(), IndexFull> {
        let (set, front) = (self.len(), self.front(size));
        for (place, shingle) in shingles {
            let at = u32::try_from(self.entries.len()).ok().filter(|&at| at < END);
            let at = at.ok_or(IndexFull)?;
            let heads = self.heads.entry(shingle).or_insert([END; 2]);
            let before = std::mem::replace(&mut heads[usize::from(place >= front)], at);
            self.entries.push(Entry { set, place, before });
        }
        self.sizes.push(size);
        Ok(())
    }

    /// Shingles of a set's prefix by which larger sets find it.
    fn front(&self, size: u32) -> u32 {
        match self.bounds.measure {
            Measure::Jaccard => self.bounds.ascending_prefix(size),
            Measure::Containment => u32::MAX,
        }
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Of eight places of a map seven are filled, and each has a byte more.
        let heads = self.heads.capacity() / 7 * 8 * (size_of::<(u64, [u32; 2])>() + 1);
        let sizes = self.sizes.capacity() * size_of::<u32>();
        heads + sizes + self.entries.capacity() * size_of::<Entry>()
    }

    /// The sets numbered `from` and up that may reach the threshold with a set
    /// of `size` members and the prefix `prefix`, rarest first, with places as
    /// in [`insert`](Index::insert); ascending.
    ///
    /// None that reaches it is missing; for containment, none that is not
    /// smaller.
    pub fn look_up(
        &self,
        prefix: impl IntoIterator<Item = (u32, u64)>,
        size: u32,
        from: u32,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        scratch.met.resize(self.sizes.len(), 0);
        let front = self.front(size);
        for (place, shingle) in prefix {
            let Some(&[head, other]) = self.heads.get(&shingle) else { continue };
            self.walk(head, (place, size), from, scratch);
            // Two sets that reach the threshold meet in the front of the
            // smaller, so that what is frequent is passed over by most.
            if place < front {
                self.walk(other, (place, size), from, scratch);
            }
        }
        found.clear();
        for set in scratch.touched.drain(..) {
            if std::mem::take(&mut scratch.met[set as usize]) != DROPPED {
                found.push(set);
            }
        }
        found.sort_unstable();
    }

    /// Goes through the entries of a shingle that stands at a place of a set of
    /// so many members.
    fn walk(&self, mut at: u32, (place, size): (u32, u32), from: u32, scratch: &mut Scratch) {
        while at != END {
            let entry = self.entries[at as usize];
            if entry.set < from {
                return;
            }
            at = entry.before;
            let met = &mut scratch.met[entry.set as usize];
            if *met == DROPPED {
                continue;
            }
            if *met == 0 {
                scratch.touched.push(entry.set);
                *met = 1;
            }
            let stays = self.reachable(*met, size, place, entry);
            *met = if stays { *met + 1 } else { DROPPED };
        }
    }

    /// Whether enough members can still be shared once the `met`th common one
    /// stands at `place` of a set of `size` and at the entry's place.
    fn reachable(&self, met: u32, size: u32, place: u32, entry: Entry) -> bool {
        let other = self.sizes[entry.set as usize];
        if !self.bounds.possible(size, other) {
            return false;
        }
        match self.bounds.measure {
            Measure::Containment => true,
            Measure::Jaccard => {
                let rest = (size - place - 1).min(other - entry.place - 1);
                u64::from(met) + u64::from(rest) >= u64::from(self.bounds.needed(size, other))
            }
        }
    }
}

/// Shingles that stand in some prefix: a bit for each of their hashes, so
/// that a few others pass as well.
#[derive(Clone, Debug)]
pub struct Wanted {
    bits: Vec<u64>,
    shift: u32,
}

impl Wanted {
    /// Room for `members` shingles; of others one in eight passes, more when
    /// `members` is above a thousand million (1 GiB of bits).
    #[must_use]
    pub fn new(members: u64) -> Wanted {
        let log = (members.max(8) * 8).next_power_of_two().trailing_zeros().min(33);
        Wanted { bits: vec![0; 1 << (log - 6)], shift: 64 - log }
    }

    /// Adds shingles.
    pub fn add(&mut self, shingles: &[u64]) {
        for &shingle in shingles {
            let bit = shingle >> self.shift;
            self.bits[(bit >> 6) as usize] |= 1 << (bit & 63);
        }
    }

    /// Whether a shingle may have been added.
    #[must_use]
    pub fn has(&self, shingle: u64) -> bool {
        let bit = shingle >> self.shift;
        self.bits[(bit >> 6) as usize] >> (bit & 63) & 1 == 1
    }
}

/// Two sets that reach the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Number of the first set.
    pub a: u32,
    /// Number of the second, above `a`.
    pub b: u32,
    /// Members they share.
    pub shared: u32,
}

/// All pairs of `sets` (each ascending, without repeats) that reach the
/// threshold, by `(a, b)`. Empty sets are in no pair.
///
/// # Errors
///
/// When the prefixes do not fit an [`Index`].
pub fn self_join<S: AsRef<[u64]>>(sets: &[S], bounds: Bounds) -> Result<Vec<Pair>, IndexFull> {
    let mut rarity = Rarity::new(1000);
    sets.iter().for_each(|set| rarity.count(set.as_ref()));
    self_join_by(sets, bounds, |set, length, prefix| rarity.rarest(set, length, prefix))
}

/// [`self_join`] in any order: `rarest(set, n, prefix)` writes the first `n`
/// members of a set.
fn self_join_by<S: AsRef<[u64]>>(
    sets: &[S],
    bounds: Bounds,
    rarest: impl Fn(&[u64], u32, &mut Vec<u64>),
) -> Result<Vec<Pair>, IndexFull> {
    let size = |n: u32| sets[n as usize].as_ref().len() as u32;
    let mut order: Vec<u32> = (0..sets.len() as u32).filter(|&n| size(n) > 0).collect();
    let mut prefix = Vec::new();
    let mut wanted = Wanted::new(order.iter().map(|&n| u64::from(bounds.prefix(size(n)))).sum());
    match bounds.measure {
        Measure::Jaccard => order.sort_by_key(|&n| (size(n), n)),
        Measure::Containment => {
            order.sort_by_key(|&n| (std::cmp::Reverse(size(n)), n));
            for &n in &order {
                rarest(sets[n as usize].as_ref(), bounds.prefix(size(n)), &mut prefix);
                wanted.add(&prefix);
            }
        }
    }
    let mut index = Index::new(bounds);
    let (mut scratch, mut found, mut pairs) = (Scratch::default(), Vec::new(), Vec::new());
    for &n in &order {
        let set = sets[n as usize].as_ref();
        rarest(set, bounds.prefix(size(n)), &mut prefix);
        index.look_up(placed(&prefix), size(n), 0, &mut scratch, &mut found);
        for &at in &found {
            let other = order[at as usize];
            let needed = bounds.needed(size(n), size(other));
            if let Some(shared) = overlap(set, sets[other as usize].as_ref(), needed.into()) {
                pairs.push(Pair { a: n.min(other), b: n.max(other), shared: shared as u32 });
            }
        }
        match bounds.measure {
            Measure::Jaccard => {
                let length = bounds.ascending_prefix(size(n)) as usize;
                index.insert(placed(&prefix[..length]), size(n))?;
            }
            Measure::Containment => {
                index.insert(placed(set).filter(|&(_, s)| wanted.has(s)), size(n))?;
            }
        }
    }
    pairs.sort_unstable();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn bound(measure: Measure, threshold: f64) -> Bounds {
        Bounds { measure, threshold: Threshold::new(threshold).unwrap() }
    }

    fn naive(sets: &[Vec<u64>], bounds: Bounds) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (a, x) in sets.iter().enumerate() {
            for (b, y) in sets.iter().enumerate().skip(a + 1) {
                let shared = x.iter().filter(|s| y.contains(s)).count() as u64;
                let whole = match bounds.measure {
                    Measure::Jaccard => x.len() + y.len() - shared as usize,
                    Measure::Containment => x.len().min(y.len()),
                } as u64;
                if bounds.threshold.accepts(shared, whole) {
                    pairs.push(Pair { a: a as u32, b: b as u32, shared: shared as u32 });
                }
            }
        }
        pairs
    }

    /// Sets over a universe of a few members, spread over the hash range.
    fn random_sets(state: &mut u64, sets: u64, universe: u64) -> Vec<Vec<u64>> {
        (0..sets)
            .map(|_| {
                let filled = hash::splitmix64(state) % 5;
                (0..universe)
                    .filter(|_| hash::splitmix64(state) % 4 < filled)
                    .map(|x| x.wrapping_mul(0x1000_0000_0000_0001))
                    .collect::<std::collections::BTreeSet<u64>>()
                    .into_iter()
                    .collect()
            })
            .collect()
    }

    #[test]
    fn no_pair_is_missed_at_any_threshold_in_any_order() {
        for seed in 0..30u64 {
            let mut state = seed;
            let sets = random_sets(&mut state, 14, 2 + seed % 14);
            for den in 1..=12 {
                for num in 1..=den {
                    for measure in [Measure::Jaccard, Measure::Containment] {
                        let bounds = bound(measure, f64::from(num) / f64::from(den));
                        let expected = naive(&sets, bounds);
                        let label = format!("seed {seed}, {bounds:?}");
                        assert_eq!(self_join(&sets, bounds), Ok(expected.clone()), "{label}");
                        let salt = hash::splitmix64(&mut state);
                        let any = |set: &[u64], n: u32, prefix: &mut Vec<u64>| {
                            *prefix = set.to_vec();
                            prefix.sort_by_key(|&s| hash::finish(s ^ salt));
                            prefix.truncate(n as usize);
                        };
                        assert_eq!(self_join_by(&sets, bounds, any), Ok(expected), "{label}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pair_exactly_at_the_threshold_is_found() {
        // 8 shared of 10.
        let sets = [(0..9).collect(), (1..10).collect::<Vec<u64>>()];
        let at = |t| self_join(&sets, bound(Measure::Jaccard, t)).unwrap().len();
        assert_eq!((at(0.8), at(0.800_001), at(0.799_999)), (1, 0, 1));
    }

    #[test]
    fn nothing_and_empty_sets_have_no_pairs() {
        let bounds = bound(Measure::Containment, 0.5);
        assert_eq!(self_join::<Vec<u64>>(&[], bounds), Ok(vec![]));
        assert_eq!(self_join(&[vec![], vec![], vec![7]], bounds), Ok(vec![]));
    }

    #[test]
    fn a_lookup_in_no_particular_order_of_size_misses_nothing() {
        for seed in 0..200u64 {
            let mut state = 1000 + seed;
            let sets = random_sets(&mut state, 12, 12);
            let bounds = bound(Measure::Jaccard, (1 + seed % 9) as f64 / 10.0);
            let mut rarity = Rarity::new(1000);
            sets.iter().for_each(|s| rarity.count(s));
            let (mut index, mut scratch) = (Index::new(bounds), Scratch::default());
            let (mut prefix, mut found, mut got) = (Vec::new(), Vec::new(), Vec::new());
            let from = (seed % 4) as u32;
            for (b, set) in sets.iter().enumerate() {
                let size = set.len() as u32;
                rarity.rarest(set, bounds.prefix(size), &mut prefix);
                index.look_up(placed(&prefix), size, from, &mut scratch, &mut found);
                assert!(found.iter().all(|&a| a >= from) && found.is_sorted());
                for &a in &found {
                    let other = &sets[a as usize];
                    let needed = bounds.needed(size, other.len() as u32);
                    if let Some(shared) = overlap(set, other, needed.into()) {
                        got.push(Pair { a, b: b as u32, shared: shared as u32 });
                    }
                }
                index.insert(placed(&prefix), size).unwrap();
            }
            got.sort_unstable();
            let mut expected = naive(&sets, bounds);
            expected.retain(|p| p.a >= from);
            assert_eq!(got, expected, "seed {seed}");
        }
    }

    #[test]
    fn prefixes_are_as_long_as_the_bounds_ask_and_no_longer() {
        let bounds = bound(Measure::Jaccard, 0.8);
        assert_eq!((bounds.prefix(10), bounds.prefix(100), bounds.prefix(0)), (3, 21, 0));
        assert_eq!((bounds.ascending_prefix(10), bounds.ascending_prefix(100)), (2, 12));
        let whole = bound(Measure::Jaccard, 1.0);
        assert_eq!((whole.prefix(10), whole.ascending_prefix(10)), (1, 1));
    }
}
