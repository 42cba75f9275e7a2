//! How is a client of HTTP/2 served? By hyper, with many requests at once; here is how long it may take. To begin: the header
//! timeout. To send nothing while no request goes on: the keep-alive time, after which the connection says farewell
//! (GOAWAY) and ends when its client has answered that, or has not for the header timeout. To take what is written: the stall time.
//!
//! A timer is touched only when a client is slow, at the price that a rest may last twice the keep-alive time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::Shutdown;
use tokio::time::Instant;

use super::connection::Client;
use super::inlet::ClientBody;
use super::socket::Socket;
use super::streams::{Streams, Turn};
use crate::settings::Limits;
use crate::timer::Timer;

/// Requests at once on a connection: as many as browsers send, and as others allow.
const MOST_STREAMS: u32 = 128;

/// Serves a connection to its end.
pub(super) async fn serve(
    client: Arc<Client>,
    socket: Socket,
    shutdown: Shutdown,
) -> hyper::Result<()> {
    let limits = &client.gate.limits;
    let activity = Arc::new(Activity::default());
    let most_bytes = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
    let streams = Streams {
        activity: activity.clone(),
        stall: limits.stall,
    };
    let stream = ClientStream::new(socket, limits.clone(), activity.clone());
    // The future holds all it needs: each has a task of its own.
    let answer = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let busy = activity.start();
        let (client, activity) = (client.clone(), activity.clone());
        Box::pin(async move {
            let answer = client
                .answer(request.map(ClientBody::Http2), Some(busy))
                .await;
            if client.gate.draining.is_cancelled() {
                activity.leave();
            }
            Ok::<_, Infallible>(answer)
        })
    });
    let served = http2::Builder::new(streams)
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(most_bytes)
        .serve_connection(stream, answer);
    tokio::pin!(served);
    // Who comes while we are draining gets one answer before the farewell, as with HTTP/1.
    let draining = async {
        if client.gate.draining.is_cancelled() {
            std::future::pending().await
        } else {
            client.gate.draining.cancelled().await;
        }
    };
    let leaving = poll_fn(|cx| match served.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending if activity.is_leaving() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    let ended = tokio::select! {
        ended = leaving => ended,
        () = shutdown.cancelled() => None,
        () = draining => None,
    };
    if let Some(outcome) = ended {
        return outcome;
    }
    // GOAWAY (RFC 9113 §6.8); the stream does not wait for ever for the end.
    activity.leave();
    served.as_mut().graceful_shutdown();
    served.await
}

/// What the connection's requests tell its stream.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// How many requests are being answered.
    busy: AtomicUsize,
    /// A request has begun since the stream looked last, and may be over already.
    begun: AtomicBool,
    /// The connection wants, or has said, farewell.
    farewell: AtomicBool,
    /// Of the stream that began last, until its task takes it.
    turn: Mutex<Option<Arc<Turn>>>,
}

impl Activity {
    /// A request is being answered until the guard is dropped.
    fn start(self: &Arc<Self>) -> Busy {
        let turn = Arc::new(Turn::default());
        *self.turn() = Some(turn.clone());
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.begun.store(true, Ordering::Relaxed);
        Busy {
            activity: self.clone(),
            turn,
        }
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, Option<Arc<Turn>>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_turn(&self) -> Option<Arc<Turn>> {
        self.turn().take()
    }

    /// No request should come any more.
    fn leave(&self) {
        self.farewell.store(true, Ordering::Relaxed);
    }

    fn is_leaving(&self) -> bool {
        self.farewell.load(Ordering::Relaxed)
    }
}

/// A request that is being answered, and whom it waits for.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    turn: Arc<Turn>,
}

impl Busy {
    /// Its answer was asked for the next piece, and had it.
    pub(crate) fn asked(&self, there: bool) {
        self.turn.asked(there);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.activity.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A client's connection that does not wait for ever.
struct ClientStream {
    io: TokioIo<Socket>,
    limits: Limits,
    activity: Arc<Activity>,
    /// It has said farewell, and waits no longer than for a head.
    left: bool,
    /// No request has come yet.
    fresh: bool,
    /// When something has to have come, unless a request goes on.
    awaited: Option<Instant>,
    reading: Timer,
    /// Since when the client has taken nothing of what waits for it.
    stalled: Option<Instant>,
    writing: Timer,
}

impl ClientStream {
    fn new(socket: Socket, limits: Limits, activity: Arc<Activity>) -> ClientStream {
        ClientStream {
            left: false,
            fresh: true,
            io: TokioIo::new(socket),
            awaited: Some(Instant::now() + limits.header_timeout),
            limits,
            activity,
            reading: Timer::default(),
            stalled: None,
            writing: Timer::default(),
        }
    }

    /// Nothing came: is the time over?
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.activity.is_leaving() && !self.left {
            self.left = true;
            self.awaited = None;
        }
        if self.activity.begun.swap(false, Ordering::Relaxed) {
            (self.fresh, self.awaited) = (false, None);
        }
        if self.activity.busy.load(Ordering::Relaxed) > 0 {
            // hyper need not ask again when the answer is done, so the timer has to.
            return self.reading.poll_until(cx, now + self.limits.keep_alive);
        }
        let time = if self.left {
            self.limits.header_timeout
        } else {
            self.limits.keep_alive
        };
        let deadline = *self.awaited.get_or_insert(now + time);
        ready!(self.reading.poll_until(cx, deadline));
        if self.left || self.fresh {
            return Poll::Ready(());
        }
        // Whoever has polled the connection looks next, and says farewell.
        self.activity.leave();
        Poll::Pending
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
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => {
                ready!(self.poll_overdue(cx));
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
