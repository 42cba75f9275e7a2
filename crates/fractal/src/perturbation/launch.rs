//! Where do samples begin?

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::pass::{Act, Passes};
use super::scale::{ZERO_EXPONENT, norm, normalised, scaled, size, splat};
use crate::extended::power_of_two;
use crate::interior::in_large_components;
use crate::simd::{Double, Vector};
use crate::step::Iteration;

/// Makes the samples of a batch wait for its first pass.
pub(super) struct Launch<'b>(pub(super) &'b [u32]);

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for Launch<'_>
{
    type Output = ();

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) {
        let (piece, batch) = (passes.piece, self.0);
        let real = if EXTENDED {
            1.0
        } else {
            power_of_two(piece.samples.offsets.exponent)
        };
        let iteration = piece.samples.orbit.iteration();
        let is_julia = matches!(iteration, Iteration::Julia { .. });
        let zero = V::splat(0.0);
        for at in (0..batch.len()).step_by(V::LANES) {
            let lanes = V::LANES.min(batch.len() - at);
            let mut index = [f64::from(batch[at]); 8];
            for (lane, &sample) in batch[at..at + lanes].iter().enumerate() {
                index[lane] = f64::from(sample);
            }
            let offset = scaled(
                piece.samples.offsets.of::<V::High>(piece.rect, &index),
                Double::splat(real),
            );
            // High parts, and the low ones after them.
            let (mut x, mut y) = ([0.0; 16], [0.0; 16]);
            offset[0].store_at(&mut x, 0);
            offset[1].store_at(&mut y, 0);
            passes.largest_c = passes.largest_c.max(size(offset).largest());
            let (x, y, index) = (V::load_at(&x, 0), V::load_at(&y, 0), V::load(&index));
            let mut present = (1_u32 << lanes) - 1;
            if is_julia {
                let (w, exponent) = if EXTENDED {
                    normalised([x, y], V::splat(passes.unit))
                } else {
                    ([x, y], zero)
                };
                let start = piece.samples.orbit.first().start();
                let z = if EXTENDED {
                    splat(start)
                } else {
                    [V::splat(start[0]).add(x), V::splat(start[1]).add(y)]
                };
                let one = V::splat(1.0);
                let outside = present & !V::bits(norm(z).le(V::splat(4.0)));
                if outside != 0 {
                    let c = splat::<V>(passes.c);
                    if DERIVATIVE {
                        let at = passes.escaped.len();
                        let growth =
                            Growth::<V>::of_start::<EXTENDED>(&piece.tangents, passes.unit);
                        let growth = growth.real::<EXTENDED>();
                        growth.compress::<F, false>(&mut passes.escaped, at, outside);
                    }
                    let orbits = [z[0], z[1], c[0], c[1], one, index, zero, zero];
                    passes.escaped.push::<V, false>(outside, orbits);
                }
                if DERIVATIVE {
                    let at = passes.next.len();
                    let growth = Growth::<V>::of_start::<EXTENDED>(&piece.tangents, passes.unit);
                    growth.compress::<F, EXTENDED>(&mut passes.next, at, present & !outside);
                }
                passes.next.push::<V, EXTENDED>(
                    present & !outside,
                    [w[0], w[1], zero, zero, one, index, zero, exponent],
                );
                continue;
            }
            if *iteration == Iteration::Mandelbrot && !EXTENDED {
                let c = splat::<V>(passes.c);
                present &= !in_large_components(c[0].add(x), c[1].add(y));
            }
            if DERIVATIVE {
                let at = passes.next.len();
                Growth::<V>::zero().compress::<F, EXTENDED>(&mut passes.next, at, present);
            }
            passes.next.push::<V, EXTENDED>(
                present,
                [zero, zero, x, y, zero, index, zero, V::splat(ZERO_EXPONENT)],
            );
        }
    }
}
