//! Which servers does a pool have? Those of its sources: an address, a name, a file. A source tells its list whenever
//! that is another one, and here the pool follows: what is new joins and is probed first, what is gone gets nothing new
//! and finishes what it has. While a source fails, what it told last stands.

mod file;
mod names;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use service::Shutdown;
use tokio::sync::watch;

pub use self::names::{Resolve, SystemResolver};
use crate::health;
use crate::pool::Current;
use crate::settings::{self, Address};
use crate::upstream::{Server, Terms};

/// Where servers are listed.
trait Source: Send {
    /// What is listed, as soon as that is known, and from then on whenever it was asked for again; the error says why
    /// it is not known now.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Listed>, String>>;
}

/// A server on a list.
#[derive(Clone, Debug, PartialEq)]
struct Listed {
    /// What it is called; who has the same one is the same server.
    label: String,
    /// Tried in turn.
    addresses: Vec<SocketAddr>,
    /// Its own, where the source tells them; the others have those of the source's entry.
    terms: Option<Terms>,
}

impl Listed {
    fn terms(&self, of_all: Terms) -> Terms {
        self.terms.map_or(of_all, |own| Terms {
            capacity: own.capacity.or(of_all.capacity),
            weight: own.weight,
            backup: own.backup || of_all.backup,
        })
    }
}

/// One address, which needs no asking.
struct Fixed;

impl Source for Fixed {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Listed>, String>> {
        Box::pin(std::future::pending())
    }
}

/// The servers of a pool, by their sources.
pub(crate) struct Members {
    pool: Arc<Current>,
    resolver: Arc<dyn Resolve>,
    stop: Shutdown,
    followed: Mutex<HashMap<Address, Followed>>,
}

/// A source that is followed until this is dropped.
struct Followed {
    terms: watch::Sender<Terms>,
    forgotten: Shutdown,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.forgotten.cancel();
    }
}

impl Members {
    /// Fills `pool` with its servers and keeps it so until `stop` fires.
    pub(crate) fn follow(
        pool: Arc<Current>,
        resolver: Arc<dyn Resolve>,
        stop: &Shutdown,
    ) -> Members {
        let members = Members {
            resolver,
            stop: stop.clone(),
            followed: Mutex::default(),
            pool,
        };
        for entry in &members.pool.get().settings.servers {
            members.add(entry);
        }
        members
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, HashMap<Address, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows `entry`, or goes on following it by other terms; whether it is new.
    pub(crate) fn add(&self, entry: &settings::Server) -> bool {
        let mut followed = self.followed();
        if let Some(followed) = followed.get(&entry.address) {
            followed.terms.send_replace(terms(entry));
            return false;
        }
        let (told, terms) = watch::channel(terms(entry));
        let forgotten = Shutdown::new();
        let mut keeper = Keeper {
            pool: self.pool.clone(),
            stop: self.stop.clone(),
            terms,
            servers: HashMap::new(),
            unknown: true,
        };
        self.pool.get().resolving(1);
        if let Address::Fixed(address) = entry.address {
            // At once, so that servers are in the order of the settings.
            keeper.apply(vec![Listed {
                label: address.to_string(),
                addresses: vec![address],
                terms: None,
            }]);
        }
        let source = self.source(&entry.address);
        let (stop, forget) = (self.stop.clone(), forgotten.clone());
        tokio::spawn(async move { stop.run_until_cancelled(keeper.keep(source, forget)).await });
        let terms = told;
        followed.insert(entry.address.clone(), Followed { terms, forgotten });
        true
    }

    /// Forgets the source with this address: its servers finish what they have. Whether there was one.
    pub(crate) fn remove(&self, address: &Address) -> bool {
        self.followed().remove(address).is_some()
    }

    /// Forgets all sources.
    pub(crate) fn clear(&self) {
        self.followed().clear();
    }

    /// Goes from the entries `before` to those of the pool's settings now. What neither list names stays.
    pub(crate) fn reload(&self, before: &[settings::Server]) {
        let now = self.pool.get().settings.clone();
        for entry in &now.servers {
            if !before.contains(entry) {
                self.add(entry);
            }
        }
        for entry in before {
            let stays = now
                .servers
                .iter()
                .any(|other| other.address == entry.address);
            if !stays {
                self.remove(&entry.address);
            }
        }
    }

    fn source(&self, address: &Address) -> Box<dyn Source> {
        let name = |host: &str, port: u16, every_address: bool| {
            let question = names::Question {
                host: host.to_owned(),
                port,
                every_address,
            };
            names::Name::new(question, self.resolver.clone(), self.pool.clone())
        };
        match address {
            Address::Fixed(_) => Box::new(Fixed),
            Address::Name(host, port) => Box::new(name(host, *port, false)),
            Address::EveryAddress(host, port) => Box::new(name(host, *port, true)),
            Address::File(path) => Box::new(file::File::new(path)),
        }
    }
}

/// What an entry says of a server.
fn terms(entry: &settings::Server) -> Terms {
    Terms {
        capacity: entry.capacity,
        weight: entry.weight,
        backup: entry.backup,
    }
}

/// Follows one source: adds servers to the pool and starts their probes.
struct Keeper {
    pool: Arc<Current>,
    stop: Shutdown,
    /// Of servers for which the source tells none.
    terms: watch::Receiver<Terms>,
    servers: HashMap<String, (Listed, Arc<Server>)>,
    /// Nothing was listed yet: whoever asks the pool waits for that.
    unknown: bool,
}

impl Keeper {
    async fn keep(mut self, mut source: Box<dyn Source>, forgotten: Shutdown) {
        let mut failing = false;
        loop {
            let outcome = tokio::select! {
                () = forgotten.cancelled() => break,
                Ok(()) = self.terms.changed() => {
                    self.change_terms();
                    continue;
                }
                outcome = source.next() => outcome,
            };
            match outcome {
                Ok(listed) => {
                    failing = false;
                    self.apply(listed);
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let pool = &self.pool.get().settings.name;
                        tracing::warn!(pool, error, "servers stay as they are");
                    }
                    self.known();
                }
            }
        }
        self.apply(Vec::new());
    }

    /// Something is listed, or cannot be: nobody waits for that any more.
    fn known(&mut self) {
        if std::mem::take(&mut self.unknown) {
            self.pool.get().resolving(-1);
        }
    }

    fn terms(&self, listed: &Listed) -> Terms {
        listed.terms(*self.terms.borrow())
    }

    fn change_terms(&self) {
        for (listed, server) in self.servers.values() {
            let terms = self.terms(listed);
            self.pool.get().set_terms(server.id, |now| *now = terms);
        }
    }

    fn apply(&mut self, listed: Vec<Listed>) {
        let mut before = std::mem::take(&mut self.servers);
        for listed in listed {
            if self.servers.contains_key(&listed.label) {
                continue; // listed twice
            }
            let server = match before.remove(&listed.label) {
                Some((as_before, server)) => {
                    self.update(&as_before, &listed, &server);
                    server
                }
                None => self.add(&listed),
            };
            self.servers.insert(listed.label.clone(), (listed, server));
        }
        // After those that are new, so that whoever waits has somebody to wait for.
        for (_, server) in before.values() {
            self.leave(server);
        }
        self.known();
    }

    /// The list says something else of a server that was on it before.
    fn update(&self, before: &Listed, now: &Listed, server: &Server) {
        if before.addresses != now.addresses {
            let addresses = &now.addresses;
            tracing::info!(server = now.label, ?addresses, "server moved");
            server.moved(addresses);
        }
        if before.terms != now.terms {
            let terms = self.terms(now);
            self.pool.get().set_terms(server.id, |now| *now = terms);
        }
    }

    fn add(&self, listed: &Listed) -> Arc<Server> {
        let pool = self.pool.get();
        let terms = self.terms(listed);
        let idle = &pool.settings.idle;
        let server = Server::new(&listed.label, &listed.addresses, terms, idle);
        pool.join(server.clone());
        let watch = health::watch(self.pool.clone(), server.clone());
        let (stop, gone) = (self.stop.clone(), server.gone.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = gone.cancelled() => {}
                () = watch => {}
            }
        });
        server
    }

    fn leave(&self, server: &Server) {
        self.pool.get().leave(server);
        server.leave();
    }
}
