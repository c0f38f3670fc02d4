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
    xxh3_64_with_seed(normalised, TOKEN_SEED)
}

/// Hash of a whole text, given the hashes of its tokens in order. Texts that
/// agree in it are taken as the same text after normalisation.
#[must_use]
pub fn content(tokens: &[u64]) -> u128 {
    let mut bytes = Vec::with_capacity(tokens.len() * 8);
    for hash in tokens {
        bytes.extend_from_slice(&hash.to_le_bytes());
    }
    xxh3_128_with_seed(&bytes, TOKEN_SEED)
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
    fn content_depends_on_order_and_length() {
        assert_ne!(content(&[1, 2]), content(&[2, 1]));
        assert_ne!(content(&[]), content(&[0]));
    }
}
