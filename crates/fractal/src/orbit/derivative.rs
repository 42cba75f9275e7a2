//! Is a nucleus near, of which this orbit's last point is almost the return to zero?
//!
//! It is when 2 · radius · |dZ/dc| > |Z|: then Newton's step from c to the nucleus is shorter than two radii (the criterion
//! of the "ball method", R. Munafo and C. Heiland-Allen).

use crate::extended::{Extended, ExtendedComplex, power_of_two};
use crate::step::Iteration;

/// The columns' squares stay within 2^±SPREAD, so that squares of squares neither overflow nor vanish.
const SPREAD: i64 = 120;

/// Points below 2^this go the long way: a seventh power of theirs, as z⁸ has it in its derivative, may be past f64's end.
const SMALL: f64 = power_of_two_below(60);

/// dZ/dc as a real matrix. Where the formula is holomorphic its first column says all; the others take two.
pub(super) struct Derivative<'a, const COLUMNS: usize> {
    iteration: &'a Iteration,
    two_radii: Extended,
    columns: [[f64; 2]; COLUMNS],
    /// The columns are to be multiplied by 2^this.
    exponent: i64,
    /// 2^-exponent.
    unit: f64,
    /// (2 · radius · 2^exponent)².
    reach: f64,
}

const fn power_of_two_below(places: u64) -> f64 {
    f64::from_bits((1023 - places) << 52)
}

impl<'a, const COLUMNS: usize> Derivative<'a, COLUMNS> {
    /// Of Z₀.
    pub(super) fn new(iteration: &'a Iteration, radius: Extended) -> Self {
        let mut derivative = Derivative {
            iteration,
            two_radii: radius * Extended::from(2.0),
            columns: [[0.0; 2]; COLUMNS],
            exponent: 0,
            unit: 1.0,
            reach: 0.0,
        };
        derivative.set_exponent(0);
        derivative
    }

    fn set_exponent(&mut self, exponent: i64) {
        self.exponent = exponent;
        self.unit = power_of_two(-exponent);
        let reach = Extended::new(self.two_radii.mantissa, self.two_radii.exponent + exponent);
        self.reach = reach.to_f64() * reach.to_f64();
    }

    /// Whether the point is within reach of a nucleus. `exact` is `z` with exponents of its own.
    #[inline(always)]
    pub(super) fn is_near(&self, z: [f64; 2], exact: impl FnOnce() -> ExtendedComplex) -> bool {
        if is_small(z) {
            let reach =
                self.two_radii * Extended::new(libm::sqrt(self.norm_squared()), self.exponent);
            return reach > exact().modulus();
        }
        let square = z[0] * z[0] + z[1] * z[1];
        // The sum of the columns' squares is never below the norm's, and far cheaper.
        self.reach * self.sum_of_squares() > square && self.reach * self.norm_squared() > square
    }

    /// From that of Z to that of the next Z.
    #[inline(always)]
    pub(super) fn step(&mut self, z: [f64; 2], exact: impl FnOnce() -> ExtendedComplex) {
        if is_small(z) {
            return self.step_far(exact());
        }
        let jacobian = jacobian(self.iteration, z);
        for (k, column) in self.columns.iter_mut().enumerate() {
            *column = product(&jacobian, column);
            column[k] += self.unit;
        }
        const RANGE: std::ops::Range<f64> =
            power_of_two_below(SPREAD as u64)..(1.0 / power_of_two_below(SPREAD as u64));
        if !RANGE.contains(&self.sum_of_squares()) {
            let (columns, exponent) = (self.columns, self.exponent);
            self.set_columns(columns.map(|[re, im]| ExtendedComplex::new(re, im, exponent)));
        }
    }

    /// The step for points of any size.
    #[cold]
    fn step_far(&mut self, z: ExtendedComplex) {
        // Every part of the Jacobian is a product of degree - 1 parts of z.
        let shift = (degree(self.iteration) - 1) * z.exponent;
        let jacobian = jacobian(self.iteration, [z.re, z.im]);
        let mut next = [ExtendedComplex::default(); COLUMNS];
        for (k, next) in next.iter_mut().enumerate() {
            let [re, im] = product(&jacobian, &self.columns[k]);
            let unit = if k == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
            *next = ExtendedComplex::new(re, im, self.exponent + shift) + unit.into();
        }
        self.set_columns(next);
    }

    fn set_columns(&mut self, columns: [ExtendedComplex; COLUMNS]) {
        let filled = columns.iter().filter(|it| it.size().mantissa != 0.0);
        self.set_exponent(filled.map(|it| it.exponent).max().unwrap_or(0));
        self.columns = columns.map(|it| {
            ExtendedComplex {
                exponent: it.exponent - self.exponent,
                ..it
            }
            .to_f64()
        });
    }

    #[inline(always)]
    fn sum_of_squares(&self) -> f64 {
        self.columns.iter().map(|[a, b]| a * a + b * b).sum()
    }

    /// The square of the largest |Mv| / |v|.
    fn norm_squared(&self) -> f64 {
        match self.columns.as_slice() {
            [[a, c], [b, d]] => {
                let norm = libm::hypot(a + d, c - b) + libm::hypot(a - d, c + b);
                norm * norm / 4.0
            }
            _ => self.sum_of_squares(),
        }
    }
}

#[inline(always)]
fn is_small([x, y]: [f64; 2]) -> bool {
    x.abs().max(y.abs()) < SMALL
}

fn degree(iteration: &Iteration) -> i64 {
    match *iteration {
        Iteration::Multibrot(power) => power.into(),
        _ => 2,
    }
}

/// Of the formula, by rows.
#[inline(always)]
fn jacobian(iteration: &Iteration, [x, y]: [f64; 2]) -> [[f64; 2]; 2] {
    let [a, b] = [2.0 * x, 2.0 * y];
    match *iteration {
        Iteration::Mandelbrot | Iteration::Julia { .. } => [[a, -b], [b, a]],
        Iteration::Tricorn => [[a, -b], [-b, -a]],
        Iteration::BurningShip => {
            let sign = 1f64.copysign(x) * 1f64.copysign(y);
            [[a, -b], [sign * b, sign * a]]
        }
        Iteration::Multibrot(power) => {
            let [mut re, mut im] = [f64::from(power), 0.0];
            for _ in 1..power {
                [re, im] = [re * x - im * y, re * y + im * x];
            }
            [[re, -im], [im, re]]
        }
    }
}

#[inline(always)]
fn product([[a, b], [c, d]]: &[[f64; 2]; 2], [x, y]: &[f64; 2]) -> [f64; 2] {
    [a * x + b * y, c * x + d * y]
}
