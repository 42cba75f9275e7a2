//! One server as the balancer knows it: where it is, its idle connections, what happened there.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, connect};
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
    place: Mutex<Place>,
    keep: settings::Idle,
    /// How often it was found silent, and up again: while that is odd, no answer is waited for.
    losses: AtomicU64,
    /// Of connections, for whoever waits for an answer on them.
    bells: Mutex<Vec<Weak<AtomicWaker>>>,
    doubted: Notify,
}

/// Where a server is, and what leads there.
#[derive(Debug)]
struct Place {
    /// Tried in turn.
    addresses: Arc<[SocketAddr]>,
    #[expect(clippy::vec_box, reason = "connections are moved about, and are large")]
    idle: Vec<Box<Connection>>,
    /// It left the pool: nothing is kept.
    left: bool,
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
            place: Mutex::new(Place {
                addresses: addresses.into(),
                idle: Vec::new(),
                left: false,
            }),
            keep: keep.clone(),
            losses: AtomicU64::new(0),
            bells: Mutex::default(),
            doubted: Notify::new(),
        })
    }

    pub(crate) fn addresses(&self) -> Arc<[SocketAddr]> {
        locked(&self.place).addresses.clone()
    }

    /// The name resolves to these now. Connections to the old place are not used again.
    pub(crate) fn moved(&self, addresses: &[SocketAddr]) {
        locked(&self.place).addresses = addresses.into();
        self.close_idle();
    }

    /// A new connection, whose waiting request is woken when the server is lost.
    pub(crate) async fn connect(&self, timeout: Duration) -> io::Result<Box<Connection>> {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        let connection = connect(&self.addresses(), timeout).await?;
        let mut bells = locked(&self.bells);
        if bells.len() == bells.capacity() {
            bells.retain(|bell| bell.strong_count() > 0);
        }
        bells.push(Arc::downgrade(&connection.bell));
        Ok(connection)
    }

    /// The connection used last among those that are still good: it is the warmest, and the others get old.
    pub(crate) fn idle_connection(&self, now: Instant) -> Option<Box<Connection>> {
        loop {
            // One that is not is closed when nothing is locked.
            let connection = locked(&self.place).idle.pop()?;
            if connection.is_usable(now, self.keep.time) {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose exchange is complete, unless the server has moved or left meanwhile.
    pub(crate) fn keep(&self, mut connection: Box<Connection>, now: Instant) {
        connection.rest(now);
        let mut place = locked(&self.place);
        let welcome = !place.left
            && place.idle.len() < self.keep.connections
            && place.addresses.contains(&connection.peer());
        if welcome {
            place.idle.push(connection);
        }
    }

    /// Closes connections that are past their time, or that the server has closed; the others give back what they can.
    pub(crate) fn sweep(&self, now: Instant) {
        locked(&self.place).idle.retain_mut(|connection| {
            connection.give_back(now);
            connection.is_usable(now, self.keep.time)
        });
    }

    pub(crate) fn idle_connections(&self) -> usize {
        locked(&self.place).idle.len()
    }

    fn close_idle(&self) {
        let idle = std::mem::take(&mut locked(&self.place).idle);
        drop(idle);
    }

    /// It left the pool: probes end, idle connections close.
    pub(crate) fn leave(&self) {
        self.gone.cancel();
        locked(&self.place).left = true;
        self.close_idle();
    }

    /// How often it was lost and found.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// Whether it is lost now, or was since that many: whoever still waits for an answer's head goes elsewhere.
    pub(crate) fn is_lost_since(&self, losses: u64) -> bool {
        let now = self.losses();
        now != losses || now % 2 == 1
    }

    /// It is silent: whoever waits on one of its connections is woken to see that.
    pub(crate) fn lose(&self) {
        self.count_loss(0);
        let bells = locked(&self.bells);
        bells
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|bell| bell.wake());
        drop(bells);
        self.close_idle();
    }

    /// It is up.
    pub(crate) fn found(&self) {
        self.count_loss(1);
    }

    /// Counts one more where the count is even (0) or odd (1).
    fn count_loss(&self, parity: u64) {
        let one_more = |losses: u64| (losses % 2 == parity).then_some(losses + 1);
        // Where it is the other one, that is known already.
        let _known = self
            .losses
            .try_update(Ordering::AcqRel, Ordering::Acquire, one_more);
    }

    /// Asks for a probe now.
    pub(crate) fn doubt(&self) {
        self.close_idle();
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::net::TcpListener;

    use super::*;

    const TERMS: Terms = Terms {
        capacity: None,
        weight: 1,
        backup: false,
    };

    #[tokio::test]
    async fn whoever_waits_for_an_answer_is_woken_when_the_server_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [listener.local_addr().unwrap()];
        let server = Server::new("a", &addresses, TERMS, &settings::Idle::default());
        let connection = server.connect(Duration::from_secs(1)).await.unwrap();
        let (losses, waited_on) = (server.losses(), server.clone());
        let mut lost = tokio::spawn(poll_fn(move |cx| {
            connection.bell.register(cx.waker());
            if waited_on.is_lost_since(losses) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        // It waits from then on.
        tokio::task::yield_now().await;
        assert!(!lost.is_finished());
        server.lose();
        let woken = tokio::time::timeout(Duration::from_secs(20), &mut lost).await;
        assert!(woken.is_ok());
    }

    #[test]
    fn a_server_that_was_lost_and_found_is_lost_to_those_who_waited_and_to_nobody_else() {
        let server = Server::new("a", &[], TERMS, &settings::Idle::default());
        let before = server.losses();
        assert!(!server.is_lost_since(before));
        server.found();
        assert!(!server.is_lost_since(before), "it was never lost");
        server.lose();
        server.lose();
        assert!(
            server.is_lost_since(server.losses()),
            "nor is it waited for"
        );
        server.found();
        assert!(server.is_lost_since(before));
        assert!(!server.is_lost_since(server.losses()));
    }
}
