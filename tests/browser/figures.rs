//! How smooth is the explorer, and how soon is there a picture? What these print is for docs/explorer.md, on a machine that does nothing else:
//! `cargo test -p browser-tests -- --ignored --nocapture --test-threads 1 figures`.

use chromiumoxide::cdp::browser_protocol::network::ClearBrowserCacheParams;

use crate::chromium::Chromium;
use crate::explorer::{explore, started};
use crate::page::Page;
use crate::site::Site;

/// Gaps between frames while something happens in each of them for six seconds: their number, median, 95th percentile and maximum.
async fn gaps(page: &Page, act: &str) -> (usize, f64, f64, f64) {
    let gaps: Vec<f64> = page
        .value(&format!(
            "new Promise(done => {{
                const gaps = [];
                let [first, last] = [0, 0];
                const frame = now => {{
                    if (last) gaps.push(now - last);
                    first ||= now;
                    last = now;
                    if (now - first > 6000) {{ done(gaps); return; }}
                    {act};
                    requestAnimationFrame(frame);
                }};
                requestAnimationFrame(frame);
            }})"
        ))
        .await;
    let mut sorted = gaps;
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    (sorted.len(), at(0.5), at(0.95), at(1.0))
}

#[tokio::test]
#[ignore = "prints figures"]
async fn figures_of_frames() {
    let (site, _chromium, page) = started().await;
    let all = ["smooth", "histogram", "slope"];
    for (painter, colourings) in [("canvas", &all[..]), ("webgl", &all[..1])] {
        for colouring in colourings {
            let place =
                format!("re=-0.75&im=0.125&zoom=64&colouring={colouring}&painter={painter}");
            for (what, act) in [
                (
                    "pan",
                    "tilebrot.viewer.pan(5 * Math.sin(now / 700), 3 * Math.cos(now / 900))",
                ),
                ("fly on", "tilebrot.viewer.pan(4, 1)"),
                (
                    "density",
                    "tilebrot.viewer.recolour({ ...tilebrot.viewer.state.colours, density: 1 + now % 1000 / 1000 })",
                ),
            ] {
                explore(&page, &site, &place).await;
                let (frames, median, p95, most) = gaps(&page, act).await;
                println!(
                    "{painter}, {colouring}, {what}: {frames} frames, median {median:.1} ms, p95 {p95:.1} ms, longest {most:.1} ms"
                );
            }
        }
    }
}

#[tokio::test]
#[ignore = "prints figures"]
async fn figures_of_a_cold_page() {
    let site = Site::start();
    let mut seen: Vec<[f64; 4]> = Vec::new();
    for _ in 0..12 {
        // Another browser, so that it has nothing; the server has done it before.
        let chromium = Chromium::start().await;
        let page = chromium.page().await;
        page.inner
            .execute(ClearBrowserCacheParams::default())
            .await
            .expect("no cache");
        page.size(1280, 720).await;
        page.open(&site.url).await;
        page.until(
            "there is a picture",
            "performance.getEntriesByName('whole picture').length > 0",
        )
        .await;
        seen.push(
            page.value(
                "(mark => [mark('begun'), mark('first tile'), mark('whole picture'),
                    performance.getEntriesByType('navigation')[0].responseEnd])(name => performance.getEntriesByName(name)[0]?.startTime ?? 0)",
            )
            .await,
        );
    }
    let cold = seen.remove(0);
    println!("the server's first: {cold:.0?}");
    let mut totals = seen.clone();
    for (at, what) in [
        "drawing begun",
        "first tile",
        "whole picture",
        "page loaded",
    ]
    .iter()
    .enumerate()
    {
        totals.sort_by(|a, b| a[at].total_cmp(&b[at]));
        println!(
            "{what}: median {:.0} ms, longest {:.0} ms",
            totals[totals.len() / 2][at],
            totals[totals.len() - 1][at]
        );
    }
}
