//! Is a request the same however it is cut, and what another parser would take it for? With examples, and with whatever
//! a fuzzer makes of the pieces that requests consist of: `tests/fuzz.sh` goes on for longer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::head::{Fault, Head, Heads};
use super::inlet::{self, ClientBody, Next};
use crate::http1::put_together;

/// The longest head, and the most that is kept of anything.
const MOST: usize = 64 << 10;

/// A whole request: its line but for the version, its fields, its body.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    line: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Seen {
    fn of<B>(request: &Request<B>, body: Vec<u8>) -> Seen {
        let fields = request.headers().iter();
        Seen {
            line: format!("{} {}", request.method(), request.uri()),
            fields: fields
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body,
        }
    }
}

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// With the last byte.
    Open,
    /// As the last request wanted.
    Closed,
    Refused(Fault),
    /// In a body that is none.
    Broken(String),
}

/// The requests in `text`, which comes in pieces of `size` bytes.
fn read_by(text: &[u8], size: usize) -> (Vec<Seen>, End) {
    let (mut seen, mut read) = (Vec::new(), BytesMut::new());
    let mut heads = Heads::new(MOST);
    let mut pieces = text.chunks(size);
    loop {
        match heads.next(&mut read) {
            Err(refused) => return (seen, End::Refused(refused.fault)),
            Ok(None) => {
                assert!(read.len() < MOST);
                let Some(piece) = pieces.next() else {
                    return (seen, End::Open);
                };
                read.extend_from_slice(piece);
            }
            Ok(Some(head)) => {
                let keeps = head.keeps;
                match whole(head, &mut read, &mut pieces) {
                    Ok(request) => seen.push(request),
                    Err(end) => return (seen, end),
                }
                if !keeps {
                    return (seen, End::Closed);
                }
            }
        }
    }
}

fn whole<'a>(
    head: Head,
    read: &mut BytesMut,
    pieces: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<Seen, End> {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut inlet, mut body) = inlet::body(head.framing, head.expects);
    let mut data = Vec::new();
    loop {
        match poll(&mut body, &mut cx) {
            Poll::Ready(Some(Ok(piece))) => data.extend_from_slice(&piece),
            Poll::Ready(Some(Err(e))) => return Err(End::Broken(e)),
            Poll::Ready(None) => return Ok(Seen::of(&head.request, data)),
            Poll::Pending => {}
        }
        if inlet.as_mut().map(|inlet| inlet.feed(read, &cx)) == Some(Next::Read) {
            assert!(read.len() < MOST);
            read.extend_from_slice(pieces.next().ok_or(End::Open)?);
        }
    }
}

fn poll(body: &mut ClientBody, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, String>>> {
    Pin::new(body).poll_frame(cx).map(|frame| {
        let frame = frame.transpose().map_err(|e| e.to_string());
        let data = frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()));
        data.transpose()
    })
}

#[test]
fn what_is_clear_is_taken_however_it_is_cut() {
    let long = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(2000)
    );
    let texts: [(&str, &[(&str, &str)]); 8] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[("GET /", "")]),
        (
            "\r\nGET /?a=b HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            &[("GET /?a=b", ""), ("GET /2", "")],
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\n\n\r\n\0#GET / HTTP/1.1\r\n\r\n",
            &[("POST /", "\n\r\n\0#"), ("GET /", "")],
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding:\tChunked\r\n\r\n5\r\n\n\n\n\n\n\r\nA ; b=\"c\"\r\n0123456789\r\n\
             000\r\nTrailer: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            &[("POST /", "\n\n\n\n\n0123456789"), ("GET /", "")],
        ),
        (&long, &[("GET /", "")]),
        (
            "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\nGET http://a/?b HTTP/1.0\r\n\r\nX",
            &[("GET /", ""), ("GET http://a/?b", "")],
        ),
        (
            "GET / HTTP/1.0\r\nConnection: close\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            &[("GET /", "")],
        ),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            &[("GET /", "")],
        ),
    ];
    for (text, expected) in texts {
        for size in 1..text.len() {
            let (seen, end) = read_by(text.as_bytes(), size);
            let seen: Vec<(&str, &str)> = seen
                .iter()
                .map(|seen| (&*seen.line, std::str::from_utf8(&seen.body).unwrap()))
                .collect();
            assert_eq!(seen, expected, "{text:?} by {size}");
            assert!(matches!(end, End::Open | End::Closed), "{text:?} by {size}");
        }
    }
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let line = "GET / HTTP/1.1\r\n";
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let fields = |text: &str| format!("{line}{text}\r\n");
    let cases = [
        ("GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(), Fault::LineEnd),
        ("GET /#x HTTP/1.1\r\n".into(), Fault::RequestLine),
        ("GET /\u{e9}".into(), Fault::RequestLine),
        ("GET /\rx".into(), Fault::RequestLine),
        ("GET\t/".into(), Fault::RequestLine),
        ("GET  / HTTP/1.1\r\n\r\n".into(), Fault::RequestLine),
        ("GET / HTTP/1.1 \r\n\r\n".into(), Fault::RequestLine),
        ("GET / http/1.1\r\n\r\n".into(), Fault::RequestLine),
        ("GET /\r\n\r\n".into(), Fault::RequestLine),
        ("GET / HTTP/2.0\r\n\r\n".into(), Fault::Version),
        (
            "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n".into(),
            Fault::Blanks,
        ),
        (format!("GET /{}", "x".repeat(MOST)), Fault::TargetTooLong),
        (fields(&format!("X: {}", "x".repeat(MOST))), Fault::TooLong),
        (fields(&"X: y\r\n".repeat(101)), Fault::TooLong),
        (fields("X: y\n"), Fault::LineEnd),
        (fields("X: a\rb\r\n"), Fault::Field),
        (fields("X: a\0b\r\n"), Fault::Field),
        (fields("X : y\r\n"), Fault::Field),
        (fields("\"X\": y\r\n"), Fault::Field),
        (fields("X\r\n"), Fault::Field),
        (fields(": y\r\n"), Fault::Field),
        (fields(" X: y\r\n"), Fault::Field),
        (fields("X: y\r\n z\r\n"), Fault::Field),
        (
            fields("Content-Length: 5\r\nContent-Length: 5\r\n"),
            Fault::Length,
        ),
        (fields("Content-Length: 5, 5\r\n"), Fault::Length),
        (fields("Content-Length: +5\r\n"), Fault::Length),
        (fields("Content-Length:\r\n"), Fault::Length),
        (
            fields("Content-Length: 18446744073709551616\r\n"),
            Fault::Length,
        ),
        (
            fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            Fault::Coding,
        ),
        (
            fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            Fault::Coding,
        ),
        (
            fields("Transfer-Encoding: gzip, chunked\r\n"),
            Fault::Coding,
        ),
        (
            fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            Fault::Coding,
        ),
        (
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
            Fault::Coding,
        ),
    ];
    for (text, fault) in cases {
        for size in [1, 2, 3, 7, 50, text.len()] {
            let (seen, end) = read_by(text.as_bytes(), size);
            assert_eq!(
                (seen.len(), end),
                (0, End::Refused(fault)),
                "{text:?} by {size}"
            );
        }
    }
    // Chunks have examples of their own; after bad ones nothing is taken for a request.
    for body in [
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "0\r\nA: b\n\r\n",
    ] {
        let text = format!("{chunked}{body}GET /hidden HTTP/1.1\r\n\r\n");
        for size in [1, 2, 3, 7, text.len()] {
            let (seen, end) = read_by(text.as_bytes(), size);
            assert_eq!(seen.len(), 0, "{text:?} by {size}");
            assert!(matches!(end, End::Broken(_)), "{text:?} by {size}");
        }
    }
}

#[test]
fn a_target_past_all_bounds_is_too_long_whatever_a_head_may_be() {
    let text = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(MOST));
    let refused = Heads::new(4 * MOST).next(&mut BytesMut::from(&*text));
    assert_eq!(refused.unwrap_err().fault, Fault::TargetTooLong);
}

#[test]
fn of_a_refused_request_is_told_what_is_known() {
    for (text, method, target) in [
        ("GET /a?b HTTP/1.1\r\nX : y\r\n\r\n", "GET", "/a?b"),
        ("GET /a HTTP/1.1\r\nX\n", "GET", "/a"),
        ("GET /a HTTP/3.0\r\n\r\n", "GET", "/a"),
        ("GET /a\n", "-", "-"),
        ("GET /a HTTP/1.1\r\nX: y\r\n\n", "GET", "/a"),
        ("G(T /a HTTP/1.1\r\n\r\n", "-", "-"),
    ] {
        let refused = Heads::new(MOST).next(&mut BytesMut::from(text));
        let request = refused.unwrap_err().request;
        let told = (request.method().as_str(), request.uri().to_string());
        assert_eq!(told, (method, target.to_owned()), "{text:?}");
    }
}

/// What requests consist of, and what does not belong there.
const PIECES: [&str; 41] = [
    "GET / HTTP/1.1\r\n",
    "POST /x HTTP/1.1\r\n",
    "GET http://a/?b HTTP/1.0\r\n",
    "Host: a\r\n",
    "Connection: close\r\n",
    "connection: Keep-Alive, x\r\n",
    "Content-Length: 5\r\n",
    "content-length:0\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:\tCHUNKED \r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "X: y\r\n",
    "X:\t\u{e9} z\t\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "5\r\n",
    "hello",
    "\r\n0\r\n",
    "0\r\n",
    "0\r\n\r\n",
    "5;a=b\r\n",
    "5 ;a\r\n",
    "00000005\r\n",
    "fffffffffffffffff\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "#",
    "\"",
    "x",
    "\u{e9}",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
];

#[test]
fn however_bytes_are_cut_the_same_requests_come_out() {
    bolero::check!()
        .with_type::<(Vec<u8>, u8)>()
        .for_each(|(choices, size)| {
            let text = put_together(&PIECES, choices);
            let whole = read_by(text.as_bytes(), text.len().max(1));
            let cut = read_by(text.as_bytes(), usize::from(*size).max(1));
            assert_eq!(whole, cut, "{text:?}");
        });
}

#[test]
fn whatever_bytes_come_nothing_panics() {
    bolero::check!()
        .with_type::<(Vec<u8>, u8)>()
        .for_each(|(text, size)| drop(read_by(text, usize::from(*size).max(1))));
}

/// The whole requests that hyper sees in `text`.
async fn seen_by_hyper(text: &[u8]) -> Vec<Seen> {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let seen = Arc::<Mutex<Vec<Seen>>>::default();
    let served = http1::Builder::new().half_close(true).serve_connection(
        TokioIo::new(theirs),
        service_fn(async |request: Request<hyper::body::Incoming>| {
            let (head, body) = request.into_parts();
            if let Ok(body) = body.collect().await {
                let body = body.to_bytes().to_vec();
                let request = Seen::of(&Request::from_parts(head, ()), body);
                seen.lock().unwrap().push(request);
            }
            Ok::<_, Infallible>(Response::new(Empty::<&[u8]>::new()))
        }),
    );
    let (mut read, mut write) = tokio::io::split(ours);
    let client = async {
        write.write_all(text).await.ok();
        write.shutdown().await.ok();
        let mut answers = Vec::new();
        read.read_to_end(&mut answers).await.ok();
    };
    tokio::join!(served, client).0.ok();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn hyper_sees_the_same_requests_unless_we_refuse_them() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    bolero::check!().with_type::<Vec<u8>>().for_each(|choices| {
        let text = put_together(&PIECES, choices);
        let (ours, end) = read_by(text.as_bytes(), text.len().max(1));
        let mut theirs = runtime.block_on(seen_by_hyper(text.as_bytes()));
        if matches!(end, End::Refused(_) | End::Broken(_)) {
            theirs.truncate(ours.len());
        }
        assert_eq!(ours, theirs, "{text:?}");
    });
}
