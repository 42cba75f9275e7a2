//! Do the bytes go out as they were added, wherever a write ends?

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
static BODY: LazyLock<Bytes> = LazyLock::new(|| (0..=SHORT).map(|i| b"abcdefg"[i % 7]).collect());

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
