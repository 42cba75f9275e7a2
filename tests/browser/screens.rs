//! Are the main screens whole, as people with windows of these sizes see them? With `SCREENSHOTS=docs/screens` these tests make the
//! pictures of docs/explorer-screens.md.

use crate::chromium::Chromium;
use crate::explorer::{canvas, settled, started};
use crate::page::Page;
use crate::site::{Balancer, Site};

/// The seahorse valley in a palette of its own.
const PLACE: &str = "re=-0.7475&im=0.1075&zoom=450\
    &palette=0-071a3d_0.18-2b6cb0_0.4-e6fbff_0.58-ffb347_0.8-7a1f3d&density=0.5";
const DESKTOP: (i64, i64) = (1280, 720);
/// Flakes are fine: of a larger window they fill a large file.
const LAPTOP: (i64, i64) = (1024, 600);
const PHONE: (i64, i64) = (390, 780);

async fn open(page: &Page, site: &Site, (width, height): (i64, i64), path: &str) {
    page.size(width, height).await;
    page.open(&format!("{}{path}", site.url)).await;
}

/// Nothing sticks out, everything has a name and can be read; and there is a picture of it.
async fn is_whole(page: &Page, name: &str) {
    let faults: Vec<String> = page.value(include_str!("readable.js")).await;
    assert_eq!(faults, Vec::<String>::new(), "{name}");
    page.keep_window(name).await;
}

async fn explore(page: &Page, site: &Site, size: (i64, i64), query: &str) {
    open(page, site, size, &format!("/?{query}")).await;
    settled(page).await;
}

async fn press_and_see(page: &Page, key: &str, id: &str) {
    page.press(key).await;
    let seen = format!("document.getElementById('{id}').checkVisibility()");
    page.until(&format!("{id} is seen"), &seen).await;
}

#[tokio::test]
async fn the_explorers_screens_are_whole_on_a_desk_and_in_a_hand() {
    let (site, _chromium, page) = started().await;
    page.prefer("dark").await;
    explore(&page, &site, DESKTOP, PLACE).await;
    press_and_see(&page, "p", "panel").await;
    settled(&page).await;
    is_whole(&page, "panel").await;
    press_and_see(&page, "e", "editor").await;
    is_whole(&page, "palette-editor").await;
    // The gallery's place past ten to the 157th.
    explore(&page, &site, LAPTOP, "zoom=1").await;
    press_and_see(&page, "g", "gallery").await;
    page.value::<()>("void document.querySelector('#places a[href*=e157]').click()")
        .await;
    settled(&page).await;
    page.until("the picture is looked at", "tilebrot.advice.judged !== ''")
        .await;
    is_whole(&page, "deep").await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        explore(&page, &site, PHONE, PLACE).await;
        is_whole(&page, &format!("phone-{scheme}")).await;
        press_and_see(&page, "e", "editor").await;
        is_whole(&page, &format!("phone-editor-{scheme}")).await;
        press_and_see(&page, "v", "minimap").await;
        settled(&page).await;
        is_whole(&page, &format!("phone-overview-{scheme}")).await;
        page.press("v").await;
    }
}

#[tokio::test]
async fn no_seam_shows_between_tiles_whose_edge_is_half_way_into_a_pixel() {
    let (site, _chromium, page) = started().await;
    let interior = "&interior=%23ff00ff";
    explore(&page, &site, DESKTOP, &format!("{PLACE}{interior}")).await;
    let picture = canvas(&page).await;
    // In the right half there are columns of nothing but the set.
    for x in 0..picture.width() / 2 {
        let ground = (0..picture.height()).all(|y| picture.get_pixel(x, y).0 == [255, 0, 255, 255]);
        assert!(!ground, "nothing is drawn on column {x}");
    }
}

#[tokio::test]
async fn the_gallery_is_whole() {
    let (site, _chromium, page) = started().await;
    page.prefer("light").await;
    explore(&page, &site, DESKTOP, "re=-0.65&zoom=1.4").await;
    press_and_see(&page, "g", "gallery").await;
    page.until(
        "the pictures that are seen are there",
        "[...document.querySelectorAll('#places img')].slice(0, 15).every(({ complete, naturalWidth }) => complete && naturalWidth > 0)",
    )
    .await;
    is_whole(&page, "gallery").await;
}

#[tokio::test]
async fn the_form_and_the_live_page_are_whole() {
    let (site, chromium, page) = started().await;
    page.prefer("light").await;
    open(&page, &site, DESKTOP, &format!("/form?{PLACE}")).await;
    is_whole(&page, "form").await;
    let balancer = Balancer::before(std::slice::from_ref(&site.url));
    live(&chromium, &balancer).await;
}

async fn live(chromium: &Chromium, balancer: &Balancer) {
    let page = chromium.page().await;
    page.prefer("dark").await;
    page.size(DESKTOP.0, 400).await;
    page.open(&balancer.admin).await;
    page.until(
        "the server is up",
        "document.querySelector('tbody tr')?.innerText.includes('up')",
    )
    .await;
    // People come, so that there is something to see.
    let client = reqwest::Client::new();
    let busy =
        "document.querySelector('.spark polyline')?.getAttribute('points').split(' ').length > 8";
    while !page.value::<bool>(busy).await {
        let answer = client.get(&balancer.url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    is_whole(&page, "live").await;
}
