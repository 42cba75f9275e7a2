//! Do fingers move, zoom and turn the picture, does a box choose a part of it, and is a saved picture the one that is seen?

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, DispatchTouchEventParams,
    DispatchTouchEventReturns, DispatchTouchEventType, MouseButton, TouchPoint,
};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::Serialize;

use crate::explorer::{explore, looks_as_the_server_draws_it, query, settled, started};
use crate::page::Page;

const VALLEY: &str = "re=-0.75&im=0.125&zoom=64";

/// All fingers let go. The library leaves out a list that is empty, which the browser does not take.
#[derive(Clone, Debug, Serialize)]
struct LetGo {
    r#type: DispatchTouchEventType,
    #[serde(rename = "touchPoints")]
    touch_points: [TouchPoint; 0],
}

impl Method for LetGo {
    fn identifier(&self) -> MethodId {
        "Input.dispatchTouchEvent".into()
    }
}

impl Command for LetGo {
    type Response = DispatchTouchEventReturns;
}

async fn let_go(page: &Page) {
    let event = LetGo {
        r#type: DispatchTouchEventType::TouchEnd,
        touch_points: [],
    };
    page.inner.execute(event).await.expect("no touch");
}

/// Fingers that are on the screen from now on.
async fn touch(page: &Page, kind: DispatchTouchEventType, fingers: &[(f64, f64)]) {
    let points = fingers.iter().zip(0_u32..).map(|(&(x, y), id)| {
        let mut point = TouchPoint::new(x, y);
        point.id = Some(id.into());
        point
    });
    let event = DispatchTouchEventParams::new(kind, points.collect());
    page.inner.execute(event).await.expect("a touch");
}

/// Fingers that come down, go elsewhere in a few steps, rest, and let go.
async fn fingers<const N: usize>(page: &Page, from: [(f64, f64); N], to: [(f64, f64); N]) {
    touch(page, DispatchTouchEventType::TouchStart, &from).await;
    for step in 1..=8 {
        let share = f64::from(step) / 8.0;
        let mut now = from;
        for ((x, y), to) in now.iter_mut().zip(to) {
            (*x, *y) = (*x + share * (to.0 - *x), *y + share * (to.1 - *y));
        }
        touch(page, DispatchTouchEventType::TouchMove, &now).await;
    }
    // They rest, so that the picture does not go on by itself.
    page.value::<()>("new Promise(done => setTimeout(done, 150))")
        .await;
    let_go(page).await;
    settled(page).await;
}

#[tokio::test]
async fn one_finger_moves_and_two_zoom_and_turn_the_picture() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, VALLEY).await;
    fingers(&page, [(600.0, 200.0)], [(728.0, 264.0)]).await;
    // 128 and 64 pixels of 4 / 64 / 512 each.
    assert_eq!(query(&page).await, "re=-0.765625&im=0.1328125&zoom=64");

    // Four times as far from one another, about the middle of the window.
    explore(&page, &site, VALLEY).await;
    let (near, far) = (
        [(480.0, 256.0), (544.0, 256.0)],
        [(384.0, 256.0), (640.0, 256.0)],
    );
    fingers(&page, near, far).await;
    let level: f64 = page.value("tilebrot.viewer.state.place.level").await;
    assert!((level - 8.0).abs() < 1e-6, "{level}");
    looks_as_the_server_draws_it(&page, &site, "between two fingers").await;

    // A quarter of a turn, clockwise on the screen.
    explore(&page, &site, VALLEY).await;
    let corner = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        [
            (512.0 + 128.0 * cos, 256.0 + 128.0 * sin),
            (512.0 - 128.0 * cos, 256.0 - 128.0 * sin),
        ]
    };
    touch(&page, DispatchTouchEventType::TouchStart, &corner(0.0)).await;
    for step in 1..=9 {
        let angle = f64::from(step) * std::f64::consts::FRAC_PI_2 / 9.0;
        touch(&page, DispatchTouchEventType::TouchMove, &corner(angle)).await;
    }
    let_go(&page).await;
    page.until("nothing moves", "tilebrot.viewer.settled").await;
    let rotation: f64 = page.value("tilebrot.viewer.state.place.rotation").await;
    assert!((70.0..=91.0).contains(&rotation), "{rotation}");
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_box_that_is_drawn_with_shift_fills_the_window() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, VALLEY).await;
    let with_shift = async |kind, x, y| {
        let mut event = DispatchMouseEventParams::new(kind, x, y);
        (event.button, event.buttons) = (Some(MouseButton::Left), Some(1));
        (event.click_count, event.modifiers) = (Some(1), Some(8));
        page.inner.execute(event).await.expect("a mouse event");
    };
    with_shift(DispatchMouseEventType::MousePressed, 384.0, 192.0).await;
    with_shift(DispatchMouseEventType::MouseMoved, 500.0, 300.0).await;
    with_shift(DispatchMouseEventType::MouseMoved, 640.0, 320.0).await;
    page.until("the box is seen", "!document.getElementById('box').hidden")
        .await;
    with_shift(DispatchMouseEventType::MouseReleased, 640.0, 320.0).await;
    settled(&page).await;
    assert_eq!(query(&page).await, "re=-0.75&im=0.125&zoom=256");
    looks_as_the_server_draws_it(&page, &site, "what was in the box").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// Keeps what the page gives to the browser to save.
const KEEP: &str = "(() => {
    const made = URL.createObjectURL;
    URL.createObjectURL = blob => {
        blob.arrayBuffer().then(bytes => { window.saved = [...new Uint8Array(bytes)]; });
        return made.call(URL, blob);
    };
    HTMLAnchorElement.prototype.click = function () { window.savedAs = this.download; };
})()";

#[tokio::test]
async fn a_saved_picture_is_the_servers_of_the_same_view() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, &format!("{VALLEY}&palette=ocean")).await;
    page.value::<()>(KEEP).await;
    page.press("s").await;
    for (field, text) in [("width", "320"), ("height", "200"), ("samples", "2")] {
        page.fill_in(&format!("save-{field}"), text).await;
    }
    page.click("#save-form button:not([data-close])").await;
    page.until("the picture is there", "window.saved !== undefined")
        .await;
    page.until(
        "the page says so",
        "document.getElementById('save-status').innerText === 'Saved.'",
    )
    .await;
    let name: String = page.value("window.savedAs").await;
    assert_eq!(name, "mandelbrot-320x200.png");
    let saved: Vec<u8> = page.value("window.saved").await;
    let view = format!("/render.png?{VALLEY}&palette=ocean&width=320&height=200&samples=2");
    assert_eq!(crate::site::decoded(&saved), site.picture(&view).await);
    assert_eq!(page.complaints(), Vec::<String>::new());
}
