//! Which views are refused, what does a survey tell of the others, and where is all of it described?

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::{decoded, start};

#[tokio::test]
async fn what_a_form_cannot_give_is_refused_by_field() {
    let worker = start().await;
    for (query, field) in [
        ("format=band&x=1&w=5", "x"),
        ("format=band&w=5", "w"),
        ("format=band&height=400&y=1", "y"),
        ("format=band&height=400&h=5", "h"),
        ("format=npy&samples=2", "samples"),
        ("format=png&field=iterations", "field"),
        ("zoom=1e25001", "zoom"),
        ("zoom=1e999999999", "zoom"),
        ("zoom=1e4000&iterations=1000000000", "iterations"),
        ("formula=julia&seed_re=2&seed_im=2", "seed_re"),
        ("formula=tricorn&subdivision=interior", "subdivision"),
        ("zoom=1e30&reference_re=-0.49", "reference_re"),
        ("zoom=1e30&reference_im=1e-28", "reference_im"),
    ] {
        let answer = worker.get(&format!("/v1/tile?width=90&{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn the_longest_distribution_is_drawn_and_a_longer_one_refused() {
    let worker = start().await;
    for (count, status) in [
        (protocol::TileRequest::MOST_QUANTILES, StatusCode::OK),
        (
            protocol::TileRequest::MOST_QUANTILES + 1,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let quantiles: Vec<String> = (1..=count).map(|count| count.to_string()).collect();
        let query = format!("colouring=histogram&distribution={}", quantiles.join(","));
        let answer = worker
            .get(&format!("/v1/tile?width=9&height=9&{query}"))
            .await;
        assert_eq!(answer.status(), status, "{count} quantiles");
    }
}

#[tokio::test]
async fn a_survey_resolves_auto_and_measures_the_distribution() {
    let worker = start().await;
    let survey: Value = worker
        .get("/v1/survey?colouring=histogram")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(survey["tier"], "direct");
    assert_eq!(survey["capacity"], 1);
    assert!(survey["iterations"].as_u64().unwrap() >= 100);
    let quantiles = survey["distribution"].as_array().unwrap();
    assert!(quantiles.len() > 100);
    let plain: Value = worker.get("/v1/survey").await.json().await.unwrap();
    assert!(plain.get("distribution").is_none());
    // A view that is all interior has no counts to be distributed.
    let inside = worker
        .get("/v1/tile?re=0&im=0&zoom=100&width=40&height=40&colouring=histogram")
        .await;
    assert_eq!(inside.status(), StatusCode::OK);
    assert!(
        decoded(&inside.bytes().await.unwrap())
            .pixels()
            .all(|p| p.0 == [0, 0, 0])
    );
}

#[tokio::test]
async fn the_description_and_its_page_come_from_the_binary() {
    let worker = start().await;
    let document: Value = worker.get("/openapi.json").await.json().await.unwrap();
    assert!(document["paths"]["/v1/tile"]["post"].is_object());
    let page = worker.get("/docs/").await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing comes from elsewhere"
    );
    assert_eq!(
        worker.get("/docs/swagger-ui-bundle.js").await.status(),
        StatusCode::OK
    );
    assert_eq!(worker.get("/livez").await.status(), StatusCode::OK);
}
