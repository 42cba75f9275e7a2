//! Does a file that is dropped, or chosen by hand, open the place that it names?

use crate::explorer::{
    LEAST_SEEN, canvas, difference, explore, looks_as_the_server_draws_it, query, settled, started,
};
use crate::page::Page;

/// Makes `take(file)` the way that a file comes to the page.
const DROP: &str = "window.take = file => {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    dispatchEvent(new DragEvent('dragenter', { dataTransfer: transfer }));
    dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
}";
const CHOOSE: &str = "window.take = file => {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    const chooser = document.getElementById('open-file');
    chooser.files = transfer.files;
    chooser.dispatchEvent(new Event('change'));
}";

async fn take(page: &Page, way: &str, name: &str, text: &str) {
    page.value::<()>(&format!(
        "void ({way}, take(new File([{text:?}], {name:?})))"
    ))
    .await;
}

async fn says(page: &Page, part: &str) {
    let told = format!("said.checkVisibility() && said.innerText.includes({part:?})");
    page.until(&format!("the page says {part:?}"), &told).await;
}

#[tokio::test]
async fn a_picture_leads_back_to_its_place_formula_and_colours() {
    let (site, _chromium, page) = started().await;
    let view = "re=0.25&im=-0.125&zoom=2&iterations=700&formula=julia&seed_re=-0.79\
        &seed_im=0.15&palette=0-000764_0.3-206bcb_0.7-ffaa00&density=1.5&offset=0.25&interior=%23102030";
    for way in [DROP, CHOOSE] {
        explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
        page.value::<()>(&format!(
            "fetch('/render.png?{view}&width=120&height=60&samples=2').then(answer => answer.blob())
                .then(blob => ({way}, take(new File([blob], 'poster.png'))))"
        ))
        .await;
        page.until("the place is open", "location.search.includes('julia')")
            .await;
        settled(&page).await;
        assert_eq!(query(&page).await, view);
        looks_as_the_server_draws_it(&page, &site, "the picture's place").await;
        assert!(page.value::<bool>("drop.hidden").await);
        page.click("#undo").await;
        settled(&page).await;
        assert_eq!(query(&page).await, "re=-0.75&im=0.125&zoom=64");
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_deep_picture_leads_back_to_every_digit() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let view = "re=-1.94027658588345321091739528561871158285329803755715228746270703125\
        &im=-0.00015063432290237573328275931307447270339596507504722367456943365\
        &zoom=1.36112946768e39&rotation=-20.5&iterations=9450";
    page.value::<()>(&format!(
        "fetch('/render.png?{view}&width=30&height=20').then(answer => answer.blob())
            .then(blob => ({DROP}, take(new File([blob], 'deep.png'))))"
    ))
    .await;
    page.until("the place is open", "location.search.includes('e39')")
        .await;
    assert_eq!(query(&page).await, view);
}

#[tokio::test]
async fn locations_of_other_programs_open_and_all_else_is_told() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let kfr = "Re: -1.25066\r\nIm: 0.02012\r\nZoom: 2.000E+003\r\nIterations: 1500\r\n";
    let toml = "program = 'fraktaler-3'\nlocation.real = \"-1.7548776662466927\"\nlocation.imag = \"0\"\nlocation.zoom = \"1.3e2\"\n";
    for (name, text, expected) in [
        (
            "valley.kfr",
            kfr,
            "re=-1.25066&im=0.02012&zoom=2.000e003&iterations=1500",
        ),
        ("needle.toml", toml, "re=-1.7548776662466927&zoom=1.3e2"),
    ] {
        take(&page, DROP, name, text).await;
        settled(&page).await;
        let there = format!("(tilebrot.rest(), location.search === '?{expected}')");
        page.until(&format!("{name} is open: {expected}"), &there)
            .await;
    }
    let before = query(&page).await;
    for (name, text, told) in [
        (
            "letter.toml",
            "Dear all",
            "letter.toml: this file names no place. Accepted are PNGs that",
        ),
        (
            "bad.gpl",
            "GIMP Palette",
            "accepted are .map, .gpl, .ugr and .json files of at least two colours",
        ),
        ("bad.json", "{", "accepted is { stops: ["),
    ] {
        take(&page, CHOOSE, name, text).await;
        says(&page, told).await;
    }
    // What lies around the window may come after all that is seen.
    page.until("nothing more comes", "tilebrot.viewer.tiles.busy === 0")
        .await;
    settled(&page).await;
    // A picture of another program: the canvas's own PNG.
    let picture = canvas(&page).await;
    page.value::<()>(&format!(
        "new Promise(done => picture.toBlob(done)).then(blob => ({DROP}, take(new File([blob], 'other.png'))))"
    ))
    .await;
    says(&page, "other.png: this PNG does not say what it shows").await;
    page.keep_screenshot("explorer-other-png").await;
    assert_eq!(query(&page).await, before);
    let differs = difference(&canvas(&page).await, &picture);
    assert!(differs < LEAST_SEEN, "{differs}");
    assert_eq!(page.complaints(), Vec::<String>::new());
}
