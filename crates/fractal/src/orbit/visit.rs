//! How does somebody see an orbit's points one after the other, who does not want to keep them?

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::map::Map;
use super::real::{Layout, Real};
use super::walk::{Follow, TINY_EXPONENT, Walk, in_suitable_numbers, steps_between_looks};
use super::{FixedPoint, Sequential};
use crate::extended::{ExtendedComplex, power_of_two};
use crate::field::Cancelled;

/// Who looks at points.
pub(crate) trait Visit {
    /// Looks at Zₙ, n from 1 on, and says whether the orbit is to go on. It must not once |Zₙ| > 2.
    fn visit(&mut self, n: u64, z: &impl Point) -> ControlFlow<()>;
}

/// A point, as true as somebody wants it.
pub(crate) trait Point {
    /// To f64's precision.
    fn rounded(&self) -> ExtendedComplex;

    /// The same; zero below f64's normal numbers.
    fn to_f64(&self) -> [f64; 2];

    /// All of it, and its binary places.
    fn exact(&self) -> (FixedPoint, usize);
}

impl Walk<'_> {
    /// Shows the points from Z₁ on, at most as many as the limit; neither Z₀ nor c may be outside. The radius says nothing here.
    /// Answers how many were shown.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(crate) fn show(
        &self,
        visitor: &mut impl Visit,
        cancel: &AtomicBool,
    ) -> Result<u64, Cancelled> {
        let show = Show {
            walk: self,
            visitor,
            cancel,
        };
        in_suitable_numbers(self.iteration, self.bits, show)
    }
}

struct Show<'a, V> {
    walk: &'a Walk<'a>,
    visitor: &'a mut V,
    cancel: &'a AtomicBool,
}

impl<V: Visit> Follow for Show<'_, V> {
    type Answer = Result<u64, Cancelled>;

    fn long<R: Real>(self, layout: Layout) -> Self::Answer {
        let mut map = Map::<R>::new(self.walk, layout);
        let between_looks = steps_between_looks(layout);
        for n in 1..=self.walk.limit {
            map.step(&Sequential);
            let z = Parts { z: &map.z, layout };
            if self.visitor.visit(n, &z).is_break() {
                return Ok(n);
            }
            if n % between_looks == 0 && self.cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
        }
        Ok(self.walk.limit)
    }
}

struct Parts<'a, R> {
    z: &'a [R; 2],
    layout: Layout,
}

impl<R: Real> Point for Parts<'_, R> {
    #[inline(always)]
    fn rounded(&self) -> ExtendedComplex {
        let [x, y] = self.z;
        let z = self.to_f64();
        if z[0].abs().max(z[1].abs()) < power_of_two(TINY_EXPONENT) {
            return ExtendedComplex::from_parts(x.to_extended(), y.to_extended());
        }
        z.into()
    }

    #[inline(always)]
    fn to_f64(&self) -> [f64; 2] {
        [self.z[0].to_f64(), self.z[1].to_f64()]
    }

    fn exact(&self) -> (FixedPoint, usize) {
        let [re, im] = [self.z[0].value(), self.z[1].value()];
        (FixedPoint { re, im }, self.layout.places)
    }
}
