//! How does a request get a server? It takes a slot on the server with the least to do, or waits in the
//! pool's one queue until a slot is free. A slot is a guard: it is held until the answer's body ends, and
//! dropping it hands the slot to whoever waits.

mod algorithm;
mod budget;
mod line;
mod roster;
mod verdict;
mod waits;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, oneshot};

use self::budget::Budget;
pub(crate) use self::line::Rank;
use self::roster::{Choice, Handover, Roster};
pub(crate) use self::verdict::{Sight, State};
pub(crate) use self::waits::Waits;
use crate::settings;
use crate::upstream::{Server, ServerId};

type Reply = oneshot::Sender<Result<Slot, Refusal>>;

/// A pool at work.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) settings: Arc<settings::Pool>,
    pub(crate) budget: Budget,
    pub(crate) counts: Counts,
    /// Bytes that bodies may still be held in.
    pub(crate) room: Arc<Semaphore>,
    /// Held for a few instructions at a time, never over an await.
    roster: Mutex<Roster<Reply>>,
    arrivals: AtomicU64,
}

/// What has happened in a pool since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) retries: AtomicU64,
    /// Retries that the budget forbade.
    pub(crate) retries_denied: AtomicU64,
    pub(crate) queued: AtomicU64,
    /// Requests that the balancer answered itself, because no server could.
    pub(crate) refused: AtomicU64,
    /// How long each try waited, whether for a slot or in vain. What is refused at once is not in it: the worse
    /// things were, the better it would look.
    pub(crate) waits: Waits,
}

/// Why a request gets no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No server of the pool is up.
    NoneUp,
    /// As many as may wait do so.
    LineFull,
    /// It waited as long as it may, and this was its place then.
    Waited { place: usize },
}

impl Pool {
    pub(crate) fn new(settings: settings::Pool) -> Arc<Pool> {
        let settings = Arc::new(settings);
        Arc::new(Pool {
            roster: Mutex::new(Roster::new(settings.clone())),
            room: Arc::new(Semaphore::new(settings.retry.held_bytes)),
            settings,
            budget: Budget::full(),
            counts: Counts::default(),
            arrivals: AtomicU64::new(0),
        })
    }

    fn roster(&self) -> MutexGuard<'_, Roster<Reply>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the roster, for statistics.
    pub(crate) fn look<T>(&self, view: impl FnOnce(&[roster::Member], usize) -> T) -> T {
        let roster = self.roster();
        view(&roster.members, roster.line.len())
    }

    /// The rank of a request that arrives now.
    pub(crate) fn arrive(&self) -> Rank {
        Rank(self.arrivals.fetch_add(1, Ordering::Relaxed))
    }

    /// A slot on a server, now or when one is free. Dropping the future leaves the queue.
    ///
    /// `avoid` lists servers that failed this request: others are preferred, and waited for.
    pub(crate) async fn slot(
        self: &Arc<Self>,
        rank: Rank,
        avoid: &[ServerId],
    ) -> Result<Slot, Refusal> {
        let answer = {
            let mut roster = self.roster();
            match roster.take(avoid) {
                Choice::Server(server) => {
                    self.counts.waits.none();
                    return Ok(self.slot_on(server));
                }
                Choice::NoneUp => return Err(Refusal::NoneUp),
                Choice::Wait => {
                    let (reply, answer) = oneshot::channel();
                    if !roster.wait(rank, avoid, reply) {
                        return Err(Refusal::LineFull);
                    }
                    answer
                }
            }
        };
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            pool: self,
            rank,
            since: Instant::now(),
        };
        match tokio::time::timeout(self.settings.queue.wait, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Refusal::NoneUp),
            Err(_) => Err(Refusal::Waited { place: place.now() }),
        }
    }

    fn slot_on(self: &Arc<Self>, server: Arc<Server>) -> Slot {
        Slot {
            pool: self.clone(),
            server,
        }
    }

    /// Changes the roster, and tells those for whom the change made room.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Roster<Reply>) -> T) -> T {
        let mut roster = self.roster();
        let result = change(&mut roster);
        let handovers = roster.settle();
        drop(roster);
        self.tell(handovers);
        result
    }

    fn tell(self: &Arc<Self>, handovers: Vec<Handover<Reply>>) {
        for (reply, server) in handovers {
            let outcome = server
                .map(|server| self.slot_on(server))
                .ok_or(Refusal::NoneUp);
            // Whoever left in this moment does not take the slot; dropping it hands it on.
            drop(reply.send(outcome));
        }
    }

    /// Adds a server, or takes back one that was leaving.
    pub(crate) fn join(self: &Arc<Self>, server: Arc<Server>) {
        tracing::info!(
            pool = self.settings.name,
            server = server.label,
            "server joined"
        );
        self.change(|roster| roster.join(server));
    }

    /// The server is no longer listed: it finishes what it has and gets nothing new.
    pub(crate) fn leave(self: &Arc<Self>, server: &Server) {
        tracing::info!(
            pool = self.settings.name,
            server = server.label,
            "server left"
        );
        self.change(|roster| roster.leave(server.id));
    }

    /// Announces names to be resolved (or, negative, that one was): until then requests wait.
    pub(crate) fn resolving(self: &Arc<Self>, names: isize) {
        self.change(|roster| roster.unresolved = roster.unresolved.saturating_add_signed(names));
    }

    /// Takes note of what was seen of a server.
    pub(crate) fn note(self: &Arc<Self>, server: &Server, sight: Sight, now: Instant) {
        let (changed, down) = self.change(|roster| {
            let changed = roster.note(server.id, sight, now);
            (changed, roster.is_down(server.id))
        });
        self.changed(server, changed);
        // A server that refuses or fails probes may still finish what it has; a silent one is not waited for.
        if down && sight == Sight::Silent {
            server.lose();
        }
    }

    /// Ends an ejection whose time is over.
    pub(crate) fn pardon(self: &Arc<Self>, server: &Server, now: Instant) {
        let changed = self.change(|roster| roster.pardon(server.id, now));
        self.changed(server, changed);
    }

    fn changed(&self, server: &Server, state: Option<State>) {
        let (pool, name) = (&self.settings.name, &server.label);
        match state {
            None | Some(State::New) => {}
            Some(State::Up) => {
                tracing::info!(pool, server = name, "server up");
                server.found();
            }
            Some(State::Draining) => tracing::info!(pool, server = name, "server drains"),
            Some(State::Ejected) => {
                tracing::warn!(pool, server = name, "server ejected");
                server.counts.ejections.fetch_add(1, Ordering::Relaxed);
                server.doubt();
            }
            Some(State::Down) => tracing::warn!(pool, server = name, "server down"),
        }
    }

    /// The server told how many requests it runs at once.
    pub(crate) fn learn(self: &Arc<Self>, server: &Server, capacity: u32) {
        self.change(|roster| roster.learn(server.id, capacity));
    }

    /// How the server stands: whether its next probe is urgent, and when its ejection ends by itself.
    pub(crate) fn standing(&self, server: &Server) -> (bool, Option<Instant>) {
        let roster = self.roster();
        let mut members = roster.members.iter();
        let member = members.find(|member| member.server.id == server.id);
        member.map_or((false, None), |member| {
            (member.verdict.is_changing(), member.verdict.ejected_until())
        })
    }

    /// Whether a retry may be made; then it is paid for, and if not, that is counted.
    pub(crate) fn may_retry(&self) -> bool {
        let may = self.budget.spend();
        if !may {
            self.counts.retries_denied.fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// Whether a request that these servers failed has another one to go to.
    pub(crate) fn has_other(&self, avoid: &[ServerId]) -> bool {
        self.roster().has_other(avoid)
    }

    /// The sum of the known capacities of servers that are up; `None` when none is known.
    pub(crate) fn capacity(&self) -> Option<u32> {
        self.roster().capacity()
    }
}

/// A place in the queue, given up when dropped; who leaves before a slot is free has waited too.
struct Place<'a> {
    pool: &'a Arc<Pool>,
    rank: Rank,
    since: Instant,
}

impl Place<'_> {
    fn now(&self) -> usize {
        self.pool.roster().line.place(self.rank)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.roster().line.leave(self.rank);
        self.pool.counts.waits.ended(self.since.elapsed());
    }
}

/// One request in flight on a server.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) pool: Arc<Pool>,
    pub(crate) server: Arc<Server>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.change(|roster| roster.release(self.server.id));
    }
}
