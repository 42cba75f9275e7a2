//! Which nuclei can a disc not contain? Those of a period n for which the disc's image under c ↦ Zₙ(c) does not reach 0.
//!
//! The image lies in a disc around the image of the centre: that is the "ball method" (R. Munafo, mu-ency, "period"), here with a
//! bound of all that is not linear (C. Heiland-Allen, mandelbrot-numerics, `m_d_ball_period`), so that it misses no nucleus.

use std::ops::ControlFlow;

use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::{Point, Visit};

/// What is known of a disc.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Contents {
    /// No nucleus of a period up to the limit.
    Nothing,
    /// None of a period below this one, and probably one of it.
    Perhaps(u64),
    /// None of a period up to this one; the disc is too large to know more.
    Unknown(u64),
}

/// The image of a disc.
pub(super) struct Ball {
    degree: u32,
    radius: Extended,
    /// dZₙ/dc at the centre.
    derivative: ExtendedComplex,
    /// |Zₙ(c + d) - Zₙ(c) - dZₙ/dc · d| is at most this.
    error: Extended,
    pub(super) contents: Contents,
}

/// Farther out a point of the set never comes, and a nucleus is a point of the set.
const ESCAPE_RADIUS: f64 = 2.0;

impl Ball {
    /// Of Z₁ = c.
    pub(super) fn new(degree: u32, radius: Extended) -> Self {
        Ball {
            degree,
            radius,
            derivative: [1.0, 0.0].into(),
            error: Extended::default(),
            contents: Contents::Nothing,
        }
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
        let size = z.modulus();
        let linear = self.radius * self.derivative.modulus();
        let reach = linear + self.error;
        let escape_radius = Extended::from(ESCAPE_RADIUS);
        if reach >= size {
            self.contents = Contents::Perhaps(n);
        } else if size > reach + escape_radius {
            self.contents = Contents::Nothing;
        } else if size > escape_radius {
            self.contents = Contents::Unknown(n);
        } else {
            self.step(z, linear);
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(())
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
