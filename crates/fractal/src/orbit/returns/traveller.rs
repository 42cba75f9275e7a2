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
    /// Their derivatives by their argument and by c, where derivatives are asked for.
    slopes: Vec<[Terms; 2]>,
    slopes_made: Vec<u32>,
    sample: u32,
}

/// Where a jump leads.
pub(super) struct Landing {
    pub(super) z: [f64; 2],
    pub(super) steps: u64,
    /// Of the map.
    pub(super) index: usize,
    /// The map's argument where it began, and that one's derivative by z.
    argument: [f64; 2],
    stretch: [f64; 2],
}

/// Of no sample.
const STALE: u32 = 0;

impl Traveller {
    pub(crate) fn new() -> Traveller {
        Traveller {
            c: [0.0; 2],
            terms: Vec::new(),
            made: Vec::new(),
            slopes: Vec::new(),
            slopes_made: Vec::new(),
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

    /// Goes on from z by the longest map of at most so many steps; `None` where there is none.
    #[inline(always)]
    pub(super) fn advance(&mut self, maps: &Maps, z: [f64; 2], most: u64) -> Option<Landing> {
        let rung = maps.rung(z, most)?;
        let (index, map, (argument, stretch)) = match maps.cell(z) {
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
        Some(Landing {
            z: self.terms[index].at(argument),
            steps: map.steps,
            index,
            argument,
            stretch,
        })
    }

    /// What becomes of z's derivative by c, in units of the maps, on the way to where a jump has led.
    #[inline(always)]
    pub(super) fn carry(
        &mut self,
        maps: &Maps,
        landing: &Landing,
        derivative: [f64; 2],
    ) -> [f64; 2] {
        let index = landing.index;
        if self.slopes.len() < maps.len() {
            self.slopes.resize(maps.len(), [Terms::ZERO; 2]);
            self.slopes_made.resize(maps.len(), STALE);
        }
        if self.slopes_made[index] != self.sample {
            self.slopes_made[index] = self.sample;
            self.slopes[index] = [self.terms[index].derivative(), maps.map(index).by_c(self.c)];
        }
        let [by_argument, by_c] = &self.slopes[index];
        let by_z = product(by_argument.at(landing.argument), landing.stretch);
        let [re, im] = product(by_z, derivative);
        let [more_re, more_im] = by_c.at(landing.argument);
        [re + more_re, im + more_im]
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
            let landing = self.advance(maps, z, steps)?;
            z = landing.z;
            steps -= landing.steps;
        }
        (steps == 0).then_some(z)
    }
}

/// z².
#[inline(always)]
pub(super) fn square(z: [f64; 2]) -> [f64; 2] {
    product(z, z)
}
