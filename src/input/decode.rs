//! The kernel that decodes strings of JSON: bytes are copied block by block
//! until a block holds a quote or a backslash.
//!
//! With VBMI2, an extension of AVX-512, blocks with common escapes go the same
//! way as others: what the escapes stand for is put in, and the backslashes are
//! squeezed out.
//!
//! * time: `O(n)`; on English text with an escape every 70 bytes, 8 GB a second
//!   with AVX-512
//! * space: the decoded text
//!
//! Every unit gives the same.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::input::scan::unescape_one;
use crate::simd::Unit;

/// Room that is needed behind the decoded text, for the last block.
pub(super) const SLACK: usize = 64;

/// Appends to `out` what the rest of a string stands for, from anywhere behind
/// its opening quote; returns the place behind the closing quote. None, with
/// nothing appended, when there is no such quote, an escape is none, or one is
/// half of a surrogate pair.
pub(super) fn decode(unit: Unit, rest: &str, out: &mut String) -> Option<usize> {
    // No escape is shorter than what it stands for.
    out.reserve(rest.len() + SLACK);
    // SAFETY: only whole characters are appended: pieces of a text that are
    // parted by quotes and backslashes, and characters in UTF-8.
    let out = unsafe { out.as_mut_vec() };
    #[cfg(target_arch = "x86_64")]
    {
        if unit.is_avx512() && has_vbmi2() {
            // SAFETY: as below, and the machine was asked for the rest.
            return unsafe { x86::decode_vbmi2(rest.as_bytes(), out) };
        }
        if unit.is_avx512() {
            // SAFETY: a unit of this kind exists only on a machine that was
            // found to have it.
            return unsafe { x86::decode_avx512(rest.as_bytes(), out) };
        }
        if unit.is_avx2() {
            // SAFETY: as above.
            return unsafe { x86::decode_avx2(rest.as_bytes(), out) };
        }
    }
    let _ = unit;
    copy(rest.as_bytes(), out, copy_portable)
}

/// What simple escapes stand for; zero at all other bytes.
const SIMPLE: [u8; 256] = {
    let mut table = [0; 256];
    let pairs = [b"\"\"", b"\\\\", b"//", b"b\x08", b"f\x0c", b"n\n", b"r\r", b"t\t"];
    let mut i = 0;
    while i < pairs.len() {
        table[pairs[i][0] as usize] = pairs[i][1];
        i += 1;
    }
    table
};

/// The decoding, given a way to copy a block and find its quotes and
/// backslashes, one bit a byte, the first lowest. Only the bytes before the
/// first of those have to be copied.
#[inline(always)]
fn copy<const N: usize>(
    rest: &[u8],
    out: &mut Vec<u8>,
    block: impl Fn(&[u8; N], &mut [MaybeUninit<u8>; N]) -> u64,
) -> Option<usize> {
    let before = out.len();
    let room = out.spare_capacity_mut();
    let (mut at, mut to) = (0, 0);
    let end = loop {
        let into = room.get_mut(to..)?.first_chunk_mut()?;
        let found = match rest[at..].first_chunk() {
            Some(bytes) => block(bytes, into),
            None => {
                let mut last = [0; N];
                last[..rest.len() - at].copy_from_slice(&rest[at..]);
                block(&last, into)
            }
        };
        if found == 0 {
            at += N;
            to += N;
            if at >= rest.len() {
                break None;
            }
            continue;
        }
        at += found.trailing_zeros() as usize;
        to += found.trailing_zeros() as usize;
        if rest[at] == b'"' {
            break Some(at + 1);
        }
        (at, to) = escapes(rest, at, room, to)?;
    };
    // SAFETY: the room up to `to` was written, piece by piece; a block that
    // was followed by another was written whole.
    end.inspect(|_| unsafe { out.set_len(before + to) })
}

/// Writes what the escapes at `at` stand for to `to`: where one is, the next
/// is often right behind it. Returns the places behind them.
#[inline(always)]
fn escapes(
    rest: &[u8],
    mut at: usize,
    room: &mut [MaybeUninit<u8>],
    mut to: usize,
) -> Option<(usize, usize)> {
    while rest.get(at) == Some(&b'\\') {
        let simple = SIMPLE[usize::from(*rest.get(at + 1)?)];
        if simple != 0 {
            room[to].write(simple);
            at += 2;
            to += 1;
        } else {
            let (decoded, length) = unescape_one(&rest[at + 1..])?;
            for &byte in decoded.encode_utf8(&mut [0; 4]).as_bytes() {
                room[to].write(byte);
                to += 1;
            }
            at += 1 + length;
        }
    }
    Some((at, to))
}

/// Whether the machine can squeeze bytes out of a register.
#[cfg(target_arch = "x86_64")]
fn has_vbmi2() -> bool {
    is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512vbmi2")
}

/// Bytes of a block of the portable way.
const FEW: usize = 16;

#[inline(always)]
fn copy_portable(bytes: &[u8; FEW], into: &mut [MaybeUninit<u8>; FEW]) -> u64 {
    let mut found = 0;
    for (n, (&byte, into)) in bytes.iter().zip(into).enumerate() {
        into.write(byte);
        found |= u64::from(byte == b'"' || byte == b'\\') << n;
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::SIMPLE;
    use super::copy;
    use super::escapes;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn decode_avx2(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        copy(rest, out, |bytes, into| copy_avx2(bytes, into))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn copy_avx2(bytes: &[u8; 32], into: &mut [MaybeUninit<u8>; 32]) -> u64 {
        // SAFETY: 32 bytes are readable there; the load needs no alignment.
        let v = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        // SAFETY: 32 bytes are writable there; no alignment needed.
        unsafe { _mm256_storeu_si256(into.as_mut_ptr().cast(), v) }
        let is = |byte: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte.cast_signed()));
        let found = _mm256_or_si256(is(b'"'), is(b'\\'));
        u64::from(_mm256_movemask_epi8(found).cast_unsigned())
    }

    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn decode_avx512(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        copy(rest, out, |bytes, into| copy_avx512(bytes, into))
    }

    /// The decoding; see [`copy`] for the loop without escapes.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn decode_vbmi2(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let before = out.len();
        let room = out.spare_capacity_mut();
        // What bytes below 128 stand for behind a backslash.
        let half = |from: usize| {
            let table: &[u8; 64] = SIMPLE[from..].first_chunk().expect("256 entries");
            // SAFETY: 64 bytes are readable there; the load needs no alignment.
            unsafe { _mm512_loadu_si512(table.as_ptr().cast()) }
        };
        let (low, high) = (half(0), half(64));
        let (mut at, mut to) = (0, 0);
        let end = loop {
            let left = rest.len() - at;
            if left == 0 {
                break None;
            }
            let all = u64::MAX >> (64 - left.min(64));
            // SAFETY: bytes that are not asked for are not touched.
            let v = unsafe { _mm512_maskz_loadu_epi8(all, rest[at..].as_ptr().cast()) };
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(byte.cast_signed()));
            let (slashes, quotes) = (is(b'\\'), is(b'"'));
            let escaped = slashes << 1;
            // Behind a backslash that is escaped itself a quote is missed here,
            // but then there are two in a row.
            let ends = quotes & !escaped;
            let before_end = (ends & ends.wrapping_neg()).wrapping_sub(1) & all;
            // An escape that the block cuts is left to the next.
            let cut = if ends == 0 { slashes & !(all >> 1) } else { 0 };
            let these = before_end & !cut;
            let stand_for = _mm512_permutex2var_epi8(low, v, high);
            let others = _mm512_testn_epi8_mask(stand_for, stand_for) | _mm512_movepi8_mask(v);
            let rare = (slashes & escaped & before_end) | (others & escaped & these);
            let into: &mut [MaybeUninit<u8>; 64] = room.get_mut(to..)?.first_chunk_mut()?;
            if rare != 0 || these == 0 && ends == 0 {
                let plain = (slashes & slashes.wrapping_neg()).wrapping_sub(1);
                // SAFETY: 64 bytes are writable there; no alignment needed.
                unsafe { _mm512_storeu_si512(into.as_mut_ptr().cast(), v) };
                let count = plain.count_ones() as usize;
                (at, to) = escapes(rest, at + count, room, to + count)?;
                continue;
            }
            let v = _mm512_mask_mov_epi8(v, escaped, stand_for);
            let kept = these & !slashes;
            let v = _mm512_maskz_compress_epi8(kept, v);
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(into.as_mut_ptr().cast(), v) };
            at += these.count_ones() as usize;
            to += kept.count_ones() as usize;
            if ends != 0 {
                break Some(at + 1);
            }
        };
        // SAFETY: the room up to `to` was written, block by block, each whole;
        // what a block writes beyond its bytes is written again by the next, or
        // lies behind `to`.
        end.inspect(|_| unsafe { out.set_len(before + to) })
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn copy_avx512(bytes: &[u8; 64], into: &mut [MaybeUninit<u8>; 64]) -> u64 {
        // SAFETY: 64 bytes are readable there; the load needs no alignment.
        let v = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        // SAFETY: 64 bytes are writable there; no alignment needed.
        unsafe { _mm512_storeu_si512(into.as_mut_ptr().cast(), v) }
        let is = |byte: u8| _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(byte.cast_signed()));
        is(b'"') | is(b'\\')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    /// As another parser decodes it.
    fn naive(rest: &str) -> Option<(String, usize)> {
        let mut json = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let text = json.next()?.ok()?;
        Some((text, json.byte_offset()))
    }

    #[test]
    fn strings_are_decoded_alike_on_every_unit() {
        #[rustfmt::skip]
        let pieces = [
            "a", "é", "中文", "😀", "words of some length, ", r"\n", r"\n\n", r#"\""#, r"\\", r"\/",
            r"\u0041", r"\u00e9", r"\ud83d\ude00", r"\u0000", r"\t", " ",
            "sixty-four bytes without anything to be looked at, and then more",
        ];
        let hostile = [r"\ud800", r"\x", r"\u12", "\"", r"\"];
        for seed in 0..9000u64 {
            let mut state = seed;
            let mut draw = |n: usize| splitmix64(&mut state) as usize % n;
            let mut text: String = (0..draw(40)).map(|_| pieces[draw(pieces.len())]).collect();
            if seed % 3 == 0 {
                text.push_str(hostile[draw(hostile.len())]);
                text.push_str(pieces[draw(pieces.len())]);
            }
            if seed % 7 != 0 {
                text.push_str(&"\"tail"[..=draw(5)]);
            }
            let expected = naive(&format!("\"{text}"));
            for unit in Unit::all() {
                let mut out = String::from("before ");
                let end = decode(unit, &text, &mut out);
                let got = end.map(|end| (out["before ".len()..].to_owned(), end + 1));
                assert_eq!(got, expected, "{unit:?}: {text}");
            }
            // That which a machine with more takes the place of.
            #[cfg(target_arch = "x86_64")]
            if Unit::best().is_avx512() {
                let mut out = Vec::with_capacity(text.len() + SLACK);
                // SAFETY: the machine was found to have it.
                let end = unsafe { x86::decode_avx512(text.as_bytes(), &mut out) };
                let got = end.map(|end| (String::from_utf8(out).unwrap(), end + 1));
                assert_eq!(got, expected, "{text}");
            }
        }
    }
}
