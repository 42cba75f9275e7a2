//! When is a request complete? When the last byte of its answer has come from the server: only then is the
//! slot free and the connection used again. An answer that is dropped before takes its connection along, so that the
//! server notices.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Server;
use super::connection::Connection;
use crate::patience::{BodyError, Patience};
use crate::payload::Sent;
use crate::pool::Slot;
use crate::timer::Timer;

/// The body of a server's answer, with all that is held until its end.
#[derive(Debug)]
pub(crate) struct Answer {
    server: Arc<Server>,
    body: Incoming,
    patience: Patience,
    lease: Option<Lease>,
}

/// Held in this order of release: the connection is back before the slot is free.
#[derive(Debug)]
struct Lease {
    connection: Connection,
    sent: Sent,
    slot: Slot,
}

impl Answer {
    /// One without a body, whose connection is used for something else.
    pub(super) fn switched(server: Arc<Server>, body: Incoming) -> Answer {
        Answer {
            server,
            body,
            patience: Patience::new(Duration::ZERO, Timer::default()),
            lease: None,
        }
    }

    pub(super) fn new(
        body: Incoming,
        mut connection: Connection,
        slot: Slot,
        sent: Sent,
        idle: Duration,
    ) -> Answer {
        let mut answer = Answer {
            server: slot.server.clone(),
            body,
            patience: Patience::new(idle, std::mem::take(&mut connection.timer)),
            lease: Some(Lease {
                connection,
                sent,
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
        if self.body.is_end_stream() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(mut lease) = self.lease.take()
            && lease.sent.is_complete()
        {
            lease.connection.timer = self.patience.take_timer();
            lease.slot.server.keep(lease.connection, Instant::now());
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let frame = ready!(this.patience.poll(&mut this.body, cx));
        match &frame {
            None => this.finish(),
            Some(Ok(_)) => this.finish_at_end(),
            Some(Err(_)) => this.lease = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
