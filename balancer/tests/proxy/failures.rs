//! What does a client see when a server fails? Nothing, as long as another one may do the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_server_loses_no_get() {
    let mut origins = Vec::new();
    for name in ["a", "b", "c", "d"] {
        origins.push(Origin::start(name));
    }
    let balancer = Balancer::up(pool_of(&origins.iter().collect::<Vec<_>>())).await;
    let (answered, stop) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let clients: Vec<_> = (0..32)
        .map(|_| {
            let (site, answered, stop) = (balancer.site, answered.clone(), stop.clone());
            tokio::spawn(async move {
                let mut client = Client::connect(site).await;
                while !stop.load(SeqCst) {
                    let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    answered.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    let more = async |count: usize| {
        let from = answered.load(SeqCst);
        until("more answers", async || {
            answered.load(SeqCst) > from + count
        })
        .await;
    };
    more(500).await;
    origins[0].kill().await;
    more(500).await;
    origins[0].rise();
    let seen = origins[0].seen();
    until("the server is back", async || {
        origins[0].seen() > seen + 100
    })
    .await;
    stop.store(true, SeqCst);
    for client in clients {
        soon("a client ends", client).await.unwrap();
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_elsewhere_when_that_is_safe() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.interval = Duration::from_secs(3600);
    let balancer = Balancer::up(pool).await;
    let answer = balancer.get("/crash").await;
    assert_eq!(answer.status, 502, "both crash");
    assert_eq!((a.seen() > 0, b.seen() > 0), (true, true));
    assert!(a.seen() + b.seen() <= 3, "no more than three tries");
}

#[tokio::test]
async fn a_post_without_a_key_is_never_sent_twice() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    let mut client = Client::connect(balancer.site).await;
    let mut sent = async |path: &str, fields: &[(&str, &str)], body: &[u8]| {
        balancer.wait_for_servers("up", 2).await;
        let before = a.seen() + b.seen();
        client.ask(request(Method::POST, path, fields, body)).await;
        a.seen() + b.seen() - before
    };
    for path in ["/crash", "/status/503", "/status/502"] {
        for body in [&b""[..], b"work"] {
            assert_eq!(sent(path, &[], body).await, 1, "{path} {body:?}");
        }
    }
    let key = [("idempotency-key", "1")];
    assert_eq!(
        sent("/status/503", &key, b"work").await,
        2,
        "with a key it is"
    );
}

#[tokio::test]
async fn a_post_that_reached_nobody_goes_to_another_server() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.probes = false;
    let balancer = Balancer::up(pool).await;
    a.kill().await;
    for _ in 0..4 {
        let mut client = Client::connect(balancer.site).await;
        let answer = client
            .ask(request(Method::POST, "/echo", &[], b"work"))
            .await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "work"));
    }
    assert_eq!(b.seen(), 4);
}

#[tokio::test]
async fn a_503_is_tried_elsewhere_and_the_last_one_passed_on() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    let answer = balancer.get("/status/503").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "7", "it is the server's own");
    assert_eq!((a.seen(), b.seen()), (1, 1));
}

#[tokio::test]
async fn a_frozen_server_is_given_up_and_the_request_answered_elsewhere() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.timeout = Duration::from_millis(300);
    let balancer = Balancer::up(pool).await;
    let first = balancer.spawn_get("/hold");
    let second = balancer.spawn_get("/hold");
    a.wait_until_running(1).await;
    b.wait_until_running(1).await;
    a.frozen.send_replace(true);
    b.gate.add_permits(2);
    for answer in [first, second] {
        assert_eq!(soon("an answer", answer).await.unwrap().text(), "b");
    }
}

#[tokio::test]
async fn a_broken_upstream_body_never_looks_complete() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    for path in ["/break", "/break-length"] {
        let mut client = Client::connect(balancer.site).await;
        let response = client
            .send(request(Method::GET, path, &[], b""))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        origin.gate.add_permits(1);
        assert!(response.into_body().collect().await.is_err(), "{path}");
    }
    until("the slots are free", async || {
        balancer.in_flight().await == 0
    })
    .await;
}

#[tokio::test]
async fn a_body_that_stalls_is_aborted() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.timeouts.body_idle = Duration::from_millis(50);
    let balancer = Balancer::up(pool).await;
    let answer = soon("an end", balancer.get("/drip")).await;
    assert!(!answer.complete);
    origin.wait_until_running(0).await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_a_504() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.timeouts.head = Duration::from_millis(50);
    let balancer = Balancer::up(pool).await;
    let answer = soon("an answer", balancer.get("/hold")).await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    origin.wait_until_running(0).await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_not_noticed() {
    let mut origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    assert_eq!(balancer.get("/name").await.status, 200);
    origin.kill().await;
    origin.rise();
    balancer.wait_for_servers("up", 1).await;
    let mut client = Client::connect(balancer.site).await;
    let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_504_is_tried_elsewhere() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    a.status.store(504, SeqCst);
    let mut pool = pool_of(&[&a, &b]);
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    assert_eq!(balancer.get("/name").await.text(), "b");
}

#[tokio::test]
async fn what_a_dead_server_had_is_answered_elsewhere_however_much_it_was() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    let answers: Vec<_> = (0..40).map(|_| balancer.spawn_get("/hold")).collect();
    a.wait_until_running(40).await;
    a.kill().await;
    // A fifth of them at a time: the next ones come as those are done.
    b.wait_until_running(8).await;
    b.gate.add_permits(40);
    for answer in answers {
        assert_eq!(soon("an answer", answer).await.unwrap().text(), "b");
    }
    assert!(b.most_running.load(SeqCst) <= 8);
    assert_eq!(balancer.stats().await["retries"], 40);
}

#[tokio::test]
async fn a_request_finds_the_one_server_that_takes_connections() {
    let origins = ["a", "b", "c", "d", "e", "f"].map(Origin::start);
    let mut pool = pool_of(&origins.each_ref());
    pool.health.interval = Duration::from_secs(3600);
    let balancer = Balancer::up(pool).await;
    for origin in &origins[..5] {
        origin.kill().await;
    }
    let mut client = Client::connect(balancer.site).await;
    let answer = client
        .ask(request(Method::POST, "/echo", &[], b"work"))
        .await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "work"));
}

#[tokio::test]
async fn a_server_that_fails_fast_is_not_the_one_that_has_room() {
    let (bad, good) = (Origin::start("bad"), Origin::start("good"));
    bad.status.store(500, SeqCst);
    let mut pool = pool_of(&[&bad, &good]);
    pool.capacity = Some(1);
    pool.health.errors = 1000;
    let balancer = Balancer::up(pool).await;
    let answers: Vec<_> = (0..40).map(|_| balancer.spawn_get("/hold")).collect();
    good.gate.add_permits(40);
    for answer in answers {
        soon("an answer", answer).await.unwrap();
    }
    // A failure holds its slot for 100 ms, in which the good one does far more than one.
    assert!(bad.seen() <= 10, "{} of 40 were sent there", bad.seen());
}
