//! What a balancer's `/stats` says, as far as it is shown, and how fast its counts grow.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use serde::Deserialize;

/// Points of a sparkline.
const POINTS: usize = 40;

/// All pools at one moment.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Picture {
    pub(super) pools: Vec<Pool>,
    #[serde(default)]
    pub(super) reloads: Reloads,
}

/// What came of new settings.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Reloads {
    /// Why the last ones were refused.
    pub(super) mistake: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) algorithm: String,
    pub(super) capacity: Option<u32>,
    pub(super) queue: usize,
    pub(super) queue_limit: usize,
    pub(super) expected_wait_seconds: Option<f64>,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) refused: u64,
    pub(super) servers: Vec<Server>,
    pub(super) events: Vec<Event>,
    #[serde(skip)]
    pub(super) rate: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Server {
    pub(super) address: String,
    state: String,
    leaving: bool,
    pub(super) in_flight: u32,
    pub(super) capacity: u32,
    pub(super) capacity_known: bool,
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) latency_seconds: f64,
    #[serde(skip)]
    pub(super) rate: f64,
    /// In microseconds, the latest last.
    #[serde(skip)]
    pub(super) latencies: Vec<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub(super) unix_seconds: f64,
    pub(super) server: String,
    pub(super) what: String,
}

impl Server {
    /// The one word for it.
    pub(super) fn state(&self) -> &str {
        if self.leaving { "leaving" } else { &self.state }
    }

    /// `3 / 4`, or `3 / ?` where nobody told the capacity.
    pub(super) fn load(&self) -> String {
        match self.capacity_known {
            true => format!("{} / {}", self.in_flight, self.capacity),
            false => format!("{} / ?", self.in_flight),
        }
    }
}

impl Pool {
    /// One line about all of it.
    pub(super) fn summary(&self) -> String {
        let up = self.servers.iter().filter(|s| s.state() == "up").count();
        let in_flight: u32 = self.servers.iter().map(|server| server.in_flight).sum();
        let capacity = self.capacity.map_or("?".to_owned(), |c| c.to_string());
        format!(
            "{up} of {} up · in flight {in_flight} / {capacity} · waiting {} / {} (expected {}) · retries {} · refused {}",
            self.servers.len(),
            self.queue,
            self.queue_limit,
            self.expected_wait_seconds
                .map_or("unknown".to_owned(), duration),
            self.retries,
            self.refused,
        )
    }
}

/// `12.3 ms`, `1.2 s`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} ms", seconds * 1000.0)
    }
}

/// What the picture before said.
#[derive(Debug, Default)]
pub(super) struct Rates {
    at: Option<Instant>,
    counts: HashMap<String, u64>,
    latencies: HashMap<String, VecDeque<u64>>,
}

impl Rates {
    /// The picture with rates and latencies since the ones before.
    pub(super) fn of(&mut self, mut picture: Picture, now: Instant) -> Picture {
        let passed = self.at.map(|at| now.duration_since(at).as_secs_f64());
        self.at = Some(now);
        let (mut counts, mut latencies) = (HashMap::new(), HashMap::new());
        let mut rate = |key: String, count: u64| {
            let before = self.counts.get(&key).copied();
            counts.insert(key, count);
            match (before, passed) {
                (Some(before), Some(passed)) if passed > 0.0 => {
                    count.saturating_sub(before) as f64 / passed
                }
                _ => 0.0,
            }
        };
        for pool in &mut picture.pools {
            pool.rate = rate(pool.name.clone(), pool.requests);
            for server in &mut pool.servers {
                let key = format!("{} {}", pool.name, server.address);
                server.rate = rate(key.clone(), server.requests);
                let mut points = self.latencies.remove(&key).unwrap_or_default();
                if points.len() == POINTS {
                    points.pop_front();
                }
                points.push_back((server.latency_seconds * 1e6) as u64);
                server.latencies = points.iter().copied().collect();
                latencies.insert(key, points);
            }
        }
        (self.counts, self.latencies) = (counts, latencies);
        picture
    }
}
