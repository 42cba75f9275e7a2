//! Which servers does a pool have? Those listed, and those that names resolve to: names are asked again every
//! second, and while they do not answer, the last answer stands.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use service::Shutdown;

use crate::health;
use crate::pool::Pool;
use crate::settings::Address;
use crate::upstream::{Server, Terms};

/// How names become addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, with `port`.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The operating system's way: hosts file and name servers (`getaddrinfo`), on a thread where it may block.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Fills `pool` with its servers and keeps it so until `stop` fires.
pub(crate) fn follow(pool: &Arc<Pool>, resolver: &Arc<dyn Resolve>, stop: &Shutdown) {
    for listed in &pool.settings.servers {
        let keeper = Keeper {
            pool: pool.clone(),
            terms: Terms {
                capacity: listed.capacity.or(pool.settings.capacity),
                weight: listed.weight,
                backup: listed.backup,
            },
            stop: stop.clone(),
        };
        match &listed.address {
            Address::Fixed(address) => {
                keeper.add(address.to_string(), &[*address]);
            }
            named => {
                pool.resolving(1);
                let name = Name::new(named.clone(), resolver.clone(), keeper);
                let stop = stop.clone();
                tokio::spawn(async move { stop.run_until_cancelled(name.follow()).await });
            }
        }
    }
}

/// Adds servers to a pool and starts their probes.
struct Keeper {
    pool: Arc<Pool>,
    terms: Terms,
    stop: Shutdown,
}

impl Keeper {
    fn add(&self, label: String, addresses: &[SocketAddr]) -> Arc<Server> {
        let server = Server::new(label, addresses, self.terms, &self.pool.settings.idle);
        self.pool.join(server.clone());
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

    fn remove(&self, server: &Server) {
        self.pool.leave(server);
        server.leave();
    }
}

/// A name and the servers that it stands for.
struct Name {
    host: String,
    port: u16,
    every_address: bool,
    resolver: Arc<dyn Resolve>,
    keeper: Keeper,
    servers: HashMap<String, (Vec<SocketAddr>, Arc<Server>)>,
}

impl Name {
    fn new(address: Address, resolver: Arc<dyn Resolve>, keeper: Keeper) -> Name {
        let (host, port, every_address) = match address {
            Address::EveryAddress(host, port) => (host, port, true),
            Address::Name(host, port) => (host, port, false),
            Address::Fixed(address) => (address.ip().to_string(), address.port(), false),
        };
        Name {
            host,
            port,
            every_address,
            resolver,
            keeper,
            servers: HashMap::new(),
        }
    }

    async fn follow(mut self) {
        let mut first = true;
        let mut failing = false;
        loop {
            match self.resolver.resolve(&self.host, self.port).await {
                Ok(addresses) if !addresses.is_empty() => {
                    failing = false;
                    self.apply(addresses);
                }
                outcome => {
                    if !failing {
                        let error = outcome.err().map(|e| e.to_string());
                        tracing::warn!(
                            host = self.host,
                            error,
                            "name does not resolve: its servers stay as they are"
                        );
                    }
                    failing = true;
                    if !self.every_address && self.servers.is_empty() {
                        self.apply(Vec::new());
                    }
                }
            }
            if std::mem::take(&mut first) {
                self.keeper.pool.resolving(-1);
            }
            tokio::time::sleep(self.keeper.pool.settings.resolve_interval).await;
        }
    }

    fn apply(&mut self, mut addresses: Vec<SocketAddr>) {
        addresses.sort_unstable();
        addresses.dedup();
        if !self.every_address {
            return self.move_to(addresses);
        }
        let listed: HashMap<String, SocketAddr> = addresses
            .into_iter()
            .map(|address| (address.to_string(), address))
            .collect();
        self.servers.retain(|label, (_, server)| {
            let stays = listed.contains_key(label);
            if !stays {
                self.keeper.remove(server);
            }
            stays
        });
        for (label, address) in listed {
            self.servers.entry(label).or_insert_with_key(|label| {
                (vec![address], self.keeper.add(label.clone(), &[address]))
            });
        }
    }

    /// One server, wherever the name points now.
    fn move_to(&mut self, addresses: Vec<SocketAddr>) {
        let label = format!("{}:{}", self.host, self.port);
        match self.servers.get_mut(&label) {
            None => {
                let server = self.keeper.add(label.clone(), &addresses);
                self.servers.insert(label, (addresses, server));
            }
            Some((before, server)) if *before != addresses => {
                tracing::info!(server = label, ?addresses, "server moved");
                server.moved(&addresses);
                *before = addresses;
            }
            Some(_) => {}
        }
    }
}
