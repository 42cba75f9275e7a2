//! How are samples iterated for which f64 has too few digits, and which have no reference? In numbers of two f64.
//!
//! All of a piece are of the same age, and those that are left stay together.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::field::{Cancelled, Field};
use crate::grid::Grid;
use crate::interior::in_large_components;
use crate::kernel::{Escaping, FINISHED_TOGETHER, Launcher};
use crate::perturbation::{Difference, Powers};
use crate::simd::{Double, Task, Vector};
use crate::step::{BurningShip, Iteration, Quadratic, Tricorn};
use crate::view::Rect;

/// Steps between two looks at an orbit. From so many before their escape on orbits are followed in f64, which is then as good.
const BLOCK: u64 = 8;

/// From this age on orbits are compared with what they were.
const SAVE_FROM: u64 = 129;

/// Vectors whose steps are taken side by side: a step's operations wait for each other.
const TOGETHER: usize = 2;

/// Columns of the samples on their way.
const X: usize = 0;
const Y: usize = 1;
const CX: usize = 2;
const CY: usize = 3;
const INDEX: usize = 4;
/// The z with which later ones are compared.
const SAVED_X: usize = 5;
const SAVED_Y: usize = 6;
const COLUMNS: usize = 7;

/// The doubtful samples of a rectangle, in a field that does not know them yet.
pub(super) struct Again<'a> {
    pub(super) iteration: &'a Iteration,
    pub(super) grid: &'a Grid,
    pub(super) limit: u64,
    pub(super) rect: Rect,
    pub(super) doubtful: &'a [u32],
    pub(super) field: &'a mut Field,
    pub(super) cancel: &'a AtomicBool,
}

impl Task for Again<'_> {
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        match self.iteration {
            Iteration::Mandelbrot | Iteration::Julia { .. } => self.draw::<V, Quadratic>(),
            Iteration::Multibrot(_) => self.draw::<V, Powers>(),
            Iteration::BurningShip => self.draw::<V, BurningShip>(),
            Iteration::Tricorn => self.draw::<V, Tricorn>(),
        }
    }
}

impl Again<'_> {
    #[inline(always)]
    fn draw<V: Vector, F: Difference>(self) -> Result<(), Cancelled> {
        let mut orbits = self.launch::<V>();
        let mut escaping = Escaping::new();
        let power = self.iteration.degree();
        let (mut age, mut saved_at) = (1, 0);
        while orbits.len > 0 && age < self.limit {
            // Ages double between saves (R. P. Brent, 1980).
            if age >= SAVE_FROM.max(2 * saved_at) {
                orbits.save();
                saved_at = age;
            }
            let mut kept = 0;
            for at in (0..orbits.len).step_by(TOGETHER * V::LANES) {
                // A block is some microseconds long.
                if self.cancel.load(Ordering::Relaxed) {
                    return Err(Cancelled);
                }
                let block = orbits.block::<V, F>(power, at);
                for (k, lanes) in block.escaped.into_iter().enumerate() {
                    if lanes != 0 {
                        let start = orbits.high::<V>(at + k * V::LANES);
                        let [x, y, cx, cy, index] = start;
                        let (age, zero) = (V::splat(age as f64), V::splat(0.0));
                        escaping.push(lanes, [x, y, cx, cy, index, age, zero]);
                    }
                    while escaping.len() >= FINISHED_TOGETHER * V::LANES {
                        F::finish::<V>(power, &mut escaping, self.limit, self.field);
                    }
                }
                orbits.keep(at, &mut kept, &block);
            }
            orbits.len = kept;
            age += BLOCK;
        }
        while escaping.len() > 0 {
            F::finish::<V>(power, &mut escaping, self.limit, self.field);
        }
        Ok(())
    }

    /// Those that closed forms do not place inside.
    #[inline(always)]
    fn launch<V: Vector>(&self) -> Orbits {
        let launcher = Launcher::new(self.grid, self.rect, self.iteration);
        let mut orbits = Orbits::new::<Double<V>>(self.doubtful.len());
        for samples in self.doubtful.chunks(V::LANES) {
            let [x, y] = launcher.exact_points::<V>(samples);
            let (cx, cy) = launcher.c(x, y);
            let mut index = [0.0; 8];
            for (index, &sample) in index.iter_mut().zip(samples) {
                *index = f64::from(sample);
            }
            let mut lanes = (1_u32 << samples.len()) - 1;
            if *self.iteration == Iteration::Mandelbrot {
                lanes &= !in_large_components(x, y);
            }
            let at = orbits.len;
            orbits.compress(at, lanes, [x, y, cx, cy, Double::load(&index), x, y]);
            orbits.len += lanes.count_ones() as usize;
        }
        orbits
    }
}

/// Samples on their way, of one age.
struct Orbits {
    columns: [Vec<f64>; COLUMNS],
    len: usize,
}

/// Where a few vectors are after a block.
struct Block<W> {
    z: [[W; 2]; TOGETHER],
    escaped: [u32; TOGETHER],
    /// Neither escaped nor come back to where they were.
    going: [u32; TOGETHER],
}

impl Orbits {
    fn new<W: Vector>(capacity: usize) -> Orbits {
        // Vectors are loaded and stored whole.
        let length = (capacity + (TOGETHER + 1) * W::LANES) * W::PARTS;
        Orbits {
            columns: std::array::from_fn(|_| vec![0.0; length]),
            len: 0,
        }
    }

    fn save(&mut self) {
        for (column, saved) in [(X, SAVED_X), (Y, SAVED_Y)] {
            let now = std::mem::take(&mut self.columns[column]);
            self.columns[saved].copy_from_slice(&now);
            self.columns[column] = now;
        }
    }

    #[inline(always)]
    fn load<W: Vector>(&self, column: usize, at: usize) -> W {
        W::load_at(&self.columns[column], at)
    }

    /// The high parts of x, y, cx and cy, and the index.
    #[inline(always)]
    fn high<V: Vector>(&self, at: usize) -> [V; 5] {
        [X, Y, CX, CY, INDEX].map(|column| V::load(&self.columns[column][at..]))
    }

    /// Takes a block's steps.
    #[inline(always)]
    fn block<V: Vector, F: Difference>(&self, power: u32, at: usize) -> Block<Double<V>> {
        let zero = Double::<V>::splat(0.0);
        let (mut z, mut c) = ([[zero; 2]; TOGETHER], [[zero; 2]; TOGETHER]);
        for k in 0..TOGETHER {
            let at = at + k * V::LANES;
            z[k] = [self.load(X, at), self.load(Y, at)];
            c[k] = [self.load(CX, at), self.load(CY, at)];
        }
        for _ in 0..BLOCK {
            for k in 0..TOGETHER {
                z[k] = F::direct(power, z[k], c[k]);
            }
        }
        let (mut escaped, mut going) = ([0; TOGETHER], [0; TOGETHER]);
        for k in 0..TOGETHER {
            let at = at + k * V::LANES;
            let lanes = self.len.saturating_sub(at).min(V::LANES);
            let present = (1_u32 << lanes) - 1;
            // Past the escape radius |z| only grows, to infinity and to what is no number, which is never ≤ 2.
            let inside = V::bits(Double::norm(z[k]).le(Double::splat(4.0)));
            let returned = V::and(
                z[k][0].eq(self.load(SAVED_X, at)),
                z[k][1].eq(self.load(SAVED_Y, at)),
            );
            escaped[k] = present & !inside;
            going[k] = present & inside & !V::bits(returned);
        }
        Block { z, escaped, going }
    }

    /// Moves those that go on to where `kept` is.
    #[inline(always)]
    fn keep<V: Vector>(&mut self, at: usize, kept: &mut usize, block: &Block<Double<V>>) {
        for k in 0..TOGETHER {
            let at = at + k * V::LANES;
            let [x, y] = block.z[k];
            if *kept == at {
                x.store_at(&mut self.columns[X], at);
                y.store_at(&mut self.columns[Y], at);
            }
            let all = (1_u32 << V::LANES) - 1;
            if *kept != at || block.going[k] != all {
                let rest = [CX, CY, INDEX, SAVED_X, SAVED_Y].map(|column| self.load(column, at));
                let [cx, cy, index, saved_x, saved_y] = rest;
                let values = [x, y, cx, cy, index, saved_x, saved_y];
                self.compress::<Double<V>>(*kept, block.going[k], values);
            }
            *kept += block.going[k].count_ones() as usize;
        }
    }

    /// Writes the lanes whose bit is set to where `at` is.
    #[inline(always)]
    fn compress<W: Vector>(&mut self, at: usize, lanes: u32, values: [W; COLUMNS]) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            value.compress(lanes).store_at(column, at);
        }
    }
}
