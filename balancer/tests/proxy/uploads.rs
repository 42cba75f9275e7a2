//! What becomes of a long request while its answer is already there, or long in coming?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use balancer::SystemResolver;
use balancer::settings::{Address, Limits, Listener, Pool, Server, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::harness::{Balancer, soon, until};

/// More than the buffers of all sockets on the way take.
const LONG: usize = 48 << 20;
const PIECE: usize = 64 << 10;

/// When a server answers.
#[derive(Clone, Copy, PartialEq)]
enum Answers {
    /// With a long body, before it has read anything of the request's.
    Early,
    /// With a head and the first half of a short body before, and the rest when it has read all.
    Twice,
    /// When it has read all.
    Late,
}

/// A server whose requests have a body of [`LONG`] bytes, and how much of them it has read. It reads whether or not its answer is taken.
async fn server(answers: Answers) -> (Pool, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Fixed(listener.local_addr().unwrap());
    let read = Arc::new(AtomicUsize::new(0));
    let counted = read.clone();
    tokio::spawn(async move {
        let (mut from, mut to) = listener.accept().await.unwrap().0.into_split();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(from.read_u8().await.unwrap());
        }
        if answers == Answers::Twice {
            let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst";
            to.write_all(half).await.unwrap();
        }
        let answer = async move {
            if answers == Answers::Twice {
                to.write_all(b" half").await.unwrap();
                return to;
            }
            let length = if answers == Answers::Early { LONG } else { 0 };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            to.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..length / PIECE {
                to.write_all(&[b'a'; PIECE]).await.unwrap();
            }
            to
        };
        let early = match answers {
            Answers::Early => Ok(tokio::spawn(answer)),
            Answers::Twice | Answers::Late => Err(answer),
        };
        let mut piece = vec![0; PIECE];
        while counted.load(Ordering::SeqCst) < LONG {
            match from.read(&mut piece).await {
                Ok(count @ 1..) => counted.fetch_add(count, Ordering::SeqCst),
                _ => return,
            };
        }
        let _open = match early {
            Ok(early) => early.await.unwrap(),
            Err(late) => late.await,
        };
    });
    let mut pool = Pool::new("raw", vec![Server::from(address)]);
    pool.health.probes = false;
    (pool, read)
}

async fn balancer_of(pool: Pool, limits: Limits) -> Balancer {
    let listener = Listener::new("site", "", &pool.name);
    let mut settings = Settings::new(vec![listener], vec![pool]);
    settings.limits = limits;
    let balancer = Balancer::start_with(settings, Arc::new(SystemResolver)).await;
    balancer.wait_for_servers("up", 1).await;
    balancer
}

/// A client whose request has begun.
async fn posting(balancer: &Balancer) -> TcpStream {
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {LONG}\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client
}

/// Sends `length` bytes of a body at least, for `time` at least, each piece when the one before has arrived.
async fn send(
    client: &mut TcpStream,
    read: &AtomicUsize,
    sent: &mut usize,
    length: usize,
    time: Duration,
) {
    let begin = Instant::now();
    while *sent < length || begin.elapsed() < time {
        let piece = [b'x'; PIECE];
        let size = if *sent < length { PIECE } else { 100 };
        soon("a piece is taken", client.write_all(&piece[..size]))
            .await
            .unwrap();
        *sent += size;
        if time > Duration::ZERO {
            until("it arrives", async || read.load(Ordering::SeqCst) == *sent).await;
        }
    }
}

/// The length of what follows the answer's head, which is good.
async fn rest_of_answer(client: &mut TcpStream) -> usize {
    let mut answer = Vec::new();
    soon("the end", client.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n");
    answer.len() - head.unwrap() - 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_send_all_before_it_looks_at_an_answer_that_has_long_begun() {
    let (pool, read) = server(Answers::Early).await;
    let balancer = balancer_of(pool, Limits::default()).await;
    let mut client = posting(&balancer).await;
    send(&mut client, &read, &mut 0, LONG, Duration::ZERO).await;
    until("all has arrived", async || {
        read.load(Ordering::SeqCst) == LONG
    })
    .await;
    assert_eq!(rest_of_answer(&mut client).await, LONG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_still_sends_does_not_stall() {
    let (pool, read) = server(Answers::Early).await;
    let stall = Duration::from_secs(1);
    let limits = Limits {
        stall,
        ..Limits::default()
    };
    let balancer = balancer_of(pool, limits).await;
    let (mut client, mut sent) = (posting(&balancer).await, 0);
    // Its answer is stuck for longer than that.
    send(&mut client, &read, &mut sent, PIECE, 2 * stall).await;
    send(&mut client, &read, &mut sent, LONG - PIECE, Duration::ZERO).await;
    let rest = vec![b'x'; LONG - sent];
    client.write_all(&rest).await.unwrap();
    assert_eq!(rest_of_answer(&mut client).await, LONG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_still_takes_the_request_is_not_late() {
    for (answers, length) in [(Answers::Late, 0), (Answers::Twice, 10)] {
        let (mut pool, read) = server(answers).await;
        let patience = Duration::from_secs(1);
        (pool.timeouts.head, pool.timeouts.body_idle) = (patience, patience);
        let balancer = balancer_of(pool, Limits::default()).await;
        let (mut client, mut sent) = (posting(&balancer).await, 0);
        send(&mut client, &read, &mut sent, PIECE, 2 * patience).await;
        send(&mut client, &read, &mut sent, LONG - PIECE, Duration::ZERO).await;
        let rest = vec![b'x'; LONG - sent];
        client.write_all(&rest).await.unwrap();
        assert_eq!(rest_of_answer(&mut client).await, length);
    }
}
