//! What does a frontend count? Pictures by how they ended, requests for pieces by what became of them,
//! and bytes of PNG.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// How a render ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Ended {
    Finished,
    Failed,
    Abandoned,
    Refused,
}

/// What became of a request for a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Piece {
    Drawn,
    Retried,
    Doubled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RenderLabels {
    outcome: Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PieceLabels {
    outcome: Piece,
}

/// The counters of a frontend; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    renders: Family<RenderLabels, Counter>,
    pieces: Family<PieceLabels, Counter>,
    pub(crate) in_flight: Gauge,
    pub(crate) png_bytes: Counter,
    pub(crate) seconds: Histogram,
}

impl Counters {
    /// Counters that `registry` shows.
    pub(crate) fn new(registry: &mut Registry) -> Counters {
        let counters = Counters {
            renders: Family::default(),
            pieces: Family::default(),
            in_flight: Gauge::default(),
            png_bytes: Counter::default(),
            // From a thumbnail to the deadline.
            seconds: Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 600.0]),
        };
        let registry = registry.sub_registry_with_prefix("tilebrot_frontend");
        registry.register(
            "renders",
            "Pictures, by how they ended",
            counters.renders.clone(),
        );
        registry.register("pieces", "Requests for pieces", counters.pieces.clone());
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
        self.renders.get_or_create(&RenderLabels { outcome }).inc();
    }

    pub(crate) fn piece(&self, outcome: Piece) {
        self.pieces.get_or_create(&PieceLabels { outcome }).inc();
    }
}
