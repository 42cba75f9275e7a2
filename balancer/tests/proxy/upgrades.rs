//! Does a WebSocket get through, and nothing else?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use balancer::settings::{Address, Pool, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Balancer, soon, until};

const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Reads a head, byte by byte, so that nothing behind it is taken.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A server that agrees to every proper handshake, greets at once, and then echoes. Tells how many tunnels are open.
async fn websocket_server() -> (Pool, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Fixed(listener.local_addr().unwrap());
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let open = counted.clone();
            tokio::spawn(async move {
                let head = head(&mut stream).await.to_ascii_lowercase();
                let agrees = head.contains("\r\nupgrade: websocket\r\n")
                    && head.contains("\r\nconnection: upgrade\r\n")
                    && head.contains("\r\nsec-websocket-key: dghlihnhbxbszsbub25jzq==\r\n");
                let answer = if agrees {
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello"
                } else {
                    "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
                if agrees {
                    open.fetch_add(1, Ordering::SeqCst);
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await.ok();
                    write.shutdown().await.ok();
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    let mut pool = Pool::new("chat", vec![Server::from(address)]);
    pool.health.probes = false;
    (pool, open)
}

#[tokio::test]
async fn a_websocket_passes_and_holds_its_slot_until_it_ends() {
    let (mut pool, open) = websocket_server().await;
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    client.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    let answer = soon("the answer", head(&mut client))
        .await
        .to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101"), "{answer}");
    for field in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
    ] {
        assert!(answer.contains(field), "{field} in {answer}");
    }
    // Bytes that would be anything but HTTP.
    let text = b"\n\0GET / HTTP/1.1\n\n";
    client.write_all(text).await.unwrap();
    let mut echo = vec![0; 5 + text.len()];
    soon("the echo", client.read_exact(&mut echo))
        .await
        .unwrap();
    assert_eq!(echo, [b"hello", &text[..]].concat());
    assert_eq!(balancer.in_flight().await, 1);

    client.shutdown().await.unwrap();
    let mut rest = Vec::new();
    soon("the end", client.read_to_end(&mut rest))
        .await
        .unwrap();
    until("the slot is free", async || balancer.in_flight().await == 0).await;
    assert_eq!(open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_is_closed() {
    let (mut pool, open) = websocket_server().await;
    pool.timeouts.tunnel_idle = Duration::from_millis(50);
    let balancer = Balancer::up(pool).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    client.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    soon("the end", client.read_to_end(&mut all)).await.ok();
    assert!(all.ends_with(b"hello"));
    until("the server's end is closed", async || {
        open.load(Ordering::SeqCst) == 0
    })
    .await;
    until("the slot is free", async || balancer.in_flight().await == 0).await;
}

#[tokio::test]
async fn a_server_that_does_not_agree_is_heard_and_h2c_is_not_offered() {
    let (pool, _) = websocket_server().await;
    let balancer = Balancer::up(pool).await;
    for text in [
        HANDSHAKE.replace("WebSocket\r\n", "h2c\r\n"),
        HANDSHAKE.replace("keep-alive, Upgrade", "keep-alive"),
        HANDSHAKE.replace("Sec-WebSocket-Key", "X"),
    ] {
        let mut client = TcpStream::connect(balancer.site).await.unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        let answer = soon("the answer", head(&mut client)).await;
        assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
        assert!(
            !answer.to_ascii_lowercase().contains("upgrade:"),
            "{answer}"
        );
    }
}
