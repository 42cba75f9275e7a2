//! Which orbits circle beside a minibrot for very long? Those that come back near 0 after the same number of steps, again and again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::extended::{Extended, power_of_two};
use crate::field::Cancelled;
use crate::orbit::section::Section;
use crate::orbit::track::Track;
use crate::orbit::{OrbitKey, RETURNS};
use crate::step::Iteration;

/// How near an orbit comes back.
const NEAR: f64 = power_of_two(-8);

/// Where pixels are so small that more places are needed, minibrots are so far inside of others that orbits spend their steps elsewhere.
const MOST_BITS: usize = 320;

/// Whether it is asked of an orbit of this key if it returns.
pub(super) fn may_return(key: &OrbitKey) -> bool {
    let is_shallow = !key.is_extended && key.bits <= MOST_BITS;
    is_shallow && key.iteration == Iteration::Mandelbrot && key.limit >= RETURNS as u64
}

/// The least n for which Zₙ, Z₂ₙ and so on, [`RETURNS`] points in all, are near 0, and Zₙ nearer than all before it.
pub(in crate::orbit) fn period_of_returns(
    key: &OrbitKey,
    track: &Track,
    cancel: &AtomicBool,
) -> Result<Option<usize>, Cancelled> {
    if !may_return(key) {
        return Ok(None);
    }
    let mut least = Extended::from(f64::MAX);
    let mut sizes = Sizes::of(track, cancel);
    for n in 1..=track.last() / RETURNS {
        let size = sizes.at(n)?;
        if size < least {
            least = size;
            if returns_after(n, track, cancel)? {
                return Ok(Some(n));
            }
        }
    }
    Ok(None)
}

fn returns_after(n: usize, track: &Track, cancel: &AtomicBool) -> Result<bool, Cancelled> {
    let near = Extended::from(NEAR);
    let mut sizes = Sizes::of(track, cancel);
    for k in 1..=RETURNS {
        if sizes.at(k * n)? >= near {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How far from 0 an orbit is at its returns, at most.
pub(super) fn farthest_return(
    period: usize,
    track: &Track,
    cancel: &AtomicBool,
) -> Result<Extended, Cancelled> {
    let mut farthest = Extended::default();
    let mut sizes = Sizes::of(track, cancel);
    for k in 1..=RETURNS {
        let size = sizes.at(k * period)?;
        if size > farthest {
            farthest = size;
        }
    }
    Ok(farthest)
}

/// How far points are from 0.
struct Sizes<'a> {
    track: &'a Track,
    /// What was needed last.
    section: Option<Arc<Section>>,
    cancel: &'a AtomicBool,
}

impl<'a> Sizes<'a> {
    fn of(track: &'a Track, cancel: &'a AtomicBool) -> Self {
        Sizes {
            track,
            section: None,
            cancel,
        }
    }

    fn at(&mut self, index: usize) -> Result<Extended, Cancelled> {
        // The last begins no step.
        let step = index.min(self.track.last() - 1);
        let section = match self.section.take() {
            Some(section) if section.has_step(step) => section,
            _ => self.track.section(step, self.cancel)?,
        };
        let size = section.points.parts(index).z().modulus();
        self.section = Some(section);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::track::Budget;
    use crate::orbit::{OrbitProgress, Sequential};
    use crate::{Plan, View};

    fn returns_after(re: &str, im: &str, zoom: &str, limit: u64) -> [Option<usize>; 2] {
        let view = View::small(re, im, zoom, limit);
        let plan = Plan::new(&view).unwrap();
        let key = plan.orbit().unwrap();
        // In memory, and from waypoints.
        [usize::MAX, 5000].map(|most_points| {
            let budget = Budget {
                most_points,
                most_sections: 3,
            };
            let (progress, never) = (OrbitProgress::default(), AtomicBool::new(false));
            let orbit = key.compute_in(budget, &Sequential, &progress, &never);
            orbit.unwrap().returns_after()
        })
    }

    #[test]
    fn an_orbit_beside_a_minibrot_comes_back_after_its_period() {
        let (re, im) = (
            "-1.94151209635203446394399999999999999999995",
            "0.00663498740113024706519999999999999999995",
        );
        let of_limit = |limit| returns_after(re, im, "1.53916775627E16", limit);
        assert_eq!(of_limit(9 * RETURNS as u64), [Some(9); 2]);
        assert_eq!(of_limit(9 * RETURNS as u64 - 1), [None; 2]);
    }

    #[test]
    fn other_orbits_do_not() {
        let (re, im) = (
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
        );
        for zoom in ["4e10", "3.18e31"] {
            assert_eq!(returns_after(re, im, zoom, 100_000), [None; 2]);
        }
        // It goes round a cycle that comes no nearer.
        assert_eq!(returns_after("-0.5", "0.1", "1e20", 100_000), [None; 2]);
    }
}
