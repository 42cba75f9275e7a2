//! Who computes a reference orbit, and how often? Whoever asks for it first has it computed; whoever asks meanwhile waits for the
//! same one, and whoever asks later finds it, until others need its memory.
//!
//! An orbit is computed beside the tiles, on threads of its own: it may take minutes, in which tiles of other places go on. Nobody who
//! waits for one holds a place to draw. When nobody waits for it any more, it stops.

mod shelf;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fractal::{Cancelled, Fork, Job, Orbit, OrbitKey, OrbitProgress};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;

use crate::metrics::OrbitMetrics;
use shelf::Shelf;

/// Orbits that are computed at once. With one, a place of seconds would wait behind another's of minutes; with many, all would be late.
const AT_ONCE: usize = 2;

/// What one orbit may take of so many bytes for all: so much that others are kept and computed beside the longest. What is longer is kept as
/// waypoints.
pub(crate) fn memory_of_one(memory: u64) -> u64 {
    memory / AT_ONCE as u64
}

/// Threads of an orbit where the worker has several: a step is two or three products, which can be computed at the same time.
const THREADS_OF_EACH: usize = 2;

/// The unit in which orbits under way share memory.
const SHARE: u64 = 1 << 20;

/// Why there is no orbit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoOrbit {
    /// So many wait for orbits already.
    #[error("as many wait for reference orbits as may")]
    Full,
    /// A mistake of ours.
    #[error("computing the reference orbit panicked")]
    Panicked,
}

/// The orbits that a worker has, and those that it is computing.
#[derive(Clone)]
pub(crate) struct Orbits(Arc<Shared>);

type Compute =
    dyn Fn(&OrbitKey, &OrbitProgress, &AtomicBool) -> Result<Orbit, Cancelled> + Send + Sync;

struct Shared {
    state: Mutex<State>,
    /// For each orbit that is computed a pool of its own: in a shared one, a thread that waits for half a step could begin with another
    /// orbit meanwhile, and be minutes late.
    pools: Vec<rayon::ThreadPool>,
    /// Which of them are free.
    free: Mutex<Vec<usize>>,
    compute: Box<Compute>,
    /// Orbits that may be computed at once.
    turns: Arc<Semaphore>,
    /// Memory, in units of [`SHARE`], that orbits under way may take together.
    memory: Arc<Semaphore>,
    shares: u32,
    /// Bytes that one orbit may take.
    most_bytes: u64,
    /// How many may wait.
    most_waiting: usize,
    waiting: AtomicUsize,
    metrics: OrbitMetrics,
}

struct State {
    ready: Shelf,
    under_way: Vec<Arc<Flight>>,
}

/// An orbit under way.
struct Flight {
    key: OrbitKey,
    progress: OrbitProgress,
    cancel: AtomicBool,
    /// Changed only with the state locked.
    waiting: AtomicUsize,
    outcome: watch::Sender<Option<Result<Arc<Orbit>, NoOrbit>>>,
    /// Of the task that waits for the orbit's turn.
    turn: Mutex<Option<AbortHandle>>,
}

/// How far an orbit under way is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Progress {
    /// The part of the most steps that is done; orbits may end before.
    pub(crate) progress: f64,
    pub(crate) steps: u64,
    pub(crate) limit: u64,
    /// Binary places of the arithmetic.
    pub(crate) bits: usize,
    /// Requests that wait for it.
    pub(crate) waiting: usize,
}

impl Orbits {
    /// Orbits in at most `memory` bytes, and in as many again while they are computed; `most_waiting` requests may wait for them.
    pub(crate) fn new(
        threads: usize,
        memory: u64,
        most_waiting: usize,
        metrics: OrbitMetrics,
    ) -> Result<Orbits, rayon::ThreadPoolBuildError> {
        Orbits::computed_by(
            Box::new(move |key, progress, cancel| {
                key.compute(memory_of_one(memory), &Join, progress, cancel)
            }),
            threads,
            memory,
            most_waiting,
            metrics,
        )
    }

    fn computed_by(
        compute: Box<Compute>,
        threads: usize,
        memory: u64,
        most_waiting: usize,
        metrics: OrbitMetrics,
    ) -> Result<Orbits, rayon::ThreadPoolBuildError> {
        let pool = |_| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.min(THREADS_OF_EACH))
                .thread_name(|i| format!("orbit-{i}"))
                .build()
        };
        let pools: Vec<_> = (0..AT_ONCE).map(pool).collect::<Result<_, _>>()?;
        let shares = u32::try_from(memory / SHARE).unwrap_or(u32::MAX);
        let shares = shares.min(Semaphore::MAX_PERMITS as u32).max(1);
        Ok(Orbits(Arc::new(Shared {
            state: Mutex::new(State {
                ready: Shelf::new(memory),
                under_way: Vec::new(),
            }),
            free: Mutex::new((0..pools.len()).collect()),
            pools,
            compute,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            memory: Arc::new(Semaphore::new(shares as usize)),
            shares,
            most_bytes: memory_of_one(memory),
            most_waiting,
            waiting: AtomicUsize::new(0),
            metrics,
        })))
    }

    /// The orbit of `key` or one that does for it, if there is one, else a place among those who wait for it. Who is the first to wait
    /// has it computed.
    ///
    /// # Errors
    /// [`NoOrbit::Full`].
    pub(crate) fn find(&self, key: &OrbitKey) -> Result<Found, NoOrbit> {
        let shared = &self.0;
        let mut state = shared.state();
        if let Some(orbit) = state.ready.take_up(key) {
            shared.metrics.reused.inc();
            return Ok(Found::Ready(orbit));
        }
        if shared.waiting.load(Ordering::Relaxed) >= shared.most_waiting {
            return Err(NoOrbit::Full);
        }
        let known = state.under_way.iter().find(|flight| flight.key.serves(key));
        let flight = match known {
            Some(flight) => {
                shared.metrics.reused.inc();
                Arc::clone(flight)
            }
            None => {
                let flight = Arc::new(Flight::new(key.clone()));
                state.under_way.push(Arc::clone(&flight));
                shared.start(&flight);
                flight
            }
        };
        flight.waiting.fetch_add(1, Ordering::Relaxed);
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(Found::UnderWay(Wait {
            shared: Arc::clone(shared),
            flight,
        }))
    }

    /// How far each orbit under way is.
    pub(crate) fn under_way(&self) -> Vec<Progress> {
        let state = self.0.state();
        state.under_way.iter().map(|flight| flight.now()).collect()
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }
}

/// What there is of an orbit.
pub(crate) enum Found {
    Ready(Arc<Orbit>),
    UnderWay(Wait),
}

/// A place among those who wait for an orbit; the last to give it up stops the computing.
pub(crate) struct Wait {
    shared: Arc<Shared>,
    flight: Arc<Flight>,
}

impl Wait {
    /// The orbit, once it has been computed.
    ///
    /// # Errors
    /// [`NoOrbit::Panicked`].
    pub(crate) async fn outcome(&self) -> Result<Arc<Orbit>, NoOrbit> {
        let mut outcome = self.flight.outcome.subscribe();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(NoOrbit::Panicked)),
            Err(_) => Err(NoOrbit::Panicked),
        }
    }

    /// Tells how far the orbit is, also to those who do not wait themselves.
    pub(crate) fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.flight))
    }
}

/// Tells how far an orbit is.
pub(crate) struct Meter(Arc<Flight>);

impl Meter {
    pub(crate) fn now(&self) -> Progress {
        self.0.now()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        if self.flight.waiting.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        // Whoever asks from now on has it computed anew, and does not join what is being stopped.
        state.ground(&self.flight);
        self.flight.cancel.store(true, Ordering::Relaxed);
        if let Some(turn) = lock(&self.flight.turn).take() {
            turn.abort();
        }
    }
}

impl Flight {
    fn new(key: OrbitKey) -> Flight {
        Flight {
            key,
            progress: OrbitProgress::default(),
            cancel: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            outcome: watch::Sender::new(None),
            turn: Mutex::new(None),
        }
    }

    fn now(&self) -> Progress {
        let (steps, limit) = (self.progress.steps(), self.key.limit());
        // Most orbits end before their limit.
        let is_over = self.outcome.borrow().is_some();
        let part = (steps as f64 / limit as f64).min(1.0);
        Progress {
            progress: if is_over { 1.0 } else { part },
            steps,
            limit,
            bits: self.key.bits(),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Has an orbit computed when it is its turn and there is memory for the most that it can take.
    fn start(self: &Arc<Self>, flight: &Arc<Flight>) {
        let most = flight.key.most_bytes(self.most_bytes);
        let shares = u32::try_from(most / SHARE)
            .unwrap_or(u32::MAX)
            .clamp(1, self.shares);
        let (shared, own) = (Arc::clone(self), Arc::clone(flight));
        let turn = tokio::spawn(async move {
            // One after the other: who has memory has a turn too, and so comes to an end.
            let turn = Arc::clone(&shared.turns).acquire_owned().await;
            let memory = Arc::clone(&shared.memory).acquire_many_owned(shares).await;
            let free = lock(&shared.free).pop();
            let free = free.expect("there are as many pools as turns");
            let own_shared = Arc::clone(&shared);
            shared.pools[free].spawn(move || {
                own_shared.compute(&own);
                lock(&own_shared.free).push(free);
                drop((memory, turn));
            });
        });
        *lock(&flight.turn) = Some(turn.abort_handle());
    }

    fn compute(&self, flight: &Arc<Flight>) {
        let _computing = self.metrics.computing();
        let begun = Instant::now();
        let compute = || (self.compute)(&flight.key, &flight.progress, &flight.cancel);
        let outcome = match catch_unwind(AssertUnwindSafe(compute)) {
            Ok(Ok(orbit)) => Ok(Arc::new(orbit)),
            // Nobody waits, and the flight is grounded already.
            Ok(Err(Cancelled)) => return,
            Err(_) => {
                tracing::error!(
                    bits = flight.key.bits(),
                    "computing a reference orbit panicked"
                );
                Err(NoOrbit::Panicked)
            }
        };
        let mut state = self.state();
        if let Ok(orbit) = &outcome {
            self.metrics.computed.inc();
            self.metrics.seconds.observe(begun.elapsed().as_secs_f64());
            state.ready.put(flight.key.clone(), Arc::clone(orbit));
            self.metrics.bytes.set(state.ready.bytes() as i64);
        }
        state.ground(flight);
        drop(state);
        flight.outcome.send_replace(Some(outcome));
    }
}

impl State {
    /// Nobody joins `flight` any more.
    fn ground(&mut self, flight: &Arc<Flight>) {
        self.under_way.retain(|other| !Arc::ptr_eq(other, flight));
    }
}

/// Forks on the threads of orbits.
struct Join;

impl Fork for Join {
    fn join(&self, one: Job, other: Job) {
        rayon::join(one, other);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
