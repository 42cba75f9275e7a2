//! Which points of the Mandelbrot set need no iteration, because a closed form places them inside?
//!
//! Those of the main cardioid and of the disc of period 2 (A. Douady and J. H. Hubbard, "Étude dynamique des polynômes
//! complexes", 1984). No other formula is tested: their components have other shapes.

use crate::simd::Vector;

/// Keeps points that rounding could have moved across the boundary from the outside: the forms below are good to a few
/// 10^-16, and a point so close to the boundary can simply be iterated.
const MARGIN: f64 = 1.0 - 1e-14;

/// Whether c = x + iy lies in the main cardioid or in the disc of period 2.
#[inline(always)]
pub(crate) fn in_large_components<V: Vector>(x: V, y: V) -> u32 {
    let y2 = y.mul(y);
    // Cardioid: q(q + (x - 1/4)) ≤ y²/4 with q = (x - 1/4)² + y².
    let shifted = x.sub(V::splat(0.25));
    let q = shifted.mul_add(shifted, y2);
    let in_cardioid = q.mul(q.add(shifted)).le(y2.mul(V::splat(0.25 * MARGIN)));
    // Disc: |c + 1| ≤ 1/4.
    let from_centre = x.add(V::splat(1.0));
    let in_disc = from_centre
        .mul_add(from_centre, y2)
        .le(V::splat(0.0625 * MARGIN));
    V::bits(in_cardioid) | V::bits(in_disc)
}
