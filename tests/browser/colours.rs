//! Are the explorer's colours the server's, whoever paints them, and are they asked for no more often than needed?

use image::RgbaImage;

use crate::explorer::{
    HEIGHT, LEAST_SEEN, WIDTH, canvas, difference, explore, query, settled, started,
};
use crate::page::Page;
use crate::site::Site;

/// The mean difference of a channel: a byte now and then, by the rounding of floats. Where the page knows less than the server, more.
const ROUNDING: f64 = 0.1;

/// Places on corners of tiles, at zooms that are powers of two: there a pixel of the window is a pixel of a tile.
const PLACES: [(&str, &str); 6] = [
    (
        "the set and what is outside of the root",
        "re=-0.5&im=0&zoom=1",
    ),
    ("the seahorses", "re=-0.75&im=0.125&zoom=64"),
    (
        "a deep dendrite",
        "re=0&im=1&zoom=4.676805239459e49&iterations=3000",
    ),
    (
        "a multibrot",
        "re=0.5&im=0.5&zoom=4&formula=multibrot&power=4",
    ),
    (
        "a julia set",
        "re=0.5&im=0.5&zoom=2&formula=julia&seed_re=-0.8&seed_im=0.156",
    ),
    (
        "a burning ship",
        "re=-1.75&im=0&zoom=16&formula=burning_ship",
    ),
];

async fn of_the_server(page: &Page, site: &Site) -> RgbaImage {
    let query = query(page).await;
    let path = format!("/render.png?{query}&width={WIDTH}&height={HEIGHT}");
    site.picture(&path).await
}

#[tokio::test]
async fn every_colouring_has_the_servers_colours() {
    let (site, _chromium, page) = started().await;
    let mut seen = Vec::new();
    for (what, place) in PLACES {
        for colouring in ["smooth", "bands", "histogram", "distance", "slope"] {
            explore(&page, &site, &format!("{place}&colouring={colouring}")).await;
            let differs = difference(&canvas(&page).await, &of_the_server(&page, &site).await);
            println!("{what}, {colouring}: {differs}");
            seen.push((what, colouring, differs));
        }
    }
    page.keep_screenshot("colours").await;
    for (what, colouring, differs) in seen {
        let most = if colouring == "histogram" {
            LEAST_SEEN
        } else {
            ROUNDING
        };
        assert!(differs < most, "{what}, {colouring}: {differs}");
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn slopes_are_lit_as_the_servers_are_when_the_view_is_turned() {
    let (site, _chromium, page) = started().await;
    for degrees in [90, -30, 180] {
        let place = format!("re=0.5&im=0.6&zoom=8&rotation={degrees}&colouring=slope");
        explore(&page, &site, &place).await;
        let differs = difference(&canvas(&page).await, &of_the_server(&page, &site).await);
        println!("{degrees} degrees: {differs}");
        assert!(differs < LEAST_SEEN, "{degrees} degrees: {differs}");
    }
    page.keep_screenshot("colours-turned").await;
}

/// Requests for the window's tiles so far: all of them, and those for numbers beside the counts. The overview has the root.
async fn requests(page: &Page) -> (usize, usize) {
    let asked: Vec<String> = page
        .value("performance.getEntriesByType('resource').map(({ name }) => name).filter(name => name.includes('/tiles/') && !name.includes('/0/0/0.npy'))")
        .await;
    let further = asked.iter().filter(|url| url.contains("field=")).count();
    (asked.len(), further)
}

async fn recolour(page: &Page, change: &str) {
    let colours = format!("{{ ...tilebrot.viewer.state.colours, {change} }}");
    page.value::<()>(&format!("tilebrot.viewer.recolour({colours})"))
        .await;
    settled(page).await;
}

#[tokio::test]
async fn what_a_colouring_needs_is_asked_for_when_it_is_chosen_and_then_no_more() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64").await;
    let there = "tilebrot.viewer.tiles.busy === 0";
    page.until("what lies around is there too", there).await;
    let (counts, further) = requests(&page).await;
    assert!(counts > 0 && further == 0, "{counts} {further}");
    let mut before = canvas(&page).await;
    for (turn, (colouring, field)) in [
        ("slope", "direction"),
        ("distance", "distance"),
        ("bands", "iterations"),
    ]
    .into_iter()
    .enumerate()
    {
        let (asked, _) = requests(&page).await;
        recolour(&page, &format!("colouring: '{colouring}'")).await;
        page.until("what lies around is there too", there).await;
        let (all, _) = requests(&page).await;
        assert_eq!(all - asked, counts, "{field}: one for each tile");
        for change in [
            "palette: 'ocean'".to_owned(),
            format!("density: 1.{turn}5"),
            format!("offset: 0.{turn}5"),
            format!("interior: '#{turn}03040'"),
            "palette: 'dusk'".to_owned(),
        ] {
            recolour(&page, &change).await;
            let now = canvas(&page).await;
            assert!(difference(&before, &now) > 0.0, "{colouring}, {change}");
            before = now;
        }
        let differs = difference(&before, &of_the_server(&page, &site).await);
        assert!(differs < ROUNDING, "{colouring}: {differs}");
        assert_eq!(requests(&page).await.0, all, "{colouring}: nothing more");
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// Pixels of tiles as they are, and others between them; turned, and not.
const VIEWS: [&str; 6] = [
    "re=-0.75&im=0.125&zoom=64",
    "re=-0.5&im=0&zoom=1.1&colouring=bands&palette=ocean",
    "re=-0.75&im=0.125&zoom=50&colouring=histogram&density=2",
    "re=-0.75&im=0.125&zoom=50&colouring=distance&offset=0.3",
    "re=-0.75&im=0.125&zoom=64&colouring=slope&interior=%23804020",
    "re=-0.75&im=0.35&zoom=9&rotation=-30&colouring=slope",
];
const LEAST_BETWEEN_PAINTERS: f64 = 0.4;

async fn painter(page: &Page) -> String {
    page.value("tilebrot.viewer.painter.name").await
}

#[tokio::test]
async fn both_painters_paint_the_same_picture() {
    let (site, _chromium, page) = started().await;
    for view in VIEWS {
        let mut pictures = Vec::new();
        for name in ["canvas", "webgl"] {
            explore(&page, &site, &format!("{view}&painter={name}")).await;
            assert_eq!(painter(&page).await, name);
            pictures.push(canvas(&page).await);
            assert!(!query(&page).await.contains("painter"), "no link has it");
        }
        page.keep_screenshot(&format!("painters-{}", view.len()))
            .await;
        let differs = difference(&pictures[0], &pictures[1]);
        println!("{view}: {differs}");
        assert!(differs < LEAST_BETWEEN_PAINTERS, "{view}: {differs}");
    }
}

#[tokio::test]
async fn the_picture_outlives_the_graphics_processor() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "re=-0.75&im=0.125&zoom=64&painter=webgl").await;
    let before = canvas(&page).await;
    page.value::<()>("void (window.loss = tilebrot.viewer.painter.webgl.gl.getExtension('WEBGL_lose_context')).loseContext()").await;
    page.until(
        "the page paints itself",
        "tilebrot.viewer.painter.name === 'canvas'",
    )
    .await;
    settled(&page).await;
    assert!(difference(&before, &canvas(&page).await) < LEAST_BETWEEN_PAINTERS);
    page.value::<()>("tilebrot.viewer.pan(256, 0)").await;
    settled(&page).await;
    let moved = canvas(&page).await;
    assert!(difference(&before, &moved) > LEAST_SEEN);
    page.value::<()>("loss.restoreContext()").await;
    page.until(
        "the processor is back",
        "tilebrot.viewer.painter.name === 'webgl'",
    )
    .await;
    settled(&page).await;
    assert!(difference(&moved, &canvas(&page).await) < LEAST_BETWEEN_PAINTERS);
}

#[tokio::test]
async fn the_tint_of_a_worker_ends_where_another_tile_covers_its_own() {
    let (site, _chromium, page) = started().await;
    explore(&page, &site, "").await;
    // A coarse tile of 100 pixels, a finer one over its right half, which this page made itself.
    let opacities: [u8; 3] = page
        .value(
            "import('/static/explorer/tint.js').then(({ Tint }) => {
                const context = new OffscreenCanvas(100, 100).getContext('2d');
                const laid = (worker, wanted, left, right) =>
                    ({ tile: { worker, milliseconds: 1 }, wanted, left, top: -50, right, bottom: 50 });
                new Tint().draw(context, [laid('worker-1', false, -50, 50), laid('', true, 0, 50)], 0);
                return [[10, 20], [40, 80], [75, 50]].map(([x, y]) => context.getImageData(x, y, 1, 1).data[3]);
            })",
        )
        .await;
    assert!(
        opacities[0] > 0 && opacities[0] == opacities[1],
        "no name on what is about to be covered: {opacities:?}"
    );
    assert_eq!(opacities[2], 0, "nor a tint of what is not seen");
}
