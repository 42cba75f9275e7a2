//! What happens between a request's head and the end of its answer? All at once, in one task: the request is answered, what
//! its body wants is read, what the answer brings is written, and it is seen when the client leaves.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use http_body::Body as _;
use tokio::time::Instant;

use super::{End, Http1, READ};
use crate::body::Body;
use crate::listen::head::Head;
use crate::listen::inlet::{self, Inlet, Next};
use crate::listen::output::{Asked, Extent, Output};

/// What a look at the client's bytes has shown.
enum Seen {
    Nothing,
    /// Something for the request's body.
    Fed,
    /// The client has left.
    Left,
}

impl Http1 {
    /// Answers one request; how the connection ends, if it does.
    pub(super) async fn exchange(&mut self, head: Head) -> io::Result<Option<End>> {
        let asked = Asked::by(&head.request, head.trailers);
        let (mut inlet, body) = inlet::body(head.framing, head.expects);
        let mut request = head.request;
        *request.body_mut() = body;
        let Some(answer) = self.answered(request, &mut inlet).await else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        // Nobody will read the rest of its body, which may never come.
        let is_lost = inlet.as_mut().is_some_and(|inlet| {
            inlet.take_unasked() || inlet.is_abandoned() && !inlet.discard(&mut self.input)
        });
        let keeps = head.keeps && !is_lost && !self.shutdown.is_cancelled();
        let keeps = self.send(answer, &asked, keeps, &mut inlet).await?;
        self.appetite = READ;
        if is_switch {
            return Ok(Some(End::Tunnel));
        }
        let is_over = inlet.is_none_or(|mut inlet| inlet.discard(&mut self.input));
        Ok(match (is_over, keeps) {
            (true, true) => None,
            (true, false) if self.input.is_empty() => Some(End::Clean),
            _ => Some(End::Linger),
        })
    }

    /// The answer to a request, or none if the client left before.
    async fn answered(
        &mut self,
        request: Request<inlet::ClientBody>,
        inlet: &mut Option<Inlet>,
    ) -> Option<Response<Body>> {
        let client = self.client.clone();
        let mut answer = pin!(client.answer(request, None));
        poll_fn(|cx| {
            if inlet.is_some() {
                // What came with the head need not be asked for.
                self.feed(cx, inlet);
            }
            loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Some(answer));
                }
                match self.look(cx, inlet) {
                    Seen::Left => return Poll::Ready(None),
                    Seen::Fed => continue,
                    Seen::Nothing => {}
                }
                // What is written may wait in TLS.
                if (!self.output.is_empty() || self.stalled.is_some())
                    && let Poll::Ready(Err(_)) = self.poll_write(cx)
                {
                    return Poll::Ready(None);
                }
                return Poll::Pending;
            }
        })
        .await
    }

    /// Gives the body what was read; what to do then.
    fn feed(&mut self, cx: &Context<'_>, inlet: &mut Option<Inlet>) -> Next {
        match inlet {
            Some(inlet) => inlet.feed(&mut self.input, cx),
            None => Next::End,
        }
    }

    /// Reads what the request's body wants, and when there is no more of it, looks whether the client is still there.
    fn look(&mut self, cx: &mut Context<'_>, inlet: &mut Option<Inlet>) -> Seen {
        loop {
            match self.feed(cx, inlet) {
                Next::Take => return Seen::Fed,
                Next::Wait => return Seen::Nothing,
                Next::Continue => {
                    self.output.go_on();
                    continue;
                }
                // The next request has begun.
                Next::End if !self.input.is_empty() => return Seen::Nothing,
                Next::End | Next::Read => {}
            }
            let unread = inlet.as_mut().filter(|inlet| !inlet.is_over());
            match self.poll_read(cx) {
                Poll::Pending => return Seen::Nothing,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(outcome) => {
                    let Some(inlet) = unread else {
                        return Seen::Left;
                    };
                    inlet.cut(cx);
                    return match outcome {
                        Ok(_) => Seen::Fed,
                        Err(_) => Seen::Left,
                    };
                }
            }
        }
    }

    /// Sends an answer, after which the connection is kept if it `keeps` and the answer lets it; whether it is.
    pub(super) async fn send(
        &mut self,
        mut answer: Response<Body>,
        asked: &Asked,
        keeps: bool,
        inlet: &mut Option<Inlet>,
    ) -> io::Result<bool> {
        let (mut extent, keeps) = self.output.head(&answer, asked, keeps);
        let mut is_whole = matches!(extent, Extent::Nothing | Extent::Bytes(0));
        let sent = poll_fn(|cx| {
            loop {
                let mut waits = false;
                while !(is_whole || waits || self.output.is_full()) {
                    match gather(&mut self.output, answer.body_mut(), &mut extent, cx) {
                        Poll::Pending => waits = true,
                        Poll::Ready(outcome) => is_whole = outcome?,
                    }
                }
                if !(is_whole || waits) {
                    answer.body_mut().send_on(cx).map_err(io::Error::other)?;
                }
                match self.poll_write(cx) {
                    Poll::Ready(Ok(())) if is_whole => return Poll::Ready(Ok(())),
                    Poll::Ready(Ok(())) if !waits => continue,
                    Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
                match self.look(cx, inlet) {
                    Seen::Left => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                    // It is at work, and may look at the answer when it has sent all.
                    Seen::Fed => self.stalled = None,
                    Seen::Nothing => return Poll::Pending,
                }
            }
        })
        .await;
        if sent.is_err() && matches!(extent, Extent::Close) {
            // Nothing else tells this client that it has not got all.
            self.socket.reset();
        }
        sent.map(|()| keeps)
    }

    /// Writes all that waits, or says that the client has taken nothing for too long.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_last = self.output.is_empty();
            match self.output.poll_some(&mut self.socket, cx) {
                Poll::Ready(Ok(())) => {
                    self.stalled = None;
                    if is_last {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    let since = *self.stalled.get_or_insert_with(Instant::now);
                    let deadline = since + self.client.gate.limits.stall;
                    ready!(self.writing.poll_until(cx, deadline));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
    }
}

/// Adds the next piece of an answer to what is to be written; whether it was the last.
fn gather(
    output: &mut Output,
    body: &mut Body,
    extent: &mut Extent,
    cx: &mut Context<'_>,
) -> Poll<io::Result<bool>> {
    let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
    let Some(frame) = frame.transpose().map_err(io::Error::other)? else {
        output.end(extent, None)?;
        return Poll::Ready(Ok(true));
    };
    Poll::Ready(match frame.into_data() {
        Ok(data) => {
            output.data(data, extent)?;
            // The end of chunks may come with trailers, or behind a long piece.
            let is_over = matches!(extent, Extent::Bytes(0));
            Ok(is_over)
        }
        Err(frame) => {
            output.end(extent, frame.trailers_ref())?;
            Ok(true)
        }
    })
}
