//! Is an answer the same however it is cut, and refused where two parsers could read it differently? Does a request go out
//! as it should, and is it known whether any of it did?

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::{LONGEST_HEAD, MOST_FIELDS};
use super::incoming::MOST_INTERIM;
use super::*;
use crate::headers::Added;
use crate::payload::Payload;
use crate::upstream::RequestHead;

/// A connection that gives pieces and then ends, and takes a little at a time.
#[derive(Debug, Default)]
struct Script {
    pieces: VecDeque<Vec<u8>>,
    reads: usize,
    written: Vec<u8>,
    writes: usize,
    /// Bytes that one write takes; 0 is all.
    bite: usize,
    /// It takes so many bytes in all.
    room: Option<usize>,
}

impl Script {
    fn of(text: &[u8], size: usize) -> Script {
        Script {
            pieces: text.chunks(size).map(<[u8]>::to_vec).collect(),
            ..Script::default()
        }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        if let Some(mut piece) = self.pieces.pop_front() {
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&piece);
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = if self.bite == 0 { buf.len() } else { self.bite };
        let room = self.room.map_or(most, |room| room - self.written.len());
        if room == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let taken = &buf[..buf.len().min(most).min(room)];
        self.writes += 1;
        self.written.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
        self.as_mut().poll_write(cx, &all)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// All of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) trailers: HeaderMap,
    goes_on: bool,
}

/// Reads an answer; the script never waits.
fn read_on(incoming: &mut Incoming, script: &mut Script, bodiless: bool) -> Result<Whole, Error> {
    incoming.begin();
    let head = poll_fn(|cx| incoming.poll_head(script, bodiless, cx));
    let head = head.now_or_never().unwrap()?;
    let mut whole = Whole {
        status: head.status.as_u16(),
        headers: head.headers,
        body: incoming.take_first().to_vec(),
        trailers: HeaderMap::new(),
        goes_on: false,
    };
    let next = |incoming: &mut Incoming, script: &mut Script| {
        poll_fn(|cx| incoming.poll_frame(script, cx))
            .now_or_never()
            .unwrap()
    };
    while let Some(frame) = next(incoming, script) {
        match frame?.into_data() {
            Ok(data) => whole.body.extend_from_slice(&data),
            Err(frame) => whole.trailers = frame.into_trailers().unwrap(),
        }
    }
    assert!(incoming.is_over());
    whole.goes_on = incoming.goes_on();
    Ok(whole)
}

pub(super) fn read(text: &[u8], size: usize, bodiless: bool) -> Result<Whole, Error> {
    let mut script = Script::of(text, size);
    read_on(&mut Incoming::default(), &mut script, bodiless)
}

/// Answers with their bodies, and whether another one may follow.
const CLEAR: [(&str, &str, bool); 20] = [
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
        true,
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true),
    (
        "HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello",
        "hello",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close\r\n\r\nhello",
        "hello",
        false,
    ),
    (
        "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "",
        false,
    ),
    ("HTTP/1.1 200 OK\r\n\r\nhello", "hello", false),
    (
        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
        false,
    ),
    (
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
        true,
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", "", true),
    (
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "",
        true,
    ),
    ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "", false),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        "a",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1 \r\n!\r\n0\r\n\r\n",
        "hello!",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        "hello",
        true,
    ),
    // Another reader would see another end of these.
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "hello",
        false,
    ),
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "",
        false,
    ),
    (
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "",
        true,
    ),
    (
        "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        "a",
        true,
    ),
    (
        "HTTP/1.1 404 Nobody knows\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
        true,
    ),
];

#[test]
fn an_answer_is_the_same_however_it_is_cut() {
    for (text, body, goes_on) in CLEAR {
        for size in 1..=text.len() {
            let whole = read(text.as_bytes(), size, false).unwrap();
            let trailers = text.matches("X-Sum").count();
            assert_eq!(whole.body, body.as_bytes(), "{text:?} by {size}");
            assert_eq!(whole.goes_on, goes_on, "{text:?} by {size}");
            assert_eq!(whole.trailers.len(), trailers, "{text:?} by {size}");
            assert!(!whole.headers.contains_key("link"), "{text:?} by {size}");
            let lengths = whole.headers.get_all("content-length").into_iter();
            let said: Vec<_> = lengths.map(|length| length.to_str().unwrap()).collect();
            let is_one = said.len() <= 1 && said.iter().all(|said| said.parse::<u64>().is_ok());
            assert!(is_one, "{said:?} of {text:?} by {size}");
        }
    }
}

#[test]
fn an_answer_to_head_ends_with_its_head() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let whole = read(text.as_bytes(), 7, true).unwrap();
        assert!(whole.body.is_empty() && whole.goes_on, "{text:?}");
    }
}

#[test]
fn what_follows_an_answer_unasked_ends_the_connection() {
    for (text, body, _) in CLEAR.iter().filter(|(_, _, goes_on)| *goes_on) {
        let text = format!("{text}HTTP/1.1 200 OK\r\n");
        let whole = read(text.as_bytes(), text.len(), false).unwrap();
        assert_eq!(whole.body, body.as_bytes(), "{text:?}");
        assert!(!whole.goes_on, "{text:?}");
    }
}

#[test]
fn what_is_no_clear_answer_is_refused() {
    let fields = format!("{}\r\n", "a: b\r\n".repeat(MOST_FIELDS + 1));
    let long = format!("a: {}\r\n\r\n", "x".repeat(LONGEST_HEAD));
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(usize::from(MOST_INTERIM) + 1);
    let ok = "HTTP/1.1 200 OK\r\n";
    for text in [
        "nonsense\r\n\r\n".to_owned(),
        "HTTP/2 200 OK\r\n\r\n".into(),
        "HTTP/1.1 20 OK\r\n\r\n".into(),
        "HTTP/1.1 099 OK\r\n\r\n".into(),
        format!("{ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        format!("{ok}Content-Length: 5, 6\r\n\r\nhello!"),
        format!("{ok}Content-Length: +5\r\n\r\nhello"),
        format!("{ok}Content-Length:\r\n\r\nhello"),
        format!("{ok}Content-Length: 99999999999999999999\r\n\r\nhello"),
        format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{ok}Transfer-Encoding: gzip\r\n\r\nhello"),
        format!("{ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        format!("{ok}A: b\r\n c\r\n\r\n"),
        format!("{ok}A : b\r\n\r\n"),
        format!("{ok}: b\r\n\r\n"),
        format!("{ok}\"A\": b\r\n\r\n"),
        format!("{ok}A\r\n\r\n"),
        format!("{ok}A: \0\r\n\r\n"),
        format!("{ok}A: b\rc\r\n\r\n"),
        format!("{ok}{fields}"),
        format!("{ok}{long}"),
        format!("{interim}{ok}\r\n"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"),
    ] {
        for size in [1, 2, 3, 7, text.len()] {
            let outcome = read(text.as_bytes(), size, false);
            let start = &text[..text.len().min(99)];
            let why = outcome.expect_err(start);
            assert!(
                !matches!(why, Error::NoHead | Error::CutOff),
                "{start}: {why}"
            );
        }
    }
}

#[test]
fn an_answer_that_breaks_off_never_looks_complete() {
    for (text, _, goes_on) in CLEAR {
        // All others end with the connection, or with a head that says nothing else.
        for end in (0..text.len()).filter(|_| goes_on) {
            let outcome = read(&text.as_bytes()[..end], 5, false);
            let broken = matches!(outcome, Err(Error::NoHead | Error::CutOff));
            assert!(broken, "{:?}: {outcome:?}", &text[..end]);
        }
    }
}

#[test]
fn most_answers_take_one_read_once_one_was_seen() {
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n{}",
        "x".repeat(65536)
    );
    let mut incoming = Incoming::default();
    for expected in [2, 1, 1] {
        let mut script = Script::of(text.as_bytes(), text.len());
        let whole = read_on(&mut incoming, &mut script, false).unwrap();
        assert_eq!((whole.body.len(), script.reads), (65536, expected));
        incoming.rest();
        incoming.give_back();
        assert_eq!(incoming.take_rest().capacity(), 0, "it is given back");
    }
}

fn head(fields: &[(&'static str, &'static str)]) -> RequestHead {
    let mut request = Request::post("/a?b");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    RequestHead {
        parts: request.body(()).unwrap().into_parts().0,
        added: Added::default(),
    }
}

/// Sends to the end, or until nothing more is taken.
fn send(
    outgoing: &mut Outgoing,
    script: &mut Script,
    head: &RequestHead,
    mut payload: Payload,
) -> Result<(), SendError> {
    outgoing.begin(head, &payload);
    poll_fn(|cx| outgoing.poll(script, &mut payload, cx))
        .now_or_never()
        .unwrap()
}

#[test]
fn a_request_goes_out_in_one_write_or_in_as_many_as_it_takes() {
    let fields = [("host", "a"), ("content-length", "7"), ("x-a", "1")];
    for (length, framed) in [(0, 0), (5, 5), (4096, 4096), (9000, 9000)] {
        let body = Bytes::from("x".repeat(length));
        let expected = format!(
            "POST /a?b HTTP/1.1\r\nhost: a\r\nx-a: 1\r\ncontent-length: {framed}\r\n\r\n{}",
            "x".repeat(length)
        );
        let mut outgoing = Outgoing::default();
        for bite in [0, 1000, 7, 1] {
            let mut script = Script {
                bite,
                ..Script::default()
            };
            let payload = Payload::Held(body.clone(), None);
            send(&mut outgoing, &mut script, &head(&fields), payload).unwrap();
            assert!(outgoing.is_done());
            assert_eq!(script.written, expected.as_bytes(), "{length} by {bite}");
            assert!(
                bite > 0 || script.writes == 1,
                "{length}: {}",
                script.writes
            );
            outgoing.give_back();
        }
    }
    // Nothing is said of a body that nobody spoke of.
    let mut script = Script::default();
    send(
        &mut Outgoing::default(),
        &mut script,
        &head(&fields[..1]),
        Payload::empty(),
    )
    .unwrap();
    assert_eq!(script.written, b"POST /a?b HTTP/1.1\r\nhost: a\r\n\r\n");
}

#[test]
fn whether_anything_was_written_is_known_to_the_byte() {
    for room in 0..40 {
        let mut script = Script {
            room: Some(room),
            ..Script::default()
        };
        let mut outgoing = Outgoing::default();
        let payload = Payload::Held(Bytes::from_static(b"work"), None);
        let outcome = send(&mut outgoing, &mut script, &head(&[]), payload);
        assert!(
            matches!(outcome, Err(SendError::Io(_))),
            "{room}: {outcome:?}"
        );
        assert_eq!(outgoing.wrote(), room > 0, "{room}");
        outgoing.give_up();
        assert!(!outgoing.is_done(), "{room}");
    }
}
