//! What must a real number be able to do, so that an orbit can be walked in it?
//!
//! All kinds are fixed point, and all keep of a square exactly its floor: whichever of them computes an orbit of the same
//! places, on whichever processor and in however many threads, finds the same bits.

mod big;
#[cfg(target_arch = "x86_64")]
mod digits;
mod fixed;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod long;
mod sum;
#[cfg(test)]
pub(super) mod tests;
mod top;
mod words;

use dashu_int::IBig;

use super::Fork;
use crate::extended::Extended;
pub(super) use big::Big;
#[cfg(target_arch = "x86_64")]
pub(super) use digits::Digits;
pub(super) use fixed::Fixed;
pub(super) use long::Long;
use top::Top;

/// A number times 2^places.
pub(super) trait Real: Clone + Send + Sync {
    /// `value` · 2^-`bits`, at least `bits` places of it.
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self;
    fn assign(&mut self, other: &Self);
    fn set_sum(&mut self, one: &Self, other: &Self);
    fn set_difference(&mut self, one: &Self, other: &Self);
    fn add(&mut self, other: &Self);
    fn subtract(&mut self, other: &Self);
    /// A quarter, rounded down.
    fn quarter(&mut self);
    fn make_absolute(&mut self);
    /// `other`², rounded down to the places that are kept. May use `fork` where that is faster.
    fn set_square(&mut self, other: &Self, fork: &dyn Fork);
    /// To be done once what was added and subtracted is to be read.
    fn settle(&mut self) {}
    /// Whether squares take so long that they are worth handing to other threads.
    fn is_worth_forking(&self) -> bool;
    /// The number as far as anyone reads it, all kinds alike.
    fn top(&self) -> Top;

    /// The number times 2^places, of settled numbers.
    fn value(&self) -> IBig;

    /// To half an ulp and 2^-10 of one.
    fn to_extended(&self) -> Extended {
        self.top().to_extended()
    }

    /// What [`Real::to_extended`] leaves over, to 2^-106 of the number.
    fn low_extended(&self) -> Extended {
        self.top().low()
    }

    /// Rounded as by [`Real::to_extended`]; zero below f64's normal numbers.
    fn to_f64(&self) -> f64 {
        self.to_extended().to_f64()
    }

    /// [`Real::low_extended`] as f64; zero below its normal numbers.
    fn low_f64(&self) -> f64 {
        self.low_extended().to_f64()
    }
}

/// How the bits of a number are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Binary places that are kept.
    pub(super) places: usize,
    /// Numbers are at least -2^(whole - 1) and below 2^(whole - 1), and squares that are not yet summed below 2^whole.
    pub(super) whole: u32,
}

/// The bits of a product of processors that multiply in the units of their f64s (AVX-512 IFMA).
pub(super) const DIGIT: usize = 52;

impl Layout {
    /// As many places as fill `words` words.
    pub(super) fn of_words(words: usize, whole: u32) -> Self {
        Layout {
            places: 64 * words - whole as usize,
            whole,
        }
    }

    /// As few places as fill digits and are at least `bits`: all kinds of long numbers keep the same.
    pub(super) fn of_digits(bits: usize, whole: u32) -> Self {
        Layout {
            places: bits.next_multiple_of(DIGIT),
            whole,
        }
    }

    /// The fewest words for them all.
    pub(super) fn words(self) -> usize {
        (self.places + self.whole as usize).div_ceil(64)
    }
}
