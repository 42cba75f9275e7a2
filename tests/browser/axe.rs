//! Does any page keep people out? axe-core looks at every page, with whatever opens on it, and finds no serious and no critical
//! fault. `tests/npm.sh` fetches it.

use crate::chromium::Chromium;
use crate::elsewhere::packages;
use crate::explorer::{explore, started};
use crate::page::Page;
use crate::site::{Balancer, Site};

const PLACE: &str = "re=-0.7475&im=0.1075&zoom=450&palette=0-000764_0.5-ffaa00&iterations=200";

/// What axe finds, one line for each element at fault.
const FAULTS: &str = "axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)))";

/// axe itself, which goes into the page by way of the debugger: the page's policy lets no other script in.
fn axe() -> String {
    let path = packages().join("axe-core/axe.min.js");
    std::fs::read_to_string(path).expect("axe-core is whole")
}

async fn nobody_is_kept_out(page: &Page, what: &str) {
    page.value::<()>(&format!("void (() => {{ {} }})()", axe()))
        .await;
    // A colour on its way to another is neither.
    page.until(
        "nothing is on its way",
        "document.getAnimations().every(animation => animation.playState !== 'running')",
    )
    .await;
    let faults: Vec<String> = page.value(FAULTS).await;
    assert_eq!(faults, Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn the_explorer_keeps_nobody_out_whatever_is_open() {
    let (site, _chromium, page) = started().await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        explore(&page, &site, PLACE).await;
        page.until("there is a note", "advice.checkVisibility()")
            .await;
        nobody_is_kept_out(&page, &format!("{scheme}: the picture alone")).await;
        for (key, shown) in [("p", "panel"), ("e", "editor")] {
            page.press(key).await;
            page.until(
                "it is open",
                &format!("document.getElementById('{shown}').checkVisibility()"),
            )
            .await;
            nobody_is_kept_out(&page, &format!("{scheme}: {shown}")).await;
        }
        page.keep_screenshot(&format!("explorer-all-open-{scheme}"))
            .await;
        page.press("b").await;
        for (key, dialog) in [("?", "help"), ("g", "gallery"), ("s", "save-dialog")] {
            page.value::<()>("void picture.focus()").await;
            page.press(key).await;
            let open = format!("document.getElementById('{dialog}').open");
            page.until("it is open", &open).await;
            nobody_is_kept_out(&page, &format!("{scheme}: {dialog}")).await;
            page.keep_screenshot(&format!("explorer-{dialog}-{scheme}"))
                .await;
            page.press("Escape").await;
            page.until("it is closed", &format!("!{open}")).await;
        }
    }
}

#[tokio::test]
async fn the_pages_without_the_explorer_keep_nobody_out() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        for path in [
            "/form",
            "/form?formula=julia&palette=0-000764_0.5-ffaa00",
            "/render?zoom=garbage&width=0&palette=none&fog=1",
            "/nowhere",
            "/render?width=320&height=200",
        ] {
            page.open(&format!("{}{path}", site.url)).await;
            nobody_is_kept_out(&page, &format!("{scheme}: {path}")).await;
        }
        page.until_it_says_drawn().await;
        nobody_is_kept_out(&page, &format!("{scheme}: a result that is drawn")).await;
        page.click("a[href^='/renders/']").await;
        page.until(
            "there is a report",
            "location.pathname.startsWith('/renders/') && document.readyState === 'complete'",
        )
        .await;
        nobody_is_kept_out(&page, &format!("{scheme}: a report")).await;
    }
}

#[tokio::test]
async fn the_live_page_keeps_nobody_out() {
    let site = Site::start();
    // Nobody listens on the port of `discard`.
    let balancer = Balancer::before(&[site.url.clone(), "http://127.0.0.1:9".to_owned()]);
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        page.open(&balancer.admin).await;
        page.until(
            "there are servers",
            "document.querySelectorAll('tbody tr').length >= 2",
        )
        .await;
        nobody_is_kept_out(&page, scheme).await;
    }
}

#[tokio::test]
async fn a_fault_is_found() {
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open("data:text/html,<title>t</title><main><button></button></main>")
        .await;
    page.value::<()>(&format!("void (() => {{ {} }})()", axe()))
        .await;
    let faults: Vec<String> = page.value(FAULTS).await;
    assert!(
        faults.iter().any(|fault| fault.starts_with("button-name")),
        "{faults:?}"
    );
}
