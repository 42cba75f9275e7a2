//! How does a process stop? A signal fires one token; every service that holds it stops accepting,
//! finishes what is in flight, and returns. A second signal ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
pub use tokio_util::sync::CancellationToken as Shutdown;

/// A token that fires on Ctrl-C or SIGTERM.
///
/// A second signal exits at once with 130, for whoever does not want to wait for the drain.
///
/// # Errors
/// When the process may not install signal handlers.
pub fn on_signal() -> std::io::Result<Shutdown> {
    let shutdown = Shutdown::new();
    let fired = shutdown.clone();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                tracing::info!(
                    "stopping: work in flight is finished first, a second signal ends it now"
                );
                fired.cancel();
            }
        }
        std::process::exit(130);
    });
    Ok(shutdown)
}
