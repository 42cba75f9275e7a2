//! What is known of every sample of a rectangle when its iteration is over?

use std::ops::Range;

use crate::view::Rect;

/// What a field holds beside counts. Each costs time, and memory while a picture is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    /// [`Field::distance`] and [`Field::normal`].
    pub derivative: bool,
    /// [`Field::period`] and [`Field::multiplier`].
    pub cycles: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) rect: Rect,
    pub(crate) limit: u64,
    pub(crate) channels: Channels,
    /// Whether squares are filled whose borders do not escape.
    pub(crate) subdivides: bool,
}

/// The escape field: one value a sample, row by row from the top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Samples in a row: the rectangle's width × samples a pixel.
    pub width: usize,
    /// Rows of samples.
    pub height: usize,
    /// Smooth counts: μ = m + 1 - log_p(log₂|z_m|), where m is the first index with |z_m| > 2¹⁶ and p the formula's
    /// degree. Continuous across bands; +∞ where the sample has not escaped at the limit.
    pub smooth: Vec<f64>,
    /// Escape counts: the first n with |zₙ| > 2, where z₁ is the sample's point; 0 where there is none up to the limit.
    pub counts: Vec<u64>,
    /// Empty where [`Channels::derivative`] was not asked for. The exterior distance estimate in pixels:
    /// 2 |z_m|² ln|z_m| / |Jᵀ z_m|, with z_m as in [`Field::smooth`] and J the derivative of z_m by the place in the picture.
    ///
    /// Where the formula is holomorphic, |Jᵀ z| is |z| |dz/dc| (of a Julia set |z| |dz/dz₁|), and the set lies
    /// between a quarter of the estimate and the estimate away, but for a factor that tends to 1 near the set (by Koebe's quarter theorem:
    /// J. Milnor, "Self-similarity and hairiness in the Mandelbrot set", 1989); so for all connected sets. For the burning ship and
    /// the tricorn J is a real 2 × 2 matrix and Jᵀ z / |z|² the gradient of ln|z| (K. Heiland-Allen, "Deep zoom theory
    /// and practice", 2021), without such a bound. 0 where the sample has not escaped, and where f64 could not hold the derivative; +∞ where it is 0.
    pub distance: Vec<f32>,
    /// Empty as [`Field::distance`]. The unit vector in which |z_m| grows fastest, away from the set: (to the right, upwards) in the picture,
    /// whatever its rotation; z_m / (dz_m/dc) where the formula is holomorphic. (0, 0) where the sample has not escaped, and where the derivative
    /// is 0 or more than f64 holds.
    pub normal: Vec<[f32; 2]>,
    /// Empty where [`Channels::cycles`] was not asked for. The period of the cycle that attracts a sample which has not escaped; 0 where
    /// none was found. Only looked for of the Mandelbrot set and of multibrots, whose cycles differ from sample to sample.
    pub period: Vec<u32>,
    /// Empty as [`Field::period`]. The derivative of the formula along the whole cycle: real and imaginary part, the modulus at most 1, 0 in the
    /// centre of a component; (0, 0) where the period is 0.
    pub multiplier: Vec<[f32; 2]>,
}

impl Field {
    /// A field in which nothing has escaped.
    pub(crate) fn interior(width: usize, height: usize, channels: Channels) -> Field {
        let samples = width * height;
        let derived = if channels.derivative { samples } else { 0 };
        let cyclic = if channels.cycles { samples } else { 0 };
        Field {
            width,
            height,
            smooth: vec![f64::INFINITY; samples],
            counts: vec![0; samples],
            distance: vec![0.0; derived],
            normal: vec![[0.0; 2]; derived],
            period: vec![0; cyclic],
            multiplier: vec![[0.0; 2]; cyclic],
        }
    }

    /// The part of it in some columns and rows.
    pub(crate) fn within(self, columns: Range<usize>, rows: Range<usize>) -> Field {
        let part = Part {
            width: self.width,
            columns,
            rows,
        };
        Field {
            width: part.columns.len(),
            height: part.rows.len(),
            smooth: part.of(self.smooth),
            counts: part.of(self.counts),
            distance: part.of(self.distance),
            normal: part.of(self.normal),
            period: part.of(self.period),
            multiplier: part.of(self.multiplier),
        }
    }

    /// Where some samples, by ascending index, are in such a part; those outside are left out.
    pub(crate) fn indices_within(
        &self,
        samples: &[u32],
        columns: &Range<usize>,
        rows: &Range<usize>,
    ) -> Vec<u32> {
        let places = samples.iter().map(|&sample| {
            let sample = sample as usize;
            (sample % self.width, sample / self.width)
        });
        places
            .filter(|(column, row)| columns.contains(column) && rows.contains(row))
            .map(|(column, row)| {
                let row = row - rows.start;
                (row * columns.len() + column - columns.start) as u32
            })
            .collect()
    }

    /// Lets samples be as if they had not been iterated, but for their derivatives.
    pub(crate) fn forget(&mut self, samples: &[u32]) {
        for &sample in samples {
            self.counts[sample as usize] = 0;
            self.smooth[sample as usize] = f64::INFINITY;
        }
    }

    /// Takes from samples the channels that do not go with their counts, which another arithmetic may have found than those.
    pub(crate) fn agree(&mut self, samples: &[u32]) {
        for sample in samples.iter().map(|&sample| sample as usize) {
            let has_escaped = self.counts[sample] > 0;
            if !has_escaped && !self.distance.is_empty() {
                (self.distance[sample], self.normal[sample]) = (0.0, [0.0; 2]);
            }
            if has_escaped && !self.period.is_empty() {
                (self.period[sample], self.multiplier[sample]) = (0, [0.0; 2]);
            }
        }
    }

    /// Where the normals point: radians counter-clockwise from the right, from -π to π; not a number where a normal is (0, 0).
    pub fn directions(&self) -> impl Iterator<Item = f32> {
        self.normal.iter().map(|&[right, up]| {
            if right == 0.0 && up == 0.0 {
                f32::NAN
            } else {
                libm::atan2f(up, right)
            }
        })
    }
}

/// Some columns and rows of a field of this width.
struct Part {
    width: usize,
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Part {
    /// Nothing of a channel that is not there.
    fn of<T: Copy>(&self, mut channel: Vec<T>) -> Vec<T> {
        if channel.is_empty() {
            return channel;
        }
        let across = self.columns.len();
        for (to, row) in self.rows.clone().enumerate() {
            let from = row * self.width + self.columns.start;
            channel.copy_within(from..from + across, to * across);
        }
        channel.truncate(across * self.rows.len());
        channel
    }
}

/// The caller raised the flag before the field was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0, in rows of five.
    #[test]
    fn a_part_has_the_channels_of_the_whole() {
        let field = Field {
            counts: (0..20).collect(),
            distance: (0..20_u8).map(f32::from).collect(),
            ..Field::interior(5, 4, Channels::default())
        };
        let part = field.clone().within(1..4, 1..3);
        assert_eq!((part.width, part.height), (3, 2));
        assert_eq!(part.counts, [6, 7, 8, 11, 12, 13]);
        assert_eq!(part.distance, [6.0, 7.0, 8.0, 11.0, 12.0, 13.0]);
        assert_eq!(part.smooth.len(), 6);
        assert!(part.normal.is_empty());
        assert_eq!(field.clone().within(0..5, 0..4), field);
    }

    #[test]
    fn samples_of_a_part_are_counted_anew() {
        let field = Field::interior(5, 4, Channels::default());
        let samples = [0, 5, 6, 8, 9, 13, 16];
        assert_eq!(field.indices_within(&samples, &(1..4), &(1..3)), [0, 2, 5]);
    }

    #[test]
    fn directions_are_angles_from_the_right_and_none_where_there_is_no_normal() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let field = Field {
            normal: vec![[1.0, 0.0], [0.0, 1.0], [-half, -half], [0.0, -0.0]],
            ..Field::default()
        };
        let directions: Vec<f32> = field.directions().collect();
        let eighth = std::f32::consts::FRAC_PI_4;
        for (seen, expected) in directions.iter().zip([0.0, 2.0, -3.0]) {
            assert!((seen - expected * eighth).abs() < 1e-6, "{directions:?}");
        }
        assert!(directions[3].is_nan());
    }
}
