//! What must a real number be able to do, so that an orbit can be walked in it?
//!
//! All kinds are fixed point, and all keep of a square exactly its floor: whichever of them computes an orbit of the same
//! places, on whichever processor and in however many threads, finds the same bits.

mod big;
mod fixed;
mod words;

use dashu_int::IBig;

use super::Fork;
use crate::extended::Extended;
pub(super) use big::Big;
pub(super) use fixed::Fixed;

/// A number times 2^places.
pub(super) trait Real: Clone + Send + Sync {
    /// `value` · 2^-`bits`, at least `bits` places of it.
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self;
    fn assign(&mut self, other: &Self);
    fn add(&mut self, other: &Self);
    fn subtract(&mut self, other: &Self);
    /// A quarter, rounded down.
    fn quarter(&mut self);
    fn make_absolute(&mut self);
    /// `other`², rounded down to the places that are kept. May use `fork` where that is faster.
    fn set_square(&mut self, other: &Self, fork: &impl Fork);
    /// Whether squares take so long that they are worth handing to other threads.
    fn is_worth_forking(&self) -> bool;
    /// To half an ulp and 2^-10 of one.
    fn to_extended(&self) -> Extended;

    /// Rounded as by [`Real::to_extended`]; zero below f64's normal numbers.
    fn to_f64(&self) -> f64 {
        self.to_extended().to_f64()
    }
}

/// How the bits of a number are shared out: some for the whole part and its sign, the rest for the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Words of 64 bits.
    pub(super) words: usize,
    /// Numbers are at least -2^(whole - 1) and below 2^(whole - 1), and squares that are not yet summed below 2^whole.
    pub(super) whole: u32,
}

impl Layout {
    /// The fewest words that have `bits` places.
    pub(super) fn new(bits: usize, whole: u32) -> Self {
        Layout {
            words: (bits + whole as usize).div_ceil(64),
            whole,
        }
    }

    pub(super) fn places(self) -> usize {
        64 * self.words - self.whole as usize
    }
}
