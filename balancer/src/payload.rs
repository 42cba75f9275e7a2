//! Can a request be sent again? Only if its body can: small bodies of requests that may be repeated are
//! held in memory, all others flow through once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use crate::listen::ClientBody;
use crate::patience::{BodyError, Patience};
use crate::pool::Pool;

/// The body of a request on its way to a server.
#[derive(Debug)]
pub(crate) enum Payload {
    /// No body, or all of it, and the room that it takes: can be sent again.
    Held(Bytes, Option<Arc<OwnedSemaphorePermit>>),
    /// Flows from the client, sent once.
    Stream(Stream),
}

/// A body that flows from the client, behind what was already read of it.
#[derive(Debug)]
pub(crate) struct Stream {
    read: VecDeque<Bytes>,
    rest: ClientBody,
    patience: Patience,
}

impl Payload {
    /// No body.
    pub(crate) fn empty() -> Payload {
        Payload::Held(Bytes::new(), None)
    }

    /// A body that flows.
    pub(crate) fn stream(rest: ClientBody, patience: Patience) -> Payload {
        if rest.is_end_stream() {
            return Payload::empty();
        }
        Payload::Stream(Stream {
            read: VecDeque::new(),
            rest,
            patience,
        })
    }

    /// A body that is held, if it is short enough and there is room; otherwise it flows.
    pub(crate) async fn hold(
        mut rest: ClientBody,
        pool: &Pool,
        mut patience: Patience,
    ) -> Result<Payload, BodyError> {
        let limit = pool.settings.retry.body_bytes;
        // An unknown length may turn out to be all that is allowed.
        let most = rest
            .size_hint()
            .upper()
            .map_or(Some(limit), |upper| upper.try_into().ok());
        let most = most.filter(|most| *most <= limit);
        let permits = most.and_then(|most| u32::try_from(most).ok());
        let room =
            permits.and_then(|permits| pool.room.clone().try_acquire_many_owned(permits).ok());
        let (false, Some(room)) = (rest.is_end_stream(), room) else {
            return Ok(Payload::stream(rest, patience));
        };
        let mut read = VecDeque::new();
        let mut length = 0;
        while length <= limit {
            let Some(frame) = poll_fn(|cx| patience.poll(&mut rest, cx)).await else {
                return Ok(Payload::Held(joined(read, length), Some(Arc::new(room))));
            };
            // Trailers of a request that may be sent again are dropped (RFC 9110 §6.5.1 allows it).
            if let Ok(data) = frame?.into_data() {
                length += data.len();
                read.push_back(data);
            }
        }
        Ok(Payload::Stream(Stream {
            read,
            rest,
            patience,
        }))
    }

    /// The same once more, when it can be sent again.
    pub(crate) fn again(&self) -> Option<Payload> {
        match self {
            Payload::Held(data, room) => Some(Payload::Held(data.clone(), room.clone())),
            Payload::Stream(_) => None,
        }
    }

    /// Whether it can be sent again.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self, Payload::Held(..))
    }

    /// What came of a body that flows and did not go on comes again.
    pub(crate) fn put_back(&mut self, data: Bytes) {
        if let Payload::Stream(stream) = self {
            stream.read.push_front(data);
        }
    }
}

fn joined(mut read: VecDeque<Bytes>, length: usize) -> Bytes {
    if read.len() <= 1 {
        return read.pop_front().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(length);
    read.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}

impl Body for Payload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Payload::Held(data, _) if data.is_empty() => Poll::Ready(None),
            Payload::Held(data, _) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(data))))),
            Payload::Stream(stream) => stream.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Payload::Held(data, _) => data.is_empty(),
            Payload::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Held(data, _) => SizeHint::with_exact(data.len() as u64),
            Payload::Stream(stream) => {
                let read: usize = stream.read.iter().map(Bytes::len).sum();
                let rest = stream.rest.size_hint();
                let mut hint = SizeHint::new();
                hint.set_lower(rest.lower() + read as u64);
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper + read as u64);
                }
                hint
            }
        }
    }
}

impl Stream {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(data) = self.read.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        self.patience.poll(&mut self.rest, cx)
    }
}
