//! How does every lane of every vector stay busy, when each sample's orbit ends at its own time?
//!
//! Orbits wait in queues, one for each [`level::Level`] of age, until a whole flight of them can be iterated together. Those that
//! escape go to [`finish`], those found periodic are dropped, the others wait at the next level. Which orbits share
//! a flight never changes a result: a block of iterations begins at the same age in every orbit.
//!
//! Derivatives are followed afterwards, by [`replay`], when it is known which orbits escape and how old they become.

mod finish;
mod flight;
mod launch;
mod level;
mod queue;
mod replay;
mod slope;
mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cycle;
use crate::field::{Cancelled, Channels, Field, Wanted};
use crate::grid::Grid;
use crate::simd::{Backend, Scalar, Task, Vector};
use crate::step::{Iteration, Step, with_step};
use crate::subdivision::Subdivision;
use crate::view::Rect;
pub(crate) use finish::finish;
use flight::Flights;
pub(crate) use launch::Launcher;
use replay::Replay;
pub(crate) use slope::{Leaving, Tangents, leave, splat_both};
pub(crate) use sweep::Escaping;

/// The escape field of a rectangle.
pub(crate) fn field(
    backend: Backend,
    iteration: &Iteration,
    grid: &Grid,
    wanted: Wanted,
    cancel: &AtomicBool,
) -> Result<Field, Cancelled> {
    let Wanted {
        rect,
        limit,
        channels,
        subdivides,
    } = wanted;
    let subdivision = subdivides.then(|| Subdivision::new(rect, grid.samples));
    let part = subdivision.as_ref().map(Subdivision::wanted);
    let mut field = backend.run(Direct {
        iteration,
        grid,
        limit,
        channels,
        rect: subdivision.as_ref().map_or(rect, Subdivision::rect),
        subdivision,
        cancel,
    })?;
    if let Some([columns, rows]) = part {
        field = field.within(columns, rows);
    }
    if channels.derivative {
        backend.run(Replay {
            iteration,
            grid,
            rect,
            field: &mut field,
            cancel,
        })?;
    }
    if channels.cycles && cycle::has_multipliers(iteration) {
        find_cycles(
            iteration,
            &Launcher::new(grid, rect, iteration),
            limit,
            &mut field,
            cancel,
        )?;
    }
    Ok(field)
}

/// Writes which cycles attract the samples that have not escaped.
fn find_cycles(
    iteration: &Iteration,
    launcher: &Launcher,
    limit: u64,
    field: &mut Field,
    cancel: &AtomicBool,
) -> Result<(), Cancelled> {
    for sample in 0..field.counts.len() {
        if field.counts[sample] > 0 {
            continue;
        }
        if cancel.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let (Scalar(x), Scalar(y)) = launcher.points(&[sample as u64]);
        if let Some(cycle) = cycle::attracting([x, y], iteration.degree(), limit) {
            field.period[sample] = cycle.period;
            field.multiplier[sample] = cycle.multiplier.map(|part| part as f32);
        }
    }
    Ok(())
}

struct Direct<'a> {
    iteration: &'a Iteration,
    grid: &'a Grid,
    limit: u64,
    channels: Channels,
    rect: Rect,
    /// Of that rectangle, if not all of its samples are needed.
    subdivision: Option<Subdivision>,
    cancel: &'a AtomicBool,
}

impl Task for Direct<'_> {
    type Output = Result<Field, Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        with_step!(self.iteration, S => self.draw::<V, K, S>())
    }
}

impl Direct<'_> {
    #[inline(always)]
    fn draw<V: Vector, const K: usize, S: Step>(self) -> Result<Field, Cancelled> {
        let mut launcher = Launcher::new(self.grid, self.rect, self.iteration);
        let mut field = Field::interior(launcher.width(), launcher.height(), self.channels);
        let mut subdivision = self.subdivision;
        loop {
            if let Some(subdivision) = &mut subdivision {
                let Some(samples) = subdivision.next(|sample| field.counts[sample] == 0) else {
                    return Ok(field);
                };
                launcher.choose(samples);
            }
            Flights::new(self.limit, self.cancel).run::<V, S, K>(&mut launcher, &mut field)?;
            if subdivision.is_none() {
                return Ok(field);
            }
        }
    }
}
