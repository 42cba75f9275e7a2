//! Does the form lead to the right picture, and does the page tell the truth about how it was drawn?

use std::path::Path;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::browser::{
    SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use image::{Rgba, RgbaImage};
use serde_json::Value;
use tokio::time::Instant;

use crate::PATIENCE;
use crate::chromium::Chromium;
use crate::page::Page;
use crate::site::{Site, decoded};

/// What is typed into the form.
const VIEW: [(&str, &str); 6] = [
    ("re", "-0.6"),
    ("im", "0.1"),
    ("zoom", "1.25"),
    ("iterations", "300"),
    ("width", "480"),
    ("height", "320"),
];
const PALETTE: &str = "ocean";

/// Pixels whose colours are known. One is 4 / 1.25 / 320 = 0.01 wide, so that pixel (x, y) is at
/// -0.6 + (x - 239.5) / 100 + i (0.1 - (y - 159.5) / 100).
const KNOWN: [(u32, u32, [u8; 3]); 7] = [
    // Never escape: near 0, near -1 (of period 2), near -0.12 + 0.75 i (of period 3).
    (300, 170, [0, 0, 0]),
    (200, 170, [0, 0, 0]),
    (287, 95, [0, 0, 0]),
    // Escape at smooth counts of 1.33, 1.47, 3.51 and 2.10, worked out by hand: with the palette's stops,
    // which are a sixteenth apart, at √μ / 8 of the way around, mixed in linear light.
    (0, 0, [2, 45, 89]),
    (479, 319, [2, 47, 92]),
    (359, 95, [1, 69, 124]),
    (119, 40, [0, 54, 104]),
];
/// The name of the render that a result's page shows.
const RENDER: &str = "document.getElementById('render').dataset.id";
/// What rounding may change in a colour.
const ROUNDING: u8 = 2;

#[tokio::test]
async fn the_form_leads_to_the_picture() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open(&format!("{}/form", site.url)).await;
    page.keep_screenshot("form").await;
    for (field, text) in VIEW {
        page.fill_in(field, text).await;
    }
    page.click(&format!("label:has([value={PALETTE}])")).await;
    page.click("form > button").await;

    page.until_the_picture_is_there().await;
    page.until_it_says_drawn().await;
    page.keep_screenshot("result").await;
    let picture = page.pixels().await;
    for (x, y, expected) in KNOWN {
        let Rgba([red, green, blue, opacity]) = *picture.get_pixel(x, y);
        let mut pairs = [red, green, blue].into_iter().zip(expected);
        let near = pairs.all(|(seen, known)| seen.abs_diff(known) <= ROUNDING);
        assert!(near && opacity == 255, "{red} {green} {blue} at {x}, {y}");
    }
    let query = VIEW.map(|(field, text)| format!("{field}={text}"));
    let path = format!("/render.png?{}&palette={PALETTE}", query.join("&"));
    assert!(
        picture == site.picture(&path).await,
        "the picture of {path}"
    );

    the_page_names_both_workers(&page).await;
    let downloads = chromium.folder("downloads");
    assert!(picture == downloaded(&page, &downloads).await);
    let permalink: String = page.value("permalink.href").await;
    let render: String = page.value(RENDER).await;
    page.click("#permalink").await;
    let another = format!("location.href === {permalink:?} && {RENDER} !== {render:?}");
    page.until("the permalink leads to another render", &another)
        .await;
    page.until_the_picture_is_there().await;
    assert!(picture == page.pixels().await);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// Two workers drew, and their pieces and rows add up to the whole.
async fn the_page_names_both_workers(page: &Page) {
    let workers: Vec<(String, u32, u32)> = page
        .value(
            "[...document.querySelectorAll('#workers tr')]
                .map(row => [row.cells[0].innerText, +row.cells[1].innerText, +row.cells[2].innerText])",
        )
        .await;
    assert_eq!(workers.len(), 2, "{workers:?}");
    assert_ne!(workers[0].0, workers[1].0);
    assert!(
        workers.iter().all(|(_, pieces, _)| *pieces > 0),
        "{workers:?}"
    );
    let pieces: u32 = workers.iter().map(|(_, pieces, _)| pieces).sum();
    let rows: u32 = workers.iter().map(|(_, _, rows)| rows).sum();
    assert_eq!(rows, 320, "{workers:?}");
    let status = page.text("#status").await;
    let told = format!(": {pieces} pieces by 2 workers");
    assert!(status.contains(&told), "{status} {workers:?}");
}

/// The picture that the page's link lays into `folder`.
async fn downloaded(page: &Page, folder: &Path) -> RgbaImage {
    let mut allowed = SetDownloadBehaviorParams::new(SetDownloadBehaviorBehavior::Allow);
    allowed.download_path = Some(folder.display().to_string());
    page.inner.execute(allowed).await.expect("downloads");
    let name: String = page.value("download.download").await;
    assert!(name.ends_with(".png"), "{name}");
    page.click("#download").await;
    // The browser gives a file its name when it has all of it.
    let file = folder.join(&name);
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < PATIENCE, "{name} was not downloaded");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    decoded(&std::fs::read(file).expect("a file"))
}

#[tokio::test]
async fn the_picture_appears_while_it_is_drawn() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    // Filaments at many samples a pixel, at a size that is shown pixel for pixel.
    let slow = "re=-0.7475&im=0.1075&zoom=450&iterations=20000&width=640&height=480&samples=8";
    page.open(&format!("{}/form?{slow}", site.url)).await;
    page.click("form > button").await;

    page.until(
        "there is a result's page",
        "location.pathname === '/render' && document.getElementById('progress') !== null",
    )
    .await;
    let mut told = Vec::new();
    let mut seen = None;
    while !page.text("#status").await.starts_with("Drawn in") {
        let bar: Value = page
            .value("({ shown: !progress.hidden, rows: progress.value, of: progress.max })")
            .await;
        let (rows, of) = (bar["rows"].as_f64(), bar["of"].as_f64());
        if bar["shown"] == true && rows > Some(0.0) && rows < of && told.last() != Some(&rows) {
            told.push(rows);
            seen = seen.or(half_a_picture(&page).await);
        }
        assert_eq!(page.text("#cause").await, "", "why there is no picture");
    }
    assert!(told.len() >= 3, "progress in steps: {told:?}");
    assert!(told.is_sorted(), "progress goes forward: {told:?}");
    page.until_the_picture_is_there().await;
    page.keep_screenshot("slow").await;
    let column = column_of_the_picture(&page).await;
    let seen = seen.expect("the picture is seen before it is whole");
    assert_eq!(seen[..8], column[..8], "its first rows are final");
    assert_ne!(seen, column);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// What is seen down the middle of the picture, when there are first rows of it but not its last.
async fn half_a_picture(page: &Page) -> Option<Vec<Rgba<u8>>> {
    let column = column_of_the_picture(page).await;
    let first = column.first()?;
    let last = column.last()?;
    // Where there is no picture yet, there is the panel's even colour.
    let empty = column.iter().rev().take_while(|colour| *colour == last);
    (first != last && empty.count() > 20).then_some(column)
}

async fn column_of_the_picture(page: &Page) -> Vec<Rgba<u8>> {
    let (x, top, height): (u32, u32, u32) = page
        .value(
            "(({ left, width, top, height }) => [left + width / 2, top, height].map(Math.round))
                (picture.getBoundingClientRect())",
        )
        .await;
    let seen = page.seen().await;
    let bottom = (top + height).min(seen.height());
    (top..bottom).map(|y| *seen.get_pixel(x, y)).collect()
}

#[tokio::test]
async fn the_page_says_how_far_a_long_reference_orbit_is() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    // Deep inside of the set, where an orbit goes on to its limit: minutes of work.
    let deep = "re=-0.1&im=0.1&zoom=1e30&iterations=40000000&quality=fast&width=640&height=480";
    page.open(&format!("{}/form", site.url)).await;
    // The page counts as open when its picture is there, which nobody waits for here.
    let _: String = page
        .value(&format!("location.href = '/render?{deep}'"))
        .await;
    page.until(
        "the orbit is told of",
        "/^Reference orbit \\d+ % \\(/.test(document.querySelector('#status')?.textContent)",
    )
    .await;
    page.until(
        "the bar shows the orbit",
        "(bar => !bar.hidden && bar.max === 1 && bar.value > 0)(document.querySelector('#progress'))",
    )
    .await;
    page.keep_screenshot("orbit").await;
}
