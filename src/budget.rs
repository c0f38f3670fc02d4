//! The memory that a run may hold, and how much of it is spoken for.
//!
//! What grows with the input is reserved here before it is allocated. Who can
//! do with less (a buffer, a table, a sort) asks for a share of the whole and
//! spills what goes beyond it; who cannot ([`Budget::hold`]) is refused when
//! the whole is used up, and the run ends with the numbers.
//!
//! * time: an atomic addition a reservation, which are made for thousands of
//!   records at a time
//!
//! The budget counts what this crate holds on purpose. Code, stacks, the few
//! megabytes of the blocks being read, and what the allocator keeps back come
//! on top: less than [`OVERHEAD`] altogether.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Bytes that a process may have resident beyond its budget.
pub const OVERHEAD: u64 = 64 << 20;

/// Least bytes that a run can be told to do with.
pub const LEAST: u64 = 128_000_000;

/// Bytes that may be held. Clones are the same budget.
#[derive(Clone, Debug)]
pub struct Budget {
    total: u64,
    held: Arc<AtomicU64>,
}

/// A budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// Bytes of the budget.
    pub total: u64,
    /// The least budget that would have done up to here.
    pub needed: u64,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
        write!(
            f,
            "--memory {}M is not enough for so many records: at least {}M is needed up to here; \
             give more, or split the input",
            self.total >> 20,
            mebibytes(self.needed)
        )
    }
}

impl std::error::Error for OverBudget {}

impl Budget {
    /// No limit.
    #[must_use]
    pub fn unlimited() -> Budget {
        Budget::of(u64::MAX)
    }

    /// So many bytes.
    #[must_use]
    pub fn of(total: u64) -> Budget {
        Budget { total, held: Arc::default() }
    }

    /// Whether there is a limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.total != u64::MAX
    }

    /// All bytes of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that are not spoken for.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.total.saturating_sub(self.held.load(Ordering::Relaxed))
    }

    /// One part in `parts` of the whole, for memory that is allocated as it
    /// is needed; at most what a machine can address.
    #[must_use]
    pub fn share(&self, parts: u64) -> usize {
        usize::try_from(self.total / parts).unwrap_or(usize::MAX)
    }

    /// One part in `parts` of what is not spoken for, and at least `least`.
    #[must_use]
    pub fn share_of_free(&self, parts: u64, least: usize) -> usize {
        usize::try_from(self.free() / parts).unwrap_or(usize::MAX).max(least)
    }

    /// Nothing reserved yet, for what grows.
    #[must_use]
    pub fn reserve(&self) -> Held {
        Held { budget: self.clone(), bytes: 0 }
    }

    /// Reserves bytes for as long as what is returned lives.
    ///
    /// # Errors
    ///
    /// When there are not so many left.
    pub fn hold(&self, bytes: u64) -> Result<Held, OverBudget> {
        let mut held = self.reserve();
        held.more(bytes)?;
        Ok(held)
    }
}

/// Bytes that are reserved.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    bytes: u64,
}

impl Held {
    /// Reserves more.
    ///
    /// # Errors
    ///
    /// When there are not so many left; what was reserved before stays so.
    pub fn more(&mut self, bytes: u64) -> Result<(), OverBudget> {
        let Budget { total, held } = &self.budget;
        let before = held.fetch_add(bytes, Ordering::Relaxed);
        let needed = before.saturating_add(bytes);
        if needed > *total {
            held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(OverBudget { total: *total, needed });
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Bytes reserved.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_free_until_it_is_let_go() {
        let budget = Budget::of(100);
        let mut one = budget.hold(60).unwrap();
        let refused = budget.clone().hold(41).unwrap_err();
        assert_eq!(refused, OverBudget { total: 100, needed: 101 });
        assert_eq!((budget.free(), budget.share(4), budget.share_of_free(4, 1)), (40, 25, 10));
        one.more(40).unwrap();
        one.more(1).unwrap_err();
        assert_eq!((one.bytes(), budget.free(), budget.share_of_free(4, 8)), (100, 0, 8));
        drop(one);
        assert_eq!(budget.free(), 100);
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let budget = Budget::unlimited();
        assert!(!budget.is_limited() && Budget::of(0).is_limited());
        budget.hold(1 << 60).unwrap();
        assert!(budget.share(2) > 1 << 30);
    }
}
