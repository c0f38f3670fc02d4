//! Made-up prose: words drawn by a Zipf law, word pairs that like each other,
//! edits, and the letters of a word in any script.

use std::collections::HashSet;

use twicetold::hash::splitmix64;
use twicetold::options::CLUSTER_WEIGHT;
use twicetold::text::Tokens;
use twicetold::text::tokenize;

pub(crate) const VOCABULARY: usize = 60_000;
/// Words that like to follow a given word.
const SUCCESSORS: u64 = 40;
/// How often one of them does, in percent.
const FOLLOWS: u64 = 78;

/// Draws words, which are numbers below [`VOCABULARY`].
pub(crate) struct Speaker {
    state: u64,
    /// Zipf weights summed up.
    sums: Vec<u64>,
}

impl Speaker {
    pub(crate) fn new(seed: u64) -> Speaker {
        let mut sum = 0;
        let sums = (0..VOCABULARY as u64)
            .map(|rank| {
                sum += 1_000_000_000 / (rank + 3);
                sum
            })
            .collect();
        Speaker { state: seed, sums }
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        splitmix64(&mut self.state) % n
    }

    fn zipf(&self, draw: u64) -> u32 {
        let all = self.sums[VOCABULARY - 1];
        self.sums.partition_point(|&s| s <= draw % all) as u32
    }

    fn any(&mut self) -> u32 {
        let draw = splitmix64(&mut self.state);
        self.zipf(draw)
    }

    /// The word after `word`: mostly one that likes to stand there.
    fn next(&mut self, word: u32) -> u32 {
        if self.below(100) >= FOLLOWS {
            return self.any();
        }
        // The lesser of two draws: some successors are much more common.
        let choice = self.below(SUCCESSORS).min(self.below(SUCCESSORS));
        let mut liking = u64::from(word) << 8 | choice;
        let draw = splitmix64(&mut liking);
        self.zipf(draw)
    }

    pub(crate) fn prose(&mut self, n: usize) -> Vec<u32> {
        let mut words = vec![self.any()];
        while words.len() < n {
            words.push(self.next(words[words.len() - 1]));
        }
        words
    }

    /// A copy with about `rate` percent of its words edited: three of five
    /// edits put another word, one drops the word, one adds a word.
    pub(crate) fn edited(&mut self, words: &[u32], rate: u64) -> Vec<u32> {
        let mut copy = Vec::new();
        for &word in words {
            if self.below(100) >= rate {
                copy.push(word);
                continue;
            }
            let other = self.below(VOCABULARY as u64) as u32;
            match self.below(5) {
                0..3 => copy.push(other),
                3 => {}
                _ => copy.extend([word, other]),
            }
        }
        copy
    }
}

/// How the words of a language are written.
pub(crate) struct Writing {
    words: Vec<String>,
    /// What stands between two words.
    pub(crate) between: &'static str,
}

impl Writing {
    /// Latin letters: the word's number in syllables, at least two of them.
    pub(crate) fn syllables() -> Writing {
        Writing { words: (0..VOCABULARY as u32).map(spell).collect(), between: " " }
    }

    /// As a sample of the language is written. Where words are spaced, a word
    /// has the length of some word of the sample and letters of others; where
    /// they are not, it is two or three of the sample's clusters, which is the
    /// weight of a word on average. All words differ.
    pub(crate) fn like(sample: &str) -> Writing {
        let mut tokens = Tokens::default();
        tokenize(sample, &mut tokens);
        let told: Vec<&str> = tokens.spans.iter().map(|s| s.of(sample)).collect();
        let unspaced = tokens.weights.iter().filter(|&&w| u32::from(w) == CLUSTER_WEIGHT).count();
        let spaced = 2 * unspaced < told.len();
        let pieces: Vec<String> = if spaced {
            told.iter().flat_map(|word| word.chars().map(String::from)).collect()
        } else {
            told.iter().map(ToString::to_string).collect()
        };
        let mut state = 7;
        let mut below = |n: usize| (splitmix64(&mut state) % n as u64) as usize;
        let mut seen = HashSet::new();
        let mut words = Vec::with_capacity(VOCABULARY);
        while words.len() < VOCABULARY {
            let length =
                if spaced { told[below(told.len())].chars().count() } else { 2 + below(2) };
            let word: String = (0..length).map(|_| &*pieces[below(pieces.len())]).collect();
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Writing { words, between: if spaced { " " } else { "" } }
    }

    pub(crate) fn word(&self, word: u32) -> &str {
        &self.words[word as usize]
    }
}

fn spell(mut word: u32) -> String {
    const CONSONANTS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8; 5] = b"aeiou";
    let mut out = String::new();
    for syllable in 0.. {
        let s = (word % 100) as usize;
        out.push(CONSONANTS[s / 5] as char);
        out.push(VOWELS[s % 5] as char);
        word /= 100;
        if word == 0 && syllable > 0 {
            break;
        }
    }
    out
}
