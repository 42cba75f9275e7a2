//! How is an orbit kept that does not fit into memory? As waypoints: one point of every section in all its digits, from which the section is
//! walked again when somebody has to go there. It is then the same, bit for bit.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bilinear::SECTION;
use super::points::Points;
use super::section::Section;
use super::track::Builders;
use super::walk::{All, Walk};
use super::{FixedPoint, OrbitProgress, Sequential};
use crate::extended::Extended;
use crate::field::Cancelled;
use crate::step::Iteration;

/// An orbit's waypoints, and the sections that were walked again.
#[derive(Debug)]
pub(super) struct Waypoints {
    iteration: Iteration,
    c: FixedPoint,
    /// Binary places of `c` and of the waypoints.
    places: usize,
    keeps_low: bool,
    /// The points at the begin of each section.
    points: Vec<FixedPoint>,
    /// The index of the orbit's last point.
    last: usize,
    recent: Mutex<Recent>,
}

/// Some sections, by their numbers.
#[derive(Debug)]
struct Recent {
    most: usize,
    slots: Vec<(usize, Slot)>,
    /// Where in `slots` each is.
    at: HashMap<usize, usize>,
    /// How many have been evicted.
    evicted: u64,
}

/// Whoever comes first walks, and others wait: for one section.
type Slot = Arc<Mutex<Option<Arc<Section>>>>;

impl Waypoints {
    /// Of an orbit that was walked to its `last` point, with the points in `places` binary places at the begins of its sections. At
    /// most `most` sections are kept.
    pub(super) fn new(
        walk: &Walk,
        points: Vec<FixedPoint>,
        places: usize,
        last: usize,
        most: usize,
    ) -> Waypoints {
        let wider = |part: &dashu_int::IBig| part << (places - walk.bits);
        Waypoints {
            iteration: *walk.iteration,
            c: FixedPoint {
                re: wider(&walk.c.re),
                im: wider(&walk.c.im),
            },
            places,
            keeps_low: walk.keeps_low,
            points,
            last,
            recent: Mutex::new(Recent {
                most,
                slots: Vec::new(),
                at: HashMap::new(),
                evicted: 0,
            }),
        }
    }

    /// The section with the step from a point.
    ///
    /// # Errors
    /// [`Cancelled`] soon after `cancel` was raised.
    pub(super) fn section(
        &self,
        index: usize,
        builders: &Builders,
        cancel: &AtomicBool,
    ) -> Result<Arc<Section>, Cancelled> {
        let number = index / SECTION;
        let slot = lock(&self.recent).slot(number);
        let mut section = lock(&slot);
        if let Some(section) = &*section {
            return Ok(Arc::clone(section));
        }
        let made = Arc::new(builders.section(self.walk_again(number, cancel)?));
        *section = Some(Arc::clone(&made));
        Ok(made)
    }

    fn walk_again(&self, number: usize, cancel: &AtomicBool) -> Result<Points, Cancelled> {
        let first = number * SECTION;
        let walk = Walk {
            iteration: &self.iteration,
            start: Some(&self.points[number]),
            first,
            c: &self.c,
            bits: self.places,
            limit: SECTION.min(self.last - first) as u64,
            radius: Extended::default(), // where the orbit ends is known
            keeps_low: self.keeps_low,
        };
        walk.run(&mut All, &Sequential, &OrbitProgress::default(), cancel)
    }

    /// With as many sections of so many bytes as may come to be kept.
    pub(super) fn bytes(&self, section_bytes: usize) -> usize {
        let sections = self.points.len();
        sections * bytes_of_waypoint(self.places)
            + lock(&self.recent).most.min(sections) * section_bytes
    }
}

/// What a waypoint takes: two numbers, each with its length, its capacity and what the allocator adds.
pub(super) fn bytes_of_waypoint(places: usize) -> usize {
    const BESIDE: usize = 40;
    2 * (places.div_ceil(8) + BESIDE)
}

impl Recent {
    /// The slot of a section, in the place of any other where there are too many: samples go along the reference again and again, and
    /// whatever was used longest ago would be what is needed next.
    fn slot(&mut self, number: usize) -> Slot {
        if let Some(&at) = self.at.get(&number) {
            return Arc::clone(&self.slots[at].1);
        }
        if self.slots.len() >= self.most {
            self.evict();
        }
        let slot = Slot::default();
        self.at.insert(number, self.slots.len());
        self.slots.push((number, Arc::clone(&slot)));
        slot
    }

    fn evict(&mut self) {
        self.evicted += 1;
        let any = scattered(self.evicted) % self.slots.len() as u64;
        let (number, _) = self.slots.swap_remove(any as usize);
        self.at.remove(&number);
        if let Some((moved, _)) = self.slots.get(any as usize) {
            self.at.insert(*moved, any as usize);
        }
    }
}

/// As good as random (SplitMix64: G. L. Steele, D. Lea and C. H. Flood, 2014).
fn scattered(count: u64) -> u64 {
    let mut mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
