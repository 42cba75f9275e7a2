//! What does a user ask for? A place, a size and a formula, as they were written: unchecked.

use crate::Decimal;

/// The sequence whose escape is counted. In every one z₁ is the sample's point, except that [`Formula::Julia`]'s c is
/// the seed and not the sample.
#[derive(Clone, Debug)]
pub enum Formula {
    /// z² + c.
    Mandelbrot,
    /// zᵖ + c.
    Multibrot {
        /// p, from 2 to 8.
        power: u32,
    },
    /// z² + seed.
    Julia {
        /// Real part; |seed| is at most 2, since 2 is an escape radius only then.
        seed_re: Decimal,
        /// Imaginary part.
        seed_im: Decimal,
    },
    /// (|x| + i|y|)² + c (M. Michelitsch and O. E. Rössler, 1992).
    BurningShip,
    /// z̄² + c (W. D. Crowe et al., 1989).
    Tricorn,
}

/// How much speed may be paid for with truth, where a view is so deep that orbits are followed as differences from a
/// reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quality {
    /// For previews: a few pixels in a hundred may be one band off in dense places.
    Fast,
    /// At least 99.5 % of escape counts are those of exact arithmetic.
    #[default]
    Standard,
    /// At least 99.9 %.
    Exact,
}

/// A picture of a part of the complex plane.
///
/// The visible height is 4 / `zoom`, pixels are square, and the centre of the view is the centre of the picture, which
/// is a corner of pixels where a side is even. `y` grows downwards, the imaginary part upwards.
#[derive(Clone, Debug)]
pub struct View {
    /// Real part of the centre.
    pub re: Decimal,
    /// Imaginary part of the centre.
    pub im: Decimal,
    /// 4 / visible height.
    pub zoom: Decimal,
    /// Degrees by which the picture's axes are turned counter-clockwise in the plane.
    pub rotation: f64,
    /// Pixels of the whole picture.
    pub width: u32,
    /// Pixels of the whole picture.
    pub height: u32,
    /// A pixel is `samples` × `samples` points, each at the centre of its share of the pixel.
    pub samples: u32,
    /// What is iterated.
    pub formula: Formula,
    /// How many iterations a sample is followed before it counts as not escaped.
    pub limit: u64,
    /// A point whose orbit the samples follow where f64 cannot tell them apart, real and imaginary part, at most
    /// [`View::FARTHEST_REFERENCE`] heights from the centre in either; none: one near the centre. Pictures of the same zoom that name
    /// the same point have their [`OrbitKey`](crate::OrbitKey) in common, and so has a picture that names none with those that name its centre.
    pub reference: Option<[Decimal; 2]>,
    /// How true the field has to be.
    pub quality: Quality,
}

impl View {
    /// A reference may be so many visible heights from the centre, along each axis.
    pub const FARTHEST_REFERENCE: u32 = 8;

    /// All of its picture.
    pub fn whole(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            w: self.width,
            h: self.height,
        }
    }
}

/// Pixels of the whole picture: the columns from `x`, the rows from `y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub w: u32,
    /// Rows.
    pub h: u32,
}

#[cfg(test)]
impl View {
    /// A small one of the Mandelbrot set.
    pub(crate) fn small(re: &str, im: &str, zoom: &str, limit: u64) -> View {
        View {
            re: re.parse().unwrap(),
            im: im.parse().unwrap(),
            zoom: zoom.parse().unwrap(),
            rotation: 0.0,
            width: 16,
            height: 9,
            samples: 1,
            formula: Formula::Mandelbrot,
            limit,
            reference: None,
            quality: Quality::Standard,
        }
    }
}
