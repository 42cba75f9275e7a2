//! When can a connection be used again? When its last exchange is complete, the server has not closed it,
//! and it has not been idle for long.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::payload::Payload;
use crate::timer::Timer;

/// A connection to a server; a task of its own drives it, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Payload>,
    peer: SocketAddr,
    idle_since: Option<Instant>,
    /// For whatever is waited for on it.
    pub(super) timer: Timer,
}

/// What came of a request.
type Sent = Result<Response<Incoming>, TrySendError<Request<Payload>>>;

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
        timer: Timer::default(),
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
    pub(crate) fn send(&mut self, request: Request<Payload>) -> impl Future<Output = Sent> + use<> {
        self.sender.try_send_request(request)
    }

    /// The same, as long as the answer's head comes before `deadline`.
    pub(crate) async fn send_until(
        &mut self,
        request: Request<Payload>,
        deadline: Instant,
    ) -> Option<Sent> {
        let mut answer = pin!(self.send(request));
        let timer = &mut self.timer;
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => timer.poll_until(cx, deadline.into()).map(|()| None),
        })
        .await
    }
}
