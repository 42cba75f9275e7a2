//! Where exactly is the nucleus? Where Newton's method c ← c - Zₚ / (dZₚ/dc) leads from somewhere near.
//!
//! Each pass doubles the digits that are right, and takes only as many as it can make right: the last costs as much as all before.

use std::f64::consts::LOG10_2;
use std::ops::ControlFlow;

use super::ball::slope_at;
use super::wide::{Wide, bit_len};
use super::{Budget, Nucleus, NucleusError, Shape};
use crate::Decimal;
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::{FixedPoint, Point, Visit};
use crate::plan::DEEPEST;
use crate::step::Iteration;

/// A c near a nucleus.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) c: FixedPoint,
    /// Binary places of `c`.
    pub(super) bits: usize,
    /// The nucleus is probably not farther away than 2^-this.
    pub(super) places: i64,
    /// A picture that shows `c` and the nucleus is not smaller than 2^-this.
    pub(super) view_places: i64,
}

/// What Newton's method found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) c: FixedPoint,
    /// Binary places of `c`.
    pub(super) bits: usize,
    /// Those that are right.
    right: i64,
    period: u64,
    degree: u32,
    size: Size,
    shape: Option<Shape>,
}

/// How large and how turned a component is.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Logarithm of the size beside the component of period 1.
    log2: f64,
    /// Radians.
    turn: f64,
}

/// What f64 makes right in a pass: its derivative is off by an ulp every step, so that a million steps leave it 33 bits.
const NARROW: i64 = 32;

/// Places beyond those that a pass makes right, for what its steps round.
const GUARD: i64 = 64;

/// Places by which a prediction of right places is taken back.
const CAUTION: i64 = 8;

/// Binary places beyond the size of the component, or of the view if that is smaller: the centre of a picture of the widest kind
/// is then right to a millionth of a pixel.
const BEYOND_SIZE: i64 = 64;

/// Quadratic convergence takes a step for each doubling: 20 for a million places. Before it starts some may be needed.
const MOST_PASSES: usize = 64;

/// Passes that may bring nothing.
const MOST_IN_VAIN: usize = 6;

/// Twice what a component of the smallest size that can be drawn takes.
const MOST_BITS: i64 = 1 << 20;

/// A nucleus of a given period near a point; `None` when the way to it leads through points for which `is_far`, or nowhere.
pub(super) fn newton(
    iteration: &Iteration,
    period: u64,
    start: Start,
    budget: &mut Budget,
    is_far: impl Fn(&FixedPoint, usize) -> bool,
) -> Result<Option<Found>, NucleusError> {
    let degree = iteration.degree();
    let (mut c, mut bits) = (start.c, start.bits);
    // The last step was 2^-known, and the next one should be 2^-(known + ahead).
    let (mut known, mut ahead, mut goal) = (start.places, 0, i64::MAX);
    let mut in_vain = 0;
    for _ in 0..MOST_PASSES {
        let expected = known + ahead;
        let gain = (2 * ahead + 2 * CAUTION)
            .min(goal.saturating_sub(expected).saturating_add(3 * CAUTION))
            .max(NARROW);
        let wanted = expected + gain + GUARD;
        if wanted > MOST_BITS {
            return Err(NucleusError::TooSmall);
        }
        let wanted = wanted.max(GUARD) as usize;
        c = with_places(c, bits, wanted);
        bits = wanted;
        let mut pass = Pass::new(period, degree, (gain > NARROW).then_some(gain + GUARD));
        budget.show(iteration, (&c, bits), period, &mut pass)?;
        let Some(step) = pass.step(bits) else {
            return Ok(None);
        };
        c = FixedPoint {
            re: c.re - &step.re,
            im: c.im - &step.im,
        };
        if is_far(&c, bits) {
            return Ok(None);
        }
        // A step is known no better than to what the pass makes right.
        let size_of_step = bits as i64 - bit_len(&step.re, &step.im) as i64;
        let gained = size_of_step.min(expected + gain) - known;
        if gained < 1 {
            in_vain += 1;
            if in_vain > MOST_IN_VAIN {
                return Ok(None);
            }
        }
        known += gained;
        ahead = (2 * gained).min(gain).saturating_sub(CAUTION).max(0);
        let Some(size) = pass.size() else {
            return Ok(None);
        };
        goal = start.view_places.max(-size.log2 as i64) + BEYOND_SIZE;
        if ahead > 0 && known + ahead >= goal {
            let is_exact = pass.nearest_of_lower_period > (CAUTION - known) as f64;
            return Ok(is_exact.then(|| Found {
                c,
                bits,
                right: goal,
                period,
                degree,
                size,
                shape: (degree == 2).then(|| pass.shape()),
            }));
        }
    }
    Ok(None)
}

pub(super) fn with_places(c: FixedPoint, from: usize, to: usize) -> FixedPoint {
    let part = |part| {
        if to >= from {
            part << (to - from)
        } else {
            part >> (from - to)
        }
    };
    FixedPoint {
        re: part(c.re),
        im: part(c.im),
    }
}

/// One walk from c to Zₚ, and all that is to be known about it.
struct Pass {
    period: u64,
    degree: u32,
    /// dZₙ/dc.
    derivative: ExtendedComplex,
    /// The same, where f64 is not true enough.
    wide: Option<Wide>,
    /// λ = dZₙ/dZ₁.
    lambda: ExtendedComplex,
    /// d²Zₙ/dc² and d²Zₙ/dc dZ₁ of z² + c.
    second: [ExtendedComplex; 2],
    /// The logarithm of the shortest of Newton's steps to nuclei whose period divides this one.
    nearest_of_lower_period: f64,
    last: Option<(FixedPoint, usize)>,
}

impl Pass {
    /// Of Z₁ = c.
    fn new(period: u64, degree: u32, wide: Option<i64>) -> Self {
        Pass {
            period,
            degree,
            derivative: [1.0, 0.0].into(),
            wide: wide.map(|bits| Wide::one(bits as usize)),
            lambda: [1.0, 0.0].into(),
            second: [ExtendedComplex::default(); 2],
            nearest_of_lower_period: f64::INFINITY,
            last: None,
        }
    }

    /// Zₚ / (dZₚ/dc).
    fn step(&self, bits: usize) -> Option<FixedPoint> {
        let (z, places) = self.last.as_ref()?;
        match &self.wide {
            Some(wide) => wide.divide(z, *places, bits),
            None => Wide::from(self.derivative).divide(z, *places, bits),
        }
    }

    /// 1 / (β λ^(p / (p - 1))) with βλ = dZₚ/dc: near the nucleus Zₚ ≈ λ z^p + βλ (c - nucleus), which a change of scales makes
    /// w^p + C (C. Heiland-Allen, mandelbrot-numerics, `m_d_size`, for z² + c).
    fn size(&self) -> Option<Size> {
        let beta = self.derivative / self.lambda;
        let power = f64::from(self.degree) / f64::from(self.degree - 1);
        let log2 = -beta.modulus().log2() - power * self.lambda.modulus().log2();
        let turn = -angle(beta) - power * angle(self.lambda);
        (log2.is_finite() && turn.is_finite()).then_some(Size { log2, turn })
    }

    /// A. Dolotin and A. Morozov, "On the shapes of elementary domains", 2008: the quantity is near 0 where the component is a
    /// cardioid, and near 1 where it is a disc.
    fn shape(&self) -> Shape {
        let [cc, cz] = self.second;
        let (c, z) = (self.derivative, self.lambda);
        let half: ExtendedComplex = [0.5, 0.0].into();
        let [re, im] = ((half * cc / c + cz / z) / (c * z)).to_f64();
        if libm::hypot(re, im) < libm::hypot(re + 1.0, im) {
            Shape::Cardioid
        } else {
            Shape::Disc
        }
    }
}

impl Visit for Pass {
    fn visit(&mut self, n: u64, point: &impl Point) -> ControlFlow<()> {
        if n == self.period {
            self.last = Some(point.exact());
            return ControlFlow::Break(());
        }
        let z = point.rounded();
        let size = z.modulus();
        if size > Extended::from(2.0) {
            return ControlFlow::Break(());
        }
        if self.period.is_multiple_of(n) {
            let step = size.log2() - self.derivative.modulus().log2();
            self.nearest_of_lower_period = self.nearest_of_lower_period.min(step);
        }
        let slope = slope_at(z, self.degree);
        if self.degree == 2 {
            let two: ExtendedComplex = [2.0, 0.0].into();
            let [cc, cz] = self.second;
            self.second = [
                slope * cc + two * self.derivative * self.derivative,
                slope * cz + two * self.derivative * self.lambda,
            ];
        }
        self.lambda = slope * self.lambda;
        self.derivative = slope * self.derivative + [1.0, 0.0].into();
        if let Some(wide) = &mut self.wide {
            let (z, places) = point.exact();
            wide.step(z, places, self.degree);
        }
        ControlFlow::Continue(())
    }
}

fn angle(z: ExtendedComplex) -> f64 {
    libm::atan2(z.im, z.re)
}

impl Found {
    pub(super) fn into_nucleus(self) -> Result<Nucleus, NucleusError> {
        let log10 = self.size.log2 * LOG10_2;
        if log10 < -(DEEPEST as f64) {
            return Err(NucleusError::TooSmall);
        }
        let places = (self.right as f64 * LOG10_2) as usize;
        let symmetry = 360.0 / f64::from(self.degree - 1);
        let turn = self.size.turn.to_degrees();
        let turn = turn - symmetry * (turn / symmetry - 0.5).ceil();
        Ok(Nucleus {
            re: Decimal::from_fixed_point(&self.c.re, self.bits, places),
            im: Decimal::from_fixed_point(&self.c.im, self.bits, places),
            period: self.period,
            size: Decimal::from_log10(log10),
            // Zero without a sign.
            orientation_degrees: (turn * 1e6).round() / 1e6 + 0.0,
            zoom: Decimal::from_log10(-log10),
            shape: self.shape,
        })
    }
}
