//! What changes while the balancer runs? Listeners, pools and servers, as the settings are read again. New settings are
//! taken over whole or not at all, and nothing that is in flight or waits notices: a pool that is still there goes on with
//! its servers and its queue, a listener whose address is still there with its connections.

mod door;
mod pages;
mod reload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use service::Shutdown;
use tokio::net::TcpListener;

use self::door::Door;
use self::pages::{Moves, Pages};
pub use self::reload::{FileError, Reload};
pub(crate) use self::reload::{Reloads, keep};
use crate::Error;
use crate::admin::AdminSocket;
use crate::edge::{Bans, WaitingStats};
use crate::listen::{Common, Gate};
use crate::log::{Log, Sink};
use crate::members::{Members, Resolve};
use crate::pool::{Current, Pool};
use crate::settings::{self, Settings};

/// Between two looks whether a pool that is no longer there has done its work.
const RETIRING: Duration = Duration::from_millis(50);

/// The running balancer, for whoever changes it.
pub(crate) struct Control {
    resolver: Arc<dyn Resolve>,
    /// Fires when new requests are no longer wanted.
    draining: Shutdown,
    /// Ends probes and questions for names.
    stop: Shutdown,
    state: Mutex<State>,
    pages: Mutex<Pages>,
    pub(crate) reloads: Reloads,
}

struct State {
    settings: Settings,
    pools: Vec<Arc<Housed>>,
    doors: Vec<Door>,
    common: Common,
}

/// A pool and who fills it.
pub(crate) struct Housed {
    pub(crate) current: Arc<Current>,
    pub(crate) members: Members,
}

impl Control {
    /// Opens what `settings` name on `listeners`, which are bound by the caller, one for each.
    pub(crate) fn open(
        settings: Settings,
        listeners: Vec<TcpListener>,
        resolver: Arc<dyn Resolve>,
        draining: &Shutdown,
        stop: &Shutdown,
        log: Log,
    ) -> Result<Arc<Control>, Error> {
        let control = Control {
            resolver,
            draining: draining.clone(),
            stop: stop.clone(),
            state: Mutex::new(State {
                common: Common::new(&settings.limits, log, draining)?,
                settings,
                pools: Vec::new(),
                doors: Vec::new(),
            }),
            pages: Mutex::default(),
            reloads: Reloads::default(),
        };
        {
            let mut state = control.state();
            state.pools = state
                .settings
                .pools
                .iter()
                .map(|pool| control.house(pool, &state.common))
                .collect();
            let listed = state.settings.listeners.clone();
            for (listener, bound) in listed.into_iter().zip(listeners) {
                let pool = state.pool(&listener)?;
                let door = Door::open(listener, bound, &pool, &state.common)?;
                state.doors.push(door);
            }
        }
        Ok(Arc::new(control))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the admin pages at places that are bound.
    pub(crate) fn open_pages(
        self: &Arc<Self>,
        address: Option<TcpListener>,
        socket: Option<AdminSocket>,
    ) {
        let (address, socket) = (Some(address), Some(socket));
        self.pages().turn_to(Moves { address, socket }, self);
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn house(&self, pool: &settings::Pool, common: &Common) -> Arc<Housed> {
        let pool = Pool::new(pool.clone());
        pool.events.tell(&common.log);
        let current = Current::new(pool);
        let members = Members::follow(current.clone(), self.resolver.clone(), &self.stop);
        Arc::new(Housed { current, members })
    }

    /// The waiting rooms, by their listeners' names.
    pub(crate) fn waiting_rooms(&self) -> Vec<(String, WaitingStats)> {
        let state = self.state();
        state.doors.iter().filter_map(Door::waiting).collect()
    }

    /// The pools as they are now, in the order of the settings.
    pub(crate) fn pools(&self) -> Vec<Arc<Pool>> {
        let state = self.state();
        state.pools.iter().map(|pool| pool.current.get()).collect()
    }

    /// The pool of this name, and who fills it.
    pub(crate) fn housed(&self, name: &str) -> Option<Arc<Housed>> {
        let state = self.state();
        state.pools.iter().find(|pool| pool.name() == name).cloned()
    }

    /// Who is banned, at all listeners.
    pub(crate) fn bans(&self) -> Arc<Bans> {
        self.state().common.bans.clone()
    }

    /// How many lines of logs were lost.
    pub(crate) fn lost_lines(&self) -> u64 {
        self.state().common.log.lost()
    }

    /// Whether whoever asks should go elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Whether these settings would change nothing, as another comment in the file does.
    fn goes_by(&self, settings: &Settings) -> bool {
        self.reloads.told().mistake.is_none() && self.state().settings == *settings
    }

    /// Goes on by `settings`. New addresses are bound first, and files of logs opened: when one cannot be, nothing has
    /// changed.
    pub(crate) async fn reload(self: &Arc<Self>, settings: Settings) -> Result<(), String> {
        let now = self.state().settings.clone();
        let moves = Moves::bind(&now, &settings).await;
        let moves = moves.map_err(|e| e.to_string())?;
        let mut known: Vec<String> = self.state().addresses();
        let mut bound = Vec::new();
        for listener in &settings.listeners {
            let address = &listener.address;
            match known.iter().position(|known| known == address) {
                Some(position) => drop(known.remove(position)),
                None => match service::listen(address).await {
                    Ok(socket) => bound.push((listener.address.clone(), socket)),
                    Err(e) => return Err(format!("listener {}: {address}: {e}", listener.name)),
                },
            }
        }
        let (log, wanted) = (self.state().common.log.clone(), settings.log.clone());
        let opened = tokio::task::spawn_blocking(move || log.open(&wanted)).await;
        let sink = opened.map_err(|e| e.to_string())?;
        let sink = sink.map_err(|e| e.to_string())?;
        if self.is_draining() {
            return Err("the balancer is about to end".to_owned());
        }
        let applied = self.apply(settings, bound, sink);
        applied.map_err(|e| e.to_string())?;
        self.pages().turn_to(moves, self);
        Ok(())
    }

    fn apply(
        &self,
        next: Settings,
        mut bound: Vec<(String, TcpListener)>,
        sink: Option<Arc<Sink>>,
    ) -> Result<(), Error> {
        let state = &mut *self.state();
        for listener in &next.listeners {
            if !next.pools.iter().any(|pool| pool.name == listener.pool) {
                return Err(door::no_such_pool(listener));
            }
            Gate::check(listener)?;
        }
        state.common.log.turn_to(sink);
        state.common.renew(&next.limits);
        state.settings = next;
        let former = std::mem::take(&mut state.pools);
        for pool in &state.settings.pools {
            let housed = match former.iter().find(|former| former.name() == pool.name) {
                Some(kept) => kept.renew(pool),
                None => self.house(pool, &state.common),
            };
            state.pools.push(housed);
        }
        let mut closing = std::mem::take(&mut state.doors);
        for listener in state.settings.listeners.clone() {
            let pool = state.pool(&listener)?;
            let kept = closing.iter().position(|door| door.is_at(&listener));
            let new = bound
                .iter()
                .position(|(address, _)| *address == listener.address);
            let door = match (kept, new) {
                (Some(kept), _) => {
                    let mut door = closing.remove(kept);
                    door.renew(listener, &pool, &state.common);
                    door
                }
                (None, Some(new)) => {
                    let (_, socket) = bound.remove(new);
                    Door::open(listener, socket, &pool, &state.common)?
                }
                (None, None) => continue,
            };
            state.doors.push(door);
        }
        for door in closing {
            tokio::spawn(door.close());
        }
        for gone in former {
            if !state.pools.iter().any(|pool| Arc::ptr_eq(pool, &gone)) {
                tokio::spawn(gone.retire());
            }
        }
        Ok(())
    }

    /// Closes the listeners one after the other, each when the one before it has answered its last request: what a
    /// listener's requests in flight need of the next one is still there.
    pub(crate) async fn close(&self) {
        let doors = std::mem::take(&mut self.state().doors);
        for door in doors {
            door.close().await;
        }
    }

    /// Closes the admin pages.
    pub(crate) async fn close_pages(&self) {
        let pages = std::mem::take(&mut *self.pages());
        pages.close().await;
    }

    /// How long new requests are still taken when shutdown was announced.
    pub(crate) fn shutdown_delay(&self) -> Duration {
        self.state().settings.limits.shutdown_delay
    }
}

impl State {
    fn pool(&self, listener: &settings::Listener) -> Result<Arc<Pool>, Error> {
        let pool = self.pools.iter().find(|pool| pool.name() == listener.pool);
        pool.map(|pool| pool.current.get())
            .ok_or_else(|| door::no_such_pool(listener))
    }

    fn addresses(&self) -> Vec<String> {
        let listeners = self.settings.listeners.iter();
        listeners.map(|listener| listener.address.clone()).collect()
    }
}

impl Housed {
    fn name(&self) -> String {
        self.current.get().settings.name.clone()
    }

    /// The same by other settings.
    fn renew(self: &Arc<Self>, next: &settings::Pool) -> Arc<Housed> {
        let before = self.current.get();
        if *before.settings != *next {
            self.current.put(before.renewed(next.clone()));
            self.members.reload(&before.settings.servers);
        }
        self.clone()
    }

    /// No listener leads here any more: it does what it has to do, and then its servers go.
    async fn retire(self: Arc<Self>) {
        while !self.current.get().is_idle() {
            tokio::time::sleep(RETIRING).await;
        }
        self.members.clear();
    }
}
