//! When can a connection be used again? When its last exchange is complete, the server has not closed it or said anything
//! unasked, and it has not been idle for long.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::task::AtomicWaker;
use http::Method;
use http_body::{Frame, SizeHint};
use tokio::net::TcpStream;

use super::RequestHead;
use super::http1::{Error, Head, Incoming, Outgoing, SendError};
use crate::patience::BodyError;
use crate::payload::Payload;
use crate::timer::Timer;

/// So long a connection keeps its buffers while it rests.
const SHORT_REST: Duration = Duration::from_millis(500);

/// A connection to a server. It lives in whoever waits for its answer, and is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    outgoing: Outgoing,
    incoming: Incoming,
    /// The answer to HEAD has no body, whatever it says.
    bodiless: bool,
    peer: SocketAddr,
    idle_since: Option<Instant>,
    /// For the next piece of a body at most.
    patience: Duration,
    /// Since when that is waited for.
    since: Option<Instant>,
    /// For whatever is waited for on it.
    pub(super) timer: Timer,
    /// Wakes whoever waits for an answer on it.
    pub(super) bell: Arc<AtomicWaker>,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Nothing of it was written, and its payload is whole.
    Unsent(Error),
    /// The connection broke, or no answer can be made out.
    Broken(Error),
    /// The client's body broke off or stalled.
    Client(BodyError),
}

/// A connection that has become another protocol's, and what the server has already said in it.
#[derive(Debug)]
pub(crate) struct Switched {
    pub(crate) stream: TcpStream,
    pub(crate) early: BytesMut,
}

/// Connects to the first address that takes it.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    timeout: Duration,
) -> io::Result<Box<Connection>> {
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
    Ok(Box::new(Connection {
        peer: stream.peer_addr()?,
        stream,
        outgoing: Outgoing::default(),
        incoming: Incoming::default(),
        bodiless: false,
        idle_since: None,
        patience: timeout,
        since: None,
        timer: Timer::default(),
        bell: Arc::default(),
    }))
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
        self.incoming.rest();
    }

    /// Large buffers are not kept over a long rest. Between two requests of many they are: they would be made anew
    /// each time.
    pub(crate) fn give_back(&mut self, now: Instant) {
        if self
            .idle_since
            .is_some_and(|since| now.duration_since(since) > SHORT_REST)
        {
            self.outgoing.give_back();
            self.incoming.give_back();
        }
    }

    pub(crate) fn is_usable(&self, now: Instant, keep: Duration) -> bool {
        let fresh = self
            .idle_since
            .is_none_or(|since| now.duration_since(since) < keep);
        fresh && self.is_quiet()
    }

    /// Whether the server has neither closed it nor sent what nobody asked for. The system is asked only if something has
    /// happened.
    fn is_quiet(&self) -> bool {
        let looked = self.stream.try_read(&mut [0]);
        looked.is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether another exchange may follow the one that is over.
    pub(super) fn is_reusable(&self) -> bool {
        self.incoming.is_over() && self.incoming.goes_on() && self.outgoing.is_done()
    }

    /// Prepares a request; it goes out when its answer is waited for.
    pub(super) fn begin(&mut self, head: &RequestHead, payload: &Payload) {
        self.bodiless = head.parts.method == Method::HEAD;
        self.outgoing.begin(head, payload);
        self.incoming.begin();
    }

    /// When something of a request whose body flows went out last.
    pub(super) fn last_write(&self) -> Option<Instant> {
        self.outgoing.last_write()
    }

    /// Whether the whole request has gone out.
    pub(super) fn has_sent(&self) -> bool {
        self.outgoing.is_done()
    }

    /// Sends what there is of the request, and waits for the answer's head.
    pub(super) fn poll_head(
        &mut self,
        payload: &mut Payload,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Head, Unanswered>> {
        let mut refused = None;
        if !self.outgoing.is_done() {
            match self.outgoing.poll(&mut self.stream, payload, cx) {
                Poll::Ready(Ok(())) | Poll::Pending => {}
                Poll::Ready(Err(SendError::Body(e))) => {
                    return Poll::Ready(Err(Unanswered::Client(e)));
                }
                Poll::Ready(Err(SendError::Io(e))) if !self.outgoing.wrote() => {
                    self.outgoing.take_back(payload);
                    return Poll::Ready(Err(Unanswered::Unsent(e.into())));
                }
                // It may have answered before it closed its ear.
                Poll::Ready(Err(SendError::Io(e))) => {
                    self.outgoing.give_up();
                    refused = Some(Error::Io(e));
                }
            }
        }
        let polled = self.incoming.poll_head(&mut self.stream, self.bodiless, cx);
        polled.map_err(|e| {
            if self.outgoing.wrote() {
                Unanswered::Broken(refused.filter(|_| e.is_close()).unwrap_or(e))
            } else {
                self.outgoing.take_back(payload);
                Unanswered::Unsent(e)
            }
        })
    }

    /// Sends what is left of the request while its answer is already coming; ready when nothing more will be sent.
    pub(super) fn poll_rest(
        &mut self,
        payload: &mut Payload,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyError>> {
        match self.outgoing.poll(&mut self.stream, payload, cx) {
            Poll::Ready(Err(SendError::Io(_))) => {
                self.outgoing.give_up();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(SendError::Body(e))) => Poll::Ready(Err(e)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// For each piece of the answer's body so much time is given.
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
        self.since = None;
    }

    /// Waits for the next piece of the answer's body, and no longer than it may take.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = self.incoming.poll_frame(&mut self.stream, cx) {
            self.since = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::source)));
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        // It may want all of the request before it goes on.
        let since = self.last_write().map_or(since, |last| last.max(since));
        let deadline = (since + self.patience).into();
        ready!(self.timer.poll_until(cx, deadline));
        Poll::Ready(Some(Err(BodyError::Idle(self.patience))))
    }

    /// What has come with the head of a body whose length is known.
    pub(super) fn take_first(&mut self) -> Bytes {
        self.incoming.take_first()
    }

    /// Whether the answer's body has been read to its end.
    pub(super) fn is_over(&self) -> bool {
        self.incoming.is_over()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    /// Sends a request without a body, and waits for the answer's head.
    pub(crate) async fn ask(&mut self, head: &RequestHead) -> io::Result<Head> {
        let mut payload = Payload::empty();
        self.begin(head, &payload);
        let answer = poll_fn(|cx| self.poll_head(&mut payload, cx)).await;
        answer.map_err(|why| match why {
            Unanswered::Unsent(e) | Unanswered::Broken(e) => io::Error::other(e),
            Unanswered::Client(e) => io::Error::other(e),
        })
    }

    /// The body of the answer, unless it is longer than `most` or breaks off.
    pub(crate) async fn read_body(&mut self, most: usize) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(frame) = poll_fn(|cx| self.poll_frame(cx)).await {
            if let Ok(data) = frame.ok()?.into_data() {
                if body.len() + data.len() > most {
                    return None;
                }
                body.extend_from_slice(&data);
            }
        }
        Some(body)
    }

    /// Ends HTTP on it.
    pub(super) fn switch(mut self) -> Switched {
        Switched {
            early: self.incoming.take_rest(),
            stream: self.stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Both ends of a connection that rests.
    async fn resting() -> (Box<Connection>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [listener.local_addr().unwrap()];
        let (connection, accepted) = tokio::join!(connect(&addresses, SECOND), listener.accept());
        let mut connection = connection.unwrap();
        connection.rest(Instant::now());
        (connection, accepted.unwrap().0)
    }

    /// Waits until something has happened to the connection, and asks whether it may be used.
    async fn is_usable_then(connection: &Connection) -> bool {
        connection.stream.readable().await.unwrap();
        connection.is_usable(Instant::now(), 60 * SECOND)
    }

    #[tokio::test]
    async fn a_connection_that_rests_may_be_used_until_something_happens_to_it() {
        let (connection, mut server) = resting().await;
        let now = Instant::now();
        assert!(connection.is_usable(now, 60 * SECOND));
        assert!(!connection.is_usable(now + 60 * SECOND, 60 * SECOND));
        server.write_all(b"H").await.unwrap();
        assert!(!is_usable_then(&connection).await, "nobody has asked");

        let (connection, server) = resting().await;
        drop(server);
        assert!(!is_usable_then(&connection).await);
    }
}
