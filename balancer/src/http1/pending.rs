//! What of a message waits to be written? Text that was put together here, then at most one long piece of a body from where it
//! is, then what ends that piece. All of it goes out in one write if the socket takes it, and in the order in which it was
//! added however little the socket takes.

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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Takes as much at once as it is told, the last number again and again, and keeps it.
    #[derive(Debug, Default)]
    struct Taker {
        bites: Vec<usize>,
        taken: Vec<u8>,
    }

    impl AsyncWrite for Taker {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(buf)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let mut left = match self.bites[..] {
                [last] => last,
                _ => self.bites.remove(0),
            };
            let before = self.taken.len();
            for buf in bufs {
                let here = left.min(buf.len());
                self.taken.extend_from_slice(&buf[..here]);
                left -= here;
            }
            Poll::Ready(Ok(self.taken.len() - before))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// What a message consists of.
    #[derive(Clone, Copy)]
    enum Part {
        Text(&'static str),
        /// Of so many bytes.
        Data(usize),
        Chunk(usize),
    }
    use Part::{Chunk, Data, Text};

    const MESSAGES: [&[Part]; 5] = [
        &[Text("head"), Data(SHORT + 1), Data(3), Text("next")],
        &[
            Text("head"),
            Chunk(SHORT + 1),
            Chunk(3),
            Text("0\r\n\r\n"),
            Text("next"),
        ],
        &[Text("head"), Chunk(3), Chunk(SHORT), Chunk(SHORT + 1)],
        &[
            Data(SHORT + 1),
            Chunk(SHORT + 1),
            Data(SHORT + 1),
            Text("end"),
        ],
        &[Chunk(1), Chunk(1), Text("end")],
    ];

    /// As long as a piece ever is here, and no byte like the next.
    static BODY: LazyLock<Bytes> =
        LazyLock::new(|| (0..=SHORT).map(|i| b"abcdefg"[i % 7]).collect());

    fn body(length: usize) -> Bytes {
        BODY.slice(..length)
    }

    /// The bytes of a message, in one piece.
    fn whole(parts: &[Part]) -> Vec<u8> {
        let bytes = parts.iter().map(|part| match *part {
            Text(text) => text.as_bytes().to_vec(),
            Data(length) => body(length).to_vec(),
            Chunk(length) => {
                let size = format!("{length:x}\r\n").into_bytes();
                [&size, &body(length)[..], b"\r\n"].concat()
            }
        });
        bytes.flatten().collect()
    }

    fn add(pending: &mut Pending, part: Part) {
        match part {
            Text(text) => pending.text().extend_from_slice(text.as_bytes()),
            Data(length) => pending.data(body(length)),
            Chunk(length) => pending.chunk(body(length)),
        }
    }

    fn write(pending: &mut Pending, taker: &mut Taker) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(matches!(
            pending.poll_write(taker, &mut cx),
            Poll::Ready(Ok(()))
        ));
    }

    /// What is written of a message that is added as there is room, or whether there is or not.
    fn written(parts: &[Part], bites: &[usize], waits: bool) -> Vec<u8> {
        let mut pending = Pending::default();
        let mut taker = Taker {
            bites: bites.to_vec(),
            taken: Vec::new(),
        };
        let mut parts = parts.iter();
        loop {
            while !(waits && pending.is_full())
                && let Some(part) = parts.next()
            {
                add(&mut pending, *part);
                if !waits {
                    break;
                }
            }
            if pending.is_empty() {
                return taker.taken;
            }
            write(&mut pending, &mut taker);
        }
    }

    #[test]
    fn wherever_a_write_ends_the_bytes_are_those_of_the_whole() {
        for parts in MESSAGES {
            let whole = whole(parts);
            for waits in [true, false] {
                for first in 1..=whole.len() {
                    let written = written(parts, &[first, usize::MAX], waits);
                    assert!(written == whole, "{first} first, {waits}");
                }
                for bite in [1, 2, 3, 5, SHORT - 1, SHORT, SHORT + 1] {
                    let written = written(parts, &[bite], waits);
                    assert!(written == whole, "by {bite}, {waits}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_added_before_the_end_of_a_long_chunk_is_out() {
        let mut pending = Pending::default();
        add(&mut pending, Chunk(SHORT + 1));
        let all = pending.text.len() + SHORT + 1;
        let mut taker = Taker {
            bites: vec![all, 1],
            taken: Vec::new(),
        };
        write(&mut pending, &mut taker);
        for _ in 0..encode::CHUNK_END.len() {
            assert!(pending.is_full());
            write(&mut pending, &mut taker);
        }
        assert!(pending.is_empty() && !pending.is_full());
        // And if something is, it goes behind it.
        add(&mut pending, Chunk(SHORT + 1));
        taker.bites = vec![all, usize::MAX];
        write(&mut pending, &mut taker);
        add(&mut pending, Text("next"));
        write(&mut pending, &mut taker);
        assert!(pending.is_empty() && taker.taken.ends_with(b"\r\nnext"));
    }

    #[test]
    fn what_waits_is_bounded_for_who_asks() {
        let mut pending = Pending::default();
        while !pending.is_full() {
            add(&mut pending, Chunk(SHORT));
        }
        assert!(pending.text.len() < ENOUGH + SHORT + 10);
        pending.clear();
        assert!(pending.is_empty());
        add(&mut pending, Data(SHORT + 1));
        assert!(pending.is_full());
        pending.clear();
        assert!(pending.is_empty());
        pending.give_back(0);
        assert_eq!(pending.text.capacity(), 0);
    }

    #[test]
    fn a_socket_that_takes_nothing_is_an_error() {
        let mut pending = Pending::default();
        add(&mut pending, Text("head"));
        let mut taker = Taker {
            bites: vec![0],
            taken: Vec::new(),
        };
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let outcome = pending.poll_write(&mut taker, &mut cx);
        assert!(matches!(outcome, Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::WriteZero));
    }
}
