//! Do viewers of others show the plane with the lines that docs/tiles.md has for them? In a page of another origin, by the mouse,
//! and pixel for pixel where a pixel of the screen is one of a tile.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, MouseButton,
};
use futures::future::join_all;

use crate::chromium::Chromium;
use crate::cluster::Cluster;
use crate::documented;
use crate::elsewhere::page_with;
use crate::explorer::{HEIGHT, LEAST_SEEN, WIDTH, difference, mouse};
use crate::page::Page;

/// How one of them is driven and read.
struct Viewer {
    /// How its lines in docs/tiles.md begin.
    lines: &'static str,
    files: &'static [&'static str],
    /// An expression for whether all is there and nothing moves; the viewer is `shown`.
    settled: &'static str,
    /// One for the real and imaginary parts of what is in the middle, and for the level whose pixels are the screen's.
    place: &'static str,
    /// A point of the picture as it begins, from the middle of the window, which is near -0.75 + 0.09i.
    point: (f64, f64),
    /// How many clicks at a time go a level deeper.
    clicks: usize,
    /// The level that it begins with.
    level: f64,
}

const LEAFLET: Viewer = Viewer {
    lines: "L.map(",
    files: &["leaflet/dist/leaflet.css", "leaflet/dist/leaflet.js"],
    settled: "(tiles => !shown._animatingZoom && tiles.length > 0 && tiles.every(tile =>
        tile.classList.contains('leaflet-tile-loaded') && getComputedStyle(tile).opacity === '1'))
        ([...document.querySelectorAll('.leaflet-tile')])",
    place: "(at => [-2.5 + at.lng / 64, 2 + at.lat / 64, shown.getZoom()])(shown.getCenter())",
    point: (-16.0, -6.0),
    clicks: 2,
    level: 0.0,
};

const OPENSEADRAGON: Viewer = Viewer {
    lines: "OpenSeadragon(",
    files: &["openseadragon/build/openseadragon/openseadragon.min.js"],
    settled: "(({ viewport, world }) => world.getItemAt(0)?.getFullyLoaded()
        && viewport.getZoom(true) === viewport.getZoom()
        && viewport.getCenter(true).equals(viewport.getCenter()))(shown)",
    place: "(({ viewport }) => (at => [-2.5 + 4 * at.x, 2 - 4 * at.y,
        Math.log2(viewport.getZoom(true) * innerWidth / 256)])(viewport.getCenter(true)))(shown)",
    point: (-32.0, -12.0),
    clicks: 1,
    level: 1.0,
};

const OPENLAYERS: Viewer = Viewer {
    lines: "new ol.Map(",
    files: &["ol/ol.css", "ol/dist/ol.js"],
    settled:
        "!shown.getView().getAnimating() && !shown.getView().getInteracting()
        && new Promise(done => { shown.once('rendercomplete', () => done(true)); shown.render(); })",
    place: "(([x, y], half) => [-0.5 + x / half * 2, y / half * 2, shown.getView().getZoom()])
        (shown.getView().getCenter(), ol.proj.get('EPSG:3857').getExtent()[2])",
    point: (-128.0, -48.0),
    clicks: 2,
    level: 3.0,
};

/// Pixels along the side of a tile.
const TILE: u32 = 256;
/// The level that is zoomed to.
const DEEP: f64 = 5.0;

async fn settled(page: &Page, viewer: &Viewer) {
    page.until("all tiles are there and nothing moves", viewer.settled)
        .await;
    // What was decided in this frame is seen after it.
    page.value::<()>(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))",
    )
    .await;
}

/// Holds what is seen against the server's picture of the view that the viewer says it shows, and answers that view.
async fn looks_as_the_server_draws_it(page: &Page, cluster: &Cluster, viewer: &Viewer) -> [f64; 3] {
    let place: [f64; 3] = page.value(viewer.place).await;
    let [re, im, level] = place;
    assert!(
        (level - level.round()).abs() < 1e-9,
        "whole levels: {level}"
    );
    let zoom = f64::from(TILE) * level.round().exp2() / f64::from(HEIGHT);
    let path = format!("/render.png?re={re}&im={im}&zoom={zoom}&width={WIDTH}&height={HEIGHT}");
    let differs = difference(&page.seen().await, &cluster.site.picture(&path).await);
    println!("{} {path}: {differs}", viewer.lines);
    assert!(differs < LEAST_SEEN, "{differs} at {path}");
    place
}

/// Clicks so many times, as fast as a double click must be: nothing is waited for in between.
async fn click(page: &Page, x: f64, y: f64, times: usize) {
    let kinds = [
        DispatchMouseEventType::MousePressed,
        DispatchMouseEventType::MouseReleased,
    ];
    let events = (1..=times).flat_map(|count| kinds.clone().map(|kind| (count, kind)));
    join_all(events.map(async |(count, kind)| {
        let mut event = DispatchMouseEventParams::new(kind, x, y);
        event.button = Some(MouseButton::Left);
        event.click_count = Some(count as i64);
        page.inner.execute(event).await.expect("a click");
    }))
    .await;
}

/// Drags the picture by 200 pixels to the right and 160 downwards.
async fn drag(page: &Page) {
    let kind = DispatchMouseEventType::MousePressed;
    mouse(page, kind, 500.0, 140.0, 0.0).await;
    for (x, y) in [
        (510.0, 150.0),
        (560.0, 190.0),
        (660.0, 260.0),
        (700.0, 300.0),
    ] {
        mouse(page, DispatchMouseEventType::MouseMoved, x, y, 0.0).await;
    }
    // The pointer rests before it lets go, so that the picture does not go on by itself.
    page.value::<()>("new Promise(done => setTimeout(done, 500))")
        .await;
    let kind = DispatchMouseEventType::MouseReleased;
    mouse(page, kind, 700.0, 300.0, 0.0).await;
}

/// What a page complains of, but for what the browser says of its own machine.
fn complaints(page: &Page) -> Vec<String> {
    let mut complaints = page.complaints();
    complaints.retain(|complaint| !complaint.starts_with("rendering: "));
    complaints
}

async fn shows_the_plane(viewer: &Viewer) {
    let cluster = Cluster::start(2).await;
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.size(WIDTH.into(), HEIGHT.into()).await;
    page.open(&page_with(viewer.files).await).await;
    let lines = documented("js", viewer.lines, &cluster.site.url);
    let lines = lines.trim_end_matches(';');
    page.value::<()>(&format!("void (window.shown = {lines})"))
        .await;
    settled(&page, viewer).await;
    let [.., level] = page.value::<[f64; 3]>(viewer.place).await;
    assert!((level - viewer.level).abs() < 1e-9, "it begins at {level}");

    // The point stays where it is.
    let middle = (f64::from(WIDTH) / 2.0, f64::from(HEIGHT) / 2.0);
    let (x, y) = (middle.0 + viewer.point.0, middle.1 + viewer.point.1);
    let mut level = viewer.level;
    while level < DEEP {
        level += 1.0;
        click(&page, x, y, viewer.clicks).await;
        let there = format!("Math.abs({}[2] - {level}) < 1e-9", viewer.place);
        page.until("it is a level deeper", &there).await;
        settled(&page, viewer).await;
    }
    let [re, im, _] = looks_as_the_server_draws_it(&page, &cluster, viewer).await;

    drag(&page).await;
    settled(&page, viewer).await;
    let moved = looks_as_the_server_draws_it(&page, &cluster, viewer).await;
    let pixel = 4.0 / f64::from(TILE) / DEEP.exp2();
    let [left, up] = [(re - moved[0]) / pixel, (moved[1] - im) / pixel];
    // OpenLayers takes the first ten for the hand's trembling.
    for (moved, dragged) in [(left, 200.0), (up, 160.0)] {
        let is_whole = (moved - moved.round()).abs() < 1e-6;
        let is_right = (dragged - 10.5..dragged + 0.5).contains(&moved);
        assert!(is_whole && is_right, "moved by {moved} of {dragged}");
    }
    page.keep_screenshot(&format!("viewer-{}", viewer.files[0].replace('/', "-")))
        .await;
    assert_eq!(complaints(&page), Vec::<String>::new());
}

#[tokio::test]
async fn leaflet_shows_the_plane_with_its_documented_lines() {
    shows_the_plane(&LEAFLET).await;
}

#[tokio::test]
async fn openseadragon_shows_the_deep_zoom_image_with_its_documented_line() {
    shows_the_plane(&OPENSEADRAGON).await;
}

#[tokio::test]
async fn openlayers_shows_what_the_tilejson_document_says_with_its_documented_lines() {
    shows_the_plane(&OPENLAYERS).await;
}
