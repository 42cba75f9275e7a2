//! The worker as a process sees it: one call that serves until it is told to stop.

use std::sync::Arc;

use service::{Readiness, Shutdown};
use tokio::net::TcpListener;

use crate::Settings;
use crate::admission::Admission;
use crate::api::{self, Worker};
use crate::job::Pool;
use crate::metrics::{OrbitMetrics, TileMetrics};
use crate::orbits::Orbits;

/// Why a worker could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system gave no threads.
    #[error("cannot start the worker's threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The listener failed.
    #[error("the worker's listener failed")]
    Serve(#[from] std::io::Error),
}

/// Draws tiles for whoever connects to `listener`, until `shutdown` fires and the tiles in flight are done.
///
/// # Errors
/// [`Error`]; a tile that fails is its requester's problem and never ends the worker.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let pool = Pool::new(settings.threads)?;
    let admission = Admission::new(settings.capacity, settings.queue);
    let orbit_metrics = OrbitMetrics::default();
    let (tile_metrics, metrics) = TileMetrics::new(&admission, &orbit_metrics, settings.threads);
    // As many as may wait for a place, so that those who need no orbit always find one.
    let most_waiting = settings.queue.max(1);
    let orbits = Orbits::new(
        settings.threads,
        settings.orbit_memory,
        most_waiting,
        orbit_metrics,
    )?;
    let grace = settings.grace;
    let readiness = Readiness::default();
    tracing::info!(
        worker = settings.name,
        threads = settings.threads,
        capacity = settings.capacity,
        backend = ?fractal::Backend::detect(),
        "drawing tiles"
    );
    let worker = Arc::new(Worker {
        settings,
        readiness: readiness.clone(),
        admission,
        pool,
        orbits,
        tile_metrics,
        metrics,
    });
    let draining = shutdown.clone();
    tokio::spawn(async move {
        draining.cancelled().await;
        readiness.drain();
    });
    service::serve(listener, api::routes(worker), shutdown, grace).await?;
    Ok(())
}
