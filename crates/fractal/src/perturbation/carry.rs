//! How does a whole vector of differences jump?

use super::scale::{plus, power_of_two, scaled, splat, splat_sum, sum};
use crate::orbit::{JumpExponents, NoJump, Pair, QuadraticJump, RealJump, Tabled};
use crate::simd::Vector;
use crate::step::product;

/// A node's jump.
pub(crate) trait Carry: Tabled {
    /// The difference w, beside c, at the jump's end.
    fn carry<V: Vector>(&self, w: [V; 2], c: [V; 2]) -> [V; 2];

    /// The same of w · 2^`exponent` and c · 2^`unit`.
    fn carry_extended<V: Vector>(&self, w: ([V; 2], V), c: ([V; 2], f64)) -> ([V; 2], V);

    /// What becomes of a tangent of w and of one of c, beside w and c: both shares, to be added.
    fn carry_tangents<V: Vector>(&self, at: [[V; 2]; 2], tangents: [[V; 2]; 2]) -> [[V; 2]; 2];

    /// The same of w · 2^`exponent` and c · 2^`unit`, with the exponents of both shares beside those of their tangents.
    fn carry_tangents_extended<V: Vector>(
        &self,
        at: [[V; 2]; 2],
        exponents: (V, f64),
        tangents: [[V; 2]; 2],
    ) -> ([[V; 2]; 2], [f64; 2]);
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

    /// (A + 2A₂w + Mc) t and (B + Mw + 2B₂c) d.
    #[inline(always)]
    fn carry_tangents<V: Vector>(&self, [w, c]: [[V; 2]; 2], [t, d]: [[V; 2]; 2]) -> [[V; 2]; 2] {
        let zero = [V::splat(0.0); 2];
        let of_t = product(splat(self.a2), plus(w, w), splat(self.a));
        let of_t = product(splat(self.m), c, of_t);
        let of_d = product(splat(self.b2), plus(c, c), splat(self.b));
        let of_d = product(splat(self.m), w, of_d);
        [product(t, of_t, zero), product(d, of_d, zero)]
    }

    #[inline(always)]
    fn carry_tangents_extended<V: Vector>(
        &self,
        [w, c]: [[V; 2]; 2],
        (exponent, unit): (V, f64),
        tangents: [[V; 2]; 2],
    ) -> ([[V; 2]; 2], [f64; 2]) {
        let JumpExponents { a, b, a2, m, b2 } = self.exponents;
        let [a, b, a2, m, b2] = [a, b, a2, m, b2].map(f64::from);
        // In units of A and of B.
        let scale_of_a2 = power_of_two(exponent.add(V::splat(a2 - a + 1.0)));
        let scale_of_mc = power_of_two(V::splat(m + unit - a));
        let scale_of_b2 = power_of_two(V::splat(b2 + unit - b + 1.0));
        let scale_of_mw = power_of_two(exponent.add(V::splat(m - b)));
        let of_t = product(splat(self.a2), scaled(w, scale_of_a2), splat(self.a));
        let of_t = product(splat(self.m), scaled(c, scale_of_mc), of_t);
        let of_d = product(splat(self.b2), scaled(c, scale_of_b2), splat(self.b));
        let of_d = product(splat(self.m), scaled(w, scale_of_mw), of_d);
        let [t, d] = tangents;
        let zero = [V::splat(0.0); 2];
        ([product(t, of_t, zero), product(d, of_d, zero)], [a, b])
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

    #[inline(always)]
    fn carry_tangents<V: Vector>(&self, _at: [[V; 2]; 2], [t, d]: [[V; 2]; 2]) -> [[V; 2]; 2] {
        [applied(&self.a, t), applied(&self.b, d)]
    }

    #[inline(always)]
    fn carry_tangents_extended<V: Vector>(
        &self,
        _at: [[V; 2]; 2],
        _exponents: (V, f64),
        [t, d]: [[V; 2]; 2],
    ) -> ([[V; 2]; 2], [f64; 2]) {
        let exponents = [self.exponents.a, self.exponents.b].map(f64::from);
        ([applied(&self.a, t), applied(&self.b, d)], exponents)
    }
}

impl Carry for Pair<QuadraticJump> {
    #[inline(always)]
    fn carry<V: Vector>(&self, w: [V; 2], c: [V; 2]) -> [V; 2] {
        let (high, low) = (&self.high, &self.low);
        let zero = V::splat(0.0);
        let of_w = product(splat_sum(high.a2, low.a2), w, splat_sum(high.a, low.a));
        let of_w = product(splat_sum(high.m, low.m), c, of_w);
        let of_c = product(splat_sum(high.b2, low.b2), c, splat_sum(high.b, low.b));
        product(w, of_w, product(c, of_c, [zero; 2]))
    }

    #[inline(always)]
    fn carry_extended<V: Vector>(
        &self,
        (w, exponent): ([V; 2], V),
        (c, unit): ([V; 2], f64),
    ) -> ([V; 2], V) {
        let (high, low, exponents) = (&self.high, &self.low, &self.high.exponents);
        let zero = V::splat(0.0);
        let (a, b) = (f64::from(exponents.a), f64::from(exponents.b));
        // In units of A and of B.
        let scale_of_a2 = power_of_two(exponent.add(V::splat(f64::from(exponents.a2) - a)));
        let scale_of_m = power_of_two(V::splat(f64::from(exponents.m) + unit - a));
        let scale_of_b2 = power_of_two(V::splat(f64::from(exponents.b2) + unit - b));
        let (a_of_w, a2) = (splat_sum(high.a, low.a), splat_sum(high.a2, low.a2));
        let of_w = product(a2, scaled(w, scale_of_a2), a_of_w);
        let of_w = product(splat_sum(high.m, low.m), scaled(c, scale_of_m), of_w);
        let (b_of_c, b2) = (splat_sum(high.b, low.b), splat_sum(high.b2, low.b2));
        let of_c = product(b2, scaled(c, scale_of_b2), b_of_c);
        sum(
            (product(w, of_w, [zero; 2]), exponent.add(V::splat(a))),
            (product(c, of_c, [zero; 2]), V::splat(unit + b)),
        )
    }

    #[inline(always)]
    fn carry_tangents<V: Vector>(&self, at: [[V; 2]; 2], tangents: [[V; 2]; 2]) -> [[V; 2]; 2] {
        self.high.carry_tangents(at, tangents)
    }

    #[inline(always)]
    fn carry_tangents_extended<V: Vector>(
        &self,
        at: [[V; 2]; 2],
        exponents: (V, f64),
        tangents: [[V; 2]; 2],
    ) -> ([[V; 2]; 2], [f64; 2]) {
        self.high.carry_tangents_extended(at, exponents, tangents)
    }
}

impl Carry for NoJump {
    #[inline(always)]
    fn carry<V: Vector>(&self, _w: [V; 2], _c: [V; 2]) -> [V; 2] {
        match *self {}
    }

    #[inline(always)]
    fn carry_extended<V: Vector>(&self, _w: ([V; 2], V), _c: ([V; 2], f64)) -> ([V; 2], V) {
        match *self {}
    }

    #[inline(always)]
    fn carry_tangents<V: Vector>(&self, _at: [[V; 2]; 2], _tangents: [[V; 2]; 2]) -> [[V; 2]; 2] {
        match *self {}
    }

    #[inline(always)]
    fn carry_tangents_extended<V: Vector>(
        &self,
        _at: [[V; 2]; 2],
        _exponents: (V, f64),
        _tangents: [[V; 2]; 2],
    ) -> ([[V; 2]; 2], [f64; 2]) {
        match *self {}
    }
}

/// A real matrix, row by row, times a vector of the plane.
#[inline(always)]
fn applied<V: Vector>(matrix: &[f64; 4], [x, y]: [V; 2]) -> [V; 2] {
    let [a, b]: [V; 2] = splat([matrix[0], matrix[1]]);
    let [c, d]: [V; 2] = splat([matrix[2], matrix[3]]);
    [a.mul_add(x, b.mul(y)), c.mul_add(x, d.mul(y))]
}
