//! Who gets a free server, and when is one free?

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::harness::{Balancer, Client, Origin, pool_of, request, soon, until};

#[tokio::test]
async fn a_freed_slot_goes_to_the_oldest_waiter() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let mut answers = vec![balancer.spawn_get("/hold?0")];
    origin.wait_until_running(1).await;
    for waiting in 1..=5 {
        answers.push(balancer.spawn_get(&format!("/hold?{waiting}")));
        balancer.wait_for_queue(waiting).await;
    }
    for answer in answers {
        origin.gate.add_permits(1);
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    let log = origin.log.lock().unwrap();
    assert_eq!(
        *log,
        [
            "/hold?0", "/hold?1", "/hold?2", "/hold?3", "/hold?4", "/hold?5"
        ]
    );
    assert_eq!(origin.most_running.load(SeqCst), 1);
}

#[tokio::test]
async fn a_server_gets_no_more_than_it_says_it_can_run() {
    let (small, large) = (Origin::start("small"), Origin::start("large"));
    small.capacity.store(1, SeqCst);
    large.capacity.store(3, SeqCst);
    let balancer = Balancer::up(pool_of(&[&small, &large])).await;
    let answers: Vec<_> = (0..20).map(|_| balancer.spawn_get("/hold")).collect();
    balancer.wait_for_queue(16).await;
    assert_eq!((small.running(), large.running()), (1, 3));
    small.gate.add_permits(20);
    large.gate.add_permits(20);
    for answer in answers {
        assert_eq!(
            soon("an answer", answer).await.unwrap().headers["x-pool-capacity"],
            "4"
        );
    }
    assert_eq!(small.most_running.load(SeqCst), 1);
    assert_eq!(large.most_running.load(SeqCst), 3);
}

#[tokio::test]
async fn the_server_with_the_fewest_in_flight_is_taken() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    let held = [balancer.spawn_get("/hold"), balancer.spawn_get("/hold")];
    a.wait_until_running(1).await;
    b.wait_until_running(1).await;
    b.gate.add_permits(1);
    b.wait_until_running(0).await;
    until("the slot is free", async || balancer.in_flight().await == 1).await;
    for _ in 0..5 {
        assert_eq!(balancer.get("/name").await.text(), "b");
    }
    a.gate.add_permits(1);
    for answer in held {
        soon("an answer", answer).await.unwrap();
    }
}

#[tokio::test]
async fn in_flight_counts_until_the_body_ends() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let mut client = Client::connect(balancer.site).await;
    let response = client
        .send(request(http::Method::GET, "/drip", &[], b""))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        balancer.in_flight().await,
        1,
        "the head is here, the body is not"
    );
    origin.gate.add_permits(1);
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(body, "first second");
    until("the slot is free", async || balancer.in_flight().await == 0).await;
}

#[tokio::test]
async fn a_full_queue_refuses_with_the_time_to_come_back() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    pool.queue.length = 1;
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let waiting = balancer.spawn_get("/hold");
    balancer.wait_for_queue(1).await;
    let refused = balancer.get("/name").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.json()["pool"], "tiles");
    origin.gate.add_permits(2);
    assert_eq!(soon("the held", held).await.unwrap().status, 200);
    assert_eq!(soon("the waiting", waiting).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_that_waited_too_long_is_told_its_place() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    pool.queue.wait = Duration::from_millis(30);
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let refused = balancer.get("/name").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["place"], 1);
    balancer.wait_for_queue(0).await;
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().status, 200);
}
