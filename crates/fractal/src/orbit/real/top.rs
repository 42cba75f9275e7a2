//! What is read of a number of any length? Its highest 116 bits: an f64, and another of what that leaves over.

use crate::extended::{Extended, power_of_two};

/// Of v · 2^-places the sign and the highest bits that are not the sign's.
///
/// Where v is negative they are the opposites of its bits, which below the last place are zeros without end. With r for `rest`
/// behind `high`, v is at least r · 2^(exponent - REST), or !r, and less than one unit above it.
#[derive(Clone, Copy, Debug)]
pub(in crate::orbit) struct Top {
    /// 63 bits, the highest of them set; all are zero where v is.
    high: u64,
    /// [`REST`] more.
    rest: u64,
    /// Of the lowest bit of `high`.
    exponent: i64,
    /// All ones where v is negative.
    sign: u64,
}

/// As many as, behind the half ulp that `high` may be above or below its f64, fit a word with its sign.
const REST: u32 = 53;

/// The bits of `high` that an f64 has no room for.
const BELOW_ULP: u64 = (1 << 10) - 1;

impl Top {
    /// Of v = 0, or where it is negative of v = -1, times 2^`exponent`: all bits are the sign's.
    pub(super) fn of_sign(is_negative: bool, exponent: i64) -> Self {
        if is_negative {
            return Top::of_words([!0; 3], !0, exponent - 64);
        }
        Top {
            high: 0,
            rest: 0,
            exponent: 0,
            sign: 0,
        }
    }

    /// Of such words, the highest first, which is not zero and whose lowest bit is 2^`exponent`.
    #[inline(always)]
    pub(super) fn of_words(words: [u64; 3], sign: u64, exponent: i64) -> Self {
        let shift = words[0].leading_zeros();
        let [first, second] =
            [0, 1].map(|k| words[k] << shift | (words[k + 1] >> 1) >> (63 - shift));
        Top {
            high: first >> 1,
            rest: (first << 63 | second >> 1) >> (64 - REST),
            exponent: exponent + 1 - i64::from(shift),
            sign,
        }
    }

    /// v to half an ulp and 2^-10 of one.
    #[inline(always)]
    pub(super) fn to_extended(self) -> Extended {
        let size = self.high as i64 as f64;
        let value = if self.sign == 0 { size } else { -size };
        Extended::new(value, self.exponent)
    }

    /// The same of numbers that are neither small nor large.
    #[inline(always)]
    pub(super) fn to_f64(self) -> f64 {
        let size = self.high as i64 as f64 * power_of_two(self.exponent);
        f64::from_bits(size.to_bits() | self.sign << 63)
    }

    /// What [`Top::to_extended`] leaves over: both together are v to 2^-106 of it, and exact where v has at most 106 bits.
    pub(super) fn low(self) -> Extended {
        Extended::new(self.low_units(), self.exponent - i64::from(REST))
    }

    /// The same of numbers that are neither small nor large.
    #[inline(always)]
    pub(super) fn low_f64(self) -> f64 {
        self.low_units() * power_of_two(self.exponent - i64::from(REST))
    }

    /// The same in units of the lowest bit of `rest`.
    #[inline(always)]
    fn low_units(self) -> f64 {
        // To the nearest f64, and of two to the even one.
        let (odd, below) = (self.high >> 10 & 1, self.high & BELOW_ULP);
        let is_rounded_up = below + odd > BELOW_ULP.div_ceil(2);
        let left = below as i64 - (i64::from(is_rounded_up) << 10);
        ((left << REST | self.rest as i64) ^ self.sign as i64) as f64
    }
}
