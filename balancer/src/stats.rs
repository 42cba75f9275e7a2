//! What is going on? One picture of all pools, taken under each pool's lock, from which every page is made.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::pool::{Pool, State, Waits};
use crate::settings::UNKNOWN_CAPACITY;

/// The state of a server that is no longer listed, beside those of [`State`].
pub(crate) const LEAVING: &str = "leaving";

/// A pool at this moment.
#[derive(Debug, Serialize)]
pub(crate) struct PoolStats {
    pub(crate) name: String,
    pub(crate) algorithm: String,
    /// The sum of the known capacities of servers that are up.
    pub(crate) capacity: Option<u32>,
    /// How many requests wait.
    pub(crate) queue: usize,
    pub(crate) queue_limit: usize,
    pub(crate) requests: u64,
    /// How many requests had to wait so far.
    pub(crate) queued: u64,
    pub(crate) retries: u64,
    pub(crate) retries_denied: u64,
    pub(crate) refused: u64,
    pub(crate) queue_wait: WaitStats,
    pub(crate) servers: Vec<ServerStats>,
}

/// How long requests waited for a slot so far.
#[derive(Debug, Serialize)]
pub(crate) struct WaitStats {
    pub(crate) count: u64,
    pub(crate) seconds: f64,
    /// Bounds in seconds, and how many waits are within each and past the one before. For Prometheus: JSON has no
    /// word for the last bound, which is infinite.
    #[serde(skip)]
    pub(crate) buckets: Vec<(f64, u64)>,
}

/// A server at this moment.
#[derive(Debug, Serialize)]
pub(crate) struct ServerStats {
    pub(crate) address: String,
    pub(crate) state: State,
    /// It is no longer listed and finishes what it has.
    pub(crate) leaving: bool,
    pub(crate) in_flight: u32,
    pub(crate) capacity: u32,
    /// Whether the capacity was configured or told, and not assumed.
    pub(crate) capacity_known: bool,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) ejections: u64,
    pub(crate) probe_failures: u64,
    pub(crate) connections: u64,
    pub(crate) idle_connections: usize,
    /// Moving average of the time to an answer's head.
    pub(crate) latency_seconds: f64,
}

impl PoolStats {
    pub(crate) fn of(pool: &Pool) -> PoolStats {
        let (servers, queue) = pool.look(|members, queue| {
            let servers = members.iter().map(|member| {
                let counts = &member.server.counts;
                ServerStats {
                    address: member.server.label.clone(),
                    state: member.verdict.state(),
                    leaving: member.leaving,
                    in_flight: member.in_flight,
                    capacity: member.capacity.unwrap_or(UNKNOWN_CAPACITY),
                    capacity_known: member.capacity.is_some(),
                    requests: read(&counts.requests),
                    failures: read(&counts.failures),
                    ejections: read(&counts.ejections),
                    probe_failures: read(&counts.probe_failures),
                    connections: read(&counts.connections),
                    idle_connections: member.server.idle_connections(),
                    latency_seconds: counts.latency().as_secs_f64(),
                }
            });
            (servers.collect(), queue)
        });
        PoolStats {
            name: pool.settings.name.clone(),
            algorithm: pool.settings.algorithm.to_string(),
            capacity: pool.capacity(),
            queue,
            queue_limit: pool.settings.queue.length,
            requests: read(&pool.counts.requests),
            queued: read(&pool.counts.queued),
            retries: read(&pool.counts.retries),
            retries_denied: read(&pool.counts.retries_denied),
            refused: read(&pool.counts.refused),
            queue_wait: WaitStats::of(&pool.counts.waits),
            servers,
        }
    }

    /// Whether a request would get a server.
    pub(crate) fn is_up(&self) -> bool {
        let mut servers = self.servers.iter();
        servers.any(|server| server.state == State::Up && !server.leaving)
    }
}

impl WaitStats {
    fn of(waits: &Waits) -> WaitStats {
        let buckets = waits.buckets();
        WaitStats {
            count: buckets.iter().map(|(_, count)| count).sum(),
            seconds: waits.sum().as_secs_f64(),
            buckets,
        }
    }
}

impl ServerStats {
    /// The one state that it is in: a server that leaves gets nothing, whatever its probes say.
    pub(crate) fn state_name(&self) -> &'static str {
        if self.leaving {
            LEAVING
        } else {
            self.state.name()
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
