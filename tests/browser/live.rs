//! Does an operator see on the balancer's live page what happens?

use crate::chromium::Chromium;
use crate::page::Page;
use crate::site::{Balancer, Site};

/// What the page says of the server at `address`.
fn state_of(address: &str) -> String {
    format!(
        "[...document.querySelectorAll('tbody tr')].find(row => row.cells[0].innerText === '{address}')?.cells[1].innerText"
    )
}

async fn shows(page: &Page, address: &str, state: &str) {
    let condition = format!("{} === '{state}'", state_of(address));
    page.until(&format!("{address} is {state}"), &condition)
        .await;
}

#[tokio::test]
async fn the_live_page_follows_servers_requests_and_events_in_dark_and_light() {
    let site = Site::start();
    let alive = site.url.trim_start_matches("http://").to_owned();
    // Nobody listens on the port of `discard`.
    let dead = "127.0.0.1:9".to_owned();
    let servers = [site.url.clone(), format!("http://{dead}")];
    let balancer = Balancer::before(&servers);
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open(&balancer.admin).await;
    shows(&page, &alive, "up").await;
    shows(&page, &dead, "new").await;
    let client = reqwest::Client::new();
    let ask = async || {
        let answer = client.get(&balancer.url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    };
    let figure = |name: &str| {
        format!(
            "[...document.querySelectorAll('.figures div')].find(pair => pair.firstChild.innerText === '{name}').lastChild.innerText"
        )
    };
    let mut asked = 0;
    let busy = format!("parseFloat({}) > 0", figure("requests/s"));
    while !page.value::<bool>(&busy).await {
        ask().await;
        asked += 1;
        assert!(asked < 10_000, "the rate stays at nought");
    }
    page.until(
        "there is a sparkline",
        "document.querySelector('.spark polyline').getAttribute('points').split(' ').length > 5",
    )
    .await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        for width in [1280, 360] {
            page.size(width, 800).await;
            page.keep_screenshot(&format!("live-{scheme}-{width}"))
                .await;
            let faults: Vec<String> = page.value(include_str!("readable.js")).await;
            assert_eq!(faults, Vec::<String>::new(), "{scheme}, {width}");
        }
    }
    let change = format!("{}/pools/default/servers/{alive}", balancer.admin);
    let answer = client
        .patch(change)
        .header("content-type", "application/json")
        .body("{\"drain\": true}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 204);
    shows(&page, &alive, "draining").await;
    let told =
        format!("document.getElementById('events').innerText.includes('default: {alive} drained')");
    page.until("the event is told", &told).await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}
