//! When has an axum service stopped? When its listener is closed and every request in flight is
//! answered, or when the grace period is over: a client that never reads cannot hold the process.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::Shutdown;

/// Serves `router` until `shutdown` fires, then for at most `grace` more until the last request in
/// flight is answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    grace: Duration,
) -> std::io::Result<()> {
    let draining = shutdown.clone();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async move { draining.cancelled().await });
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        outcome = server => outcome,
        () = overdue => {
            tracing::warn!(grace_seconds = grace.as_secs(), "requests were still in flight when the grace period ended");
            Ok(())
        }
    }
}
