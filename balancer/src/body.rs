//! What is the body of an answer? A server's, as it comes, or one that the balancer wrote itself.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::IntoResponse;
use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use service::Problem;

use crate::upstream::Answer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer to a client.
#[derive(Debug)]
pub(crate) enum Body {
    Server(Answer),
    Own(axum::body::Body),
}

/// The answer that says `problem`.
pub(crate) fn problem(problem: Problem) -> Response<Body> {
    problem.into_response().map(Body::Own)
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Body::Server(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(BoxError::from))),
            Body::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(BoxError::from))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Server(body) => body.is_end_stream(),
            Body::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Server(body) => body.size_hint(),
            Body::Own(body) => body.size_hint(),
        }
    }
}
