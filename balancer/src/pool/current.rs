//! Which settings does a pool have now? Whoever outlives a reload holds this, and asks each time.

use std::sync::Arc;

use tokio::sync::watch;

use super::Pool;

/// A pool as it is now.
#[derive(Debug)]
pub(crate) struct Current(watch::Sender<Arc<Pool>>);

impl Current {
    pub(crate) fn new(pool: Arc<Pool>) -> Arc<Current> {
        Arc::new(Current(watch::Sender::new(pool)))
    }

    pub(crate) fn get(&self) -> Arc<Pool> {
        self.0.borrow().clone()
    }

    /// Puts `pool` in its place.
    pub(crate) fn put(&self, pool: Arc<Pool>) {
        self.0.send_replace(pool);
    }

    /// Waits until another pool is in the place of `known`.
    pub(crate) async fn other_than(&self, known: &Arc<Pool>) {
        let mut pools = self.0.subscribe();
        // The sender lives in this, so it cannot be gone.
        drop(pools.wait_for(|pool| !Arc::ptr_eq(pool, known)).await);
    }
}
