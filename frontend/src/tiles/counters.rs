//! What does the tile cache count? Requests by where their tile came from.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use service::{Outcome, Outcomes};

/// Where a tile came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Came {
    Memory,
    Disk,
    Drawn,
    Shared,
    NotModified,
    Failed,
}

impl Outcome for Came {
    const ALL: &'static [Came] = &[
        Came::Memory,
        Came::Disk,
        Came::Drawn,
        Came::Shared,
        Came::NotModified,
        Came::Failed,
    ];

    fn name(self) -> &'static str {
        match self {
            Came::Memory => "memory",
            Came::Disk => "disk",
            Came::Drawn => "drawn",
            Came::Shared => "shared",
            Came::NotModified => "not_modified",
            Came::Failed => "failed",
        }
    }
}

/// The counters of the tile cache.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    requests: Outcomes<Came>,
    waiting: Gauge,
    pub(crate) disk_bytes: Gauge,
    pub(crate) unwritten: Counter,
}

/// Somebody who waits for a tile, until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Gauge);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Counters {
    /// Counters that `registry` shows.
    pub(crate) fn new(registry: &mut Registry) -> Counters {
        let about = "Requests for tiles, by where each came from";
        let counters = Counters {
            requests: Outcomes::new(registry, "requests", about),
            waiting: Gauge::default(),
            disk_bytes: Gauge::default(),
            unwritten: Counter::default(),
        };
        let about = "Requests that wait for their tiles";
        registry.register("waiting", about, counters.waiting.clone());
        let about = "Bytes of tiles in the folder";
        registry.register("disk_bytes", about, counters.disk_bytes.clone());
        let about = "Tiles that could not be written, or came faster than they can be";
        registry.register("unwritten", about, counters.unwritten.clone());
        counters
    }

    /// One more waits.
    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.inc();
        Waiting(self.waiting.clone())
    }

    pub(crate) fn count(&self, came: Came) {
        self.requests.count(came);
    }
}
