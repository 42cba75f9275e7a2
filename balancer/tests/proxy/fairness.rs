//! Who has to wait for whom? Clients that are told apart by their loopback addresses, before a server that runs few
//! requests at a time.

use std::net::IpAddr;
use std::sync::atomic::Ordering::SeqCst;

use http::Method;
use tokio::task::JoinHandle;

use crate::harness::{Answer, Balancer, Client, Origin, pool_of, request, soon, until};

/// Asks for `path` from the loopback address `127.0.0.FROM`.
fn spawn_from(balancer: &Balancer, from: u8, path: &str, priority: &str) -> JoinHandle<Answer> {
    let (site, source) = (balancer.site, IpAddr::from([127, 0, 0, from]));
    let request = request(Method::GET, path, &[("priority", priority)], b"");
    tokio::spawn(async move { Client::connect_from(source, site).await.ask(request).await })
}

/// How many of what the origin has begun, the first ones left out, came from each client.
fn shares(origin: &Origin, left_out: usize, clients: u8) -> Vec<usize> {
    let log = origin.log.lock().unwrap();
    let of = |client| {
        let path = format!("/hold?{client}");
        log.iter().skip(left_out).filter(|p| **p == path).count()
    };
    (1..=clients).map(of).collect()
}

#[tokio::test]
async fn ten_clients_that_ask_for_the_same_get_equal_shares() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(2);
    let balancer = Balancer::up(pool).await;
    // Of somebody else, for whom it counts how long they are held.
    let held = || spawn_from(&balancer, 200, "/hold", "u=3");
    let mut answers = vec![held(), held()];
    origin.wait_until_running(2).await;
    // One after the other, so that the oldest are all of the first clients.
    for client in 1..=10 {
        for _ in 0..40 {
            answers.push(spawn_from(
                &balancer,
                client,
                &format!("/hold?{client}"),
                "u=3",
            ));
        }
        balancer.wait_for_queue(40 * u64::from(client)).await;
    }
    origin.gate.add_permits(200);
    until("half of them are begun", async || origin.seen() == 202).await;
    let shares = shares(&origin, 2, 10);
    assert!(
        shares.iter().all(|share| (19..=21).contains(share)),
        "{shares:?}"
    );
    origin.gate.add_permits(400);
    for answer in answers {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_client_that_asks_for_little_does_not_wait_for_one_that_asks_for_much() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let mut answers = vec![balancer.spawn_get("/hold")];
    origin.wait_until_running(1).await;
    for _ in 0..100 {
        answers.push(spawn_from(&balancer, 1, "/hold?1", "u=3"));
    }
    balancer.wait_for_queue(100).await;
    answers.push(spawn_from(&balancer, 2, "/hold?2", "u=3"));
    balancer.wait_for_queue(101).await;
    origin.gate.add_permits(3);
    until("three are begun", async || origin.seen() == 4).await;
    assert_eq!(shares(&origin, 1, 2), [2, 1]);
    origin.gate.add_permits(200);
    for answer in answers {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn whoever_is_in_a_hurry_has_the_next_free_slot_whatever_waits() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(4);
    pool.queue.length = 200;
    let balancer = Balancer::up(pool).await;
    // A poster fills the servers and the queue, and keeps it full.
    let mut poster: Vec<_> = (0..204)
        .map(|_| spawn_from(&balancer, 1, "/hold?1", "u=7"))
        .collect();
    balancer.wait_for_queue(200).await;
    for round in 1..=20 {
        let hurried = spawn_from(&balancer, 2, "/hold?2", "u=2");
        until("it waits", async || {
            balancer.stats().await["waiting"][0]["urgency"] == 2
        })
        .await;
        let before = origin.seen();
        origin.gate.add_permits(1);
        until("one more is begun", async || origin.seen() == before + 1).await;
        assert_eq!(shares(&origin, 0, 2)[1], round, "it was the next");
        // All slots are the poster's once more.
        origin.gate.add_permits(4);
        assert_eq!(soon("an answer", hurried).await.unwrap().status, 200);
        poster.extend((0..6).map(|_| spawn_from(&balancer, 1, "/hold?1", "u=7")));
        balancer.wait_for_queue(200).await;
    }
    assert_eq!(origin.most_running.load(SeqCst), 4);
    origin.gate.add_permits(1000);
    for answer in poster {
        let status = soon("an answer", answer).await.unwrap().status;
        assert!(status == 200 || status == 503, "{status}");
    }
}
