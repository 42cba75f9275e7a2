//! At which iteration does an orbit escape, and what is its smooth count?

use std::marker::PhantomData;

use super::sweep::{Escaping, note, steepness};
use crate::field::Field;
use crate::simd::{Part, Vector};
use crate::smooth::{BAILOUT_SQUARED, smooth_count};
use crate::step::Step;

/// No orbit needs as many steps: eight to the escape, 26 while an excess over 2 of one ulp quadruples until it is as large as 2, and five
/// squarings to the bailout. But where |c| is 2, rounding can hold an orbit just outside of the radius for ever
/// (the tricorn near c = 1 + i√3), and then its smooth count is taken there.
const MOST_STEPS: u32 = 64;

/// Orbits that are followed at once, in vectors.
pub(crate) const TOGETHER: usize = 4;

/// Follows up to [`TOGETHER`] vectors of escaping orbits, step by step from their block's start past the bailout, and writes
/// what comes of them.
#[inline(always)]
pub(crate) fn finish<V: Vector, S: Step>(escaping: &mut Escaping, limit: u64, field: &mut Field) {
    finish_all::<V, S, false>(escaping, limit, field, &mut Vec::new());
}

/// The same of orbits that may be doubtful by what they are when they escape.
#[inline(always)]
pub(super) fn finish_all<V: Vector, S: Step, const TRACKED: bool>(
    escaping: &mut Escaping,
    limit: u64,
    field: &mut Field,
    doubtful: &mut Vec<u32>,
) {
    V::call(Finish::<V, S, TRACKED> {
        escaping,
        limit,
        field,
        doubtful,
        types: PhantomData,
    });
}

struct Finish<'a, V, S, const TRACKED: bool> {
    escaping: &'a mut Escaping,
    limit: u64,
    field: &'a mut Field,
    doubtful: &'a mut Vec<u32>,
    types: PhantomData<(V, S)>,
}

impl<V: Vector, S: Step, const TRACKED: bool> Part for Finish<'_, V, S, TRACKED> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Finish {
            escaping,
            limit,
            field,
            doubtful,
            ..
        } = self;
        let (one, four, bailout) = (V::splat(1.0), V::splat(4.0), V::splat(BAILOUT_SQUARED));
        let ([mut x, mut y, cx, cy, index, age, mut error], alive) = escaping.pop::<V, TOGETHER>();
        let unit = V::splat(f64::from(S::DEGREE) * f64::from(S::DEGREE));
        // n: the first index with |z| > 2; m: the first past the bailout; norm: |z_m|².
        let (mut n, mut m, mut norm) = (age, age, age);
        let mut inside = [one.eq(one); TOGETHER];
        for _ in 0..MOST_STEPS {
            let mut on_their_way = 0;
            for k in 0..TOGETHER {
                norm[k] = x[k].mul_add(x[k], y[k].mul(y[k]));
                inside[k] = V::and(inside[k], norm[k].le(four));
                let below = norm[k].le(bailout);
                on_their_way |= V::bits(below) & alive[k];
                n[k] = V::select(inside[k], n[k].add(one), n[k]);
                m[k] = V::select(below, m[k].add(one), m[k]);
                if TRACKED {
                    let slope = steepness::<V, S>(x[k], y[k]).mul(unit);
                    let next = slope.mul_add(error[k], one);
                    error[k] = V::select(inside[k], next, error[k]);
                }
                let (next_x, next_y) = S::step(x[k], y[k], cx[k], cy[k]);
                (x[k], y[k]) = (
                    V::select(below, next_x, x[k]),
                    V::select(below, next_y, y[k]),
                );
            }
            if on_their_way == 0 {
                break;
            }
        }
        for k in 0..TOGETHER {
            if TRACKED {
                note(doubtful, alive[k], error[k], index[k]);
            }
            let smooth = smooth_count(m[k], norm[k], S::DEGREE);
            let (mut indices, mut counts, mut smooths) = ([0.0; 8], [0.0; 8], [0.0; 8]);
            index[k].store(&mut indices);
            n[k].store(&mut counts);
            smooth.store(&mut smooths);
            for lane in 0..alive[k].count_ones() as usize {
                let (index, count) = (indices[lane] as usize, counts[lane] as u64);
                // An escape that f64 does not see has been counted already.
                if field.counts[index] == 0 && count <= limit {
                    field.counts[index] = count;
                }
                if field.counts[index] > 0 {
                    field.smooth[index] = smooths[lane];
                }
            }
        }
    }
}
