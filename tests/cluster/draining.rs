//! What becomes of work in flight, and of work that still comes, after SIGTERM?

use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::Signal;

use crate::harness::{Process, get, json, until};

/// Minutes of work.
const ENDLESS: &str =
    "re=-0.7453&im=0.1127&zoom=20&width=2000&height=2000&samples=8&iterations=1000000000";

#[tokio::test]
async fn a_role_ends_when_its_grace_is_over() {
    let listen = ["--listen", "127.0.0.1:0", "--grace", "50ms"];
    let mut worker = Process::start(&[&["worker", "--threads", "1"], &listen[..]].concat());
    let tiles = worker.url.clone();
    let mut frontend = Process::start(&[&["frontend", "--tiles", &tiles], &listen[..]].concat());
    let client = Client::new();
    let mut picture = get(&client, &format!("{}/render.png?{ENDLESS}", frontend.url)).await;
    picture.chunk().await.unwrap();
    until("the worker draws", async || {
        let ready = json(get(&client, &format!("{tiles}/readyz")).await).await;
        ready["in_flight"].as_u64() > Some(0)
    })
    .await;
    let told = Instant::now();
    for role in [&mut worker, &mut frontend] {
        role.signal(Signal::TERM);
        assert_eq!(role.wait().code(), Some(0));
    }
    assert!(told.elapsed() < Duration::from_secs(20), "{told:?}");
}

#[tokio::test]
async fn a_balancer_that_is_told_to_stop_goes_on_for_its_shutdown_delay() {
    let worker = Process::start(&["worker", "--listen", "127.0.0.1:0", "--threads", "1"]);
    let mut balancer = Process::start(&[
        "balancer",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--server",
        &worker.url,
        "--shutdown-delay",
        "1h",
    ]);
    let health = format!("{}/health", balancer.next_address());
    let client = Client::new();
    until("the worker is up", async || {
        get(&client, &health).await.status() == 200
    })
    .await;
    balancer.signal(Signal::TERM);
    until("health says draining", async || {
        let answer = get(&client, &health).await;
        answer.status() == 503 && json(answer).await["status"] == "draining"
    })
    .await;
    let answer = get(&client, &format!("{}/readyz", balancer.url)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["connection"], "close");
    // A second signal is for whoever does not want to wait.
    balancer.signal(Signal::TERM);
    assert_eq!(balancer.wait().code(), Some(130));
}

#[tokio::test]
async fn a_role_goes_on_as_before_for_its_shutdown_delay() {
    let end = ["--listen", "127.0.0.1:0", "--shutdown-delay", "1h"];
    let mut worker = Process::start(&[&["worker"], &end[..]].concat());
    let tiles = worker.url.clone();
    let mut frontend = Process::start(&[&["frontend", "--tiles", &tiles], &end[..]].concat());
    let client = Client::new();
    for role in [&mut worker, &mut frontend] {
        role.signal(Signal::TERM);
    }
    // Not a moment later: a signal is told to a process in its own time.
    let told = Instant::now();
    while told.elapsed() < Duration::from_millis(200) {
        let ready = get(&client, &format!("{}/readyz", frontend.url)).await;
        assert_eq!(ready.status(), 200, "it would get no requests");
        let picture = format!("{}/render.png?width=64&height=64", frontend.url);
        assert_eq!(get(&client, &picture).await.status(), 200);
    }
    for role in [&mut worker, &mut frontend] {
        role.signal(Signal::TERM);
        assert_eq!(role.wait().code(), Some(130));
    }
}
