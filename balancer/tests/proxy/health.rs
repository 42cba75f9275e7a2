//! When does a server take requests?

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use http::Method;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};

#[tokio::test]
async fn no_server_up_answers_at_once() {
    let origin = Origin::start("a");
    origin.kill().await;
    let balancer = Balancer::start(pool_of(&[&origin])).await;
    until("the first probe failed", async || {
        balancer.get("/name").await.status == 503
    })
    .await;
    let answer = soon("an answer", balancer.get("/name")).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.json()["pool"], "tiles");
    assert!(answer.json()["detail"].as_str().unwrap().contains("tiles"));
}

#[tokio::test]
async fn the_first_requests_wait_for_the_first_probe() {
    let origin = Origin::start("a");
    origin.frozen.send_replace(true);
    let balancer = Balancer::start(pool_of(&[&origin])).await;
    let early = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    origin.frozen.send_replace(false);
    assert_eq!(soon("an answer", early).await.unwrap().text(), "a");
}

#[tokio::test]
async fn those_who_wait_are_told_when_the_last_server_goes() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let waiting = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    origin.ready.store(503, SeqCst);
    assert_eq!(soon("an answer", waiting).await.unwrap().status, 503);
    origin.gate.add_permits(1);
    assert_eq!(
        soon("the held", held).await.unwrap().text(),
        "a",
        "it drains, it is not cut"
    );
    balancer.wait_for_servers("draining", 1).await;
    origin.ready.store(200, SeqCst);
    balancer.wait_for_servers("up", 1).await;
    assert_eq!(balancer.get("/name").await.text(), "a");
}

#[tokio::test]
async fn a_server_that_fails_its_probes_gets_nothing_until_it_passes_again() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    a.ready.store(500, SeqCst);
    balancer.wait_for_servers("down", 1).await;
    for _ in 0..6 {
        assert_eq!(balancer.get("/name").await.text(), "b");
    }
    assert_eq!(a.seen(), 0);
    a.ready.store(204, SeqCst);
    balancer.wait_for_servers("up", 2).await;
    balancer.wait_until_used("a").await;
}

#[tokio::test]
async fn a_refused_connection_ejects_at_once_and_a_probe_brings_back() {
    let (mut a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.interval = Duration::from_secs(3600);
    let balancer = Balancer::up(pool).await;
    // Its first regular probe after the start comes within the interval; only a failure asks for one.
    a.kill().await;
    for _ in 0..4 {
        assert_eq!(balancer.get("/name").await.text(), "b");
    }
    until("an ejection", async || {
        let stats = balancer.stats().await;
        stats["servers"][0]["ejections"] == 1 && stats["servers"][0]["state"] != "up"
    })
    .await;
    a.rise();
    balancer.wait_until_used("a").await;
}

#[tokio::test]
async fn without_probes_the_last_server_is_never_ejected() {
    let mut origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.health.probes = false;
    let balancer = Balancer::up(pool).await;
    origin.kill().await;
    assert_eq!(balancer.get("/name").await.status, 502);
    origin.rise();
    assert_eq!(balancer.get("/name").await.status, 200);
}

#[tokio::test]
async fn a_server_that_closes_its_port_finishes_what_it_has() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    origin.close_port().await;
    balancer.wait_for_servers("down", 1).await;
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
}

#[tokio::test]
async fn answers_that_fail_in_a_row_eject_until_a_probe_passes() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.interval = Duration::from_secs(3600);
    pool.health.fast_interval = Duration::from_secs(3600);
    pool.retry.tries = 1;
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    let mut client = Client::connect(balancer.site).await;
    let mut ask = async |path: &str| client.ask(request(Method::GET, path, &[], b"")).await;
    for _ in 0..4 {
        assert_eq!(ask("/status/500").await.status, 500);
    }
    assert_eq!(
        ask("/name").await.text(),
        "a",
        "a good answer begins the row anew"
    );
    for _ in 0..5 {
        assert_eq!(ask("/status/500").await.status, 500);
    }
    let stats = balancer.stats().await;
    assert_eq!(stats["servers"][0]["state"], "ejected");
    assert_eq!(stats["servers"][0]["errors"], 9);
    for _ in 0..6 {
        assert_eq!(ask("/status/404").await.status, 404);
    }
    assert_eq!((a.seen(), b.seen()), (10, 6));
}

#[tokio::test]
async fn without_probes_an_ejection_ends_with_its_time() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.health.probes = false;
    pool.health.errors = 1;
    pool.health.ejection = Duration::from_millis(50);
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    a.status.store(500, SeqCst);
    assert_eq!(balancer.get("/name").await.status, 500);
    assert_eq!(balancer.get("/name").await.text(), "b");
    a.status.store(0, SeqCst);
    balancer.wait_until_used("a").await;
}

#[tokio::test]
async fn other_statuses_may_be_expected() {
    let origin = Origin::start("a");
    origin.ready.store(404, SeqCst);
    let mut pool = pool_of(&[&origin]);
    pool.health.status = "200, 401-404".parse().unwrap();
    let balancer = Balancer::up(pool).await;
    origin.ready.store(204, SeqCst);
    balancer.wait_for_servers("down", 1).await;
}

#[tokio::test]
async fn a_server_that_comes_back_starts_slowly() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.capacity = Some(10);
    pool.slow_start = Duration::from_secs(3600);
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    let first: Vec<_> = (0..10).map(|_| balancer.spawn_get("/hold")).collect();
    a.wait_until_running(10).await;
    a.gate.add_permits(10);
    for answer in first {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    a.ready.store(500, SeqCst);
    balancer.wait_for_servers("down", 1).await;
    a.ready.store(200, SeqCst);
    balancer.wait_for_servers("up", 2).await;
    let slow: Vec<_> = (0..5).map(|_| balancer.spawn_get("/hold")).collect();
    balancer.wait_for_queue(4).await;
    assert_eq!(a.running(), 1);
    a.gate.add_permits(5);
    for answer in slow {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
}
