//! The loop that makes signatures, for each vector unit.
//!
//! Minima of 64 slots at a time stay in registers while the shingles stream
//! past. Written with vector operations because the compiler's own
//! vectorisation of the plain loop is fickle: at one shape of the arrays it
//! takes 3.3 ns a shingle, at another 137.
//!
//! Every unit computes the same: the operations are exact modulo 2^32.
#![allow(unsafe_code)]

use crate::simd::Unit;

/// Slots of a block.
pub(crate) const BLOCK: usize = 64;

/// The functions `a * x + b` of a block of slots.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Block {
    /// Odd factors.
    pub(crate) a: [u32; BLOCK],
    /// Summands.
    pub(crate) b: [u32; BLOCK],
}

/// Lowers each of `least` to the least value of its function over `lanes`.
#[inline]
pub(crate) fn lower(unit: Unit, block: &Block, lanes: &[u32], least: &mut [u32; BLOCK]) {
    #[cfg(target_arch = "x86_64")]
    {
        if unit.is_avx512() {
            // SAFETY: a unit of this kind exists only on a machine that was
            // found to have it.
            return unsafe { x86::lower_avx512(block, lanes, least) };
        }
        if unit.is_avx2() {
            // SAFETY: as above.
            return unsafe { x86::lower_avx2(block, lanes, least) };
        }
    }
    let _ = unit;
    lower_portable(block, lanes, least);
}

/// Slots that the portable loop holds at a time: four registers of 128 bits.
const HELD: usize = 16;

fn lower_portable(block: &Block, lanes: &[u32], least: &mut [u32; BLOCK]) {
    let functions = block.a.as_chunks::<HELD>().0.iter().zip(block.b.as_chunks::<HELD>().0);
    for ((a, b), out) in functions.zip(least.as_chunks_mut::<HELD>().0) {
        let mut held = *out;
        for &x in lanes {
            for slot in 0..HELD {
                held[slot] = held[slot].min(a[slot].wrapping_mul(x).wrapping_add(b[slot]));
            }
        }
        *out = held;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::BLOCK;
    use super::Block;

    /// Registers that hold minima. Four, with as many for the factors and the
    /// summands, leave room for the shingle and the product among sixteen.
    const HELD: usize = 4;

    #[target_feature(enable = "avx2")]
    fn load_256(from: &[u32; 8]) -> __m256i {
        // SAFETY: 32 bytes are readable there; the load needs no alignment.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn lower_avx2(block: &Block, lanes: &[u32], least: &mut [u32; BLOCK]) {
        let (a, b) = (block.a.as_chunks::<8>().0, block.b.as_chunks::<8>().0);
        let out = least.as_chunks_mut::<8>().0;
        for at in (0..out.len()).step_by(HELD) {
            let a: [__m256i; HELD] = std::array::from_fn(|n| load_256(&a[at + n]));
            let b: [__m256i; HELD] = std::array::from_fn(|n| load_256(&b[at + n]));
            let mut held: [__m256i; HELD] = std::array::from_fn(|n| load_256(&out[at + n]));
            for &x in lanes {
                let x = _mm256_set1_epi32(x.cast_signed());
                for n in 0..HELD {
                    let value = _mm256_add_epi32(_mm256_mullo_epi32(a[n], x), b[n]);
                    held[n] = _mm256_min_epu32(held[n], value);
                }
            }
            for (out, held) in out[at..].iter_mut().zip(held) {
                // SAFETY: 32 bytes are writable there; no alignment needed.
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), held) }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    fn load_512(from: &[u32; 16]) -> __m512i {
        // SAFETY: 64 bytes are readable there; the load needs no alignment.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn lower_avx512(block: &Block, lanes: &[u32], least: &mut [u32; BLOCK]) {
        let (a, b) = (block.a.as_chunks::<16>().0, block.b.as_chunks::<16>().0);
        let out = least.as_chunks_mut::<16>().0;
        let a: [__m512i; HELD] = std::array::from_fn(|n| load_512(&a[n]));
        let b: [__m512i; HELD] = std::array::from_fn(|n| load_512(&b[n]));
        let mut held: [__m512i; HELD] = std::array::from_fn(|n| load_512(&out[n]));
        for &x in lanes {
            let x = _mm512_set1_epi32(x.cast_signed());
            for n in 0..HELD {
                let value = _mm512_add_epi32(_mm512_mullo_epi32(a[n], x), b[n]);
                held[n] = _mm512_min_epu32(held[n], value);
            }
        }
        for (out, held) in out.iter_mut().zip(held) {
            // SAFETY: 64 bytes are writable there; no alignment needed.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), held) }
        }
    }
}
