//! Small numbers <-> rows of bytes that are sorted by them in their order.

/// A row of numbers; its length is four times theirs.
pub(super) fn row<const BYTES: usize>(parts: impl IntoIterator<Item = u32>) -> [u8; BYTES] {
    let mut row = [0; BYTES];
    for (at, part) in row.as_chunks_mut().0.iter_mut().zip(parts) {
        *at = part.to_be_bytes();
    }
    row
}

/// The first numbers of a row.
pub(super) fn parts<const PARTS: usize>(row: &[u8]) -> [u32; PARTS] {
    let mut parts = [0; PARTS];
    for (part, &chunk) in parts.iter_mut().zip(row.as_chunks().0) {
        *part = u32::from_be_bytes(chunk);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_numbers() {
        let numbers = [[0, 1], [0, 256], [1, 0], [255, 3], [256, 2], [u32::MAX, 0]];
        let rows = numbers.map(row::<8>);
        assert!(rows.is_sorted());
        assert_eq!(rows.map(|row| parts(&row)), numbers);
    }
}
