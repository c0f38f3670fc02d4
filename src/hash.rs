//! The hashes that are stored, reported or decide a result.
//!
//! * token: XXH3-64 of the normalised token, with a fixed seed;
//! * window of tokens: a polynomial of the token hashes modulo 2^64, so that
//!   it can be rolled, and a finaliser, because the low bits of a polynomial
//!   are weak;
//! * content: XXH3-128 of the token hashes of a text;
//! * parameters drawn from a seed: splitmix64.
//!
//! Their values are pinned by tests: they do not depend on the machine, its
//! byte order, or the build. Sources: Collet, *XXH3*, 2019; Karp and Rabin,
//! *Efficient randomized pattern-matching algorithms*, 1987; Steele, Lea,
//! Flood, *Fast splittable pseudorandom number generators*, 2014.

use xxhash_rust::xxh3::xxh3_64_with_seed;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::simd::Unit;

mod long;

/// Seed of all token hashes. Its value is arbitrary; it may never change,
/// since fingerprints and signatures depend on it.
const TOKEN_SEED: u64 = 0x7477_6963_6574_6f6c;

/// Base of the rolling polynomial: odd, so that multiplication by it is a
/// bijection, with bits set over the whole width (2^64 divided by the golden
/// ratio).
pub const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hash of one normalised token.
#[inline]
#[must_use]
pub fn token(normalised: &[u8]) -> u64 {
    let len = normalised.len();
    if len > long::MEDIUM {
        return long::bytes(Unit::best(), normalised);
    }
    if len == 0 || len > SHORT {
        return xxh3_64_with_seed(normalised, TOKEN_SEED);
    }
    short_token(load(normalised), len)
}

/// The bytes of a slice of 1 to 16 bytes, the first one lowest. Two reads that
/// overlap, where a copy of unknown length would be a call.
#[inline]
fn load(bytes: &[u8]) -> u128 {
    let len = bytes.len();
    let both = |first: u64, last: u64, half: usize| {
        u128::from(first) | u128::from(last) << (8 * (len - half))
    };
    if let (Some(&first), Some(&last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        both(u64::from_le_bytes(first), u64::from_le_bytes(last), 8)
    } else if let (Some(&first), Some(&last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        both(u32::from_le_bytes(first).into(), u32::from_le_bytes(last).into(), 4)
    } else {
        let (first, middle, last) = (bytes[0], bytes[len / 2], bytes[len - 1]);
        both(first.into(), last.into(), 1) | u128::from(middle) << (8 * (len / 2))
    }
}

/// Most bytes of a token that [`short_token`] can hash.
pub(crate) const SHORT: usize = 16;

/// [`token`] of the `len` bytes in `bytes`, the first one lowest, for `len` in
/// `1..=SHORT`; the bits above them must be zero.
///
/// Most words are that short. Their bytes never leave the registers, and the
/// choice between up to three and up to eight bytes is no branch: no
/// processor can guess how long the next word is.
#[inline]
#[must_use]
pub(crate) fn short_token(bytes: u128, len: usize) -> u64 {
    let low = bytes as u64;
    let n = len as u64;
    if len > 8 {
        let last = (bytes >> (8 * (len - 8))) as u64;
        let low = low ^ secret::FIRST;
        let high = last ^ secret::LAST;
        let product = u128::from(low) * u128::from(high);
        let fold = product as u64 ^ (product >> 64) as u64;
        let mut h = n.wrapping_add(low.swap_bytes()).wrapping_add(high).wrapping_add(fold);
        h = (h ^ (h >> 37)).wrapping_mul(secret::MEDIUM_FACTOR);
        return h ^ (h >> 32);
    }
    let tiny = {
        let first = low & 0xff;
        let middle = (low >> (8 * (n >> 1))) & 0xff;
        let last = (low >> (8 * (n - 1))) & 0xff;
        let mut h = first << 16 | middle << 24 | last | n << 8;
        h ^= secret::TINY;
        h = (h ^ (h >> 33)).wrapping_mul(secret::TINY_FACTORS[0]);
        h = (h ^ (h >> 29)).wrapping_mul(secret::TINY_FACTORS[1]);
        h ^ (h >> 32)
    };
    let small = {
        let last = (low >> (8 * n.saturating_sub(4))) & 0xffff_ffff;
        let mut h = last.wrapping_add(low << 32);
        h ^= secret::SMALL;
        h ^= h.rotate_left(49) ^ h.rotate_left(24);
        h = h.wrapping_mul(secret::SMALL_FACTOR);
        h ^= (h >> 35).wrapping_add(n);
        h = h.wrapping_mul(secret::SMALL_FACTOR);
        h ^ (h >> 28)
    };
    std::hint::select_unpredictable(len > 3, small, tiny)
}

/// Constants of XXH3-64 for 1 to 16 bytes, for this file and the vector
/// kernels. Pairs of words of its secret are combined with each other and with
/// the seed; the numbers in the comments are their offsets.
pub(crate) mod secret {
    use super::TOKEN_SEED;

    /// Up to three bytes: 0.
    pub(crate) const TINY: u64 = (0x396c_feb8u64 ^ 0xbe4b_a423).wrapping_add(TOKEN_SEED);
    pub(crate) const TINY_FACTORS: [u64; 2] = [0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9];
    /// Up to eight: 8.
    pub(crate) const SMALL: u64 = (0x1cad_21f7_2c81_017cu64 ^ 0xdb97_9083_e96d_d4de)
        .wrapping_sub(TOKEN_SEED ^ (((TOKEN_SEED as u32).swap_bytes() as u64) << 32));
    pub(crate) const SMALL_FACTOR: u64 = 0x9fb2_1c65_1e98_df25;
    /// More, for the first eight bytes: 24.
    pub(crate) const FIRST: u64 =
        (0x1f67_b3b7_a4a4_4072u64 ^ 0x78e5_c0cc_4ee6_79cb).wrapping_add(TOKEN_SEED);
    /// More, for the last eight: 40.
    pub(crate) const LAST: u64 =
        (0x2172_ffcc_7dd0_5a82u64 ^ 0x8e24_43f7_7446_08b8).wrapping_sub(TOKEN_SEED);
    pub(crate) const MEDIUM_FACTOR: u64 = 0x1656_6791_9e37_79f9;
}

/// Hash of a whole text, given the hashes of its tokens in order. Texts that
/// agree in it are taken as the same text after normalisation.
#[must_use]
pub fn content(tokens: &[u64]) -> u128 {
    let mut bytes = [0u8; long::MEDIUM];
    let Some(bytes) = bytes.get_mut(..8 * tokens.len()) else {
        return long::numbers(Unit::best(), tokens);
    };
    for (out, hash) in bytes.as_chunks_mut().0.iter_mut().zip(tokens) {
        *out = hash.to_le_bytes();
    }
    xxh3_128_with_seed(bytes, TOKEN_SEED)
}

/// Finaliser of the rolling polynomial: spreads every input bit over the
/// whole word. A bijection.
#[inline]
#[must_use]
pub fn finish(mut z: u64) -> u64 {
    z ^= z >> 32;
    z = z.wrapping_mul(0xd6e8_feb8_6659_fd93);
    z ^= z >> 32;
    z = z.wrapping_mul(0xd6e8_feb8_6659_fd93);
    z ^ (z >> 32)
}

/// Hash of the window `tokens`, by the definition. [`finish`] of the rolled
/// polynomial equals it.
#[must_use]
pub fn window(tokens: &[u64]) -> u64 {
    finish(tokens.iter().fold(0u64, |h, &t| h.wrapping_mul(BASE).wrapping_add(t)))
}

/// `BASE` to the power `n`.
#[must_use]
pub fn base_power(n: usize) -> u64 {
    (0..n).fold(1u64, |p, _| p.wrapping_mul(BASE))
}

/// The next value of the splitmix64 sequence of `state`.
#[inline]
pub fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_has_its_published_values() {
        let mut state = 1_234_567;
        let got: Vec<u64> = (0..3).map(|_| splitmix64(&mut state)).collect();
        assert_eq!(
            got,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_rolled_window_equals_the_definition() {
        let mut state = 7;
        let tokens: Vec<u64> = (0..200).map(|_| splitmix64(&mut state)).collect();
        for k in 1..12 {
            let drop = base_power(k);
            let mut h = 0u64;
            for (i, &t) in tokens.iter().enumerate() {
                h = h.wrapping_mul(BASE).wrapping_add(t);
                if i >= k {
                    h = h.wrapping_sub(tokens[i - k].wrapping_mul(drop));
                }
                if i + 1 >= k {
                    assert_eq!(finish(h), window(&tokens[i + 1 - k..=i]), "k {k}, at {i}");
                }
            }
        }
    }

    #[test]
    fn short_tokens_hash_as_the_published_function_does() {
        let mut state = 5;
        for len in (0..=40).chain([240, 241, 5000]) {
            for _ in 0..1000 {
                let text: Vec<u8> = (0..len).map(|_| splitmix64(&mut state) as u8).collect();
                assert_eq!(token(&text), xxh3_64_with_seed(&text, TOKEN_SEED), "{text:?}");
            }
        }
    }

    #[test]
    fn content_depends_on_order_and_length() {
        assert_ne!(content(&[1, 2]), content(&[2, 1]));
        assert_ne!(content(&[]), content(&[0]));
        for n in [0usize, 1, 2, 30, 127, 128, 129, 1000] {
            let tokens: Vec<u64> = (0..n as u64).collect();
            let bytes: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
            let whole = xxhash_rust::xxh3::xxh3_128_with_seed(&bytes, TOKEN_SEED);
            assert_eq!(content(&tokens), whole, "{n}");
        }
    }
}
