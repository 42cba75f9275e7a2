//! Where does each orbit begin, and which need not begin at all?

use super::queue::Queue;
use super::sweep::Escaping;
use crate::grid::{Grid, Shares};
use crate::interior::in_large_components;
use crate::simd::{Double, Vector};
use crate::step::Iteration;
use crate::view::Rect;

/// The samples of a rectangle in order, or some of them, a vector at a time.
pub(crate) struct Launcher {
    columns: Shares,
    rows: Shares,
    /// The next sample.
    column: usize,
    row: usize,
    /// Those that are launched, if not all are.
    chosen: Option<Vec<u32>>,
    /// How many of them have been.
    launched: usize,
    seed: Option<(f64, f64)>,
    is_mandelbrot: bool,
}

impl Launcher {
    pub(crate) fn new(grid: &Grid, rect: Rect, iteration: &Iteration) -> Self {
        Launcher {
            columns: grid.column_shares(rect),
            rows: grid.row_shares(rect),
            column: 0,
            row: 0,
            chosen: None,
            launched: 0,
            seed: match *iteration {
                Iteration::Julia { re, im } => Some((re, im)),
                _ => None,
            },
            is_mandelbrot: *iteration == Iteration::Mandelbrot,
        }
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Launches these and no others, by ascending index.
    pub(super) fn choose(&mut self, samples: Vec<u32>) {
        (self.chosen, self.launched) = (Some(samples), 0);
    }

    pub(super) fn is_done(&self) -> bool {
        match &self.chosen {
            Some(samples) => self.launched >= samples.len(),
            None => self.row >= self.height() || self.width() == 0,
        }
    }

    /// Sends the next samples on their way: those outside of the escape radius to their end, those in a large component
    /// nowhere, the others to wait for the first level.
    #[inline(always)]
    pub(super) fn launch<V: Vector>(&mut self, waiting: &mut Queue<7>, escaping: &mut Escaping) {
        let ([x, y, index], lanes) = self.next::<V>();
        let (cx, cy) = self.c(x, y);
        let present = (1 << lanes) - 1;
        let mut inside = V::bits(x.mul_add(x, y.mul(y)).le(V::splat(4.0)));
        let outside = present & !inside;
        if self.is_mandelbrot {
            inside &= !in_large_components(x, y);
        }
        if outside != 0 {
            escaping.push(outside, [x, y, cx, cy, index, V::splat(1.0)]);
        }
        waiting.push(inside & present, [x, y, cx, cy, index, x, y]);
    }

    /// The points of the next samples, their indices, and how many they are.
    #[inline(always)]
    fn next<V: Vector>(&mut self) -> ([V; 3], usize) {
        if let Some(samples) = &self.chosen {
            let lanes = (samples.len() - self.launched).min(V::LANES);
            let (mut some, mut index) = ([0; 8], [0.0; 8]);
            for lane in 0..lanes {
                let sample = samples[self.launched + lane];
                (some[lane], index[lane]) = (u64::from(sample), f64::from(sample));
            }
            let (x, y) = self.points::<V>(&some[..lanes]);
            self.launched += lanes;
            return ([x, y, V::load(&index)], lanes);
        }
        let (column, row) = (self.column, self.row);
        let (columns, rows) = (&self.columns, &self.rows);
        let x = rounded_sum(
            V::load(&columns.re_high[column..]),
            V::load(&columns.re_low[column..]),
            V::splat(rows.re_high[row]),
            V::splat(rows.re_low[row]),
        );
        let y = rounded_sum(
            V::load(&columns.im_high[column..]),
            V::load(&columns.im_low[column..]),
            V::splat(rows.im_high[row]),
            V::splat(rows.im_low[row]),
        );
        let index = V::load(&LANE_NUMBERS).add(V::splat((row * self.width() + column) as f64));
        let lanes = (self.width() - column).min(V::LANES);
        self.column += V::LANES;
        if self.column >= self.width() {
            (self.column, self.row) = (0, row + 1);
        }
        ([x, y, index], lanes)
    }

    /// The points of up to a vector of samples anywhere, by their indices; where there are fewer, of sample 0 too.
    #[inline(always)]
    pub(super) fn points<V: Vector>(&self, samples: &[u64]) -> (V, V) {
        let mut parts = [[0.0; 8]; 8];
        for (lane, &sample) in samples.iter().enumerate() {
            let (row, column) = (
                sample as usize / self.width(),
                sample as usize % self.width(),
            );
            for (half, shares, at) in [(0, &self.columns, column), (4, &self.rows, row)] {
                parts[half][lane] = shares.re_high[at];
                parts[half + 1][lane] = shares.re_low[at];
                parts[half + 2][lane] = shares.im_high[at];
                parts[half + 3][lane] = shares.im_low[at];
            }
        }
        let x = rounded_sum(
            V::load(&parts[0]),
            V::load(&parts[1]),
            V::load(&parts[4]),
            V::load(&parts[5]),
        );
        let y = rounded_sum(
            V::load(&parts[2]),
            V::load(&parts[3]),
            V::load(&parts[6]),
            V::load(&parts[7]),
        );
        (x, y)
    }

    /// The points of up to a vector of samples anywhere, unrounded; where there are fewer, of sample 0 too.
    #[inline(always)]
    pub(crate) fn exact_points<V: Vector>(&self, samples: &[u32]) -> [Double<V>; 2] {
        // Of the columns and of the rows: high parts, and the low ones after them.
        let mut parts_of = [[[0.0; 16]; 2]; 2];
        for (lane, &sample) in samples.iter().enumerate() {
            let sample = sample as usize;
            let (row, column) = (sample / self.width(), sample % self.width());
            for (which, shares, at) in [(0, &self.columns, column), (1, &self.rows, row)] {
                let [re, im] = &mut parts_of[which];
                (re[lane], re[8 + lane]) = (shares.re_high[at], shares.re_low[at]);
                (im[lane], im[8 + lane]) = (shares.im_high[at], shares.im_low[at]);
            }
        }
        let [columns, rows] =
            parts_of.map(|point| point.map(|part| Double::<V>::load_at(&part, 0)));
        [columns[0].add(rows[0]), columns[1].add(rows[1])]
    }

    /// The c of orbits that begin at x + iy.
    #[inline(always)]
    pub(crate) fn c<V: Vector>(&self, x: V, y: V) -> (V, V) {
        match self.seed {
            Some((re, im)) => (V::splat(re), V::splat(im)),
            None => (x, y),
        }
    }
}

const LANE_NUMBERS: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// The sum of two double-doubles as one f64: the high parts by Knuth's error-free sum, then all that is small.
#[inline(always)]
fn rounded_sum<V: Vector>(a: V, a_low: V, b: V, b_low: V) -> V {
    let sum = a.add(b);
    let of_b = sum.sub(a);
    let error = a.sub(sum.sub(of_b)).add(b.sub(of_b));
    sum.add(error.add(a_low.add(b_low)))
}
