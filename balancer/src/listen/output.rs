//! How does an answer get onto the wire? Its head and the first of its body in one write, the rest of the body as it comes, and at
//! its end what tells the client that it is one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::ext::ReasonPhrase;
use tokio::io::AsyncWrite;

use super::date;
use super::socket::Socket;
use crate::http1::encode::{self, Framing};
use crate::http1::pending::Pending;

/// What waits to be written to a client.
#[derive(Debug, Default)]
pub(super) struct Output {
    pending: Pending,
}

/// What a request says about its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) is_head: bool,
    pub(super) version: Version,
    pub(super) trailers: bool,
}

/// How an answer's body is told from what follows.
#[derive(Debug)]
pub(super) enum Extent {
    /// There is none.
    Nothing,
    /// So many bytes are left.
    Bytes(u64),
    /// Chunks, with those of the trailers that are announced here.
    Chunks(HeaderMap),
    /// All until the connection is closed.
    Close,
}

impl Output {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether no piece should be added before some is written.
    pub(super) fn is_full(&self) -> bool {
        self.pending.is_full()
    }

    /// Gives its room back.
    pub(super) fn rest(&mut self) {
        self.pending.give_back(0);
    }

    /// The client may send the body.
    pub(super) fn go_on(&mut self) {
        let text = self.pending.text();
        text.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Adds the head of an answer. The connection is kept if all else `keeps` it; whether it is.
    pub(super) fn head(
        &mut self,
        answer: &Response<impl Body>,
        asked: &Asked,
        keeps: bool,
    ) -> (Extent, bool) {
        let extent = extent(answer, asked);
        let mut keeps = keeps && !matches!(extent, Extent::Close);
        let out = self.pending.text();
        let reason = answer.extensions().get::<ReasonPhrase>();
        let reason = reason.map(ReasonPhrase::as_bytes);
        encode::status_line(out, asked.version, answer.status(), reason);
        let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        let mut has_date = false;
        for (name, value) in answer.headers() {
            let is_written = match *name {
                // It says what the answer to GET would have.
                header::CONTENT_LENGTH => {
                    matches!(extent, Extent::Nothing) && may_tell_length(answer.status())
                }
                header::CONNECTION => {
                    // Nothing else is ever said there.
                    keeps = false;
                    is_switch
                }
                header::TRANSFER_ENCODING => false,
                header::DATE => {
                    has_date = true;
                    true
                }
                _ => true,
            };
            if is_written {
                encode::field(out, name, value.as_bytes());
            }
        }
        match &extent {
            Extent::Bytes(length) => encode::framing(out, Framing::Length(*length)),
            Extent::Chunks(_) => encode::framing(out, Framing::Chunked),
            Extent::Nothing | Extent::Close => {}
        }
        if !has_date {
            date::field(out);
        }
        if !keeps && !is_switch {
            encode::field(out, &header::CONNECTION, b"close");
        } else if asked.version == Version::HTTP_10 {
            encode::field(out, &header::CONNECTION, b"keep-alive");
        }
        encode::end_of_fields(out);
        (extent, keeps)
    }

    /// Adds a piece of a body.
    pub(super) fn data(&mut self, data: Bytes, extent: &mut Extent) -> io::Result<()> {
        match extent {
            Extent::Nothing => {}
            Extent::Bytes(left) => {
                let length = data.len() as u64;
                *left = left.checked_sub(length).ok_or(io::ErrorKind::InvalidData)?;
                self.pending.data(data);
            }
            Extent::Chunks(_) if data.is_empty() => {}
            Extent::Chunks(_) => self.pending.chunk(data),
            Extent::Close => self.pending.data(data),
        }
        Ok(())
    }

    /// Adds the end of a body.
    pub(super) fn end(&mut self, extent: &Extent, trailers: Option<&HeaderMap>) -> io::Result<()> {
        match extent {
            Extent::Bytes(1..) => Err(io::ErrorKind::UnexpectedEof.into()),
            Extent::Chunks(message) => {
                let kept = trailers.map(|trailers| encode::announced(trailers, message));
                encode::last_chunk(self.pending.text(), kept.as_ref());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes some of what waits; ready when all is out, or how much could be written now.
    pub(super) fn poll_some(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_empty() {
            return Pin::new(socket).poll_flush(cx);
        }
        self.pending.poll_write(socket, cx)
    }
}

/// RFC 9110 §8.6.
fn may_tell_length(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NO_CONTENT
}

/// RFC 9112 §6.3.
fn extent(answer: &Response<impl Body>, asked: &Asked) -> Extent {
    let status = answer.status();
    let has_none = asked.is_head || !may_tell_length(status) || status == StatusCode::NOT_MODIFIED;
    match answer.body().size_hint().exact() {
        _ if has_none => Extent::Nothing,
        Some(length) => Extent::Bytes(length),
        None if asked.version == Version::HTTP_10 => Extent::Close,
        None => Extent::Chunks(announced(answer.headers(), asked)),
    }
}

/// What an answer announces of its trailers, if the client takes any.
fn announced(fields: &HeaderMap, asked: &Asked) -> HeaderMap {
    let mut announced = HeaderMap::new();
    if asked.trailers {
        for list in fields.get_all(header::TRAILER) {
            announced.append(header::TRAILER, list.clone());
        }
    }
    announced
}

impl Asked {
    /// By a client that takes the trailers of an answer or does not.
    pub(super) fn by<B>(request: &http::Request<B>, trailers: bool) -> Asked {
        Asked {
            is_head: *request.method() == Method::HEAD,
            version: request.version(),
            trailers,
        }
    }
}
