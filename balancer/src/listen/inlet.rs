//! How does a request's body get to whoever wants it? The connection's loop reads, as far ahead as one piece, and the body is given
//! what came; both are polled by one task, so that neither waits for the other longer than for the client.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::http1::chunks::{Chunks, Malformed, Piece};
use crate::http1::encode::Framing;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a client's request.
#[derive(Debug)]
pub(crate) enum ClientBody {
    Empty,
    Http1(Outlet),
    Http2(Incoming),
}

/// What a body in the making has to say.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the client ended within it")]
    Cut,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The loop's end of a body.
#[derive(Debug)]
pub(super) struct Inlet {
    place: Arc<Place>,
    rest: Rest,
    /// `100 Continue` has to be sent when the body is first asked for.
    expects: bool,
}

/// What has not been read yet.
#[derive(Debug)]
enum Rest {
    Bytes(u64),
    Chunks(Chunks),
    End,
    /// It broke off, and nothing that follows is known.
    Broken,
}

/// What the loop has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read more.
    Read,
    /// Say `100 Continue`.
    Continue,
    /// Let the body have what is there.
    Take,
    /// Nothing before the body is asked for more.
    Wait,
    /// Nothing any more.
    End,
}

/// The body's end of it.
#[derive(Debug)]
pub(crate) struct Outlet {
    place: Arc<Place>,
    /// If it is known.
    left: Option<u64>,
}

/// What is between the two.
#[derive(Debug, Default)]
struct Place(Mutex<Between>);

#[derive(Debug, Default)]
struct Between {
    frame: Option<Frame<Bytes>>,
    /// What follows that frame.
    end: Option<Result<(), Broken>>,
    /// The body has been asked for.
    asked: bool,
    /// Nobody will ask any more.
    gone: bool,
    /// Who asked and had to wait.
    asker: Option<Waker>,
    feeder: Option<Waker>,
}

impl Place {
    fn look(&self) -> MutexGuard<'_, Between> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends of a body, if there is one.
pub(super) fn body(framing: Framing, expects: bool) -> (Option<Inlet>, ClientBody) {
    let (rest, left) = match framing {
        Framing::Length(0) => return (None, ClientBody::Empty),
        Framing::Length(length) => (Rest::Bytes(length), Some(length)),
        Framing::Chunked => (Rest::Chunks(Chunks::strict()), None),
    };
    let place = Arc::<Place>::default();
    let outlet = Outlet {
        place: place.clone(),
        left,
    };
    let inlet = Inlet {
        place,
        rest,
        expects,
    };
    (Some(inlet), ClientBody::Http1(outlet))
}

impl Inlet {
    /// Whether all of the body was read.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.rest, Rest::End)
    }

    /// Whether the client still waits to be asked for the body, which it may send or not; it is not asked any more.
    pub(super) fn take_unasked(&mut self) -> bool {
        std::mem::take(&mut self.expects)
    }

    /// Whether nobody will ask for the rest.
    pub(super) fn is_abandoned(&self) -> bool {
        self.place.look().gone
    }

    /// Gives the body what was `read`, if it has room.
    pub(super) fn feed(&mut self, read: &mut BytesMut, cx: &Context<'_>) -> Next {
        match self.rest {
            Rest::End => return Next::End,
            Rest::Broken => return Next::Wait,
            Rest::Bytes(_) | Rest::Chunks(_) => {}
        }
        let mut between = self.place.look();
        if between.frame.is_some() || between.gone || (self.expects && !between.asked) {
            if !between
                .feeder
                .as_ref()
                .is_some_and(|w| w.will_wake(cx.waker()))
            {
                between.feeder = Some(cx.waker().clone());
            }
            return Next::Wait;
        }
        if std::mem::take(&mut self.expects) {
            return Next::Continue;
        }
        match self.rest.next(read) {
            Ok(None) if !matches!(self.rest, Rest::End) => return Next::Read,
            Ok(frame) => between.frame = frame,
            Err(e) => {
                self.rest = Rest::Broken;
                between.end = Some(Err(e.into()));
            }
        }
        if matches!(self.rest, Rest::End) {
            between.end = Some(Ok(()));
        }
        tell(between.asker.take(), cx);
        Next::Take
    }

    /// The client ended.
    pub(super) fn cut(&mut self, cx: &Context<'_>) {
        self.rest = Rest::Broken;
        let mut between = self.place.look();
        between.end = Some(Err(Broken::Cut));
        tell(between.asker.take(), cx);
    }

    /// Takes out of what was `read` all that nobody has asked for; whether that was the rest.
    pub(super) fn discard(&mut self, read: &mut BytesMut) -> bool {
        while !self.is_over() {
            match self.rest.next(read) {
                Ok(Some(_)) => {}
                Ok(None) if self.is_over() => {}
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }
}

/// Wakes another task; the present one looks anyway.
fn tell(waker: Option<Waker>, cx: &Context<'_>) {
    if let Some(waker) = waker
        && !waker.will_wake(cx.waker())
    {
        waker.wake();
    }
}

impl Rest {
    /// The next frame in what was `read`; at the end of chunks there may be none.
    fn next(&mut self, read: &mut BytesMut) -> Result<Option<Frame<Bytes>>, Malformed> {
        match self {
            Rest::End | Rest::Broken => Ok(None),
            Rest::Bytes(_) if read.is_empty() => Ok(None),
            Rest::Bytes(left) => {
                let here = usize::try_from(*left).map_or(read.len(), |left| left.min(read.len()));
                *left -= here as u64;
                if *left == 0 {
                    *self = Rest::End;
                }
                Ok(Some(Frame::data(read.split_to(here).freeze())))
            }
            Rest::Chunks(chunks) => {
                let piece = chunks.next(read)?;
                if chunks.is_over() {
                    *self = Rest::End;
                }
                Ok(match piece {
                    Some(Piece::Data(data)) => Some(Frame::data(data)),
                    Some(Piece::Trailers(trailers)) => Some(Frame::trailers(trailers)),
                    Some(Piece::End) | None => None,
                })
            }
        }
    }
}

impl Outlet {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut between = self.place.look();
        between.asked = true;
        if let Some(frame) = between.frame.take() {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.left = self.left.map(|left| left - length);
            tell(between.feeder.take(), cx);
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut between.end {
            Some(Ok(())) => {
                self.left = Some(0);
                Poll::Ready(None)
            }
            Some(end) => {
                let outcome = std::mem::replace(end, Ok(()));
                Poll::Ready(outcome.err().map(|e| Err(e.into())))
            }
            None => {
                between.asker = Some(cx.waker().clone());
                tell(between.feeder.take(), cx);
                Poll::Pending
            }
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.place.look().gone = true;
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            ClientBody::Empty => Poll::Ready(None),
            ClientBody::Http1(outlet) => outlet.poll_frame(cx),
            ClientBody::Http2(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(BoxError::from))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ClientBody::Empty => true,
            ClientBody::Http1(outlet) => outlet.left == Some(0),
            ClientBody::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ClientBody::Empty => SizeHint::with_exact(0),
            ClientBody::Http1(outlet) => outlet
                .left
                .map_or_else(SizeHint::default, SizeHint::with_exact),
            ClientBody::Http2(body) => body.size_hint(),
        }
    }
}
