//! What do the servers of a pool share? One roster of who does how much, one queue before it, one budget of retries.
//! All that happens to servers and requests passes here.

mod algorithm;
mod budget;
mod current;
mod hedges;
mod latencies;
mod line;
mod member;
mod operator;
mod pace;
mod roster;
mod slot;
mod verdict;
mod waits;
mod warming;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};

use self::budget::Budget;
pub(crate) use self::budget::{Active, Retry};
pub(crate) use self::current::Current;
use self::hedges::Hedges;
use self::latencies::Latencies;
pub(crate) use self::line::Rank;
pub(crate) use self::member::Member;
pub(crate) use self::roster::{Roster, Wish};
pub(crate) use self::slot::{Queued, Refusal, Slot};
pub(crate) use self::verdict::{Sight, State};
pub(crate) use self::waits::Waits;
use crate::client::ClientKey;
use crate::events::{Events, What};
use crate::settings;
use crate::upstream::{Server, ServerId};
use crate::urgency::Urgency;

pub(crate) type Reply = oneshot::Sender<Result<Slot, Refusal>>;

/// A pool at work. What it has learnt and whoever waits in it is shared with the pool that takes its place when its
/// settings change: a request ends under the settings that it began with.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) settings: Arc<settings::Pool>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) latencies: Arc<Latencies>,
    hedges: Arc<Hedges>,
    /// Bytes that bodies may still be held in.
    pub(crate) room: Arc<Semaphore>,
    /// Held for a few instructions at a time, never over an await.
    roster: Arc<Mutex<Roster<Reply>>>,
    arrivals: Arc<AtomicU64>,
    pub(crate) events: Arc<Events>,
}

/// What has happened in a pool since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) retries: AtomicU64,
    /// Retries that the budget forbade.
    pub(crate) retries_denied: AtomicU64,
    /// Requests that were sent once more because their answer took long, and those whose second answer came first.
    pub(crate) hedges: AtomicU64,
    pub(crate) hedges_won: AtomicU64,
    pub(crate) queued: AtomicU64,
    /// Requests that the balancer answered itself, because no server could.
    pub(crate) refused: AtomicU64,
    /// Requests that could not be understood, or not be carried at all.
    pub(crate) malformed: AtomicU64,
    /// How long each try waited, whether for a slot or in vain. What is refused at once is not in it: the worse
    /// things were, the better it would look.
    pub(crate) waits: Waits,
}

impl Pool {
    pub(crate) fn new(settings: settings::Pool) -> Arc<Pool> {
        let settings = Arc::new(settings);
        Arc::new(Pool {
            roster: Arc::new(Mutex::new(Roster::new(
                settings.clone(),
                fastrand::Rng::new(),
            ))),
            room: Arc::new(Semaphore::new(settings.retry.held_bytes)),
            settings,
            budget: Arc::default(),
            counts: Arc::default(),
            latencies: Arc::default(),
            hedges: Arc::default(),
            arrivals: Arc::default(),
            events: Arc::default(),
        })
    }

    /// The same pool with other settings: its servers, its queue and its counts go on.
    pub(crate) fn renewed(self: &Arc<Self>, settings: settings::Pool) -> Arc<Pool> {
        let settings = Arc::new(settings);
        let room = if settings.retry.held_bytes == self.settings.retry.held_bytes {
            self.room.clone()
        } else {
            Arc::new(Semaphore::new(settings.retry.held_bytes))
        };
        self.change(|roster| roster.renew(settings.clone()));
        Arc::new(Pool {
            settings,
            budget: self.budget.clone(),
            counts: self.counts.clone(),
            latencies: self.latencies.clone(),
            hedges: self.hedges.clone(),
            room,
            roster: self.roster.clone(),
            arrivals: self.arrivals.clone(),
            events: self.events.clone(),
        })
    }

    fn roster(&self) -> MutexGuard<'_, Roster<Reply>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the roster, for statistics.
    pub(crate) fn look<T>(&self, view: impl FnOnce(&Roster<Reply>) -> T) -> T {
        view(&self.roster())
    }

    /// The rank of a request that arrives now.
    pub(crate) fn arrive(&self, urgency: Urgency, client: ClientKey) -> Rank {
        Rank {
            urgency,
            client,
            arrival: self.arrivals.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Whether nobody waits and nothing is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.look(|roster| {
            roster.line.is_empty() && roster.members.iter().all(|m| m.in_flight == 0)
        })
    }

    /// Adds a server, or takes back one that was leaving.
    pub(crate) fn join(self: &Arc<Self>, server: Arc<Server>) {
        self.event(&server.label, What::Joined);
        let (id, slow_start) = (server.id, self.settings.slow_start);
        let rise = self.change(|roster| {
            roster.join(server.clone());
            // Without probes it is up from now on.
            let up = !self.settings.health.probes;
            up.then(|| roster.rise(id, slow_start)).flatten()
        });
        self.warm(&server, rise);
    }

    /// The server is no longer listed: it finishes what it has and gets nothing new.
    pub(crate) fn leave(self: &Arc<Self>, server: &Server) {
        self.event(&server.label, What::Left);
        self.change(|roster| roster.leave(server.id));
    }

    /// Announces names to be resolved (or, negative, that one was): until then requests wait.
    pub(crate) fn resolving(self: &Arc<Self>, names: isize) {
        self.change(|roster| roster.unresolved = roster.unresolved.saturating_add_signed(names));
    }

    /// Takes note of what was seen of a server.
    pub(crate) fn note(self: &Arc<Self>, server: &Server, sight: Sight, now: Instant) {
        let changed = self.move_by(server, |roster| roster.note(server.id, sight, now));
        if changed == Some(State::Ejected) {
            self.ejected(server, sight);
        }
        // A server that refuses or fails probes may still finish what it has; a silent one is not waited for.
        if sight == Sight::Silent && self.roster().is_down(server.id) {
            server.lose();
        }
    }

    fn ejected(&self, server: &Server, sight: Sight) {
        server.counts.ejections.fetch_add(1, Ordering::Relaxed);
        // Whether connections can be made is what a probe finds out at once. Answers that failed are another matter: its
        // probes may pass all the while, and one that came now would undo the ejection.
        if sight != Sight::Erred || !self.settings.health.probes {
            server.doubt();
        }
    }

    /// Ends an ejection whose time is over.
    pub(crate) fn pardon(self: &Arc<Self>, server: &Server, now: Instant) {
        self.move_by(server, |roster| roster.pardon(server.id, now));
    }

    /// Moves a server to another state, and says so.
    fn move_by(
        self: &Arc<Self>,
        server: &Server,
        change: impl FnOnce(&mut Roster<Reply>) -> Option<State>,
    ) -> Option<State> {
        let (state, rise) = self.change(|roster| {
            let state = change(roster);
            let up = state == Some(State::Up);
            // Before anybody gets its slots.
            let rise = up.then(|| roster.rise(server.id, self.settings.slow_start));
            (state, rise.flatten())
        });
        let what = match state {
            None | Some(State::New) => return state,
            Some(State::Up) => What::Up,
            Some(State::Draining) => What::Draining,
            Some(State::Ejected) => What::Ejected,
            Some(State::Down) => What::Down,
        };
        self.event(&server.label, what);
        if what == What::Up {
            server.found();
            self.warm(server, rise);
        }
        state
    }

    fn event(&self, server: &str, what: What) {
        self.events.note(&self.settings.name, server, what);
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

    /// A request arrived: it is active until it is dropped.
    pub(crate) fn enter(&self) -> Active<'_> {
        if self.settings.hedge.factor > 0.0 {
            self.hedges.earn();
        }
        self.budget.enter()
    }

    /// A retry within the budget, now; if there is none, that is counted.
    pub(crate) fn retry(&self) -> Option<Retry<'_>> {
        self.counted(self.budget.retry())
    }

    /// A retry within the budget, now or when others are done.
    pub(crate) async fn retry_soon(&self) -> Option<Retry<'_>> {
        self.counted(self.budget.retry_within(self.settings.queue.wait).await)
    }

    fn counted<'a>(&self, retry: Option<Retry<'a>>) -> Option<Retry<'a>> {
        if retry.is_none() {
            self.counts.retries_denied.fetch_add(1, Ordering::Relaxed);
        }
        retry
    }

    /// How long an answer may take until its request is sent to another server too; `None` when that is never.
    pub(crate) fn hedge_patience(&self) -> Option<Duration> {
        let factor = self.settings.hedge.factor;
        let p95 = (factor > 0.0).then(|| self.latencies.p95()).flatten()?;
        Some(p95.mul_f64(factor))
    }

    /// Whether a request that these servers failed has another one to go to.
    pub(crate) fn has_other(&self, avoid: &[ServerId]) -> bool {
        self.roster().has_other(avoid)
    }

    /// Whether a request could get a server at all, and how many wait for one.
    pub(crate) fn pressure(&self) -> (bool, usize) {
        let roster = self.roster();
        (roster.has_hope(), roster.line.len())
    }

    /// The sum of the known capacities of servers that are up; `None` when none is known.
    pub(crate) fn capacity(&self) -> Option<u32> {
        self.roster().capacity()
    }
}
