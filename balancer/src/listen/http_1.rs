//! How is a client of HTTP/1.1 served? By one loop in one task: a head is read, its request answered while the rest of it
//! is read as it is asked for, the answer written as it comes, and then the next head is looked for in what was read already.
//!
//! How long may a client take? To send a head: the header timeout, from its first byte (from the connection
//! for the first head). To send nothing between requests: the keep-alive time. To take a piece of an answer:
//! the stall time. A body's pace is watched where it is read. A timer is touched only when a client is slow.

use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use service::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::connection::Client;
use super::head::{Head, Heads, Refused};
use super::inlet::{self, Inlet, Next};
use super::output::{Asked, Extent, Output};
use super::socket::Socket;
use crate::body::{Body, closing};
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

/// What a look at the client's bytes has shown.
enum Seen {
    Nothing,
    /// Something for the request's body.
    Fed,
    /// The client has left.
    Left,
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

    /// Answers one request; how the connection ends, if it does.
    async fn exchange(&mut self, head: Head) -> io::Result<Option<End>> {
        let asked = Asked::by(&head.request, head.trailers);
        let (mut inlet, body) = inlet::body(head.framing, head.expects);
        let request = head.request.map(|()| body);
        let Some(answer) = self.answered(request, &mut inlet).await else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        // Nobody will read the rest of its body, which may never come.
        let is_lost = inlet.as_mut().is_some_and(|inlet| {
            inlet.take_unasked() || inlet.is_abandoned() && !inlet.discard(&mut self.input)
        });
        let keeps = head.keeps && !is_lost && !self.shutdown.is_cancelled();
        let keeps = self.send(answer, &asked, keeps, &mut inlet).await?;
        self.appetite = READ;
        if is_switch {
            return Ok(Some(End::Tunnel));
        }
        let is_over = inlet.is_none_or(|mut inlet| inlet.discard(&mut self.input));
        Ok(match (is_over, keeps) {
            (true, true) => None,
            (true, false) if self.input.is_empty() => Some(End::Clean),
            _ => Some(End::Linger),
        })
    }

    /// The answer to a request, or none if the client left before.
    async fn answered(
        &mut self,
        request: Request<inlet::ClientBody>,
        inlet: &mut Option<Inlet>,
    ) -> Option<Response<Body>> {
        let client = self.client.clone();
        let mut answer = pin!(client.answer(request, None));
        poll_fn(|cx| {
            if inlet.is_some() {
                // What came with the head need not be asked for.
                self.feed(cx, inlet);
            }
            loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Some(answer));
                }
                match self.look(cx, inlet) {
                    Seen::Left => return Poll::Ready(None),
                    Seen::Fed => continue,
                    Seen::Nothing => {}
                }
                if !self.output.is_empty()
                    && let Poll::Ready(Err(_)) = self.poll_write(cx)
                {
                    return Poll::Ready(None);
                }
                return Poll::Pending;
            }
        })
        .await
    }

    /// Gives the body what was read; what to do then.
    fn feed(&mut self, cx: &Context<'_>, inlet: &mut Option<Inlet>) -> Next {
        match inlet {
            Some(inlet) => inlet.feed(&mut self.input, cx),
            None => Next::End,
        }
    }

    /// Reads what the request's body wants, and when there is no more of it, looks whether the client is still there.
    fn look(&mut self, cx: &mut Context<'_>, inlet: &mut Option<Inlet>) -> Seen {
        loop {
            match self.feed(cx, inlet) {
                Next::Take => return Seen::Fed,
                Next::Wait => return Seen::Nothing,
                Next::Continue => {
                    self.output.go_on();
                    continue;
                }
                // The next request has begun.
                Next::End if !self.input.is_empty() => return Seen::Nothing,
                Next::End | Next::Read => {}
            }
            let unread = inlet.as_mut().filter(|inlet| !inlet.is_over());
            match self.poll_read(cx) {
                Poll::Pending => return Seen::Nothing,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(outcome) => {
                    let Some(inlet) = unread else {
                        return Seen::Left;
                    };
                    inlet.cut(cx);
                    return match outcome {
                        Ok(_) => Seen::Fed,
                        Err(_) => Seen::Left,
                    };
                }
            }
        }
    }

    /// Sends an answer, after which the connection is kept if it `keeps` and the answer lets it; whether it is.
    async fn send(
        &mut self,
        answer: Response<Body>,
        asked: &Asked,
        keeps: bool,
        inlet: &mut Option<Inlet>,
    ) -> io::Result<bool> {
        let (head, mut body) = answer.into_parts();
        let size = body.size_hint();
        let (mut extent, keeps) = self.output.head(&head, &size, asked, keeps);
        let mut is_whole = matches!(extent, Extent::Nothing | Extent::Bytes(0));
        poll_fn(|cx| {
            loop {
                let mut waits = false;
                while !(is_whole || waits || self.output.is_full()) {
                    match gather(&mut self.output, &mut body, &mut extent, cx) {
                        Poll::Pending => waits = true,
                        Poll::Ready(outcome) => is_whole = outcome?,
                    }
                }
                match self.poll_write(cx) {
                    Poll::Ready(Ok(())) if is_whole => return Poll::Ready(Ok(())),
                    Poll::Ready(Ok(())) if !waits => continue,
                    Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
                match self.look(cx, inlet) {
                    Seen::Left => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                    Seen::Fed => {}
                    Seen::Nothing => return Poll::Pending,
                }
            }
        })
        .await?;
        Ok(keeps)
    }

    /// Writes all that waits, or says that the client has taken nothing for too long.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_last = self.output.is_empty();
            match self.output.poll_some(&mut self.socket, cx) {
                Poll::Ready(Ok(())) => {
                    self.stalled = None;
                    if is_last {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    let since = *self.stalled.get_or_insert_with(Instant::now);
                    let deadline = since + self.client.gate.limits.stall;
                    ready!(self.writing.poll_until(cx, deadline));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
    }

    /// Says why a head is refused; it is counted and logged as far as it is known.
    async fn refuse(&mut self, refused: Box<Refused>) -> io::Result<()> {
        let Refused { fault, request } = *refused;
        let answer = closing(refuse::malformed(fault));
        let asked = Asked::by(&request, false);
        let answer = self.client.refused(&request, answer);
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

/// Adds the next piece of an answer to what is to be written; whether it was the last.
fn gather(
    output: &mut Output,
    body: &mut Body,
    extent: &mut Extent,
    cx: &mut Context<'_>,
) -> Poll<io::Result<bool>> {
    let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
    let Some(frame) = frame.transpose().map_err(io::Error::other)? else {
        output.end(extent, None)?;
        return Poll::Ready(Ok(true));
    };
    Poll::Ready(match frame.into_data() {
        Ok(data) => {
            output.data(data, extent)?;
            // The end of chunks may come with trailers, or behind a long piece.
            let is_over = matches!(extent, Extent::Bytes(0));
            Ok(is_over)
        }
        Err(frame) => {
            output.end(extent, frame.trailers_ref())?;
            Ok(true)
        }
    })
}
