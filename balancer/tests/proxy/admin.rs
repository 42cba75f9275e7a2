//! What do operators see?

use crate::harness::{Balancer, Origin, get, pool_of, until};

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
        &format!(
            r#"balancer_server_up{{pool="tiles",server="{}"}} 1"#,
            a.address
        ),
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
