//! How does the difference of two orbits become the next difference, without a subtraction that loses it?

use super::carry::Carry;
use crate::field::Field;
use crate::kernel::{Escaping, finish};
use crate::orbit::{NoJump, Pair, QuadraticJump, RealJump};
use crate::simd::Vector;
use crate::step::{BurningShip, Power, Quadratic, Step, Tricorn, power_derivative, product};

/// A formula's step for differences. With F(Z, w) such that f(Z + w) - f(Z) = w' F, where w' is w but for folds, F has the
/// size of Z even where w is very much smaller, so that w may have another unit than Z.
pub(crate) trait Difference {
    /// The table's jumps.
    type Jump: Carry;
    /// Those of the table with twice as many digits.
    type DoubleJump: Carry;
    /// The formula's step; where there is one for each power, that of the lowest.
    type Step: Step;

    /// As [`Step::TANGENTS`].
    const TANGENTS: usize = Self::Step::TANGENTS;

    /// As [`Step::tangent`].
    #[inline(always)]
    fn tangent<V: Vector>(_power: u32, z: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        Self::Step::tangent(z, t, d)
    }

    /// z ↦ f(z) + c.
    #[inline(always)]
    fn direct<V: Vector>(_power: u32, [x, y]: [V; 2], [cx, cy]: [V; 2]) -> [V; 2] {
        let (x, y) = Self::Step::step(x, y, cx, cy);
        [x, y]
    }

    /// Takes differences across the formula's folds. `z` is in the unit of w.
    #[inline(always)]
    fn fold<V: Vector>(_z: [V; 2], w: [V; 2]) -> [V; 2] {
        w
    }

    /// Where the reference is after the formula's folds.
    #[inline(always)]
    fn folded<V: Vector>(z: [V; 2]) -> [V; 2] {
        z
    }

    /// F for a `power`, of a folded reference, and `sum` = Z + w and `middle` = 2Z + w, in one unit.
    #[inline(always)]
    fn factor<V: Vector>(_power: u32, _z: [V; 2], _sum: [V; 2], middle: [V; 2]) -> [V; 2] {
        middle
    }

    /// w F + d.
    #[inline(always)]
    fn product<V: Vector>(w: [V; 2], factor: [V; 2], d: [V; 2]) -> [V; 2] {
        product(w, factor, d)
    }

    /// Follows escaping orbits to the bailout.
    #[inline(always)]
    fn finish<V: Vector>(_power: u32, escaping: &mut Escaping, limit: u64, field: &mut Field) {
        finish::<V, Self::Step>(escaping, limit, field);
    }
}

impl Difference for Quadratic {
    type Jump = QuadraticJump;
    type DoubleJump = Pair<QuadraticJump>;
    type Step = Self;
}

/// z^p + c, for all p: one loop for them together.
pub(crate) struct Powers;

impl Difference for Powers {
    type Jump = QuadraticJump;
    type DoubleJump = Pair<QuadraticJump>;
    type Step = Power<3>;

    #[inline(always)]
    fn tangent<V: Vector>(power: u32, z: [V; 2], t: [V; 2], d: [V; 2]) -> [V; 2] {
        product(power_derivative(power, z), t, d)
    }

    #[inline(always)]
    fn direct<V: Vector>(p: u32, z: [V; 2], c: [V; 2]) -> [V; 2] {
        let zero = [V::splat(0.0); 2];
        let mut power = z;
        for _ in 2..p {
            power = product(power, z, zero);
        }
        product(power, z, c)
    }

    /// (a^p - b^p) / (a - b) = a^(p-1) + a^(p-2) b + … + b^(p-1), by F₂ = a + b and F_(k+1) = a F_k + b^k.
    #[inline(always)]
    fn factor<V: Vector>(p: u32, z: [V; 2], sum: [V; 2], middle: [V; 2]) -> [V; 2] {
        let zero = [V::splat(0.0); 2];
        let (mut factor, mut power) = (middle, z);
        for _ in 2..p {
            power = product(power, z, zero);
            factor = product(factor, sum, power);
        }
        factor
    }

    #[inline(always)]
    fn finish<V: Vector>(power: u32, escaping: &mut Escaping, limit: u64, field: &mut Field) {
        match power {
            3 => finish::<V, Power<3>>(escaping, limit, field),
            4 => finish::<V, Power<4>>(escaping, limit, field),
            5 => finish::<V, Power<5>>(escaping, limit, field),
            6 => finish::<V, Power<6>>(escaping, limit, field),
            7 => finish::<V, Power<7>>(escaping, limit, field),
            _ => finish::<V, Power<8>>(escaping, limit, field),
        }
    }
}

impl Difference for Tricorn {
    type Jump = RealJump;
    type DoubleJump = NoJump;
    type Step = Self;

    /// The conjugate of w F, plus d.
    #[inline(always)]
    fn product<V: Vector>([x, y]: [V; 2], [fx, fy]: [V; 2], [dx, dy]: [V; 2]) -> [V; 2] {
        [
            x.mul_add(fx, y.neg_mul_add(fy, dx)),
            x.neg_mul_add(fy, y.neg_mul_add(fx, dy)),
        ]
    }
}

impl Difference for BurningShip {
    type Jump = RealJump;
    type DoubleJump = NoJump;
    type Step = Self;

    /// |Z + w| - |Z|, part by part.
    #[inline(always)]
    fn fold<V: Vector>(z: [V; 2], w: [V; 2]) -> [V; 2] {
        [fold_part(z[0], w[0]), fold_part(z[1], w[1])]
    }

    #[inline(always)]
    fn folded<V: Vector>(z: [V; 2]) -> [V; 2] {
        [z[0].abs(), z[1].abs()]
    }
}

/// |z + w| - |z|.
#[inline(always)]
fn fold_part<V: Vector>(z: V, w: V) -> V {
    let zero = V::splat(0.0);
    // As if z were not negative.
    let size = z.abs();
    let w = V::select(zero.le(z), w, zero.sub(w));
    let beyond = zero.sub(size.add(size).add(w));
    V::select(zero.le(size.add(w)), w, beyond)
}
