//! Is a second worker worth its core? Two draw a hard view almost twice as fast as one.

use std::time::Instant;

use container_tests::client::picture;
use container_tests::cluster::Cluster;

/// Every pixel is as hard as the others, and none is inside.
const HARD: &str =
    "re=-0.7436447860&im=0.1318252536&zoom=18000&width=1920&height=1080&samples=4&iterations=4000";

const SPEED_UP: f64 = 1.9;
const LEAST_ROUNDS: usize = 2;
const MOST_ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_of_a_core_each_draw_almost_twice_as_fast_as_one() {
    let cluster = Cluster::up("balancer", 1, &[]);
    // In turn, and the best of each: whatever else the machine does only adds to a time.
    let (mut one, mut two) = (f64::INFINITY, f64::INFINITY);
    for round in 1.. {
        cluster.scale(1);
        one = one.min(seconds(&cluster).await);
        cluster.scale(2);
        two = two.min(seconds(&cluster).await);
        println!(
            "one worker {one:.2} s, two {two:.2} s: {:.3} times as fast",
            one / two
        );
        if round >= LEAST_ROUNDS && one / two >= SPEED_UP {
            return;
        }
        assert!(round < MOST_ROUNDS, "{:.3} times as fast", one / two);
    }
}

/// The time of a picture, once all workers that run are known to the balancer.
async fn seconds(cluster: &Cluster) -> f64 {
    let balancer = format!("{}/stats", cluster.container("balancer").address(8082));
    let workers = cluster.containers("worker").len();
    container_tests::eventually("the balancer knows its workers", || {
        let stats = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                container_tests::client::get(&balancer)
                    .await
                    .ok()?
                    .json::<serde_json::Value>()
                    .await
                    .ok()
            })
        })?;
        let servers = stats["pools"]
            .as_array()?
            .iter()
            .find(|pool| pool["name"] == "tiles")?["servers"]
            .as_array()?;
        (servers.len() == workers && servers.iter().all(|server| server["state"] == "up"))
            .then_some(())
    });
    let began = Instant::now();
    picture(&cluster.url(), HARD).await;
    began.elapsed().as_secs_f64()
}
