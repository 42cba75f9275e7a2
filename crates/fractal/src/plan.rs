//! Can this view be drawn, and how? Whoever holds a [`Plan`] never has to ask again.

use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::depth::Depth;
use crate::double_double::DoubleDouble;
use crate::field::{Cancelled, Field};
use crate::grid::Grid;
use crate::kernel;
use crate::simd::Backend;
use crate::step::Iteration;
use crate::view::{Formula, Rect, View};

/// A checked view.
#[derive(Clone, Debug)]
pub struct Plan {
    grid: Grid,
    iteration: Iteration,
    limit: u64,
}

/// How the field of a view is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tier {
    /// Every sample's orbit in f64.
    Direct,
}

/// Why a view cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Neighbouring samples are so close that f64 hardly tells them apart.
    #[error("zoom is too deep for this centre and size: at most {deepest}")]
    TooDeep {
        /// The largest zoom that this centre, size and formula accept, as decimal text.
        deepest: String,
    },
    /// A corner of the view is more than 2^100 from the origin, where squares come near f64's end.
    #[error("the view reaches farther than 1e30 from the origin")]
    OutOfRange,
    /// The zoom is zero or negative.
    #[error("zoom is not above 0")]
    ZoomNotPositive,
    /// The rotation is infinite or not a number.
    #[error("rotation is not a finite number of degrees")]
    RotationNotFinite,
    /// A side, or the number of samples a pixel, is zero, or a side has more than 2^32 samples.
    #[error("width, height and samples must be at least 1, and a side at most 2^32 samples")]
    Size,
    /// The limit is zero, or past 2^53, the last integer that every smooth count can hold.
    #[error("iterations must be from 1 to 2^53")]
    Limit,
    /// A multibrot's power is not from 2 to 8.
    #[error("power must be from 2 to 8")]
    Power,
    /// The seed of a Julia set lies outside of the escape radius.
    #[error("the seed of a julia set must not be farther than 2 from 0")]
    SeedTooFar,
}

/// (2^100)² and all that an orbit makes of it up to the bailout are far from f64's end at 2^1024.
const FARTHEST: f64 = (1_u128 << 100) as f64;

impl Plan {
    /// Checks a view and chooses how to draw it.
    ///
    /// # Errors
    /// [`PlanError`] names the first field that is not acceptable.
    pub fn new(view: &View) -> Result<Plan, PlanError> {
        let (columns, rows) = sample_counts(view)?;
        if view.limit == 0 || view.limit > 1 << 53 {
            return Err(PlanError::Limit);
        }
        if !view.rotation.is_finite() {
            return Err(PlanError::RotationNotFinite);
        }
        if !view.zoom.is_positive() {
            return Err(PlanError::ZoomNotPositive);
        }
        let iteration = iteration_of(&view.formula)?;
        let (re, im, zoom) = (view.re.split(), view.im.split(), view.zoom.split());
        let depth = Depth {
            centre: re.0.abs().max(im.0.abs()),
            seed: iteration.largest_seed_coordinate(),
            columns: columns as f64,
            rows: rows as f64,
        };
        // Written so that an infinite centre, and a zoom that is 0 as f64, fail too.
        if depth.centre > FARTHEST
            || zoom.0 == 0.0
            || (zoom.0.is_finite() && depth.farthest(zoom.0) > FARTHEST)
        {
            return Err(PlanError::OutOfRange);
        }
        if !depth.suits_f64(zoom.0) {
            return Err(PlanError::TooDeep {
                deepest: depth.deepest(),
            });
        }
        // Half a pitch is (4 / zoom / rows) / 2.
        let half_pitch = 2.0 / (DoubleDouble::from(zoom) * rows as f64);
        let (cos, sin) = cos_sin_degrees(view.rotation);
        let grid = Grid {
            re: re.into(),
            im: im.into(),
            half_step: (half_pitch * cos, half_pitch * sin),
            columns,
            rows,
            samples: view.samples,
        };
        Ok(Plan {
            grid,
            iteration,
            limit: view.limit,
        })
    }

    /// How the field is computed.
    pub fn tier(&self) -> Tier {
        Tier::Direct
    }

    /// After how many iterations a sample counts as not escaped.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The escape field of a rectangle, in samples. Any split of the picture into rectangles gives the same values, bit
    /// for bit, on every processor. A rectangle may reach beyond the picture.
    ///
    /// # Errors
    /// [`Cancelled`] within about 100 µs of `cancel` being raised.
    pub fn field(&self, rect: Rect, cancel: &AtomicBool) -> Result<Field, Cancelled> {
        self.field_with(Backend::detect(), rect, cancel)
    }

    /// [`Plan::field`] on a given backend, for tests and benchmarks.
    ///
    /// # Errors
    /// As [`Plan::field`].
    ///
    /// # Panics
    /// If this processor does not have the backend.
    pub fn field_with(
        &self,
        backend: Backend,
        rect: Rect,
        cancel: &AtomicBool,
    ) -> Result<Field, Cancelled> {
        kernel::field(
            backend,
            &self.iteration,
            &self.grid,
            self.limit,
            rect,
            cancel,
        )
    }
}

fn sample_counts(view: &View) -> Result<(i64, i64), PlanError> {
    let samples = |pixels: u32| {
        let count = u64::from(pixels) * u64::from(view.samples);
        if (1..=1 << 32).contains(&count) {
            Ok(count as i64)
        } else {
            Err(PlanError::Size)
        }
    };
    Ok((samples(view.width)?, samples(view.height)?))
}

fn iteration_of(formula: &Formula) -> Result<Iteration, PlanError> {
    match formula {
        Formula::Mandelbrot => Ok(Iteration::Mandelbrot),
        Formula::Multibrot { power: 2 } => Ok(Iteration::Mandelbrot),
        Formula::Multibrot {
            power: power @ 3..=8,
        } => Ok(Iteration::Multibrot(*power)),
        Formula::Multibrot { .. } => Err(PlanError::Power),
        Formula::Julia { seed_re, seed_im } => {
            let (re, im) = (seed_re.to_f64(), seed_im.to_f64());
            let seed = Iteration::Julia { re, im };
            if re * re + im * im <= 4.0 {
                Ok(seed)
            } else {
                Err(PlanError::SeedTooFar)
            }
        }
        Formula::BurningShip => Ok(Iteration::BurningShip),
        Formula::Tricorn => Ok(Iteration::Tricorn),
    }
}

/// Exact at whole quarter turns, where rounded radians would tilt a picture by an ulp.
fn cos_sin_degrees(degrees: f64) -> (f64, f64) {
    let turn = degrees.rem_euclid(360.0);
    let quarter = (turn / 90.0) as u32;
    let (cos, sin) = match turn % 90.0 {
        0.0 => (1.0, 0.0),
        rest => (libm::cos(rest.to_radians()), libm::sin(rest.to_radians())),
    };
    match quarter {
        0 | 4 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tier::Direct => out.write_str("direct"),
        }
    }
}
