//! Where does each orbit begin, and which need not begin at all?

use super::queue::Queue;
use super::sweep::Escaping;
use crate::grid::{Grid, Shares};
use crate::interior::in_large_components;
use crate::simd::Vector;
use crate::step::Iteration;
use crate::view::Rect;

/// The samples of a rectangle in order, a vector at a time.
pub(super) struct Launcher {
    columns: Shares,
    rows: Shares,
    /// The next sample.
    column: usize,
    row: usize,
    seed: Option<(f64, f64)>,
    is_mandelbrot: bool,
}

impl Launcher {
    pub(super) fn new(grid: &Grid, rect: Rect, iteration: &Iteration) -> Self {
        Launcher {
            columns: grid.column_shares(rect),
            rows: grid.row_shares(rect),
            column: 0,
            row: 0,
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

    pub(super) fn is_done(&self) -> bool {
        self.row >= self.height() || self.width() == 0
    }

    /// Sends the next samples on their way: those outside of the escape radius to their end, those in a large component
    /// nowhere, the others to wait for the first level.
    #[inline(always)]
    pub(super) fn launch<V: Vector>(&mut self, waiting: &mut Queue<7>, escaping: &mut Escaping) {
        let (column, row) = (self.column, self.row);
        let (columns, rows) = (&self.columns, &self.rows);
        let x = rounded_sum::<V>(
            &columns.re_high[column..],
            &columns.re_low[column..],
            rows.re_high[row],
            rows.re_low[row],
        );
        let y = rounded_sum::<V>(
            &columns.im_high[column..],
            &columns.im_low[column..],
            rows.im_high[row],
            rows.im_low[row],
        );
        let (cx, cy) = match self.seed {
            Some((re, im)) => (V::splat(re), V::splat(im)),
            None => (x, y),
        };
        let index = V::load(&LANE_NUMBERS).add(V::splat((row * self.width() + column) as f64));

        let lanes = (self.width() - column).min(V::LANES);
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

        self.column += V::LANES;
        if self.column >= self.width() {
            (self.column, self.row) = (0, row + 1);
        }
    }
}

const LANE_NUMBERS: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// The sum of two double-doubles as one f64: the high parts by Knuth's error-free sum, then all that is small.
#[inline(always)]
fn rounded_sum<V: Vector>(
    column_high: &[f64],
    column_low: &[f64],
    row_high: f64,
    row_low: f64,
) -> V {
    let (a, b) = (V::load(column_high), V::splat(row_high));
    let sum = a.add(b);
    let of_b = sum.sub(a);
    let error = a.sub(sum.sub(of_b)).add(b.sub(of_b));
    sum.add(error.add(V::load(column_low).add(V::splat(row_low))))
}
