//! Documents with the same tokens: searched once, reported each.

/// The documents of each class.
#[derive(Debug)]
pub(crate) struct Copies {
    starts: Vec<u32>,
    documents: Vec<u32>,
}

impl Copies {
    /// The classes `0..classes`, of which each document has one.
    #[must_use]
    pub(crate) fn new(class_of: &[u32], classes: usize) -> Copies {
        let mut documents: Vec<u32> = (0..class_of.len() as u32).collect();
        documents.sort_by_key(|&d| class_of[d as usize]);
        let starts = (0..=classes as u32)
            .map(|c| documents.partition_point(|&d| class_of[d as usize] < c) as u32)
            .collect();
        Copies { starts, documents }
    }

    /// Number of documents.
    pub(crate) fn documents(&self) -> usize {
        self.documents.len()
    }

    /// Documents of a class, ascending, at least one.
    #[must_use]
    pub(crate) fn of(&self, class: u32) -> &[u32] {
        let c = class as usize;
        &self.documents[self.starts[c] as usize..self.starts[c + 1] as usize]
    }
}

/// Pairs of copies for which one alignment is reported, before only the first
/// copies stand for all.
pub(crate) const COPIES: usize = 64;

/// The pairs of two classes for which an alignment between them stands.
pub(crate) fn copied<'a>(x: &'a [u32], y: &'a [u32]) -> impl Iterator<Item = (u32, u32)> + 'a {
    let all = x.len() * y.len() <= COPIES;
    let (x, y) = if all { (x, y) } else { (&x[..1], &y[..1]) };
    x.iter().flat_map(move |&a| y.iter().map(move |&b| (a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_class_ascend() {
        let copies = Copies::new(&[0, 1, 0, 2, 1, 0], 3);
        assert_eq!(copies.of(0), [0, 2, 5]);
        assert_eq!(copies.of(1), [1, 4]);
        assert_eq!(copies.of(2), [3]);
    }

    #[test]
    fn few_copies_are_paired_in_full_and_many_by_the_first() {
        assert_eq!(copied(&[1, 2], &[3, 4]).collect::<Vec<_>>(), [(1, 3), (1, 4), (2, 3), (2, 4)]);
        let many: Vec<u32> = (0..65).collect();
        assert_eq!(copied(&many, &[99]).collect::<Vec<_>>(), [(0, 99)]);
    }
}
