//! How long does the same skewed poster take through our balancer, nginx and HAProxy? Three clusters stand side by side,
//! four workers of half a core each, and draw in turn; those that do not draw are paused.
//!
//!     cargo bench --package container-tests        after `docker compose build`
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says where by panicking"
)]

use std::time::Instant;

use container_tests::client::{Render, picture_at_last, workers};
use container_tests::cluster::Cluster;

/// Elephants: bands along the set cost nine times those outside.
const POSTER: &str =
    "re=0.2925755&im=-0.0149977&zoom=900&width=2560&height=1440&samples=8&iterations=20000";
const ROUNDS: usize = 7;

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let profiles = ["balancer", "nginx", "haproxy"];
    let clusters = profiles.map(|profile| Cluster::up(profile, 4, &[("WORKER_CPUS", "0.5")]));
    for cluster in &clusters {
        cluster.compose(&["pause"]);
    }
    let mut times = [const { Vec::new() }; 3];
    let mut retries = [0; 3];
    // The first round finds out how many workers there are, and is not counted.
    for round in 0..=ROUNDS {
        for i in (0..3).map(|turn| (round + turn) % 3) {
            let cluster = &clusters[i];
            cluster.compose(&["unpause"]);
            // What was paused takes a moment to find its servers well.
            picture_at_last(&cluster.url(), "width=64&height=64");
            let began = Instant::now();
            let mut render = Render::begin(&cluster.url(), POSTER);
            render.end().await.unwrap();
            let taken = began.elapsed().as_secs_f64();
            let report = render.report().await;
            cluster.compose(&["pause"]);
            assert_eq!(workers(&report).len(), 4, "{report}");
            if round > 0 {
                times[i].push(taken);
                retries[i] += report["retries"].as_u64().unwrap();
            }
        }
    }
    for cluster in &clusters {
        cluster.compose(&["unpause"]);
    }
    println!(
        "| balancer | median, s | fastest, s | slowest, s | pieces asked for again |\n|---|---|---|---|---|"
    );
    for ((profile, times), retries) in profiles.iter().zip(&mut times).zip(retries) {
        times.sort_by(f64::total_cmp);
        let (fastest, median, slowest) = (times[0], times[ROUNDS / 2], times[ROUNDS - 1]);
        println!("| {profile} | {median:.2} | {fastest:.2} | {slowest:.2} | {retries} |");
    }
}
