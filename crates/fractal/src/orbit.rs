//! Which orbit does every sample of a place share, and how is it computed once, in as many digits as the place needs?
//!
//! An [`OrbitKey`] says which; [`OrbitKey::compute`] makes the [`Orbit`]. It belongs to a place, not to a picture: whoever draws
//! pieces keeps orbits by their keys.

mod derivative;
mod map;
mod measure;
mod real;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashu_int::IBig;

use crate::extended::Extended;
use crate::field::Cancelled;
#[doc(hidden)]
pub use measure::{Numbers, walk_for_benchmark};
pub(crate) use walk::{End, Points, Walk};

/// How far the computing of an orbit is.
#[derive(Debug, Default)]
pub struct OrbitProgress {
    done: AtomicU64,
}

impl OrbitProgress {
    /// Steps done so far; [`OrbitKey::limit`] of them are the most there can be.
    pub fn steps(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, steps: u64) {
        self.done.store(steps, Ordering::Relaxed);
    }
}

/// Two jobs that may be done at the same time; whoever has threads says how.
pub trait Fork: Sync {
    /// Does both, and answers both results.
    fn join<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B);
}

/// One job after the other.
#[derive(Clone, Copy, Debug)]
pub struct Sequential;

impl Fork for Sequential {
    fn join<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        (one(), other())
    }
}

/// A complex number in fixed point: both parts times 2^bits, where the number of bits is said beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FixedPoint {
    pub(crate) re: IBig,
    pub(crate) im: IBig,
}
