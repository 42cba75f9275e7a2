//! What is the same for every role: it binds, says where, and only then serves; a signal ends it, at once or when
//! whoever sends requests has had time to learn who comes next.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use service::Shutdown;
use tokio::net::TcpListener;

use crate::exit::Exit;

/// Binds `listen`, says so on stdout, and runs `serve` until a failure ends it, or a signal and the delay after it.
pub(crate) async fn run<F, E>(
    role: &'static str,
    listen: &str,
    shutdown_delay: Duration,
    serve: impl FnOnce(TcpListener, SocketAddr, Shutdown) -> F,
) -> Result<(), Exit>
where
    F: Future<Output = Result<(), E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (listener, bound) = service::bind(listen).await?;
    let signal = service::on_signal()?;
    println!("listening on http://{bound}");
    let shutdown = Shutdown::new();
    let delayed = shutdown.clone();
    tokio::spawn(async move {
        signal.cancelled().await;
        tokio::time::sleep(shutdown_delay).await;
        delayed.cancel();
    });
    serve(listener, bound, shutdown).await.context(role)?;
    Ok(())
}
