//! What does Prometheus get? The same picture as `/stats`, taken at the scrape: counts have one home.

use std::collections::HashSet;
use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::control::Control;
use crate::pool::State;
use crate::stats::{LEAVING, PoolStats, ServerStats};

pub(super) struct Collector(pub(super) Arc<Control>);

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collector")
    }
}

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut pools = super::pools(&self.0);
        for pool in &mut pools {
            drop_former(&mut pool.servers);
        }
        let mut page = Page {
            pools: &pools,
            encoder: &mut encoder,
        };
        page.process(&self.0)?;
        for (name, help, read) in POOL_COUNTS {
            page.pool_count(name, help, read)?;
        }
        for (name, help, read) in POOL_GAUGES {
            page.pool_gauge(name, help, read)?;
        }
        page.queue_waits()?;
        for (name, help, read) in SERVER_COUNTS {
            page.server_count(name, help, read)?;
        }
        page.server_states()?;
        for (name, help, read) in SERVER_GAUGES {
            page.server_gauge(name, help, read)?;
        }
        Ok(())
    }
}

/// A metric's name, what it means, and where its value comes from.
type Metric<T, V> = (&'static str, &'static str, fn(&T) -> V);

const POOL_COUNTS: [Metric<PoolStats, u64>; 8] = [
    ("requests", "Requests", |pool| pool.requests),
    ("queued", "Requests that had to wait", |pool| pool.queued),
    ("retries", "Tries after the first", |pool| pool.retries),
    (
        "retries_denied",
        "Tries that the retry budget forbade",
        |pool| pool.retries_denied,
    ),
    (
        "hedges",
        "Requests sent to a second server because their answer took long",
        |pool| pool.hedges,
    ),
    (
        "hedges_won",
        "Requests whose second server answered first",
        |pool| pool.hedges_won,
    ),
    ("refused", "Requests answered without a server", |pool| {
        pool.refused
    }),
    (
        "malformed",
        "Requests that could not be understood or carried",
        |pool| pool.malformed,
    ),
];
const POOL_GAUGES: [Metric<PoolStats, f64>; 2] = [
    ("queue_length", "Requests that wait", |pool| {
        pool.queue as f64
    }),
    ("queue_limit", "Requests that may wait", |pool| {
        pool.queue_limit as f64
    }),
];
const SERVER_COUNTS: [Metric<ServerStats, u64>; 5] = [
    ("server_requests", "Requests sent to a server", |server| {
        server.requests
    }),
    ("server_failures", "Requests a server failed", |server| {
        server.failures
    }),
    (
        "server_errors",
        "Answers of 5xx, and those that did not come in time",
        |server| server.errors,
    ),
    ("server_ejections", "Ejections of a server", |server| {
        server.ejections
    }),
    (
        "server_probe_failures",
        "Probes of a server that failed or were not answered",
        |server| server.probe_failures,
    ),
];
const SERVER_GAUGES: [Metric<ServerStats, f64>; 4] = [
    ("server_up", "Whether a server takes requests", |server| {
        f64::from(u8::from(server.state == State::Up && !server.leaving))
    }),
    ("server_in_flight", "Requests on a server", |server| {
        server.in_flight.into()
    }),
    (
        "server_capacity",
        "Requests a server runs at once",
        |server| server.capacity.into(),
    ),
    (
        "server_latency_seconds",
        "Average time to an answer's head",
        |server| server.latency_seconds,
    ),
];

struct Page<'a, 'e> {
    pools: &'a [PoolStats],
    encoder: &'a mut DescriptorEncoder<'e>,
}

impl Page<'_, '_> {
    /// What is of no pool.
    fn process(&mut self, control: &Control) -> Result<(), Error> {
        let lost = control.lost_lines();
        self.count("log_lines_lost", "Lines of logs that were lost", lost)?;
        let reloads = control.reloads.told();
        self.count("reloads", "Settings taken over", reloads.taken)?;
        self.count("reloads_refused", "Settings refused", reloads.refused)
    }

    fn count(&mut self, name: &str, help: &str, count: u64) -> Result<(), Error> {
        let counter = ConstCounter::new(count);
        let encoder = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        counter.encode(encoder)
    }

    fn pool_count(
        &mut self,
        name: &str,
        help: &str,
        read: fn(&PoolStats) -> u64,
    ) -> Result<(), Error> {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for pool in self.pools {
            let labels = [("pool", pool.name.as_str())];
            ConstCounter::new(read(pool)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn pool_gauge(
        &mut self,
        name: &str,
        help: &str,
        read: fn(&PoolStats) -> f64,
    ) -> Result<(), Error> {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for pool in self.pools {
            let labels = [("pool", pool.name.as_str())];
            ConstGauge::new(read(pool)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn queue_waits(&mut self) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(
            "queue_wait_seconds",
            "Time that tries waited for a slot, 0 for those that did not have to",
            None,
            MetricType::Histogram,
        )?;
        for pool in self.pools {
            let labels = [("pool", pool.name.as_str())];
            let waits = &pool.queue_wait;
            family
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(waits.seconds, waits.count, &waits.buckets, None)?;
        }
        Ok(())
    }

    /// A series for every state, so that a graph of one shows when it began and when it ended.
    fn server_states(&mut self) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(
            "server_state",
            "1 for the state that a server is in, 0 for the others",
            None,
            MetricType::Gauge,
        )?;
        for ([pool, address], server) in servers(self.pools) {
            for state in State::ALL.map(State::name).into_iter().chain([LEAVING]) {
                let labels = [pool, address, ("state", state)];
                let is = u32::from(state == server.state_name());
                ConstGauge::new(is).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn server_count(
        &mut self,
        name: &str,
        help: &str,
        read: fn(&ServerStats) -> u64,
    ) -> Result<(), Error> {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, server) in servers(self.pools) {
            ConstCounter::new(read(server)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn server_gauge(
        &mut self,
        name: &str,
        help: &str,
        read: fn(&ServerStats) -> f64,
    ) -> Result<(), Error> {
        let mut family = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, server) in servers(self.pools) {
            ConstGauge::new(read(server)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// An address that came back while requests of its first stay still run is there twice, and Prometheus takes a series
/// only once: the later server is shown.
fn drop_former(servers: &mut Vec<ServerStats>) {
    let mut seen = HashSet::new();
    servers.reverse();
    servers.retain(|server| seen.insert(server.address.clone()));
    servers.reverse();
}

type Labels<'a> = [(&'static str, &'a str); 2];

fn servers(pools: &[PoolStats]) -> impl Iterator<Item = (Labels<'_>, &ServerStats)> {
    pools.iter().flat_map(|pool| {
        pool.servers.iter().map(|server| {
            (
                [
                    ("pool", pool.name.as_str()),
                    ("server", server.address.as_str()),
                ],
                server,
            )
        })
    })
}
