//! Is what is clear let through, and what is not cut off? With examples, and with whatever a fuzzer makes of the
//! pieces that requests consist of: `cargo bolero test -p balancer listen::framing::tests::…` goes on for longer.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// What hyper gets of `text`, read in pieces of `size` bytes, and what was refused.
fn let_through(text: &[u8], size: usize) -> (Vec<u8>, Refused) {
    let mut framing = Framing::default();
    let mut through = Vec::new();
    for piece in text.chunks(size) {
        let mut piece = piece.to_vec();
        let kept = framing.check(&mut piece);
        through.extend_from_slice(&piece[..kept]);
    }
    let refused = match (framing.is_refused(), framing.is_refused_in_head()) {
        (false, _) => Refused::Nothing,
        (true, true) => Refused::Head,
        (true, false) => Refused::Body,
    };
    (through, refused)
}

#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Nothing,
    Head,
    Body,
}

#[test]
fn what_is_clear_passes_as_it_came_however_it_is_cut() {
    let long = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(2000)
    );
    let texts = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /?a=b HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\n\n\r\n\0#GET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding:\tChunked\r\n\r\n5\r\n\n\n\n\n\n\r\nA ; b=\"c\"\r\n0123456789\r\n\
         000\r\nTrailer: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        &long,
    ];
    for text in texts {
        for size in 1..text.len() {
            let (through, refused) = let_through(text.as_bytes(), size);
            let clear = refused == Refused::Nothing && through == text.as_bytes();
            assert!(clear, "{text:?} by {size}");
        }
    }
}

#[test]
fn what_two_parsers_could_read_differently_is_cut_off_there() {
    let head = "POST / HTTP/1.1\r\n";
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long = "x".repeat(600);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let cases = [
        ("GET / HTTP/1.1", "\nHost: a\r\n\r\n".to_owned()),
        ("GET /", "#x HTTP/1.1\r\n\r\n".into()),
        ("GET /", "\u{e9} HTTP/1.1\r\n\r\n".into()),
        ("\r\n\r\n\r\n\r\n\r", "\nGET / HTTP/1.1\r\n\r\n".into()),
        (
            head,
            "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n".into(),
        ),
        (
            head,
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
        ),
        (
            head,
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n".into(),
        ),
        (head, "Transfer-Encoding: gzip, chunked\r\n\r\n".into()),
        (
            head,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n".into(),
        ),
        (head, format!("Content-Length:{}5\r\n\r\n", " ".repeat(600))),
        (head, "Content-Length: 5, 5\r\n\r\n".into()),
        (head, "Content-Length: +5\r\n\r\n".into()),
        (head, "Content-Length:\r\n\r\n".into()),
        (chunked, "5 \r\nhello\r\n0\r\n\r\n".into()),
        (chunked, "5;a\nhello\r\n0\r\n\r\n".into()),
        (chunked, "5\r\nhello!\r\n0\r\n\r\n".into()),
        (chunked, "0x5\r\nhello\r\n0\r\n\r\n".into()),
        (chunked, "8000000000000000\r\n".into()),
        (chunked, "00000000000000005\r\nhello\r\n".into()),
        (chunked, format!("5;{long}\r\nhello\r\n0\r\n\r\n")),
        (chunked, "\r\n0\r\n\r\n".into()),
        (chunked, "0\r\nA: b\n\r\n".into()),
    ];
    for (clear, offence) in cases {
        let text = format!("{clear}{offence}GET /hidden HTTP/1.1\r\n\r\n");
        for size in [1, 2, 3, 7, 50, text.len()] {
            let (through, refused) = let_through(text.as_bytes(), size);
            let expected = if clear == chunked {
                Refused::Body
            } else {
                Refused::Head
            };
            assert_eq!(refused, expected, "{text:?} by {size}");
            assert!(through.starts_with(clear.as_bytes()), "{text:?} by {size}");
            assert!(
                !String::from_utf8_lossy(&through).contains("hidden"),
                "{text:?}"
            );
            let end = through.last().copied();
            if expected == Refused::Body {
                assert!(matches!(end, Some(0 | b'\n')), "{text:?}: {end:?}");
            } else {
                let seen = runtime.block_on(seen_by_hyper(&through));
                assert_eq!(seen, 0, "{text:?} by {size}");
            }
        }
    }
}

#[test]
fn a_tunnel_carries_anything() {
    let mut framing = Framing::default();
    framing.open_tunnel();
    let mut bytes = *b"\n\n\0";
    assert_eq!((framing.check(&mut bytes), bytes), (3, *b"\n\n\0"));
}

/// What requests consist of, and what does not belong there.
const PIECES: [&str; 36] = [
    "GET / HTTP/1.1\r\n",
    "POST /x HTTP/1.1\r\n",
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "content-length:0\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:\tCHUNKED \r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "X: y\r\n",
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
    "x",
    "\u{e9}",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
];

fn text_of(choices: &[u8]) -> String {
    let piece = |choice: &u8| PIECES[usize::from(*choice) % PIECES.len()];
    choices.iter().map(piece).collect()
}

#[test]
fn however_bytes_are_cut_the_same_is_let_through() {
    bolero::check!()
        .with_type::<(Vec<u8>, u8)>()
        .for_each(|(choices, size)| {
            let text = text_of(choices);
            let whole = let_through(text.as_bytes(), text.len().max(1));
            let cut = let_through(text.as_bytes(), usize::from(*size).max(1));
            assert_eq!(whole, cut, "{text:?}");
        });
}

/// How many whole requests there are in `text` by our count, if it is clear.
fn counted(text: &[u8]) -> Option<usize> {
    let mut framing = Framing::default();
    let mut count = 0;
    for byte in text {
        let before = framing.place;
        framing.check(&mut [*byte]);
        if framing.is_refused() {
            return None;
        }
        let ended = before != Place::RequestLine && framing.place == Place::RequestLine;
        count += usize::from(ended);
    }
    Some(count)
}

/// How many whole requests hyper sees in `text`.
async fn seen_by_hyper(text: &[u8]) -> usize {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let count = AtomicUsize::new(0);
    let served = http1::Builder::new().serve_connection(
        TokioIo::new(theirs),
        service_fn(async |request: Request<Incoming>| {
            let whole = request.into_body().collect().await.is_ok();
            count.fetch_add(usize::from(whole), Ordering::Relaxed);
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
    count.load(Ordering::Relaxed)
}

#[test]
fn hyper_never_sees_a_request_where_we_see_none() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    bolero::check!().with_type::<Vec<u8>>().for_each(|choices| {
        let text = text_of(choices);
        if let Some(count) = counted(text.as_bytes()) {
            let seen = runtime.block_on(seen_by_hyper(text.as_bytes()));
            assert!(seen <= count, "{seen} for {count}: {text:?}");
        }
    });
}
