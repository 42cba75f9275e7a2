//! Does the explorer tell a person what cannot be seen: where the window is, which period a point has, what the limit hides, and
//! when the arithmetic changes?

use chromiumoxide::cdp::browser_protocol::input::DispatchMouseEventType;

use crate::explorer::{explore, mouse, query, settled, started};
use crate::page::Page;

const PLACE: &str = "re=-0.75&im=0.125&zoom=64";

async fn point_at(page: &Page, x: f64, y: f64) {
    mouse(page, DispatchMouseEventType::MouseMoved, x, y, 0.0).await;
}

/// Of period 252, as whole as the full set at zoom 1.
const MINIBROT: &str = "re=-1.75981713080484791658287605332552723242&im=-0.01259331079974965731938866685431430276\
    &zoom=2.4e19&iterations=25200";

/// Waits for the period that the panel tells.
async fn period_is(page: &Page, told: &str) {
    page.until(
        &format!("the period is told as {told:?}"),
        &format!("period.innerText === {told:?}"),
    )
    .await;
}

#[tokio::test]
async fn the_period_of_a_point_that_never_escapes_is_told_when_the_pointer_rests_on_it() {
    let (site, _chromium, page) = started().await;
    // A pixel is 1/128; the middle is -0.5.
    explore(&page, &site, "re=-0.5&zoom=1").await;
    page.press("p").await;
    let asked = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('field=period')).length";
    for (re, im, told) in [
        (-0.1, 0.0, "1"),
        (-1.0, 0.0, "2"),
        (-0.125, 0.75, "3"),
        (-2.4, 1.0, "–"),
    ] {
        point_at(&page, 512.0 + 128.0 * (re + 0.5), 256.0 - 128.0 * im).await;
        period_is(&page, told).await;
    }
    let before: u32 = page.value(asked).await;
    assert!(before > 0);
    point_at(&page, 512.0 + 128.0 * 0.4, 256.0).await;
    period_is(&page, "1").await;
    assert_eq!(
        page.value::<u32>(asked).await,
        before,
        "a tile is asked for once"
    );
    // The cardioid far below the grain of f64, and a minibrot there.
    for (place, told) in [("re=-0.1&zoom=1e20", "1"), (MINIBROT, "252")] {
        explore(&page, &site, place).await;
        page.press("p").await;
        point_at(&page, 512.0, 256.0).await;
        period_is(&page, told).await;
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_limit_that_hides_detail_is_told_and_raised_with_one_press() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, &format!("{PLACE}&iterations=60")).await;
    page.until(
        "it is told",
        "advice.innerText.startsWith('The limit of 60 iterations hides detail here.')",
    )
    .await;
    page.keep_screenshot("explorer-advice").await;
    let mut limit = 60;
    while page
        .value::<bool>("document.getElementById('advice-act').checkVisibility()")
        .await
    {
        assert!(limit < 1_000_000, "there is no end of it");
        page.click("#advice-act").await;
        limit *= 4;
        settled(&page).await;
        assert_eq!(query(&page).await, format!("{PLACE}&iterations={limit}"));
        let judged = format!("tilebrot.advice.judged === '{limit}'");
        page.until("the new picture is looked at", &judged).await;
    }
    assert!(limit > 60);
    // Where the limit is chosen by the depth there is nothing to raise.
    explore(&page, &site, PLACE).await;
    page.until(
        "the picture is looked at",
        "tilebrot.advice.judged === 'auto'",
    )
    .await;
    assert!(page.value::<bool>("advice.hidden").await);
}

#[tokio::test]
async fn a_note_that_was_closed_does_not_come_back_for_that_limit() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, &format!("{PLACE}&iterations=60")).await;
    page.until("it is told", "!advice.hidden").await;
    page.click("#advice-close").await;
    page.value::<()>("void (tilebrot.advice.judged = '', tilebrot.viewer.pan(40, 0))")
        .await;
    page.until(
        "the picture is looked at",
        "tilebrot.advice.judged === '60'",
    )
    .await;
    assert!(page.value::<bool>("advice.hidden").await);
}

#[tokio::test]
async fn another_arithmetic_is_told_when_the_depth_needs_it() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=0&im=1&zoom=2e6&iterations=3000").await;
    page.until(
        "the picture is looked at",
        "tilebrot.advice.judged === '3000'",
    )
    .await;
    assert!(page.value::<bool>("advice.hidden").await);
    page.value::<()>("tilebrot.viewer.zoom(2)").await;
    page.until(
        "it is told",
        "advice.innerText.includes('perturbation around a reference orbit')",
    )
    .await;
}

#[tokio::test]
async fn the_overview_shows_where_the_window_is_and_leads_elsewhere() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, &format!("{PLACE}&palette=ocean")).await;
    // Wide enough for it to be there unasked.
    assert!(page.value::<bool>("minimap.checkVisibility()").await);
    assert_eq!(page.text("#map-depth").await, "64× deep");
    let white = "(({ data }) => { let sum = [0, 0, 0];
        for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] === 765) {
            sum = [sum[0] + 1, sum[1] + i / 4 % 256, sum[2] + Math.floor(i / 1024)];
        }
        return [sum[1] / sum[0], sum[2] / sum[0]]; })(map.getContext('2d').getImageData(0, 0, 256, 256))";
    let (x, y): (f64, f64) = page.value(white).await;
    // (-0.75 + 2.5) / 4 and (2 - 0.125) / 4 of 256.
    assert!(
        (x - 112.0).abs() < 1.5 && (y - 120.0).abs() < 1.5,
        "{x}, {y}"
    );
    let map: (f64, f64, f64) = page
        .value("(({ left, top, width }) => [left, top, width])(map.getBoundingClientRect())")
        .await;
    // -1.75 + 0 i.
    for kind in [
        DispatchMouseEventType::MousePressed,
        DispatchMouseEventType::MouseReleased,
    ] {
        let (x, y) = (map.0 + map.2 * 0.1875, map.1 + map.2 * 0.5);
        mouse(&page, kind, x, y, 0.0).await;
    }
    settled(&page).await;
    let there = "(({ re, im, bits, level }) => [Number(re) / 2 ** bits, Number(im) / 2 ** bits, level])(tilebrot.viewer.state.place)";
    let (re, im, level): (f64, f64, f64) = page.value(there).await;
    assert!(
        (re + 1.75).abs() < 0.02 && im.abs() < 0.02 && level == 6.0,
        "{re} {im} {level}"
    );
    // Two steps of 8 to the right of the middle, which is -0.5, and one up.
    page.value::<()>("void map.focus()").await;
    for key in ["ArrowRight", "ArrowRight", "ArrowUp", "Enter"] {
        page.press(key).await;
    }
    page.until(
        "the keys went there",
        &format!("{there}.slice(0, 2).join() === '-0.25,0.125'"),
    )
    .await;
    page.press("v").await;
    page.until("it is gone", "minimap.hidden").await;
    explore(&page, &site, PLACE).await;
    assert!(
        page.value::<bool>("minimap.hidden").await,
        "and stays away after a reload"
    );
    page.click("#map-button").await;
    page.until("it is back", "minimap.checkVisibility()").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}
