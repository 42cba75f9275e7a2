//! When can a connection be used again? When its last exchange is complete, the server has not closed it,
//! and it has not been idle for long.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::payload::Payload;

/// A connection to a server; a task of its own drives it, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Payload>,
    peer: SocketAddr,
    idle_since: Option<Instant>,
}

/// Connects to the first address that takes it.
pub(crate) async fn connect(addresses: &[SocketAddr], timeout: Duration) -> io::Result<Connection> {
    if addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        ));
    }
    let stream = tokio::time::timeout(timeout, TcpStream::connect(addresses))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?;
    let (sender, driver) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(e) = driver.with_upgrades().await {
            tracing::debug!(error = %e, "connection to a server ended");
        }
    });
    Ok(Connection {
        sender,
        peer,
        idle_since: None,
    })
}

impl Connection {
    /// Whether it was used before, so that the server may close it at the moment of use.
    pub(crate) fn is_reused(&self) -> bool {
        self.idle_since.is_some()
    }

    /// Where it leads.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// It is idle from now on.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.idle_since = Some(now);
    }

    pub(crate) fn is_usable(&self, now: Instant, keep: Duration) -> bool {
        let fresh = self
            .idle_since
            .is_none_or(|since| now.duration_since(since) < keep);
        fresh && !self.sender.is_closed()
    }

    /// Waits until the driver is done with the exchange before.
    pub(crate) async fn ready(&mut self) -> hyper::Result<()> {
        self.sender.ready().await
    }

    /// Sends a request; the error has it back when nothing of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<Payload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Payload>>> {
        self.sender.try_send_request(request).await
    }
}
