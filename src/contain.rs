//! Shingles of a small text and a large one -> whether the small one stands
//! in one stretch of the large one.
//!
//! A small text can share most of its shingles with a large one and yet stand
//! nowhere in it: an index of names, a glossary, a page of common phrases. So
//! the threshold `t` has to be reached within one stretch of the large text,
//! at most `1 / t` times as long as the small one. What was put in between (a
//! caption, an advertisement) may take up the difference.
//!
//! * time: `O(n + m)`
//! * space: 8 bytes a shingle of the large text

use crate::options::threshold::Threshold;

/// The shingles of a text as a set, and in the order of the text.
#[derive(Clone, Copy, Debug)]
pub struct Ordered<'a> {
    /// Ascending, distinct.
    pub set: &'a [u64],
    /// For each position of the text, the place of its shingle in the set.
    pub order: &'a [u32],
}

/// The places in `set` of the shingles `hashes`, all of which it has.
#[must_use]
pub fn order(set: &[u64], hashes: &[u64]) -> Vec<u32> {
    hashes.iter().map(|hash| set.partition_point(|s| s < hash) as u32).collect()
}

/// Whether at least `t` of the shingles of `small` stand in one stretch of
/// `large`. Nothing stands anywhere when `small` is empty.
#[must_use]
pub fn stands_in(small: Ordered<'_>, large: Ordered<'_>, t: Threshold) -> bool {
    let needed = t.least_part(small.set.len() as u64);
    let length = t.largest_whole(small.order.len() as u64);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let common = common(small.set, large.set);
    // How often each common shingle stands in the stretch, how many do.
    let mut counts = vec![0u32; large.set.len()];
    let mut inside = 0u64;
    for (end, &shingle) in large.order.iter().enumerate() {
        if let Some(start) = end.checked_sub(length) {
            let left = large.order[start] as usize;
            if common[left] {
                counts[left] -= 1;
                inside -= u64::from(counts[left] == 0);
            }
        }
        let entered = shingle as usize;
        if common[entered] {
            counts[entered] += 1;
            inside += u64::from(counts[entered] == 1);
            if inside >= needed && needed > 0 {
                return true;
            }
        }
    }
    false
}

/// Which members of `large` are in `small`.
fn common(small: &[u64], large: &[u64]) -> Vec<bool> {
    let mut at = 0;
    large
        .iter()
        .map(|&member| {
            while small.get(at).is_some_and(|&s| s < member) {
                at += 1;
            }
            small.get(at) == Some(&member)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::collections::BTreeSet;

    struct Text {
        set: Vec<u64>,
        order: Vec<u32>,
    }

    impl Text {
        fn new(hashes: &[u64]) -> Text {
            let set: Vec<u64> =
                hashes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            let order = order(&set, hashes);
            Text { set, order }
        }

        fn ordered(&self) -> Ordered<'_> {
            Ordered { set: &self.set, order: &self.order }
        }
    }

    fn naive(small: &[u64], large: &[u64], t: Threshold) -> bool {
        let set: BTreeSet<u64> = small.iter().copied().collect();
        let length = t.largest_whole(small.len() as u64) as usize;
        (0..large.len()).any(|start| {
            let stretch = &large[start..large.len().min(start + length)];
            let found: BTreeSet<u64> =
                stretch.iter().copied().filter(|s| set.contains(s)).collect();
            t.accepts(found.len() as u64, set.len() as u64)
        })
    }

    #[test]
    fn a_stretch_is_found_as_by_the_definition() {
        let mut stand = 0;
        for seed in 0..2000u64 {
            let mut state = seed;
            let mut text = |n: u64, universe: u64| -> Vec<u64> {
                (0..n).map(|_| hash::splitmix64(&mut state) % universe).collect()
            };
            let (small, large) = (text(seed % 9, 9), text(seed % 37, 9 + seed % 20));
            let t = Threshold::new((1 + seed % 10) as f64 / 10.0).unwrap();
            let (a, b) = (Text::new(&small), Text::new(&large));
            let got = stands_in(a.ordered(), b.ordered(), t);
            assert_eq!(got, naive(&small, &large, t), "seed {seed}");
            stand += u32::from(got);
        }
        assert!((500..1500).contains(&stand), "{stand} of 2000 stand");
    }

    #[test]
    fn scattered_shingles_do_not_stand_whole() {
        let small: Vec<u64> = (0..20).collect();
        let t = Threshold::new(0.8).unwrap();
        let stands =
            |large: &[u64]| stands_in(Text::new(&small).ordered(), Text::new(large).ordered(), t);
        let block: Vec<u64> = (100..200).chain(0..20).chain(200..300).collect();
        assert!(stands(&block));
        // Five put in: a quarter more.
        let parted: Vec<u64> = (0..10).chain(100..105).chain(10..20).collect();
        assert!(stands(&parted));
        let scattered: Vec<u64> = (0..20).flat_map(|n| [n, 100 + n, 200 + n]).collect();
        assert!(!stands(&scattered));
        assert!(!stands(&[]));
    }
}
