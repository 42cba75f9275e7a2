//! How fast is a step? What the benchmark needs to ask that, and nobody else.

use std::sync::atomic::AtomicBool;

use dashu_int::IBig;

use super::points::Points;
use super::real::{Big, Long};
use super::walk::{All, Steps, Walk};
use super::{FixedPoint, Fork, OrbitProgress};
use crate::extended::Extended;
use crate::field::Cancelled;
use crate::step::Iteration;

/// Whose numbers a measured orbit is walked in.
#[derive(Clone, Copy, Debug)]
pub enum Numbers {
    /// Those that are right for its length.
    Own,
    /// Those that long orbits have on every processor, at every length.
    Portable,
    /// Those of dashu-int, at every length.
    Dashu,
}

/// The seed of the Siegel disc of the golden mean: its orbit neither escapes nor returns.
const SIEGEL: (&str, &str) = (
    "-390540870218400050669762600713798",
    "-586787907346968854163170341098",
);

/// Walks `steps` steps of z² + c in `bits` places, and answers the last point.
#[doc(hidden)]
pub fn walk_for_benchmark(numbers: Numbers, bits: usize, steps: u64, fork: &dyn Fork) -> [f64; 2] {
    let part = |digits: &str, places: usize| {
        let digits: IBig = digits.parse().unwrap_or_default();
        (digits << bits) / IBig::from(10).pow(places)
    };
    let c = FixedPoint {
        re: part(SIEGEL.0, 33),
        im: part(SIEGEL.1, 30),
    };
    let walk = Walk {
        iteration: &Iteration::Mandelbrot,
        start: None,
        first: 0,
        c: &c,
        bits,
        limit: steps,
        radius: Extended::new(1.0, -(bits as i64)),
        keeps_low: false,
    };
    let (progress, cancel) = (OrbitProgress::default(), AtomicBool::new(false));
    let points: Result<Points, Cancelled> = match numbers {
        Numbers::Own => walk.run(&mut All, fork, &progress, &cancel),
        Numbers::Portable => {
            Steps::new(&walk, fork, &progress, &cancel).follow_long::<Long>(&mut All)
        }
        Numbers::Dashu => Steps::new(&walk, fork, &progress, &cancel).follow_long::<Big>(&mut All),
    };
    let last = points.ok().and_then(|points| points.z.last().copied());
    last.unwrap_or_default()
}
