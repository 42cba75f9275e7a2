//! When is a request complete? When the last byte of its answer has come from the server: only then is the
//! slot free and the connection used again. An answer that is dropped before takes its connection along, so that the
//! server notices.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Server;
use super::connection::Connection;
use crate::patience::BodyError;
use crate::payload::Payload;
use crate::pool::Slot;

/// The body of a server's answer, with all that is held until its end.
#[derive(Debug)]
pub(crate) struct Answer {
    server: Arc<Server>,
    /// Came with the head.
    first: Bytes,
    /// There is nothing behind `first`.
    ended: bool,
    lease: Option<Lease>,
}

/// Held in this order of release: the connection is back before the slot is free.
#[derive(Debug)]
struct Lease {
    connection: Box<Connection>,
    /// What is left of the request, when the server has answered before it was there.
    unsent: Option<Box<Payload>>,
    slot: Slot,
}

impl Answer {
    /// One without a body, whose connection is used for something else.
    pub(super) fn switched(server: Arc<Server>) -> Answer {
        Answer {
            server,
            first: Bytes::new(),
            ended: true,
            lease: None,
        }
    }

    /// Of what comes on `connection` behind the head.
    pub(super) fn new(
        mut connection: Box<Connection>,
        unsent: Option<Box<Payload>>,
        slot: Slot,
    ) -> Answer {
        connection.set_patience(slot.pool.settings.timeouts.body_idle);
        let mut answer = Answer {
            server: slot.server.clone(),
            first: connection.take_first(),
            ended: false,
            lease: Some(Lease {
                connection,
                unsent,
                slot,
            }),
        };
        answer.finish_at_end();
        answer
    }

    /// Who gave it.
    pub(crate) fn server(&self) -> Arc<Server> {
        self.server.clone()
    }

    fn finish_at_end(&mut self) {
        if let Some(lease) = self.lease.take_if(|lease| lease.connection.is_over()) {
            self.ended = true;
            if lease.connection.is_reusable() {
                lease.slot.server.keep(lease.connection, Instant::now());
            }
        }
    }

    /// Waits for the next piece, and sends what is there of the request meanwhile.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Err(e) = self.send_on(cx) {
            return Poll::Ready(Some(Err(e)));
        }
        match &mut self.lease {
            Some(lease) => lease.connection.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    /// Sends what is there of the request, whether anybody takes the answer or not: the client may want to send all
    /// before it looks at that. An error is why there will be no more of the request.
    pub(crate) fn send_on(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        if let Some(lease) = &mut self.lease
            && let Some(payload) = &mut lease.unsent
            && let Poll::Ready(outcome) = lease.connection.poll_rest(payload, cx)
        {
            lease.unsent = None;
            return outcome;
        }
        Ok(())
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let frame = ready!(self.poll_next(cx));
        if let Some(Err(_)) = &frame {
            self.lease = None;
        } else {
            self.finish_at_end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.first.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = match &self.lease {
            Some(lease) => lease.connection.size_hint(),
            None => SizeHint::with_exact(0),
        };
        let first = self.first.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}
