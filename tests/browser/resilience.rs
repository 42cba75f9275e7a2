//! Does the explorer outlive what is behind it? A worker that dies under a pan is not even noticed; a frontend that is gone is told,
//! and when it is back the page goes on by itself.

use crate::chromium::Chromium;
use crate::cluster::Cluster;
use crate::explorer::{HEIGHT, WIDTH, explore, looks_as_the_server_draws_it, settled};
use crate::page::Page;
use crate::site::Balancer;

/// A place whose tiles take a worker a while, on a corner of tiles: there a pixel of the window is one of a tile.
const BUSY: &str = "re=-0.75&im=0.125&zoom=64&iterations=20000";

/// Moves the view by as many pixels, so that new tiles are wanted, and waits for none of them.
async fn pan(page: &Page, right: i32, down: i32) {
    page.value::<()>(&format!("tilebrot.viewer.pan({right}, {down})"))
        .await;
}

#[tokio::test]
async fn a_worker_that_is_killed_under_a_pan_costs_no_tile_and_no_complaint() {
    let mut cluster = Cluster::start(3).await;
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    explore(&page, &cluster.site, BUSY).await;
    for step in 0..6 {
        pan(&page, -256, 128).await;
        if step == 2 {
            cluster.kill_a_busy_worker().await;
        }
    }
    settled(&page).await;
    page.until(
        "what lies around is there too",
        "tilebrot.viewer.tiles.busy === 0",
    )
    .await;
    looks_as_the_server_draws_it(&page, &cluster.site, "after a worker died").await;
    assert!(page.value::<bool>("trouble.hidden").await);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_frontend_that_is_gone_is_told_and_the_page_goes_on_by_itself_when_it_is_back() {
    let mut cluster = Cluster::start(2).await;
    let before = Balancer::before(&[cluster.site.url.clone()]);
    let chromium = Chromium::start().await;
    // The frontend itself, which then refuses connections, and a balancer, which then answers in its place.
    for url in [cluster.site.url.clone(), before.url.clone()] {
        let page = chromium.page().await;
        page.size(WIDTH.into(), HEIGHT.into()).await;
        page.open(&format!("{url}/?{BUSY}")).await;
        settled(&page).await;
        page.press("p").await;
        let servers = "!servers.hidden && document.querySelectorAll('#server-rows tr').length";
        page.until("the workers are shown", &format!("{servers} === 2"))
            .await;
        page.value::<()>(
            "void (window.before = true, document.getElementById('server-rows').replaceChildren())",
        )
        .await;

        cluster.site.kill();
        pan(&page, -512, 0).await;
        page.until(
            "the page says that the server is gone",
            "trouble.checkVisibility() && trouble.innerText.includes('tries again by itself')",
        )
        .await;
        // By then whoever stands in for the frontend has been asked.
        page.until(
            "the panel says so too",
            "queue.innerText === 'The server does not answer.'",
        )
        .await;
        page.keep_screenshot("explorer-without-frontend").await;

        cluster.start_frontend_again();
        settled(&page).await;
        page.until("the message is gone", "trouble.hidden").await;
        page.until("the workers are shown again", &format!("{servers} === 2"))
            .await;
        assert!(
            page.value::<bool>("window.before").await,
            "without a reload"
        );
        looks_as_the_server_draws_it(&page, &cluster.site, &url).await;
    }
}
