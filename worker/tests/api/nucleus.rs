//! Where is the minibrot of a view?

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{queued, start};

#[tokio::test]
async fn the_nucleus_of_a_view_has_its_period_its_digits_and_the_zoom_that_shows_it() {
    let worker = start().await;
    let got = worker.get("/v1/nucleus?re=-1.76&im=0.01&zoom=20").await;
    assert_eq!(got.status(), StatusCode::OK);
    assert_eq!(got.headers()["x-worker"], "painter");
    let got: protocol::Nucleus = got.json().await.unwrap();
    assert_eq!(got.period, 3);
    assert!(got.re.starts_with("-1.7548776662466927600"), "{got:?}");
    assert_eq!(got.im, "0");
    assert!(got.size.starts_with("0.01903"), "{got:?}");
    assert_eq!(got.orientation, 0.0);
    assert_eq!(got.shape.as_deref(), Some("cardioid"));
    // What it says is a view that shows it, of which it says the same.
    let view = json!({ "re": got.re, "im": got.im, "zoom": got.zoom });
    let posted = worker.client.post(format!("{}/v1/nucleus", worker.url));
    let posted = posted.json(&view).send().await.unwrap();
    let posted: protocol::Nucleus = posted.json().await.unwrap();
    assert_eq!((posted.period, posted.size), (got.period, got.size));
}

#[tokio::test]
async fn a_view_without_a_nucleus_is_told_so_and_one_of_another_formula_refused() {
    let worker = start().await;
    let inside = "/v1/nucleus?re=0.1&im=0.1&zoom=1000&iterations=500";
    let none = worker.get(inside).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    assert_eq!(none.headers()["content-type"], "application/problem+json");
    let none: Value = none.json().await.unwrap();
    assert_eq!(none["iterations"], 500, "{none}");
    for (query, field) in [("formula=tricorn", "formula"), ("zoom=1e25001", "zoom")] {
        let refused = worker.get(&format!("/v1/nucleus?{query}")).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn the_search_for_a_nucleus_takes_a_place_and_stops_when_the_requester_leaves() {
    let worker = start().await;
    let endless = "/v1/nucleus?re=0.1&im=0.1&zoom=1000&iterations=1000000000";
    let ask = || tokio::spawn(worker.client.get(format!("{}{endless}", worker.url)).send());
    let searching = ask();
    worker.until_in_flight(1).await;
    let (waiting, refused) = queued(ask).await;
    assert!(refused.headers().contains_key("retry-after"));
    searching.abort();
    waiting.abort();
    worker.until_in_flight(0).await;
}
