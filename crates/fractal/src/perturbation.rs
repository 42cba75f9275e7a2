//! How are orbits iterated whose neighbours differ only in their hundredth digit? As their difference from one reference orbit.
//!
//! z ↦ 2Zz + z² + c, where Z is the reference and z, c the differences (K. I. Martin, "Superfractalthing", 2013). When |Z + z| < |z|,
//! or the reference ends, z becomes Z + z and the reference begins anew (Zhuoran, "Another solution to perturbation glitches", 2021).
//!
//! Every such rebasing begins at the reference's start. So the samples of a piece go along it together, in passes: whoever
//! rebases waits for the next pass. All lanes of a vector are then always at the same Z, which is loaded once for all of them,
//! and so are the table's nodes. What a lane does follows from its own numbers alone.

mod carry;
mod difference;
mod growth;
mod leaf;
mod list;
mod offsets;
mod pass;
mod scale;

use std::sync::atomic::AtomicBool;

use crate::extended::power_of_two;
use crate::field::{Cancelled, Channels, Field};
use crate::kernel::{self, Leaving, Tangents};
use crate::orbit::{Approximation, Orbit, QuadraticJump, RealJump, Table, Track};
use crate::simd::{Backend, Task, Vector};
use crate::step::{BurningShip, Iteration, Quadratic, Tricorn};
use crate::view::Rect;
use difference::{Difference, Powers};
pub(crate) use offsets::Offsets;
use pass::Passes;

/// The escape field of a rectangle.
pub(crate) fn field(
    backend: Backend,
    orbit: &Orbit,
    offsets: &Offsets,
    limit: u64,
    channels: Channels,
    rect: Rect,
    cancel: &AtomicBool,
) -> Result<Field, Cancelled> {
    let mut pixel = offsets.pixel();
    if !orbit.is_extended() {
        pixel = pixel.map(|part| part * power_of_two(offsets.exponent));
    }
    let mut tangents = Tangents::of_pixel(orbit.iteration(), pixel);
    let (mut field, leaving) = backend.run(Perturbation {
        orbit,
        offsets,
        tangents,
        limit,
        channels,
        rect,
        cancel,
    })?;
    if channels.derivative {
        if orbit.is_extended() {
            let real = power_of_two(offsets.exponent);
            tangents.c = tangents.c.map(|side| side.map(|part| part * real));
        }
        kernel::leave(backend, orbit.iteration(), &tangents, &leaving, &mut field);
    }
    Ok(field)
}

struct Perturbation<'a> {
    orbit: &'a Orbit,
    offsets: &'a Offsets,
    /// In units of 2^`offsets.exponent` where exponents are extended.
    tangents: Tangents,
    limit: u64,
    channels: Channels,
    rect: Rect,
    cancel: &'a AtomicBool,
}

impl Task for Perturbation<'_> {
    type Output = Result<(Field, Leaving), Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        match self.orbit.iteration() {
            Iteration::Mandelbrot | Iteration::Julia { .. } => self.complex::<V, Quadratic>(),
            Iteration::Multibrot(_) => self.complex::<V, Powers>(),
            Iteration::BurningShip => self.real::<V, BurningShip>(),
            Iteration::Tricorn => self.real::<V, Tricorn>(),
        }
    }
}

impl Perturbation<'_> {
    #[inline(always)]
    fn complex<V: Vector, F: Difference<Jump = QuadraticJump>>(
        &self,
    ) -> Result<(Field, Leaving), Cancelled> {
        self.draw::<V, F>(|track| match &track.approximation {
            Approximation::Complex(table) => Some(table),
            Approximation::Real(_) => None,
        })
    }

    #[inline(always)]
    fn real<V: Vector, F: Difference<Jump = RealJump>>(
        &self,
    ) -> Result<(Field, Leaving), Cancelled> {
        self.draw::<V, F>(|track| match &track.approximation {
            Approximation::Real(table) => Some(table),
            Approximation::Complex(_) => None,
        })
    }

    #[inline(always)]
    fn draw<V: Vector, F: Difference>(
        &self,
        table: impl Fn(&Track) -> Option<&Table<F::Jump>>,
    ) -> Result<(Field, Leaving), Cancelled> {
        let tables = (table(self.orbit.first()), table(self.orbit.again()));
        let (Some(first), Some(again)) = tables else {
            unreachable!("an orbit's formula decides which kind of table it has");
        };
        match (self.orbit.is_extended(), self.channels.derivative) {
            (false, false) => Passes::<V, F, false, false>::new(self, first, again).run(),
            (false, true) => Passes::<V, F, false, true>::new(self, first, again).run(),
            (true, false) => Passes::<V, F, true, false>::new(self, first, again).run(),
            (true, true) => Passes::<V, F, true, true>::new(self, first, again).run(),
        }
    }
}
