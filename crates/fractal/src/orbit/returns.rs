//! Which orbits circle beside a minibrot for very long? Those that come back near 0 after the same number of steps, again and again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::section::Section;
use super::track::Track;
use super::{OrbitKey, RETURNS};
use crate::extended::{Extended, power_of_two};
use crate::field::Cancelled;
use crate::step::Iteration;

/// How near an orbit comes back.
const NEAR: f64 = power_of_two(-8);

/// Where pixels are so small that more places are needed, minibrots are so far inside of others that orbits spend their steps elsewhere.
const MOST_BITS: usize = 320;

/// The least n for which Zₙ, Z₂ₙ and so on, [`RETURNS`] points in all, are near 0, and Zₙ nearer than all before it.
pub(super) fn period_of_returns(
    key: &OrbitKey,
    track: &Track,
    cancel: &AtomicBool,
) -> Result<Option<usize>, Cancelled> {
    if key.iteration != Iteration::Mandelbrot || key.is_extended || key.bits > MOST_BITS {
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
