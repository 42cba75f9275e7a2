//! How does a request go out? Its head and what is there of its body in one write, the rest of the body as the client sends it.
//! As long as no byte has been written, the request is as good as new.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use tokio::io::AsyncWrite;

use crate::http1::encode::{self, Framing};
use crate::http1::pending::Pending;
use crate::patience::BodyError;
use crate::payload::Payload;
use crate::upstream::RequestHead;

/// A larger buffer is given back when the connection rests for long; heads are shorter.
const KEPT_AT_REST: usize = 2 << 10;
/// Most heads are shorter, so that the buffer grows once.
const USUAL_HEAD: usize = 1 << 10;

/// What goes out on a connection.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pending: Pending,
    rest: Rest,
    /// Of a body that flows, while nothing is written: the piece that was taken from it.
    taken: Option<Bytes>,
    wrote: bool,
    /// When, if its body flows: one that is there is out at once, and the clock is not read for it.
    last_write: Option<Instant>,
    /// What `Trailer` says, if it says anything.
    trailer: Option<HeaderMap>,
}

/// What of the body has to be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Nothing,
    Length(u64),
    Chunks,
    /// All of it, in vain: the socket takes nothing more.
    GivenUp,
}

/// Why a request did not go out whole.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The socket takes nothing.
    Io(io::Error),
    /// The client's body broke off or stalled.
    Body(BodyError),
}

impl Outgoing {
    /// A request is to go out; of a body that is held nothing will be asked for.
    pub(crate) fn begin(&mut self, head: &RequestHead, payload: &Payload) {
        self.pending.clear();
        let out = self.pending.text();
        out.reserve(USUAL_HEAD);
        self.wrote = false;
        self.last_write = None;
        self.taken = None;
        self.trailer = None;
        let RequestHead { parts, added } = head;
        encode::request_line(out, &parts.method, &parts.uri);
        let mut length_said = false;
        for (name, value) in &parts.headers {
            match *name {
                // The body's own length is told, which is the same.
                CONTENT_LENGTH => length_said = true,
                TRANSFER_ENCODING => {}
                _ => encode::field(out, name, value.as_bytes()),
            }
        }
        out.extend_from_slice(added.as_bytes());
        let (framing, rest) = match payload {
            Payload::Held(data, _) if data.is_empty() => {
                (length_said.then_some(Framing::Length(0)), Rest::Nothing)
            }
            Payload::Held(data, _) => {
                let length = data.len() as u64;
                (Some(Framing::Length(length)), Rest::Nothing)
            }
            Payload::Stream(_) => match payload.size_hint().exact() {
                Some(length) => (Some(Framing::Length(length)), Rest::Length(length)),
                None => (Some(Framing::Chunked), Rest::Chunks),
            },
        };
        if let Some(framing) = framing {
            encode::framing(out, framing);
        }
        encode::end_of_fields(out);
        self.rest = rest;
        if let Payload::Held(data, _) = payload {
            self.pending.data(data.clone());
        } else if rest == Rest::Chunks {
            self.trailer = trailer(&parts.headers);
        }
    }

    /// Whether all has gone out.
    pub(crate) fn is_done(&self) -> bool {
        self.rest == Rest::Nothing && self.pending.is_empty()
    }

    /// Whether the server may have seen anything.
    pub(crate) fn wrote(&self) -> bool {
        self.wrote
    }

    /// When something of a body that flows, or of the head before it, was written last.
    pub(crate) fn last_write(&self) -> Option<Instant> {
        self.last_write
    }

    /// Nothing was written: what was taken from the body goes back.
    pub(crate) fn take_back(&mut self, payload: &mut Payload) {
        if let Some(taken) = self.taken.take() {
            payload.put_back(taken);
        }
    }

    /// Nothing more will be written.
    pub(crate) fn give_up(&mut self) {
        self.pending.clear();
        self.rest = Rest::GivenUp;
    }

    /// A large buffer is not kept over a rest.
    pub(crate) fn give_back(&mut self) {
        self.pending.give_back(KEPT_AT_REST);
    }

    /// Writes what is there, until all has gone out.
    pub(crate) fn poll(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        payload: &mut Payload,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let asked = self.poll_next(payload, cx);
            if let Poll::Ready(Err(e)) = asked {
                return Poll::Ready(Err(SendError::Body(e)));
            }
            if self.pending.is_empty() {
                return asked.map_err(SendError::Body);
            }
            ready!(self.pending.poll_write(stream, cx)).map_err(SendError::Io)?;
            if matches!(payload, Payload::Stream(_)) {
                self.last_write = Some(Instant::now());
            }
            if !self.wrote {
                self.wrote = true;
                self.taken = None;
            }
        }
    }

    /// What waits to be written is bounded, and of what was taken before the first write there is one piece.
    fn has_enough(&self) -> bool {
        self.taken.is_some() || self.pending.is_full()
    }

    /// Asks for more of the body where there is room for it.
    fn poll_next(
        &mut self,
        payload: &mut Payload,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyError>> {
        while matches!(self.rest, Rest::Length(_) | Rest::Chunks) && !self.has_enough() {
            match ready!(Pin::new(&mut *payload).poll_frame(cx)).transpose()? {
                Some(frame) => self.frame(frame)?,
                None => self.end(None)?,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn frame(&mut self, frame: Frame<Bytes>) -> Result<(), BodyError> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => return self.end(Some(&trailers)),
                Err(_) => return Ok(()),
            },
        };
        if data.is_empty() {
            return Ok(());
        }
        if !self.wrote {
            self.taken = Some(data.clone());
        }
        match &mut self.rest {
            Rest::Nothing | Rest::GivenUp => {}
            Rest::Length(left) => {
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or_else(|| BodyError::Source("longer than its Content-Length".into()))?;
                if *left == 0 {
                    self.rest = Rest::Nothing;
                }
                self.pending.data(data);
            }
            Rest::Chunks => self.pending.chunk(data),
        }
        Ok(())
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) -> Result<(), BodyError> {
        match self.rest {
            Rest::Length(left) if left > 0 => {
                return Err(BodyError::Source("shorter than its Content-Length".into()));
            }
            Rest::Chunks => {
                let announced = trailers
                    .zip(self.trailer.as_ref())
                    .map(|(trailers, head)| encode::announced(trailers, head));
                encode::last_chunk(self.pending.text(), announced.as_ref());
            }
            Rest::Length(_) | Rest::Nothing | Rest::GivenUp => {}
        }
        self.rest = Rest::Nothing;
        Ok(())
    }
}

/// The fields that announce trailers.
fn trailer(headers: &HeaderMap) -> Option<HeaderMap> {
    let mut found = HeaderMap::new();
    for value in headers.get_all(TRAILER) {
        found.append(TRAILER, HeaderValue::clone(value));
    }
    (!found.is_empty()).then_some(found)
}
