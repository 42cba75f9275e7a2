//! Which cells are worth a map, and of how many steps? Those in which samples spend their jumps.
//!
//! In rounds: some samples are followed, and where they jump often a cell gets the longest map that is true in it, or is cut into four.

use std::sync::atomic::{AtomicBool, Ordering};

use super::TOLERANCE;
use super::circle::{coefficients, high, roots};
use super::maps::Maps;
use super::polynomial::{Map, TERMS, Terms};
use super::traveller::Traveller;
use crate::field::Cancelled;
use crate::simd::{Backend, Scalar, Task, Vector};

/// Samples that are followed, all over the circle that samples of views are in, and how many jumps each.
const SAMPLES: usize = 48;
const JUMPS: u32 = 6000;

/// How far from the reference they are, at most, as a part of the radius.
const SPREAD: f64 = 0.7;

/// A turn of a sunflower's seeds: no two samples are near each other (H. Vogel, 1979).
const TURN: f64 = 2.399_963_229_728_653;

const ROUNDS: u32 = 16;

/// Cells in which less than this part of the jumps are made are left as they are.
const WORTH_IT: u64 = 400;

pub(super) const MOST_CELLS: usize = 1024;

/// Points on a circle around a cell, and on one of c.
const POINTS: usize = 2 * TERMS;
const POINTS_OF_C: usize = 8;

/// Powers of c that are kept; the others tell how fast they fall off.
pub(super) const POWERS_OF_C: usize = 6;

/// A map that takes more jumps of others is not looked for yet.
const MOST_JUMPS: u32 = 200;

/// Longer maps are tried up to this many times a cell's own steps after the first that is not true.
const FARTHER: u64 = 4;

pub(super) struct Survey<'a> {
    maps: Maps,
    /// Cells that were cut, or can be made no better.
    done: Vec<bool>,
    roots: Vec<[Scalar; 2]>,
    /// One for each point of c's circle.
    travellers: Vec<Traveller>,
    cancel: &'a AtomicBool,
}

impl<'a> Survey<'a> {
    pub(super) fn new(maps: Maps, cancel: &'a AtomicBool) -> Survey<'a> {
        let roots: Vec<_> = roots(POINTS)
            .into_iter()
            .map(|root| root.map(|part| Scalar(high(part))))
            .collect();
        let travellers = roots
            .iter()
            .step_by(POINTS / POINTS_OF_C)
            .map(|[cos, sin]| {
                let mut traveller = Traveller::new();
                traveller.become_sample(&maps, [cos.0, sin.0]);
                traveller
            })
            .collect();
        Survey {
            maps,
            done: Vec::new(),
            roots,
            travellers,
            cancel,
        }
    }

    /// # Errors
    /// [`Cancelled`] soon after it was raised.
    pub(super) fn build(mut self) -> Result<Maps, Cancelled> {
        for _ in 0..ROUNDS {
            let counts = self.counts()?;
            let all: u64 = counts.iter().sum();
            let mut busiest: Vec<usize> = (0..counts.len()).collect();
            busiest.sort_by_key(|&cell| std::cmp::Reverse(counts[cell]));
            self.done.resize(counts.len(), false);
            let mut is_better = false;
            for cell in busiest {
                if counts[cell] * WORTH_IT < all {
                    break;
                }
                if !self.done[cell] {
                    is_better |= self.improve(cell)?;
                }
            }
            if !is_better {
                break;
            }
        }
        Ok(self.maps)
    }

    /// How many jumps samples begin in each cell.
    fn counts(&self) -> Result<Vec<u64>, Cancelled> {
        let mut counts = vec![0; self.maps.cells.cells.len()];
        let mut traveller = Traveller::new();
        for sample in 0..SAMPLES {
            self.look_at_cancel()?;
            let distance = libm::sqrt((sample as f64 + 0.5) / SAMPLES as f64) * SPREAD;
            let (sin, cos) = libm::sincos(sample as f64 * TURN);
            let c = [distance * cos, distance * sin];
            Backend::detect().run(Count {
                maps: &self.maps,
                traveller: &mut traveller,
                c,
                counts: &mut counts,
            });
        }
        Ok(counts)
    }

    /// Finds a longer map for a cell, or cuts it; says whether it did either.
    fn improve(&mut self, cell: usize) -> Result<bool, Cancelled> {
        let of = |maps: &Maps| {
            maps.cells.cells[cell]
                .map
                .as_ref()
                .map_or(0, |map| map.steps)
        };
        let own = of(&self.maps);
        self.lengthen(cell, own + 1)?;
        if of(&self.maps) > own {
            return Ok(true);
        }
        self.done[cell] = true;
        let parts = self.maps.cells.cells.len();
        if parts + 4 > MOST_CELLS || !self.maps.cells.split(cell) {
            return Ok(false);
        }
        self.done.resize(parts + 4, false);
        self.forget(cell);
        for part in parts..parts + 4 {
            self.lengthen(part, own)?;
        }
        Ok(true)
    }

    /// Gives a cell the longest map that is true in it, of at least so many steps.
    fn lengthen(&mut self, cell: usize, least: u64) -> Result<(), Cancelled> {
        let lengths: Vec<u64> = self
            .maps
            .rungs()
            .iter()
            .map(|rung| rung.map.steps)
            .collect();
        let mut best = None;
        for &steps in lengths.iter().skip(1).filter(|&&steps| steps >= least) {
            match self.found(cell, steps)? {
                Some(map) => best = Some(map),
                None if steps > FARTHER * least => break,
                None => {}
            }
        }
        if best.is_some() {
            self.maps.cells.cells[cell].map = best;
            self.forget(cell);
        }
        Ok(())
    }

    fn forget(&mut self, cell: usize) {
        let index = self.maps.index_of(cell);
        for traveller in &mut self.travellers {
            traveller.forget(index);
        }
    }

    /// The map of so many steps in a cell's disc, if it is true there.
    fn found(&mut self, cell: usize, steps: u64) -> Result<Option<Map>, Cancelled> {
        let tolerance = TOLERANCE * 0.25 * self.maps.cells.half_side;
        let mut rows = Vec::new();
        for at in 0..POINTS_OF_C {
            self.look_at_cancel()?;
            let task = Values {
                maps: &self.maps,
                traveller: &mut self.travellers[at],
                roots: &self.roots,
                cell,
                steps,
            };
            let Some(values) = Backend::detect().run(task) else {
                return Ok(None);
            };
            let row = coefficients(&values, &self.roots);
            if row[TERMS..].iter().any(|&term| size(term) > tolerance) {
                return Ok(None);
            }
            rows.push(row);
        }
        let mut by_c = vec![Terms::ZERO; POWERS_OF_C];
        for term in 0..TERMS {
            let column: Vec<_> = rows.iter().map(|row| row[term]).collect();
            let column = coefficients(&column, &self.roots);
            if column[POWERS_OF_C..]
                .iter()
                .any(|&term| size(term) > tolerance)
            {
                return Ok(None);
            }
            for (terms, [re, im]) in by_c.iter_mut().zip(column) {
                (terms.re[term], terms.im[term]) = (re.0, im.0);
            }
        }
        Ok(Some(Map::new(steps, by_c, tolerance / 1024.0)))
    }

    fn look_at_cancel(&self) -> Result<(), Cancelled> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        Ok(())
    }
}

fn size(term: [Scalar; 2]) -> f64 {
    libm::sqrt(Scalar::norm(term).0)
}

/// Counts in which cells a sample's jumps begin.
struct Count<'a> {
    maps: &'a Maps,
    traveller: &'a mut Traveller,
    c: [f64; 2],
    counts: &'a mut [u64],
}

impl Task for Count<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        self.traveller.become_sample(self.maps, self.c);
        let mut z = [0.0; 2];
        for _ in 0..JUMPS {
            if let Some(cell) = self.maps.cells.at(z) {
                self.counts[cell] += 1;
            }
            let Some(landing) = self.traveller.advance(self.maps, z, u64::MAX) else {
                break;
            };
            z = landing.z;
        }
    }
}

/// Where points of a cell's circle come to; nothing if one cannot be followed so far.
struct Values<'a> {
    maps: &'a Maps,
    traveller: &'a mut Traveller,
    roots: &'a [[Scalar; 2]],
    cell: usize,
    steps: u64,
}

impl Task for Values<'_> {
    type Output = Option<Vec<[Scalar; 2]>>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        let cell = &self.maps.cells.cells[self.cell];
        let mut values = Vec::with_capacity(self.roots.len());
        for [cos, sin] in self.roots {
            let z = [
                cell.radius.mul_add(cos.0, cell.centre[0]),
                cell.radius.mul_add(sin.0, cell.centre[1]),
            ];
            let [x, y] = self.traveller.run(self.maps, z, self.steps, MOST_JUMPS)?;
            values.push([Scalar(x), Scalar(y)]);
        }
        Some(values)
    }
}
