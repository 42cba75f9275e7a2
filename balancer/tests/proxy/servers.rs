//! What may a server say, and what may it do to its connections? A server that writes bytes as they stand in the test.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use balancer::settings::{Address, Pool, Server};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Balancer, Client, get, request, soon, until};

/// Reads a head, byte by byte, so that nothing behind it is taken; `None` at the end.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// A pool of one server, whose connections are given to `serve` as they come. Tells how many there were.
async fn pool_of<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (Pool, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Fixed(listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream));
        }
    });
    let mut pool = Pool::new("raw", vec![Server::from(address)]);
    pool.health.probes = false;
    (pool, connections)
}

/// Answers every request with `text`, in pieces of `size` bytes, and then closes the connection or not.
async fn say(mut stream: TcpStream, text: &'static str, size: usize, closes: bool) {
    while head(&mut stream).await.is_some() {
        for piece in text.as_bytes().chunks(size) {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        if closes {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_server_says_clearly_reaches_the_client_however_it_is_sent() {
    // Whether it closes the connection, and whether the connection is used again.
    for (text, status, body, closes, again) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            200,
            "hello",
            false,
            true,
        ),
        (
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3  \r\nllo\r\n0\r\n\r\n",
            404,
            "hello",
            false,
            true,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            200,
            "hello",
            false,
            true,
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false, true),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
            200,
            "hello",
            false,
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            200,
            "hello",
            false,
            false,
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            200,
            "hello",
            false,
            false,
        ),
        ("HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", true, false),
        ("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", true, false),
    ] {
        for size in [1, text.len()] {
            let (pool, connections) = pool_of(move |stream| say(stream, text, size, closes)).await;
            let balancer = Balancer::up(pool).await;
            let mut client = Client::connect(balancer.site).await;
            for _ in 0..3 {
                let answer = client.ask(request(Method::GET, "/", &[], b"")).await;
                assert_eq!(answer.status, status, "{text:?} by {size}");
                assert!(
                    answer.complete && answer.text() == body,
                    "{text:?}: {answer:?}"
                );
                assert!(!answer.headers.contains_key("link"), "{text:?}");
            }
            let used = if again { 1 } else { 3 };
            assert_eq!(connections.load(SeqCst), used, "{text:?} by {size}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_made_out_is_a_502_and_a_body_that_breaks_off_breaks_off() {
    for text in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
    ] {
        let (pool, _) = pool_of(move |stream| say(stream, text, 9, true)).await;
        let balancer = Balancer::up(pool).await;
        let answer = soon("the answer", balancer.get("/")).await;
        assert_eq!(answer.status, 502, "{text:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\nx0\r\n\r\n",
    ] {
        let (pool, _) = pool_of(move |stream| say(stream, text, 9, true)).await;
        let balancer = Balancer::up(pool).await;
        let answer = soon("the answer", balancer.get("/")).await;
        assert!(
            answer.status == 200 && !answer.complete,
            "{text:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_may_come_while_its_request_is_still_on_the_way() {
    let (pool, connections) = pool_of(async |mut stream| {
        while let Some(head) = head(&mut stream).await {
            let start = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
            stream.write_all(start).await.unwrap();
            assert!(head.contains("\r\ncontent-length: 6\r\n"), "{head}");
            let mut body = [0; 6];
            if stream.read_exact(&mut body).await.is_err() {
                return;
            }
            stream.write_all(&body[1..]).await.unwrap();
        }
    })
    .await;
    let balancer = Balancer::up(pool).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    for _ in 0..2 {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
        client.write_all(text.as_bytes()).await.unwrap();
        let answer = soon("the head", head(&mut client)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let mut body = [0; 5];
        let early = soon("the first half", client.read_exact(&mut body)).await;
        early.unwrap();
        assert_eq!(&body, b"hello");
        client.write_all(b"-world").await.unwrap();
        let late = soon("the other half", client.read_exact(&mut body)).await;
        late.unwrap();
        assert_eq!(&body, b"world");
    }
    assert_eq!(connections.load(SeqCst), 1, "it was whole in the end");
}

#[tokio::test]
async fn a_server_that_has_heard_enough_is_heard_and_its_connection_is_not_used_again() {
    let closed = Arc::new(AtomicUsize::new(0));
    let counted = closed.clone();
    let (pool, connections) = pool_of(move |mut stream| {
        let counted = counted.clone();
        async move {
            head(&mut stream).await.unwrap();
            let text = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(text).await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok();
            counted.fetch_add(1, SeqCst);
        }
    })
    .await;
    let balancer = Balancer::up(pool).await;
    for count in 1..=2 {
        let mut client = TcpStream::connect(balancer.site).await.unwrap();
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin";
        client.write_all(text.as_bytes()).await.unwrap();
        let answer = soon("the answer", head(&mut client)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        until("its connection is closed", async || {
            closed.load(SeqCst) == count
        })
        .await;
        assert_eq!(connections.load(SeqCst), count);
    }
}

#[tokio::test]
async fn a_connection_that_ends_while_it_rests_is_closed_here_too_though_nobody_asks() {
    let (pool, _) =
        pool_of(|stream| say(stream, "HTTP/1.1 204 No Content\r\n\r\n", 99, true)).await;
    let balancer = Balancer::up(pool).await;
    assert_eq!(balancer.get("/").await.status, 204);
    until("no connection is kept", async || {
        balancer.stats().await["servers"][0]["idle_connections"] == 0
    })
    .await;
}

#[tokio::test]
async fn a_long_answer_is_read_no_faster_than_its_client_takes_it() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    const LENGTH: usize = 256 << 20;
    let (pool, _) = pool_of(move |mut stream| {
        let counted = counted.clone();
        async move {
            head(&mut stream).await.unwrap();
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
            let piece = vec![b'x'; 1 << 16];
            for _ in 0..LENGTH / piece.len() {
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
                counted.fetch_add(piece.len(), SeqCst);
            }
        }
    })
    .await;
    let balancer = Balancer::up(pool).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(text.as_bytes()).await.unwrap();
    soon("the head", head(&mut client)).await.unwrap();
    // Until the buffers on the way are full, and nothing has moved between two looks.
    let before = Cell::new(usize::MAX);
    until("the server waits", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = sent.load(SeqCst);
        before.replace(now) == now
    })
    .await;
    // Sockets' buffers, and not the balancer's.
    assert!(before.get() < LENGTH / 2, "{before:?}");
    let mut rest = vec![0; LENGTH];
    let all = soon("the rest", client.read_exact(&mut rest)).await;
    assert_eq!(all.unwrap(), LENGTH);
    assert_eq!(get(balancer.admin, "/health").await.status, 200);
}
