//! How large may a request be? Every service checks views against the same set of caps, and every error
//! names the cap.

/// The largest view and the largest piece of it that a service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest side of a picture, in pixels.
    pub side: u32,
    /// The highest iteration limit.
    pub iterations: u64,
    /// The largest zoom, as a power of ten.
    pub zoom_exponent: u32,
    /// The longest decimal text of a coordinate or a zoom, in characters.
    pub digits: usize,
    /// The highest supersampling, in samples along a pixel's side.
    pub samples: u32,
    /// The largest piece that one tile request may ask for, in pixels.
    pub tile_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            side: 65_536,
            iterations: 1_000_000_000,
            // A step of an orbit at 1e25000 is 20 microseconds of arithmetic; the deepest published places are near 1e22500.
            zoom_exponent: 25_000,
            // A place at 1e25000 has 25,000 digits; the rest is for those that a copied location has too many.
            digits: 32_768,
            samples: 8,
            tile_pixels: 16 << 20,
        }
    }
}
