//! What is known of every sample of a rectangle when its iteration is over?

/// What a field holds beside counts. Each costs time, and memory while a picture is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    /// [`Field::distance`] and [`Field::normal`].
    pub derivative: bool,
    /// [`Field::period`] and [`Field::multiplier`].
    pub cycles: bool,
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

/// The caller raised the flag before the field was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

#[cfg(test)]
mod tests {
    use super::*;

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
