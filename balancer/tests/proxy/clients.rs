//! What happens when a client leaves, dawdles, or the balancer stops?

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};

#[tokio::test]
async fn a_client_that_leaves_cancels_the_upstream_request() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let asked = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    asked.abort();
    origin.wait_until_running(0).await;
    until("the slot is free", async || balancer.in_flight().await == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_a_body_half_read_cancels_it() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    let mut body = client
        .send(request(Method::GET, "/drip", &[], b""))
        .await
        .unwrap()
        .into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "first"
    );
    drop((client, body));
    origin.wait_until_running(0).await;
    until("the slot is free", async || balancer.in_flight().await == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_the_queue_is_never_served() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold?held");
    origin.wait_until_running(1).await;
    let leaves = balancer.spawn_get("/hold?leaves");
    balancer.wait_for_queue(1).await;
    let stays = balancer.spawn_get("/hold?stays");
    balancer.wait_for_queue(2).await;
    leaves.abort();
    balancer.wait_for_queue(1).await;
    origin.gate.add_permits(2);
    for answer in [held, stays] {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    assert_eq!(*origin.log.lock().unwrap(), ["/hold?held", "/hold?stays"]);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let origin = Origin::start("a");
    let balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.limits.header_timeout = Duration::from_millis(50);
    })
    .await;
    let mut slow = TcpStream::connect(balancer.site).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-")
        .await
        .unwrap();
    let mut rest = Vec::new();
    soon("the connection is closed", slow.read_to_end(&mut rest))
        .await
        .ok();
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    for _ in 0..10 {
        let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
        assert_eq!(answer.text(), "a");
    }
    assert_eq!(balancer.stats().await["servers"][0]["connections"], 1);
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight_and_takes_nothing_new() {
    let origin = Origin::start("a");
    let mut balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut idle = Client::connect(balancer.site).await;
    idle.ask(request(Method::GET, "/name", &[], b"")).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    balancer.shutdown.cancel();
    until("the port is closed", async || {
        TcpStream::connect(balancer.site).await.is_err()
    })
    .await;
    assert!(!balancer.task.is_finished());
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    assert!(
        idle.send(request(Method::GET, "/name", &[], b""))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_the_grace_period() {
    let origin = Origin::start("a");
    let mut balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.limits.grace = Duration::from_millis(30);
    })
    .await;
    let _held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    balancer.shutdown.cancel();
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    origin.wait_until_running(0).await;
}

#[tokio::test]
async fn a_connection_that_rests_outlives_the_header_timeout() {
    let origin = Origin::start("a");
    let balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.limits.header_timeout = Duration::from_millis(50);
    })
    .await;
    let mut client = Client::connect(balancer.site).await;
    for _ in 0..2 {
        client.ask(request(Method::GET, "/name", &[], b"")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
    assert_eq!(answer.text(), "a");
}

#[tokio::test]
async fn a_connection_that_rests_too_long_is_closed() {
    let origin = Origin::start("a");
    let balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.limits.keep_alive = Duration::from_millis(50);
    })
    .await;
    let mut idle = TcpStream::connect(balancer.site).await.unwrap();
    idle.write_all(b"GET /name HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon("the connection is closed", idle.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(answer.ends_with(b"\r\n\r\na"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let origin = Origin::start("a");
    let balancer = Balancer::with(pool_of(&[&origin]), |settings| {
        settings.limits.stall = Duration::from_millis(50);
    })
    .await;
    let mut stalled = TcpStream::connect(balancer.site).await.unwrap();
    stalled
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    until("the request arrived", async || origin.seen() == 1).await;
    until("the slot is free", async || balancer.in_flight().await == 0).await;
    let mut answer = Vec::new();
    soon("the connection is closed", stalled.read_to_end(&mut answer))
        .await
        .ok();
    assert!(answer.len() < crate::harness::LARGE, "the body was cut");
}

#[tokio::test]
async fn who_takes_the_end_of_an_answer_late_gets_all_of_it() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = TcpStream::connect(balancer.site).await.unwrap();
    let text = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(text).await.unwrap();
    let mut piece = vec![0; 64 << 10];
    let mut length = 0;
    let mut ends = 0;
    // Longer than a connection without a request waits until it rests, with the end in its buffers.
    while length < crate::harness::LARGE {
        length += soon("a piece", client.read(&mut piece)).await.unwrap();
        if length + 300_000 > crate::harness::LARGE && ends < 3 {
            ends += 1;
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
    client.write_all(text).await.unwrap();
    let again = soon("the next answer", client.read(&mut piece)).await;
    assert!(again.unwrap() > 0);
}
