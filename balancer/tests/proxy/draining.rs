//! How the balancer stops.

use std::time::Duration;

use http::Method;
use tokio::net::TcpStream;

use crate::harness::{Balancer, Client, Origin, get, pool_of, request, soon, until};

/// A balancer before `origin` that goes on for `delay` after it is told to stop.
async fn delayed(origin: &Origin, delay: Duration) -> Balancer {
    Balancer::up_with(pool_of(&[origin]), |settings| {
        settings.limits.shutdown_delay = delay;
    })
    .await
}

async fn until_it_says_draining(balancer: &Balancer) {
    until("health says draining", async || {
        let health = get(balancer.admin, "/health").await;
        health.status == 503 && health.json()["status"] == "draining"
    })
    .await;
}

#[tokio::test]
async fn during_the_shutdown_delay_clients_are_answered_and_sent_elsewhere() {
    let origin = Origin::start("a");
    let balancer = delayed(&origin, Duration::from_secs(3600)).await;
    let mut kept = Client::connect(balancer.site).await;
    let before = kept.ask(request(Method::GET, "/name", &[], b"")).await;
    assert!(!before.headers.contains_key("connection"));
    balancer.shutdown.cancel();
    until_it_says_draining(&balancer).await;

    let on_the_kept = kept.ask(request(Method::GET, "/name", &[], b"")).await;
    let on_a_new_one = balancer.get("/name").await;
    for answer in [on_the_kept, on_a_new_one] {
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "a"));
        assert_eq!(answer.headers["connection"], "close");
    }
    let again = kept.send(request(Method::GET, "/name", &[], b"")).await;
    assert!(again.is_err(), "the connection is closed");
    assert!(!balancer.task.is_finished());
}

#[tokio::test]
async fn after_the_shutdown_delay_the_port_is_closed_and_health_says_draining_to_the_end() {
    let origin = Origin::start("a");
    let mut balancer = delayed(&origin, Duration::from_millis(30)).await;
    let held = balancer.spawn_get("/hold");
    origin.wait_until_running(1).await;
    balancer.shutdown.cancel();
    until("the port is closed", async || {
        TcpStream::connect(balancer.site).await.is_err()
    })
    .await;
    until_it_says_draining(&balancer).await;
    assert!(!balancer.task.is_finished());
    origin.gate.add_permits(1);
    assert_eq!(soon("the held", held).await.unwrap().text(), "a");
    soon("the end", &mut balancer.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(balancer.admin).await.is_err());
}
