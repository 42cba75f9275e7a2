//! What becomes of a difference in one step, or over one leaf?

use super::LEAF;
use super::wide::least;
use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::jump::{Complex, Jump, RealTerms, Terms};
use crate::orbit::matrix::ExtendedMatrix;
use crate::orbit::points::{Parts, Points};
use crate::step::Iteration;

/// How differences go along a reference.
pub(crate) trait Motion {
    type Jump: Jump;

    /// Whether steps are taken together at all.
    const HAS_NODES: bool = true;

    /// Over so many leaves in a row, the first of which begins with a point, if there is a quick way to know that is right where none of their
    /// points is tiny. Else none.
    fn leaves(&self, _points: &Points, _first: usize, _count: usize) -> Vec<Self::Jump> {
        Vec::new()
    }

    /// In one step from a point.
    fn step(&self, point: &Parts) -> Self::Jump;

    /// How large a difference may be at a point before it crosses a fold.
    fn fold(&self, _point: &Parts) -> Option<Extended> {
        None
    }
}

/// That of z^`power` + c.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holomorphic {
    pub(crate) power: u32,
}

impl Motion for Holomorphic {
    type Jump = Terms<ExtendedComplex>;

    fn leaves(&self, points: &Points, first: usize, count: usize) -> Vec<Self::Jump> {
        let leaves = (first..).step_by(LEAF).take(count);
        let steps = leaves.map(|first| points.z(first, first + LEAF - 1));
        steps.map(|z| complex_leaf(z, self.power)).collect()
    }

    fn step(&self, point: &Parts) -> Self::Jump {
        complex_step(point.z(), self.power)
    }
}

/// That of formulas with folds or conjugates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folding {
    pub(crate) iteration: Iteration,
}

impl Motion for Folding {
    type Jump = RealTerms;

    fn step(&self, point: &Parts) -> Self::Jump {
        let z = point.z();
        let (x, y) = (2.0 * z.re, 2.0 * z.im);
        if self.iteration == Iteration::BurningShip {
            let [sx, sy] = point.z.map(|part| 1_f64.copysign(part.mantissa));
            real_step([x, -y, y.abs() * sx, x.abs() * sy], z.exponent)
        } else {
            real_step([x, -y, -y, -x], z.exponent)
        }
    }

    fn fold(&self, point: &Parts) -> Option<Extended> {
        let size = |part: Extended| Extended::new(part.mantissa.abs(), part.exponent);
        let [x, y] = point.z.map(size);
        (self.iteration == Iteration::BurningShip).then(|| least(x, y))
    }
}

/// z ↦ p Z^(p-1) z + p (p-1) / 2 Z^(p-2) z² + c.
fn complex_step(z: ExtendedComplex, power: u32) -> Terms<ExtendedComplex> {
    let p = f64::from(power);
    let mut a2 = ExtendedComplex::new(p, 0.0, 0);
    for _ in 2..power {
        a2 = a2 * z;
    }
    let half = ExtendedComplex::new((p - 1.0) / 2.0, 0.0, 0);
    Terms {
        a: a2 * z,
        b: ExtendedComplex::new(1.0, 0.0, 0),
        a2: a2 * half,
        ..Terms::NONE
    }
}

/// The same over a whole leaf in f64, which holds all that comes of eight steps from points that are not tiny.
fn complex_leaf(z: &[[f64; 2]], power: u32) -> Terms<ExtendedComplex> {
    let p = f64::from(power);
    let (zero, one) = (Complex(0.0, 0.0), Complex(1.0, 0.0));
    let mut terms = Terms {
        a: one,
        b: zero,
        a2: zero,
        m: zero,
        b2: zero,
    };
    for &[re, im] in z {
        let z = Complex(re, im);
        let mut a2 = Complex(p, 0.0);
        for _ in 2..power {
            a2 = a2 * z;
        }
        terms = terms.then(Terms {
            a: a2 * z,
            b: one,
            a2: a2 * Complex((p - 1.0) / 2.0, 0.0),
            m: zero,
            b2: zero,
        });
    }
    terms.into()
}

fn real_step(entries: [f64; 4], exponent: i64) -> RealTerms {
    RealTerms {
        a: ExtendedMatrix::new(entries, exponent),
        b: ExtendedMatrix::IDENTITY,
    }
}
