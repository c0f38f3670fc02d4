//! XXH3 of more than 240 bytes, on the vector unit of the machine.
//!
//! The crate that has the rest of XXH3 chooses its instructions when it is
//! compiled, for all machines of a family. This is the same function, run as
//! one that was compiled for the machine's unit.
//!
//! * time: `O(n)`; some 40 GB a second with AVX-512 and AVX2, 15 otherwise
//! * space: none
//!
//! Source: Collet, *XXH3*, 2019, in its published specification.

use xxhash_rust::const_xxh3::const_custom_default_secret;

use crate::hash::TOKEN_SEED;
use crate::simd::Kernel;
use crate::simd::Unit;

/// Numbers of a stripe.
const STRIPE: usize = 8;

/// Stripes between two scrambles.
const STRIPES: usize = (SECRET.len() - 8 * STRIPE) / 8;

/// Longest input that XXH3 hashes in another way, in bytes.
pub(super) const MEDIUM: usize = 240;

const SECRET: [u8; 192] = const_custom_default_secret(TOKEN_SEED);

const FACTORS_32: [u64; 3] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d];
const FACTORS_64: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// `N` numbers of the secret from a byte on.
const fn secret<const N: usize>(from: usize) -> [u64; N] {
    let mut words = [0; N];
    let mut n = 0;
    while n < 8 * N {
        words[n / 8] |= (SECRET[from + n] as u64) << (8 * (n % 8));
        n += 1;
    }
    words
}

/// The secret as numbers; a stripe takes those from its own number on.
const WORDS: [u64; SECRET.len() / 8] = secret(0);
const LAST: [u64; STRIPE] = secret(SECRET.len() - 8 * STRIPE - 7);
const SCRAMBLE: [u64; STRIPE] = secret(SECRET.len() - 8 * STRIPE);
const MERGE_LOW: [u64; STRIPE] = secret(11);
const MERGE_HIGH: [u64; STRIPE] = secret(SECRET.len() - 8 * STRIPE - 11);

/// XXH3-64 of more than [`MEDIUM`] bytes.
pub(super) fn bytes(unit: Unit, bytes: &[u8]) -> u64 {
    let sums = unit.run(Bytes(bytes));
    merge(&sums, &MERGE_LOW, (bytes.len() as u64).wrapping_mul(FACTORS_64[0]))
}

/// XXH3-128 of the bytes of numbers, the lowest of each first; of more than
/// [`MEDIUM`] bytes.
pub(super) fn numbers(unit: Unit, numbers: &[u64]) -> u128 {
    let sums = unit.run(Numbers(numbers));
    let length = 8 * numbers.len() as u64;
    let low = merge(&sums, &MERGE_LOW, length.wrapping_mul(FACTORS_64[0]));
    let high = merge(&sums, &MERGE_HIGH, !length.wrapping_mul(FACTORS_64[1]));
    u128::from(high) << 64 | u128::from(low)
}

type Sums = [u64; STRIPE];

struct Bytes<'a>(&'a [u8]);

impl Kernel for Bytes<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<const LANES: usize>(self) -> Sums {
        let number = |eight: &[u8; 8]| u64::from_le_bytes(*eight);
        let stripe = |bytes: &[u8; 64]| -> [u64; STRIPE] {
            let mut stripe = [0; STRIPE];
            for (out, eight) in stripe.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *out = number(eight);
            }
            stripe
        };
        let Some(last) = self.0.last_chunk() else { return START };
        let whole = self.0[..self.0.len() - 1].as_chunks().0;
        add_up(whole.iter().map(stripe), stripe(last))
    }
}

struct Numbers<'a>(&'a [u64]);

impl Kernel for Numbers<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<const LANES: usize>(self) -> Sums {
        let Some(&last) = self.0.last_chunk() else { return START };
        let whole = self.0[..self.0.len() - 1].as_chunks().0;
        add_up(whole.iter().copied(), last)
    }
}

const START: Sums = [
    FACTORS_32[2],
    FACTORS_64[0],
    FACTORS_64[1],
    FACTORS_64[2],
    FACTORS_64[3],
    FACTORS_32[1],
    FACTORS_64[4],
    FACTORS_32[0],
];

/// Of all whole stripes that end before the last byte, and the last 64 bytes.
#[inline(always)]
fn add_up(stripes: impl Iterator<Item = [u64; STRIPE]>, last: [u64; STRIPE]) -> Sums {
    let mut sums = START;
    let mut place = 0;
    for stripe in stripes {
        if let Some(secret) = WORDS[place..].first_chunk() {
            add(&mut sums, &stripe, secret);
        }
        place += 1;
        if place == STRIPES {
            scramble(&mut sums);
            place = 0;
        }
    }
    add(&mut sums, &last, &LAST);
    sums
}

#[inline(always)]
fn add(sums: &mut Sums, stripe: &[u64; STRIPE], secret: &[u64; STRIPE]) {
    let mut out = [0; STRIPE];
    for n in 0..STRIPE {
        let keyed = stripe[n] ^ secret[n];
        let product = (keyed & 0xffff_ffff).wrapping_mul(keyed >> 32);
        out[n] = sums[n].wrapping_add(stripe[n ^ 1]).wrapping_add(product);
    }
    *sums = out;
}

#[inline(always)]
fn scramble(sums: &mut Sums) {
    for (sum, secret) in sums.iter_mut().zip(&SCRAMBLE) {
        *sum = (*sum ^ *sum >> 47 ^ secret).wrapping_mul(FACTORS_32[0]);
    }
}

fn merge(sums: &Sums, secret: &[u64; STRIPE], start: u64) -> u64 {
    let mut h = start;
    for (pair, secret) in sums.as_chunks::<2>().0.iter().zip(secret.as_chunks::<2>().0) {
        let product = u128::from(pair[0] ^ secret[0]) * u128::from(pair[1] ^ secret[1]);
        h = h.wrapping_add(product as u64 ^ (product >> 64) as u64);
    }
    h = (h ^ h >> 37).wrapping_mul(0x1656_6791_9e37_79f9);
    h ^ h >> 32
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64_with_seed;
    use xxhash_rust::xxh3::xxh3_128_with_seed;

    use super::*;
    use crate::hash::splitmix64;

    #[test]
    fn every_unit_gives_the_published_function() {
        let mut state = 1;
        for n in (241..400).chain([1023, 1024, 1025, 1088, 1089, 2048, 2049, 9999, 70_000]) {
            let text: Vec<u8> = (0..n).map(|_| splitmix64(&mut state) as u8).collect();
            let words: Vec<u64> = (0..n / 7).map(|_| splitmix64(&mut state)).collect();
            let of_words: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            for unit in Unit::all() {
                assert_eq!(
                    bytes(unit, &text),
                    xxh3_64_with_seed(&text, TOKEN_SEED),
                    "{n} {unit:?}"
                );
                if of_words.len() > MEDIUM {
                    let expected = xxh3_128_with_seed(&of_words, TOKEN_SEED);
                    assert_eq!(numbers(unit, &words), expected, "{n} {unit:?}");
                }
            }
        }
    }
}
