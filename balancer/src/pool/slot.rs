//! How does a request get a slot? At once when a server has room, else when one has and it is its turn, or it is told
//! why not. A slot is a guard: it is held until the answer's body ends, and dropping it hands the slot to whoever waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::line::{Charge, Rank};
use super::roster::{Choice, Handover, Roster, Wish};
use super::{Pool, Reply};
use crate::upstream::{Server, ServerId};

/// Why a request gets no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No server of the pool is up.
    NoneUp,
    /// As many as may wait do so, and all of them come before it.
    LineFull(Queued),
    /// It waited as long as it may.
    Waited(Queued),
}

/// Where in the queue a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued {
    /// So many are served up to and including it.
    pub(crate) place: usize,
    /// Until then, when the rate of completions is known.
    pub(crate) expected_wait: Option<Duration>,
}

/// One request in flight on a server.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) pool: Arc<Pool>,
    pub(crate) server: Arc<Server>,
    /// How long it is held after the request's end.
    hold: Duration,
    /// What its client was charged, and since when it is used; nothing where nobody waited, which most do not.
    charge: Option<Box<(Charge, Instant)>>,
}

/// How long a failure holds its slot while nobody knows how long answers take.
const UNKNOWN_HOLD: Duration = Duration::from_millis(100);
/// No failure holds its slot for longer: what a server should have done is then no measure of what it may do next.
const LONGEST_HOLD: Duration = Duration::from_secs(1);

impl Slot {
    /// The request failed after so long: the slot is held for the rest of the time that half of the answers take. A server
    /// that fails fast would otherwise always be the one with room, and all that waits would go there to fail.
    pub(crate) fn hold_after_failure(&mut self, failed_after: Duration) {
        let usual = self.pool.latencies.median().unwrap_or(UNKNOWN_HOLD);
        self.hold = usual.min(LONGEST_HOLD).saturating_sub(failed_after);
    }

    fn release(pool: &Arc<Pool>, server: ServerId, charge: Option<Box<(Charge, Instant)>>) {
        pool.change(|roster| {
            if let Some((charge, since)) = charge.map(|charge| *charge) {
                roster.line.ended(charge, since.elapsed());
            }
            roster.release(server, Instant::now);
        });
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (server, charge) = (self.server.id, self.charge.take());
        if self.hold.is_zero() {
            return Slot::release(&self.pool, server, charge);
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let (pool, hold) = (self.pool.clone(), self.hold);
                runtime.spawn(async move {
                    tokio::time::sleep(hold).await;
                    Slot::release(&pool, server, charge);
                });
            }
            Err(_) => Slot::release(&self.pool, server, charge),
        }
    }
}

impl Pool {
    /// A slot on a server, now or when one is free. Dropping the future leaves the queue.
    pub(crate) async fn slot(self: &Arc<Self>, wish: Wish<'_>) -> Result<Slot, Refusal> {
        let (answer, since) = {
            let mut roster = self.roster();
            match roster.take(wish) {
                Choice::Server(server) => {
                    self.counts.waits.none();
                    return Ok(self.slot_on(server));
                }
                Choice::NoneUp => return Err(Refusal::NoneUp),
                Choice::Wait => {
                    let (reply, answer) = oneshot::channel();
                    let since = Instant::now();
                    if let Some((last, reply)) = roster.wait(wish, since, reply) {
                        let full = Refusal::LineFull(past_the_end(&roster, since));
                        if last == wish.rank {
                            return Err(full);
                        }
                        // Whoever left in this moment need not be told.
                        drop(reply.send(Err(full)));
                    }
                    (answer, since)
                }
            }
        };
        // In a box: most requests do not wait, and need not carry the room for it about.
        Box::pin(self.wait(wish.rank, since, answer)).await
    }

    /// Waits in the queue.
    async fn wait(
        self: &Arc<Self>,
        rank: Rank,
        since: Instant,
        answer: oneshot::Receiver<Result<Slot, Refusal>>,
    ) -> Result<Slot, Refusal> {
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting {
            pool: self,
            rank,
            since,
        };
        match tokio::time::timeout(self.settings.queue.wait, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Refusal::NoneUp),
            Err(_) => Err(Refusal::Waited(waiting.now())),
        }
    }

    /// A slot for a second exchange of a request: on a free server that has not failed it, when nobody waits and the
    /// budget allows it.
    pub(crate) fn hedge(self: &Arc<Self>, wish: Wish<'_>) -> Option<Slot> {
        let server = self.roster().spare(wish, || self.hedges.spend())?;
        self.counts.hedges.fetch_add(1, Ordering::Relaxed);
        Some(self.slot_on(server))
    }

    pub(super) fn slot_on(self: &Arc<Self>, server: Arc<Server>) -> Slot {
        Slot {
            pool: self.clone(),
            server,
            hold: Duration::ZERO,
            charge: None,
        }
    }

    /// Changes the roster, and tells those for whom the change made room.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Roster<Reply>) -> T) -> T {
        let mut roster = self.roster();
        let result = change(&mut roster);
        let handovers = roster.settle();
        drop(roster);
        self.tell(handovers);
        result
    }

    fn tell(self: &Arc<Self>, handovers: Vec<Handover<Reply>>) {
        for (reply, server) in handovers {
            let outcome = match server {
                Some((server, charge)) => {
                    let mut slot = self.slot_on(server);
                    slot.charge = Some(Box::new((charge, Instant::now())));
                    Ok(slot)
                }
                None => Err(Refusal::NoneUp),
            };
            // Whoever left in this moment does not take the slot; dropping it hands it on.
            drop(reply.send(outcome));
        }
    }
}

/// The place of one for whom there is no room.
fn past_the_end(roster: &Roster<Reply>, now: Instant) -> Queued {
    let place = roster.line.len() + 1;
    Queued {
        place,
        expected_wait: roster.expected_wait(place, now),
    }
}

/// A place in the queue, given up when dropped; who leaves before a slot is free has waited too.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    rank: Rank,
    since: Instant,
}

impl Waiting<'_> {
    fn now(&self) -> Queued {
        let roster = self.pool.roster();
        let place = roster.line.place(self.rank);
        Queued {
            place,
            expected_wait: roster.expected_wait(place, Instant::now()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool.roster().give_up(self.rank);
        self.pool.counts.waits.ended(self.since.elapsed());
    }
}
