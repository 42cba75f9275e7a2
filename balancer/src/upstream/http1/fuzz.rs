//! Is whatever a fuzzer makes of the pieces that answers consist of the same however it is cut, and the same that hyper's client
//! reads? `tests/fuzz.sh` goes on for longer.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::tests::read;
use crate::http1::put_together;

/// What answers consist of, and what does not belong there.
const PIECES: [&str; 34] = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 103 Early Hints\r\n\r\n",
    "HTTP/1.1 404 \r\n",
    "Content-Length: 5\r\n",
    "content-length:0\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:\tCHUNKED \r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "X: y\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "5\r\n",
    "hello",
    "\r\n0\r\n",
    "0\r\n\r\n",
    "5;a=b\r\n",
    "5 \r\n",
    "fffffffffffffffff\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    ":",
    "x",
    "\u{e9}",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
];

#[test]
fn however_bytes_are_cut_the_same_is_read() {
    bolero::check!()
        .with_type::<(Vec<u8>, u8, bool)>()
        .for_each(|(choices, size, bodiless)| {
            let text = put_together(&PIECES, choices);
            let size = usize::from(*size).max(1);
            let whole = read(text.as_bytes(), text.len().max(1), *bodiless);
            let cut = read(text.as_bytes(), size, *bodiless);
            // What is behind an answer is seen only where it came with it.
            let same = match (&whole, &cut) {
                (Ok(whole), Ok(cut)) => {
                    (whole.status, &whole.headers, &whole.body, &whole.trailers)
                        == (cut.status, &cut.headers, &cut.body, &cut.trailers)
                }
                (Err(_), Err(_)) => true,
                _ => false,
            };
            assert!(same, "{text:?} by {size}: {whole:?} and {cut:?}");
        });
}

/// Status and body of the answer that hyper sees in `text`.
async fn seen_by_hyper(text: &[u8]) -> Option<(u16, Vec<u8>)> {
    let (ours, mut theirs) = tokio::io::duplex(64 << 10);
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(ours));
    let (mut sender, driver) = handshake.await.ok()?;
    let server = async {
        theirs.read_u8().await.ok();
        theirs.write_all(text).await.ok();
        drop(theirs);
    };
    let client = async {
        let request = Request::get("/").header("host", "a");
        let request = request.body(Empty::<Bytes>::new()).ok()?;
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.ok()?;
        Some((status, body.to_bytes().to_vec()))
    };
    let (_, _, seen) = tokio::join!(driver, server, client);
    seen
}

#[test]
fn what_is_read_here_hyper_reads_too() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    bolero::check!().with_type::<Vec<u8>>().for_each(|choices| {
        let text = put_together(&PIECES, choices);
        if let Ok(whole) = read(text.as_bytes(), text.len().max(1), false) {
            let seen = runtime.block_on(seen_by_hyper(text.as_bytes()));
            let ours = Some((whole.status, whole.body));
            assert_eq!(ours, seen, "{text:?}");
        }
    });
}
