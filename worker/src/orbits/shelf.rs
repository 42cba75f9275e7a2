//! Which orbits are kept? Those that were used last, as many as there is memory for.

use std::sync::Arc;

use fractal::{Orbit, OrbitKey};

/// A search looks at each; more places than this are in nobody's use at a time.
const MOST_ORBITS: usize = 512;

/// Orbits, the one that was used last at the end.
#[derive(Debug)]
pub(super) struct Shelf {
    orbits: Vec<(OrbitKey, Arc<Orbit>)>,
    bytes: u64,
    most_bytes: u64,
}

impl Shelf {
    pub(super) fn new(most_bytes: u64) -> Shelf {
        Shelf {
            orbits: Vec::new(),
            bytes: 0,
            most_bytes,
        }
    }

    /// Memory that all of them take.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// An orbit that does for `key`, which is now the one that was used last.
    pub(super) fn take_up(&mut self, key: &OrbitKey) -> Option<Arc<Orbit>> {
        let at = self.orbits.iter().position(|(own, _)| own.serves(key))?;
        let used = self.orbits.remove(at);
        let orbit = Arc::clone(&used.1);
        self.orbits.push(used);
        Some(orbit)
    }

    /// Keeps an orbit, if it fits at all, in the place of those that it does for and of those that were not used for longest.
    pub(super) fn put(&mut self, key: OrbitKey, orbit: Arc<Orbit>) {
        self.orbits.retain(|(own, _)| !key.serves(own));
        self.orbits.push((key, orbit));
        self.bytes = self.orbits.iter().map(|(_, orbit)| size(orbit)).sum();
        while self.bytes > self.most_bytes || self.orbits.len() > MOST_ORBITS {
            let (_, oldest) = self.orbits.remove(0);
            self.bytes -= size(&oldest);
        }
    }
}

fn size(orbit: &Orbit) -> u64 {
    orbit.bytes() as u64
}
