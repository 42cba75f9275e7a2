//! How far is a sample from the reference?

use crate::extended::{ExtendedComplex, power_of_two};
use crate::view::Rect;

/// The samples of a whole picture, as differences from a reference point. All are in units of 2^`exponent`, which is about half the
/// distance of neighbouring samples.
#[derive(Clone, Debug)]
pub(crate) struct Offsets {
    /// The view's centre.
    pub(crate) centre: [f64; 2],
    /// Half the step from a sample to the next in its row.
    pub(crate) half_step: [f64; 2],
    pub(crate) exponent: i64,
    pub(crate) columns: i64,
    pub(crate) rows: i64,
    /// Samples a pixel, in each direction.
    pub(crate) samples: u32,
}

impl Offsets {
    pub(crate) fn new(
        centre: ExtendedComplex,
        half_step: ExtendedComplex,
        (columns, rows): (i64, i64),
        samples: u32,
    ) -> Offsets {
        let exponent = half_step.exponent;
        let scale = power_of_two((centre.exponent - exponent).clamp(-1022, 1023));
        Offsets {
            centre: [centre.re * scale, centre.im * scale],
            half_step: [half_step.re, half_step.im],
            exponent,
            columns,
            rows,
            samples,
        }
    }

    /// No sample of the picture is farther from the reference, in units of 2^`exponent`.
    pub(crate) fn farthest(&self) -> f64 {
        let half_diagonal = libm::hypot(self.columns as f64, self.rows as f64);
        let [re, im] = self.half_step;
        libm::hypot(self.centre[0], self.centre[1]) + half_diagonal * libm::hypot(re, im)
    }

    /// A pixel's side, from left to right.
    pub(crate) fn pixel(&self) -> [f64; 2] {
        let halves = 2.0 * f64::from(self.samples);
        self.half_step.map(|part| part * halves)
    }

    pub(crate) fn width(&self, rect: Rect) -> usize {
        rect.w as usize * self.samples as usize
    }

    pub(crate) fn height(&self, rect: Rect) -> usize {
        rect.h as usize * self.samples as usize
    }

    /// The difference of the sample `index` of a rectangle, counted row by row.
    #[inline(always)]
    pub(crate) fn of(&self, rect: Rect, index: usize) -> [f64; 2] {
        let width = self.width(rect);
        let samples = i64::from(self.samples);
        let column = i64::from(rect.x) * samples + (index % width) as i64;
        let row = i64::from(rect.y) * samples + (index / width) as i64;
        let along = (2 * column + 1 - self.columns) as f64;
        let up = (self.rows - (2 * row + 1)) as f64;
        let [re, im] = self.half_step;
        [
            self.centre[0] + (re * along - im * up),
            self.centre[1] + (im * along + re * up),
        ]
    }
}
