//! How is a derivative written that is both past f64's range and truer than f64? In integers of so many bits, and an exponent.

use dashu_int::IBig;
use dashu_int::ops::BitTest;

use crate::extended::ExtendedComplex;
use crate::orbit::FixedPoint;

/// (re + i im) · 2^exponent, cut off below `bits` bits of its larger part.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    re: IBig,
    im: IBig,
    exponent: i64,
    bits: usize,
}

/// Bits of an f64 behind the first.
const FRACTION: i32 = 52;

impl Wide {
    pub(super) fn one(bits: usize) -> Self {
        Wide {
            re: IBig::ONE,
            im: IBig::ZERO,
            exponent: 0,
            bits,
        }
    }

    /// From Zₙ to the next: times p z^(p-1), and 1 more. `z` · 2^-`places` is the point.
    pub(super) fn step(&mut self, z: FixedPoint, places: usize, degree: u32) {
        let z = Wide {
            re: z.re,
            im: z.im,
            exponent: -(places as i64),
            bits: self.bits,
        };
        let z = z.cut();
        let power = (2..degree).fold(z.clone(), |product, _| product.times(&z));
        let mut next = self.times(&power);
        next.re *= degree;
        next.im *= degree;
        // Above a unit of the last place 1 is nothing.
        if next.exponent <= 0 {
            next.re += IBig::ONE << next.exponent.unsigned_abs() as usize;
        }
        *self = next.cut();
    }

    fn times(&self, other: &Wide) -> Wide {
        let product = Wide {
            re: &self.re * &other.re - &self.im * &other.im,
            im: &self.re * &other.im + &self.im * &other.re,
            exponent: self.exponent + other.exponent,
            bits: self.bits,
        };
        product.cut()
    }

    fn cut(self) -> Wide {
        let more = bit_len(&self.re, &self.im).saturating_sub(self.bits);
        Wide {
            re: self.re >> more,
            im: self.im >> more,
            exponent: self.exponent + more as i64,
            bits: self.bits,
        }
    }

    /// `z` · 2^-`places` divided by this, times 2^`bits`; `None` where this is zero.
    pub(super) fn divide(&self, z: &FixedPoint, places: usize, bits: usize) -> Option<FixedPoint> {
        let mut square = IBig::from(self.re.sqr() + self.im.sqr());
        if square == IBig::ZERO {
            return None;
        }
        let mut re = &z.re * &self.re + &z.im * &self.im;
        let mut im = &z.im * &self.re - &z.re * &self.im;
        let shift = bits as i64 - places as i64 - self.exponent;
        let by = shift.unsigned_abs() as usize;
        if shift < 0 {
            square <<= by;
        } else {
            re <<= by;
            im <<= by;
        }
        Some(FixedPoint {
            re: re / &square,
            im: im / &square,
        })
    }
}

impl From<ExtendedComplex> for Wide {
    fn from(value: ExtendedComplex) -> Self {
        // Mantissas are below 2, so that this is exact.
        let part = |part: f64| IBig::from((part * f64::from(2).powi(FRACTION)) as i64);
        Wide {
            re: part(value.re),
            im: part(value.im),
            exponent: value.exponent - i64::from(FRACTION),
            bits: FRACTION as usize + 1,
        }
    }
}

/// Of the larger of the two.
pub(super) fn bit_len(re: &IBig, im: &IBig) -> usize {
    re.bit_len().max(im.bit_len())
}
