//! How many shingles each document has, in a byte.
//!
//! The numbers plan what is held at a time; nothing is decided by them, and
//! they may be up to an eighth too high.
//!
//! * space: a byte a document

/// Bits of a number that are kept below its first.
const KEPT: u32 = 3;

/// The first number that has so many.
const FIRST: u32 = 1 << KEPT;

/// Documents of a block: blocks never move.
const BLOCK: usize = 1 << 16;

/// Numbers, rounded up.
#[derive(Debug, Default)]
pub(super) struct Counts {
    blocks: Vec<Vec<u8>>,
    len: usize,
}

impl Counts {
    /// Adds a number.
    pub(super) fn push(&mut self, number: u32) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Vec::new());
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push(pack(number));
        }
        self.len += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// A number, or a little more than it.
    pub(super) fn get(&self, at: u32) -> u32 {
        unpack(self.blocks[at as usize / BLOCK][at as usize % BLOCK])
    }
}

/// The least code of what is no less than a number: the number itself below
/// [`FIRST`], else how far it is shifted, and the bits behind its first.
fn pack(number: u32) -> u8 {
    if number < FIRST {
        return number as u8;
    }
    let shift = number.ilog2() - KEPT;
    let first = u64::from(number).div_ceil(1 << shift) as u32;
    // Rounded up, it may have one bit more, and be all zeros behind its first.
    ((shift + 1) * FIRST + first - FIRST) as u8
}

fn unpack(code: u8) -> u32 {
    let code = u32::from(code);
    if code < FIRST {
        return code;
    }
    let number = u64::from(FIRST + code % FIRST) << (code / FIRST - 1);
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_too_low_and_an_eighth_too_high_at_most() {
        let mut counts = Counts::default();
        let near = |n: u32| n.saturating_sub(2)..n.saturating_add(2);
        let numbers: Vec<u32> = (0..5000)
            .chain((12..32).flat_map(|shift| near(1 << shift)))
            .chain(near(u32::MAX))
            .collect();
        numbers.iter().for_each(|&n| counts.push(n));
        assert_eq!(counts.len(), numbers.len());
        for (at, n) in (0..).zip(numbers) {
            let got = counts.get(at);
            assert!(got >= n && u64::from(got) * 8 <= u64::from(n) * 9, "{n}: {got}");
        }
    }
}
