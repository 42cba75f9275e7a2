//! Does the explorer go where it is sent, look as the server's picture does, and find its way back?

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::network::EnableParams;
use image::RgbaImage;

use crate::chromium::Chromium;
use crate::page::Page;
use crate::site::Site;

pub(crate) const WIDTH: u32 = 1024;
pub(crate) const HEIGHT: u32 = 512;
/// The mean difference of a channel that is no difference to see.
pub(crate) const LEAST_SEEN: f64 = 2.0;

/// Places on corners of tiles, at zooms that are powers of two: there a pixel of the window is a pixel of a tile. The deep ones
/// are at i, the end of a dendrite that looks alike at every depth.
const DEPTHS: [(&str, &str); 3] = [
    ("1", "re=-0.75&im=0.125&zoom=1"),
    ("1e50", "re=0&im=1&zoom=4.676805239459e49&iterations=3000"),
    (
        "1e1000",
        "re=0&im=1&zoom=5.255518873824e999&iterations=9000",
    ),
];

/// A cluster, and a browser with an empty page.
pub(crate) async fn started() -> (Site, Chromium, Page) {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    (site, chromium, page)
}

/// Opens the explorer at a query and waits until all of the picture is there.
pub(crate) async fn explore(page: &Page, site: &Site, query: &str) {
    page.size(WIDTH.into(), HEIGHT.into()).await;
    page.open(&format!("{}/?{query}", site.url)).await;
    settled(page).await;
}

pub(crate) async fn settled(page: &Page) {
    page.until(
        "every tile is there and nothing moves",
        "window.tilebrot?.viewer.settled && tilebrot.minimap.ready",
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

#[tokio::test]
async fn the_wheel_zooms_at_every_depth_and_the_picture_is_the_servers() {
    let (site, _chromium, page) = started().await;
    for (depth, query) in DEPTHS {
        explore(&page, &site, query).await;
        looks_as_the_server_draws_it(&page, &site, depth).await;
        let before: f64 = page.value("tilebrot.viewer.state.place.level").await;
        // Two notches are twice the size.
        for _ in 0..2 {
            let kind = DispatchMouseEventType::MouseWheel;
            mouse(&page, kind, 512.0, 256.0, -100.0).await;
        }
        let deeper = format!("Math.abs(tilebrot.viewer.state.place.level - {before} - 1) < 1e-6");
        page.until("the view is a level deeper", &deeper).await;
        settled(&page).await;
        looks_as_the_server_draws_it(&page, &site, &format!("deeper than {depth}")).await;
        page.keep_screenshot(&format!("explorer-{depth}")).await;
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_drag_moves_the_picture_with_the_pointer_and_can_be_undone() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let first = query(&page).await;
    mouse(
        &page,
        DispatchMouseEventType::MousePressed,
        600.0,
        200.0,
        0.0,
    )
    .await;
    for x in [620.0, 660.0, 728.0] {
        mouse(&page, DispatchMouseEventType::MouseMoved, x, 264.0, 0.0).await;
    }
    // The pointer rests before it lets go, so that the picture does not go on by itself.
    page.value::<()>("new Promise(done => setTimeout(done, 150))")
        .await;
    mouse(
        &page,
        DispatchMouseEventType::MouseReleased,
        728.0,
        264.0,
        0.0,
    )
    .await;
    settled(&page).await;
    let second = query(&page).await;
    // 128 and 64 pixels of 4 / 64 / 512 each.
    assert_eq!(second, "re=-0.765625&im=0.1328125&zoom=64");
    looks_as_the_server_draws_it(&page, &site, "after a drag").await;
    for (key, expected) in [("undo", &first), ("redo", &second), ("undo", &first)] {
        page.click(&format!("#{key}")).await;
        settled(&page).await;
        assert_eq!(&query(&page).await, expected, "{key}");
    }
    looks_as_the_server_draws_it(&page, &site, "after undo").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_link_to_a_view_is_the_same_picture_elsewhere() {
    let (site, chromium, page) = started().await;
    let place = "re=-0.743643887037158704752191506114774&im=0.131825904205311970493132056385139\
        &zoom=1e10&rotation=30&palette=aurora&colouring=histogram&density=2";
    explore(&page, &site, place).await;
    assert_eq!(query(&page).await, place, "no digit is lost");
    page.value::<()>("tilebrot.viewer.pan(37, -21)").await;
    settled(&page).await;
    let link = query(&page).await;
    assert_ne!(link, place);
    let picture = canvas(&page).await;
    let another = chromium.page().await;
    explore(&another, &site, &link).await;
    assert_eq!(query(&another).await, link);
    let differs = difference(&picture, &canvas(&another).await);
    assert!(differs < LEAST_SEEN, "{differs}");
}

#[tokio::test]
async fn colours_change_at_once_and_without_a_request() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    page.until(
        "what lies around is there too",
        "tilebrot.viewer.tiles.busy === 0",
    )
    .await;
    let asked: u32 = page.value("tilebrot.viewer.tiles.requests").await;
    assert!(asked > 0);
    let requests = "performance.getEntriesByType('resource').length";
    page.click("#panel-button").await;
    let loaded: u32 = page.value(requests).await;
    for change in [
        "document.querySelector('#palettes [value=ocean]').click()",
        "colouring.value = 'histogram', colouring.dispatchEvent(new Event('change'))",
        "density.value = 1, density.dispatchEvent(new Event('input'))",
        "offset.value = 0.25, offset.dispatchEvent(new Event('input'))",
        "colouring.value = 'smooth', colouring.dispatchEvent(new Event('change'))",
    ] {
        let before = canvas(&page).await;
        page.value::<()>(&format!("void ({change})")).await;
        settled(&page).await;
        assert!(
            difference(&before, &canvas(&page).await) > LEAST_SEEN,
            "{change}"
        );
        looks_as_the_server_draws_it(&page, &site, change).await;
    }
    assert_eq!(
        page.value::<u32>("tilebrot.viewer.tiles.requests").await,
        asked
    );
    assert_eq!(
        page.value::<u32>(requests).await,
        loaded,
        "and nothing else"
    );
    assert_eq!(
        query(&page).await,
        "re=-0.75&im=0.125&zoom=64&palette=ocean&density=2&offset=0.25"
    );
}

#[tokio::test]
async fn what_the_set_encloses_is_filled_where_that_is_asked_for_and_possible() {
    let (site, _chromium, page) = started().await;
    let place = "re=-1.25&zoom=16&iterations=2000";
    explore(&page, &site, place).await;
    page.click("#panel-button").await;
    page.click("#subdivision").await;
    settled(&page).await;
    assert_eq!(query(&page).await, format!("{place}&subdivision=interior"));
    looks_as_the_server_draws_it(&page, &site, "a filled set").await;
    let choose = |formula: &str| {
        format!("void (formula.value = {formula:?}, formula.dispatchEvent(new Event('change')))")
    };
    page.value::<()>(&choose("burning_ship")).await;
    settled(&page).await;
    assert!(!query(&page).await.contains("subdivision"));
    assert!(
        page.value::<bool>("subdivision.disabled && !subdivision.checked")
            .await
    );
    page.value::<()>(&choose("mandelbrot")).await;
    settled(&page).await;
    assert!(
        page.value::<bool>("!subdivision.disabled && subdivision.checked")
            .await
    );
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn the_keyboard_alone_flies_anywhere() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let level = "tilebrot.viewer.state.place.level";
    page.press("+").await;
    page.until(
        "the view is nearer",
        &format!("Math.abs({level} - 7) < 1e-6"),
    )
    .await;
    page.press("-").await;
    page.until(
        "the view is farther",
        &format!("Math.abs({level} - 6) < 1e-6"),
    )
    .await;
    page.press("ArrowRight").await;
    settled(&page).await;
    assert!(query(&page).await.starts_with("re=-0.740625&"));
    page.press("?").await;
    page.until(
        "every key is listed",
        "document.querySelectorAll('#help[open] #keys tr').length > 15",
    )
    .await;
    page.press("Escape").await;
    page.until("the list is closed", "!help.open").await;
    page.press("Home").await;
    page.until("the whole set is there", &format!("{level} < 1"))
        .await;
    // Tab reaches every control that is shown, and shows where it is.
    page.press("p").await;
    let wanted: Vec<String> = page
        .value(
            "[...document.querySelectorAll('button, select, input, a[href]')]
                .filter(control => control.checkVisibility() && !control.disabled && control.type !== 'radio')
                .map(control => control.id)",
        )
        .await;
    assert!(wanted.len() > 20, "{wanted:?}");
    let mut reached = Vec::new();
    while !wanted.iter().all(|id| reached.contains(id)) {
        assert!(reached.len() < 100, "{wanted:?} {reached:?}");
        page.press("Tab").await;
        reached.push(page.value::<String>("document.activeElement.id").await);
    }
    let names: Vec<String> = page
        .value(
            "[...document.querySelectorAll('button, select, input, canvas[tabindex]')]
                .filter(control => control.checkVisibility() && !control.ariaLabel
                    && !control.innerText && !control.labels?.length)
                .map(control => control.outerHTML)",
        )
        .await;
    assert_eq!(names, [""; 0], "every control has a name");
}

#[tokio::test]
async fn an_absent_server_is_told_and_the_page_recovers_by_itself() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let network = async |offline: bool| {
        #[expect(
            deprecated,
            reason = "what takes its place is an experiment of the browser's"
        )]
        let conditions =
            chromiumoxide::cdp::browser_protocol::network::EmulateNetworkConditionsParams::new(
                offline, 0.0, -1.0, -1.0,
            );
        page.inner.execute(conditions).await.expect("a network");
    };
    page.inner
        .execute(EnableParams::default())
        .await
        .expect("events");
    network(true).await;
    page.value::<()>("tilebrot.viewer.pan(1500, 0)").await;
    page.until(
        "the page says that there is no network",
        "!trouble.hidden && trouble.innerText !== ''",
    )
    .await;
    page.keep_screenshot("explorer-offline").await;
    network(false).await;
    settled(&page).await;
    page.until("the message is gone", "trouble.hidden").await;
    looks_as_the_server_draws_it(&page, &site, "after the network is back").await;
}

#[tokio::test]
async fn a_key_goes_to_the_minibrot_of_the_view_and_says_where_there_is_none() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-1.76&im=0.01&zoom=20").await;
    page.press("m").await;
    page.until(
        "its period is told",
        "said.innerText === 'A minibrot of period 3.'",
    )
    .await;
    settled(&page).await;
    let there = query(&page).await;
    // The real root of c³ + 2c² + c + 1.
    assert!(there.starts_with("re=-1.754877666"), "{there}");
    looks_as_the_server_draws_it(&page, &site, "the minibrot").await;
    page.keep_screenshot("explorer-minibrot").await;
    page.click("#undo").await;
    settled(&page).await;
    assert_eq!(query(&page).await, "re=-1.76&im=0.01&zoom=20");

    explore(&page, &site, "re=-2.5&im=1&zoom=20").await;
    page.press("m").await;
    page.until(
        "it is told that there is none",
        "said.innerText.startsWith('No minibrot to go to: no nucleus')",
    )
    .await;
}

#[tokio::test]
async fn the_panel_shows_the_servers_at_work_while_it_is_open() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    page.press("p").await;
    let up = "[...document.querySelectorAll('#server-rows tr')].filter(row => row.innerText.includes('up')).length";
    // The frontend and the workers behind it.
    page.until("every server is up", &format!("{up} >= 2"))
        .await;
    page.until("nobody waits", "queue.innerText.startsWith('No request')")
        .await;
    page.value::<()>("void document.getElementById('servers').scrollIntoView()")
        .await;
    page.keep_screenshot("explorer-servers").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_names_what_cannot_be_used_is_told_so_beside_the_picture() {
    let (site, _chromium, page) = started().await;
    page.size(WIDTH.into(), HEIGHT.into()).await;
    page.open(&format!("{}/?palette=mud&zoom=64&re=-0.75", site.url))
        .await;
    page.until(
        "what cannot be used is named",
        "said.checkVisibility() && said.innerText.includes('palette')",
    )
    .await;
    settled(&page).await;
    assert_eq!(query(&page).await, "re=-0.75&zoom=64");
    assert_eq!(page.complaints(), Vec::<String>::new());
}
