//! Which number has no largest value and no greatest length? The slow one that all others are held against.

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

use super::{Layout, Real, words};
use crate::extended::Extended;
use crate::orbit::Fork;

#[derive(Clone, Debug)]
pub(in crate::orbit) struct Big {
    value: IBig,
    places: usize,
}

/// Words from which dashu squares a number for longer than two threads take to meet.
const WORTH_FORKING: usize = 160;

impl Real for Big {
    fn new(value: &IBig, bits: usize, layout: Layout) -> Self {
        let places = layout.places;
        Big {
            value: value << (places - bits),
            places,
        }
    }

    fn assign(&mut self, other: &Self) {
        self.value.clone_from(&other.value);
    }

    fn set_sum(&mut self, one: &Self, other: &Self) {
        self.value = &one.value + &other.value;
    }

    fn set_difference(&mut self, one: &Self, other: &Self) {
        self.value = &one.value - &other.value;
    }

    fn add(&mut self, other: &Self) {
        self.value += &other.value;
    }

    fn subtract(&mut self, other: &Self) {
        self.value -= &other.value;
    }

    fn quarter(&mut self) {
        self.value >>= 2;
    }

    fn make_absolute(&mut self) {
        self.value = std::mem::take(&mut self.value).abs();
    }

    fn set_square(&mut self, other: &Self, _: &impl Fork) {
        self.value = (other.value.sqr() >> self.places).into();
    }

    fn is_worth_forking(&self) -> bool {
        self.places >= 64 * WORTH_FORKING
    }

    fn to_extended(&self) -> Extended {
        Big::extended(&self.value, self.places)
    }

    fn value(&self) -> IBig {
        self.value.clone()
    }
}

impl Big {
    /// `value` · 2^-`places`.
    pub(in crate::orbit) fn extended(value: &IBig, places: usize) -> Extended {
        let is_negative = *value < IBig::ZERO;
        let bits = if is_negative { !value } else { value.clone() };
        let shift = bits.bit_len().saturating_sub(63);
        let top = (bits >> shift).try_into().unwrap_or_default(); // 63 bits always fit
        words::from_top(top, shift as i64 - places as i64, is_negative)
    }
}
