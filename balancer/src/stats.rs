//! What is going on? One picture of all pools, taken under each pool's lock, from which every page is made.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::pool::{Pool, State};
use crate::settings::UNKNOWN_CAPACITY;

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
    pub(crate) refused: u64,
    pub(crate) servers: Vec<ServerStats>,
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
            refused: read(&pool.counts.refused),
            servers,
        }
    }

    /// Whether a request would get a server.
    pub(crate) fn is_up(&self) -> bool {
        let mut servers = self.servers.iter();
        servers.any(|server| server.state == State::Up && !server.leaving)
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
