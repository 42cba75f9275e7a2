//! Where in the plane is a sample?
//!
//! Its absolute index in the whole picture decides, so that pieces of a picture meet without a seam. A point is the sum
//! of a share of its column and one of its row, both double-double, rounded once.

use crate::Rect;
use crate::double_double::DoubleDouble;

/// No vector has more.
const MOST_LANES: usize = 8;

/// The samples of a whole picture.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) re: DoubleDouble,
    pub(crate) im: DoubleDouble,
    /// Half the step from a sample to the next in its row: (real, imaginary).
    pub(crate) half_step: (DoubleDouble, DoubleDouble),
    pub(crate) columns: i64,
    pub(crate) rows: i64,
    /// Samples a pixel, in each direction.
    pub(crate) samples: u32,
}

/// What the columns, or the rows, of a rectangle add to the points of their samples.
#[derive(Default)]
pub(crate) struct Shares {
    pub(crate) re_high: Vec<f64>,
    pub(crate) re_low: Vec<f64>,
    pub(crate) im_high: Vec<f64>,
    pub(crate) im_low: Vec<f64>,
    len: usize,
}

impl Grid {
    /// The shares of a rectangle's columns: the centre, and the way along the row.
    pub(crate) fn column_shares(&self, rect: Rect) -> Shares {
        let (step_re, step_im) = self.half_step;
        let points = self.indices(rect.x, rect.w).map(|column| {
            let steps = (2 * column + 1 - self.columns) as f64;
            (self.re + step_re * steps, self.im + step_im * steps)
        });
        Shares::collect(points)
    }

    /// The shares of a rectangle's rows: the way up, at a right angle to the row.
    pub(crate) fn row_shares(&self, rect: Rect) -> Shares {
        let (step_re, step_im) = self.half_step;
        let points = self.indices(rect.y, rect.h).map(|row| {
            let steps = (self.rows - (2 * row + 1)) as f64;
            (step_im * -steps, step_re * steps)
        });
        Shares::collect(points)
    }

    /// A pixel's side, from left to right.
    pub(crate) fn pixel(&self) -> [f64; 2] {
        let halves = 2.0 * f64::from(self.samples);
        [
            self.half_step.0.high * halves,
            self.half_step.1.high * halves,
        ]
    }

    /// By how many halves of a step the samples of a rectangle's columns are to the right of the centre.
    pub(crate) fn column_halves(&self, rect: Rect) -> Vec<f64> {
        let columns = self.indices(rect.x, rect.w);
        padded(columns.map(|column| (2 * column + 1 - self.columns) as f64))
    }

    /// By how many those of its rows are above it.
    pub(crate) fn row_halves(&self, rect: Rect) -> Vec<f64> {
        let rows = self.indices(rect.y, rect.h);
        padded(rows.map(|row| (self.rows - (2 * row + 1)) as f64))
    }

    fn indices(&self, first: u32, count: u32) -> std::ops::Range<i64> {
        let samples = i64::from(self.samples);
        let first = i64::from(first) * samples;
        first..first + i64::from(count) * samples
    }
}

/// Vectors are loaded whole: the last may reach past the last number.
fn padded(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.resize(numbers.len().next_multiple_of(MOST_LANES), 0.0);
    numbers
}

impl Shares {
    fn collect(points: impl Iterator<Item = (DoubleDouble, DoubleDouble)>) -> Shares {
        let mut shares = Shares::default();
        for (re, im) in points {
            shares.re_high.push(re.high);
            shares.re_low.push(re.low);
            shares.im_high.push(im.high);
            shares.im_low.push(im.low);
        }
        // Vectors are loaded whole: the last may reach past the last share.
        shares.len = shares.re_high.len();
        for part in [
            &mut shares.re_high,
            &mut shares.re_low,
            &mut shares.im_high,
            &mut shares.im_low,
        ] {
            part.resize(shares.len.next_multiple_of(MOST_LANES), 0.0);
        }
        shares
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}
