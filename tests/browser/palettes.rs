//! Can a person make a palette, and is it everywhere that the view is: on the page, in the link, in the server's pictures, after a
//! reload, in files?

use chromiumoxide::cdp::browser_protocol::input::DispatchMouseEventType;

use crate::explorer::{
    LEAST_SEEN, canvas, difference, explore, looks_as_the_server_draws_it, mouse, query, settled,
    started,
};
use crate::page::Page;

const PLACE: &str = "re=-0.75&im=0.125&zoom=64";
/// A name and a position of the editor's stop in hand.
const STOP: &str =
    "(stop => [stop.ariaLabel, stop.ariaValueNow].join(' at '))(document.getElementById('stop'))";

/// Types a key while the stop in hand has the focus.
async fn key(page: &Page, key: &str) {
    page.value::<()>("void document.getElementById('stop').focus()")
        .await;
    page.press(key).await;
}

async fn is_in_hand(page: &Page, expected: &str) {
    page.until(
        &format!("{expected} is in hand"),
        &format!("{STOP} === {expected:?}"),
    )
    .await;
}

/// The middle of an element, moved along it by a share of its width.
async fn at(page: &Page, selector: &str, share: f64) -> (f64, f64) {
    page.value(&format!(
        "(({{ left, top, width, height }}) => [left + {share} * width, top + height / 2])
            (document.querySelector({selector:?}).getBoundingClientRect())"
    ))
    .await
}

/// Takes what is in an element from one share of its width to another.
async fn drag(page: &Page, selector: &str, from: f64, to: f64) {
    let (from, to) = (at(page, selector, from).await, at(page, selector, to).await);
    for (kind, (x, y)) in [
        (DispatchMouseEventType::MousePressed, from),
        (DispatchMouseEventType::MouseMoved, to),
        (DispatchMouseEventType::MouseReleased, to),
    ] {
        mouse(page, kind, x, y, 0.0).await;
    }
}

#[tokio::test]
async fn a_palette_is_made_by_keyboard_and_pointer_and_every_picture_has_it() {
    let (site, _chromium, page) = started().await;
    explore(
        &page,
        &site,
        &format!("{PLACE}&palette=0-000764_0.5-ffaa00"),
    )
    .await;
    page.until(
        "what lies around is there too",
        "tilebrot.viewer.tiles.busy === 0",
    )
    .await;
    page.press("e").await;
    is_in_hand(&page, "Stop 1 of 2 at 0").await;
    let requests = "performance.getEntriesByType('resource').filter(({ name }) => !name.includes('/cluster')).length";
    let asked: u32 = page.value(requests).await;
    let before = canvas(&page).await;

    key(&page, "Insert").await;
    is_in_hand(&page, "Stop 2 of 3 at 0.25").await;
    key(&page, "ArrowRight").await;
    is_in_hand(&page, "Stop 2 of 3 at 0.26").await;
    page.value::<()>(
        "void (document.getElementById('stop-colour').value = '#00ff80',
            document.getElementById('stop-colour').dispatchEvent(new Event('input')))",
    )
    .await;
    settled(&page).await;
    assert!(difference(&before, &canvas(&page).await) > LEAST_SEEN);
    assert_eq!(
        query(&page).await,
        format!("{PLACE}&palette=0-000764_0.26-00ff80_0.5-ffaa00")
    );
    looks_as_the_server_draws_it(&page, &site, "a stop by keyboard").await;

    // A press on the bar is a new stop, which the pointer takes along.
    drag(&page, "#gradient", 0.75, 0.8).await;
    is_in_hand(&page, "Stop 4 of 4 at 0.8").await;
    drag(&page, "#stops", 0.26, 0.1).await;
    is_in_hand(&page, "Stop 2 of 4 at 0.1").await;
    // No further than the next stop.
    drag(&page, "#stops", 0.1, 0.9).await;
    is_in_hand(&page, "Stop 2 of 4 at 0.5").await;
    key(&page, "PageDown").await;
    key(&page, "Delete").await;
    is_in_hand(&page, "Stop 2 of 3 at 0.5").await;
    settled(&page).await;
    looks_as_the_server_draws_it(&page, &site, "stops by pointer").await;
    assert_eq!(
        page.value::<u32>(requests).await,
        asked,
        "nobody was asked for anything"
    );
    page.keep_screenshot("explorer-editor").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_kept_palette_survives_a_reload_and_can_be_deleted() {
    let (site, _chromium, page) = started().await;
    explore(
        &page,
        &site,
        &format!("{PLACE}&palette=0-000764_0.5-ffaa00"),
    )
    .await;
    page.press("e").await;
    page.fill_in("palette-name", "Evening").await;
    page.click("#palette-keep").await;
    let kept = "document.querySelector('#palettes [aria-label=Evening]')";
    page.until("it is among the palettes", &format!("{kept}?.checked"))
        .await;
    explore(&page, &site, PLACE).await;
    page.press("p").await;
    assert!(!page.value::<bool>(&format!("{kept}.checked")).await);
    page.value::<()>(&format!("void {kept}.click()")).await;
    settled(&page).await;
    assert_eq!(
        query(&page).await,
        format!("{PLACE}&palette=0-000764_0.5-ffaa00")
    );
    page.click("#edit").await;
    page.click("#palette-delete").await;
    page.until("it is gone", &format!("{kept} === null")).await;
    explore(&page, &site, PLACE).await;
    page.press("p").await;
    assert!(page.value::<bool>(&format!("{kept} === null")).await);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_palette_goes_out_as_a_file_of_every_kind_and_comes_back() {
    let (site, _chromium, page) = started().await;
    let own = "0-000764_0.25-206bcb_0.5-edffff_0.75-ffaa00";
    explore(&page, &site, &format!("{PLACE}&palette={own}")).await;
    let before = canvas(&page).await;
    for kind in ["json", "ugr", "map", "gpl"] {
        page.value::<()>(&format!(
            "Promise.all(['palettefiles', 'stops'].map(name => import(`/static/explorer/${{name}}.js`)))
                .then(([{{ writePalette }}, {{ parseStops }}]) => {{
                    const transfer = new DataTransfer();
                    transfer.items.add(new File([writePalette('{kind}', 'Evening', parseStops('{own}'))], 'evening.{kind}'));
                    const field = document.getElementById('import-palette');
                    document.querySelector('#palettes [value=grey]').click();
                    field.files = transfer.files;
                    field.dispatchEvent(new Event('change'));
                }})"
        ))
        .await;
        page.until(
            "the file colours the picture",
            &format!("said.innerText.startsWith('evening.{kind} colours the picture') && !location.search.includes('grey')"),
        )
        .await;
        settled(&page).await;
        let differs = difference(&before, &canvas(&page).await);
        assert!(differs < LEAST_SEEN, "{kind}: {differs}");
        let stops: usize = page
            .value("new URLSearchParams(location.search).get('palette').split('_').length")
            .await;
        assert!((4..=32).contains(&stops), "{kind}: {stops} stops");
        if ["json", "ugr"].contains(&kind) {
            assert_eq!(query(&page).await, format!("{PLACE}&palette={own}"));
        }
        page.value::<()>("void (said.innerText = '')").await;
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}
