//! How does a whole vector of differences jump?

use super::scale::{plus, power_of_two, scaled, splat, sum};
use crate::orbit::{QuadraticJump, RealJump};
use crate::simd::Vector;

/// A node's jump.
pub(crate) trait Carry: Copy {
    /// The difference w, beside c, at the jump's end.
    fn carry<V: Vector>(&self, w: [V; 2], c: [V; 2]) -> [V; 2];

    /// The same of w · 2^`exponent` and c · 2^`unit`.
    fn carry_extended<V: Vector>(&self, w: ([V; 2], V), c: ([V; 2], f64)) -> ([V; 2], V);
}

impl Carry for QuadraticJump {
    /// w (A + A₂w + Mc) + c (B + B₂c).
    #[inline(always)]
    fn carry<V: Vector>(&self, w: [V; 2], c: [V; 2]) -> [V; 2] {
        let zero = V::splat(0.0);
        let of_w = product(splat(self.a2), w, splat(self.a));
        let of_w = product(splat(self.m), c, of_w);
        let of_c = product(splat(self.b2), c, splat(self.b));
        product(w, of_w, product(c, of_c, [zero; 2]))
    }

    #[inline(always)]
    fn carry_extended<V: Vector>(
        &self,
        (w, exponent): ([V; 2], V),
        (c, unit): ([V; 2], f64),
    ) -> ([V; 2], V) {
        let (zero, exponents) = (V::splat(0.0), &self.exponents);
        let (a, b) = (f64::from(exponents.a), f64::from(exponents.b));
        // In units of A and of B.
        let scale_of_a2 = power_of_two(exponent.add(V::splat(f64::from(exponents.a2) - a)));
        let scale_of_m = power_of_two(V::splat(f64::from(exponents.m) + unit - a));
        let scale_of_b2 = power_of_two(V::splat(f64::from(exponents.b2) + unit - b));
        let of_w = product(splat(self.a2), scaled(w, scale_of_a2), splat(self.a));
        let of_w = product(splat(self.m), scaled(c, scale_of_m), of_w);
        let of_c = product(splat(self.b2), scaled(c, scale_of_b2), splat(self.b));
        sum(
            (product(w, of_w, [zero; 2]), exponent.add(V::splat(a))),
            (product(c, of_c, [zero; 2]), V::splat(unit + b)),
        )
    }
}

impl Carry for RealJump {
    #[inline(always)]
    fn carry<V: Vector>(&self, w: [V; 2], c: [V; 2]) -> [V; 2] {
        plus(applied(&self.a, w), applied(&self.b, c))
    }

    #[inline(always)]
    fn carry_extended<V: Vector>(
        &self,
        (w, exponent): ([V; 2], V),
        (c, unit): ([V; 2], f64),
    ) -> ([V; 2], V) {
        let a = V::splat(f64::from(self.exponents.a));
        let b = V::splat(unit + f64::from(self.exponents.b));
        sum(
            (applied(&self.a, w), exponent.add(a)),
            (applied(&self.b, c), b),
        )
    }
}

/// a b + d, of complex numbers.
#[inline(always)]
pub(super) fn product<V: Vector>([x, y]: [V; 2], [u, v]: [V; 2], [dx, dy]: [V; 2]) -> [V; 2] {
    [
        x.mul_add(u, y.neg_mul_add(v, dx)),
        x.mul_add(v, y.mul_add(u, dy)),
    ]
}

/// A real matrix, row by row, times a vector of the plane.
#[inline(always)]
fn applied<V: Vector>(matrix: &[f64; 4], [x, y]: [V; 2]) -> [V; 2] {
    let [a, b]: [V; 2] = splat([matrix[0], matrix[1]]);
    let [c, d]: [V; 2] = splat([matrix[2], matrix[3]]);
    [a.mul_add(x, b.mul(y)), c.mul_add(x, d.mul(y))]
}
