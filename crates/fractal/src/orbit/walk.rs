//! What is kept of an orbit, and where does it end?

use std::sync::atomic::{AtomicBool, Ordering};

use dashu_int::IBig;
use dashu_int::ops::BitTest;

use super::{FixedPoint, Fork, OrbitProgress};
use crate::extended::{Extended, ExtendedComplex};
use crate::field::Cancelled;
use crate::step::Iteration;

/// Below this a point's size is kept with an exponent of its own.
pub(crate) const TINY_EXPONENT: i64 = -200;

/// An orbit to be computed.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'a> {
    /// The formula. A Julia set's seed is `c`.
    pub(crate) iteration: &'a Iteration,
    /// Z₀; `None` is 0, the critical point.
    pub(crate) start: Option<&'a FixedPoint>,
    pub(crate) c: &'a FixedPoint,
    /// Binary places of `start`, of `c` and of the arithmetic.
    pub(crate) bits: usize,
    /// The most steps.
    pub(crate) limit: u64,
    /// The radius around `c` within which a nucleus ends the orbit; zero: none does.
    pub(crate) radius: Extended,
}

/// Z₀ to Z_N, each part rounded to the nearest f64.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points {
    pub(crate) z: Vec<[f64; 2]>,
    /// Those of them, but for zeros, whose size is below 2^[`TINY_EXPONENT`], by ascending index. The size of a point is its larger
    /// part, and for the burning ship, where signs matter, the smaller.
    pub(crate) tiny: Vec<TinyPoint>,
    pub(crate) end: End,
}

/// A point that f64 may not hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TinyPoint {
    pub(crate) index: usize,
    pub(crate) re: Extended,
    pub(crate) im: Extended,
}

/// Why an orbit has no more points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// |Z_N| > 2.
    Escaped,
    /// 2 · radius · |dZ_N/dc| > |Z_N|: a nucleus of period N is near.
    Period,
    /// N is the limit.
    Limit,
}

impl Walk<'_> {
    /// Iterates to the end.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn run(
        &self,
        _fork: &impl Fork,
        progress: &OrbitProgress,
        cancel: &AtomicBool,
    ) -> Result<Points, Cancelled> {
        let bits = self.bits;
        let zero = FixedPoint {
            re: IBig::ZERO,
            im: IBig::ZERO,
        };
        let mut z = self.start.unwrap_or(&zero).clone();
        let mut points = Points {
            z: Vec::new(),
            tiny: Vec::new(),
            end: End::Limit,
        };
        let mut derivative = ExtendedComplex::default();
        let two_radii = self.radius * Extended::from(2.0);
        for n in 0..=self.limit {
            let (re, im) = (extended(&z.re, bits), extended(&z.im, bits));
            let at = ExtendedComplex::from_parts(re, im);
            points.z.push([re.to_f64(), im.to_f64()]);
            if n > 0 {
                if at.modulus() > Extended::from(2.0) {
                    points.end = End::Escaped;
                    break;
                }
                if two_radii * derivative.modulus() > at.modulus() {
                    points.end = End::Period;
                    break;
                }
            }
            if at.size().mantissa != 0.0 && at.exponent < TINY_EXPONENT {
                points.tiny.push(TinyPoint {
                    index: n as usize,
                    re,
                    im,
                });
            }
            let twice = ExtendedComplex::new(at.re, at.im, at.exponent + 1);
            derivative = twice * derivative + ExtendedComplex::from([1.0, 0.0]);
            let (x2, y2) = (&z.re * &z.re, &z.im * &z.im);
            let xy: IBig = &z.re * &z.im;
            z = FixedPoint {
                re: ((x2 - y2) >> bits) + &self.c.re,
                im: (xy >> (bits - 1)) + &self.c.im,
            };
            progress.set(n);
            if n % 64 == 0 && cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
        }
        Ok(points)
    }
}

pub(crate) fn extended(value: &IBig, bits: usize) -> Extended {
    let length = value.bit_len();
    let shift = length.saturating_sub(60);
    let top: i64 = (value >> shift).try_into().expect("60 bits and a sign");
    Extended::new(top as f64, shift as i64 - bits as i64)
}
