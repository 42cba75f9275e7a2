//! What is the same for every role: it binds, says where, and only then serves; a signal ends it.

use std::future::Future;
use std::net::SocketAddr;

use anyhow::Context;
use service::Shutdown;
use tokio::net::TcpListener;

use crate::exit::Exit;

/// Binds `listen`, says so on stdout, and runs `serve` until a signal or a failure ends it.
pub(crate) async fn run<F, E>(
    role: &'static str,
    listen: &str,
    serve: impl FnOnce(TcpListener, SocketAddr, Shutdown) -> F,
) -> Result<(), Exit>
where
    F: Future<Output = Result<(), E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (listener, bound) = service::bind(listen).await?;
    let shutdown = service::on_signal()?;
    println!("listening on http://{bound}");
    serve(listener, bound, shutdown).await.context(role)?;
    Ok(())
}
