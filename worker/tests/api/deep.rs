//! What do tiles of deep views share?

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Worker, decoded, npy, start, start_with_queue};

const DEEP: &str = "re=0.438201090809984714798836704183781579775093781331734\
    &im=0.250541573359688171678400414758224860053729045156654\
    &zoom=1.40057E28&width=120&height=90";

/// A deep place inside of the set, whose orbit goes on for minutes.
const ENDLESS_ORBIT: &str =
    "re=-0.1&im=0.1&zoom=1e30&iterations=40000000&quality=fast&width=20&height=20";

#[tokio::test]
async fn a_deep_tile_is_a_piece_of_the_whole_picture() {
    let worker = start().await;
    for view in [
        DEEP,
        // Past the exponents of f64.
        "re=-2&zoom=1e400&width=120&height=90&samples=2&quality=exact",
    ] {
        let answer = worker.get(&format!("/v1/tile?{view}")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let timing = answer.headers()["server-timing"].to_str().unwrap();
        assert!(timing.contains("orbit;dur="), "{timing}");
        let whole = decoded(&answer.bytes().await.unwrap());
        let first = whole.get_pixel(0, 0);
        assert!(whole.pixels().any(|pixel| pixel != first), "{view}");
        let piece = worker
            .get(&format!("/v1/tile?{view}&x=31&y=20&w=60&h=41"))
            .await;
        let piece = decoded(&piece.bytes().await.unwrap());
        let cut = image::imageops::crop_imm(&whole, 31, 20, 60, 41).to_image();
        assert!(piece == cut, "{view}");
    }
}

#[tokio::test]
async fn tiles_that_come_together_share_an_orbit_and_later_ones_find_it() {
    let worker = start_with_queue(8).await;
    let tile = format!("{}/v1/tile?{DEEP}", worker.url);
    let ask = |row: u32| worker.client.get(format!("{tile}&y={row}&h=10")).send();
    let answers = futures::future::join_all((0..8).map(|i| ask(10 * i))).await;
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 1);
    assert_eq!(worker.metric("tilebrot_orbits_reused_total").await, 7);
    assert!(worker.metric("tilebrot_orbits_bytes").await > 10_000);
    // So do a survey with a look and a preview, and a lower limit.
    let survey = worker
        .get(&format!("/v1/survey?{DEEP}&colouring=histogram"))
        .await;
    let survey: Value = survey.json().await.unwrap();
    assert_eq!(survey["tier"], "perturbation");
    let limit = survey["iterations"].as_u64().unwrap();
    let again = worker
        .get(&format!("/v1/tile?{DEEP}&iterations={limit}"))
        .await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 1);
    assert_eq!(worker.metric("tilebrot_orbits_reused_total").await, 9);
}

#[tokio::test]
async fn auto_is_the_same_limit_for_all_and_a_longer_orbit_draws_the_same_bytes() {
    let (looking, told) = (start().await, start().await);
    for view in [DEEP, "re=-0.75&im=0.1&zoom=40&width=120&height=90"] {
        let auto = looking.get(&format!("/v1/tile?{view}")).await;
        let limit = auto.headers()["x-iterations"].to_str().unwrap().to_owned();
        let survey: Value = told
            .get(&format!("/v1/survey?{view}"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(survey["iterations"].to_string(), limit);
        // A worker that was never asked for auto has an orbit that is just long enough.
        let fresh = start().await;
        let explicit = fresh
            .get(&format!("/v1/tile?{view}&iterations={limit}"))
            .await;
        assert!(auto.bytes().await.unwrap() == explicit.bytes().await.unwrap());
    }
}

#[tokio::test]
async fn a_histogram_s_preview_along_the_view_s_orbit_is_that_of_a_tile_of_its_size() {
    let worker = start().await;
    let view = DEEP.replace("width=120&height=90", "width=1200&height=900");
    let survey: Value = worker
        .get(&format!("/v1/survey?{view}&colouring=histogram"))
        .await
        .json()
        .await
        .unwrap();
    let limit = &survey["iterations"];
    let small = DEEP.replace("width=120&height=90", "width=240&height=180");
    let tile = worker
        .get(&format!("/v1/tile?{small}&iterations={limit}&format=npy"))
        .await;
    let tile = tile.bytes().await.unwrap();
    let mut counts: Vec<f32> = npy(&tile)
        .1
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .filter(|count| count.is_finite())
        .collect();
    counts.sort_by(f32::total_cmp);
    let quantiles = survey["distribution"].as_array().unwrap();
    let median = quantiles[quantiles.len() / 2].as_f64().unwrap();
    let expected = f64::from(counts[counts.len() / 2]);
    assert!((median - expected).abs() < 0.1, "{median} and {expected}");
}

#[tokio::test]
async fn who_waits_for_an_orbit_takes_nobody_s_place_and_an_orbit_that_nobody_waits_for_stops() {
    let worker = start().await;
    let url = format!("{}/v1/tile?{ENDLESS_ORBIT}", worker.url);
    let waiting = tokio::spawn(worker.client.get(&url).send());
    worker
        .until_under_way(|orbits| orbits.iter().any(|orbit| orbit["steps"].as_u64() > Some(0)))
        .await;
    let orbit = worker.under_way().await[0].clone();
    assert_eq!(orbit["limit"], 40_000_000);
    assert_eq!(orbit["waiting"], 1);
    assert!((0.0..0.9).contains(&orbit["progress"].as_f64().unwrap()));
    let ready: Value = worker.get("/readyz").await.json().await.unwrap();
    assert_eq!(
        (&ready["in_flight"], &ready["capacity"]),
        (&json!(0), &json!(2))
    );
    // The only place is free, but no other may wait for an orbit.
    let other = worker.get("/v1/tile?width=9&height=9").await;
    assert_eq!(other.status(), StatusCode::OK);
    let refused = worker.get(&format!("/v1/tile?{DEEP}")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["x-worker"], "painter");
    assert!(refused.headers().contains_key("retry-after"));

    waiting.abort();
    worker.until_under_way(<[Value]>::is_empty).await;
    while worker.metric("tilebrot_orbits_computing").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 0);
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("tilebrot_tiles_total{outcome=\"abandoned\"} 1"));
}

/// A survey in lines.
async fn surveyed_in_lines(worker: &Worker, view: &str) -> Response {
    let survey = worker
        .client
        .get(format!("{}/v1/survey?{view}", worker.url))
        .header("accept", "application/x-ndjson");
    survey.send().await.unwrap()
}

#[tokio::test]
async fn a_survey_in_lines_tells_how_far_the_orbit_is_before_it_is_there() {
    let worker = start().await;
    let mut answer = surveyed_in_lines(&worker, ENDLESS_ORBIT).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers()["x-worker"], "painter");
    let mut steps = 0;
    while steps == 0 {
        let line = answer.chunk().await.unwrap().unwrap();
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["orbit"]["limit"], 40_000_000);
        steps = line["orbit"]["steps"].as_u64().unwrap();
    }
    drop(answer);
    worker.until_under_way(<[Value]>::is_empty).await;

    for view in [DEEP, "zoom=2"] {
        let answer = surveyed_in_lines(&worker, view).await;
        let text = answer.text().await.unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert!(
            last["survey"]["iterations"].as_u64().unwrap() >= 1000,
            "{last}"
        );
    }
    let refused = surveyed_in_lines(&worker, "zoom=1e30000").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
