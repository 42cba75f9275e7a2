//! When do orbits that were iterated together part, and where do they go?
//!
//! A flight goes on from level to level while it is nearly full. Then its orbits join those that wait at the level that it
//! has reached, and the next flight leaves where enough of them wait.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use super::finish;
use super::launch::{Launch, Launcher};
use super::level::{LONG_BLOCK, Level, SHORT_BLOCK, levels};
use super::queue::Queue;
use super::sweep::{Escaping, Orbits, Sweep, note};
use crate::field::{Cancelled, Field};
use crate::simd::Vector;
use crate::step::Step;

/// All orbits of a rectangle that are on their way.
pub(super) struct Flights<'a, const TRACKED: bool> {
    levels: Vec<Level>,
    /// For each level the orbits that are about to begin it: x, y, cx, cy, index, saved x, saved y, and the error, if it is tracked.
    waiting: Vec<Queue<8>>,
    /// The level at which enough orbits for a flight wait; there is never more than one.
    full: Option<usize>,
    /// Orbits that escape within a long block.
    narrowing: Escaping,
    /// Orbits that escape within a short block.
    escaping: Escaping,
    /// Samples that f64 may have lost; none where errors are not tracked.
    doubtful: Vec<u32>,
    limit: u64,
    cancel: &'a AtomicBool,
}

/// What to do next.
enum Job {
    Finish,
    Narrow,
    Fly(usize),
    Launch,
}

/// Columns of those that wait of which the last is read where errors are tracked.
pub(super) const fn waiting_columns(tracked: bool) -> usize {
    if tracked { 8 } else { 7 }
}

impl<'a, const TRACKED: bool> Flights<'a, TRACKED> {
    /// Of orbits that begin at an age.
    pub(super) fn new(first: u64, limit: u64, cancel: &'a AtomicBool) -> Self {
        let levels = levels(first, limit);
        Flights {
            waiting: levels.iter().map(|_| Queue::new()).collect(),
            levels,
            full: None,
            narrowing: Queue::new(),
            escaping: Queue::new(),
            doubtful: Vec::new(),
            limit,
            cancel,
        }
    }

    /// Iterates every sample to its end. Answers who is doubtful.
    #[inline(always)]
    pub(super) fn run<V: Vector, S: Step, const K: usize>(
        mut self,
        launcher: &mut Launcher,
        field: &mut Field,
    ) -> Result<Vec<u32>, Cancelled> {
        while let Some(job) = self.next_job(K * V::LANES, launcher.is_done()) {
            // A flight polls for itself; launches alone can go on for milliseconds where all is interior.
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            match job {
                Job::Finish => finish::finish_all::<V, S, TRACKED>(
                    &mut self.escaping,
                    self.limit,
                    field,
                    &mut self.doubtful,
                ),
                Job::Narrow => self.narrow::<V, S, K>()?,
                Job::Fly(level) => self.fly::<V, S, K>(level)?,
                Job::Launch => {
                    V::call(Launch::<V, TRACKED> {
                        launcher,
                        flight: K * V::LANES,
                        waiting: &mut self.waiting[0],
                        escaping: &mut self.escaping,
                        vector: PhantomData,
                    });
                    self.note_full(0, K * V::LANES);
                }
            }
        }
        Ok(self.doubtful)
    }

    /// Work that needs a full flight first, so that no queue overflows; leftovers once all samples are launched.
    fn next_job(&mut self, flight: usize, all_launched: bool) -> Option<Job> {
        if self.escaping.len() >= flight {
            Some(Job::Finish)
        } else if self.narrowing.len() >= flight {
            Some(Job::Narrow)
        } else if let Some(level) = self.full.take() {
            Some(Job::Fly(level))
        } else if !all_launched {
            Some(Job::Launch)
        } else if let Some(level) = self.waiting.iter().position(|queue| queue.len() > 0) {
            Some(Job::Fly(level))
        } else if self.narrowing.len() > 0 {
            Some(Job::Narrow)
        } else {
            (self.escaping.len() > 0).then_some(Job::Finish)
        }
    }

    fn note_full(&mut self, level: usize, flight: usize) {
        if self.waiting[level].len() >= flight {
            self.full = Some(level);
        }
    }

    /// A flight from one level to wherever it is no longer nearly full.
    #[inline(always)]
    fn fly<V: Vector, S: Step, const K: usize>(&mut self, from: usize) -> Result<(), Cancelled> {
        let ([x, y, cx, cy, index, saved_x, saved_y, error], alive) =
            self.waiting[from].pop::<V, K>();
        let age = [V::splat(self.levels[from].age as f64); K];
        let mut orbits = Orbits {
            x,
            y,
            cx,
            cy,
            index,
            saved_x,
            saved_y,
            age,
            error,
            alive,
        };
        for level in from..self.levels.len() {
            let Level {
                blocks,
                is_long,
                saves,
                ..
            } = self.levels[level];
            if saves {
                (orbits.saved_x, orbits.saved_y) = (orbits.x, orbits.y);
            }
            if is_long {
                V::call(Sweep::<V, S, K, LONG_BLOCK, true, TRACKED> {
                    orbits: &mut orbits,
                    blocks,
                    escaping: &mut self.narrowing,
                    doubtful: &mut self.doubtful,
                    cancel: self.cancel,
                    step: PhantomData,
                })?;
            } else {
                self.sweep_short::<V, S, K>(&mut orbits, blocks)?;
            }
            let lanes = K * V::LANES;
            let alive = orbits
                .alive
                .iter()
                .map(|bits| bits.count_ones() as usize)
                .sum::<usize>();
            if alive < lanes - lanes / 8 && level + 1 < self.levels.len() {
                self.wait(level + 1, &orbits);
                self.note_full(level + 1, lanes);
                return Ok(());
            }
        }
        if TRACKED {
            // They have come to the limit.
            for k in 0..K {
                let Orbits {
                    alive,
                    error,
                    index,
                    ..
                } = &orbits;
                note(&mut self.doubtful, alive[k], error[k], index[k]);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn wait<V: Vector, const K: usize>(&mut self, level: usize, orbits: &Orbits<V, K>) {
        let Orbits {
            x,
            y,
            cx,
            cy,
            index,
            saved_x,
            saved_y,
            error,
            alive,
            ..
        } = orbits;
        for k in 0..K {
            let values = [
                x[k], y[k], cx[k], cy[k], index[k], saved_x[k], saved_y[k], error[k],
            ];
            self.waiting[level].push_some(waiting_columns(TRACKED), alive[k], values);
        }
    }

    /// From the long block to the short block in which an orbit escapes.
    #[inline(always)]
    fn narrow<V: Vector, S: Step, const K: usize>(&mut self) -> Result<(), Cancelled> {
        let ([x, y, cx, cy, index, age, error], alive) = self.narrowing.pop::<V, K>();
        let mut orbits = Orbits {
            x,
            y,
            cx,
            cy,
            index,
            saved_x: x,
            saved_y: y,
            age,
            error,
            alive,
        };
        self.sweep_short::<V, S, K>(&mut orbits, (LONG_BLOCK / SHORT_BLOCK) as u64)
    }

    #[inline(always)]
    fn sweep_short<V: Vector, S: Step, const K: usize>(
        &mut self,
        orbits: &mut Orbits<V, K>,
        blocks: u64,
    ) -> Result<(), Cancelled> {
        V::call(Sweep::<V, S, K, SHORT_BLOCK, false, TRACKED> {
            orbits,
            blocks,
            escaping: &mut self.escaping,
            doubtful: &mut self.doubtful,
            cancel: self.cancel,
            step: PhantomData,
        })
    }
}
