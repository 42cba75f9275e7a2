//! When is a request sent to a second server, and which answer does the client get?

use std::sync::atomic::Ordering::SeqCst;

use balancer::settings::Pool;
use http::Method;

use crate::harness::{Answer, Balancer, Client, Origin, pool_of, request, soon};

/// A pool whose answers have been timed often enough.
async fn timed(mut pool: Pool) -> Balancer {
    // So many times what is usual that none of these is hedged, and still soon for who waits.
    pool.hedge.factor = 100.0;
    let balancer = Balancer::up(pool).await;
    let mut client = Client::connect(balancer.site).await;
    for _ in 0..128 {
        let answer = client.ask(request(Method::GET, "/name", &[], b"")).await;
        assert_eq!(answer.status, 200);
    }
    balancer
}

async fn ask(balancer: &Balancer, method: Method) -> Answer {
    let mut client = Client::connect(balancer.site).await;
    client.ask(request(method, "/hold", &[], b"")).await
}

#[tokio::test]
async fn a_straggler_is_answered_by_another_server_and_given_up_at_its_own() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = timed(pool_of(&[&a, &b])).await;
    // On a busy machine one of those that timed it may have been a straggler too.
    let before = balancer.stats().await["hedges"].as_u64().unwrap();
    // Whichever has it first holds it; the other one may answer.
    let holding = tokio::spawn({
        let site = balancer.site;
        async move {
            let mut client = Client::connect(site).await;
            client.ask(request(Method::GET, "/hold", &[], b"")).await
        }
    });
    crate::harness::until("both have it", async || a.running() + b.running() == 2).await;
    b.gate.add_permits(1);
    assert_eq!(soon("an answer", holding).await.unwrap().text(), "b");
    a.wait_until_running(0).await;
    let stats = balancer.stats().await;
    assert_eq!(stats["hedges"], before + 1);
    assert_eq!(stats["retries"], 0);
}

#[tokio::test]
async fn a_post_without_a_key_is_never_hedged_nor_is_anything_while_others_wait() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut pool = pool_of(&[&a, &b]);
    pool.capacity = Some(1);
    let balancer = timed(pool).await;
    let balancer = std::sync::Arc::new(balancer);
    let spawn = |method: Method| {
        let balancer = balancer.clone();
        tokio::spawn(async move { ask(&balancer, method).await })
    };
    let post = spawn(Method::POST);
    crate::harness::until("it runs", async || a.running() + b.running() == 1).await;
    // By now a hedge of it would be due many times.
    let get = spawn(Method::GET);
    crate::harness::until("both run", async || a.running() + b.running() == 2).await;
    let waiting = spawn(Method::GET);
    balancer.wait_for_queue(1).await;
    let before = a.seen() + b.seen();
    a.gate.add_permits(3);
    b.gate.add_permits(3);
    for answer in [post, get, waiting] {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    assert_eq!(a.seen() + b.seen(), before + 1);
    assert_eq!(a.most_running.load(SeqCst), 1);
}

#[tokio::test]
async fn hedges_are_a_fiftieth_of_requests() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = timed(pool_of(&[&a, &b])).await;
    let holding: Vec<_> = (0..20).map(|_| balancer.spawn_get("/hold")).collect();
    // 148 requests have earned two.
    crate::harness::until("hedges", async || a.running() + b.running() == 22).await;
    a.gate.add_permits(50);
    b.gate.add_permits(50);
    for answer in holding {
        assert_eq!(soon("an answer", answer).await.unwrap().status, 200);
    }
    assert_eq!(balancer.stats().await["hedges"], 2);
}
