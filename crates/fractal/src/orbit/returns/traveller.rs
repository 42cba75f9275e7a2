//! Where does one sample come to? As far as the longest map leads that is true where it is, again and again.

use super::maps::Maps;
use super::polynomial::{Terms, product};

/// One sample's c, and the maps as they are for it.
pub(crate) struct Traveller {
    /// In units of the maps.
    c: [f64; 2],
    terms: Vec<Terms>,
    /// For which sample each of them was made.
    made: Vec<u32>,
    sample: u32,
}

/// Of no sample.
const STALE: u32 = 0;

impl Traveller {
    pub(crate) fn new() -> Traveller {
        Traveller {
            c: [0.0; 2],
            terms: Vec::new(),
            made: Vec::new(),
            sample: STALE,
        }
    }

    /// Goes on with a sample of this c.
    #[inline(always)]
    pub(super) fn become_sample(&mut self, maps: &Maps, c: [f64; 2]) {
        self.terms.resize(maps.len(), Terms::ZERO);
        self.made.resize(maps.len(), STALE);
        self.c = c;
        self.sample += 1;
    }

    /// Forgets a map that is another one now.
    pub(super) fn forget(&mut self, map: usize) {
        if let Some(made) = self.made.get_mut(map) {
            *made = STALE;
        }
    }

    /// Goes on from z by the longest map of at most so many steps; `None` where there is none. Answers z, how many steps that was, and which map.
    #[inline(always)]
    pub(super) fn advance(
        &mut self,
        maps: &Maps,
        z: [f64; 2],
        most: u64,
    ) -> Option<([f64; 2], u64, usize)> {
        let rung = maps.rung(z, most)?;
        let (index, map, x) = match maps.cell(z) {
            Some((index, cell, map)) if map.steps > rung.map.steps && map.steps <= most => {
                (index, map, cell.argument(z))
            }
            _ => (rung.index, &rung.map, rung.argument(z)),
        };
        if self.made.len() <= index {
            self.become_sample(maps, self.c);
        }
        if self.made[index] != self.sample {
            self.made[index] = self.sample;
            self.terms[index] = map.of(self.c);
        }
        Some((self.terms[index].at(x), map.steps, index))
    }

    /// Goes on from z by exactly so many steps, in at most so many jumps.
    #[inline(always)]
    pub(super) fn run(
        &mut self,
        maps: &Maps,
        mut z: [f64; 2],
        mut steps: u64,
        most_jumps: u32,
    ) -> Option<[f64; 2]> {
        for _ in 0..most_jumps {
            if steps == 0 {
                return Some(z);
            }
            let (next, taken, _) = self.advance(maps, z, steps)?;
            z = next;
            steps -= taken;
        }
        (steps == 0).then_some(z)
    }
}

/// z².
#[inline(always)]
pub(super) fn square(z: [f64; 2]) -> [f64; 2] {
    product(z, z)
}
