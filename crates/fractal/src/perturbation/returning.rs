//! What if orbits return near 0 for most of their time? Then they are taken to where they leave, and go along the reference from there.

use super::carry::Carry;
use super::difference::Difference;
use super::list::{BASE, CX, X, Y};
use super::pass::Passes;
use crate::field::Cancelled;
use crate::orbit::Traveller;
use crate::simd::{Scalar, Vector};

impl<V: Vector, F: Difference, J: Carry, const EXTENDED: bool, const DERIVATIVE: bool>
    Passes<'_, V, F, J, EXTENDED, DERIVATIVE>
{
    /// Takes the samples that wait for their first pass as far as the maps of the reference's neighbourhood lead; says whether there are any. Those
    /// that come to the limit are done: they have not escaped.
    #[inline(always)]
    pub(super) fn follow_returns(&mut self) -> Result<bool, Cancelled> {
        let samples = &self.piece.samples;
        let Some(returns) = samples.orbit.returns(samples.limit) else {
            return Ok(false);
        };
        let mut traveller = Traveller::new();
        for at in (0..self.next.len()).rev() {
            self.look_at_cancel()?;
            let [Scalar(re), Scalar(im)] = self.next.pair(CX, at);
            let ([x, y], steps) = returns.follow(&mut traveller, [re, im], samples.limit);
            if steps == samples.limit {
                self.next.swap_remove(at);
                continue;
            }
            self.next.store(X, at, Scalar(x));
            self.next.store(Y, at, Scalar(y));
            self.next.store(BASE, at, Scalar(steps as f64));
        }
        Ok(true)
    }
}
