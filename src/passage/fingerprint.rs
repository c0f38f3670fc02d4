//! Tokens of one document -> winnowed fingerprints with positions.
//!
//! A seed is a window of [`Seeds::words`] words, hashed. Of every
//! [`Seeds::window`] words' worth of consecutive seeds the one with the least
//! hash is kept: two documents that share a run of at least
//! `words + window - 1` words keep the same seed in it. On all-word text
//! `2 / (window + 1)` of the seeds are kept.
//!
//! * time: `O(n)` for `n` tokens
//! * space: 8 bytes a fingerprint
//!
//! Source: Schleimer, Wilkerson, Aiken, *Winnowing: local algorithms for
//! document fingerprinting*, SIGMOD 2003, with the robust choice (on ties the
//! seed chosen before is kept while it is in the window, else the rightmost).
//! Departures: lengths are counted in weight, so that ten clusters of an
//! unspaced script make a seed where four words do; 32 bits of the hash are
//! kept, since every use of a fingerprint compares the tokens themselves.

use crate::hash;
use crate::options::WORD_WEIGHT;
use crate::options::find::Seeds;

/// A seed that was kept: the window of tokens that starts at `position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Number of the seed's first token.
    pub position: u32,
    /// Hash of the seed's tokens.
    pub hash: u32,
}

/// Appends the fingerprints of a document to `out`, by position.
///
/// `hashes` are the token hashes; `weights` their weights, or empty when all
/// are words. A text shorter than a seed has no fingerprint.
pub fn winnow(hashes: &[u64], weights: &[u8], seeds: Seeds, out: &mut Vec<Fingerprint>) {
    if weights.is_empty() {
        winnow_words(hashes, seeds, out);
    } else {
        winnow_weighted(hashes, weights, seeds, out);
    }
}

/// Longest window of the plain path; longer ones take the weighted one.
const RING: usize = 8;

fn winnow_words(hashes: &[u64], seeds: Seeds, out: &mut Vec<Fingerprint>) {
    let (k, w) = (seeds.words as usize, seeds.window as usize);
    if hashes.len() < k {
        return;
    }
    if w > RING {
        winnow_weighted(hashes, &vec![WORD_WEIGHT as u8; hashes.len()], seeds, out);
        return;
    }
    let drop = hash::base_power(k);
    // The last seed hashes; slot = position modulo the power of two.
    let mut recent = [u64::MAX; RING];
    let mut rolled =
        hashes[..k - 1].iter().fold(0u64, |h, &t| h.wrapping_mul(hash::BASE).wrapping_add(t));
    let (mut least, mut at) = (u64::MAX, usize::MAX);
    let count = hashes.len() + 1 - k;
    for position in 0..count {
        rolled = rolled.wrapping_mul(hash::BASE).wrapping_add(hashes[position + k - 1]);
        if position > 0 {
            rolled = rolled.wrapping_sub(hashes[position - 1].wrapping_mul(drop));
        }
        let seed = hash::finish(rolled);
        recent[position % RING] = seed;
        let mut changed = false;
        // Nothing is chosen yet in the first window: the rightmost wins there.
        if seed < least || (seed == least && position < w) {
            (least, at, changed) = (seed, position, true);
        } else if at.wrapping_add(w) == position {
            (least, at) = rightmost_least(&recent, position, w);
            changed = true;
        }
        // The first window is complete at position w - 1; a text with fewer
        // seeds than that is one short window.
        let complete = position + 1 >= w || position + 1 == count;
        if complete && (changed || position + 1 == w || position + 1 == count) {
            push(out, at, least);
        }
    }
}

/// The least of the last `w` seeds, the rightmost on ties.
fn rightmost_least(recent: &[u64; RING], position: usize, w: usize) -> (u64, usize) {
    let (mut least, mut at) = (recent[position % RING], position);
    for back in 1..w {
        let seed = recent[(position - back) % RING];
        if seed < least {
            (least, at) = (seed, position - back);
        }
    }
    (least, at)
}

fn push(out: &mut Vec<Fingerprint>, at: usize, seed: u64) {
    let fingerprint = Fingerprint { position: at as u32, hash: (seed >> 32) as u32 };
    if out.last() != Some(&fingerprint) {
        out.push(fingerprint);
    }
}

/// The same over any weights: seeds and windows end at the first token at
/// which the weights reach the words' worth.
fn winnow_weighted(hashes: &[u64], weights: &[u8], lengths: Seeds, out: &mut Vec<Fingerprint>) {
    let window = lengths.window * WORD_WEIGHT;
    let seeds = weighted_seeds(hashes, weights, lengths.words * WORD_WEIGHT);
    let first = out.len();
    let mut candidates = std::collections::VecDeque::<usize>::new();
    let (mut start, mut weight) = (0usize, 0u32);
    for position in 0..seeds.len() {
        // Seeds that can never be least again leave from the back; an equal
        // one stays, because on ties the earlier choice is kept.
        while candidates.back().is_some_and(|&c| seeds[c] > seeds[position]) {
            candidates.pop_back();
        }
        candidates.push_back(position);
        weight += u32::from(weights[position]);
        while weight - u32::from(weights[start]) >= window {
            weight -= u32::from(weights[start]);
            start += 1;
            while candidates.front().is_some_and(|&c| c < start) {
                candidates.pop_front();
            }
        }
        let complete = weight >= window || position + 1 == seeds.len();
        if let (true, Some(&at)) = (complete, candidates.front()) {
            let at = choose(&seeds, &candidates, at, out[first..].last());
            push(out, at, seeds[at]);
        }
    }
}

/// Robust choice among equal seeds: the previous choice if it still is among
/// them, else the rightmost.
fn choose(
    seeds: &[u64],
    candidates: &std::collections::VecDeque<usize>,
    at: usize,
    previous: Option<&Fingerprint>,
) -> usize {
    let equal = || candidates.iter().copied().take_while(|&c| seeds[c] == seeds[at]);
    match previous {
        Some(p) if equal().any(|c| c == p.position as usize) => p.position as usize,
        _ => equal().last().unwrap_or(at),
    }
}

/// Hash of the seed at each position that has a whole one.
fn weighted_seeds(hashes: &[u64], weights: &[u8], least: u32) -> Vec<u64> {
    let mut seeds = Vec::with_capacity(hashes.len());
    let (mut end, mut weight, mut rolled) = (0usize, 0u32, 0u64);
    for start in 0..hashes.len() {
        while weight < least {
            if end == hashes.len() {
                return seeds;
            }
            rolled = rolled.wrapping_mul(hash::BASE).wrapping_add(hashes[end]);
            weight += u32::from(weights[end]);
            end += 1;
        }
        seeds.push(hash::finish(rolled));
        rolled = rolled.wrapping_sub(hashes[start].wrapping_mul(hash::base_power(end - start - 1)));
        weight -= u32::from(weights[start]);
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text over an alphabet of `letters` tokens.
    fn noise(seed: u64, n: usize, letters: u64) -> Vec<u64> {
        let mut state = seed;
        (0..n)
            .map(|_| hash::token(&(hash::splitmix64(&mut state) % letters).to_le_bytes()))
            .collect()
    }

    fn values(hashes: &[u64], weights: &[u8]) -> Vec<Fingerprint> {
        let mut out = Vec::new();
        winnow(hashes, weights, DEFAULT, &mut out);
        out
    }

    const DEFAULT: Seeds = Seeds { words: 4, window: 4 };

    #[test]
    fn weighted_and_plain_agree_on_words() {
        for seed in 0..3000u64 {
            let text = noise(seed, (seed % 61) as usize, 1 + seed % 5);
            let seeds = Seeds { words: 1 + seed as u32 % 6, window: 1 + seed as u32 / 6 % 10 };
            let (mut plain, mut weighted) = (Vec::new(), Vec::new());
            winnow(&text, &[], seeds, &mut plain);
            winnow(&text, &vec![5; text.len()], seeds, &mut weighted);
            assert_eq!(plain, weighted, "seed {seed}");
        }
    }

    #[test]
    fn seeds_are_hashes_of_their_tokens() {
        let text = noise(1, 500, 1000);
        for f in values(&text, &[]) {
            let at = f.position as usize;
            assert_eq!(f.hash, (hash::window(&text[at..at + 4]) >> 32) as u32);
        }
    }

    #[test]
    fn every_shared_run_keeps_a_common_fingerprint() {
        for seed in 0..4000u64 {
            let letters = 1 + seed % 3;
            let seeds = Seeds { words: 1 + seed as u32 / 3 % 5, window: 1 + seed as u32 / 15 % 8 };
            let guaranteed = (seeds.words + seeds.window - 1) as usize;
            let run = noise(seed, guaranteed + (seed % 5) as usize, letters);
            let around = |salt: u64| {
                let mut text = noise(seed ^ salt, (seed % 19) as usize, letters);
                text.extend(&run);
                text.extend(noise(seed ^ salt ^ 77, (seed % 13) as usize, letters));
                let mut out = Vec::new();
                winnow(&text, &[], seeds, &mut out);
                out.iter().map(|f| f.hash).collect::<Vec<_>>()
            };
            let (a, b) = (around(1 << 40), around(1 << 41));
            assert!(a.iter().any(|h| b.contains(h)), "seed {seed}");
        }
    }

    #[test]
    fn unspaced_runs_keep_one_too() {
        // Ten clusters a seed, ten seeds a window: 19 clusters are enough.
        for seed in 0..500u64 {
            let run = noise(seed, 19, 40);
            let around = |salt: u64| {
                let mut text = noise(seed ^ salt, 30, 40);
                text.extend(&run);
                text.extend(noise(seed ^ salt ^ 77, 30, 40));
                values(&text, &vec![2; text.len()]).iter().map(|f| f.hash).collect::<Vec<_>>()
            };
            let (a, b) = (around(1 << 40), around(1 << 41));
            assert!(a.iter().any(|h| b.contains(h)), "seed {seed}");
        }
    }

    #[test]
    fn density_is_two_in_five() {
        let text = noise(3, 200_000, 1 << 30);
        let density = values(&text, &[]).len() as f64 / text.len() as f64;
        // The standard error at this length is below 0.001.
        assert!((density - 0.4).abs() < 0.004, "{density}");
    }

    #[test]
    fn short_texts() {
        for n in 0..4 {
            assert!(values(&noise(1, n, 9), &[]).is_empty());
        }
        for n in 4..9 {
            assert!(!values(&noise(1, n, 9), &[]).is_empty(), "{n}");
        }
    }
}
