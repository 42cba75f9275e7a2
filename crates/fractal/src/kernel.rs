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
use crate::series::Series;
use crate::simd::{Backend, Scalar, Task, Vector};
use crate::step::{Iteration, Step, with_step};
use crate::subdivision::Subdivision;
use crate::view::Rect;
pub(crate) use finish::{TOGETHER as FINISHED_TOGETHER, finish};
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
        ..
    } = wanted;
    let begin = Begin {
        iteration,
        grid,
        series: None,
    };
    let (mut field, _) = counts::<false>(backend, begin, wanted, cancel)?;
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

/// Where orbits begin.
#[derive(Clone, Copy)]
pub(crate) struct Begin<'a> {
    pub(crate) iteration: &'a Iteration,
    pub(crate) grid: &'a Grid,
    /// Where they are after some steps, if that is known.
    pub(crate) series: Option<&'a Series>,
}

/// The counts of a rectangle alone, and the samples, by ascending index, of which f64 may have made something else: each knows what its steps have
/// rounded, and what has become of that.
pub(crate) fn look(
    backend: Backend,
    begin: Begin,
    wanted: Wanted,
    cancel: &AtomicBool,
) -> Result<(Field, Vec<u32>), Cancelled> {
    let channels = Channels::default();
    counts::<true>(backend, begin, Wanted { channels, ..wanted }, cancel)
}

/// A field whose other channels are still to be written, and who is doubtful, if that is tracked.
fn counts<const TRACKED: bool>(
    backend: Backend,
    begin: Begin,
    wanted: Wanted,
    cancel: &AtomicBool,
) -> Result<(Field, Vec<u32>), Cancelled> {
    let Wanted {
        rect,
        limit,
        channels,
        subdivides,
    } = wanted;
    let subdivision = subdivides.then(|| Subdivision::new(rect, begin.grid.samples));
    let part = subdivision.as_ref().map(Subdivision::wanted);
    let direct = Direct::<TRACKED> {
        begin,
        limit,
        channels,
        rect: subdivision.as_ref().map_or(rect, Subdivision::rect),
        subdivision,
        cancel,
    };
    let (mut field, mut doubtful) = backend.run(direct)?;
    if let Some([columns, rows]) = part {
        doubtful = field.indices_within(&doubtful, &columns, &rows);
        field = field.within(columns, rows);
    }
    Ok((field, doubtful))
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

struct Direct<'a, const TRACKED: bool> {
    begin: Begin<'a>,
    limit: u64,
    channels: Channels,
    rect: Rect,
    /// Of that rectangle, if not all of its samples are needed.
    subdivision: Option<Subdivision>,
    cancel: &'a AtomicBool,
}

impl<const TRACKED: bool> Task for Direct<'_, TRACKED> {
    type Output = Result<(Field, Vec<u32>), Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        with_step!(self.begin.iteration, S => self.draw::<V, K, S>())
    }
}

impl<const TRACKED: bool> Direct<'_, TRACKED> {
    #[inline(always)]
    fn draw<V: Vector, const K: usize, S: Step>(self) -> Result<(Field, Vec<u32>), Cancelled> {
        let Begin {
            iteration,
            grid,
            series,
        } = self.begin;
        let mut launcher = Launcher::new(grid, self.rect, iteration);
        if let Some(series) = series {
            launcher.begin_with(series, grid, self.rect);
        }
        let mut field = Field::interior(launcher.width(), launcher.height(), self.channels);
        let (mut subdivision, mut doubtful) = (self.subdivision, launcher.beyond());
        loop {
            if let Some(subdivision) = &mut subdivision {
                let is_inside = |sample: usize| {
                    let is_doubtful = || doubtful.binary_search(&(sample as u32)).is_ok();
                    field.counts[sample] == 0 && !(TRACKED && is_doubtful())
                };
                let Some(samples) = subdivision.next(&is_inside) else {
                    break;
                };
                launcher.choose(samples);
            }
            let flights = Flights::<TRACKED>::new(launcher.first_age(), self.limit, self.cancel);
            doubtful.extend(flights.run::<V, S, K>(&mut launcher, &mut field)?);
            doubtful.sort_unstable();
            doubtful.dedup();
            if subdivision.is_none() {
                break;
            }
        }
        Ok((field, doubtful))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbit::Sequential;
    use crate::view::{Quality, View};
    use crate::{Plan, Renderer};

    fn renderer(view: &View) -> Renderer {
        let plan = Plan::new(view).unwrap();
        plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
    }

    /// Of a view that f64 hardly tells apart: samples of which it has made something else are among the doubtful, and not all are doubtful.
    #[test]
    fn who_is_lost_is_doubtful() {
        let view = View {
            width: 160,
            height: 90,
            quality: Quality::Exact,
            ..View::small(
                "-0.743643887037158704752191506114774",
                "0.131825904205311970493132056385139",
                "4e10",
                20_000,
            )
        };
        let rect = view.whole();
        let never = AtomicBool::new(false);
        let truth = renderer(&view).field(rect, &never).unwrap();
        let view = View {
            quality: Quality::Standard,
            ..view
        };
        let standard = renderer(&view);
        let plan = standard.plan();
        let grid = plan.grid().unwrap();
        let wanted = Wanted {
            rect,
            limit: view.limit,
            channels: Channels::default(),
            subdivides: false,
        };
        let begin = Begin {
            iteration: &Iteration::Mandelbrot,
            grid,
            series: None,
        };
        let (field, doubtful) = look(Backend::detect(), begin, wanted, &never).unwrap();
        let all = field.counts.len();
        assert!(doubtful.len() < all / 2, "{}", doubtful.len());
        let is_lost =
            |&sample: &u32| truth.counts[sample as usize] != field.counts[sample as usize];
        let lost: Vec<u32> = (0..all as u32).filter(is_lost).collect();
        let missed = lost
            .iter()
            .filter(|&sample| doubtful.binary_search(sample).is_err());
        let missed = missed.count();
        assert!(
            lost.len() > 20 && 1000 * missed <= all,
            "{missed} of {}",
            lost.len()
        );
    }
}
