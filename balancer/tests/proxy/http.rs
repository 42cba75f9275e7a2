//! What of a message is passed on, and what ends here?

use std::net::SocketAddr;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon};

/// Sends raw bytes and reads until the end.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon("the end of the answer", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn fields_of_the_connection_end_here_and_the_others_pass() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    let fields = [
        ("connection", "x-secret"),
        ("x-secret", "1"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("x-kept", "yes"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    let answer = client
        .ask(request(Method::GET, "/fields?a=b", &fields, b""))
        .await;
    let seen = answer.text();
    assert!(seen.starts_with("GET /fields?a=b\n"), "{seen}");
    for field in [
        "host: example.org",
        "x-kept: yes",
        "te: trailers",
        "x-forwarded-for: 127.0.0.1",
    ] {
        assert!(seen.contains(field), "{field} in {seen}");
    }
    for name in ["x-secret", "upgrade", "connection"] {
        assert!(!seen.contains(name), "{name} in {seen}");
    }
    assert!(answer.headers.contains_key("x-public"));
    for name in ["x-private", "keep-alive", "connection"] {
        assert!(
            !answer.headers.contains_key(name),
            "{name} in {:?}",
            answer.headers
        );
    }
}

#[tokio::test]
async fn the_host_of_an_absolute_uri_wins() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let text = "GET http://absolute.example/fields?x=1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n";
    let answer = raw(balancer.site, text).await;
    assert!(answer.contains("GET /fields?x=1\n"), "{answer}");
    assert!(answer.contains("host: absolute.example"), "{answer}");
}

#[tokio::test]
async fn what_cannot_be_carried_is_refused_clearly() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let end = "Connection: close\r\n\r\n";
    let cases = [
        (format!("GET / HTTP/1.1\r\n{end}"), "400"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n{end}"),
            "400",
        ),
        (format!("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n{end}"), "501"),
    ];
    for (text, status) in cases {
        let answer = raw(balancer.site, &text).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{text}: {answer}"
        );
        assert!(
            answer.contains("application/problem+json"),
            "{text}: {answer}"
        );
    }
    let long = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let mut stream = TcpStream::connect(balancer.site).await.unwrap();
    stream.write_all(long.as_bytes()).await.ok();
    let mut answer = [0; 12];
    soon("an answer", stream.read_exact(&mut answer))
        .await
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
    assert_eq!(origin.seen(), 0);
}

#[tokio::test]
async fn bodies_flow_both_ways_whatever_their_size() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    for length in [0, 1, 1000, 1 << 20, (1 << 20) + 1, 8 << 20] {
        let body: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        for method in [Method::POST, Method::PUT] {
            for path in ["/echo", "/flow"] {
                let answer = client.ask(request(method.clone(), path, &[], &body)).await;
                assert_eq!(answer.status, 200);
                assert!(
                    answer.complete && answer.body == body,
                    "{method} {path} {length}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_chunked_body_arrives_whole() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    for method in ["PUT", "POST"] {
        let text = format!(
            "{method} /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        );
        assert!(
            raw(balancer.site, &text).await.ends_with("hello world"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_is_served() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let answer = raw(balancer.site, "GET /name HTTP/1.0\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\na"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    for _ in 0..2 {
        let answer = client.ask(request(Method::HEAD, "/name", &[], b"")).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
        assert_eq!(answer.headers["content-length"], "1");
    }
}
