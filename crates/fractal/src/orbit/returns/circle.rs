//! Which polynomial has these values on a circle? The one whose coefficients are their Fourier transform (A. L. Cauchy's integral).

use crate::simd::{Double, Scalar, Vector};

/// Numbers of two f64.
pub(super) type Wide = Double<Scalar>;

/// e^(2πik/n) for all k below n, a power of two from 4 on.
pub(super) fn roots(n: usize) -> Vec<[Wide; 2]> {
    let (zero, one, half) = (Wide::splat(0.0), Wide::splat(1.0), Wide::splat(0.5));
    let (mut cos, mut sin) = (zero, one);
    let mut order = 4;
    while order < n {
        // Half the angle.
        let whole = cos;
        cos = root(half.mul(one.add(whole)));
        sin = root(half.mul(one.sub(whole)));
        order *= 2;
    }
    let mut roots = vec![[one, zero]];
    for k in 1..n {
        roots.push(Wide::product(roots[k - 1], [cos, sin], [zero; 2]));
    }
    roots
}

/// The square root of a positive number.
pub(super) fn root(of: Wide) -> Wide {
    let near = libm::sqrt(high(of));
    let rest = high(of.sub(Wide::splat(near).mul(Wide::splat(near))));
    Wide::splat(near).add(Wide::splat(rest / (2.0 * near)))
}

pub(super) fn high(of: Wide) -> f64 {
    let mut parts = [0.0; 2];
    of.store_at(&mut parts, 0);
    parts[0]
}

/// The coefficients of the polynomial that has these values at the `roots`, as many as there are values or a multiple of that.
pub(super) fn coefficients<V: Vector>(values: &[[V; 2]], roots: &[[V; 2]]) -> Vec<[V; 2]> {
    let share = V::splat(1.0 / values.len() as f64);
    let mut sums = transform(values.to_vec(), roots);
    for sum in &mut sums {
        *sum = sum.map(|part| part.scale(share));
    }
    sums
}

/// Σ values_k e^(-2πijk/n) (J. W. Cooley and J. W. Tukey, 1965).
fn transform<V: Vector>(values: Vec<[V; 2]>, roots: &[[V; 2]]) -> Vec<[V; 2]> {
    let n = values.len();
    if n == 1 {
        return values;
    }
    let half = |first: usize| {
        let half = values.iter().skip(first).step_by(2).copied().collect();
        transform(half, roots)
    };
    let (even, odd) = (half(0), half(1));
    let (zero, stride) = (V::splat(0.0), roots.len() / n);
    let mut sums = even.clone();
    for (k, [x, y]) in even.into_iter().enumerate() {
        let [cos, sin] = roots[k * stride];
        let [u, v] = V::product(odd[k], [cos, zero.sub(sin)], [zero; 2]);
        sums[k] = [x.add(u), y.add(v)];
        sums.push([x.sub(u), y.sub(v)]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_comes_back_from_its_values() {
        let roots = roots(16);
        let size = |x: f64| Wide::splat(x);
        let polynomial = |z: [Wide; 2]| {
            // 3 z² - z + (2 + i)
            let line = Wide::product([size(3.0), size(0.0)], z, [size(-1.0), size(0.0)]);
            Wide::product(line, z, [size(2.0), size(1.0)])
        };
        let values: Vec<_> = (0..8).map(|k| polynomial(roots[2 * k])).collect();
        let found = coefficients(&values, &roots);
        let expected = [[2.0, 1.0], [-1.0, 0.0], [3.0, 0.0]];
        for (k, found) in found.iter().enumerate() {
            let expected = expected.get(k).copied().unwrap_or([0.0; 2]);
            for part in 0..2 {
                let error = high(found[part].sub(Wide::splat(expected[part])));
                assert!(error.abs() < 1e-30, "{k}: {error}");
            }
        }
    }
}
