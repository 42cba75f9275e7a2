//! Given a view of a fractal and a rectangle of it, what is the escape field, and which colours has it?
//!
//! No I/O, no clocks and no threads of its own: [`Plan::new`] checks a [`View`] once, [`OrbitKey::compute`]
//! makes the orbit that a deep one needs, [`Renderer::field`] answers for any rectangle, [`paint`] colours the answer. The same input gives the same bits on every processor.

mod colour;
mod cycle;
mod decimal;
mod depth;
mod double_double;
mod doubt;
mod extended;
mod field;
mod grid;
mod interior;
mod iterations;
#[expect(
    clippy::needless_range_loop,
    reason = "iterators' closures over vectors do not take on the backend's instructions"
)]
mod kernel;
mod nucleus;
mod orbit;
#[expect(
    clippy::needless_range_loop,
    reason = "iterators' closures over vectors do not take on the backend's instructions"
)]
mod perturbation;
mod plan;
mod series;
mod simd;
mod smooth;
mod step;
mod subdivision;
mod view;

pub use colour::{
    Colouring, Colours, Distribution, DistributionError, Gradient, GradientError, Stop, paint,
};
pub use decimal::{Decimal, ParseDecimalError};
pub use field::{Cancelled, Channels, Field};
pub use iterations::auto_iterations;
pub use nucleus::{Nucleus, NucleusError, Shape, nucleus};
pub use orbit::{Fork, Job, Orbit, OrbitKey, OrbitProgress, Sequential};
#[doc(hidden)]
pub use orbit::{Numbers, walk_for_benchmark};
pub use plan::{Plan, PlanError, Renderer, Tier};
pub use simd::Backend;
pub use view::{Formula, Quality, Rect, View};
