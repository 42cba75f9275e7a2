//! Which samples has f64 lost, and who sees to them?
//!
//! Where f64's grain begins to show, rounding moves a sample by a small part of a pitch, and its smooth count by about as small a part
//! of what it differs by from those of its neighbours. So neighbours tell whom f64 may have lost, and bounds of errors need not be carried
//! along. Those samples are iterated again with more digits; the others keep what a look in f64 has found.

mod again;
mod neighbours;

use std::sync::atomic::AtomicBool;

use crate::field::{Cancelled, Field, Wanted};
use crate::grid::Grid;
use crate::kernel;
use crate::simd::Backend;
use crate::step::Iteration;
use crate::view::Rect;

/// The samples of a view as f64 sees them, and when it is not believed.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The view with a pixel more on each side, so that every sample of any piece has all its neighbours.
    ringed: Grid,
    /// From this difference of its smooth count from a neighbour's on a sample is doubtful.
    steepest: f64,
}

/// What a look finds in a rectangle.
pub(crate) struct Seen {
    pub(crate) field: Field,
    /// By ascending index.
    pub(crate) doubtful: Vec<u32>,
}

impl Seen {
    /// The field that was made of all samples by a reference, with the counts of those that are not doubtful as they were seen: a field's counts do
    /// not depend on which channels it has.
    pub(crate) fn counts_of(mut self, mut other: Field) -> Field {
        for &sample in &self.doubtful {
            let sample = sample as usize;
            self.field.counts[sample] = other.counts[sample];
            self.field.smooth[sample] = other.smooth[sample];
        }
        (other.counts, other.smooth) = (self.field.counts, self.field.smooth);
        let all: Vec<u32> = (0..other.counts.len() as u32).collect();
        other.agree(&all);
        other
    }
}

impl Look {
    pub(crate) fn new(grid: &Grid, iteration: &Iteration, steepest: f64) -> Look {
        let more = 2 * i64::from(grid.samples);
        Look {
            ringed: Grid {
                columns: grid.columns + more,
                rows: grid.rows + more,
                ..grid.clone()
            },
            // Bands of a higher degree are as much fewer.
            steepest: steepest / libm::log2(f64::from(iteration.degree())),
        }
    }

    /// The field of a rectangle in f64. It depends on nothing beyond the neighbours of its samples, so any split gives the same.
    pub(crate) fn at(
        &self,
        backend: Backend,
        iteration: &Iteration,
        wanted: Wanted,
        cancel: &AtomicBool,
    ) -> Result<Seen, Cancelled> {
        // In the ringed view it begins a pixel farther to the upper left.
        let rect = Rect {
            w: wanted.rect.w.saturating_add(2),
            h: wanted.rect.h.saturating_add(2),
            ..wanted.rect
        };
        let ringed = Wanted { rect, ..wanted };
        let field = kernel::field(backend, iteration, &self.ringed, ringed, cancel)?;
        let ring = self.ringed.samples as usize;
        let doubtful = neighbours::doubtful(&field, ring, self.steepest);
        let (columns, rows) = (ring..field.width - ring, ring..field.height - ring);
        Ok(Seen {
            doubtful,
            field: field.within(columns, rows),
        })
    }
}

/// The escape field of a rectangle whose doubtful samples are iterated in numbers of two f64.
pub(crate) fn field(
    backend: Backend,
    (look, grid): (&Look, &Grid),
    iteration: &Iteration,
    wanted: Wanted,
    cancel: &AtomicBool,
) -> Result<Field, Cancelled> {
    let Seen {
        mut field,
        doubtful,
    } = look.at(backend, iteration, wanted, cancel)?;
    field.forget(&doubtful);
    backend.run(again::Again {
        iteration,
        grid,
        limit: wanted.limit,
        rect: wanted.rect,
        doubtful: &doubtful,
        field: &mut field,
        cancel,
    })?;
    field.agree(&doubtful);
    Ok(field)
}
