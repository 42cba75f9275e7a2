//! What is going on? One picture of all pools, taken under each pool's lock, from which every page is made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use crate::events::Event;
use crate::pool::{Member, Pool, Reply, Roster, State, Waits};
use crate::settings::UNKNOWN_CAPACITY;

/// The state of a server that is no longer listed, beside those of [`State`].
pub(crate) const LEAVING: &str = "leaving";

/// So many of those who wait are shown: a page is to be read, and is made while the pool stands still.
const MOST_SHOWN: usize = 100;

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
    /// How long a request would wait behind all of them, if that is known; 0 while nobody waits.
    pub(crate) expected_wait_seconds: Option<f64>,
    /// Those who wait, the first [`MOST_SHOWN`] of them in the order in which they are served.
    pub(crate) waiting: Vec<WaiterStats>,
    pub(crate) requests: u64,
    /// How many requests had to wait so far.
    pub(crate) queued: u64,
    pub(crate) retries: u64,
    pub(crate) retries_denied: u64,
    pub(crate) hedges: u64,
    pub(crate) hedges_won: u64,
    pub(crate) refused: u64,
    pub(crate) malformed: u64,
    pub(crate) queue_wait: WaitStats,
    pub(crate) servers: Vec<ServerStats>,
    /// What happened last, the latest last.
    pub(crate) events: Vec<Event>,
}

/// A request that waits.
#[derive(Debug, Serialize)]
pub(crate) struct WaiterStats {
    pub(crate) place: usize,
    pub(crate) urgency: u8,
    pub(crate) client: String,
    pub(crate) waited_seconds: f64,
    /// From now on, if that is known.
    pub(crate) expected_wait_seconds: Option<f64>,
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
    /// An operator wants it to get nothing new.
    pub(crate) drained: bool,
    pub(crate) in_flight: u32,
    pub(crate) capacity: u32,
    /// Whether the capacity was configured or told, and not assumed.
    pub(crate) capacity_known: bool,
    pub(crate) weight: u32,
    pub(crate) backup: bool,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) errors: u64,
    pub(crate) ejections: u64,
    pub(crate) probe_failures: u64,
    pub(crate) connections: u64,
    pub(crate) idle_connections: usize,
    /// Moving average of the time to an answer's head.
    pub(crate) latency_seconds: f64,
}

impl PoolStats {
    pub(crate) fn of(pool: &Pool) -> PoolStats {
        let now = Instant::now();
        pool.look(|roster| {
            let servers = roster.members.iter().map(ServerStats::of).collect();
            PoolStats::with(pool, roster, servers, now)
        })
    }

    fn with(
        pool: &Pool,
        roster: &Roster<Reply>,
        servers: Vec<ServerStats>,
        now: Instant,
    ) -> PoolStats {
        let queue = roster.line.len();
        let wait = |place| {
            roster
                .expected_wait(place, now)
                .map(|wait| wait.as_secs_f64())
        };
        PoolStats {
            name: pool.settings.name.clone(),
            algorithm: pool.settings.algorithm.to_string(),
            capacity: roster.capacity(),
            queue,
            queue_limit: pool.settings.queue.length,
            expected_wait_seconds: if queue == 0 {
                Some(0.0)
            } else {
                wait(queue + 1)
            },
            waiting: waiting(roster, now),
            requests: read(&pool.counts.requests),
            queued: read(&pool.counts.queued),
            retries: read(&pool.counts.retries),
            retries_denied: read(&pool.counts.retries_denied),
            hedges: read(&pool.counts.hedges),
            hedges_won: read(&pool.counts.hedges_won),
            refused: read(&pool.counts.refused),
            malformed: read(&pool.counts.malformed),
            queue_wait: WaitStats::of(&pool.counts.waits),
            servers,
            events: pool.events.last(),
        }
    }

    /// Whether a request would get a server.
    pub(crate) fn is_up(&self) -> bool {
        let mut servers = self.servers.iter();
        servers.any(|server| server.state == State::Up && !server.leaving)
    }
}

fn waiting(roster: &Roster<Reply>, now: Instant) -> Vec<WaiterStats> {
    let waiters = roster.line.iter().take(MOST_SHOWN).zip(1..);
    let shown = waiters.map(|((rank, waiter), place)| WaiterStats {
        place,
        urgency: rank.urgency.number(),
        client: rank.client.to_string(),
        waited_seconds: now.saturating_duration_since(waiter.since).as_secs_f64(),
        expected_wait_seconds: roster
            .expected_wait(place, now)
            .map(|wait| wait.as_secs_f64()),
    });
    shown.collect()
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
    fn of(member: &Member) -> ServerStats {
        let counts = &member.server.counts;
        ServerStats {
            address: member.server.label.clone(),
            state: member.state(),
            drained: member.drained,
            leaving: member.leaving,
            in_flight: member.in_flight,
            capacity: member.capacity.unwrap_or(UNKNOWN_CAPACITY),
            capacity_known: member.capacity.is_some(),
            weight: member.terms.weight,
            backup: member.terms.backup,
            requests: read(&counts.requests),
            failures: read(&counts.failures),
            errors: read(&counts.errors),
            ejections: read(&counts.ejections),
            probe_failures: read(&counts.probe_failures),
            connections: read(&counts.connections),
            idle_connections: member.server.idle_connections(),
            latency_seconds: counts.latency().as_secs_f64(),
        }
    }

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
