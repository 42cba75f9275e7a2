//! What becomes of samples whose difference from the reference is no smaller than what they differ from?
//!
//! They need no reference: z ↦ f(z) + c does as well, and samples of any index go together. They rebase when z comes near 0 again,
//! where f64 has digits to spare for it, and where the table may carry them far.

use super::carry::Carry;
use super::difference::Difference;
use super::growth::Growth;
use super::lanes::{Escape, Orbit, Rebase};
use super::list::{BASE, CX, INDEX, LOSS, X};
use super::pass::{Act, Passes, present};
use super::scale::{norm, plus, power_of_two, rough_log2, scaled, splat};
use crate::field::Cancelled;
use crate::simd::Vector;

/// |z|² from which on samples that rebase go without the reference, as long as it is no less. What z² + c rounds is then at most some
/// bits more than what a difference of this size would lose.
pub(super) const FAR: f64 = 1.0 / 256.0;

/// Steps between two looks at the lists.
const BLOCK: usize = 8;

/// Blocks after which samples rebase wherever they are: passes see to limits, and to orbits that meet themselves.
const MOST_BLOCKS: usize = 32;

/// Vectors whose steps are taken side by side.
const TOGETHER: usize = 4;

/// Takes all samples that need no reference to where they escape or rebase.
pub(super) struct GoDirect;

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Act<Passes<'_, V, F, J, EXTENDED, DERIVATIVE>> for GoDirect
{
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn act(self, passes: &mut Passes<'_, V, F, J, EXTENDED, DERIVATIVE>) -> Self::Output {
        for block in 1..=MOST_BLOCKS {
            let len = passes.direct.len();
            if len == 0 {
                break;
            }
            passes.look_at_cancel()?;
            let (mut read, mut kept) = (0, 0);
            while read < len {
                passes.block(read, &mut kept, block == MOST_BLOCKS);
                read += TOGETHER * V::LANES;
            }
            passes.direct.truncate(kept);
        }
        Ok(())
    }
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    #[inline(always)]
    fn block(&mut self, read: usize, kept: &mut usize, is_last: bool) {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let mut z = [[zero; 2]; TOGETHER];
        let mut c = [splat::<V>(self.c); TOGETHER];
        let mut growth = [Growth::<V>::zero(); TOGETHER];
        let mut side = [growth[0].tangents; TOGETHER];
        let mut goes_on = [zero.le(zero); TOGETHER];
        // The product of |z|² over all points so far, and how many steps were taken.
        let (mut steepness, mut steps) = ([one; TOGETHER], [zero; TOGETHER]);
        for k in 0..TOGETHER {
            let at = read + k * V::LANES;
            z[k] = self.direct.pair(X, at);
            let mut difference = self.direct.pair(CX, at);
            if EXTENDED {
                difference = scaled(difference, power_of_two(V::splat(self.unit)));
            }
            c[k] = plus(c[k], difference);
            steepness[k] = norm(z[k]);
            if DERIVATIVE {
                let load = Growth::<V>::load::<F, EXTENDED>(&self.direct, at);
                (growth[k], side[k]) = load.beside::<EXTENDED>(&self.pixel);
            }
        }
        for _ in 0..BLOCK {
            for k in 0..TOGETHER {
                if DERIVATIVE {
                    let mut next = growth[k];
                    next.step::<F>(self.power, z[k], side[k]);
                    growth[k] = growth[k].or::<F>(goes_on[k], next);
                }
                let [x, y] = F::direct(self.power, z[k], c[k]);
                z[k] = [
                    V::select(goes_on[k], x, z[k][0]),
                    V::select(goes_on[k], y, z[k][1]),
                ];
                let norm = norm(z[k]);
                steepness[k] = V::select(goes_on[k], steepness[k].mul(norm), steepness[k]);
                steps[k] = V::select(goes_on[k], steps[k].add(one), steps[k]);
                let stays = V::and(norm.le(V::splat(4.0)), V::splat(FAR).le(norm));
                goes_on[k] = V::and(goes_on[k], stays);
            }
        }
        // Copies, so that the loop above stays in registers.
        let (z, growth, goes_on, steepness, steps) = (z, growth, goes_on, steepness, steps);
        for k in 0..TOGETHER {
            let at = read + k * V::LANES;
            let present = present::<V>(self.direct.len().saturating_sub(at));
            let before: V = self.direct.load(LOSS, at);
            let error = steps[k].mul_add(V::splat(self.log2_of_power), before);
            let steepness = rough_log2(steepness[k]).sub(rough_log2(norm(z[k])));
            let half = V::splat(0.5 * f64::from(self.power - 1));
            let orbit = Orbit {
                c: self.direct.pair(CX, at),
                age: self.direct.load::<V>(BASE, at).add(steps[k]),
                sample: self.direct.load(INDEX, at),
                // Every step rounds z, which is about 1, too.
                error: steepness.mul_add(half, error).max(zero),
                growth: growth[k],
            };
            let inside = V::bits(norm(z[k]).le(V::splat(4.0)));
            let mut going = V::bits(goes_on[k]) & present;
            if is_last {
                going = 0;
            }
            let escaped = present & !inside;
            if escaped != 0 {
                self.apart(Escape {
                    lanes: escaped,
                    z: z[k],
                    orbit: &orbit,
                });
            }
            let rebases = present & inside & !going;
            if rebases != 0 {
                self.apart(Rebase {
                    lanes: rebases,
                    z: z[k],
                    exponent: zero,
                    orbit: &orbit,
                });
            }
            if going != 0 {
                let Orbit {
                    c: [cx, cy],
                    age,
                    sample,
                    error,
                    growth,
                } = orbit;
                if DERIVATIVE {
                    let growth = growth.normalised::<EXTENDED>();
                    growth.compress::<F, EXTENDED>(&mut self.direct, *kept, going);
                }
                let [x, y] = z[k];
                let values = [x, y, cx, cy, age, sample, error, zero];
                self.direct.compress::<V, EXTENDED>(*kept, going, values);
                *kept += going.count_ones() as usize;
            }
        }
    }
}
