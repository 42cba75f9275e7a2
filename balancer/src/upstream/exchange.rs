//! One request, one server: who failed, and was anything sent? A connection that the server closed before
//! anything was sent is replaced here; whatever else fails is for the caller to judge.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::answer::Answer;
use super::connection::{Connection, connect};
use crate::edge::Agreed;
use crate::payload::{Payload, Sent};
use crate::pool::{Sight, Slot};

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection could be made.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The connection broke after the request was sent, at least in part.
    #[error("connection broke before the answer: {0}")]
    Broken(hyper::Error),
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
    Client(hyper::Error),
}

/// A failed exchange; the request is there when nothing of it was sent.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) unsent: Option<Box<Request<Payload>>>,
}

/// Sends `request` to the slot's server. The slot is held by the answer until its body ends.
pub(crate) async fn exchange(
    mut slot: Slot,
    mut request: Request<Payload>,
) -> Result<Response<Answer>, Failed> {
    let server = slot.server.clone();
    server.counts.requests.fetch_add(1, Ordering::Relaxed);
    let timeouts = &slot.pool.settings.timeouts;
    let started = Instant::now();
    let lost = server.lost();
    let deadline = started + timeouts.head;
    loop {
        let mut connection = match obtain(&slot, started).await {
            Ok(connection) => connection,
            Err(e) => return Err(slot.failed(Failure::Connect(e), Some(request), started)),
        };
        let reused = connection.is_reused();
        let sent = request.body().sent();
        let may_switch = request.headers().contains_key(UPGRADE);
        let outcome = tokio::select! {
            biased;
            outcome = connection.send_until(request, deadline) => outcome,
            () = lost.cancelled() => return Err(slot.failed(Failure::Lost, None, started)),
        };
        let Some(outcome) = outcome else {
            return Err(slot.failed(Failure::Late, None, started));
        };
        match outcome {
            Ok(response) if may_switch && response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                return Ok(switched(response, slot));
            }
            Ok(response) if response.status().is_informational() => {
                return Err(slot.failed(Failure::Switched, None, started));
            }
            Ok(response) => {
                slot.judge(response.status(), started);
                return Ok(leased(response, connection, slot, sent));
            }
            Err(e) => request = unsent(e, reused, &mut slot, started)?,
        }
    }
}

/// The warmest idle connection, or a new one.
async fn obtain(slot: &Slot, now: Instant) -> io::Result<Connection> {
    let server = &slot.server;
    while let Some(mut connection) = server.idle_connection(now) {
        if connection.ready().await.is_ok() {
            return Ok(connection);
        }
    }
    server.counts.connections.fetch_add(1, Ordering::Relaxed);
    connect(&server.addresses(), slot.pool.settings.timeouts.connect).await
}

/// An answer that holds the slot, and the connection as the other protocol's.
fn switched(mut response: Response<Incoming>, slot: Slot) -> Response<Answer> {
    let server = slot.server.clone();
    let agreed = Agreed {
        server: hyper::upgrade::on(&mut response),
        slot: Arc::new(slot),
    };
    response.extensions_mut().insert(agreed);
    response.map(|body| Answer::switched(server, body))
}

fn leased(
    response: Response<Incoming>,
    connection: Connection,
    slot: Slot,
    sent: Sent,
) -> Response<Answer> {
    let idle = slot.pool.settings.timeouts.body_idle;
    response.map(|body| Answer::new(body, connection, slot, sent, idle))
}

/// The request back, when it was not sent because the server had closed a reused connection.
fn unsent(
    mut e: TrySendError<Request<Payload>>,
    reused: bool,
    slot: &mut Slot,
    started: Instant,
) -> Result<Request<Payload>, Failed> {
    let request = e.take_message();
    let error = e.into_error();
    match request {
        Some(request) if reused => Ok(request),
        request if error.is_user() => Err(Failed {
            failure: Failure::Client(error),
            unsent: request.map(Box::new),
        }),
        // The server may have closed an idle connection just as it was used: that says nothing about its health.
        request if reused => Err(Failed {
            failure: Failure::Broken(error),
            unsent: request.map(Box::new),
        }),
        request => Err(slot.failed(Failure::Broken(error), request, started)),
    }
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

    /// A failure that is the server's own: it is counted, and a broken connection ejects.
    fn failed(
        &mut self,
        failure: Failure,
        unsent: Option<Request<Payload>>,
        started: Instant,
    ) -> Failed {
        self.server.counts.failures.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(pool = self.pool.settings.name, server = self.server.label, %failure, "request failed");
        let now = Instant::now();
        self.hold_after_failure(now.saturating_duration_since(started));
        let server = &self.server;
        match failure {
            Failure::Connect(_) => self.pool.note(server, Sight::Refused, now),
            Failure::Broken(_) => self.pool.note(server, Sight::Broken, now),
            Failure::Late => self.erred(now),
            Failure::Lost | Failure::Switched | Failure::Client(_) => {}
        }
        Failed {
            failure,
            unsent: unsent.map(Box::new),
        }
    }
}
