//! How is a client of HTTP/1.1 served? By one loop in one task: a head is read, its request answered while the rest of it
//! is read as it is asked for, the answer written as it comes, and then the next head is looked for in what was read already.
//!
//! How long may a client take? To send a head: the header timeout, from its first byte (from the connection
//! for the first head). To send nothing between requests: the keep-alive time. To take a piece of an answer:
//! the stall time. A body's pace is watched where it is read. A timer is touched only when a client is slow.

mod exchange;

use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use service::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::connection::Client;
use super::head::{Head, Heads, Refused};
use super::output::{Asked, Output};
use super::socket::Socket;
use crate::body::closing;
use crate::refuse;
use crate::timer::Timer;

/// A connection without a request for so long, or up to twice as long, rests: it gives its buffers back.
const UNTIL_REST: Duration = Duration::from_millis(100);
/// So much is read at once at first, and at most when a body comes fast.
const READ: usize = 8 << 10;
const MOST_READ: usize = 64 << 10;
/// Less room than this is not read into.
const LEAST_READ: usize = 2 << 10;
/// What a client may still send that nobody reads, in bytes and time, so that it finds its answer before the connection
/// is gone (RFC 9112 §9.6).
const LINGER_BYTES: usize = 1 << 20;
const LINGER: Duration = Duration::from_secs(2);

/// A client's connection.
pub(super) struct Http1 {
    client: Arc<Client>,
    socket: Socket,
    shutdown: Shutdown,
    /// Read, and not yet used.
    input: BytesMut,
    /// How much is read at once.
    appetite: usize,
    output: Output,
    heads: Heads,
    /// Fires now and then while requests come, whatever becomes of them.
    idle: Timer,
    reading: Timer,
    writing: Timer,
    /// Since when the client has taken nothing of what waits for it.
    stalled: Option<Instant>,
}

/// What became of a connection.
enum End {
    /// Nothing came for a while; until then something may.
    Rest(Instant),
    /// It may be closed: all that came was read.
    Clean,
    /// The client may still send.
    Linger,
    /// It carries another protocol.
    Tunnel,
}

impl Http1 {
    pub(super) fn new(client: Arc<Client>, socket: Socket, shutdown: Shutdown) -> Http1 {
        Http1 {
            heads: Heads::new(client.gate.limits.header_bytes),
            client,
            socket,
            shutdown,
            input: BytesMut::new(),
            appetite: READ,
            output: Output::default(),
            idle: Timer::default(),
            reading: Timer::default(),
            writing: Timer::default(),
            stalled: None,
        }
    }

    /// Serves the connection to its end; an error is how it broke.
    pub(super) async fn serve(mut self) -> io::Result<()> {
        let mut first = Some(Instant::now() + self.client.gate.limits.header_timeout);
        loop {
            // In a box, so that a connection that rests does not keep the room for a request and all its tries.
            match Box::pin(self.requests(&mut first)).await? {
                End::Rest(until) if self.rest(until).await => {}
                End::Rest(_) | End::Clean => return Box::pin(self.close()).await,
                End::Linger => return Box::pin(self.linger()).await,
                End::Tunnel => {
                    let Some(tunnel) = self.client.caller.tunnel.take() else {
                        return Ok(());
                    };
                    return Box::pin(tunnel.run(self.socket, self.input.freeze())).await;
                }
            }
        }
    }

    /// One request after the other; the `first` head has to be there by then.
    async fn requests(&mut self, first: &mut Option<Instant>) -> io::Result<End> {
        loop {
            let end = match self.head(*first).await? {
                ControlFlow::Continue(Ok(head)) => self.exchange(head).await?,
                ControlFlow::Continue(Err(refused)) => {
                    Box::pin(self.refuse(refused)).await?;
                    Some(End::Linger)
                }
                ControlFlow::Break(end) => Some(end),
            };
            if let Some(end) = end {
                return Ok(end);
            }
            *first = None;
        }
    }

    /// The next head, or that the client wants nothing more for now, or for ever.
    async fn head(
        &mut self,
        first: Option<Instant>,
    ) -> io::Result<ControlFlow<End, Result<Head, Box<Refused>>>> {
        let limits = &self.client.gate.limits;
        let (header_timeout, keep_alive) = (limits.header_timeout, limits.keep_alive);
        let mut deadline = first;
        loop {
            if !self.input.is_empty()
                && let Some(head) = self.heads.next(&mut self.input).transpose()
            {
                return Ok(ControlFlow::Continue(head));
            }
            let is_idle = self.input.is_empty();
            let mut waits = false;
            let read = poll_fn(|cx| {
                if let Poll::Ready(read) = self.poll_read(cx) {
                    return Poll::Ready(Some(read));
                }
                if !is_idle {
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + header_timeout);
                    return self.reading.poll_until(cx, deadline).map(|()| None);
                }
                // Nearly always something comes before it fires, and it is neither moved nor is the clock read.
                if self.idle.is_set() {
                    return Poll::Pending;
                }
                if std::mem::replace(&mut waits, true) {
                    return Poll::Ready(None);
                }
                let time = Instant::now() + keep_alive.min(UNTIL_REST);
                self.idle.poll_until(cx, time).map(|()| None)
            });
            match read.await.transpose()? {
                Some(1..) => {}
                None if is_idle => {
                    let until = first.unwrap_or_else(|| Instant::now() + keep_alive);
                    return Ok(ControlFlow::Break(End::Rest(until)));
                }
                // A head that is not there in time, or not at all, has no answer.
                None | Some(0) => return Ok(ControlFlow::Break(End::Clean)),
            }
        }
    }

    /// Waits for the next request without anything that requests need; whether something came in time.
    async fn rest(&mut self, until: Instant) -> bool {
        self.input = BytesMut::new();
        self.output.rest();
        let readable = tokio::time::timeout_at(until, self.socket.readable());
        let rested = self.shutdown.run_until_cancelled(readable).await;
        matches!(rested, Some(Ok(Ok(()))))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.capacity() - self.input.len() < LEAST_READ {
            self.input.reserve(self.appetite);
        }
        let room = self.input.capacity() - self.input.len();
        let read = ready!(pin!(self.socket.read_buf(&mut self.input)).poll(cx));
        if let Ok(count) = read
            && count == room
        {
            self.appetite = (2 * self.appetite).min(MOST_READ);
        }
        Poll::Ready(read)
    }

    /// Says why a head is refused; it is counted and logged as far as it is known.
    async fn refuse(&mut self, refused: Box<Refused>) -> io::Result<()> {
        let Refused { fault, request } = *refused;
        let mut answer = closing(refuse::malformed(fault));
        let asked = Asked::by(&request, false);
        self.client.refused(&request, &mut answer);
        self.send(answer, &asked, false, &mut None).await?;
        Ok(())
    }

    /// Ends the connection for the client. TLS says farewell, for which a client that reads nothing has no room.
    async fn close(&mut self) -> io::Result<()> {
        let stall = self.client.gate.limits.stall;
        tokio::time::timeout(stall, self.socket.shutdown()).await?
    }

    /// The same, and takes what it sends for a while, lest it loses its answer.
    async fn linger(&mut self) -> io::Result<()> {
        self.close().await?;
        let taken = async {
            let mut bytes = 0;
            while bytes < LINGER_BYTES {
                self.input.clear();
                match poll_fn(|cx| self.poll_read(cx)).await {
                    Ok(count @ 1..) => bytes += count,
                    _ => return,
                }
            }
        };
        // In any case it was long enough.
        tokio::time::timeout(LINGER, taken).await.ok();
        Ok(())
    }
}
