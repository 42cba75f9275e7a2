//! What becomes of a difference in one step, or over one leaf?

use crate::extended::ExtendedComplex;
use crate::orbit::jump::{Complex, Jump, RealTerms, Terms};
use crate::orbit::matrix::ExtendedMatrix;

/// z ↦ p Z^(p-1) z + p (p-1) / 2 Z^(p-2) z² + c.
pub(super) fn complex_step(z: ExtendedComplex, power: u32) -> Terms<ExtendedComplex> {
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
pub(super) fn complex_leaf(z: &[[f64; 2]], power: u32) -> Option<Terms<ExtendedComplex>> {
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
    Some(terms.into())
}

pub(super) fn real_step(entries: [f64; 4], exponent: i64) -> RealTerms {
    RealTerms {
        a: ExtendedMatrix::new(entries, exponent),
        b: ExtendedMatrix::IDENTITY,
    }
}
