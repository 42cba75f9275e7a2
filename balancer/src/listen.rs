//! How does a client's connection live? It is accepted while there is room, asked for one request after the
//! other, and at shutdown it finishes the one that it has. From when shutdown is announced until the listener
//! closes, each answer asks its client to connect anew, which leads it elsewhere.

mod connection;
mod date;
mod forwarder;
mod head;
mod http_1;
mod http_2;
mod inlet;
mod numbers;
mod output;
mod socket;
mod streams;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use service::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use self::head::Fault;
pub(crate) use self::http_2::Busy;
pub(crate) use self::inlet::ClientBody;
use self::numbers::Numbers;
use self::tls::Tls;
use crate::Error;
use crate::edge::{Bans, Edge, Room, WaitingRoom, WaitingStats};
use crate::log::Log;
use crate::pool::Pool;
use crate::settings::{self, Limits};

/// After an accept that failed, most likely for want of file descriptors: time for some to come free.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What the connections of a listener need; a reload gives the next ones another gate.
pub(crate) struct Gate {
    name: String,
    /// The listener's pool as it is now: a request is answered from the one that is there when it comes.
    pool: Arc<ArcSwap<Pool>>,
    limits: Limits,
    edge: Edge,
    tls: Option<Arc<Tls>>,
    /// Connections begin with a header of the PROXY protocol.
    behind_forwarder: bool,
    /// Told of each request.
    log: Log,
    /// Shared by all listeners.
    room: Arc<Room>,
    /// Numbers for connections that nobody can guess.
    numbers: Arc<Numbers>,
    /// Fires when clients are to go elsewhere; the listener may go on for a while.
    draining: Shutdown,
}

/// What all listeners have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) bans: Arc<Bans>,
    pub(crate) log: Log,
    limits: Limits,
    room: Arc<Room>,
    numbers: Arc<Numbers>,
    /// Signs what only this process has to know again.
    secret: Arc<[u8; 32]>,
    draining: Shutdown,
}

impl Common {
    pub(crate) fn new(limits: &Limits, log: Log, draining: &Shutdown) -> Result<Common, Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(Error::Randomness)?;
        Ok(Common {
            secret: Arc::new(secret),
            bans: Arc::default(),
            log,
            room: Room::new(limits.connections, limits.connections_per_client),
            numbers: Arc::new(Numbers::from_system().map_err(Error::Randomness)?),
            limits: limits.clone(),
            draining: draining.clone(),
        })
    }

    /// Goes on by other limits. Where they count connections, those that are open no longer count.
    pub(crate) fn renew(&mut self, limits: &Limits) {
        let counted = |limits: &Limits| (limits.connections, limits.connections_per_client);
        if counted(limits) != counted(&self.limits) {
            self.room = Room::new(limits.connections, limits.connections_per_client);
        }
        self.limits = limits.clone();
    }
}

impl Gate {
    /// The gate of `listener`, before `pool`.
    pub(crate) fn new(
        listener: &settings::Listener,
        pool: Arc<ArcSwap<Pool>>,
        common: &Common,
    ) -> Result<Gate, Error> {
        let unreadable = |error| Error::Listener {
            listener: listener.name.clone(),
            error,
        };
        let tls = listener.tls.as_ref().map(Tls::open).transpose();
        let (limits, serial) = (&common.limits, common.numbers.next());
        let edge = Edge::new(listener, limits, &common.bans, &common.secret[..], serial);
        Ok(Gate {
            tls: tls.map_err(unreadable)?,
            behind_forwarder: listener.proxy_protocol,
            name: listener.name.clone(),
            pool,
            limits: common.limits.clone(),
            edge: edge.map_err(unreadable)?,
            log: common.log.clone(),
            room: common.room.clone(),
            numbers: common.numbers.clone(),
            draining: common.draining.clone(),
        })
    }

    /// Says what a gate for `listener` would lack.
    pub(crate) fn check(listener: &settings::Listener) -> Result<(), Error> {
        let checked = listener.tls.as_ref().map_or(Ok(()), tls::check);
        let checked = checked.and_then(|()| {
            listener
                .waiting_room
                .as_ref()
                .map_or(Ok(()), WaitingRoom::check)
        });
        checked.map_err(|error| Error::Listener {
            listener: listener.name.clone(),
            error,
        })
    }

    /// What is going on in the waiting room, if there is one.
    pub(crate) fn waiting(&self) -> Option<WaitingStats> {
        self.edge.waiting_room.as_ref().map(WaitingRoom::stats)
    }

    /// Whether a new one would meet the same limits, and only forget what it counted.
    pub(crate) fn has_limits_of(&self, common: &Common) -> bool {
        self.limits == common.limits
    }
}

/// Serves until `shutdown` fires and the last request is answered, or the grace period is over.
pub(crate) async fn serve(listener: TcpListener, gate: Arc<ArcSwap<Gate>>, shutdown: Shutdown) {
    // They end with this, and need not look for that.
    let mut connections = JoinSet::new();
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = accept(&listener, &gate, &mut connections, &shutdown) => {}
    }
    drop(listener);
    let gate = gate.load_full();
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(gate.limits.grace, ended)
        .await
        .is_err()
    {
        tracing::warn!(
            listener = gate.name,
            "requests were still in flight when the grace period ended"
        );
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    gate: &ArcSwap<Gate>,
    connections: &mut JoinSet<()>,
    shutdown: &Shutdown,
) {
    while let Some(permit) = gate.load_full().room.free().await {
        let accepted = listener.accept().await;
        let gate = gate.load_full();
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                // Those behind a forwarder are not known yet.
                let counted = !gate.behind_forwarder && !gate.edge.trusted.contains(peer.ip());
                let client = counted.then(|| peer.ip().into());
                let Some(seat) = gate.room.seat(permit, client) else {
                    tracing::debug!(listener = gate.name, %peer, "client has too many connections");
                    continue;
                };
                // Boxed, or the task would hold it once for each future around it.
                let served = Box::pin(connection::serve(stream, peer, gate, shutdown.clone()));
                connections.spawn(async move {
                    served.await;
                    drop(seat);
                });
            }
            Err(e) => {
                tracing::warn!(listener = gate.name, error = %e, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
