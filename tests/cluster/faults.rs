//! What does a picture survive? Workers that die, freeze or vanish, and browsers that leave.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::Signal;
use tokio::task::JoinHandle;

use crate::harness::{Cluster, render_id, until};

/// Seconds of work for one core: most of it interior that no shortcut finds at once.
const HARD: &str = "re=-0.7453&im=0.1127&zoom=300&width=900&height=700&samples=3&iterations=20000";

/// Starts a render through the cluster's own address.
fn rendering(cluster: &Cluster, id: &str) -> JoinHandle<Bytes> {
    let url = format!("{}/render.png?{HARD}&progress={id}", cluster.site.url);
    let client = cluster.client.clone();
    tokio::spawn(async move {
        let answer = client.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a whole picture")
    })
}

async fn until_half_drawn(cluster: &Cluster, id: &str) {
    until("some pieces are drawn", async || {
        let report = cluster.report(id).await;
        let (done, all) = (report["rows_done"].as_u64(), report["rows"].as_u64());
        report["pieces"].as_u64() >= Some(2) && done < all
    })
    .await;
}

/// Renders undisturbed and then with `fault` in the middle; both pictures must be the same.
async fn survives(fault: impl FnOnce(&mut Cluster)) {
    let mut cluster = Cluster::start(3).await;
    let undisturbed = rendering(&cluster, &render_id()).await.unwrap();
    let id = render_id();
    let disturbed = rendering(&cluster, &id);
    until_half_drawn(&cluster, &id).await;
    fault(&mut cluster);
    let disturbed = disturbed.await.unwrap();
    assert!(disturbed == undisturbed, "the pictures differ");
}

#[tokio::test]
async fn a_killed_worker_loses_no_tile() {
    survives(|cluster| {
        cluster.workers[1].signal(Signal::KILL);
    })
    .await;
}

#[tokio::test]
async fn a_frozen_worker_loses_no_tile() {
    survives(|cluster| {
        cluster.workers[1].signal(Signal::STOP);
    })
    .await;
}

#[tokio::test]
async fn without_workers_there_is_a_clear_error_and_no_waiting_for_ever() {
    let cluster = Cluster::start(2).await;
    for worker in &cluster.workers {
        worker.signal(Signal::KILL);
    }
    let answer = cluster.get("/render.png?width=64&height=64").await;
    assert!(
        matches!(answer.status().as_u16(), 502..=504),
        "{}",
        answer.status()
    );
    assert_eq!(answer.headers()["content-type"], "application/problem+json");

    let page = cluster
        .client
        .get(format!("{}/render.png?width=64", cluster.site.url));
    let page = page.header("accept", "text/html").send().await.unwrap();
    assert!(
        matches!(page.status().as_u16(), 502..=504),
        "{}",
        page.status()
    );
    assert!(
        page.text().await.unwrap().contains("worker"),
        "the page says what is missing"
    );
}

#[tokio::test]
async fn workers_that_die_in_mid_picture_leave_no_picture_that_looks_whole() {
    let cluster = Cluster::start(1).await;
    let id = render_id();
    let url = format!("{}/render.png?{HARD}&progress={id}", cluster.site.url);
    let mut answer = cluster.client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    until_half_drawn(&cluster, &id).await;
    cluster.workers[0].signal(Signal::KILL);
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "the answer must not end as a whole one does");
}

#[tokio::test]
async fn a_browser_that_leaves_leaves_idle_workers() {
    let cluster = Cluster::start(2).await;
    let id = render_id();
    let picture = rendering(&cluster, &id);
    until("the workers draw", async || cluster.in_flight().await > 0).await;
    picture.abort();
    let left = Instant::now();
    until("the workers are idle", async || {
        cluster.in_flight().await == 0
    })
    .await;
    // What it takes is printed; the bound is for machines that are busy with other things.
    println!("idle {:?} after the browser left", left.elapsed());
    assert!(
        left.elapsed() < Duration::from_secs(2),
        "{:?}",
        left.elapsed()
    );
    until("no piece waits in the balancer", async || {
        cluster.pool().await["queue"] == 0
    })
    .await;
}

#[tokio::test]
async fn a_terminated_cluster_finishes_its_picture_and_exits_with_0() {
    use crate::harness::Process;
    let mut up = Process::up(2, 1);
    let client = reqwest::Client::new();
    let mut answer = client
        .get(format!("{}/render.png?{HARD}", up.url))
        .send()
        .await
        .unwrap();
    let first = answer.chunk().await.unwrap().expect("a first chunk");
    up.signal(Signal::TERM);
    let mut png = first.to_vec();
    while let Some(chunk) = answer.chunk().await.expect("the picture arrives whole") {
        png.extend_from_slice(&chunk);
    }
    assert!(image::load_from_memory(&png).is_ok());
    assert_eq!(up.wait().code(), Some(0));
}

#[tokio::test]
async fn a_large_picture_does_not_grow_the_frontend() {
    let cluster = Cluster::start(2).await;
    let side = |side: u32| format!("/render.png?width={side}&height={side}&iterations=200");
    let discard = async |path: String| {
        let mut answer = cluster.get(&path).await;
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await.expect("a whole picture") {
            bytes += chunk.len();
        }
        bytes
    };
    discard(side(2048)).await;
    let small = cluster.frontend.peak_memory();
    let bytes = discard(side(8192)).await;
    let large = cluster.frontend.peak_memory();
    println!("frontend: {small} bytes at 2048², {large} at 8192² ({bytes} bytes of PNG)");
    // Sixteen times the pixels (200 MB of them); what may differ is how full the window happens to be.
    assert!(large < small + (32 << 20), "{small} grew to {large}");
}
