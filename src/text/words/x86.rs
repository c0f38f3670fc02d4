//! The same with vector operations, for machines that were found to have them.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::BLOCK;
use super::Borders;
use super::Masks;
use super::State;
use super::hash_long;
use super::search;
use crate::hash;
use crate::hash::secret;

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn find_avx2(bytes: &[u8], state: &mut State, borders: &mut Borders) {
    search(bytes, state, borders, |block| masks_avx2(block), Borders::add);
}

#[target_feature(enable = "avx2")]
#[inline]
fn masks_avx2(block: &[u8; BLOCK]) -> Masks {
    let bits = |v: __m256i| u64::from(_mm256_movemask_epi8(v).cast_unsigned());
    let mut masks = Masks { word: 0, inner: 0, other: 0 };
    for (half, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
        // SAFETY: 32 bytes are readable there; the load needs no alignment.
        let v = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        // Those below a bound, by the comparison of signed numbers.
        let below = |v: __m256i, first: u8, count: u8| {
            let shift = _mm256_set1_epi8(first.wrapping_add(0x80).cast_signed());
            let bound = _mm256_set1_epi8(count.wrapping_add(0x80).cast_signed());
            _mm256_cmpgt_epi8(bound, _mm256_sub_epi8(v, shift))
        };
        let letter = below(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), b'a', 26);
        let digit = below(v, b'0', 10);
        let apostrophe = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(b'\''.cast_signed()));
        masks.word |= bits(_mm256_or_si256(letter, digit)) << (32 * half);
        masks.inner |= bits(apostrophe) << (32 * half);
        masks.other |= bits(v) << (32 * half);
    }
    masks
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn find_avx512(bytes: &[u8], state: &mut State, borders: &mut Borders) {
    let add = |borders: &mut Borders, mask, base| add_avx512(borders, mask, base);
    search(bytes, state, borders, |block| masks_avx512(block), add);
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn masks_avx512(block: &[u8; BLOCK]) -> Masks {
    // SAFETY: 64 bytes are readable there; the load needs no alignment.
    let v = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let below = |v: __m512i, first: u8, count: i8| {
        let v = _mm512_sub_epi8(v, _mm512_set1_epi8(first.cast_signed()));
        _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(count))
    };
    let letter = below(_mm512_or_si512(v, _mm512_set1_epi8(0x20)), b'a', 26);
    Masks {
        word: letter | below(v, b'0', 10),
        inner: _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(b'\''.cast_signed())),
        other: _mm512_movepi8_mask(v),
    }
}

/// As [`Borders::add`], without a branch for each border.
#[target_feature(enable = "avx512f,popcnt")]
#[inline]
fn add_avx512(borders: &mut Borders, mask: u64, base: u32) {
    let sixteen = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for quarter in 0..4 {
        let first = _mm512_set1_epi32((base + 16 * quarter).cast_signed());
        let bits = (mask >> (16 * quarter)) as u16;
        let places = _mm512_maskz_compress_epi32(bits, _mm512_add_epi32(first, sixteen));
        let out = &mut borders.places[borders.len..borders.len + 16];
        // SAFETY: 64 bytes are writable there; no alignment needed.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), places) }
        borders.len += bits.count_ones() as usize;
    }
}

/// Hashes the words in groups of eight, up to the first group that comes too
/// near the end of the bytes; returns how many words those are.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn hashes_avx512(bytes: &[u8], places: &[[u32; 2]], out: &mut [u64]) -> usize {
    let (groups, rest) = places.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    for (done, (group, out)) in groups.iter().zip(outs).enumerate() {
        if !hash_group(bytes, group, out) {
            return 8 * done;
        }
    }
    if let Some(&last) = rest.last() {
        // Filled up with a word of it.
        let (mut group, mut hashes) = ([last; 8], [0; 8]);
        group[..rest.len()].copy_from_slice(rest);
        if !hash_group(bytes, &group, &mut hashes) {
            return 8 * groups.len();
        }
        out_rest.copy_from_slice(&hashes[..rest.len()]);
    }
    places.len()
}

/// Hashes eight words, unless one of them is less than sixteen bytes before
/// the end of the bytes; says whether it did.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn hash_group(bytes: &[u8], places: &[[u32; 2]; 8], out: &mut [u64; 8]) -> bool {
    let last = bytes.len().checked_sub(hash::SHORT);
    if last.is_none_or(|last| places.iter().any(|p| p[0] as usize > last)) {
        return false;
    }
    let sixteen = |n: usize| {
        // SAFETY: all places were found to be at least sixteen bytes before
        // the end; the load needs no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().add(places[n][0] as usize).cast()) }
    };
    let two =
        |n: usize| _mm256_inserti128_si256(_mm256_castsi128_si256(sixteen(n)), sixteen(n + 2), 1);
    let four = |n: usize| _mm512_inserti64x4(_mm512_castsi256_si512(two(n)), two(n + 4), 1);
    let (even, odd) = (four(0), four(1));
    // SAFETY: 64 bytes are readable there; no alignment needed.
    let ends = unsafe { _mm512_loadu_si512(places.as_ptr().cast()) };
    let starts = _mm512_and_si512(ends, all(0xffff_ffff));
    let lens = _mm512_sub_epi64(_mm512_srli_epi64(ends, 32), starts);
    let first = _mm512_unpacklo_epi64(even, odd);
    let second = _mm512_unpackhi_epi64(even, odd);
    let hashes = eight(first, second, lens);
    // SAFETY: 64 bytes are writable there; no alignment needed.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), hashes) }
    let mut long = _mm512_cmpgt_epu64_mask(lens, all(hash::SHORT as u64));
    while long != 0 {
        let n = long.trailing_zeros() as usize;
        out[n] = hash_long(&bytes[places[n][0] as usize..places[n][1] as usize]);
        long &= long - 1;
    }
    true
}

#[target_feature(enable = "avx512f")]
#[inline]
fn all(x: u64) -> __m512i {
    _mm512_set1_epi64(x.cast_signed())
}

/// Hashes of eight words of 1 to 16 bytes, given their first and second
/// eight bytes, in any case, with anything behind their ends, and their
/// lengths.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
#[inline]
fn eight(first: __m512i, second: __m512i, len: __m512i) -> __m512i {
    let case = all(0x2020_2020_2020_2020);
    let (first, second) = (_mm512_or_si512(first, case), _mm512_or_si512(second, case));
    let bits = _mm512_slli_epi64(len, 3);
    // Shifts by 64 and more give zero.
    let beyond = _mm512_sllv_epi64(all(!0), bits);
    let low = _mm512_andnot_si512(beyond, first);
    let short = _mm512_mask_blend_epi64(
        _mm512_cmpgt_epu64_mask(len, all(3)),
        tiny(low, len, bits),
        small(low, len, bits),
    );
    let medium = medium(low, second, len, bits);
    _mm512_mask_blend_epi64(_mm512_cmpgt_epu64_mask(len, all(8)), short, medium)
}

/// 1 to 3 bytes.
#[target_feature(enable = "avx512f,avx512dq")]
#[inline]
fn tiny(low: __m512i, len: __m512i, bits: __m512i) -> __m512i {
    let byte = all(0xff);
    let half = _mm512_and_si512(_mm512_srli_epi64(bits, 1), all(!7));
    let middle = _mm512_and_si512(_mm512_srlv_epi64(low, half), byte);
    let last = _mm512_srlv_epi64(low, _mm512_sub_epi64(bits, all(8)));
    let mut h = _mm512_slli_epi64(_mm512_and_si512(low, byte), 16);
    h = _mm512_or_si512(h, _mm512_slli_epi64(middle, 24));
    h = _mm512_or_si512(h, _mm512_or_si512(last, _mm512_slli_epi64(len, 8)));
    h = _mm512_xor_si512(h, all(secret::TINY));
    h = _mm512_xor_si512(h, _mm512_srli_epi64(h, 33));
    h = _mm512_mullo_epi64(h, all(secret::TINY_FACTORS[0]));
    h = _mm512_xor_si512(h, _mm512_srli_epi64(h, 29));
    h = _mm512_mullo_epi64(h, all(secret::TINY_FACTORS[1]));
    _mm512_xor_si512(h, _mm512_srli_epi64(h, 32))
}

/// 4 to 8 bytes.
#[target_feature(enable = "avx512f,avx512dq")]
#[inline]
fn small(low: __m512i, len: __m512i, bits: __m512i) -> __m512i {
    let last = _mm512_srlv_epi64(low, _mm512_sub_epi64(bits, all(32)));
    let mut h = _mm512_add_epi64(last, _mm512_slli_epi64(low, 32));
    h = _mm512_xor_si512(h, all(secret::SMALL));
    let (one, other) = (_mm512_rol_epi64(h, 49), _mm512_rol_epi64(h, 24));
    h = _mm512_xor_si512(h, _mm512_xor_si512(one, other));
    h = _mm512_mullo_epi64(h, all(secret::SMALL_FACTOR));
    h = _mm512_xor_si512(h, _mm512_add_epi64(_mm512_srli_epi64(h, 35), len));
    h = _mm512_mullo_epi64(h, all(secret::SMALL_FACTOR));
    _mm512_xor_si512(h, _mm512_srli_epi64(h, 28))
}

/// 9 to 16 bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
#[inline]
fn medium(low: __m512i, second: __m512i, len: __m512i, bits: __m512i) -> __m512i {
    // The last eight bytes: those of the second half that are there,
    // behind the end of the first.
    let fewer = _mm512_sub_epi64(bits, all(64));
    let last = _mm512_or_si512(
        _mm512_srlv_epi64(low, fewer),
        _mm512_sllv_epi64(second, _mm512_sub_epi64(all(64), fewer)),
    );
    let low = _mm512_xor_si512(low, all(secret::FIRST));
    let high = _mm512_xor_si512(last, all(secret::LAST));
    // The product of 128 bits, by halves.
    let half = all(0xffff_ffff);
    let (low_high, high_high) = (_mm512_srli_epi64(low, 32), _mm512_srli_epi64(high, 32));
    let lowest = _mm512_mul_epu32(low, high);
    let cross = _mm512_add_epi64(_mm512_mul_epu32(low_high, high), _mm512_srli_epi64(lowest, 32));
    let other = _mm512_add_epi64(_mm512_mul_epu32(low, high_high), _mm512_and_si512(cross, half));
    let upper = _mm512_add_epi64(
        _mm512_mul_epu32(low_high, high_high),
        _mm512_add_epi64(_mm512_srli_epi64(cross, 32), _mm512_srli_epi64(other, 32)),
    );
    let lower = _mm512_or_si512(_mm512_slli_epi64(other, 32), _mm512_and_si512(lowest, half));
    let fold = _mm512_xor_si512(upper, lower);
    let swap =
        _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    let swapped = _mm512_shuffle_epi8(low, swap);
    let mut h = _mm512_add_epi64(_mm512_add_epi64(len, swapped), _mm512_add_epi64(high, fold));
    h = _mm512_xor_si512(h, _mm512_srli_epi64(h, 37));
    h = _mm512_mullo_epi64(h, all(secret::MEDIUM_FACTOR));
    _mm512_xor_si512(h, _mm512_srli_epi64(h, 32))
}
