//! A listener while it is open: what its next connections meet can change, and closing it ends no request.

use std::sync::Arc;

use arc_swap::ArcSwap;
use service::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use crate::Error;
use crate::edge::WaitingStats;
use crate::listen::{self, Common, Gate};
use crate::pool::Pool;
use crate::settings::Listener;

/// An open listener.
pub(super) struct Door {
    listener: Listener,
    pool: Arc<ArcSwap<Pool>>,
    gate: Arc<ArcSwap<Gate>>,
    /// Closes it when dropped.
    stop: DropGuard,
    serving: JoinHandle<()>,
}

impl Door {
    pub(super) fn open(
        listener: Listener,
        bound: TcpListener,
        pool: &Arc<Pool>,
        common: &Common,
    ) -> Result<Door, Error> {
        let pool = Arc::new(ArcSwap::new(pool.clone()));
        let gate = Gate::new(&listener, pool.clone(), common)?;
        let gate = Arc::new(ArcSwap::from_pointee(gate));
        let stop = Shutdown::new();
        let serving = tokio::spawn(listen::serve(bound, gate.clone(), stop.clone()));
        Ok(Door {
            listener,
            pool,
            gate,
            stop: stop.drop_guard(),
            serving,
        })
    }

    /// The listener's name, and what is going on in its waiting room.
    pub(super) fn waiting(&self) -> Option<(String, WaitingStats)> {
        let stats = self.gate.load().waiting()?;
        Some((self.listener.name.clone(), stats))
    }

    pub(super) fn is_at(&self, listener: &Listener) -> bool {
        self.listener.address == listener.address
    }

    /// Leads to `pool` from the next request on; the next connections meet the limits of now. What the gate has
    /// counted of its clients stays when nothing that it goes by is another.
    pub(super) fn renew(&mut self, listener: Listener, pool: &Arc<Pool>, common: &Common) {
        self.pool.store(pool.clone());
        if listener != self.listener || !self.gate.load().has_limits_of(common) {
            match Gate::new(&listener, self.pool.clone(), common) {
                Ok(gate) => self.gate.store(Arc::new(gate)),
                // It was checked a moment ago.
                Err(error) => tracing::error!(%error, "the listener stays as it was"),
            }
        }
        self.listener = listener;
    }

    /// Takes no more connections; the future ends with the last request, or with the grace period.
    pub(super) fn close(self) -> impl Future<Output = ()> {
        drop(self.stop);
        async move {
            if let Err(e) = self.serving.await {
                tracing::error!(listener = self.listener.name, error = %e, "a listener failed");
            }
        }
    }
}

pub(super) fn no_such_pool(listener: &Listener) -> Error {
    Error::NoSuchPool {
        listener: listener.name.clone(),
        pool: listener.pool.clone(),
    }
}
