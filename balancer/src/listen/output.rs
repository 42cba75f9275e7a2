//! How does an answer get onto the wire? Its head and the first of its body in one write. What is short is copied into one buffer; a long
//! piece goes out from where it is, between the text before and after it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Method, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::ext::ReasonPhrase;
use tokio::io::AsyncWrite;

use super::date;
use super::socket::Socket;
use crate::http1::encode::{self, Framing};

/// A piece up to here is copied: less work than to write three slices.
const SHORT: usize = 4 << 10;
/// So much is gathered before it is written.
const ENOUGH: usize = 16 << 10;

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: BytesMut,
    piece: Bytes,
    after: &'static [u8],
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
        self.text.is_empty() && self.piece.is_empty() && self.after.is_empty()
    }

    /// Whether no piece should be added before some is written.
    pub(super) fn is_full(&self) -> bool {
        let has_piece = !self.piece.is_empty() || !self.after.is_empty();
        has_piece || self.text.len() >= ENOUGH
    }

    /// Gives its room back.
    pub(super) fn rest(&mut self) {
        self.text = BytesMut::new();
    }

    /// The client may send the body.
    pub(super) fn go_on(&mut self) {
        self.text
            .extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
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
        let out = &mut self.text;
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
        let is_chunk = match extent {
            Extent::Nothing => return Ok(()),
            Extent::Bytes(left) => {
                let length = data.len() as u64;
                *left = left.checked_sub(length).ok_or(io::ErrorKind::InvalidData)?;
                false
            }
            Extent::Chunks(_) if data.is_empty() => return Ok(()),
            Extent::Chunks(_) => true,
            Extent::Close => false,
        };
        if is_chunk {
            encode::chunk(&mut self.text, data.len());
        }
        let after = if is_chunk { encode::CHUNK_END } else { b"" };
        if data.len() <= SHORT {
            self.text.extend_from_slice(&data);
            self.text.extend_from_slice(after);
        } else {
            (self.piece, self.after) = (data, after);
        }
        Ok(())
    }

    /// Adds the end of a body.
    pub(super) fn end(&mut self, extent: &Extent, trailers: Option<&HeaderMap>) -> io::Result<()> {
        match extent {
            Extent::Bytes(1..) => Err(io::ErrorKind::UnexpectedEof.into()),
            Extent::Chunks(message) => {
                let kept = trailers.map(|trailers| encode::announced(trailers, message));
                encode::last_chunk(&mut self.text, kept.as_ref());
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
        let socket = Pin::new(socket);
        if self.is_empty() {
            return socket.poll_flush(cx);
        }
        let written = if self.piece.is_empty() && self.after.is_empty() {
            socket.poll_write(cx, &self.text)
        } else {
            let slices = [&self.text[..], &self.piece, self.after].map(IoSlice::new);
            socket.poll_write_vectored(cx, &slices)
        };
        let written = ready!(written)?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, written: usize) {
        let of_text = written.min(self.text.len());
        if of_text == self.text.len() {
            self.text.clear();
        } else {
            self.text.advance(of_text);
        }
        let of_piece = (written - of_text).min(self.piece.len());
        self.piece.advance(of_piece);
        self.after = &self.after[written - of_text - of_piece..];
        if self.piece.is_empty() {
            // So that it is not held while the next one is waited for.
            self.piece = Bytes::new();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_added_before_the_end_of_a_long_chunk_is_out() {
        let mut output = Output::default();
        let mut extent = Extent::Chunks(HeaderMap::new());
        let data = Bytes::from(vec![b'x'; SHORT + 1]);
        output.data(data, &mut extent).unwrap();
        output.advance(output.text.len() + SHORT + 1);
        for _ in 0..encode::CHUNK_END.len() {
            assert!(output.is_full());
            output.advance(1);
        }
        assert!(output.is_empty() && !output.is_full());
    }
}
