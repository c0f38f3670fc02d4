//! Shingles of a document -> its signature, by MinHash.
//!
//! Slot `i` of a signature is the least of `a_i * x + b_i mod 2^32` over the
//! shingles, `x` being the upper half of a shingle's hash, `a_i` odd. Two sets
//! of Jaccard similarity `J` agree in each slot with probability `J`, so that
//! the share of slots in which they agree estimates `J` without bias and with
//! variance `J * (1 - J) / num_perm`. The signature of a union is the lesser
//! value of both, slot by slot. A set without members has `u32::MAX` in all
//! slots; it says nothing and is never banded.
//!
//! * time: `O(num_perm)` a shingle; with 128 slots 1.6 ns with AVX-512, 3.2
//!   with AVX2
//! * space: 4 bytes a slot
//!
//! Source: Broder, Charikar, Frieze, Mitzenmacher, *Min-wise independent
//! permutations*, 1998. Departure: linear functions of a shingle's hash stand
//! for permutations. The low word of the product is kept: its high word, which
//! is sometimes taken, grows with `x`, so that all slots would pick nearly the
//! same shingle. Two different shingles agree in 32 bits, and so in all slots,
//! once in 2^32 pairs.

mod kernel;

use crate::hash;
use crate::options::banding::MAX_NUM_PERM;
use crate::simd::Unit;
use crate::sketch::kernel::BLOCK;
use crate::sketch::kernel::Block;
use crate::sketch::kernel::lower;

/// Shingles that are streamed past all slots before the next ones: 16 KiB,
/// half of a first-level cache.
const TILE: usize = 4096;

/// Makes signatures of one length from one seed.
#[derive(Clone, Debug)]
pub struct Sketcher {
    num_perm: usize,
    unit: Unit,
    blocks: Vec<Block>,
}

impl Sketcher {
    /// Signatures of `num_perm` slots whose functions are drawn from `seed`.
    /// Signatures compare only with others of the same seed; those of fewer
    /// slots are the beginnings of those of more.
    ///
    /// # Panics
    ///
    /// If `num_perm` is not in `1..=4096`; a plan rules it out.
    #[must_use]
    pub fn new(num_perm: usize, seed: u64) -> Sketcher {
        Sketcher::on(Unit::best(), num_perm, seed)
    }

    /// The same on a chosen vector unit. The unit does not change signatures.
    ///
    /// # Panics
    ///
    /// As [`Sketcher::new`].
    #[must_use]
    pub fn on(unit: Unit, num_perm: usize, seed: u64) -> Sketcher {
        assert!((1..=MAX_NUM_PERM).contains(&num_perm), "slots of a signature: 1..=4096");
        let mut state = seed;
        let blocks = (0..num_perm.div_ceil(BLOCK))
            .map(|_| {
                let mut block = Block { a: [0; BLOCK], b: [0; BLOCK] };
                for slot in 0..BLOCK {
                    let drawn = hash::splitmix64(&mut state);
                    block.a[slot] = (drawn >> 32) as u32 | 1;
                    block.b[slot] = drawn as u32;
                }
                block
            })
            .collect();
        Sketcher { num_perm, unit, blocks }
    }

    /// Number of slots.
    #[must_use]
    pub fn num_perm(&self) -> usize {
        self.num_perm
    }

    /// Writes the signature of a set to `out`. `lanes` are the upper halves of
    /// its shingles' hashes, in any order; repeats change nothing.
    ///
    /// # Panics
    ///
    /// If `out` does not have [`Sketcher::num_perm`] slots.
    pub fn sketch(&self, lanes: &[u32], out: &mut [u32]) {
        assert_eq!(out.len(), self.num_perm, "one value a slot");
        out.fill(u32::MAX);
        for tile in lanes.chunks(TILE) {
            let (whole, rest) = out.as_chunks_mut::<BLOCK>();
            for (block, least) in self.blocks.iter().zip(&mut *whole) {
                lower(self.unit, block, tile, least);
            }
            if let (false, Some(block)) = (rest.is_empty(), self.blocks.get(whole.len())) {
                let mut least = [u32::MAX; BLOCK];
                least[..rest.len()].copy_from_slice(rest);
                lower(self.unit, block, tile, &mut least);
                rest.copy_from_slice(&least[..rest.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
