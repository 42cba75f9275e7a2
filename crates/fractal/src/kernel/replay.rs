//! What does it cost to carry derivatives, when most that is iterated is interior, or waits in queues?
//!
//! Nothing, if they are not carried there: once all counts are known, the orbits that escape are iterated once more. Orbits of about the same
//! age at their end go together, so that none is asked on the way whether it has escaped.

use std::sync::atomic::{AtomicBool, Ordering};

use super::launch::Launcher;
use super::slope::{Orbits, Tangents, leave_one, splat_both};
use crate::field::{Cancelled, Field};
use crate::grid::Grid;
use crate::simd::{Task, Vector};
use crate::step::{Iteration, Step, with_step};
use crate::view::Rect;

/// Vectors iterated side by side: z and tangents of four fill the registers of AVX-512, and its pipelines.
const TOGETHER: usize = 4;

/// Up to so many different counts samples are sorted by a table of them, which a second-level cache holds.
const FEW_COUNTS: usize = 1 << 16;

/// Steps between two looks at the flag: some 10 µs.
const BLOCK: u64 = 4096;

/// Writes how fast every escaping orbit grows.
pub(super) struct Replay<'a> {
    pub(super) iteration: &'a Iteration,
    pub(super) grid: &'a Grid,
    pub(super) rect: Rect,
    pub(super) field: &'a mut Field,
    pub(super) cancel: &'a AtomicBool,
}

impl Task for Replay<'_> {
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn run<V: Vector, const K: usize>(self) -> Self::Output {
        with_step!(self.iteration, S => self.all::<V, S>())
    }
}

impl Replay<'_> {
    #[inline(always)]
    fn all<V: Vector, S: Step>(self) -> Result<(), Cancelled> {
        let Replay { field, cancel, .. } = self;
        let launcher = Launcher::new(self.grid, self.rect, self.iteration);
        let tangents = Tangents::of_pixel(self.iteration, self.grid.pixel());
        for samples in by_count(&field.counts).chunks(TOGETHER * V::LANES) {
            let mut flight = Flight::<V>::new(&launcher, &tangents, samples, &field.counts);
            let youngest = field.counts[samples[0] as usize];
            flight.fly::<S>(youngest - 1, cancel)?;
            for (k, samples) in samples.chunks(V::LANES).enumerate() {
                let oldest = field.counts[samples[samples.len() - 1] as usize];
                flight.part::<S>(k, oldest - youngest, cancel)?;
                let orbits = flight.orbits(k, (1 << samples.len()) - 1);
                leave_one::<V, S>(orbits, flight.tangents_of_c, field);
            }
        }
        Ok(())
    }
}

/// The samples that escape, by ascending count.
fn by_count(counts: &[u64]) -> Vec<u64> {
    let escaping = || (0..).zip(counts).filter(|(_, count)| **count > 0);
    let most = counts.iter().copied().max().unwrap_or(0) as usize;
    if most > FEW_COUNTS {
        let mut samples: Vec<u64> = escaping().map(|(sample, _)| sample).collect();
        samples.sort_unstable_by_key(|&sample| (counts[sample as usize], sample));
        return samples;
    }
    // Counting sort: where those of each count begin.
    let mut places = vec![0; most + 2];
    for (_, &count) in escaping() {
        places[count as usize + 1] += 1;
    }
    for count in 1..places.len() {
        places[count] += places[count - 1];
    }
    let mut samples = vec![0; places[most + 1]];
    for (sample, &count) in escaping() {
        let place = &mut places[count as usize];
        samples[*place] = sample;
        *place += 1;
    }
    samples
}

/// Some vectors of orbits of about one age at their end.
struct Flight<V> {
    x: [V; TOGETHER],
    y: [V; TOGETHER],
    cx: [V; TOGETHER],
    cy: [V; TOGETHER],
    tangents: [[[V; 2]; 2]; TOGETHER],
    tangents_of_c: [[V; 2]; 2],
    index: [V; TOGETHER],
    /// Steps that a lane has to take after the youngest has escaped.
    left: [V; TOGETHER],
}

impl<V: Vector> Flight<V> {
    #[inline(always)]
    fn new(launcher: &Launcher, tangents: &Tangents, samples: &[u64], counts: &[u64]) -> Self {
        let zero = [V::splat(0.0); TOGETHER];
        let mut flight = Flight {
            x: zero,
            y: zero,
            cx: zero,
            cy: zero,
            tangents: [splat_both(tangents.start); TOGETHER],
            tangents_of_c: splat_both(tangents.c),
            index: zero,
            left: zero,
        };
        let youngest = counts[samples[0] as usize];
        for (k, samples) in samples.chunks(V::LANES).enumerate() {
            let (x, y) = launcher.points::<V>(samples);
            (flight.x[k], flight.y[k]) = (x, y);
            (flight.cx[k], flight.cy[k]) = launcher.c(x, y);
            let (mut index, mut left) = ([0.0; 8], [0.0; 8]);
            for (lane, &sample) in samples.iter().enumerate() {
                index[lane] = sample as f64;
                left[lane] = (counts[sample as usize] - youngest) as f64;
            }
            (flight.index[k], flight.left[k]) = (V::load(&index), V::load(&left));
        }
        flight
    }

    /// Takes steps that no lane's orbit ends within.
    #[inline(always)]
    fn fly<S: Step>(&mut self, mut steps: u64, cancel: &AtomicBool) -> Result<(), Cancelled> {
        while steps > 0 {
            let block = steps.min(BLOCK);
            let (mut x, mut y, mut tangents) = (self.x, self.y, self.tangents);
            for _ in 0..block {
                for k in 0..TOGETHER {
                    let z = [x[k], y[k]];
                    for t in 0..S::TANGENTS {
                        tangents[k][t] = S::tangent(z, tangents[k][t], self.tangents_of_c[t]);
                    }
                    (x[k], y[k]) = S::step(x[k], y[k], self.cx[k], self.cy[k]);
                }
            }
            (self.x, self.y, self.tangents) = (x, y, tangents);
            steps -= block;
            if cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
        }
        Ok(())
    }

    /// Takes steps until the orbit of every lane of a vector has escaped.
    #[inline(always)]
    fn part<S: Step>(
        &mut self,
        k: usize,
        steps: u64,
        cancel: &AtomicBool,
    ) -> Result<(), Cancelled> {
        let (left, c) = (self.left[k], [self.cx[k], self.cy[k]]);
        let (mut x, mut y, mut tangents) = (self.x[k], self.y[k], self.tangents[k]);
        for step in 0..steps {
            let goes_on = V::splat(step as f64).lt(left);
            for t in 0..S::TANGENTS {
                let next = S::tangent([x, y], tangents[t], self.tangents_of_c[t]);
                for part in 0..2 {
                    tangents[t][part] = V::select(goes_on, next[part], tangents[t][part]);
                }
            }
            let (next_x, next_y) = S::step(x, y, c[0], c[1]);
            (x, y) = (V::select(goes_on, next_x, x), V::select(goes_on, next_y, y));
            if step % BLOCK == 0 && cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
        }
        (self.x[k], self.y[k], self.tangents[k]) = (x, y, tangents);
        Ok(())
    }

    #[inline(always)]
    fn orbits(&self, k: usize, alive: u32) -> Orbits<V> {
        Orbits {
            z: [self.x[k], self.y[k]],
            c: [self.cx[k], self.cy[k]],
            tangents: self.tangents[k],
            index: self.index[k],
            alive,
        }
    }
}
