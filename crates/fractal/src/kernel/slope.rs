//! How fast does an escaping orbit grow when its sample moves? By its tangents: what one pixel's step to the right, and one up, makes of z.
//!
//! Where the formula is holomorphic, the second tangent is i times the first and is not carried.

use std::marker::PhantomData;

use crate::field::Field;
use crate::simd::{Backend, Part, Task, Vector};
use crate::smooth::{BAILOUT_SQUARED, log2};
use crate::step::{Iteration, Step, with_step};

/// Orbits that have passed the escape radius: x, y, cx, cy, the sample's index, the first tangent, and the second or nothing.
#[derive(Default)]
pub(crate) struct Leaving {
    pub(crate) columns: [Vec<f64>; 9],
}

/// As many as in `finish`, and for its reason.
const MOST_STEPS: u32 = 64;

/// How z₁ and c move with their sample, a pixel to the right and a pixel up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangents {
    pub(crate) start: [[f64; 2]; 2],
    /// Zero where c is a seed.
    pub(crate) c: [[f64; 2]; 2],
}

impl Tangents {
    /// `pixel` is a pixel's side, from left to right.
    pub(crate) fn of_pixel(iteration: &Iteration, [re, im]: [f64; 2]) -> Tangents {
        let sides = [[re, im], [-im, re]];
        let c = match iteration {
            Iteration::Julia { .. } => [[0.0; 2]; 2],
            _ => sides,
        };
        Tangents { start: sides, c }
    }
}

/// The same two tangents in every lane.
#[inline(always)]
pub(crate) fn splat_both<V: Vector>(tangents: [[f64; 2]; 2]) -> [[V; 2]; 2] {
    let [[a, b], [c, d]] = tangents;
    [[V::splat(a), V::splat(b)], [V::splat(c), V::splat(d)]]
}

/// Follows leaving orbits past the bailout, and writes how they grow.
pub(crate) fn leave(
    backend: Backend,
    iteration: &Iteration,
    tangents: &Tangents,
    leaving: &Leaving,
    field: &mut Field,
) {
    backend.run(Leave {
        iteration,
        tangents,
        leaving,
        field,
    });
}

struct Leave<'a> {
    iteration: &'a Iteration,
    tangents: &'a Tangents,
    leaving: &'a Leaving,
    field: &'a mut Field,
}

impl Task for Leave<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) {
        with_step!(self.iteration, S => self.all::<V, S>())
    }
}

impl Leave<'_> {
    #[inline(always)]
    fn all<V: Vector, S: Step>(self) {
        let len = self.leaving.columns[0].len();
        for at in (0..len).step_by(V::LANES) {
            let lanes = V::LANES.min(len - at);
            let mut values = [V::splat(0.0); 9];
            for (value, column) in values.iter_mut().zip(&self.leaving.columns) {
                if !column.is_empty() {
                    let mut padded = [0.0; 8];
                    padded[..lanes].copy_from_slice(&column[at..at + lanes]);
                    *value = V::load(&padded);
                }
            }
            let [x, y, cx, cy, index, ax, ay, bx, by] = values;
            let orbits = Orbits {
                z: [x, y],
                c: [cx, cy],
                tangents: [[ax, ay], [bx, by]],
                index,
                alive: (1 << lanes) - 1,
            };
            leave_one::<V, S>(orbits, splat_both(self.tangents.c), self.field);
        }
    }
}

/// A vector of leaving orbits.
pub(super) struct Orbits<V> {
    pub(super) z: [V; 2],
    pub(super) c: [V; 2],
    pub(super) tangents: [[V; 2]; 2],
    pub(super) index: V,
    pub(super) alive: u32,
}

/// Follows a vector of orbits past the bailout, and writes how they grow.
#[inline(always)]
pub(super) fn leave_one<V: Vector, S: Step>(
    orbits: Orbits<V>,
    tangents_of_c: [[V; 2]; 2],
    field: &mut Field,
) {
    V::call(LeaveOne::<V, S> {
        orbits,
        tangents_of_c,
        field,
        step: PhantomData,
    });
}

struct LeaveOne<'a, V, S> {
    orbits: Orbits<V>,
    tangents_of_c: [[V; 2]; 2],
    field: &'a mut Field,
    step: PhantomData<S>,
}

impl<V: Vector, S: Step> Part for LeaveOne<'_, V, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let LeaveOne {
            orbits,
            tangents_of_c,
            field,
            ..
        } = self;
        let Orbits {
            z: [mut x, mut y],
            c: [cx, cy],
            mut tangents,
            index,
            alive,
        } = orbits;
        let bailout = V::splat(BAILOUT_SQUARED);
        let mut norm = x.mul_add(x, y.mul(y));
        for _ in 0..MOST_STEPS {
            let below = norm.le(bailout);
            if V::bits(below) & alive == 0 {
                break;
            }
            for t in 0..S::TANGENTS {
                let next = S::tangent([x, y], tangents[t], tangents_of_c[t]);
                for part in 0..2 {
                    tangents[t][part] = V::select(below, next[part], tangents[t][part]);
                }
            }
            let (next_x, next_y) = S::step(x, y, cx, cy);
            (x, y) = (V::select(below, next_x, x), V::select(below, next_y, y));
            norm = x.mul_add(x, y.mul(y));
        }
        let [[ax, ay], [bx, by]] = tangents;
        // Of i t the product with z is that of t with -i z.
        let right = x.mul_add(ax, y.mul(ay));
        let up = if S::TANGENTS == 1 {
            y.mul_add(ax, V::splat(0.0).sub(x.mul(ay)))
        } else {
            x.mul_add(bx, y.mul(by))
        };
        // |z|² ln|z|²: twice |z|² ln|z|.
        let growth = norm.mul(log2(norm)).mul(V::splat(std::f64::consts::LN_2));
        let (mut indices, mut growths) = ([0.0; 8], [0.0; 8]);
        let (mut rights, mut ups) = ([0.0; 8], [0.0; 8]);
        index.store(&mut indices);
        growth.store(&mut growths);
        right.store(&mut rights);
        up.store(&mut ups);
        for lane in 0..alive.count_ones() as usize {
            let sample = indices[lane] as usize;
            // Past the limit nothing escapes.
            if field.counts[sample] > 0 {
                let (distance, normal) = slope(growths[lane], [rights[lane], ups[lane]]);
                field.distance[sample] = distance;
                field.normal[sample] = normal;
            }
        }
    }
}

/// The distance and the normal of an orbit whose |z|²/2 grows by `gradient` over a pixel.
fn slope(growth: f64, [right, up]: [f64; 2]) -> (f32, [f32; 2]) {
    let size = right.abs().max(up.abs());
    // A maximum ignores what is not a number, and then the sum below is none.
    let (right, up) = (right / size, up / size);
    let length = (right * right + up * up).sqrt();
    if size == 0.0 {
        (f32::INFINITY, [0.0; 2])
    } else if length.is_finite() && size.is_finite() {
        let distance = (growth / length / size) as f32;
        (distance, [(right / length) as f32, (up / length) as f32])
    } else {
        (0.0, [0.0; 2])
    }
}
