//! How are orbits iterated whose neighbours differ only in their hundredth digit? As their difference from one reference orbit.
//!
//! z ↦ 2Zz + z² + c, where Z is the reference and z, c the differences (K. I. Martin, "Superfractalthing", 2013). When |Z + z| < |z|,
//! or the reference ends, z becomes Z + z and the reference begins anew (Zhuoran, "Another solution to perturbation glitches", 2021).
//!
//! Every such rebasing begins at the reference's start. So the samples of a piece go along it together, in passes: whoever
//! rebases waits for the next pass. All lanes of a vector are then always at the same Z, which is loaded once for all of them,
//! and so are the table's nodes. What a lane does follows from its own numbers alone.
//!
//! Every sample knows how many bits it has lost. Those that have lost too many go the same way again, in numbers of two f64; where orbits circle
//! for so long that these do not suffice either, they are iterated alone.

mod alone;
mod carry;
mod cycles;
mod difference;
mod direct;
mod exact;
mod growth;
mod jump;
mod lanes;
mod launch;
mod leaf;
mod list;
mod offsets;
mod pass;
mod returning;
mod scale;
mod stretch;
mod tiny;

use std::marker::PhantomData;
use std::sync::atomic::AtomicBool;

use crate::doubt::Seen;
use crate::extended::power_of_two;
use crate::field::{Cancelled, Channels, Field};
use crate::kernel::{self, Tangents};
use crate::orbit::{Followed, Orbit};
use crate::simd::{Backend, Double, Task, Vector};
use crate::step::{BurningShip, Iteration, Quadratic, Tricorn};
use crate::subdivision::Subdivision;
use crate::view::Rect;
use alone::Alone;
pub(crate) use difference::{Difference, Powers};
pub(crate) use exact::Exact;
pub(crate) use offsets::Offsets;
use pass::{Drawn, Passes};

/// A picture's samples.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a> {
    pub(crate) orbit: &'a Orbit,
    pub(crate) offsets: &'a Offsets,
    pub(crate) exact: &'a Exact,
    pub(crate) limit: u64,
    /// How many bits a difference may lose before its sample is doubtful.
    pub(crate) most_loss: f64,
    /// Whether doubtful samples are iterated without a reference, because numbers of two f64 would lose them too.
    pub(crate) walks_alone: bool,
    pub(crate) channels: Channels,
    /// Whether squares are filled whose borders do not escape.
    pub(crate) subdivides: bool,
}

/// The escape field of a rectangle. Of what a look in f64 has seen only the doubtful samples are iterated, unless derivatives are asked for.
pub(crate) fn field(
    backend: Backend,
    samples: Samples,
    seen: Option<Seen>,
    rect: Rect,
    cancel: &AtomicBool,
) -> Result<Field, Cancelled> {
    let Samples {
        orbit,
        offsets,
        channels,
        subdivides,
        ..
    } = samples;
    let mut pixel = offsets.pixel();
    if !orbit.is_extended() {
        pixel = pixel.map(|part| part * power_of_two(offsets.exponent));
    }
    let mut tangents = Tangents::of_pixel(orbit.iteration(), pixel);
    let starts = returning::starts(backend, &samples, rect, cancel)?;
    // Of what has been seen few samples are left; what begins elsewhere than at 0 has been followed already.
    let subdivision = (subdivides && seen.is_none() && starts.is_none())
        .then(|| Subdivision::new(rect, offsets.samples));
    let asked = rect;
    let rect = subdivision.as_ref().map_or(asked, Subdivision::rect);
    let piece = Piece {
        samples,
        tangents,
        seen: seen.as_ref(),
        starts,
        rect,
        cancel,
    };
    let part = subdivision.as_ref().map(Subdivision::wanted);
    let drawn = match orbit.iteration() {
        Iteration::Mandelbrot | Iteration::Julia { .. } => {
            piece.draw::<Quadratic>(backend, subdivision)
        }
        Iteration::Multibrot(_) => piece.draw::<Powers>(backend, subdivision),
        Iteration::BurningShip => piece.draw::<BurningShip>(backend, subdivision),
        Iteration::Tricorn => piece.draw::<Tricorn>(backend, subdivision),
    };
    let Drawn {
        mut field,
        leaving,
        mut doubtful,
    } = drawn?;
    // Those that were not mended.
    if let Some(seen) = &seen {
        // What is known of the others is what was seen.
        doubtful.retain(|sample| seen.doubtful.binary_search(sample).is_ok());
    }
    Alone::new(&samples, rect).draw(doubtful, &mut field, cancel)?;
    if channels.derivative {
        if orbit.is_extended() {
            let real = power_of_two(offsets.exponent);
            tangents.c = tangents.c.map(|side| side.map(|part| part * real));
        }
        kernel::leave(backend, orbit.iteration(), &tangents, &leaving, &mut field);
        if let Some(seen) = seen {
            field = seen.counts_of(field);
        }
    }
    if let Some([columns, rows]) = part {
        field = field.within(columns, rows);
    }
    if channels.cycles {
        cycles::find(samples, asked, &mut field, cancel)?;
    }
    Ok(field)
}

/// A rectangle of a picture.
struct Piece<'a> {
    samples: Samples<'a>,
    /// In units of 2^`offsets.exponent` where exponents are extended.
    tangents: Tangents,
    seen: Option<&'a Seen>,
    /// Where samples begin, if that is not 0.
    starts: Option<Vec<Followed>>,
    rect: Rect,
    cancel: &'a AtomicBool,
}

impl Piece<'_> {
    /// All samples, or those that a subdivision asks for.
    fn draw<F: Difference>(
        &self,
        backend: Backend,
        subdivision: Option<Subdivision>,
    ) -> Result<Drawn, Cancelled> {
        let Samples {
            orbit, channels, ..
        } = self.samples;
        let drawn = match (orbit.is_extended(), channels.derivative) {
            (false, false) => backend.run(Draw::<F, false, false>::new(self, subdivision)),
            (false, true) => backend.run(Draw::<F, false, true>::new(self, subdivision)),
            (true, false) => backend.run(Draw::<F, true, false>::new(self, subdivision)),
            (true, true) => backend.run(Draw::<F, true, true>::new(self, subdivision)),
        }?;
        let can_mend = orbit.first().is_double() && !self.samples.walks_alone;
        if drawn.doubtful.is_empty() || !can_mend {
            return Ok(drawn);
        }
        backend.run(Mend::<F> {
            piece: self,
            drawn,
            formula: PhantomData,
        })
    }
}

/// All samples of a piece. A kind of passes is a task of its own: compilers take more than twice as long for functions that are twice as large.
struct Draw<'a, F: Difference, const EXTENDED: bool, const DERIVATIVE: bool> {
    piece: &'a Piece<'a>,
    subdivision: Option<Subdivision>,
    formula: PhantomData<F>,
}

impl<'a, F: Difference, const EXTENDED: bool, const DERIVATIVE: bool>
    Draw<'a, F, EXTENDED, DERIVATIVE>
{
    fn new(piece: &'a Piece<'a>, subdivision: Option<Subdivision>) -> Self {
        Draw {
            piece,
            subdivision,
            formula: PhantomData,
        }
    }
}

impl<F: Difference, const EXTENDED: bool, const DERIVATIVE: bool> Task
    for Draw<'_, F, EXTENDED, DERIVATIVE>
{
    type Output = Result<Drawn, Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        Passes::<V, F, F::Jump, EXTENDED, DERIVATIVE>::new(self.piece).run(self.subdivision)
    }
}

/// The doubtful samples of a piece, once more. They are few: one kind of passes does for all views. Where orbits are so steep, the set is nowhere farther
/// than a tiny part of a pixel, whatever f64 made of their derivatives.
struct Mend<'a, F: Difference> {
    piece: &'a Piece<'a>,
    drawn: Drawn,
    formula: PhantomData<F>,
}

impl<F: Difference> Task for Mend<'_, F> {
    type Output = Result<Drawn, Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        Passes::<Double<V>, F, F::DoubleJump, true, false>::mend(self.piece, self.drawn)
    }
}
