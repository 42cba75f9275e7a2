//! What happens when the number of workers changes? The picture does not: it arrives, and is the same.

use std::time::{Duration, Instant};

use container_tests::client::{Render, SHORT, picture, text, workers};
use container_tests::cluster::Cluster;
use container_tests::engine::{Container, Deaths, docker, image};
use container_tests::{PATIENCE, eventually};
use tokio::task::JoinSet;

/// A view that takes one core about half a minute.
const LONG: &str =
    "re=-0.7436447860&im=0.1318252536&zoom=18000&width=1920&height=1080&samples=7&iterations=4000";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_picture_comes_within_ten_seconds_and_names_three_workers() {
    let began = Instant::now();
    let cluster = Cluster::up("balancer", 3, &[]);
    let first = picture(&cluster.url(), "").await;
    let taken = began.elapsed();
    assert_eq!(::image::load_from_memory(&first).unwrap().width(), 1280);
    assert!(taken < Duration::from_secs(10), "{taken:?}");

    let mut render = Render::begin(&cluster.url(), SHORT);
    render.end().await.unwrap();
    let page = render.page().await;
    for worker in cluster.containers("worker") {
        let name = worker.hostname();
        assert!(page.contains(&name), "{name} is not on the page:\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_come_and_go_in_mid_picture_and_nothing_is_lost() {
    let cluster = Cluster::up("balancer", 3, &[("WORKER_CPUS", "0.6")]);
    let deaths = Deaths::of(cluster.label());
    let mut render = Render::begin(&cluster.url(), LONG);
    render.under_way().await;

    cluster.scale(1);
    assert_eq!(
        deaths.so_far(),
        ["0", "0"],
        "two workers end by themselves, with nothing cut off"
    );
    let old = cluster.containers("worker");
    assert_eq!(old.len(), 1);
    assert!(!render.is_over(), "the view is too easy for this test");

    cluster.scale(4);
    let mut new = cluster.containers("worker");
    new.retain(|worker| !old.contains(worker));
    assert_eq!(new.len(), 3);
    let mut waits = JoinSet::new();
    for worker in new.clone() {
        waits.spawn_blocking(move || waits_for_work_once_healthy(&worker));
    }
    // A shared machine may hold one of them up; not all.
    let soonest = waits.join_all().await.into_iter().min().unwrap();
    assert!(
        soonest < Duration::from_secs(3),
        "no new worker has work after {soonest:?}"
    );

    let drawn = render.end().await.unwrap();
    let report = render.report().await;
    assert_eq!(report["retries"], 0, "{report}");
    assert_eq!(report["doubles"], 0, "{report}");
    let drawing = workers(&report);
    for worker in new {
        let name = format!("{}:8080", worker.hostname());
        assert!(drawing.contains(&name), "{name} drew nothing: {report}");
    }
    assert_eq!(deaths.so_far().len(), 2);
    assert!(
        drawn == drawn_by_one_worker(LONG),
        "the picture is another one"
    );
}

/// How long a worker that the engine calls healthy has nothing to draw.
fn waits_for_work_once_healthy(worker: &Container) -> Duration {
    eventually("a healthy worker", || worker.is_healthy().then_some(()));
    let (healthy, url) = (Instant::now(), format!("{}/readyz", worker.address(8080)));
    eventually("a worker that draws", || {
        let ready: serde_json::Value = serde_json::from_str(&text(&url)?).ok()?;
        (ready["in_flight"].as_u64()? > 0).then_some(())
    });
    healthy.elapsed()
}

/// The same picture by a cluster of one container.
fn drawn_by_one_worker(view: &str) -> Vec<u8> {
    let flags = view.split(['&', '=']).enumerate();
    let flags = flags.map(|(i, word)| {
        if i % 2 == 0 {
            format!("--{word}")
        } else {
            word.to_owned()
        }
    });
    let flags: Vec<String> = flags.collect();
    let name = image();
    let mut command = std::process::Command::new("docker");
    command.args([
        "run",
        "--rm",
        "--read-only",
        "--cap-drop",
        "ALL",
        &name,
        "render",
        "--workers",
        "1",
        "-o",
        "-",
    ]);
    let output = command.args(flags).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_as_many_threads_as_its_quota_has_cores() {
    for (cpus, capacity) in [("0.5", 2), ("1", 2), ("2", 3)] {
        let worker = Container::start(&[
            "--cpus",
            cpus,
            &image(),
            "worker",
            "--listen",
            "0.0.0.0:8080",
        ]);
        let url = format!("{}/readyz", worker.address(8080));
        let began = Instant::now();
        let ready: serde_json::Value = loop {
            if let Ok(answer) = container_tests::client::get(&url).await {
                break answer.json().await.unwrap();
            }
            assert!(began.elapsed() < PATIENCE);
        };
        docker(&["kill", &worker.0]);
        assert_eq!(
            ready["capacity"], capacity,
            "one more than threads, with {cpus} CPUs"
        );
    }
}
