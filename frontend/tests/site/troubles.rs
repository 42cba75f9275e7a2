//! What goes wrong, and what becomes of it.

use std::time::Duration;

use futures::StreamExt;
use protocol::View;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Answer, Site, Workers, until};

const SQUARE: &str = "width=256&height=256";

async fn png_from(
    rule: impl Fn(&protocol::TileRequest, usize) -> Answer + Send + Sync + 'static,
) -> (Vec<u8>, usize) {
    let site = Site::start(Workers::that(rule).await).await;
    let png = site.png(SQUARE).await;
    (png, site.workers.asked())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_fails_is_asked_for_again_and_the_picture_is_the_same() {
    let (undisturbed, pieces) = png_from(|_, _| Answer::Band).await;
    for trouble in [Answer::Busy, Answer::Broken, Answer::Damaged] {
        let (png, asked) =
            png_from(move |_, earlier| if earlier < 2 { trouble } else { Answer::Band }).await;
        assert_eq!(asked, pieces + 2, "{trouble:?}");
        assert!(png == undisturbed, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_piece_is_asked_for_a_second_time() {
    let rule = |request: &protocol::TileRequest, earlier: usize| {
        // The first request for the top never comes back; its double does.
        if request.rect.y == 0 && earlier == 0 {
            Answer::Frozen
        } else {
            Answer::Band
        }
    };
    let workers = Workers::that(rule).await;
    let site = Site::with(workers, |settings| {
        settings.straggler_after = Duration::from_millis(50)
    })
    .await;
    let png = site.png(SQUARE).await;
    let (undisturbed, _) = png_from(|_, _| Answer::Band).await;
    assert!(png == undisturbed);
    until("the frozen request is dropped", async || {
        site.workers.in_flight() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_refuses_the_view_is_passed_on_word_for_word() {
    let site = Site::start(Workers::start().await).await;
    let problem = serde_json::json!({ "title": "too deep", "status": 422, "detail": "zoom up to 1e13", "limit": "1e13" });
    site.workers.survey_with(422, problem.clone());
    let response = site.get("/render.png?zoom=1e50").await;
    assert_eq!(response.status(), 422);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.json::<serde_json::Value>().await.unwrap(), problem);
    assert_eq!(site.workers.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_fails_on_the_way_never_looks_complete() {
    let rule = |request: &protocol::TileRequest, _: usize| {
        if request.rect.y > 100 {
            Answer::Refused
        } else {
            Answer::Band
        }
    };
    let site = Site::start(Workers::that(rule).await).await;
    let response = site.get(&format!("/render.png?{SQUARE}")).await;
    assert_eq!(response.status(), 200);
    let parts: Vec<_> = response.bytes_stream().collect().await;
    assert!(
        parts.last().unwrap().is_err(),
        "the connection is broken off"
    );
    let got: Vec<u8> = parts.into_iter().flatten().flatten().collect();
    assert!(got.starts_with(b"\x89PNG"));
    assert!(!got.windows(4).any(|four| four == b"IEND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_client_leaves_no_worker_goes_on() {
    let site = Site::start(Workers::that(|_, _| Answer::Frozen).await).await;
    let response = site.get("/render.png?width=1024&height=1024").await;
    until("all slots are busy", async || {
        site.workers.in_flight() == 10
    })
    .await;
    drop(response);
    until("nothing is in flight", async || {
        site.workers.in_flight() == 0
    })
    .await;
    assert_eq!(site.workers.asked(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_does_not_hold_its_place_for_ever() {
    let settings = |settings: &mut frontend::Settings| settings.stall = Duration::from_millis(50);
    let workers = Workers::that(|_, _| Answer::Bulky).await;
    let site = Site::with(workers, settings).await;
    // 50 MB for a window that never grows: more than the buffers on the way can hold.
    let mut client = site.narrow().await;
    let request =
        "GET /render.png?width=4096&height=4096 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    until("its place is free", async || {
        let ready: serde_json::Value = site.get("/readyz").await.json().await.unwrap();
        ready["in_flight"] == 0
    })
    .await;
    let mut got = Vec::new();
    // Whether this ends in an error is the kernel's affair; what matters is what is missing.
    let _ = client.read_to_end(&mut got).await;
    assert!(!got.windows(4).any(|four| four == b"IEND"));
    assert!(!got.ends_with(b"0\r\n\r\n"), "the last chunk is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_workers_there_is_a_clear_error_soon() {
    let site = Site::start(Workers::start().await).await;
    site.workers
        .survey_with(503, serde_json::json!({ "title": "no server is up" }));
    let response = site.get("/render.png").await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let problem: serde_json::Value = response.json().await.unwrap();
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("no worker is up"),
        "{problem}"
    );
    let (status, page) = site.visit("/render.png").await;
    assert_eq!(status, 503);
    assert!(page.contains("No worker is up"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_listens_is_a_bad_gateway() {
    let site = Site::with(Workers::start().await, |settings| {
        settings.tiles = "http://127.0.0.1:1".to_owned();
        settings.patience = Duration::from_millis(200);
    });
    let response = site.await.get("/render.png").await;
    assert_eq!(response.status(), 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_a_picture_that_does_not_come() {
    let workers = Workers::that(|_, _| Answer::Frozen).await;
    let site = Site::with(workers, |settings| {
        settings.deadline = Duration::from_millis(300)
    })
    .await;
    let response = site.get(&format!("/render.png?{SQUARE}")).await;
    assert!(response.bytes().await.is_err());
    until("nothing is in flight", async || {
        site.workers.in_flight() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_renders_are_refused_and_told_when_to_come_back() {
    let workers = Workers::that(|_, _| Answer::Frozen).await;
    let site = Site::with(workers, |settings| settings.renders = 1).await;
    let first = site.get("/render.png").await;
    let second = site.get("/render.png").await;
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
    let ready: serde_json::Value = site.get("/readyz").await.json().await.unwrap();
    assert_eq!(
        (&ready["capacity"], &ready["in_flight"]),
        (&1.into(), &1.into())
    );
    drop(first);
    until("the first has made place", async || {
        site.get("/render.png").await.status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_is_no_field_is_named_with_what_is_accepted() {
    let site = Site::start(Workers::start().await).await;
    let garbage = [
        "",
        "garbage",
        "NaN",
        "inf",
        "-inf",
        "1e99999999999",
        "-",
        "%00",
        "%F0%9F%A6%80",
        "99999999999999999999x",
    ];
    for field in View::FIELDS {
        for value in garbage {
            for path in ["/render.png", "/render"] {
                let response = site.get(&format!("{path}?{field}={value}")).await;
                assert!(
                    matches!(response.status().as_u16(), 400 | 422),
                    "{path} {field}={value}"
                );
                assert_eq!(
                    response.headers()["content-type"],
                    "application/problem+json"
                );
                let problem: serde_json::Value = response.json().await.unwrap();
                assert_eq!(problem["errors"][0]["field"], field, "{problem}");
                assert!(problem["errors"][0]["accepted"].is_string());
            }
        }
    }
    let huge = site.get("/render.png?width=65536&height=99999999").await;
    assert_eq!(huge.status(), 422);
    let stray = site.get("/render.png?colour=red").await;
    assert_eq!(stray.status(), 400);
    assert_eq!(site.workers.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_longer_than_any_view_is_refused() {
    let site = Site::start(Workers::start().await).await;
    let body = format!("{{\"re\":\"{}\"}}", "1".repeat(10 << 20));
    let answer = site
        .client
        .post(site.url("/render.png"))
        .body(body)
        .send()
        .await;
    // The frontend may have hung up before the last of ten megabytes was sent.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}
