//! Can this view be drawn, and how? Whoever holds a [`Plan`] never has to ask again.

mod loss;
mod way;

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use crate::depth::Depth;
use crate::doubt::{self, Seen};
use crate::field::{Cancelled, Channels, Field, Wanted};
use crate::kernel::{self, Begin};
use crate::orbit::{Fork, Orbit, OrbitKey, OrbitProgress, RETURNS};
use crate::perturbation::{self, Samples};
use crate::series::Series;
use crate::simd::Backend;
use crate::step::Iteration;
use crate::view::{Formula, Rect, View};
use loss::most_loss;
use way::Way;
pub(crate) use way::cos_sin_degrees;

/// A checked view.
#[derive(Clone, Debug)]
pub struct Plan {
    way: Way,
    limit: u64,
    /// Whether squares are filled whose borders do not escape.
    subdivides: bool,
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
    /// How far along it all samples go together, once it was asked for.
    series: OnceLock<Option<Series>>,
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
    /// The reference's real part is too far from the centre's: samples would leave its orbit early, and gain little by it.
    #[error(
        "at most {} visible heights (of 4 / zoom) from re",
        View::FARTHEST_REFERENCE
    )]
    ReferenceReTooFar,
    /// The same of its imaginary part.
    #[error(
        "at most {} visible heights (of 4 / zoom) from im",
        View::FARTHEST_REFERENCE
    )]
    ReferenceImTooFar,
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
    /// The burning ship and the tricorn conjugate and fold: what their squares' borders keep in may escape.
    #[error("only squares of formulas without conjugates and absolute values can be filled")]
    NotSubdivided,
}

/// The decimal exponent of the largest zoom.
pub(crate) const DEEPEST: i64 = 100_000;

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
        if let Some(reference) = &view.reference {
            way::check_reference(view, reference)?;
        }
        let way = if depth.suits_f64(zoom.0, view.quality) {
            let steepest = depth.steepest(zoom.0, view.quality);
            Way::direct(view, iteration, (columns, rows), steepest)
        } else {
            let is_worth_a_look = depth.is_worth_a_look(zoom.0);
            Way::perturbation(view, iteration, (columns, rows), is_worth_a_look)
        };
        Ok(Plan {
            way,
            limit: view.limit,
            subdivides: false,
        })
    }

    /// The same view, drawn by squares: where no sample on the border of one escapes, those within are taken for inside and not iterated (by R. Mariani
    /// and A. K. Silver). That saves iterations where the set is large, and loses channels that are narrower than the distance of samples.
    ///
    /// # Errors
    /// [`PlanError::NotSubdivided`] where the set may have holes.
    pub fn subdividing(self) -> Result<Plan, PlanError> {
        if !self.way.iteration().is_holomorphic() {
            return Err(PlanError::NotSubdivided);
        }
        Ok(Plan {
            subdivides: true,
            ..self
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

    /// Where f64 has the samples that are looked at before they go along a reference.
    #[cfg(test)]
    pub(crate) fn grid(&self) -> Option<&crate::grid::Grid> {
        match &self.way {
            Way::Direct { .. } => None,
            Way::Perturbation { grid, .. } => grid.as_ref(),
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
            series: OnceLock::new(),
            channels: Channels::default(),
        })
    }

    /// The plan together with its orbit, computed here and now.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub fn prepare(self, fork: &dyn Fork, cancel: &AtomicBool) -> Result<Renderer, Cancelled> {
        self.with_orbit(|key| {
            let orbit = key.compute(u64::MAX, fork, &OrbitProgress::default(), cancel)?;
            Ok(Arc::new(orbit))
        })
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
        let wanted = Wanted {
            rect,
            limit: self.plan.limit,
            channels: self.channels,
            subdivides: self.plan.subdivides,
        };
        match &self.plan.way {
            Way::Direct {
                grid,
                iteration,
                look,
            } => match look {
                Some(look) => doubt::field(backend, (look, grid), iteration, wanted, cancel),
                None => kernel::field(backend, iteration, grid, wanted, cancel),
            },
            Way::Perturbation {
                grid,
                is_worth_a_look,
                ..
            } => {
                let Some(samples) = self.samples() else {
                    unreachable!("a renderer is made with the orbit that its plan needs")
                };
                let mut seen = None;
                if let Some(grid) = grid {
                    let series = self.series(&samples, cancel)?;
                    if series.is_some() || *is_worth_a_look {
                        let begin = Begin {
                            iteration: samples.orbit.iteration(),
                            grid,
                            series,
                        };
                        let (field, doubtful) = kernel::look(backend, begin, wanted, cancel)?;
                        seen = Some(Seen { field, doubtful });
                    }
                }
                perturbation::field(backend, samples, seen, rect, cancel)
            }
        }
    }

    /// How far the samples go together. Who asks first finds out.
    fn series(&self, samples: &Samples, cancel: &AtomicBool) -> Result<Option<&Series>, Cancelled> {
        if self.series.get().is_none() {
            let series = Series::of(samples, cancel)?;
            // Whoever is first: it is the same.
            let _ = self.series.set(series);
        }
        Ok(self.series.get().and_then(Option::as_ref))
    }

    /// What goes by a reference.
    pub(crate) fn samples(&self) -> Option<Samples<'_>> {
        let Way::Perturbation {
            offsets,
            quality,
            exact,
            ..
        } = &self.plan.way
        else {
            return None;
        };
        let (orbit, limit) = (self.orbit()?, self.plan.limit);
        // An orbit that was computed for a view of a higher limit must not draw another picture.
        let points = (orbit.points() as u64).min(limit + 1);
        let returns = orbit.returns_after().map(|after| (after * RETURNS) as u64);
        Some(Samples {
            orbit,
            offsets,
            exact,
            limit,
            most_loss: most_loss(*quality, points).unwrap_or(f64::INFINITY),
            walks_alone: returns.is_some_and(|n| n <= limit),
            channels: self.channels,
            subdivides: self.plan.subdivides,
        })
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

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tier::Direct => out.write_str("direct"),
            Tier::Perturbation => out.write_str("perturbation"),
            Tier::ExtendedPerturbation => out.write_str("perturbation with extended exponents"),
        }
    }
}
