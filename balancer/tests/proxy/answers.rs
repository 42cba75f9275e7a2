//! What does a client of HTTP/1 get, byte by byte, and what of its body is asked for?

use balancer::settings::{Address, Pool, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Balancer, Origin, pool_of, soon};

/// A balancer before a server that says `text` to every request, and forgets what it was asked.
async fn before_a_server_that_says(text: &'static str) -> Balancer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Fixed(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let mut pool = Pool::new("raw", vec![Server::from(address)]);
    pool.health.probes = false;
    Balancer::up(pool).await
}

/// Sends `request` and reads until the connection ends: the head in small letters, without its date, and the body.
async fn ask(balancer: &Balancer, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(balancer.site).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon("the end", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    let fields: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(
        fields.iter().filter(|f| f.starts_with("date: ")).count(),
        1,
        "{head}"
    );
    let kept = fields.into_iter().filter(|f| !f.starts_with("date: "));
    (kept.collect::<Vec<_>>().join("\n"), body.to_owned())
}

#[tokio::test]
async fn an_answer_ends_as_its_client_and_its_status_want() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let long = "HTTP/1.1 200 Fine\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello";
    let none = "HTTP/1.1 204 No Content\r\n\r\n";
    let unchanged = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
    let get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let get_1_0 = "GET / HTTP/1.0\r\n\r\n";
    let length = "content-length: 5";
    for (says, request, head, body) in [
        (
            chunked,
            get,
            "http/1.1 200 ok\ntransfer-encoding: chunked\nconnection: close".to_owned(),
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            chunked,
            get_1_0,
            "http/1.0 200 ok\nconnection: close".into(),
            "hello",
        ),
        (
            long,
            get,
            format!("http/1.1 200 fine\n{length}\nconnection: close"),
            "hello",
        ),
        (
            none,
            get,
            "http/1.1 204 no content\nconnection: close".into(),
            "",
        ),
        (
            unchanged,
            get,
            format!("http/1.1 304 not modified\n{length}\nconnection: close"),
            "",
        ),
    ] {
        let balancer = before_a_server_that_says(says).await;
        assert_eq!(ask(&balancer, request).await, (head, body.to_owned()));
    }
}

#[tokio::test]
async fn trailers_reach_a_client_that_takes_them() {
    let balancer = before_a_server_that_says(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\nX-Other: 8\r\n\r\n",
    )
    .await;
    for (te, trailers) in [("TE: trailers\r\n", "x-sum: 7\r\n"), ("", "")] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{te}Connection: TE, close\r\n\r\n");
        let (_, body) = ask(&balancer, &request).await;
        assert_eq!(body, format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
    }
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_asked_for() {
    let balancer = Balancer::up(Pool::new("none", Vec::new())).await;
    let (head, body) = ask(
        &balancer,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("\nconnection: close"), "{head}");
    assert!(body.contains("\"status\":503"), "{body}");
}

#[tokio::test]
async fn a_body_is_asked_for_when_the_server_may_have_it() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    soon("a word", client.read_exact(&mut asked)).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    soon("the end", client.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"),
        "{answer}"
    );
}

#[tokio::test]
async fn who_sends_a_body_that_nobody_wants_gets_the_answer_all_the_same() {
    let balancer = Balancer::up(Pool::new("none", Vec::new())).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n";
    client.write_all(text.as_bytes()).await.unwrap();
    // Sent after the answer is out and the connection ended for us.
    let mut answer = String::new();
    soon("the end", client.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    for _ in 0..50 {
        client.write_all(&[b'x'; 10_000]).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_left_of_a_body_is_not_taken_for_a_request() {
    let balancer = before_a_server_that_says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for framing in [
        format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len() + 9),
        format!("Transfer-Encoding: chunked\r\n\r\n5\r\n{hidden}"),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}");
        let (_, more) = ask(&balancer, &request).await;
        assert!(!more.contains("HTTP/1."), "{framing}: {more}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_where_only_the_end_of_the_connection_ends_it() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let text = b"GET /break HTTP/1.0\r\n\r\n";
    client.write_all(text).await.unwrap();
    let mut answer = Vec::new();
    // It has begun.
    while !answer.ends_with(b"first") {
        let read = soon("more", client.read_buf(&mut answer)).await.unwrap();
        assert_ne!(read, 0);
    }
    origin.gate.add_permits(1);
    let end = soon("the end", client.read_to_end(&mut answer)).await;
    assert!(end.is_err(), "{end:?}");
}

/// Two servers that nobody can understand when they are asked for `/unclear`.
async fn before_servers_that_say(unclear: &'static str) -> Balancer {
    let mut servers = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        servers.push(Server::from(Address::Fixed(listener.local_addr().unwrap())));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let Ok(length) = stream.read(&mut head).await else {
                    continue;
                };
                let text = match head[..length].starts_with(b"GET /unclear ") {
                    true => unclear,
                    false => {
                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
                    }
                };
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        });
    }
    let mut pool = Pool::new("raw", servers);
    pool.health.probes = false;
    Balancer::up(pool).await
}

#[tokio::test]
async fn an_answer_that_is_not_clear_is_refused_with_its_fault_and_its_server_goes_on() {
    for (unclear, fault) in [
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "answer's Transfer-Encoding is not chunked alone",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "answer's Content-Length is not one number",
        ),
        (
            "HELLO\r\n\r\n",
            "answer's first line is not a version of HTTP/1 and a status",
        ),
    ] {
        let balancer = before_servers_that_say(unclear).await;
        let answer = balancer.get("/unclear").await;
        assert_eq!(answer.status, 502);
        let problem = answer.json();
        assert_eq!(problem["title"], "No clear answer");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(fault), "{detail}");
        let stats = balancer.stats().await;
        for server in stats["servers"].as_array().unwrap() {
            assert_eq!(server["state"], "up", "{stats}");
        }
        assert_eq!(balancer.get("/").await.text(), "hello");
    }
}
