//! What if orbits return near 0 for most of their time? Then they are taken to where they leave, and go along the reference from there.

use std::sync::atomic::{AtomicBool, Ordering};

use super::carry::Carry;
use super::difference::Difference;
use super::list::{BASE, INDEX, TANGENTS, X, Y};
use super::pass::Passes;
use super::{Offsets, Samples};
use crate::extended::power_of_two;
use crate::field::Cancelled;
use crate::orbit::{Followed, Returns, Traveller};
use crate::simd::{Backend, Scalar, Task, Vector};
use crate::view::Rect;

/// Where the samples of a rectangle leave the neighbourhood of the reference's returns, or come to within a return of the limit; nothing if the reference has none.
pub(super) fn starts(
    backend: Backend,
    samples: &Samples,
    rect: Rect,
    cancel: &AtomicBool,
) -> Result<Option<Vec<Followed>>, Cancelled> {
    let Some(returns) = samples.orbit.returns(samples.limit) else {
        return Ok(None);
    };
    let follow = Follow {
        with_derivatives: samples.channels.derivative,
        returns,
        offsets: samples.offsets,
        limit: samples.limit,
        rect,
        cancel,
    };
    backend.run(follow).map(Some)
}

struct Follow<'a> {
    with_derivatives: bool,
    returns: &'a Returns,
    offsets: &'a Offsets,
    limit: u64,
    rect: Rect,
    cancel: &'a AtomicBool,
}

impl Task for Follow<'_> {
    type Output = Result<Vec<Followed>, Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        let samples = self.offsets.width(self.rect) * self.offsets.height(self.rect);
        let unit = power_of_two(self.offsets.exponent);
        let mut traveller = Traveller::new();
        let mut starts = Vec::with_capacity(samples);
        for sample in 0..samples {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            let [re, im] = self.offsets.one(self.rect, sample);
            let c = [re * unit, im * unit];
            starts.push(if self.with_derivatives {
                self.returns.follow::<true>(&mut traveller, c, self.limit)
            } else {
                self.returns.follow::<false>(&mut traveller, c, self.limit)
            });
        }
        Ok(starts)
    }
}

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Lets those who wait for their first pass begin elsewhere than at 0. Those that are at the limit are done: they have not escaped.
    pub(super) fn begin_at(&mut self, starts: &[Followed]) {
        for at in (0..self.next.len()).rev() {
            let sample = self.next.column(INDEX)[at] as usize;
            let start = &starts[sample];
            if start.steps == self.piece.samples.limit {
                self.next.swap_remove(at);
                continue;
            }
            let mut set = |column, value| self.next.store(column, at, Scalar(value));
            set(X, start.z[0]);
            set(Y, start.z[1]);
            set(BASE, start.steps as f64);
            if DERIVATIVE {
                let ([a, b], [u, v]) = (start.derivative, self.piece.tangents.c[0]);
                set(TANGENTS, a * u - b * v);
                set(TANGENTS + 1, a * v + b * u);
            }
        }
    }
}
