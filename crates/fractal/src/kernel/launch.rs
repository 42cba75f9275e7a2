//! Where does each orbit begin, and which need not begin at all?

use std::marker::PhantomData;

use super::flight::waiting_columns;
use super::queue::Queue;
use super::sweep::Escaping;
use crate::grid::{Grid, Shares};
use crate::interior::in_large_components;
use crate::series::Series;
use crate::simd::{Double, Part, Vector};
use crate::step::Iteration;
use crate::view::Rect;

/// Vectors between two looks at whether somebody wants to end it: microseconds, where all samples are in large components.
const MOST_LAUNCHED: usize = 64;

/// The samples of a rectangle in order, or some of them, a vector at a time.
pub(crate) struct Launcher<'a> {
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
    along: Option<Along<'a>>,
}

/// Where samples begin that have gone some of their way together.
struct Along<'a> {
    series: &'a Series,
    columns: Vec<f64>,
    rows: Vec<f64>,
}

impl<'a> Launcher<'a> {
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
            along: None,
        }
    }

    /// Lets the samples begin where a series has them.
    pub(super) fn begin_with(&mut self, series: &'a Series, grid: &Grid, rect: Rect) {
        self.along = Some(Along {
            series,
            columns: grid.column_halves(rect),
            rows: grid.row_halves(rect),
        });
    }

    /// The samples that a series says nothing of, by ascending index.
    pub(super) fn beyond(&self) -> Vec<u32> {
        let Some(Along {
            series,
            columns,
            rows,
        }) = &self.along
        else {
            return Vec::new();
        };
        let (columns, rows) = (&columns[..self.width()], &rows[..self.height()]);
        let reaches_along = |&halves: &f64| series.reaches_along(halves);
        let reaches_up = |&halves: &f64| series.reaches_up(halves);
        if columns.iter().all(reaches_along) && rows.iter().all(reaches_up) {
            return Vec::new();
        }
        let places = rows
            .iter()
            .flat_map(|up| columns.iter().map(move |along| (along, up)));
        (0..)
            .zip(places)
            .filter(|(_, (along, up))| !(reaches_along(along) && reaches_up(up)))
            .map(|(sample, _)| sample)
            .collect()
    }

    /// The index of z where samples begin.
    pub(super) fn first_age(&self) -> u64 {
        self.along.as_ref().map_or(1, |along| along.series.age())
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
    fn launch<V: Vector, const TRACKED: bool>(
        &mut self,
        waiting: &mut Queue<8>,
        escaping: &mut Escaping,
    ) {
        let columns = waiting_columns(TRACKED);
        let ([x, y, index], begins, lanes) = self.next::<V>();
        let (cx, cy) = self.c(x, y);
        let present = (1 << lanes) - 1;
        if let Some([z_x, z_y]) = begins {
            let mut inside = present;
            if self.is_mandelbrot {
                inside &= !in_large_components(x, y);
            }
            // What f64 rounds of sums, and of c. Nobody is outside: a series ends before the first of them escapes.
            let error = V::splat(4.0);
            let values = [z_x, z_y, cx, cy, index, z_x, z_y, error];
            waiting.push_some(columns, inside, values);
            return;
        }
        let one = V::splat(1.0);
        let mut inside = V::bits(x.mul_add(x, y.mul(y)).le(V::splat(4.0)));
        let outside = present & !inside;
        if self.is_mandelbrot {
            inside &= !in_large_components(x, y);
        }
        if outside != 0 {
            escaping.push(outside, [x, y, cx, cy, index, one, one]);
        }
        let values = [x, y, cx, cy, index, x, y, one];
        waiting.push_some(columns, inside & present, values);
    }

    /// The points of the next samples and their indices, where they begin if not there, and how many they are.
    #[inline(always)]
    fn next<V: Vector>(&mut self) -> ([V; 3], Option<[V; 2]>, usize) {
        if let Some(samples) = &self.chosen {
            let lanes = (samples.len() - self.launched).min(V::LANES);
            let (mut some, mut index) = ([0; 8], [0.0; 8]);
            for lane in 0..lanes {
                let sample = samples[self.launched + lane];
                (some[lane], index[lane]) = (u64::from(sample), f64::from(sample));
            }
            let (x, y) = self.points::<V>(&some[..lanes]);
            self.launched += lanes;
            let mut begins = None;
            if let Some(Along {
                series,
                columns,
                rows,
            }) = &self.along
            {
                let (mut along, mut up) = ([0.0; 8], [0.0; 8]);
                for (lane, &sample) in some[..lanes].iter().enumerate() {
                    let sample = sample as usize;
                    along[lane] = columns[sample % self.width()];
                    up[lane] = rows[sample / self.width()];
                }
                begins = Some(series.at(V::load(&along), V::load(&up)));
            }
            return ([x, y, V::load(&index)], begins, lanes);
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
        let mut begins = None;
        if let Some(Along {
            series,
            columns,
            rows,
        }) = &self.along
        {
            begins = Some(series.at(V::load(&columns[column..]), V::splat(rows[row])));
        }
        let lanes = (self.width() - column).min(V::LANES);
        self.column += V::LANES;
        if self.column >= self.width() {
            (self.column, self.row) = (0, row + 1);
        }
        ([x, y, index], begins, lanes)
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

/// Sends samples on their way until a flight of them waits, or has ended, but no more at once than [`MOST_LAUNCHED`] vectors. It is the same for
/// all formulas.
pub(super) struct Launch<'l, 'a, V, const TRACKED: bool> {
    pub(super) launcher: &'l mut Launcher<'a>,
    /// How many orbits are a flight.
    pub(super) flight: usize,
    pub(super) waiting: &'l mut Queue<8>,
    pub(super) escaping: &'l mut Escaping,
    pub(super) vector: PhantomData<V>,
}

impl<V: Vector, const TRACKED: bool> Part for Launch<'_, '_, V, TRACKED> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Launch {
            launcher,
            flight,
            waiting,
            escaping,
            ..
        } = self;
        for _ in 0..MOST_LAUNCHED {
            launcher.launch::<V, TRACKED>(waiting, escaping);
            if launcher.is_done() || waiting.len() >= flight || escaping.len() >= flight {
                break;
            }
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
