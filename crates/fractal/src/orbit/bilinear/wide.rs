//! What is known of a node while the tree is built, and of two of them together? In numbers whose exponents have no end.

use crate::extended::{Extended, ExtendedComplex};
use crate::orbit::jump::Jump;

/// A node while the tree is built.
#[derive(Clone, Copy)]
pub(super) struct Wide<J> {
    pub(super) jump: J,
    /// S and S_c; `None` is infinite.
    pub(super) shares: [Option<Extended>; 2],
    /// Within which radii no difference crosses a fold; `None` is infinite.
    pub(super) folds: [Option<Extended>; 2],
}

impl<J: Jump> Wide<J> {
    /// The same, for differences of at most `room`.
    pub(super) fn within(mut self, room: Option<Extended>) -> Self {
        for fold in &mut self.folds {
            *fold = match (*fold, room) {
                (Some(one), Some(other)) => Some(least(one, other)),
                (one, other) => one.or(other),
            };
        }
        self
    }

    pub(super) const NONE: Self = Wide {
        jump: J::NONE,
        shares: [Some(Extended {
            mantissa: 0.0,
            exponent: 0,
        }); 2],
        folds: [None; 2],
    };

    pub(super) fn then(self, next: Self) -> Self {
        let [by_z, by_c] = self.jump.norms();
        let [share, share_c] = next.shares;
        let [fold, fold_c] = next.folds;
        let narrower = |one: Option<Extended>, other: Option<Extended>| match (one, other) {
            (Some(one), Some(other)) => Some(least(one, other)),
            (one, other) => one.or(other),
        };
        let [own_fold, own_fold_c] = self.folds;
        let via_c = fold.and_then(|fold| quotient(fold, by_c));
        Wide {
            jump: self.jump.then(next.jump),
            shares: [
                total(self.shares[0], product(share, by_z)),
                total(total(self.shares[1], share_c), product(share, by_c)),
            ],
            folds: [
                narrower(own_fold, fold.and_then(|fold| quotient(fold, by_z))),
                narrower(narrower(own_fold_c, fold_c), via_c),
            ],
        }
    }
}

pub(super) fn least(one: Extended, other: Extended) -> Extended {
    if one < other { one } else { other }
}

/// Infinite where something is divided by zero.
pub(super) fn quotient(value: Extended, divisor: Extended) -> Option<Extended> {
    (divisor.mantissa != 0.0).then(|| {
        Extended::new(
            value.mantissa / divisor.mantissa,
            value.exponent - divisor.exponent,
        )
    })
}

/// A share of nothing is nothing, though the share be infinite.
fn product(share: Option<Extended>, factor: Extended) -> Option<Extended> {
    if factor.mantissa == 0.0 {
        return Some(factor);
    }
    share.map(|share| share * factor)
}

fn total(one: Option<Extended>, other: Option<Extended>) -> Option<Extended> {
    let (one, other) = (one?, other?);
    let sum = ExtendedComplex::new(one.mantissa, 0.0, one.exponent)
        + ExtendedComplex::new(other.mantissa, 0.0, other.exponent);
    Some(Extended::new(sum.re, sum.exponent))
}
