//! The signatures of all documents, in one place.
//!
//! A signature is a row of `num_perm` minima. Rows are kept in blocks that
//! never move, so that adding documents copies nothing and needs no more
//! memory than the rows themselves and one block.
//!
//! * space: `4 * num_perm` bytes a document

/// Documents of a block: a power of two, so that finding a row is a shift and
/// a mask; with 128 minima a row, half a mebibyte.
const BLOCK: usize = 1024;

/// Signatures, numbered in the order in which they were added.
#[derive(Clone, Debug)]
pub struct Signatures {
    num_perm: usize,
    len: usize,
    blocks: Vec<Vec<u32>>,
}

/// More documents than can be numbered by 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyDocuments;

impl std::fmt::Display for TooManyDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "more than {} different documents in one run; split the input", u32::MAX)
    }
}

impl std::error::Error for TooManyDocuments {}

impl Signatures {
    /// None yet; each will have `num_perm` minima.
    ///
    /// # Panics
    ///
    /// If `num_perm` is 0.
    #[must_use]
    pub fn new(num_perm: usize) -> Signatures {
        assert!(num_perm > 0, "a signature has at least one value");
        Signatures { num_perm, len: 0, blocks: Vec::new() }
    }

    /// Adds whole rows that stand one after the other in `rows`.
    ///
    /// # Errors
    ///
    /// When there would be more than `u32::MAX` documents.
    ///
    /// # Panics
    ///
    /// If the last row is cut.
    pub fn extend(&mut self, rows: &[u32]) -> Result<(), TooManyDocuments> {
        assert!(rows.len().is_multiple_of(self.num_perm), "rows of num_perm values");
        let added = rows.len() / self.num_perm;
        u32::try_from(self.len + added).map_err(|_| TooManyDocuments)?;
        let mut rows = rows;
        while !rows.is_empty() {
            if self.len == self.blocks.len() * BLOCK {
                self.blocks.push(Vec::with_capacity(BLOCK * self.num_perm));
            }
            let room = (self.blocks.len() * BLOCK - self.len) * self.num_perm;
            let (now, later) = rows.split_at(room.min(rows.len()));
            if let Some(block) = self.blocks.last_mut() {
                block.extend_from_slice(now);
            }
            self.len += now.len() / self.num_perm;
            rows = later;
        }
        Ok(())
    }

    /// Makes a signature that of an empty set, which is like nothing.
    ///
    /// # Panics
    ///
    /// If there is no such document.
    pub fn clear(&mut self, document: u32) {
        let at = document as usize % BLOCK * self.num_perm;
        self.blocks[document as usize / BLOCK][at..at + self.num_perm].fill(u32::MAX);
    }

    /// Number of documents.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of minima of each document.
    #[must_use]
    pub fn num_perm(&self) -> usize {
        self.num_perm
    }

    /// The signature of a document.
    ///
    /// # Panics
    ///
    /// If there is no such document.
    #[inline]
    #[must_use]
    pub fn row(&self, document: u32) -> &[u32] {
        let at = document as usize % BLOCK * self.num_perm;
        &self.blocks[document as usize / BLOCK][at..at + self.num_perm]
    }
}

/// Number of places at which two signatures agree. Divided by `num_perm` it
/// estimates the Jaccard similarity `J` without bias, with variance
/// `J * (1 - J) / num_perm`.
#[inline]
#[must_use]
pub fn agreeing(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).map(|(x, y)| u32::from(x == y)).sum::<u32>() as usize
}

/// Whether a signature is that of a set without members. The chance that a
/// set with members has it is below 2^-32 even for one value.
#[inline]
#[must_use]
pub fn is_of_empty_set(row: &[u32]) -> bool {
    row.iter().all(|&least| least == u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_however_they_were_added() {
        for (num_perm, step) in [(1, 1), (3, 700), (8, 1024), (5, 5000)] {
            let all: Vec<u32> = (0..num_perm as u32 * 5000).collect();
            let mut signatures = Signatures::new(num_perm);
            assert!(signatures.is_empty());
            for rows in all.chunks(step * num_perm) {
                signatures.extend(rows).unwrap();
            }
            assert_eq!(signatures.len(), 5000);
            for (document, row) in all.chunks(num_perm).enumerate() {
                assert_eq!(signatures.row(document as u32), row);
            }
        }
    }

    #[test]
    fn agreement_is_counted_by_place() {
        assert_eq!(agreeing(&[1, 2, 3, 4], &[1, 3, 2, 4]), 2);
        assert_eq!(agreeing(&[], &[]), 0);
        assert!(is_of_empty_set(&[u32::MAX; 3]) && !is_of_empty_set(&[u32::MAX, 0, u32::MAX]));
    }
}
