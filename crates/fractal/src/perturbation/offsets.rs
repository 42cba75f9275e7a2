//! How far is a sample from the reference?

use crate::double_double::DoubleDouble;
use crate::simd::{Double, Scalar, Vector};
use crate::view::Rect;

/// The samples of a whole picture, as differences from a reference point. All are in units of 2^`exponent`, which is about half the
/// distance of neighbouring samples.
#[derive(Clone, Debug)]
pub(crate) struct Offsets {
    /// The view's centre.
    centre: [DoubleDouble; 2],
    /// Half the step from a sample to the next in its row.
    half_step: [DoubleDouble; 2],
    pub(crate) exponent: i64,
    pub(crate) columns: i64,
    pub(crate) rows: i64,
    /// Samples a pixel, in each direction.
    pub(crate) samples: u32,
}

impl Offsets {
    pub(crate) fn new(
        centre: [DoubleDouble; 2],
        half_step: [DoubleDouble; 2],
        exponent: i64,
        (columns, rows): (i64, i64),
        samples: u32,
    ) -> Offsets {
        Offsets {
            centre,
            half_step,
            exponent,
            columns,
            rows,
            samples,
        }
    }

    /// The view's centre.
    pub(crate) fn centre(&self) -> [f64; 2] {
        self.centre.map(|part| part.high)
    }

    /// Half the step from a sample to the next in its row.
    pub(crate) fn half_step(&self) -> [f64; 2] {
        self.half_step.map(|part| part.high)
    }

    /// A pixel's side, from left to right.
    pub(crate) fn pixel(&self) -> [f64; 2] {
        let halves = 2.0 * f64::from(self.samples);
        self.half_step.map(|part| part.high * halves)
    }

    pub(crate) fn width(&self, rect: Rect) -> usize {
        rect.w as usize * self.samples as usize
    }

    pub(crate) fn height(&self, rect: Rect) -> usize {
        rect.h as usize * self.samples as usize
    }

    /// By how many halves of a step a sample, as an index into a rectangle, counted row by row, is to the right of the centre, and above it.
    #[inline(always)]
    pub(crate) fn halves(&self, rect: Rect, sample: u32) -> [i64; 2] {
        let width = self.width(rect) as u32;
        let first = [rect.x, rect.y].map(|part| i64::from(part) * i64::from(self.samples));
        let column = first[0] + i64::from(sample % width);
        let row = first[1] + i64::from(sample / width);
        [2 * column + 1 - self.columns, self.rows - (2 * row + 1)]
    }

    /// The differences of a vector of samples, each an index into a rectangle, counted row by row.
    #[inline(always)]
    pub(crate) fn of<V: Vector>(&self, rect: Rect, samples: &[f64; 8]) -> [Double<V>; 2] {
        let (mut along, mut up) = ([0.0; 8], [0.0; 8]);
        for lane in 0..V::LANES {
            let halves = self.halves(rect, samples[lane] as u32);
            (along[lane], up[lane]) = (halves[0] as f64, halves[1] as f64);
        }
        let (along, up) = (Double::load(&along), Double::load(&up));
        let number = |number: DoubleDouble| Double::<V>::splat_sum(number.high, number.low);
        let (re, im) = (number(self.half_step[0]), number(self.half_step[1]));
        let (x, y) = (number(self.centre[0]), number(self.centre[1]));
        [
            x.add(re.mul(along).sub(im.mul(up))),
            y.add(im.mul(along).add(re.mul(up))),
        ]
    }

    /// The difference of one sample in f64, as [`Offsets::of`].
    pub(crate) fn one(&self, rect: Rect, sample: usize) -> [f64; 2] {
        let mut samples = [0.0; 8];
        samples[0] = sample as f64;
        self.of::<Scalar>(rect, &samples).map(|part| {
            let mut high = [0.0; 16];
            part.store_at(&mut high, 0);
            high[0]
        })
    }
}
