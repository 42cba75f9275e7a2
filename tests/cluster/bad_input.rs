//! What does nonsense get? A problem that names the field, from every API, and never a fall.

use reqwest::Response;
use serde_json::Value;

use crate::harness::{Cluster, json};

const GARBAGE: [&str; 12] = [
    "",
    "garbage",
    "NaN",
    "inf",
    "-inf",
    "1e999999999",
    "1e-999999999",
    "99999999999999999999999",
    "-1e400",
    "%00",
    "%F0%9F%A6%80",
    "0x10",
];

async fn refusal(answer: Response, field: &str, status: std::ops::RangeInclusive<u16>) {
    let context = format!("{field} at {}", answer.url());
    assert!(
        status.contains(&answer.status().as_u16()),
        "{context}: {}",
        answer.status()
    );
    assert_eq!(
        answer.headers()["content-type"],
        "application/problem+json",
        "{context}"
    );
    let problem: Value = json(answer).await;
    let errors = problem["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("{context}: {problem}"));
    let named = errors.iter().any(|error| {
        error["field"] == field
            && error["accepted"]
                .as_str()
                .is_some_and(|accepted| !accepted.is_empty())
    });
    assert!(named, "{context}: {problem}");
}

#[tokio::test]
async fn every_field_refuses_garbage_at_the_site_and_at_the_worker() {
    let cluster = Cluster::start(1).await;
    let worker = &cluster.workers[0].url;
    for field in protocol::View::FIELDS {
        for garbage in GARBAGE {
            // A large zoom is one that is too deep, and next to nothing is a fine offset.
            let fine = match field {
                "zoom" => garbage.starts_with("9999"),
                "rotation" | "offset" => garbage.starts_with("1e-"),
                _ => false,
            };
            if fine {
                continue;
            }
            let site = cluster.get(&format!("/render.png?{field}={garbage}")).await;
            refusal(site, field, 400..=422).await;
            for path in ["v1/tile", "v1/survey"] {
                let url = format!("{worker}/{path}?{field}={garbage}");
                refusal(
                    cluster.client.get(url).send().await.unwrap(),
                    field,
                    400..=422,
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn unknown_fields_and_wrong_json_are_refused() {
    let cluster = Cluster::start(1).await;
    refusal(
        cluster.get("/render.png?colour=red").await,
        "colour",
        400..=400,
    )
    .await;
    let tile = format!("{}/v1/tile", cluster.workers[0].url);
    for (body, field) in [
        (r#"{"colour": "red"}"#, "colour"),
        (r#"{"re": null}"#, "re"),
        (r#"{"re": [[1]]}"#, "re"),
        (r#"{"width": 1e3}"#, "width"),
        ("[]", "body"),
        ("{", "body"),
        ("", "body"),
    ] {
        let answer = cluster.client.post(&tile).body(body).send().await.unwrap();
        refusal(answer, field, 400..=400).await;
    }
}

#[tokio::test]
async fn huge_bodies_and_huge_sizes_cost_nothing() {
    let cluster = Cluster::start(1).await;
    let worker = &cluster.workers[0];
    let before = worker.peak_memory();
    let tile = format!("{}/v1/tile", worker.url);
    let body = format!("{{\"re\": \"{}\"}}", "1".repeat(10_000_000));
    let answer = cluster.client.post(&tile).body(body).send().await;
    // The worker may close the connection under a body that it does not want.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 413);
    }
    let digits = "1".repeat(50_000);
    let answer = cluster
        .client
        .get(format!("{tile}?re=0.{digits}"))
        .send()
        .await
        .unwrap();
    refusal(answer, "re", 422..=422).await;
    let answer = cluster
        .client
        .get(format!("{tile}?width=65536&height=65536"))
        .send()
        .await
        .unwrap();
    refusal(answer, "w", 422..=422).await;
    let answer = cluster.get("/render.png?width=65537").await;
    refusal(answer, "width", 422..=422).await;
    let grown = worker.peak_memory() - before;
    assert!(
        grown < 16 << 20,
        "{grown} bytes for requests that were refused"
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let cluster = Cluster::start(1).await;
    for url in [
        format!("{}/nowhere", cluster.site.url),
        format!("{}/nowhere", cluster.workers[0].url),
    ] {
        let answer = cluster.client.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{url}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{url}"
        );
    }
    let answer = cluster
        .client
        .delete(format!("{}/v1/tile", cluster.workers[0].url))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
}
