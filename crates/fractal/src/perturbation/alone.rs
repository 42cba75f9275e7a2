//! What becomes of samples that numbers of two f64 lose too? Each is iterated alone, without a reference, in as many places as an error
//! bound asks for.
//!
//! An error e of z becomes at most (2|z| + e) e in the next z, and what that step rounds is added to it.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::Samples;
use crate::extended::{Extended, power_of_two};
use crate::field::{Cancelled, Field};
use crate::kernel::{Escaping, finish};
use crate::orbit::{FixedPoint, Point, Visit, Walk};
use crate::simd::Scalar;
use crate::step::{Iteration, Quadratic};
use crate::view::Rect;

/// Places beyond half a pitch, of which the first that are enough are taken. Beside a pitch of 2^-60 and a sign the first two fill 5 and 9 words.
const GUARDS: [usize; 3] = [252, 508, 1020];

/// What an error bound grows by beside (2|z| + e) e, in ulps: x² - y² of two numbers that are rounded down is off by up to 1, and
/// (x + y)² - x² - y² by up to 2, together less than 2.3; c is off by 1 in either part, less than 1.5.
const ROUNDED: f64 = 4.0;

/// Makes up for what f64 rounds of an error bound in a step.
const ROUNDED_BOUND: f64 = 1.0 + power_of_two(-48);

/// How near 2 f64 does not tell on which side |z| is.
const EDGE: f64 = power_of_two(-48);

/// An escaping z that is no farther off is good for a smooth count.
const SMALL: f64 = power_of_two(-20);

/// Iterates the samples of a rectangle of the Mandelbrot set once more that numbers of two f64 may have lost.
pub(super) fn walk(
    samples: &Samples,
    rect: Rect,
    mut doubtful: Vec<u32>,
    field: &mut Field,
    cancel: &AtomicBool,
) -> Result<(), Cancelled> {
    doubtful.sort_unstable();
    doubtful.dedup();
    field.forget(&doubtful);
    let mut escaping = Escaping::new();
    for sample in doubtful {
        let place = Place {
            samples,
            rect,
            sample,
        };
        let (end, _) = place.walk(cancel)?;
        if !end.has_escaped {
            continue;
        }
        // Nearer to 2 than f64 tells it is outside all the same.
        field.counts[sample as usize] = end.n;
        let [re, im] = place.c(end.bits).to_f64(end.bits);
        let orbit = [end.z[0], end.z[1], re, im, f64::from(sample), end.n as f64];
        escaping.push(1, orbit.map(Scalar));
        finish::<Scalar, Quadratic, 1>(&mut escaping, samples.limit, field);
    }
    Ok(())
}

/// A sample.
struct Place<'a> {
    samples: &'a Samples<'a>,
    rect: Rect,
    sample: u32,
}

impl Place<'_> {
    fn c(&self, bits: usize) -> FixedPoint {
        let Samples { exact, offsets, .. } = self.samples;
        exact.point(offsets, self.rect, self.sample, bits)
    }

    /// Where its orbit ends, and with how many places beyond half a pitch that was found.
    fn walk(&self, cancel: &AtomicBool) -> Result<(Walked, usize), Cancelled> {
        let pitch = (-self.samples.offsets.exponent).max(0) as usize;
        let mut walked = GUARDS.map(|guard| Walked::none(pitch + guard));
        let last = GUARDS.len() - 1;
        for (i, walked) in walked.iter_mut().enumerate() {
            // The last answer stands, whatever it is worth.
            walked.ends_in_doubt = i < last;
            let walk = Walk {
                iteration: &Iteration::Mandelbrot,
                start: None,
                first: 0,
                c: &self.c(walked.bits),
                bits: walked.bits,
                limit: self.samples.limit,
                radius: Extended::default(),
                keeps_low: false,
            };
            walk.show(walked, cancel)?;
            if walked.is_proven() {
                return Ok((*walked, GUARDS[i]));
            }
        }
        Ok((walked[last], GUARDS[last]))
    }
}

/// How far an orbit has come, and how sure that is.
#[derive(Clone, Copy)]
struct Walked {
    bits: usize,
    /// An ulp, as the product of two f64s: it may be below their least.
    ulp: [f64; 2],
    /// Whether it goes on no longer than it is sure.
    ends_in_doubt: bool,
    /// No zₖ so far may have been on the other side of |z| = 2.
    is_sure: bool,
    /// How far off the next z is at most, in ulps.
    next_error: f64,
    /// How far off this one is.
    error: f64,
    z: [f64; 2],
    n: u64,
    has_escaped: bool,
}

impl Walked {
    /// No steps yet, in so many places.
    fn none(bits: usize) -> Walked {
        let half = (bits / 2) as i64;
        Walked {
            bits,
            ulp: [half, bits as i64 - half].map(|places| power_of_two(-places)),
            ends_in_doubt: false,
            is_sure: true,
            next_error: ROUNDED,
            error: 0.0,
            z: [0.0; 2],
            n: 0,
            has_escaped: false,
        }
    }

    fn is_proven(&self) -> bool {
        self.is_sure && (!self.has_escaped || self.error < SMALL)
    }
}

impl Visit for Walked {
    #[inline(always)]
    fn visit(&mut self, n: u64, z: &impl Point) -> ControlFlow<()> {
        let [x, y] = z.rounded().to_f64();
        let size = (x * x + y * y).sqrt();
        // Once it is infinite it stays so.
        let error = self.next_error * self.ulp[0] * self.ulp[1];
        self.next_error = ((2.0 * size + error) * self.next_error + ROUNDED) * ROUNDED_BOUND;
        self.is_sure &= (size - 2.0).abs() > error + EDGE;
        if size > 2.0 || (self.ends_in_doubt && !self.is_sure) {
            (self.z, self.n, self.error) = ([x, y], n, error);
            self.has_escaped = size > 2.0;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
