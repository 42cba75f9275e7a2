//! How large is this worker? As many threads as it may use, and a tile or two more in hand than threads,
//! so that no thread waits while an answer travels.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use protocol::Limits;

/// Some 16 million steps, and where speed is all 40: a hundred places of the deepest usual kind. An orbit that takes more than half of it
/// is kept as waypoints; a thousand million steps of those are half a gigabyte where 192 binary places are enough.
const ORBIT_MEMORY: u64 = 2 << 30;

/// What a worker is given; nothing of it changes while it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id that tiles carry in `X-Worker`.
    pub name: String,
    /// Threads that compute.
    pub threads: usize,
    /// Tiles that are drawn at once; `/readyz` reports it.
    pub capacity: usize,
    /// Tiles that may wait for one of those places; past it the worker answers 503.
    pub queue: usize,
    /// The largest view and tile.
    pub limits: Limits,
    /// Bytes of reference orbits that are kept; those under way may take as much again.
    pub orbit_memory: u64,
    /// How long tiles in flight may take after shutdown began.
    pub grace: Duration,
}

impl Settings {
    /// A worker called `name` with `threads` threads, or with as many as the machine, the affinity mask
    /// and the cgroup's CPU quota leave to it; `capacity` is one tile more than threads if not given.
    pub fn new(
        name: String,
        threads: Option<NonZero<usize>>,
        capacity: Option<NonZero<usize>>,
    ) -> Settings {
        // The standard library reads the cgroup's quota (v1 and v2), rounded down to at least one.
        let threads = threads
            .or_else(|| available_parallelism().ok())
            .map_or(1, NonZero::get);
        let capacity = capacity.map_or(threads + 1, NonZero::get);
        Settings {
            name,
            threads,
            capacity,
            queue: 2 * capacity,
            limits: Limits::default(),
            orbit_memory: ORBIT_MEMORY,
            grace: Duration::from_secs(30),
        }
    }
}
