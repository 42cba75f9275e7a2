//! The explorer at a view: opened, settled, and held against the server's picture of the same view.

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, MouseButton,
};
use image::RgbaImage;

use crate::page::Page;
use crate::site::Site;

pub(crate) const WIDTH: u32 = 1024;
pub(crate) const HEIGHT: u32 = 512;
/// The mean difference of a channel that is no difference to see.
pub(crate) const LEAST_SEEN: f64 = 2.0;

/// Opens the explorer at a query and waits until all of the picture is there.
pub(crate) async fn explore(page: &Page, site: &Site, query: &str) {
    page.size(WIDTH.into(), HEIGHT.into()).await;
    page.open(&format!("{}/?{query}", site.url)).await;
    settled(page).await;
}

pub(crate) async fn settled(page: &Page) {
    page.until(
        "every tile is there and nothing moves",
        "window.tilebrot?.viewer.settled",
    )
    .await;
}

pub(crate) async fn query(page: &Page) -> String {
    page.value("(tilebrot.rest(), location.search.slice(1))")
        .await
}

pub(crate) async fn mouse(page: &Page, kind: DispatchMouseEventType, x: f64, y: f64, wheel: f64) {
    let mut event = DispatchMouseEventParams::new(kind.clone(), x, y);
    if kind == DispatchMouseEventType::MouseWheel {
        (event.delta_x, event.delta_y) = (Some(0.0), Some(wheel));
    } else {
        event.button = Some(MouseButton::Left);
        event.buttons = Some(1);
        event.click_count = Some(1);
    }
    page.inner.execute(event).await.expect("a mouse event");
}

/// The canvas's pixels, by way of a PNG.
pub(crate) async fn canvas(page: &Page) -> RgbaImage {
    let bytes: String = page
        .value("atob(document.getElementById('picture').toDataURL().split(',')[1])")
        .await;
    let bytes: Vec<u8> = bytes.chars().map(|byte| byte as u8).collect();
    crate::site::decoded(&bytes)
}

/// The mean difference of the channels of two pictures.
pub(crate) fn difference(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / (a.as_raw().len() as f64 * 0.75)
}

pub(crate) async fn looks_as_the_server_draws_it(page: &Page, site: &Site, what: &str) {
    let query = query(page).await;
    let path = format!("/render.png?{query}&width={WIDTH}&height={HEIGHT}");
    let differs = difference(&canvas(page).await, &site.picture(&path).await);
    assert!(differs < LEAST_SEEN, "{what}: {differs} at {query}");
}
