//! Which nuclei can a disc not contain? Those of a period n for which the disc's image under c ↦ Zₙ(c) does not reach 0.
//!
//! The image lies in a disc around the image of the centre: that is the "ball method" (R. Munafo, mu-ency, "period"), here with a
//! bound of all that is not linear (C. Heiland-Allen, mandelbrot-numerics, `m_d_ball_period`), so that it misses no nucleus.

use std::ops::ControlFlow;

use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::{Point, Visit};

/// The image of a disc.
pub(super) struct Ball {
    degree: u32,
    centre: ExtendedComplex,
    radius: Extended,
    /// dZₙ/dc at the centre.
    derivative: ExtendedComplex,
    /// |Zₙ(c + d) - Zₙ(c) - dZₙ/dc · d| is at most this.
    error: Extended,
    /// The disc contains no nucleus of a lower period, and probably one of this; `None`: of no period up to the orbit's end.
    pub(super) least_period: Option<u64>,
}

/// Farther out a point of the set never comes, and a nucleus is a point of the set.
pub(super) const ESCAPE_RADIUS: f64 = 2.0;

/// Even from an ulp outside 2, for c = -2, a point goes 3 times as far outside with every step.
const MOST_STEPS_OUTSIDE: u64 = 64;

impl Ball {
    /// The disc itself, which is the image for n = 1.
    pub(super) fn new(degree: u32, centre: [f64; 2], radius: Extended) -> Self {
        Ball {
            degree,
            centre: centre.into(),
            radius,
            derivative: [1.0, 0.0].into(),
            error: Extended::default(),
            least_period: None,
        }
    }

    /// Looks at Zₙ, and goes on to the next if that says nothing.
    fn look(&mut self, n: u64, z: ExtendedComplex) -> ControlFlow<()> {
        let size = z.modulus();
        let linear = self.radius * self.derivative.modulus();
        let reach = linear + self.error;
        if reach >= size {
            self.least_period = Some(n);
            return ControlFlow::Break(());
        }
        if size > reach + Extended::from(ESCAPE_RADIUS) {
            return ControlFlow::Break(());
        }
        self.step(z, linear);
        ControlFlow::Continue(())
    }

    /// Follows the centre from Zₙ₋₁ on, which has escaped, until all of the disc has or may not: f64 is enough for so few steps.
    pub(super) fn escape(&mut self, first: u64, mut z: ExtendedComplex) {
        for n in first..first + MOST_STEPS_OUTSIDE {
            z = (1..self.degree).fold(z, |power, _| power * z) + self.centre;
            if self.look(n, z).is_break() {
                return;
            }
        }
        self.least_period = Some(first);
    }

    /// From Zₙ to the next. Of (Z + w)^p all terms from w² on are error, and so is the linear term of the error before.
    fn step(&mut self, z: ExtendedComplex, linear: Extended) {
        let (size, spread) = (z.modulus(), linear + self.error);
        // Σ C(p, k) |Z|^(p-k) w^(k-2), from k = p down to 2; then |Z|^(p-1) is left.
        let (mut sum, mut binomial, mut power) = (Extended::default(), 1, Extended::from(1.0));
        for k in (2..=self.degree).rev() {
            sum = sum * spread + Extended::from(f64::from(binomial)) * power;
            power = power * size;
            binomial = binomial * k / (self.degree - k + 1);
        }
        let slope = Extended::from(f64::from(self.degree)) * power;
        self.error = sum * spread * spread + slope * self.error;
        self.derivative = slope_at(z, self.degree) * self.derivative + [1.0, 0.0].into();
    }
}

impl Visit for Ball {
    fn visit(&mut self, n: u64, z: &impl Point) -> ControlFlow<()> {
        let z = z.rounded();
        self.look(n, z)?;
        if z.modulus() > Extended::from(ESCAPE_RADIUS) {
            self.escape(n + 1, z);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// p z^(p-1).
pub(super) fn slope_at(z: ExtendedComplex, degree: u32) -> ExtendedComplex {
    let scaled = ExtendedComplex::new(
        z.re * f64::from(degree),
        z.im * f64::from(degree),
        z.exponent,
    );
    (2..degree).fold(scaled, |product, _| product * z)
}
