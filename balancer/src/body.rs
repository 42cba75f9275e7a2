//! What is the body of an answer? A server's, as it comes, or one that the balancer wrote itself.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use service::Problem;

use crate::listen::Busy;
use crate::log::Entry;
use crate::patience::BodyError;
use crate::upstream::Answer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer to a client; with it ends the client's request.
#[derive(Debug)]
pub(crate) struct Body {
    source: Source,
    busy: Option<Busy>,
    /// Where operators want a line for each request.
    entry: Option<Entry>,
}

#[derive(Debug)]
enum Source {
    Server(Answer),
    Own(axum::body::Body),
}

impl Body {
    /// Keeps the client's connection busy, and the line of a request that is answered with this status in the making, until it is dropped.
    pub(crate) fn accompany(
        &mut self,
        busy: Option<Busy>,
        status: StatusCode,
        entry: Option<Entry>,
    ) {
        self.busy = busy;
        self.entry = entry;
        let complete = http_body::Body::is_end_stream(self);
        if let Some(entry) = &mut self.entry {
            let server = match &self.source {
                Source::Server(answer) => Some(answer.server()),
                Source::Own(_) => None,
            };
            entry.answered(status, server);
            if complete {
                entry.complete();
            }
        }
    }

    /// Sends what is there of the request while nothing more of its answer is asked for.
    pub(crate) fn send_on(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        match &mut self.source {
            Source::Server(answer) => answer.send_on(cx),
            Source::Own(_) => Ok(()),
        }
    }

    fn note(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>) {
        let ended = frame.is_none() || http_body::Body::is_end_stream(self);
        let Some(entry) = &mut self.entry else {
            return;
        };
        if let Some(Ok(frame)) = frame {
            entry.sent(frame.data_ref().map_or(0, Bytes::len));
        }
        if ended {
            entry.complete();
        }
    }
}

impl From<Answer> for Body {
    fn from(answer: Answer) -> Body {
        Body {
            source: Source::Server(answer),
            busy: None,
            entry: None,
        }
    }
}

/// The answer that says `problem`.
pub(crate) fn problem(problem: Problem) -> Response<Body> {
    problem.into_response().map(|body| Body {
        source: Source::Own(body),
        busy: None,
        entry: None,
    })
}

/// An answer of ours with a text of any kind.
pub(crate) fn text(text: String) -> Response<Body> {
    Response::new(Body {
        source: Source::Own(text.into()),
        busy: None,
        entry: None,
    })
}

/// A problem, after which the connection is closed: where its next request begins is not known, or the client is
/// not welcome.
pub(crate) fn closing(why: Problem) -> Response<Body> {
    let mut answer = problem(why);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.source {
            Source::Server(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(BoxError::from))),
            Source::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(BoxError::from))),
        };
        if let Some(busy) = &self.busy {
            busy.asked(frame.is_ready());
        }
        let frame = ready!(frame);
        if self.entry.is_some() {
            self.note(frame.as_ref());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Server(body) => body.is_end_stream(),
            Source::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Server(body) => body.size_hint(),
            Source::Own(body) => body.size_hint(),
        }
    }
}
