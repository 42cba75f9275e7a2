//! Two f64 a lane: how is a vector made twice as precise?
//!
//! As the unevaluated sum of two vectors (T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
//! Mathematik 18, 1971; sums by D. E. Knuth, products by fused multiply-add). Comparisons look at the high parts alone.

use super::{Part, Vector};

/// high + low, where high is the sum's nearest f64, but for the last bit.
#[derive(Clone, Copy)]
pub(crate) struct Double<V> {
    high: V,
    low: V,
}

impl<V: Vector> Double<V> {
    /// Of two numbers of which the first is not smaller.
    #[inline(always)]
    fn of_ordered(high: V, low: V) -> Self {
        let sum = high.add(low);
        Double {
            high: sum,
            low: low.sub(sum.sub(high)),
        }
    }

    /// The sum, and what rounding leaves over of it.
    #[inline(always)]
    fn two_sum(one: V, other: V) -> [V; 2] {
        let sum = one.add(other);
        let of_other = sum.sub(one);
        let error = one.sub(sum.sub(of_other)).add(other.sub(of_other));
        [sum, error]
    }

    /// The difference, and what rounding leaves over of it.
    #[inline(always)]
    fn two_difference(one: V, other: V) -> [V; 2] {
        let difference = one.sub(other);
        let of_other = one.sub(difference);
        let error = one.sub(difference.add(of_other)).add(of_other.sub(other));
        [difference, error]
    }

    /// a b + c d + e. Only the result is made ordered: what the high parts leave over on the way is as small as the low parts, and is
    /// added up with them.
    #[inline(always)]
    fn sum_of_products([a, b]: [Self; 2], [c, d]: [Self; 2], e: Self) -> Self {
        let (one, other) = (a.high.mul(b.high), c.high.mul(d.high));
        let low = a.high.mul_add(b.low, e.low);
        let low = c.high.mul_add(d.low, low);
        let low = a.low.mul_add(b.high, low);
        let low = c.low.mul_add(d.high, low);
        // one - a b is what rounding added.
        let added = a.high.neg_mul_add(b.high, one);
        let added = added.add(c.high.neg_mul_add(d.high, other));
        let [products, error] = Self::two_sum(one, other);
        let [sum, last_error] = Self::two_sum(products, e.high);
        let low = low.sub(added).add(error).add(last_error);
        Self::of_ordered(sum, low)
    }

    #[inline(always)]
    fn negated(self) -> Self {
        let zero = V::splat(0.0);
        Double {
            high: zero.sub(self.high),
            low: zero.sub(self.low),
        }
    }
}

impl<V: Vector> Vector for Double<V> {
    type Mask = V::Mask;
    type High = V;

    const LANES: usize = V::LANES;
    const IS_DOUBLE: bool = true;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self::splat_sum(value, 0.0)
    }

    #[inline(always)]
    fn splat_sum(high: f64, low: f64) -> Self {
        Double {
            high: V::splat(high),
            low: V::splat(low),
        }
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        Double {
            high: V::load(values),
            low: V::splat(0.0),
        }
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        self.high.store(values);
    }

    #[inline(always)]
    fn load_at(column: &[f64], at: usize) -> Self {
        Double {
            high: V::load(&column[at..]),
            low: V::load(&column[column.len() / 2 + at..]),
        }
    }

    #[inline(always)]
    fn store_at(self, column: &mut [f64], at: usize) {
        let half = column.len() / 2;
        self.high.store(&mut column[at..]);
        self.low.store(&mut column[half + at..]);
    }

    #[inline(always)]
    fn scale(self, power: Self) -> Self {
        Double {
            high: self.high.mul(power.high),
            low: self.low.mul(power.high),
        }
    }

    #[inline(always)]
    fn scale_add(self, power: Self, addend: Self) -> Self {
        self.scale(power).add(addend)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let [sum, error] = Self::two_sum(self.high, other.high);
        Self::of_ordered(sum, error.add(self.low.add(other.low)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.add(other.negated())
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = self.high.mul(other.high);
        let zero = V::splat(0.0);
        let error = self.high.mul_add(other.high, zero.sub(product));
        let error = self.high.mul_add(other.low, error);
        let error = self.low.mul_add(other.high, error);
        Self::of_ordered(product, error)
    }

    /// To f64's precision alone: nothing that has to be more precise is divided.
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Double {
            high: self.high.div(other.high),
            low: V::splat(0.0),
        }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        let is_negative = self.high.lt(V::splat(0.0));
        Self::select(is_negative, self.negated(), self)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(self.high.lt(other.high), other, self)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.high.lt(other.high), self, other)
    }

    #[inline(always)]
    fn larger_size(self, other: Self) -> Self {
        Double {
            high: self.high.larger_size(other.high),
            low: V::splat(0.0),
        }
    }

    #[inline(always)]
    fn largest(self) -> f64 {
        self.high.largest()
    }

    #[inline(always)]
    fn smallest(self) -> f64 {
        self.high.smallest()
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        addend.sub(self.mul(factor))
    }

    #[inline(always)]
    fn product([x, y]: [Self; 2], [u, v]: [Self; 2], [dx, dy]: [Self; 2]) -> [Self; 2] {
        [
            Self::sum_of_products([x, u], [y.negated(), v], dx),
            Self::sum_of_products([x, v], [y, u], dy),
        ]
    }

    /// As [`Double::sum_of_products`], with products that are twice there taken once.
    #[inline(always)]
    fn square([x, y]: [Self; 2], [cx, cy]: [Self; 2]) -> [Self; 2] {
        let (xx, yy) = (x.high.mul(x.high), y.high.mul(y.high));
        let (x2, y2) = (x.high.add(x.high), y.high.add(y.high));
        // xx - x² is what rounding added.
        let added = x.high.neg_mul_add(x.high, xx);
        let taken = y.high.neg_mul_add(y.high, yy);
        let low = y2.neg_mul_add(y.low, x2.mul_add(x.low, cx.low));
        let [squares, error] = Self::two_difference(xx, yy);
        let [re, last_error] = Self::two_sum(squares, cx.high);
        let low = low.sub(added.sub(taken)).add(error.add(last_error));
        let xy = x2.mul(y.high);
        let rest = x2.neg_mul_add(y.high, xy);
        let im_low = x2.mul_add(y.low, y2.mul_add(x.low, cy.low));
        let [im, im_error] = Self::two_sum(xy, cy.high);
        let im_low = im_low.sub(rest).add(im_error);
        [Self::of_ordered(re, low), Self::of_ordered(im, im_low)]
    }

    #[inline(always)]
    fn norm([x, y]: [Self; 2]) -> Self {
        Double {
            high: x.high.mul_add(x.high, y.high.mul(y.high)),
            low: V::splat(0.0),
        }
    }

    /// Of the high part.
    #[inline(always)]
    fn exponent_and_mantissa(self) -> (Self, Self) {
        let low = V::splat(0.0);
        let (exponent, mantissa) = self.high.exponent_and_mantissa();
        let exponent = Double {
            high: exponent,
            low,
        };
        let mantissa = Double {
            high: mantissa,
            low,
        };
        (exponent, mantissa)
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Double {
            high: self.high.power_of_two(),
            low: V::splat(0.0),
        }
    }

    #[inline(always)]
    fn le(self, other: Self) -> V::Mask {
        self.high.le(other.high)
    }

    #[inline(always)]
    fn eq(self, other: Self) -> V::Mask {
        V::and(self.high.eq(other.high), self.low.eq(other.low))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> V::Mask {
        self.high.lt(other.high)
    }

    #[inline(always)]
    fn and(one: V::Mask, other: V::Mask) -> V::Mask {
        V::and(one, other)
    }

    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Double {
            high: V::select(mask, yes.high, no.high),
            low: V::select(mask, yes.low, no.low),
        }
    }

    #[inline(always)]
    fn bits(mask: V::Mask) -> u32 {
        V::bits(mask)
    }

    #[inline(always)]
    fn compress(self, bits: u32) -> Self {
        Double {
            high: self.high.compress(bits),
            low: self.low.compress(bits),
        }
    }

    #[inline(always)]
    fn call<P: Part>(part: P) -> P::Output {
        V::call(part)
    }
}

#[cfg(test)]
mod tests {
    use dashu_int::IBig;
    use dashu_int::ops::Abs;
    use proptest::prelude::*;

    use super::super::Scalar;
    use super::*;

    type Pair = Double<Scalar>;

    fn parts(value: Pair) -> [f64; 2] {
        let mut parts = [0.0; 2];
        value.store_at(&mut parts, 0);
        parts
    }

    /// The exact value, in units of 2^-400.
    fn exact(value: Pair) -> IBig {
        let part = |part: f64| -> IBig {
            let scaled = (part * 2_f64.powi(200)).round();
            IBig::try_from(scaled).unwrap() << 200
        };
        let [high, low] = parts(value);
        part(high) + part(low)
    }

    fn assert_near(found: Pair, expected: IBig, size: &IBig) {
        let error = (exact(found) - expected).abs();
        assert!((error << 102) <= size.clone().abs(), "{:?}", parts(found));
    }

    /// Whole multiples of 2^-200, so that exact values fit.
    fn numbers() -> impl Strategy<Value = (f64, f64)> {
        (-1e3..1e3, -1.0..1.0).prop_map(|(high, share): (f64, f64)| {
            let high = (high * 2_f64.powi(40)).round() * 2_f64.powi(-40);
            let low = (high * share * 2_f64.powi(-54) * 2_f64.powi(150)).round() * 2_f64.powi(-150);
            (high, low)
        })
    }

    proptest! {
        #[test]
        fn sums_and_products_are_good_to_102_bits(a in numbers(), b in numbers()) {
            let (a, b) = (Pair::splat_sum(a.0, a.1), Pair::splat_sum(b.0, b.1));
            let (x, y) = (exact(a), exact(b));
            // What cancels may be lost beside the terms, not beside the sum.
            let terms = x.clone().abs() + y.clone().abs();
            assert_near(a.add(b), &x + &y, &terms);
            assert_near(a.sub(b), &x - &y, &terms);
            let product = (&x * &y) >> 400;
            assert_near(a.mul(b), product.clone(), &product);
            let [re, im] = Pair::square([a, b], [b, a]);
            let size = ((&x * &x + &y * &y) >> 400) + terms.clone();
            assert_near(re, ((&x * &x - &y * &y) >> 400) + &y, &size);
            assert_near(im, ((&x * &y) >> 399) + &x, &size);
            assert_near(a.scale(Pair::splat(0.125)), &x >> 3, &x);
            assert_near(a.abs(), x.clone().abs(), &x);
            let larger = if x < y { y } else { x };
            assert_near(a.max(b), larger.clone(), &larger);
        }
    }

    #[test]
    fn a_column_holds_both_parts() {
        let mut column = [0.0; 4];
        Pair::splat_sum(1.0, 1e-20).store_at(&mut column, 1);
        assert_eq!(column, [0.0, 1.0, 0.0, 1e-20]);
        assert_eq!(parts(Pair::load_at(&column, 1)), [1.0, 1e-20]);
    }
}
