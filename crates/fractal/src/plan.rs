//! Can this view be drawn, and how? Whoever holds a [`Plan`] never has to ask again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dashu_int::IBig;

use crate::Decimal;
use crate::depth::Depth;
use crate::double_double::DoubleDouble;
use crate::extended::{Extended, power_of_two};
use crate::field::{Cancelled, Channels, Field};
use crate::grid::Grid;
use crate::kernel;
use crate::orbit::{FixedPoint, Fork, Orbit, OrbitKey, OrbitProgress};
use crate::perturbation::{self, Offsets, Samples};
use crate::simd::Backend;
use crate::step::Iteration;
use crate::view::{Formula, Quality, Rect, View};

/// A checked view.
#[derive(Clone, Debug)]
pub struct Plan {
    way: Way,
    limit: u64,
}

/// How the samples are iterated.
#[derive(Clone, Debug)]
enum Way {
    Direct {
        grid: Grid,
        iteration: Iteration,
    },
    Perturbation {
        offsets: Offsets,
        key: OrbitKey,
        quality: Quality,
    },
}

/// How the field of a view is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tier {
    /// Every sample's orbit in f64.
    Direct,
    /// Every sample's difference from a reference orbit in f64.
    Perturbation,
    /// The same with exponents past those of f64.
    ExtendedPerturbation,
}

/// A plan that has all it needs to draw.
#[derive(Clone, Debug)]
pub struct Renderer {
    plan: Plan,
    orbit: Option<Arc<Orbit>>,
    channels: Channels,
}

/// Why a view cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The zoom is past 10^100,000, where a single product of coordinates takes milliseconds.
    #[error("zoom must be at most 1e{DEEPEST}")]
    TooDeep,
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

/// The decimal exponent of the largest zoom.
pub(crate) const DEEPEST: i64 = 100_000;

/// Binary places below a pixel's size: what the reference's arithmetic rounds stays below what f64 does to a difference.
const GUARD_BITS: usize = 80;

/// Places are rounded up to whole limbs, so that neighbouring depths share an orbit.
const LIMB_BITS: usize = 64;

/// From this exponent of the distance of samples on, f64 holds differences and all that becomes of them.
const LEAST_F64_EXPONENT: i64 = -960;

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
        if view.zoom.log10() > DEEPEST as f64 {
            return Err(PlanError::TooDeep);
        }
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
        let way = if depth.suits_f64(zoom.0, view.quality) {
            Way::direct(view, iteration, (columns, rows))
        } else {
            Way::perturbation(view, iteration, (columns, rows))
        };
        Ok(Plan {
            way,
            limit: view.limit,
        })
    }

    /// How the field is computed.
    pub fn tier(&self) -> Tier {
        match &self.way {
            Way::Direct { .. } => Tier::Direct,
            Way::Perturbation { key, .. } if key.is_extended => Tier::ExtendedPerturbation,
            Way::Perturbation { .. } => Tier::Perturbation,
        }
    }

    /// After how many iterations a sample counts as not escaped.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The reference orbit that drawing needs; none in the direct tier.
    pub fn orbit(&self) -> Option<&OrbitKey> {
        match &self.way {
            Way::Direct { .. } => None,
            Way::Perturbation { key, .. } => Some(key),
        }
    }

    /// The plan together with the orbit of its key, which `orbit` finds, if there has to be one.
    ///
    /// # Errors
    /// Those of `orbit`.
    pub fn with_orbit<E>(
        self,
        orbit: impl FnOnce(&OrbitKey) -> Result<Arc<Orbit>, E>,
    ) -> Result<Renderer, E> {
        let orbit = self.orbit().map(orbit).transpose()?;
        Ok(Renderer {
            plan: self,
            orbit,
            channels: Channels::default(),
        })
    }

    /// The plan together with its orbit, computed here and now.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub fn prepare(self, fork: &dyn Fork, cancel: &AtomicBool) -> Result<Renderer, Cancelled> {
        self.with_orbit(|key| {
            let orbit = key.compute(fork, &OrbitProgress::default(), cancel)?;
            Ok(Arc::new(orbit))
        })
    }
}

impl Way {
    fn direct(view: &View, iteration: Iteration, (columns, rows): (i64, i64)) -> Way {
        // Half a pitch is (4 / zoom / rows) / 2.
        let zoom = DoubleDouble::from(view.zoom.split());
        let half_pitch = 2.0 / (zoom * rows as f64);
        let (cos, sin) = cos_sin_degrees(view.rotation);
        Way::Direct {
            grid: Grid {
                re: view.re.split().into(),
                im: view.im.split().into(),
                half_step: (half_pitch * cos, half_pitch * sin),
                columns,
                rows,
                samples: view.samples,
            },
            iteration,
        }
    }

    fn perturbation(view: &View, iteration: Iteration, (columns, rows): (i64, i64)) -> Way {
        let (zoom, exponent_of_zoom) = view.zoom.to_double();
        let half_pitch = 2.0 / (zoom * rows as f64);
        // In a unit near its own size.
        let unit = Extended::from(half_pitch.high).exponent;
        let half_pitch = half_pitch * power_of_two(-unit);
        let exponent = unit - exponent_of_zoom;
        let (cos, sin) = cos_sin_degrees(view.rotation);
        let places = GUARD_BITS as i64 - exponent;
        let bits = (places.max(1) as usize).next_multiple_of(LIMB_BITS);
        let point = |re: &Decimal, im: &Decimal| FixedPoint {
            re: re.to_fixed_point(bits),
            im: im.to_fixed_point(bits),
        };
        let cell = Cell::of(view);
        let (re, im) = (cell.middle(&view.re, bits), cell.middle(&view.im, bits));
        let offset = |part: &Decimal, middle: &IBig| {
            real_in_unit(&(part.to_fixed_point(bits) - middle), bits, exponent)
        };
        let offsets = Offsets::new(
            [offset(&view.re, &re), offset(&view.im, &im)],
            [half_pitch * cos, half_pitch * sin],
            exponent,
            (columns, rows),
            view.samples,
        );
        let seed = match &view.formula {
            Formula::Julia { seed_re, seed_im } => Some(point(seed_re, seed_im)),
            _ => None,
        };
        let key = OrbitKey {
            iteration,
            seed,
            point: FixedPoint { re, im },
            bits,
            limit: view.limit,
            radius: cell.radius(columns as f64 / rows as f64),
            epsilon: epsilon(view.quality),
            is_extended: exponent < LEAST_F64_EXPONENT,
            is_double: view.quality != Quality::Fast,
        };
        Way::Perturbation {
            offsets,
            key,
            quality: view.quality,
        }
    }
}

/// A square of the plane. Views of about the same zoom whose centres are in it have the same reference, its middle.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Its side is a power of two.
    exponent: i64,
}

/// A cell's side is from 2^(this - 1) to 2^this heights of the view.
const CELL: i64 = 4;

impl Cell {
    fn of(view: &View) -> Cell {
        Cell {
            exponent: 2 - view.zoom.to_extended().exponent + CELL - 1,
        }
    }

    /// The middle of the cell with this coordinate, times 2^bits. It depends on nothing but the coordinate and the cell's size, not even on
    /// `bits`.
    fn middle(self, coordinate: &Decimal, bits: usize) -> IBig {
        // Below the cell's side.
        const PLACES: i64 = 64;
        let places = (PLACES - self.exponent).max(0);
        let dropped = places + self.exponent;
        let fixed = coordinate.to_fixed_point(places as usize);
        let half = IBig::ONE << (dropped - 1) as usize;
        let cells = (fixed + half) >> dropped as usize;
        cells << (bits as i64 + self.exponent) as usize
    }

    /// No sample of a view of such an aspect is farther from the middle: half the cell's diagonal and half that of the view, which is
    /// at most as many cells high as makes 2^(1 - [`CELL`]).
    fn radius(self, aspect: f64) -> Extended {
        let view = libm::hypot(1.0, aspect) * power_of_two(1 - CELL);
        Extended::new(0.5 * (std::f64::consts::SQRT_2 + view), self.exponent)
    }
}

/// `value` · 2^-`bits` in units of 2^`exponent`.
fn real_in_unit(value: &IBig, bits: usize, exponent: i64) -> DoubleDouble {
    let unit = -(bits as i64) - exponent;
    let high = value.to_f64().value();
    let low = (value - IBig::try_from(high).unwrap_or_default())
        .to_f64()
        .value();
    let scale = power_of_two(unit);
    DoubleDouble::from((high * scale, low * scale))
}

/// How many bits a difference may lose before its sample is iterated again with twice as many digits; `None` where it never is.
fn most_loss(quality: Quality, points: u64) -> Option<f64> {
    // From which error of an escaping z on, as a power of two.
    let doubt = match quality {
        Quality::Fast => return None,
        Quality::Standard => 1.0,
        Quality::Exact => -6.0,
    };
    let bits = -libm::log2(epsilon(quality).max(f64::EPSILON / 2.0));
    // The errors of all steps, those of the table among them, add up as at random.
    let noise = NOISE_OF_A_STEP + 0.5 * libm::log2(points as f64);
    Some(doubt + bits - noise)
}

/// log₂ of the error that is one step's share, in units of 2^-53: what was seen of differences that had gone along 11,500 points.
const NOISE_OF_A_STEP: f64 = 4.0;

/// How large what jumps leave out may be, beside what they keep.
fn epsilon(quality: Quality) -> f64 {
    match quality {
        Quality::Fast => 1.0 / (1_u64 << 32) as f64,
        Quality::Standard => 1.0 / (1_u64 << 52) as f64,
        Quality::Exact => 1.0 / (1_u64 << 56) as f64,
    }
}

impl Renderer {
    /// The reference orbit; none in the direct tier.
    pub fn orbit(&self) -> Option<&Orbit> {
        self.orbit.as_deref()
    }

    /// The checked view.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same, whose fields hold more than counts.
    pub fn with_channels(self, channels: Channels) -> Renderer {
        Renderer { channels, ..self }
    }

    /// The escape field of a rectangle, in samples. Any split of the picture into rectangles gives the same values, bit
    /// for bit, on every processor. A rectangle may reach beyond the picture.
    ///
    /// # Errors
    /// [`Cancelled`] within about 100 µs of `cancel` being raised.
    pub fn field(&self, rect: Rect, cancel: &AtomicBool) -> Result<Field, Cancelled> {
        self.field_with(Backend::detect(), rect, cancel)
    }

    /// [`Renderer::field`] on a given backend, for tests and benchmarks.
    ///
    /// # Errors
    /// As [`Renderer::field`].
    ///
    /// # Panics
    /// If this processor does not have the backend.
    pub fn field_with(
        &self,
        backend: Backend,
        rect: Rect,
        cancel: &AtomicBool,
    ) -> Result<Field, Cancelled> {
        let (limit, channels) = (self.plan.limit, self.channels);
        match (&self.plan.way, &self.orbit) {
            (Way::Direct { grid, iteration }, _) => {
                kernel::field(backend, iteration, grid, limit, channels, rect, cancel)
            }
            (
                Way::Perturbation {
                    offsets, quality, ..
                },
                Some(orbit),
            ) => {
                // An orbit that was computed for a view of a higher limit must not draw another picture.
                let points = (orbit.points() as u64).min(limit + 1);
                let samples = Samples {
                    orbit,
                    offsets,
                    limit,
                    most_loss: most_loss(*quality, points).unwrap_or(f64::INFINITY),
                    channels,
                };
                perturbation::field(backend, samples, rect, cancel)
            }
            (Way::Perturbation { .. }, None) => {
                unreachable!("a renderer is made with the orbit that its plan needs")
            }
        }
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

pub(crate) fn iteration_of(formula: &Formula) -> Result<Iteration, PlanError> {
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
pub(crate) fn cos_sin_degrees(degrees: f64) -> (f64, f64) {
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
            Tier::Perturbation => out.write_str("perturbation"),
            Tier::ExtendedPerturbation => out.write_str("perturbation with extended exponents"),
        }
    }
}
