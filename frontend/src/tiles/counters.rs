//! What does the tile cache count? Requests by where their tile came from.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use service::{Outcome, Outcomes};

/// Where a tile came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Came {
    Memory,
    Drawn,
    Shared,
    NotModified,
    Failed,
}

impl Outcome for Came {
    const ALL: &'static [Came] = &[
        Came::Memory,
        Came::Drawn,
        Came::Shared,
        Came::NotModified,
        Came::Failed,
    ];

    fn name(self) -> &'static str {
        match self {
            Came::Memory => "memory",
            Came::Drawn => "drawn",
            Came::Shared => "shared",
            Came::NotModified => "not_modified",
            Came::Failed => "failed",
        }
    }
}

/// The counters of the tile cache.
#[derive(Debug)]
pub(crate) struct Counters {
    requests: Outcomes<Came>,
    waiting: Gauge,
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
        };
        let about = "Requests that wait for their tiles";
        registry.register("waiting", about, counters.waiting.clone());
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
