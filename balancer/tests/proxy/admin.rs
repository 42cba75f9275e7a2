//! What do operators see?

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::harness::{Balancer, Origin, get, pool_of, soon, until};

#[tokio::test]
async fn health_says_whether_every_pool_has_a_server() {
    let origin = Origin::start("a");
    let balancer = Balancer::up(pool_of(&[&origin])).await;
    let up = get(balancer.admin, "/health").await;
    assert_eq!(
        (up.status.as_u16(), &up.json()["pools"]["tiles"]),
        (200, &"up".into())
    );
    origin.kill().await;
    until("the pool is down", async || {
        get(balancer.admin, "/health").await.status == 503
    })
    .await;
    assert_eq!(get(balancer.admin, "/livez").await.status, 200);
}

#[tokio::test]
async fn stats_and_metrics_count_what_happened() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    for _ in 0..3 {
        balancer.get("/name").await;
    }
    balancer.get("/status/503").await;
    let stats = balancer.stats().await;
    assert_eq!(
        (&stats["requests"], &stats["retries"]),
        (&4.into(), &1.into())
    );
    assert_eq!(stats["algorithm"], "least-connections");
    assert!(stats["servers"][0]["latency_seconds"].as_f64().unwrap() > 0.0);
    let metrics = get(balancer.admin, "/metrics").await;
    let text = metrics.text();
    for line in [
        r#"balancer_requests_total{pool="tiles"} 4"#,
        r#"balancer_retries_total{pool="tiles"} 1"#,
        r#"balancer_queue_limit{pool="tiles"} 1024"#,
        &format!(
            r#"balancer_server_up{{pool="tiles",server="{}"}} 1"#,
            a.address
        ),
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn a_server_is_in_one_state_and_every_other_one_is_shown_as_nought() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    b.ready.store(503, SeqCst);
    balancer.wait_for_servers("draining", 1).await;
    for (origin, current) in [(&a, "up"), (&b, "draining")] {
        for state in ["new", "up", "ejected", "draining", "down", "leaving"] {
            let series = format!(
                r#"balancer_server_state{{pool="tiles",server="{}",state="{state}"}}"#,
                origin.address
            );
            let expected = f64::from(u8::from(state == current));
            assert_eq!(balancer.metric(&series).await, expected, "{series}");
        }
    }
}

/// A figure of the histogram of waits; `bound` is empty or such as `le="0.001",`.
async fn waits(balancer: &Balancer, figure: &str, bound: &str) -> f64 {
    let series = format!(r#"balancer_queue_wait_seconds_{figure}{{{bound}pool="tiles"}}"#);
    balancer.metric(&series).await
}

#[tokio::test]
async fn who_does_not_wait_counts_as_nothing_and_who_waits_in_vain_with_its_wait() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    pool.queue.wait = Duration::from_millis(30);
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    assert_eq!(waits(&balancer, "count", "").await, 1.0);
    assert_eq!(waits(&balancer, "sum", "").await, 0.0);
    assert_eq!(balancer.get("/name").await.status, 503);
    assert_eq!(waits(&balancer, "count", "").await, 2.0);
    assert!(waits(&balancer, "sum", "").await >= 0.03);
    for (bound, within) in [("0.001", 1.0), ("0.016", 1.0), ("+Inf", 2.0)] {
        let bound = format!(r#"le="{bound}","#);
        assert_eq!(waits(&balancer, "bucket", &bound).await, within, "{bound}");
    }
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().status, 200);
}

#[tokio::test]
async fn who_gets_a_slot_or_leaves_the_queue_has_waited() {
    let origin = Origin::start("a");
    let mut pool = pool_of(&[&origin]);
    pool.capacity = Some(1);
    let balancer = Balancer::up(pool).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    let leaves = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    leaves.abort();
    until("it has left", async || {
        waits(&balancer, "count", "").await == 2.0
    })
    .await;
    let before = waits(&balancer, "sum", "").await;
    assert!(before > 0.0);
    let served = balancer.spawn_get("/name");
    balancer.wait_for_queue(1).await;
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().status, 200);
    assert_eq!(soon("the served", served).await.unwrap().status, 200);
    assert_eq!(waits(&balancer, "count", "").await, 3.0);
    assert!(waits(&balancer, "sum", "").await > before);
}

#[tokio::test]
async fn a_failure_is_retried_or_the_denial_counted() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    a.status.store(503, SeqCst);
    let mut pool = pool_of(&[&a, &b]);
    // All go to a first, and it stays.
    pool.servers[1].backup = true;
    pool.health.errors = 1000;
    let balancer = Balancer::up(pool).await;
    let answers: Vec<_> = (0..10).map(|_| balancer.spawn_get("/hold")).collect();
    b.wait_until_running(3).await;
    let counted = async |name: &str| {
        let series = format!(r#"balancer_{name}_total{{pool="tiles"}}"#);
        balancer.metric(&series).await
    };
    until("the others were denied", async || {
        counted("retries_denied").await == 7.0
    })
    .await;
    assert_eq!(counted("retries").await, 3.0, "as many at a time");
    b.gate.add_permits(3);
    let mut good = 0;
    for answer in answers {
        good += usize::from(soon("an answer", answer).await.unwrap().status == 200);
    }
    assert_eq!((good, a.seen(), b.seen()), (3, 10, 3));
}

#[tokio::test]
async fn probes_that_fail_are_counted_and_those_of_a_draining_server_are_not() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let balancer = Balancer::up(pool_of(&[&a, &b])).await;
    let failures = async |origin: &Origin| {
        let series = format!(
            r#"balancer_server_probe_failures_total{{pool="tiles",server="{}"}}"#,
            origin.address
        );
        balancer.metric(&series).await
    };
    assert_eq!(failures(&a).await, 0.0);
    a.ready.store(500, SeqCst);
    b.ready.store(503, SeqCst);
    balancer.wait_for_servers("down", 1).await;
    balancer.wait_for_servers("draining", 1).await;
    assert!(failures(&a).await >= 3.0, "it takes three to be down");
    assert_eq!(failures(&b).await, 0.0);
}
