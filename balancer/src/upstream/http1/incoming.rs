//! How is an answer read? As fast as the client takes it: the socket is read only when something is asked for that is not there
//! yet. The buffer is as large as the answer before needed it, so that most answers take one read.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Error;
use super::head::{self, Framing, Head};
use crate::http1::chunks::{Chunks, Piece};

/// The least that is read at once: most heads, with a body of some KB.
const LEAST_READ: usize = 4 << 10;
/// The most: a body of 64 KB with its head.
const MOST_READ: usize = 68 << 10;
/// A larger buffer is given back when the connection rests for long.
const KEPT_AT_REST: usize = LEAST_READ;
/// Interim answers (RFC 9110 §15.2) to one request; nobody sends more than a few.
pub(super) const MOST_INTERIM: u8 = 16;

/// What comes in on a connection.
#[derive(Debug)]
pub(crate) struct Incoming {
    read: BytesMut,
    /// How large a buffer is made where the length of what comes is not known.
    next_size: usize,
    /// The largest that the present one has been.
    size: usize,
    /// How far the end of a head was looked for.
    looked: usize,
    interim: u8,
    /// Bytes of the present answer so far.
    taken: usize,
    body: Body,
    keep_alive: bool,
}

/// What of a body has not been given away yet.
#[derive(Debug)]
enum Body {
    Over,
    /// Not zero.
    Length(u64),
    Chunks(Chunks),
    UntilClose,
}

impl Default for Incoming {
    fn default() -> Incoming {
        Incoming {
            read: BytesMut::new(),
            next_size: LEAST_READ,
            size: 0,
            looked: 0,
            interim: 0,
            taken: 0,
            body: Body::Over,
            keep_alive: false,
        }
    }
}

impl Incoming {
    /// Another answer is waited for.
    pub(crate) fn begin(&mut self) {
        self.interim = 0;
        self.looked = 0;
        self.taken = 0;
    }

    /// Waits for the head of the final answer, or of the one that changes the protocol.
    pub(crate) fn poll_head(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        bodiless: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Head, Error>> {
        loop {
            if !self.read.is_empty()
                && let Some(head) = head::cut(&mut self.read, &mut self.looked, bodiless)?
            {
                if !head.status.is_informational() || head.status == 101 {
                    let ends = head.status == 101 || head.body == Framing::UntilClose;
                    self.keep_alive = head.keep_alive && !ends;
                    self.body = match head.body {
                        Framing::Empty | Framing::Length(0) => Body::Over,
                        Framing::Length(length) => Body::Length(length),
                        Framing::Chunked => Body::Chunks(Chunks::padded()),
                        Framing::UntilClose => Body::UntilClose,
                    };
                    return Poll::Ready(Ok(head));
                }
                self.interim += 1;
                if self.interim > MOST_INTERIM {
                    return Poll::Ready(Err(Error::ManyInterim));
                }
                continue;
            }
            if !ready!(self.poll_fill(stream, self.next_size, cx))? {
                return Poll::Ready(Err(Error::NoHead));
            }
        }
    }

    /// Waits for the next piece of the body.
    pub(crate) fn poll_frame(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match self.next_frame() {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(None) if self.is_over() => return Poll::Ready(None),
                Ok(None) => {}
                Err(e) => return Poll::Ready(Some(Err(e))),
            }
            let wanted = match &self.body {
                // A read that leaves room tells that there is no more, and saves another one.
                Body::Length(left) => usize::try_from(left.saturating_add(1)).unwrap_or(MOST_READ),
                _ => self.next_size,
            };
            match ready!(self.poll_fill(stream, wanted, cx)) {
                Ok(true) => {}
                Ok(false) if matches!(self.body, Body::UntilClose) => self.body = Body::Over,
                Ok(false) => return Poll::Ready(Some(Err(Error::CutOff))),
                Err(e) => return Poll::Ready(Some(Err(e))),
            }
        }
    }

    /// The next piece of the body, if it was read already.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame<Bytes>>, Error> {
        match &mut self.body {
            Body::Over => Ok(None),
            Body::Chunks(chunks) => {
                let piece = chunks.next(&mut self.read)?;
                if chunks.is_over() || piece == Some(Piece::End) {
                    self.body = Body::Over;
                }
                Ok(match piece {
                    Some(Piece::Data(data)) => Some(Frame::data(data)),
                    Some(Piece::Trailers(trailers)) => Some(Frame::trailers(trailers)),
                    Some(Piece::End) | None => None,
                })
            }
            _ if self.read.is_empty() => Ok(None),
            Body::UntilClose => Ok(Some(Frame::data(self.read.split().freeze()))),
            Body::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX);
                let here = here.min(self.read.len());
                *left -= here as u64;
                if *left == 0 {
                    self.body = Body::Over;
                }
                Ok(Some(Frame::data(self.read.split_to(here).freeze())))
            }
        }
    }

    /// What was read of a body whose length is known, which cannot be malformed.
    pub(crate) fn take_first(&mut self) -> Bytes {
        if !matches!(self.body, Body::Length(_)) {
            return Bytes::new();
        }
        let frame = self.next_frame().ok().flatten();
        let data = frame.and_then(|frame| frame.into_data().ok());
        data.unwrap_or_default()
    }

    /// Reads once, into room for `wanted` bytes if that is not too much; `false` at the end.
    fn poll_fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        wanted: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, Error>> {
        self.make_room(wanted);
        let spare = self.read.capacity() - self.read.len();
        let count = ready!(pin!(stream.read_buf(&mut self.read)).poll(cx))?;
        self.taken = self.taken.saturating_add(count);
        if count == spare {
            self.next_size = (2 * self.next_size).min(MOST_READ);
        }
        Poll::Ready(Ok(count > 0))
    }

    fn make_room(&mut self, wanted: usize) {
        let spare = self.read.capacity() - self.read.len();
        let (room, enough) = if self.read.is_empty() {
            let room = wanted.min(MOST_READ);
            // What trickles in does not take a new buffer for each drop.
            let enough = if room > LEAST_READ { room / 2 } else { room };
            (room, enough)
        } else {
            (self.read.len().max(LEAST_READ), LEAST_READ / 8)
        };
        if spare < enough {
            self.read.reserve(room);
            self.size = self.size.max(self.read.capacity());
        }
    }

    /// Whether all of the answer was given away.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.body, Body::Over)
    }

    /// How much of the body is still to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.body {
            Body::Over => SizeHint::with_exact(0),
            Body::Length(left) => SizeHint::with_exact(left),
            Body::Chunks(_) | Body::UntilClose => SizeHint::default(),
        }
    }

    /// Whether another answer may come after this one, which is over.
    pub(crate) fn goes_on(&self) -> bool {
        self.keep_alive && self.read.is_empty()
    }

    /// The next answer will be as large as this one.
    pub(crate) fn rest(&mut self) {
        let most = self.taken.min(MOST_READ - 1);
        self.next_size = (most + 1).next_multiple_of(LEAST_READ);
    }

    /// A large buffer is not kept over a rest, but its size is.
    pub(crate) fn give_back(&mut self) {
        if self.size > KEPT_AT_REST {
            self.read = BytesMut::new();
            self.size = 0;
        }
    }

    /// What was read behind the head, where another protocol begins.
    pub(crate) fn take_rest(&mut self) -> BytesMut {
        std::mem::take(&mut self.read)
    }
}
