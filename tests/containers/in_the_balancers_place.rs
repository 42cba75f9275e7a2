//! Do nginx and HAProxy fit where our balancer stands? The same pictures come through them, whatever the number of workers.

use container_tests::client::{Render, SHORT, get, workers};
use container_tests::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_picture_comes_through_every_balancer() {
    let mut pictures = Vec::new();
    for profile in ["balancer", "nginx", "haproxy"] {
        let cluster = Cluster::up(profile, 4, &[("WORKER_CPUS", "0.5")]);
        let mut render = Render::begin(&cluster.url(), SHORT);
        let drawn = render
            .end()
            .await
            .unwrap_or_else(|e| panic!("{profile}: {e}"));
        let names = workers(&render.report().await);
        assert_eq!(names.len(), 4, "{profile} leaves workers idle: {names:?}");
        pictures.push((profile, drawn));
    }
    let (_, ours) = &pictures[0];
    for (profile, drawn) in &pictures {
        assert!(drawn == ours, "{profile} brings another picture");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_balancer_follows_the_number_of_workers() {
    for profile in ["balancer", "nginx", "haproxy"] {
        let cluster = Cluster::up(profile, 1, &[("WORKER_CPUS", "0.5")]);
        let mut before = Render::begin(&cluster.url(), SHORT);
        before.end().await.unwrap();
        assert_eq!(workers(&before.report().await).len(), 1);
        cluster.scale(3);
        // Names are asked for again each second, and a new worker must be found healthy.
        let began = std::time::Instant::now();
        loop {
            let mut after = Render::begin(&cluster.url(), SHORT);
            after
                .end()
                .await
                .unwrap_or_else(|e| panic!("{profile}: {e}"));
            if workers(&after.report().await).len() == 3 {
                break;
            }
            assert!(
                began.elapsed().as_secs() < 30,
                "{profile} never found the new workers"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_frontend_every_balancer_says_so() {
    for profile in ["balancer", "nginx", "haproxy"] {
        let cluster = Cluster::up(profile, 1, &[]);
        cluster.compose(&["stop", "--timeout", "20", "frontend"]);
        let answer = get(&format!("{}/render.png", cluster.url())).await.unwrap();
        assert!(
            matches!(answer.status().as_u16(), 502..=504),
            "{profile}: {}",
            answer.status()
        );
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{profile}"
        );
    }
}
