//! How does a field become pixels?

use super::srgb::encode_table;
use super::{Distribution, Gradient};
use crate::field::Field;

/// What decides the place of a sample's colour in the gradient.
#[derive(Clone, Debug)]
pub enum Colouring {
    /// t = offset + density · √μ / 8, with μ the smooth count (0 where it is negative). The root keeps bands apart from the first
    /// iterations to the twenty-thousandth: a cycle is 64 iterations at first, and 2,000 around the 10,000th.
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
        Colouring::Smooth => paint_with(field, samples, colours, |_, smooth| {
            smooth.max(0.0).sqrt() * 0.125
        }),
        Colouring::Bands => paint_with(field, samples, colours, |count, _| {
            (count as f64).sqrt() * 0.125
        }),
        Colouring::Histogram(distribution) => paint_with(field, samples, colours, |_, smooth| {
            distribution.rank(smooth)
        }),
    }
}

fn paint_with(
    field: &Field,
    samples: usize,
    colours: &Colours,
    place: impl Fn(u64, f64) -> f64,
) -> Vec<u8> {
    let interior = colours.interior_light();
    let encode = encode_table();
    let area = (samples * samples) as u64;
    let row_of_pixels = field.width * samples;
    let mut sums = vec![[0_u64; 3]; field.width / samples];
    let mut pixels = Vec::with_capacity(field.smooth.len() / (samples * samples) * 3);
    let rows = field
        .counts
        .chunks_exact(row_of_pixels)
        .zip(field.smooth.chunks_exact(row_of_pixels));
    for (counts, smooths) in rows {
        sums.fill([0; 3]);
        for (i, (&count, &smooth)) in counts.iter().zip(smooths).enumerate() {
            let light = if count == 0 {
                interior
            } else {
                colours
                    .gradient
                    .light(colours.offset + colours.density * place(count, smooth))
            };
            let sum = &mut sums[i % field.width / samples];
            for channel in 0..3 {
                sum[channel] += u64::from(light[channel]);
            }
        }
        let bytes = sums
            .iter()
            .flatten()
            .map(|sum| encode[((sum + area / 2) / area) as usize]);
        pixels.extend(bytes);
    }
    pixels
}

impl Colours {
    fn interior_light(&self) -> [u16; 3] {
        self.interior.map(super::srgb::linear)
    }
}
