//! What does a client see when a part dies in mid-picture? The whole picture or a clear error, soon; never a part of a
//! PNG that claims to be all of it.

use std::time::{Duration, Instant};

use container_tests::client::{Render, get, picture, picture_at_last, text, workers};
use container_tests::cluster::Cluster;
use container_tests::engine::docker;
use container_tests::eventually;

/// A view that takes a core some ten seconds.
const VIEW: &str =
    "re=-0.7436447860&im=0.1318252536&zoom=18000&width=1280&height=720&samples=6&iterations=4000";
/// An easy one, to see that all is well.
const EASY: &str = "width=320&height=180";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_no_piece() {
    let cluster = Cluster::up("balancer", 3, &[("WORKER_CPUS", "0.6")]);
    let undisturbed = picture(&cluster.url(), VIEW).await;
    let mut render = Render::begin(&cluster.url(), VIEW);
    render.under_way().await;
    let victim = cluster.container("worker");
    docker(&["kill", &victim.0]);
    assert!(!render.is_over(), "the view is too easy for this test");
    let disturbed = render.end().await.unwrap();
    assert!(disturbed == undisturbed, "the picture is another one");
    assert!(workers(&render.report().await).len() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_balancer_breaks_the_picture_off_and_comes_back() {
    let cluster = Cluster::up("balancer", 2, &[]);
    let balancer = cluster.container("balancer");
    let mut render = Render::begin(&cluster.url(), VIEW);
    render.under_way().await;
    balancer.crash();
    let crashed = Instant::now();
    let cause = render.end().await.unwrap_err();
    assert!(
        crashed.elapsed() < Duration::from_secs(5),
        "the client is left waiting"
    );
    assert!(
        cause.is_body() || cause.is_decode(),
        "half a picture: {cause:?}"
    );

    picture_at_last(&cluster.url(), EASY);
    let told = balancer.inspect();
    assert_eq!(
        told["RestartCount"], 1,
        "the engine's policy brought it back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_frontend_breaks_the_picture_off_and_is_told_as_such() {
    let cluster = Cluster::up("balancer", 2, &[]);
    let frontend = cluster.container("frontend");
    let mut render = Render::begin(&cluster.url(), VIEW);
    render.under_way().await;
    docker(&["kill", &frontend.0]);
    let killed = Instant::now();
    let cause = render.end().await.unwrap_err();
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "the client is left waiting"
    );
    assert!(
        cause.is_body() || cause.is_decode(),
        "half a picture: {cause:?}"
    );

    let answer = get(&format!("{}/render.png?{EASY}", cluster.url()))
        .await
        .unwrap();
    assert!(killed.elapsed() < Duration::from_secs(10));
    assert!(
        matches!(answer.status().as_u16(), 502 | 503),
        "{}",
        answer.status()
    );
    assert_eq!(answer.headers()["content-type"], "application/problem+json");

    // The workers no longer draw for whoever is gone.
    for worker in cluster.containers("worker") {
        let ready = format!("{}/readyz", worker.address(8080));
        eventually("an idle worker", || {
            text(&ready).filter(|told| told.contains(r#""in_flight":0"#))
        });
    }
    docker(&["start", &frontend.0]);
    picture_at_last(&cluster.url(), EASY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_worker_comes_back_and_draws_again() {
    let cluster = Cluster::up("balancer", 1, &[]);
    let worker = cluster.container("worker");
    worker.crash();
    eventually("a restarted worker", || {
        (worker.inspect()["RestartCount"] == 1).then_some(())
    });
    picture_at_last(&cluster.url(), EASY);
}
