//! Keys of all units -> pairs of units with a key in common.
//!
//! A key that more than [`MOST`] units have belongs to a formula, of which a
//! retelling would have to be told from all the others: it makes no pairs.
//! Such units may still meet by another key.
//!
//! * time: linear in keys and pairs, after a sort of the keys
//! * space: 8 bytes a key and a pair

/// Most units of a key that makes pairs: twice the partners a unit may have.
pub const MOST: usize = 2 * super::verify::MOST_PARTNERS as usize;

/// Units of one document that are nearer than this are not compared: what
/// neighbours share is what they are about.
pub const APART: u32 = 3;

/// A key cut to make room for a unit of which the number takes `bits`.
#[inline]
#[must_use]
pub fn pack(key: u64, unit: u32, bits: u32) -> u64 {
    key >> bits << bits | u64::from(unit)
}

/// Appends the pairs of units (the lower in the high half, not sorted, some
/// several times) that share a key and for which `wanted` says so; returns
/// the number of keys left out.
///
/// `keys` are packed and sorted.
pub fn pairs(
    keys: &[u64],
    bits: u32,
    wanted: impl Fn(u32, u32) -> bool,
    out: &mut Vec<u64>,
) -> u64 {
    let mask = (1 << bits) - 1;
    let mut left_out = 0;
    for group in keys.chunk_by(|x, y| x >> bits == y >> bits) {
        if group.len() > MOST {
            left_out += 1;
            continue;
        }
        for (n, x) in group.iter().enumerate() {
            let x = x & mask;
            for y in &group[n + 1..] {
                let y = y & mask;
                if wanted(x as u32, y as u32) {
                    out.push(x << 32 | y);
                }
            }
        }
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn pairs_are_all_that_share_a_key() {
        for seed in 0..300 {
            let mut state = seed;
            let mut next = |n: u64| hash::splitmix64(&mut state) % n;
            let (units, kinds) = (1 + next(40), 1 + next(30));
            let bits = 6;
            let mut keys: Vec<u64> = (0..next(200))
                .map(|_| pack(hash::finish(next(kinds) + 1), next(units) as u32, bits))
                .collect();
            keys.sort_unstable();
            keys.dedup();
            let wanted = |x: u32, y: u32| x / 4 != y / 4;
            let mut got = Vec::new();
            let left_out = pairs(&keys, bits, wanted, &mut got);
            let mut naive = Vec::new();
            let mut large = 0;
            for (i, x) in keys.iter().enumerate() {
                let same = keys.iter().filter(|y| x >> bits == *y >> bits).count();
                large += usize::from(same > MOST && (i == 0 || keys[i - 1] >> bits != x >> bits));
                for y in &keys[i + 1..] {
                    let (u, v) = (x & 63, y & 63);
                    if x >> bits == y >> bits && same <= MOST && wanted(u as u32, v as u32) {
                        naive.push(u << 32 | v);
                    }
                }
            }
            got.sort_unstable();
            naive.sort_unstable();
            assert_eq!((got, left_out), (naive, large as u64));
        }
    }
}
