//! Which colour has a sample?

mod distribution;
mod gradient;
mod paint;
mod shade;
mod srgb;

pub use distribution::{Distribution, DistributionError};
pub use gradient::{Gradient, GradientError, Stop};
pub use paint::{Colouring, Colours, paint};
