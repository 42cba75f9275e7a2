//! What does Prometheus get? The same picture as `/stats`, taken at the scrape: counts have one home.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Pools;
use crate::pool::State;
use crate::stats::{PoolStats, ServerStats};

#[derive(Debug)]
pub(super) struct Collector(pub(super) Pools);

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let pools: Vec<PoolStats> = self.0.iter().map(|pool| PoolStats::of(pool)).collect();
        let mut page = Page {
            pools: &pools,
            encoder: &mut encoder,
        };
        page.pool_count("requests", "Requests", |pool| pool.requests)?;
        page.pool_count("queued", "Requests that had to wait", |pool| pool.queued)?;
        page.pool_count("retries", "Tries after the first", |pool| pool.retries)?;
        page.pool_count("refused", "Requests answered without a server", |pool| {
            pool.refused
        })?;
        page.pool_gauge("queue_length", "Requests that wait", |pool| {
            pool.queue as f64
        })?;
        page.server_count("server_requests", "Requests sent to a server", |s| {
            s.requests
        })?;
        page.server_count("server_failures", "Requests a server failed", |s| {
            s.failures
        })?;
        page.server_count("server_ejections", "Ejections of a server", |s| s.ejections)?;
        page.server_gauge("server_up", "Whether a server takes requests", |s| {
            f64::from(u8::from(s.state == State::Up && !s.leaving))
        })?;
        page.server_gauge("server_in_flight", "Requests on a server", |s| {
            s.in_flight.into()
        })?;
        page.server_gauge("server_capacity", "Requests a server runs at once", |s| {
            s.capacity.into()
        })?;
        page.server_gauge(
            "server_latency_seconds",
            "Average time to an answer's head",
            |s| s.latency_seconds,
        )
    }
}

struct Page<'a, 'e> {
    pools: &'a [PoolStats],
    encoder: &'a mut DescriptorEncoder<'e>,
}

impl Page<'_, '_> {
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
