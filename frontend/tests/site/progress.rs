//! What is told of a render while it runs and after.

use futures::StreamExt;
use serde_json::Value;

use crate::harness::{Answer, Site, Workers, id_in, until};

const ID: &str = "0123456789abcdef0123456789abcdef";

/// Every report that a watcher is sent, to the end.
async fn reports(site: &Site, id: &str) -> Vec<Value> {
    let response = site.get(&format!("/renders/{id}/events")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_how_far_a_render_is_until_it_is_over() {
    let site = Site::start(Workers::start().await).await;
    let (_, page) = site.visit("/render?width=400&height=300").await;
    let id = id_in(&page);
    let query = format!("width=400&height=300&progress={id}");
    let (reports, _) = futures::join!(reports(&site, id), site.png(&query));
    let last = reports.last().unwrap();
    assert_eq!(last["state"], "finished");
    assert_eq!(
        (&last["rows"], &last["rows_done"]),
        (&300.into(), &300.into())
    );
    assert_eq!(last["pieces"], site.workers.asked());
    assert_eq!(last["iterations"], 777);
    assert!(last["elapsed_seconds"].as_f64().unwrap() > 0.0);
    let shares = last["workers"].as_array().unwrap();
    let drawn: u64 = shares
        .iter()
        .map(|share| share["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(drawn, 300, "every row has its worker");
    assert_eq!(shares[0]["worker"], "worker-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_may_choose_the_name_itself() {
    let site = Site::start(Workers::start().await).await;
    site.png(&format!("width=64&height=64&progress={ID}")).await;
    assert_eq!(site.report(ID).await["state"], "finished");
    let (status, page) = site.visit(&format!("/renders/{ID}")).await;
    assert_eq!(status, 200);
    for said in ["Finished", "<dd>1</dd>", "64 of 64", "worker-1", "777"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_fails_says_why() {
    let site = Site::start(Workers::start().await).await;
    site.workers
        .survey_with(422, serde_json::json!({ "detail": "the limit is 1e13" }));
    site.get(&format!("/render.png?progress={ID}")).await;
    let report = site.report(ID).await;
    assert_eq!(report["state"], "failed");
    assert_eq!(report["cause"], "the limit is 1e13");
    let (_, page) = site.visit(&format!("/renders/{ID}")).await;
    assert!(page.contains("the limit is 1e13"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_whose_client_left_is_abandoned() {
    let site = Site::start(Workers::that(|_, _| Answer::Frozen).await).await;
    let response = site.get(&format!("/render.png?progress={ID}")).await;
    assert_eq!(site.report(ID).await["state"], "drawing");
    drop(response);
    until("it is abandoned", async || {
        site.report(ID).await["state"] == "abandoned"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_gave_is_unknown() {
    let site = Site::start(Workers::start().await).await;
    for path in [
        format!("/renders/{ID}"),
        format!("/renders/{ID}/events"),
        "/renders/x".to_owned(),
        "/renders/%00".to_owned(),
    ] {
        assert_eq!(site.get(&path).await.status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_while_the_picture_is_drawn() {
    let site = Site::start(
        Workers::that(|request, _| {
            if request.rect.y > 0 {
                Answer::Frozen
            } else {
                Answer::Band
            }
        })
        .await,
    )
    .await;
    let picture = site.get(&format!("/render.png?progress={ID}")).await;
    let mut events = site
        .get(&format!("/renders/{ID}/events"))
        .await
        .bytes_stream();
    let mut told = String::new();
    while !told.contains("\"pieces\":1,") {
        told.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(told.contains("\"state\":\"drawing\""), "{told}");
    drop(picture);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_reference_orbit_is_computed_its_part_is_told() {
    let site = Site::start(Workers::start().await).await;
    site.workers.compute_orbits(&[0.0, 0.437]);
    let picture = async { site.png(&format!("width=64&height=64&progress={ID}")).await };
    let watcher = async {
        until("the orbit is told of", async || {
            site.report(ID).await["orbit"] == 0.437
        })
        .await;
        assert_eq!(site.report(ID).await["state"], "surveying");
        let (_, page) = site.visit(&format!("/renders/{ID}")).await;
        assert!(
            page.contains("<dt>Reference orbit</dt><dd>43 %</dd>"),
            "{page}"
        );
        assert_eq!(site.workers.asked(), 0);
        site.workers.survey_is_done();
    };
    futures::join!(picture, watcher);
    let report = site.report(ID).await;
    assert_eq!(
        (&report["state"], &report["orbit"]),
        (&"finished".into(), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_orbit_is_computed_by_all_workers_together_and_given_up_with_the_picture() {
    let workers = Workers::that(|_, _| Answer::Frozen).await;
    // Three workers, each with the capacity that bands tell of.
    workers.say("x-pool-capacity", "6");
    let site = Site::start(workers).await;
    site.workers.compute_orbits(&[0.1]);
    let picture = async { site.get("/render.png").await };
    let watcher = async {
        until("every worker surveys", async || {
            site.workers.surveying() == 3
        })
        .await;
        site.workers.survey_is_done();
    };
    let (picture, ()) = futures::join!(picture, watcher);
    assert_eq!(picture.status(), 200);
    until("bands are asked for", async || site.workers.in_flight() > 0).await;
    assert_eq!(site.workers.surveying(), 2, "the others still compute");
    drop(picture);
    until("the others have stopped", async || {
        site.workers.surveying() == 0
    })
    .await;
}
