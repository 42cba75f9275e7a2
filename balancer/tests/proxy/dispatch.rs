//! Who gets a free server, and when is one free?

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use balancer::settings::Algorithm;
use http::Method;

use crate::harness::{Answer, Balancer, Client, Origin, pool_of, request, soon, until};

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

/// Asks for `path` on a connection of its own, with these fields.
fn spawn_with(
    balancer: &Balancer,
    path: &str,
    fields: &'static [(&str, &str)],
) -> tokio::task::JoinHandle<Answer> {
    let (site, path) = (balancer.site, path.to_owned());
    tokio::spawn(async move {
        let mut client = Client::connect(site).await;
        client.ask(request(Method::GET, &path, fields, b"")).await
    })
}

#[tokio::test]
async fn the_most_urgent_waiter_goes_first() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let mut answers = vec![balancer.spawn_get("/hold?running")];
    origin.wait_until_running(1).await;
    let waiters: [(&str, &[(&str, &str)]); 4] = [
        ("/hold?low", &[("priority", "u=7, i")]),
        ("/hold?plain", &[]),
        ("/hold?high", &[("priority", "u=0")]),
        ("/hold?plain-later", &[("priority", "u=3")]),
    ];
    for (waiting, (path, fields)) in (1..).zip(waiters) {
        answers.push(spawn_with(&balancer, path, fields));
        balancer.wait_for_queue(waiting).await;
    }
    let stats = balancer.stats().await;
    let urgencies: Vec<_> = (0..4)
        .map(|place| stats["waiting"][place]["urgency"].as_u64().unwrap())
        .collect();
    assert_eq!(urgencies, [0, 3, 3, 7]);
    assert_eq!(stats["waiting"][3]["place"], 4);
    assert_eq!(stats["waiting"][0]["client"], "127.0.0.1");
    assert!(stats["waiting"][0]["waited_seconds"].as_f64().unwrap() > 0.0);
    origin.gate.add_permits(5);
    for answer in answers {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    assert_eq!(
        *origin.log.lock().unwrap(),
        [
            "/hold?running",
            "/hold?high",
            "/hold?plain",
            "/hold?plain-later",
            "/hold?low"
        ]
    );
}

#[tokio::test]
async fn a_full_queue_lets_go_of_the_last_in_its_order() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    pool.queue.length = 2;
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let first = spawn_with(&balancer, "/hold", &[("priority", "u=6")]);
    balancer.wait_for_queue(1).await;
    let second = spawn_with(&balancer, "/hold", &[("priority", "u=6")]);
    balancer.wait_for_queue(2).await;
    let urgent = spawn_with(&balancer, "/hold", &[]);
    let refused = soon("a refusal", second).await.unwrap();
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["place"], 3);
    assert!(
        refused.json()["expected_wait_seconds"].is_null(),
        "nothing is done yet"
    );
    origin.gate.add_permits(3);
    for answer in [held, first, urgent] {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_expected_wait_is_told_once_completions_were_measured() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    pool.queue.length = 5;
    let balancer = Balancer::up(pool).await;
    let mut answers = vec![balancer.spawn_get("/hold")];
    origin.wait_until_running(1).await;
    for waiting in 1..=5 {
        answers.push(balancer.spawn_get("/hold"));
        balancer.wait_for_queue(waiting).await;
    }
    assert!(balancer.stats().await["expected_wait_seconds"].is_null());
    for waiting in (2..=4).rev() {
        origin.gate.add_permits(1);
        balancer.wait_for_queue(waiting).await;
    }
    let stats = balancer.stats().await;
    let wait = |place: usize| {
        stats["waiting"][place]["expected_wait_seconds"]
            .as_f64()
            .unwrap()
    };
    assert!(
        wait(0) > 0.0 && (wait(1) - 2.0 * wait(0)).abs() < 1e-3,
        "{stats}"
    );
    origin.gate.add_permits(10);
    for answer in answers {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_key_goes_to_the_same_server_whoever_asks() {
    let origins = ["a", "b", "c", "d"].map(Origin::start);
    let mut pool = pool_of(&origins.each_ref());
    pool.algorithm = Algorithm::ConsistentHash;
    pool.hash = "header:x-user".parse().unwrap();
    let balancer = Balancer::up(pool).await;
    let mut homes = std::collections::HashSet::new();
    for user in 0..16 {
        let fields = [("x-user", user.to_string())];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let mut names = Vec::new();
        for path in ["/name", "/other"] {
            let mut client = Client::connect(balancer.site).await;
            let answer = client.ask(request(Method::GET, path, &fields, b"")).await;
            names.push(answer.text().to_owned());
            until("the slot is free", async || balancer.in_flight().await == 0).await;
        }
        assert_eq!(names[0], names[1]);
        homes.insert(names.remove(0));
    }
    assert!(homes.len() > 1, "keys are spread");
}

#[tokio::test]
async fn a_backup_stands_in_while_no_other_server_is_up() {
    let (first, second) = (Origin::start("first"), Origin::start("second"));
    let mut pool = pool_of(&[&first, &second]);
    pool.servers[1].backup = true;
    let balancer = Balancer::up(pool).await;
    for _ in 0..5 {
        assert_eq!(balancer.get("/name").await.text(), "first");
    }
    first.ready.store(500, SeqCst);
    balancer.wait_for_servers("down", 1).await;
    assert_eq!(balancer.get("/name").await.text(), "second");
    first.ready.store(200, SeqCst);
    balancer.wait_for_servers("up", 2).await;
    assert_eq!(balancer.get("/name").await.text(), "first");
}
