//! How does a field become pixels?

use super::srgb::{encode_table, linear};
use super::{Distribution, Gradient};
use crate::field::Field;

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
/// If the field's sides are not multiples of `samples`, or `samples` is 0.
pub fn paint(field: &Field, samples: u32, colours: &Colours) -> Vec<u8> {
    let samples = samples as usize;
    assert!(
        samples > 0 && field.width.is_multiple_of(samples) && field.height.is_multiple_of(samples)
    );
    match &colours.colouring {
        Colouring::Smooth => paint_by(field, samples, colours, |_, smooth| {
            smooth.max(0.0).sqrt() / 8.0
        }),
        // Counts are at most 2^53: as signed numbers they become f64 in one instruction.
        Colouring::Bands => paint_by(field, samples, colours, |count, _| {
            (count as i64 as f64).sqrt() / 8.0
        }),
        Colouring::Histogram(distribution) => paint_by(field, samples, colours, |_, smooth| {
            distribution.rank(smooth)
        }),
    }
}

/// Paints by a sample's place in the gradient, before density and offset.
fn paint_by(
    field: &Field,
    samples: usize,
    colours: &Colours,
    place: impl Fn(u64, f64) -> f64,
) -> Vec<u8> {
    let interior = colours.interior.map(linear);
    let light = |sample: usize| match field.counts[sample] {
        0 => interior,
        count => {
            let place = place(count, field.smooth[sample]);
            colours
                .gradient
                .light(colours.offset + colours.density * place)
        }
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
        let gradient = Gradient::new(&[stop(0.0, [0; 3]), stop(0.5, [255; 3])]).unwrap();
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
            counts,
        }
    }

    #[test]
    fn interior_has_its_own_colour_in_every_colouring() {
        let field = field(2, vec![0, 16]);
        for colouring in [
            Colouring::Smooth,
            Colouring::Bands,
            Colouring::Histogram(Distribution::of(&field.smooth)),
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
