//! One server as the balancer knows it: where it is, its idle connections, what happened there.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::hash;
use crate::settings;

/// Tells servers apart for as long as the process runs, even when an address comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServerId(u64);

/// A server of a pool.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) id: ServerId,
    /// `HOST:PORT`, as logs and statistics call it and as probes put it into `Host`.
    pub(crate) label: String,
    pub(crate) terms: Terms,
    /// Of its label: where hashed keys go.
    pub(crate) hash: u64,
    pub(crate) counts: Counts,
    /// Fires when it left the pool.
    pub(crate) gone: CancellationToken,
    /// Tried in turn.
    addresses: Mutex<Arc<[SocketAddr]>>,
    idle: Mutex<Vec<Connection>>,
    keep: settings::Idle,
    /// Fires when it is found silent; replaced when it is up again.
    lost: Mutex<CancellationToken>,
    doubted: Notify,
}

/// What the settings say of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Before whatever the server says.
    pub(crate) capacity: Option<u32>,
    pub(crate) weight: u32,
    /// It stands in while no other is up.
    pub(crate) backup: bool,
}

/// What has happened on a server since it joined.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) ejections: AtomicU64,
    /// Probes that neither passed nor said that it drains.
    pub(crate) probe_failures: AtomicU64,
    pub(crate) connections: AtomicU64,
    /// Answers of 5xx, and those that did not come in time.
    pub(crate) errors: AtomicU64,
    errors_in_a_row: AtomicU32,
    latency_micros: AtomicU64,
}

impl Counts {
    /// A head came after `latency`: moves the average (EWMA) an eighth of the way, as TCP's smoothed round-trip
    /// time (RFC 6298 §2). Racing updates may lose a sample, which an average can bear.
    pub(crate) fn head_after(&self, latency: Duration) {
        let sample = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let before = self.latency_micros.load(Ordering::Relaxed);
        let after = if before == 0 {
            sample
        } else {
            before - before / 8 + sample / 8
        };
        self.latency_micros.store(after, Ordering::Relaxed);
    }

    /// Half of the average, for want of anything newer.
    pub(crate) fn forget_latency(&self) {
        let before = self.latency_micros.load(Ordering::Relaxed);
        self.latency_micros.store(before / 2, Ordering::Relaxed);
    }

    /// An answer was good.
    pub(crate) fn succeeded(&self) {
        if self.errors_in_a_row.load(Ordering::Relaxed) != 0 {
            self.errors_in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// An answer failed. Says whether so many did in a row; then they are counted anew.
    pub(crate) fn erred(&self, limit: u32) -> bool {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let in_a_row = self.errors_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let many = in_a_row >= limit;
        if many {
            self.errors_in_a_row.store(0, Ordering::Relaxed);
        }
        many
    }

    /// The average time to an answer's head.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_micros.load(Ordering::Relaxed))
    }
}

impl Server {
    pub(crate) fn new(
        label: impl Into<String>,
        addresses: &[SocketAddr],
        terms: Terms,
        keep: &settings::Idle,
    ) -> Arc<Server> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let label = label.into();
        Arc::new(Server {
            id: ServerId(NEXT.fetch_add(1, Ordering::Relaxed)),
            hash: hash::of(label.as_bytes()),
            label,
            terms,
            counts: Counts::default(),
            gone: CancellationToken::new(),
            addresses: Mutex::new(addresses.into()),
            idle: Mutex::default(),
            keep: keep.clone(),
            lost: Mutex::default(),
            doubted: Notify::new(),
        })
    }

    pub(crate) fn addresses(&self) -> Arc<[SocketAddr]> {
        locked(&self.addresses).clone()
    }

    /// The name resolves to these now. Connections to the old place are not used again.
    pub(crate) fn moved(&self, addresses: &[SocketAddr]) {
        *locked(&self.addresses) = addresses.into();
        locked(&self.idle).clear();
    }

    /// The connection used last among those that are still good: it is the warmest, and the others get old.
    pub(crate) fn idle_connection(&self, now: Instant) -> Option<Connection> {
        let mut idle = locked(&self.idle);
        while let Some(connection) = idle.pop() {
            if connection.is_usable(now, self.keep.time) {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose exchange is complete, unless the server has moved or left meanwhile.
    pub(crate) fn keep(&self, mut connection: Connection, now: Instant) {
        if self.gone.is_cancelled() || !self.addresses().contains(&connection.peer()) {
            return;
        }
        connection.rest(now);
        let mut idle = locked(&self.idle);
        if idle.len() < self.keep.connections {
            idle.push(connection);
        }
    }

    /// Closes connections that are past their time.
    pub(crate) fn sweep(&self, now: Instant) {
        locked(&self.idle).retain(|connection| connection.is_usable(now, self.keep.time));
    }

    pub(crate) fn idle_connections(&self) -> usize {
        locked(&self.idle).len()
    }

    /// It left the pool: probes end, idle connections close.
    pub(crate) fn leave(&self) {
        self.gone.cancel();
        locked(&self.idle).clear();
    }

    /// Fires when the server is found silent: whoever still waits for an answer's head goes elsewhere.
    pub(crate) fn lost(&self) -> CancellationToken {
        locked(&self.lost).clone()
    }

    /// It is silent.
    pub(crate) fn lose(&self) {
        locked(&self.lost).cancel();
        locked(&self.idle).clear();
    }

    /// It is up.
    pub(crate) fn found(&self) {
        let mut lost = locked(&self.lost);
        if lost.is_cancelled() {
            *lost = CancellationToken::new();
        }
    }

    /// Asks for a probe now.
    pub(crate) fn doubt(&self) {
        locked(&self.idle).clear();
        self.doubted.notify_one();
    }

    /// Waits until a probe is asked for.
    pub(crate) async fn doubted(&self) {
        self.doubted.notified().await;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
