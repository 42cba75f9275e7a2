//! How does a field become pixels?

use super::shade::{by_distance, by_slope};
use super::srgb::{encode_table, linear};
use super::{Distribution, Gradient};
use crate::field::{Channels, Field};

/// What decides the place of a sample's colour in the gradient.
#[derive(Clone, Debug)]
pub enum Colouring {
    /// t = offset + density · √μ / 8, with μ the smooth count (0 where it is negative). The root keeps bands apart from the first
    /// iterations to the twenty-thousandth: a cycle is 64 iterations at first, and 1,600 around the 10,000th.
    Smooth,
    /// As [`Colouring::Smooth`], with the escape count n for μ.
    Bands,
    /// t = offset + density · rank of μ in a distribution.
    Histogram(Distribution),
    /// As [`Colouring::Smooth`], darkened towards the set: the light is multiplied by about tanh(d/2), with d the exterior
    /// distance in pixels, so that filaments are lines of one width at any depth.
    Distance,
    /// As [`Colouring::Smooth`], on a landscape that rises towards the set and is lit from the upper right: the light is multiplied by
    /// (n · l + 1.5) / 2.5, with n the normal and l the direction to the lamp.
    Slope,
}

impl Colouring {
    /// What a field must hold to be painted so.
    pub fn channels(&self) -> Channels {
        Channels {
            derivative: matches!(self, Colouring::Distance | Colouring::Slope),
            ..Channels::default()
        }
    }
}

/// How samples are coloured.
#[derive(Clone, Debug)]
pub struct Colours {
    /// Read at the fraction of t.
    pub gradient: Gradient,
    /// What t is.
    pub colouring: Colouring,
    /// How fast the gradient is passed through.
    pub density: f64,
    /// Where in the gradient it begins.
    pub offset: f64,
    /// sRGB of samples that have not escaped.
    pub interior: [u8; 3],
}

/// RGB8 pixels of a field of `samples` × `samples` a pixel, row by row: the samples' light is averaged, then encoded as sRGB.
///
/// # Panics
/// If the field's sides are not multiples of `samples`, or `samples` is 0, or the field lacks what [`Colouring::channels`] says.
pub fn paint(field: &Field, samples: u32, colours: &Colours) -> Vec<u8> {
    let samples = samples as usize;
    assert!(
        samples > 0 && field.width.is_multiple_of(samples) && field.height.is_multiple_of(samples)
    );
    let smooth = |sample: usize| field.smooth[sample].max(0.0).sqrt() / 8.0;
    let at = |place: f64| {
        let place = colours.offset + colours.density * place;
        colours.gradient.light(place)
    };
    match &colours.colouring {
        Colouring::Smooth => paint_by(field, samples, colours, |sample| at(smooth(sample))),
        // Counts are at most 2^53: as signed numbers they become f64 in one instruction.
        Colouring::Bands => paint_by(field, samples, colours, |sample| {
            at((field.counts[sample] as i64 as f64).sqrt() / 8.0)
        }),
        Colouring::Histogram(distribution) => paint_by(field, samples, colours, |sample| {
            at(distribution.rank(field.smooth[sample]))
        }),
        Colouring::Distance => paint_by(field, samples, colours, |sample| {
            by_distance(at(smooth(sample)), field.distance[sample])
        }),
        Colouring::Slope => paint_by(field, samples, colours, |sample| {
            by_slope(at(smooth(sample)), field.normal[sample])
        }),
    }
}

/// Paints by the light of each sample that escapes.
fn paint_by(
    field: &Field,
    samples: usize,
    colours: &Colours,
    escaping: impl Fn(usize) -> [u16; 3],
) -> Vec<u8> {
    let interior = colours.interior.map(linear);
    let light = |sample: usize| match field.counts[sample] {
        0 => interior,
        _ => escaping(sample),
    };
    let encode = encode_table();
    let mut pixels = vec![0; field.smooth.len() / (samples * samples) * 3];
    if samples == 1 {
        for (sample, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&light(sample).map(|light| encode[usize::from(light)]));
        }
        return pixels;
    }
    let width = field.width / samples;
    let area = (samples * samples) as u64;
    for (pixel, bytes) in pixels.chunks_exact_mut(3).enumerate() {
        let first = pixel / width * samples * field.width + pixel % width * samples;
        let mut sum = [0_u64; 3];
        for row in 0..samples {
            for sample in first + row * field.width..first + row * field.width + samples {
                let light = light(sample);
                sum = std::array::from_fn(|channel| sum[channel] + u64::from(light[channel]));
            }
        }
        bytes.copy_from_slice(&sum.map(|sum| encode[((sum + area / 2) / area) as usize]));
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stop;

    fn colours(colouring: Colouring) -> Colours {
        let stop = |position, colour| Stop { position, colour };
        let stops = [stop(0.0, [0; 3]), stop(0.5, [255; 3]), stop(1.0, [0; 3])];
        let gradient = Gradient::new(&stops).unwrap();
        Colours {
            gradient,
            colouring,
            density: 1.0,
            offset: 0.0,
            interior: [10, 20, 30],
        }
    }

    fn field(width: usize, counts: Vec<u64>) -> Field {
        let smooth = |&count: &u64| {
            if count == 0 {
                f64::INFINITY
            } else {
                count as f64 + 0.25
            }
        };
        Field {
            width,
            height: counts.len() / width,
            smooth: counts.iter().map(smooth).collect(),
            distance: vec![1e9; counts.len()],
            normal: vec![[0.0; 2]; counts.len()],
            counts,
            ..Field::default()
        }
    }

    #[test]
    fn interior_has_its_own_colour_in_every_colouring() {
        let field = field(2, vec![0, 16]);
        for colouring in [
            Colouring::Smooth,
            Colouring::Bands,
            Colouring::Histogram(Distribution::of(&field.smooth)),
            Colouring::Distance,
            Colouring::Slope,
        ] {
            assert_eq!(paint(&field, 1, &colours(colouring))[..3], [10, 20, 30]);
        }
    }

    #[test]
    fn bands_take_the_count_and_smooth_what_lies_between() {
        // √16 / 8 is the middle of the cycle: white.
        let field = field(1, vec![16]);
        assert_eq!(paint(&field, 1, &colours(Colouring::Bands)), [255; 3]);
        assert_ne!(paint(&field, 1, &colours(Colouring::Smooth)), [255; 3]);
    }

    #[test]
    fn far_from_the_set_distance_leaves_the_smooth_colour_and_near_it_none() {
        let mut field = field(3, vec![9; 3]);
        field.distance = vec![1e9, 1.0, 0.0];
        let far = paint(&field, 1, &colours(Colouring::Smooth));
        let painted = paint(&field, 1, &colours(Colouring::Distance));
        assert_eq!(painted[..3], far[..3]);
        assert!((1..far[3]).contains(&painted[3]), "{painted:?}");
        assert_eq!(painted[6..], [0; 3]);
    }

    #[test]
    fn what_faces_the_lamp_is_brightest() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let mut field = field(4, vec![16; 4]);
        field.normal = vec![[half, half], [half, -half], [0.0, 0.0], [-half, -half]];
        let painted = paint(&field, 1, &colours(Colouring::Slope));
        assert!(painted[0] >= 254);
        assert_eq!(painted[3..6], painted[6..9]);
        assert!(painted[9] < painted[6] && painted[9] > 0);
    }

    #[test]
    fn samples_are_averaged_in_linear_light() {
        // Three of four white samples: three quarters of the light, which sRGB writes as 225.
        let three_quarters = field(2, vec![16, 16, 16, 64]);
        assert_eq!(
            paint(&three_quarters, 2, &colours(Colouring::Bands)),
            [225; 3]
        );
    }

    #[test]
    fn the_middle_of_a_distribution_is_the_middle_of_the_gradient() {
        let field = field(257, (1..=257).collect());
        let colouring = Colouring::Histogram(Distribution::of(&field.smooth));
        assert_eq!(
            paint(&field, 1, &colours(colouring))[3 * 128..][..3],
            [255; 3]
        );
    }
}
