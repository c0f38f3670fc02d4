//! Logarithms in integers, so that a weight is the same on every machine.
//!
//! A logarithm to base 2 is a number of 256ths, rounded down. It is found
//! bit by bit: squaring a number doubles its logarithm. Small numbers, which
//! are nearly all that are asked for, come from a table.
//!
//! * time: an array access, or eight multiplications
//! * space: 32 KiB
//!
//! Source: Knuth, *The Art of Computer Programming*, volume 1, section 1.2.2,
//! exercise 25.

/// The logarithm of 2.
pub const ONE: u32 = 1 << FRACTION;

const FRACTION: u32 = 8;

const TABLE: usize = 1 << 13;

/// Logarithms of all numbers.
#[derive(Clone, Debug)]
pub struct Logs {
    table: Vec<u32>,
}

impl Default for Logs {
    fn default() -> Logs {
        Logs { table: (0..TABLE as u64).map(log2).collect() }
    }
}

impl Logs {
    /// Logarithm of `n` in 256ths; that of 0 is taken as 0.
    #[inline]
    #[must_use]
    pub fn of(&self, n: u32) -> u32 {
        self.table.get(n as usize).copied().unwrap_or_else(|| log2(u64::from(n)))
    }
}

/// Logarithm to base 2 in 256ths, rounded down (by no more than one too low).
fn log2(n: u64) -> u32 {
    let Some(whole) = n.checked_ilog2() else { return 0 };
    // Between 1 and 2, as a multiple of 2^-63.
    let mut x = n << (63 - whole);
    let mut log = whole;
    for _ in 0..FRACTION {
        let square = u128::from(x) * u128::from(x);
        let two = square >> 127 != 0;
        x = (square >> if two { 64 } else { 63 }) as u64;
        log = log << 1 | u32::from(two);
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_definition() {
        let logs = Logs::default();
        assert_eq!((logs.of(0), logs.of(1), logs.of(2), logs.of(1 << 31)), (0, 0, ONE, 31 * ONE));
        for n in (1..20_000).chain((1..1000).map(|i| i * 4_294_967)) {
            let exact = f64::from(n).log2() * f64::from(ONE);
            let got = f64::from(logs.of(n));
            assert!(got <= exact + 1e-6 && exact < got + 1.0 + 1e-6, "{n}: {got}, not {exact}");
        }
    }

    #[test]
    fn logarithms_never_decrease() {
        let logs = Logs::default();
        assert!((0..100_000).all(|n| logs.of(n) <= logs.of(n + 1)));
    }
}
