//! How long may a client take? To send a head: the header timeout, from its first byte (from the connection
//! for the first head). To send nothing between requests: the keep-alive time. To take a piece of an answer:
//! the stall time. A body's pace is watched where it is read.
//!
//! Most of the time of most connections is spent between requests, when hyper would keep buffers for the next one: a
//! connection of HTTP/1 is taken from it then, and given to it again when something comes. One of HTTP/2 says farewell
//! (GOAWAY) when its rest is over, and ends when its client has answered that, or has not for the header timeout.
//!
//! hyper's own header timer counts idle time as a slow head and sets a timer for every request. Here a timer
//! is touched only when a client is slow, at the price that a rest may last twice the keep-alive time.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::streams::Turn;
use super::wire::Wire;
use crate::settings::Limits;
use crate::timer::Timer;

/// A connection without a request for so long rests: it gives its buffers back.
const UNTIL_REST: Duration = Duration::from_millis(100);
/// The longest time between two looks whether a request is over.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// What the connection's requests tell its stream; both live in one task.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// How many requests are being answered: one at most, but for HTTP/2.
    busy: AtomicUsize,
    /// A request has begun since the stream looked last, and may be over already.
    begun: AtomicBool,
    /// The connection carries another protocol.
    tunnel: AtomicBool,
    /// Reading was ended to rest, and not by a fault.
    rests: AtomicBool,
    /// A connection of HTTP/2 wants, or has said, farewell.
    farewell: AtomicBool,
    /// Of the stream that began last, until its task takes it; none for HTTP/1.
    turn: Mutex<Option<Arc<Turn>>>,
}

impl Activity {
    /// A request is being answered until the guard is dropped.
    pub(super) fn start(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.begun.store(true, Ordering::Relaxed);
        Busy {
            activity: self.clone(),
            turn: None,
        }
    }

    /// The same for one of many, whose answer tells whom it waits for.
    pub(super) fn start_stream(self: &Arc<Self>) -> Busy {
        let turn = Arc::new(Turn::default());
        *self.turn() = Some(turn.clone());
        let mut busy = self.start();
        busy.turn = Some(turn);
        busy
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, Option<Arc<Turn>>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_turn(&self) -> Option<Arc<Turn>> {
        self.turn().take()
    }

    /// No request should come any more on this connection of HTTP/2.
    pub(super) fn leave(&self) {
        self.farewell.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.farewell.load(Ordering::Relaxed)
    }

    /// What follows is another protocol's.
    pub(super) fn open_tunnel(&self) {
        self.tunnel.store(true, Ordering::Relaxed);
    }

    /// Whether reading was ended to rest; asks once.
    pub(super) fn take_rest(&self) -> bool {
        self.rests.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    turn: Option<Arc<Turn>>,
}

impl Busy {
    /// Its answer was asked for the next piece, and had it.
    pub(crate) fn asked(&self, there: bool) {
        if let Some(turn) = &self.turn {
            turn.asked(there);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.activity.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the client is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The rest of a head, by then.
    Head(Instant),
    /// A new request, by then.
    Request(Instant),
    /// Nothing: a request is being answered.
    Nothing,
}

/// A client's connection that does not wait for ever.
pub(super) struct ClientStream {
    io: TokioIo<Wire>,
    limits: Limits,
    activity: Arc<Activity>,
    is_h2: bool,
    /// It has said farewell, and waits no longer than for a head.
    left: bool,
    awaited: Awaited,
    reading: Timer,
    /// Until the next look whether the present request is over: doubles with each, so that a short request is soon followed by a rest, and a
    /// long one costs little.
    look: Duration,
    /// Since when the client has taken nothing of what waits for it.
    stalled: Option<Instant>,
    writing: Timer,
}

impl ClientStream {
    pub(super) fn new(wire: Wire, limits: Limits, activity: Arc<Activity>) -> ClientStream {
        let first_head = Instant::now() + limits.header_timeout;
        ClientStream {
            is_h2: wire.is_h2(),
            left: false,
            io: TokioIo::new(wire),
            limits,
            activity,
            awaited: Awaited::Head(first_head),
            reading: Timer::default(),
            look: UNTIL_REST,
            stalled: None,
            writing: Timer::default(),
        }
    }

    /// Whether a request is being answered; the wait for its head is over, even if it was answered at once.
    fn is_busy(&mut self) -> bool {
        if self.activity.begun.swap(false, Ordering::Relaxed) {
            self.awaited = Awaited::Nothing;
        }
        self.activity.busy.load(Ordering::Relaxed) > 0
    }

    /// Bytes came: the first ones after an answer start a head. Those of HTTP/2 may be about something else.
    fn read_some(&mut self) {
        if !self.is_busy() && !self.is_h2 && !matches!(self.awaited, Awaited::Head(_)) {
            self.awaited = Awaited::Head(Instant::now() + self.limits.header_timeout);
        }
    }

    /// Whether reading ended because of a head that could be read in two ways, which nobody has answered.
    pub(super) fn ended_unclear(&self) -> bool {
        self.io.inner().ended_unclear()
    }

    /// Waits for the next request without anything that requests need; whether something came in time.
    pub(super) async fn rest(&self) -> bool {
        let readable = self.io.inner().readable();
        let waited = tokio::time::timeout(self.limits.keep_alive, readable);
        matches!(waited.await, Ok(Ok(())))
    }

    /// Nothing came: is the time over?
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.activity.is_leaving() && !self.left {
            self.left = true;
            self.awaited = Awaited::Nothing;
        }
        if self.is_busy() {
            // hyper need not ask again when the answer is done, so the timer has to.
            if self.reading.is_elapsed() {
                self.look = (2 * self.look).min(LONGEST_LOOK);
            }
            let next = now + self.look.min(self.limits.keep_alive);
            return self.reading.poll_until(cx, next);
        }
        self.look = UNTIL_REST;
        if self.awaited == Awaited::Nothing {
            let Limits {
                keep_alive,
                header_timeout,
                ..
            } = self.limits;
            let time = match (self.left, self.is_h2) {
                (true, _) => header_timeout,
                (false, true) => keep_alive,
                (false, false) => keep_alive.min(UNTIL_REST),
            };
            self.awaited = Awaited::Request(now + time);
        }
        match self.awaited {
            Awaited::Nothing => Poll::Pending,
            Awaited::Request(deadline) | Awaited::Head(deadline) => {
                self.reading.poll_until(cx, deadline)
            }
        }
    }

    /// The time for a request is over: a connection rests when all that was written has gone.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.awaited, Awaited::Request(_)) || self.left {
            return Poll::Ready(());
        }
        if self.is_h2 {
            // Whoever has polled the connection looks next, and says farewell.
            self.activity.leave();
            return Poll::Pending;
        }
        if self.stalled.is_some() || self.io.inner().has_more_to_write() {
            let deadline = Instant::now() + self.limits.keep_alive;
            self.awaited = Awaited::Request(deadline);
            return self.reading.poll_until(cx, deadline);
        }
        self.activity.rests.store(true, Ordering::Relaxed);
        Poll::Ready(())
    }

    /// The outcome of a write, or an error when the client has taken nothing for too long.
    fn unless_stalled(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.writing.poll_until(cx, since + self.limits.stall));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buf) {
            Poll::Ready(outcome) => {
                self.read_some();
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                ready!(self.poll_overdue(cx));
                ready!(self.poll_rest(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl Write for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
