//! What a worker counts: tiles by how they ended, samples, seconds, and how full it is.

use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use service::{Metrics, Outcomes};

use crate::admission::Admission;

/// How a request for a tile ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Drawn and answered.
    Drawn,
    /// The client has it already.
    NotModified,
    /// No place was free, nor a place in the queue.
    Refused,
    /// The requester went away.
    Abandoned,
    /// A mistake of ours.
    Failed,
}

impl service::Outcome for Outcome {
    const ALL: &'static [Outcome] = &[
        Outcome::Drawn,
        Outcome::NotModified,
        Outcome::Refused,
        Outcome::Abandoned,
        Outcome::Failed,
    ];

    fn name(self) -> &'static str {
        match self {
            Outcome::Drawn => "drawn",
            Outcome::NotModified => "not_modified",
            Outcome::Refused => "refused",
            Outcome::Abandoned => "abandoned",
            Outcome::Failed => "failed",
        }
    }
}

/// The worker's counters; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct TileMetrics {
    tiles: Outcomes<Outcome>,
    samples: Counter,
    seconds: Histogram,
}

impl TileMetrics {
    /// For a worker with so many `threads`.
    pub(crate) fn new(
        admission: &Admission,
        orbits: &OrbitMetrics,
        threads: usize,
    ) -> (TileMetrics, Metrics) {
        let mut registry = Registry::with_prefix("tilebrot");
        let tile_metrics = TileMetrics {
            tiles: Outcomes::new(
                &mut registry,
                "tiles",
                "Requests for tiles by how they ended",
            ),
            samples: Counter::default(),
            // 1 ms to about 4 minutes.
            seconds: Histogram::new(exponential_buckets(0.001, 2.0, 18)),
        };
        registry.register(
            "samples",
            "Samples iterated for drawn tiles",
            tile_metrics.samples.clone(),
        );
        registry.register(
            "tile_seconds",
            "Seconds from a tile's arrival to its answer",
            tile_metrics.seconds.clone(),
        );
        let backend = format!("{:?}", fractal::Backend::detect()).to_lowercase();
        registry.register(
            "worker",
            "What the worker draws with",
            Info::new([("backend", backend), ("threads", threads.to_string())]),
        );
        orbits.register(&mut registry);
        registry.register_collector(Box::new(Fullness(admission.clone())));
        (tile_metrics, Metrics::new(registry))
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        self.tiles.count(outcome);
    }

    /// A tile whose end is not known yet: abandoned, unless something else is said of it.
    pub(crate) fn pending(&self) -> Pending {
        Pending {
            metrics: self.clone(),
            outcome: Outcome::Abandoned,
        }
    }
}

/// What is counted of reference orbits; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct OrbitMetrics {
    pub(crate) computed: Counter,
    pub(crate) reused: Counter,
    pub(crate) bytes: Gauge,
    computing: Gauge,
    pub(crate) seconds: Histogram,
}

impl Default for OrbitMetrics {
    fn default() -> OrbitMetrics {
        OrbitMetrics {
            computed: Counter::default(),
            reused: Counter::default(),
            bytes: Gauge::default(),
            computing: Gauge::default(),
            // 1 ms to about 17 minutes.
            seconds: Histogram::new(exponential_buckets(0.001, 4.0, 11)),
        }
    }
}

impl OrbitMetrics {
    fn register(&self, registry: &mut Registry) {
        let computed = "Reference orbits that were computed";
        registry.register("orbits_computed", computed, self.computed.clone());
        let reused = "Requests that found their reference orbit, or somebody who was computing it";
        registry.register("orbits_reused", reused, self.reused.clone());
        let bytes = "Memory of the reference orbits that are kept";
        registry.register("orbits_bytes", bytes, self.bytes.clone());
        let computing = "Reference orbits that are being computed";
        registry.register("orbits_computing", computing, self.computing.clone());
        let seconds = "Seconds to compute a reference orbit";
        registry.register("orbit_seconds", seconds, self.seconds.clone());
    }

    /// An orbit is being computed until the guard is dropped.
    pub(crate) fn computing(&self) -> Computing {
        self.computing.inc();
        Computing(self.computing.clone())
    }
}

/// An orbit that is being computed.
#[derive(Debug)]
pub(crate) struct Computing(Gauge);

impl Drop for Computing {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts one tile when it is dropped.
pub(crate) struct Pending {
    metrics: TileMetrics,
    outcome: Outcome,
}

impl Pending {
    pub(crate) fn drawn(mut self, samples: u64, took: Duration) {
        self.outcome = Outcome::Drawn;
        self.metrics.samples.inc_by(samples);
        self.metrics.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.metrics.count(self.outcome);
    }
}

/// Gauges that are read off the admission when they are asked for.
#[derive(Debug)]
struct Fullness(Admission);

impl Collector for Fullness {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let gauges = [
            ("in_flight", "Tiles being drawn", self.0.in_flight()),
            (
                "capacity",
                "Tiles that are drawn at once",
                self.0.capacity(),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
