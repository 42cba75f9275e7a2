//! What of a message waits to be written? Text that was put together here, then at most one long piece of a body from where it
//! is, then what ends that piece. All of it goes out in one write if the socket takes it, and in the order in which it was
//! added however little the socket takes.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

use super::encode;

/// A piece up to here is copied: less work than to tell the kernel of several.
const SHORT: usize = 4 << 10;
/// So much text is gathered before it is written.
const ENOUGH: usize = 16 << 10;

/// Written in the order of the fields.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    text: BytesMut,
    piece: Bytes,
    after: &'static [u8],
}

impl Pending {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.has_piece()
    }

    /// Whether no more of a body should be added before some is written, which bounds what waits.
    pub(crate) fn is_full(&self) -> bool {
        self.has_piece() || self.text.len() >= ENOUGH
    }

    /// Or the end of one.
    fn has_piece(&self) -> bool {
        !self.piece.is_empty() || !self.after.is_empty()
    }

    /// Where more is added, behind all that waits.
    pub(crate) fn text(&mut self) -> &mut BytesMut {
        if self.has_piece() {
            self.join();
        }
        &mut self.text
    }

    /// Nobody adds while a piece waits who asks whether that [`is_full`](Pending::is_full).
    #[cold]
    fn join(&mut self) {
        self.text.extend_from_slice(&self.piece);
        self.text.extend_from_slice(self.after);
        self.piece = Bytes::new();
        self.after = b"";
    }

    /// Adds a piece of a body.
    pub(crate) fn data(&mut self, data: Bytes) {
        self.put(data, b"");
    }

    /// Adds a piece of a body in chunks, which is not empty.
    pub(crate) fn chunk(&mut self, data: Bytes) {
        encode::chunk(self.text(), data.len());
        self.put(data, encode::CHUNK_END);
    }

    fn put(&mut self, piece: Bytes, after: &'static [u8]) {
        let text = self.text();
        if piece.len() <= SHORT {
            text.extend_from_slice(&piece);
            text.extend_from_slice(after);
        } else {
            (self.piece, self.after) = (piece, after);
        }
    }

    /// Nothing of it will be written.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.piece = Bytes::new();
        self.after = b"";
    }

    /// Gives back room for more text than is `kept`; nothing waits.
    pub(crate) fn give_back(&mut self, kept: usize) {
        if self.text.capacity() > kept {
            self.text = BytesMut::new();
        }
    }

    /// Writes some of what waits, which has to be something, in one call.
    pub(crate) fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = Pin::new(stream);
        let written = if self.has_piece() {
            let slices = [&self.text[..], &self.piece, self.after].map(IoSlice::new);
            stream.poll_write_vectored(cx, &slices)
        } else {
            stream.poll_write(cx, &self.text)
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
        if self.piece.is_empty() {
            // So that it is not held while the next one is waited for.
            self.piece = Bytes::new();
        }
        self.after = &self.after[written - of_text - of_piece..];
    }
}
