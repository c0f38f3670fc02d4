//! The vector kernels of the ASCII path: bytes -> borders of words, and words
//! -> their hashes, for each vector unit.
//!
//! A block of 64 bytes becomes bit masks, a mask of borders their places. Eight
//! words at a time are hashed as XXH3-64 does it for 1 to 3, 4 to 8 and 9 to 16
//! bytes, all three ways for each word, since words of all lengths stand side
//! by side and a branch on the length is guessed wrongly every other time.
//!
//! Every unit computes the same: only integers, all exact.
#![allow(unsafe_code)]

use crate::hash;
use crate::simd::Unit;

#[cfg(target_arch = "x86_64")]
mod x86;

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Borders after which a batch ends.
const FULL: usize = 128;

/// A block adds 64 borders at most, and sixteen are written at a time.
const ROOM: usize = FULL + BLOCK + 16;

/// Words of a batch, at most.
pub(super) const MOST: usize = ROOM / 2;

/// Bytes of a batch, about, so that places fit 32 bits.
const REACH: usize = 1 << 20;

/// Where a search for borders stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// The next block.
    pub(super) at: usize,
    /// Whether a run of word bytes goes on at `at`.
    open: bool,
    /// Whether the byte before `at` is a letter or digit.
    after_word: bool,
    /// Whether a byte that is not ASCII was met; `at` is its place then.
    pub(super) other: bool,
}

impl State {
    /// At a byte before which there is no word.
    pub(super) fn starting(at: usize) -> State {
        State { at, ..State::default() }
    }
}

/// The borders of runs: each start, then its end, counted from where the
/// search began. A run that was open then has 0 for its start.
#[derive(Clone, Debug)]
pub(super) struct Borders {
    places: [u32; ROOM],
    len: usize,
}

impl Default for Borders {
    fn default() -> Borders {
        Borders { places: [0; ROOM], len: 0 }
    }
}

impl Borders {
    /// Looks for borders from `state` on, until there are enough of them, a
    /// byte that is not ASCII is met, or all bytes were looked at; a run that
    /// reaches such a byte, or the end, stays open. Replaces what was found
    /// before.
    pub(super) fn find(&mut self, unit: Unit, bytes: &[u8], state: &mut State) {
        self.len = usize::from(state.open);
        self.places[0] = 0;
        #[cfg(target_arch = "x86_64")]
        {
            if unit.is_avx512() {
                // SAFETY: a unit of this kind exists only on a machine that
                // was found to have it.
                return unsafe { x86::find_avx512(bytes, state, self) };
            }
            if unit.is_avx2() {
                // SAFETY: as above.
                return unsafe { x86::find_avx2(bytes, state, self) };
            }
        }
        let _ = unit;
        search(bytes, state, self, portable_masks, Borders::add);
    }

    /// The runs that have ended.
    pub(super) fn runs(&self) -> &[[u32; 2]] {
        self.places[..self.len].as_chunks().0
    }

    /// The start of the run that has not.
    pub(super) fn open(&self) -> Option<u32> {
        self.places[..self.len].as_chunks::<2>().1.first().copied()
    }

    /// Adds the places of the bits of `mask`, of which the lowest is `base`.
    #[inline(always)]
    fn add(&mut self, mask: u64, base: u32) {
        let mut rest = mask;
        while rest != 0 {
            self.places[self.len] = base + rest.trailing_zeros();
            self.len += 1;
            rest &= rest - 1;
        }
    }
}

/// Bits of the bytes of a block, the first lowest.
struct Masks {
    /// Letters and digits.
    word: u64,
    /// Apostrophes.
    inner: u64,
    /// Not ASCII.
    other: u64,
}

/// The search, given the ways to make masks and to note places.
#[inline(always)]
fn search(
    bytes: &[u8],
    state: &mut State,
    borders: &mut Borders,
    masks: impl Fn(&[u8; BLOCK]) -> Masks,
    add: impl Fn(&mut Borders, u64, u32),
) {
    let (base, mut at) = (state.at, state.at);
    let (mut open, mut after_word) = (u64::from(state.open), u64::from(state.after_word));
    while at < bytes.len() && borders.len < FULL && at - base < REACH {
        let Masks { word, inner, other } = match bytes[at..].first_chunk() {
            Some(block) => masks(block),
            None => masks(&last_block(&bytes[at..])),
        };
        let mut run = word;
        if inner != 0 {
            let beyond = bytes.get(at + BLOCK).is_some_and(|&b| b >= 0x80 || is_word(b));
            let before = word << 1 | after_word;
            let after = (word | other) >> 1 | u64::from(beyond) << 63;
            run |= inner & before & after;
        }
        let mut edges = run ^ (run << 1 | open);
        if other != 0 {
            // None from the first other byte on, so that a run which touches
            // it stays open.
            edges &= (other & other.wrapping_neg()) - 1;
        }
        add(borders, edges, (at - base) as u32);
        if other != 0 {
            state.other = true;
            at += other.trailing_zeros() as usize;
            break;
        }
        (open, after_word) = (run >> 63, word >> 63);
        at += BLOCK;
    }
    state.at = at;
    state.open = borders.len % 2 == 1;
    state.after_word = after_word == 1;
}

/// The rest of a text, filled up with blanks.
#[inline]
fn last_block(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[inline(always)]
fn is_word(b: u8) -> bool {
    (b | 0x20).wrapping_sub(b'a') < 26 || b.wrapping_sub(b'0') < 10
}

fn portable_masks(block: &[u8; BLOCK]) -> Masks {
    Masks {
        word: gather(block, is_word),
        inner: gather(block, |b| b == b'\''),
        other: if block.is_ascii() { 0 } else { gather(block, |b| b >= 0x80) },
    }
}

/// One bit a byte. The first loop compiles to vector instructions; the
/// multiplication moves the lowest bits of eight bytes into its top byte.
#[inline]
fn gather(block: &[u8; BLOCK], test: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, &b) in flags.iter_mut().zip(block) {
        *flag = u8::from(test(b));
    }
    let mut bits = 0;
    for (i, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        let top = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= top << (8 * i);
    }
    bits
}

/// Writes the hash of each word of `places` to `out`. Words are ASCII letters,
/// digits and apostrophes, and lie in `bytes`.
pub(super) fn hashes(unit: Unit, bytes: &[u8], places: &[[u32; 2]], out: &mut [u64]) {
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if unit.is_avx512() {
        // SAFETY: a unit of this kind exists only on a machine that was found
        // to have it.
        done = unsafe { x86::hashes_avx512(bytes, places, out) };
    }
    let _ = unit;
    for (place, out) in places[done..].iter().zip(&mut out[done..]) {
        *out = hash_one(bytes, place[0] as usize, place[1] as usize);
    }
}

/// Hash of the word at `start..end`.
#[inline]
pub(super) fn hash_one(bytes: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    if len > hash::SHORT {
        return hash_long(&bytes[start..end]);
    }
    // One bit makes words lower case: `'` and digits have it already.
    let lower = load(bytes, start) | u128::from_le_bytes([0x20; 16]);
    hash::short_token(lower & (u128::MAX >> (128 - 8 * len)), len)
}

/// The sixteen bytes at `start`, zeros after the end of the text.
#[inline]
fn load(bytes: &[u8], start: usize) -> u128 {
    let rest = &bytes[start..];
    if let Some(sixteen) = rest.first_chunk::<16>() {
        u128::from_le_bytes(*sixteen)
    } else {
        let mut sixteen = [0; 16];
        sixteen[..rest.len()].copy_from_slice(rest);
        u128::from_le_bytes(sixteen)
    }
}

#[inline(never)]
fn hash_long(word: &[u8]) -> u64 {
    let mut short = [0; 64];
    if let Some(lower) = short.get_mut(..word.len()) {
        lower.copy_from_slice(word);
        lower.iter_mut().for_each(|b| *b |= 0x20);
        return hash::token(lower);
    }
    let lower: Vec<u8> = word.iter().map(|b| b | 0x20).collect();
    hash::token(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    #[test]
    fn words_of_all_lengths_hash_alike_on_every_unit() {
        let mut state = 3;
        let letters = b"abcXYZ019'";
        for most in [1, 3, 4, 8, 9, 16, 17, 70] {
            for count in 0..40 {
                let (mut bytes, mut places, mut expected) = (Vec::new(), Vec::new(), Vec::new());
                for _ in 0..count {
                    let start = bytes.len();
                    for _ in 0..=splitmix64(&mut state) % most {
                        bytes.push(letters[splitmix64(&mut state) as usize % letters.len()]);
                    }
                    places.push([start as u32, bytes.len() as u32]);
                    expected.push(hash::token(&bytes[start..].to_ascii_lowercase()));
                    bytes.extend_from_slice(&b"--"[..splitmix64(&mut state) as usize % 3]);
                }
                for unit in Unit::all() {
                    let mut got = vec![0; count];
                    hashes(unit, &bytes, &places, &mut got);
                    assert_eq!(got, expected, "{unit:?}, {count} words");
                }
            }
        }
    }

    #[test]
    fn borders_are_the_same_on_every_unit_and_batches_end() {
        let mut seed = 8;
        for len in (0..300).chain([1000, 5000]) {
            let text: Vec<u8> =
                (0..len).map(|_| b"aZ5' .@[`{/:\0"[splitmix64(&mut seed) as usize % 13]).collect();
            let all = |unit: Unit| {
                let (mut state, mut found) = (State::starting(0), Vec::new());
                let mut borders = Borders::default();
                while state.at < text.len() {
                    let base = state.at;
                    borders.find(unit, &text, &mut state);
                    assert!(state.at > base && borders.len < FULL + BLOCK);
                    found.push((base, borders.runs().to_vec(), borders.open()));
                }
                found
            };
            for unit in Unit::all() {
                assert_eq!(all(unit), all(Unit::PORTABLE), "{unit:?}");
            }
        }
    }
}
