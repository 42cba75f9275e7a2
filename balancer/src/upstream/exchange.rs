//! One request, one server: who failed, and was anything sent? A connection that the server closed before
//! anything was sent is replaced here; whatever else fails is for the caller to judge.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use http::header::UPGRADE;
use http::{Response, StatusCode};
use hyper::ext::ReasonPhrase;

use super::answer::Answer;
use super::connection::{Connection, Unanswered};
use super::http1::{Error, Head};
use super::{RequestHead, Server};
use crate::edge::Agreed;
use crate::patience::BodyError;
use crate::payload::Payload;
use crate::pool::{Sight, Slot};

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection could be made.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The connection broke after the request was sent, at least in part, or its answer could not be understood.
    #[error("no answer: {0}")]
    Broken(Error),
    /// Probes found the server down while it had not answered.
    #[error("server went down before the answer")]
    Lost,
    /// The answer's head did not come in time.
    #[error("no answer in time")]
    Late,
    /// The server changed to another protocol, which nobody asked for.
    #[error("server switched protocols unasked")]
    Switched,
    /// The client's body broke off or stalled.
    #[error("the request's body broke off: {0}")]
    Client(BodyError),
}

/// A failed exchange.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    /// No server has had any of the request, and its payload is whole.
    pub(crate) unsent: bool,
}

/// Sends a request to the slot's server. The slot is held by the answer until its body ends, and so is what is left of a payload
/// that flows.
pub(crate) async fn exchange(
    mut slot: Slot,
    head: &RequestHead,
    payload: &mut Payload,
) -> Result<Response<Answer>, Failed> {
    slot.server.counts.requests.fetch_add(1, Ordering::Relaxed);
    let started = Instant::now();
    loop {
        let mut connection = match obtain(&slot, started).await {
            Ok(connection) => connection,
            Err(e) => return Err(slot.failed(Failure::Connect(e), true, started)),
        };
        let outcome = answer_on(&mut connection, &slot, head, payload, started).await;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(Failed {
                failure: Failure::Broken(_),
                unsent: true,
            }) if connection.is_reused() => continue,
            Err(failed) => return Err(slot.judge_failure(failed, &connection, started)),
        };
        if answer.status != StatusCode::SWITCHING_PROTOCOLS {
            slot.judge(answer.status, started);
            return Ok(leased(answer, connection, slot, payload));
        }
        if !head.parts.headers.contains_key(UPGRADE) {
            return Err(slot.failed(Failure::Switched, false, started));
        }
        return Ok(switched(answer, connection, slot));
    }
}

/// The warmest idle connection, or a new one.
async fn obtain(slot: &Slot, now: Instant) -> io::Result<Box<Connection>> {
    let server = &slot.server;
    if let Some(connection) = server.idle_connection(now) {
        return Ok(connection);
    }
    // In a box: most requests need no new one, nor the room for it.
    Box::pin(server.connect(slot.pool.settings.timeouts.connect)).await
}

/// Waits for the head of an answer, until it is late or its server is lost.
async fn answer_on(
    connection: &mut Connection,
    slot: &Slot,
    head: &RequestHead,
    payload: &mut Payload,
    started: Instant,
) -> Result<Head, Failed> {
    let server: &Server = &slot.server;
    let losses = server.losses();
    let patience = slot.pool.settings.timeouts.head;
    connection.begin(head, payload);
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = connection.poll_head(payload, cx) {
            return Poll::Ready(outcome.map_err(Failed::from));
        }
        connection.bell.register(cx.waker());
        // A server that still takes the request is not late.
        let since = connection.last_write().unwrap_or(started);
        let deadline = (since + patience).into();
        let failure = if server.is_lost_since(losses) {
            Failure::Lost
        } else if connection.timer.poll_until(cx, deadline).is_ready() {
            Failure::Late
        } else {
            return Poll::Pending;
        };
        Poll::Ready(Err(Failed {
            failure,
            unsent: false,
        }))
    })
    .await
}

impl From<Unanswered> for Failed {
    fn from(why: Unanswered) -> Failed {
        let (failure, unsent) = match why {
            Unanswered::Unsent(e) => (Failure::Broken(e), true),
            Unanswered::Broken(e) => (Failure::Broken(e), false),
            Unanswered::Client(e) => (Failure::Client(e), false),
        };
        Failed { failure, unsent }
    }
}

/// An answer that holds the slot, and the connection as the other protocol's.
fn switched(head: Head, connection: Box<Connection>, slot: Slot) -> Response<Answer> {
    let answer = Answer::switched(slot.server.clone());
    let mut response = response(head, answer);
    let agreed = Agreed::new(connection.switch(), slot);
    response.extensions_mut().insert(agreed);
    response
}

fn leased(
    head: Head,
    connection: Box<Connection>,
    slot: Slot,
    payload: &mut Payload,
) -> Response<Answer> {
    let unsent =
        (!connection.has_sent()).then(|| Box::new(std::mem::replace(payload, Payload::empty())));
    response(head, Answer::new(connection, unsent, slot))
}

fn response(head: Head, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if let Some(reason) = head
        .reason
        .and_then(|reason| ReasonPhrase::try_from(reason).ok())
    {
        response.extensions_mut().insert(reason);
    }
    response
}

impl Slot {
    /// An answer's head came.
    fn judge(&mut self, status: StatusCode, started: Instant) {
        let now = Instant::now();
        let latency = now.saturating_duration_since(started);
        if status.is_server_error() {
            self.hold_after_failure(latency);
            self.erred(now);
        } else {
            self.server.counts.succeeded();
            self.server.counts.head_after(latency);
            self.pool.latencies.record(latency);
        }
    }

    fn erred(&self, now: Instant) {
        if self.server.counts.erred(self.pool.settings.health.errors) {
            self.pool.note(&self.server, Sight::Erred, now);
        }
    }

    /// No answer came on `connection`: is that the server's fault?
    fn judge_failure(
        &mut self,
        failed: Failed,
        connection: &Connection,
        started: Instant,
    ) -> Failed {
        match &failed.failure {
            Failure::Client(_) => failed,
            // The server may have closed an idle connection just as it was used: that says nothing about its health.
            Failure::Broken(e) if connection.is_reused() && e.is_close() => failed,
            _ => self.failed(failed.failure, failed.unsent, started),
        }
    }

    /// A failure that is the server's own: it is counted, and a broken connection ejects.
    fn failed(&mut self, failure: Failure, unsent: bool, started: Instant) -> Failed {
        self.server.counts.failures.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(pool = self.pool.settings.name, server = self.server.label, %failure, "request failed");
        let now = Instant::now();
        self.hold_after_failure(now.saturating_duration_since(started));
        let server = &self.server;
        match failure {
            Failure::Connect(_) => self.pool.note(server, Sight::Refused, now),
            // One answer that nobody understands says little about the next one.
            Failure::Broken(ref e) if e.is_unclear() => self.erred(now),
            Failure::Broken(_) => self.pool.note(server, Sight::Broken, now),
            Failure::Late => self.erred(now),
            Failure::Lost | Failure::Switched | Failure::Client(_) => {}
        }
        Failed { failure, unsent }
    }
}
