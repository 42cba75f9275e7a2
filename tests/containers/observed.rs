//! Does Prometheus find every container, and does every panel and rule get its data? Grafana, which only shows it, is in no
//! registry of packages and is not started.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use container_tests::client::{SHORT, get};
use container_tests::cluster::Cluster;
use container_tests::engine::{root, run};

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_and_rule_gets_data_while_pictures_are_drawn() {
    let cluster = Cluster::up("balancer", 2, &[]);
    cluster.compose(&["up", "--no-build", "--no-deps", "--detach", "prometheus"]);
    let prometheus = cluster.container("prometheus").address(9090);

    let over = Arc::new(AtomicBool::new(false));
    let (url, ends) = (
        format!("{}/render.png?{SHORT}", cluster.url()),
        over.clone(),
    );
    let visitors = tokio::spawn(async move {
        while !ends.load(Ordering::Relaxed) {
            let answer = get(&url).await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.bytes().await.unwrap();
        }
    });
    let checked = tokio::task::spawn_blocking(move || {
        let mut check = Command::new("python3");
        check
            .arg(root().join("tests/deploy/observe.py"))
            .args(["--prometheus", &prometheus]);
        run(&mut check)
    })
    .await;
    over.store(true, Ordering::Relaxed);
    visitors.await.unwrap();
    println!("{}", checked.unwrap());
}
