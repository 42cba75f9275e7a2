//! What do clients get who keep us waiting, and what do the others get meanwhile?

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Balancer, Origin, pool_of, soon};

/// Sends `text` at once and then a byte now and then, until the connection is closed; when, and what came.
async fn trickle(mut stream: TcpStream, text: &[u8]) -> (Duration, Vec<u8>) {
    let begin = Instant::now();
    stream.write_all(text).await.unwrap();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    tokio::select! {
        outcome = read.read_to_end(&mut answer) => { outcome.ok(); }
        () = async {
            while write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            std::future::pending().await
        } => {}
    }
    (begin.elapsed(), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_slow_heads_are_closed_in_time_while_others_are_served() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut slow = Vec::new();
    for _ in 0..2000 {
        // One after the other: the kernel's queue of new connections is shorter.
        let stream = TcpStream::connect(balancer.site).await.unwrap();
        slow.push(tokio::spawn(trickle(
            stream,
            b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
        )));
    }
    let all = futures::future::join_all(slow);
    tokio::pin!(all);
    let mut served = 0;
    let ends = loop {
        tokio::select! {
            ends = &mut all => break ends,
            answer = balancer.get("/name") => {
                assert_eq!(answer.text(), "a");
                served += 1;
            }
        }
    };
    assert!(served > 100, "{served}");
    // The default; the rest is what a busy machine takes to notice.
    let limit = Duration::from_secs(5);
    for end in ends {
        let (time, answer) = end.unwrap();
        assert!(
            time > limit - Duration::from_millis(100) && time < limit * 2,
            "{time:?}"
        );
        assert!(answer.is_empty(), "{answer:?}");
    }
    assert!(!origin.log.lock().unwrap().iter().any(|path| path == "/"));
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    for method in ["PUT", "POST"] {
        let text = format!("{method} /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        let stream = TcpStream::connect(balancer.site).await.unwrap();
        let (time, answer) = soon("the end", trickle(stream, text.as_bytes())).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408"), "{method}: {answer}");
        assert!(time < Duration::from_secs(15), "{time:?}");
    }
    origin.wait_until_running(0).await;
}

#[tokio::test]
async fn a_request_may_be_given_a_time_for_all_of_it() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.timeouts.request = Some(Duration::from_millis(50));
    let balancer = Balancer::up(pool).await;
    let answer = soon("the answer", balancer.get("/hold")).await;
    assert_eq!(answer.status, 504);
    origin.wait_until_running(0).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
}
