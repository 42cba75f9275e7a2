//! Who is let in, who waits, and what stops when nobody wants it any more?

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::{ENDLESS, decoded, queued, start};

#[tokio::test]
async fn a_new_worker_counts_every_outcome_from_nought_and_says_what_it_draws_with() {
    let worker = start().await;
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    for outcome in ["drawn", "not_modified", "refused", "abandoned", "failed"] {
        let line = format!("tilebrot_tiles_total{{outcome=\"{outcome}\"}} 0\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    let backend = format!("{:?}", fractal::Backend::detect()).to_lowercase();
    let info = format!("tilebrot_worker_info{{backend=\"{backend}\",threads=\"1\"}} 1\n");
    assert!(metrics.contains(&info), "{info} in {metrics}");
}

#[tokio::test]
async fn past_its_queue_a_worker_says_busy_at_once_and_when_to_come_back() {
    let worker = start().await;
    let ask = || tokio::spawn(worker.client.get(format!("{}{ENDLESS}", worker.url)).send());
    let drawing = ask();
    worker.until_in_flight(1).await;
    let (waiting, refused) = queued(ask).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.json::<Value>().await.unwrap()["capacity"], 1);
    drawing.abort();
    waiting.abort();
    worker.until_in_flight(0).await;
    assert_eq!(
        worker.get("/v1/tile?width=9&height=9").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_work_stops_when_the_requester_leaves() {
    let worker = start().await;
    let drawing = tokio::spawn(worker.client.get(format!("{}{ENDLESS}", worker.url)).send());
    worker.until_in_flight(1).await;
    drawing.abort();
    worker.until_in_flight(0).await;
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("tilebrot_tiles_total{outcome=\"abandoned\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_worker_that_stops_finishes_the_tile_in_flight_and_the_one_in_its_queue() {
    let mut worker = start().await;
    let tile =
        "/v1/tile?re=-0.7453&im=0.1127&zoom=300&width=400&height=400&samples=2&iterations=20000";
    let ask = || tokio::spawn(worker.client.get(format!("{}{tile}", worker.url)).send());
    let drawing = ask();
    worker.until_in_flight(1).await;
    let (waiting, _) = queued(ask).await;
    worker.stop.cancel();
    for asked in [drawing, waiting] {
        // Where it is a process, all else ends with it.
        assert!(!worker.running.is_finished());
        let answer = asked.await.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        decoded(&answer.bytes().await.unwrap());
    }
    (&mut worker.running).await.unwrap().unwrap();
}
