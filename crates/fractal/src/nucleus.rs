//! Which minibrot does a view show? The one of the lowest period whose nucleus lies in it.
//!
//! A nucleus of period p is a c for which 0 returns to 0 after p steps and not before; around each there is a component of the
//! interior, and mostly a small copy of the whole set. [`search`](mod@search) finds period and place roughly, [`newton`] the digits.

mod ball;
mod newton;
mod search;
#[cfg(test)]
mod tests;
mod wide;

use std::sync::atomic::AtomicBool;

use crate::Decimal;
use crate::extended::Extended;
use crate::field::Cancelled;
use crate::orbit::{FixedPoint, Visit, Walk};
use crate::plan::{DEEPEST, Plan, PlanError, iteration_of};
use crate::step::Iteration;
use crate::view::View;

use newton::Found;

/// A nucleus in a view, and the component around it.
#[derive(Clone, Debug)]
pub struct Nucleus {
    /// Real part: all digits that are right, which are enough for every picture of the component.
    pub re: Decimal,
    /// Imaginary part.
    pub im: Decimal,
    /// The least number of steps after which 0 returns to 0.
    pub period: u64,
    /// How large the component is beside the one of period 1; far below f64's range where it is deep.
    pub size: Decimal,
    /// By how many degrees it is turned counter-clockwise in the plane, to a millionth: from -180 to 180. A multibrot set of power p
    /// looks the same after a turn by 360 / (p - 1), and so the half of that is the end here.
    pub orientation_degrees: f64,
    /// Where a view with the nucleus at its centre shows the copy as zoom 1 shows the whole set: its height is a little more than
    /// half of the view's.
    pub zoom: Decimal,
    /// Of z² + c, what the component looks like; nothing is known of other powers.
    pub shape: Option<Shape>,
}

/// What a component of the Mandelbrot set looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A cardioid: the body of a minibrot.
    Cardioid,
    /// Almost a disc, on a larger component: a bulb, and no copy of the whole set.
    Disc,
}

/// Why no answer is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NucleusError {
    /// The view cannot be drawn either.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A Julia set has no nuclei, and formulas that are not holomorphic have no Newton's method in one complex variable.
    #[error("nuclei are known of mandelbrot and multibrot only")]
    Formula,
    /// No picture of it could be drawn.
    #[error("the minibrot is smaller than 1e-{DEEPEST}")]
    TooSmall,
    /// The search is given up before it takes hours: orbits are too long, or so close to the smooth edge of a component that the ball
    /// method can exclude little.
    #[error("the search takes too long at this place")]
    TooLong,
    /// Nobody wants to know any more.
    #[error("cancelled")]
    Cancelled,
}

impl From<Cancelled> for NucleusError {
    fn from(_: Cancelled) -> Self {
        NucleusError::Cancelled
    }
}

/// Finds the nucleus of the lowest period in a view; `None` when there is none of a period up to the view's limit.
///
/// # Errors
/// [`NucleusError`]; [`NucleusError::Cancelled`] soon after `cancel` was raised.
pub fn nucleus(view: &View, cancel: &AtomicBool) -> Result<Option<Nucleus>, NucleusError> {
    Plan::new(view)?;
    let iteration = iteration_of(&view.formula)?;
    match iteration {
        Iteration::Mandelbrot | Iteration::Multibrot(_) => {}
        _ => return Err(NucleusError::Formula),
    }
    let mut budget = Budget {
        cancel,
        left: MOST_WORK,
    };
    let found = search::search(view, &iteration, &mut budget)?;
    found.map(Found::into_nucleus).transpose()
}

/// Products of words, of which a processor does some 10^9 a second: a quarter of an hour, or less.
const MOST_WORK: u64 = 1 << 40;

/// What a step takes beside its squares, in products.
const OVERHEAD: u64 = 64;

/// The work that may still be done.
struct Budget<'a> {
    cancel: &'a AtomicBool,
    left: u64,
}

impl Budget<'_> {
    /// Shows the orbit of 0 for a c in so many binary places to `visitor`, if there is enough left for it.
    fn show(
        &mut self,
        iteration: &Iteration,
        (c, bits): (&FixedPoint, usize),
        limit: u64,
        visitor: &mut impl Visit,
    ) -> Result<(), NucleusError> {
        let words = bits as u64 / 64 + 1;
        let step = words * words + OVERHEAD;
        let affordable = Walk {
            iteration,
            start: None,
            first: 0,
            c,
            bits,
            limit: limit.min(self.left / step),
            radius: Extended::default(),
            keeps_low: false,
        };
        let steps = affordable.show(visitor, self.cancel)?;
        self.left -= steps * step;
        if steps == affordable.limit && steps < limit {
            return Err(NucleusError::TooLong);
        }
        Ok(())
    }
}
