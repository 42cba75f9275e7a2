//! What does a frontend count? Pictures by how they ended, requests for pieces by what became of them,
//! and bytes of PNG.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use service::{Outcome, Outcomes};

/// How a render ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    Finished,
    Failed,
    Abandoned,
    Refused,
}

impl Outcome for Ended {
    const ALL: &'static [Ended] = &[
        Ended::Finished,
        Ended::Failed,
        Ended::Abandoned,
        Ended::Refused,
    ];

    fn name(self) -> &'static str {
        match self {
            Ended::Finished => "finished",
            Ended::Failed => "failed",
            Ended::Abandoned => "abandoned",
            Ended::Refused => "refused",
        }
    }
}

/// What became of a request for a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece {
    Drawn,
    Retried,
    Doubled,
}

impl Outcome for Piece {
    const ALL: &'static [Piece] = &[Piece::Drawn, Piece::Retried, Piece::Doubled];

    fn name(self) -> &'static str {
        match self {
            Piece::Drawn => "drawn",
            Piece::Retried => "retried",
            Piece::Doubled => "doubled",
        }
    }
}

/// The counters of a frontend; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    renders: Outcomes<Ended>,
    pieces: Outcomes<Piece>,
    pub(crate) in_flight: Gauge,
    pub(crate) png_bytes: Counter,
    pub(crate) seconds: Histogram,
}

impl Counters {
    /// Counters that `registry` shows.
    pub(crate) fn new(registry: &mut Registry) -> Counters {
        let registry = registry.sub_registry_with_prefix("tilebrot_frontend");
        let counters = Counters {
            renders: Outcomes::new(registry, "renders", "Pictures, by how they ended"),
            pieces: Outcomes::new(registry, "pieces", "Requests for pieces"),
            in_flight: Gauge::default(),
            png_bytes: Counter::default(),
            // From a thumbnail to the deadline.
            seconds: Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 600.0]),
        };
        registry.register(
            "renders_in_flight",
            "Pictures being drawn",
            counters.in_flight.clone(),
        );
        registry.register("png_bytes", "Bytes of PNG sent", counters.png_bytes.clone());
        registry.register(
            "render_seconds",
            "Time to the last byte",
            counters.seconds.clone(),
        );
        counters
    }

    pub(crate) fn render(&self, outcome: Ended) {
        self.renders.count(outcome);
    }

    pub(crate) fn piece(&self, outcome: Piece) {
        self.pieces.count(outcome);
    }
}
