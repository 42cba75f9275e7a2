//! How does a derivative darken a colour? In linear light, by a factor from 0 to 1 that knows pixels alone, and therefore no depth.

/// Distances in pixels that are as wide as 1 of tanh: with this the lines of filaments are about two pixels wide.
const SOFTNESS: f32 = 2.0;

/// The direction to the lamp, 45° above the horizontal of the picture.
const LAMP: [f32; 2] = [std::f32::consts::FRAC_1_SQRT_2; 2];

/// How high the lamp stands: slopes that face away keep a fifth of the light.
const HEIGHT: f32 = 1.5;

/// Darkened towards the set.
#[inline]
pub(super) fn by_distance(light: [u16; 3], distance: f32) -> [u16; 3] {
    dimmed(light, tanh(distance / SOFTNESS))
}

/// Lit from [`LAMP`] (J. H. Lambert, "Photometria", 1760).
#[inline]
pub(super) fn by_slope(light: [u16; 3], [right, up]: [f32; 2]) -> [u16; 3] {
    dimmed(
        light,
        (right * LAMP[0] + up * LAMP[1] + HEIGHT) / (1.0 + HEIGHT),
    )
}

#[inline]
fn dimmed(light: [u16; 3], factor: f32) -> [u16; 3] {
    light.map(|channel| (f32::from(channel) * factor + 0.5) as u16)
}

/// Of numbers that are not negative, to 0.03: the fraction x (27 + x²) / (27 + 9 x²), which reaches 1 at 3.
#[inline]
fn tanh(x: f32) -> f32 {
    let x = x.min(3.0);
    x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
}
