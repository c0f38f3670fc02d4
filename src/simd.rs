//! The vector units of the machine, and a way to run plain loops on them.
//!
//! A build for all machines of a family may use only the instructions that
//! every one of them has. A loop run through [`Unit::run`] is compiled once for
//! each unit instead, and the compiler vectorises it for that unit; the unit is
//! chosen when the program runs. Results are the same on each: only integers
//! are computed.
//!
//! This file and the named kernels are the only places of `unsafe`: calling
//! code that was compiled for a unit is sound if the machine has that unit,
//! and a [`Unit`] is made only after the machine was asked.
#![allow(unsafe_code)]

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// A vector unit that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(Kind);

/// A loop that can be compiled for any unit.
pub trait Kernel {
    /// What it computes.
    type Output;

    /// Does the work; `LANES` is how many 32-bit numbers a register of the
    /// unit holds. To be marked `#[inline(always)]`, with all it calls: only
    /// what is inlined is compiled for the unit.
    fn run<const LANES: usize>(self) -> Self::Output;
}

impl Unit {
    /// What every machine has.
    pub const PORTABLE: Unit = Unit(Kind::Portable);

    /// The widest unit of this machine. The answer is remembered by the
    /// standard library; asking again costs a few nanoseconds.
    #[must_use]
    pub fn best() -> Unit {
        wider().into_iter().flatten().last().map_or(Unit::PORTABLE, Unit)
    }

    /// All units of this machine, the portable one first, the best last.
    #[must_use]
    pub fn all() -> Vec<Unit> {
        let wider = wider().into_iter().flatten().map(Unit);
        std::iter::once(Unit::PORTABLE).chain(wider).collect()
    }

    /// Name of the unit, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx-512",
        }
    }

    /// Whether this is the unit with registers of 256 bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_avx2(self) -> bool {
        self.0 == Kind::Avx2
    }

    /// Whether this is the unit with registers of 512 bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_avx512(self) -> bool {
        self.0 == Kind::Avx512
    }

    /// Runs `kernel` as compiled for this unit.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Portable => kernel.run::<4>(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a unit of this kind is made only by `best` and `all`,
            // after the machine was found to have all features enabled there.
            Kind::Avx2 => unsafe { run_avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kind::Avx512 => unsafe { run_avx512(kernel) },
        }
    }
}

/// The units that this machine was found to have beyond the portable one.
#[cfg(target_arch = "x86_64")]
fn wider() -> [Option<Kind>; 2] {
    // All machines with AVX2 have the others, but may be told to hide them.
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    [avx2.then_some(Kind::Avx2), avx512.then_some(Kind::Avx512)]
}

#[cfg(not(target_arch = "x86_64"))]
fn wider() -> [Option<Kind>; 0] {
    []
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<8>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<16>()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [u32]);

    impl Kernel for Sum<'_> {
        type Output = u32;

        #[inline(always)]
        fn run<const LANES: usize>(self) -> u32 {
            self.0.iter().fold(0, |s, &x| s.wrapping_add(x))
        }
    }

    #[test]
    fn every_unit_computes_the_same() {
        let numbers: Vec<u32> = (0..1000u32).map(|x| x.wrapping_mul(0x9e37_79b9)).collect();
        let units = Unit::all();
        assert_eq!(units.first(), Some(&Unit::PORTABLE));
        assert_eq!(units.last(), Some(&Unit::best()));
        for unit in units {
            assert_eq!(unit.run(Sum(&numbers)), Unit::PORTABLE.run(Sum(&numbers)), "{unit:?}");
        }
    }
}
