//! What do visitors see of the cluster at work?

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Cluster, Process, get, json, until};

fn states(picture: &Value) -> Vec<String> {
    let servers = picture["pools"][0]["servers"].as_array();
    let servers = servers.into_iter().flatten();
    servers
        .filter_map(|server| server["state"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn visitors_see_a_worker_that_dies_and_nobody_who_asks() {
    let cluster = Cluster::start(2).await;
    let picture = json(cluster.get("/cluster").await).await;
    assert_eq!(states(&picture), ["up", "up"], "{picture}");
    let pool = picture["pools"][0].as_object().unwrap();
    assert!(
        !pool.contains_key("waiting"),
        "who waits is nobody's business"
    );

    cluster.workers[0].signal(Signal::KILL);
    let mut events = cluster.get("/cluster/events").await;
    let (mut text, mut dead) = (String::new(), false);
    until("an event tells that a worker is down", async || {
        text.push_str(&String::from_utf8_lossy(
            &events.chunk().await.unwrap().unwrap(),
        ));
        while let Some((line, rest)) = text.split_once('\n') {
            let picture = line
                .strip_prefix("data:")
                .map(serde_json::from_str::<Value>);
            dead |=
                picture.is_some_and(|picture| states(&picture.unwrap()).contains(&"down".into()));
            text = rest.to_owned();
        }
        dead
    })
    .await;
}

#[tokio::test]
async fn a_frontend_that_knows_no_balancer_shows_none() {
    let frontend = Process::start(&[
        "frontend",
        "--listen",
        "127.0.0.1:0",
        "--tiles",
        "http://127.0.0.1:1",
    ]);
    let client = reqwest::Client::new();
    for path in ["/cluster", "/cluster/events"] {
        let answer = get(&client, &format!("{}{path}", frontend.url)).await;
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn a_balancer_that_does_not_answer_is_said_to_be_silent() {
    let nowhere = "http://127.0.0.1:1";
    let frontend = Process::start(&[
        "frontend",
        "--listen",
        "127.0.0.1:0",
        "--tiles",
        nowhere,
        "--balancer",
        nowhere,
    ]);
    let client = reqwest::Client::new();
    let answer = get(&client, &format!("{}/cluster", frontend.url)).await;
    assert_eq!(answer.status(), 502);
    let mut events = get(&client, &format!("{}/cluster/events", frontend.url)).await;
    let first = events.chunk().await.unwrap().unwrap();
    assert!(
        String::from_utf8_lossy(&first).contains("event: trouble"),
        "{first:?}"
    );
}
