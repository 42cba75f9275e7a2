//! Can everybody read and use the pages: in the dark and in the light, on a telephone, with the keyboard?

use crate::chromium::Chromium;
use crate::page::Page;
use crate::site::Site;

/// Pages of every kind.
const PAGES: [(&str, &str); 5] = [
    ("explorer", "/?re=-0.7475&im=0.1075&zoom=450"),
    ("form", "/form?formula=julia&re=0"),
    (
        "wrong-form",
        "/render?zoom=garbage&width=0&palette=none&fog=1",
    ),
    (
        "result",
        "/render?re=-0.743643887037158704752191506114774&im=0.1318&zoom=100&width=800&height=500",
    ),
    ("problem", "/nowhere"),
];

#[tokio::test]
async fn the_page_is_readable_in_dark_and_light_and_narrow() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    for scheme in ["dark", "light"] {
        page.prefer(scheme).await;
        for (width, height) in [(1280, 900), (360, 740)] {
            page.size(width, height).await;
            for (name, path) in PAGES {
                page.open(&format!("{}{path}", site.url)).await;
                let name = format!("{name}-{scheme}-{width}");
                page.keep_screenshot(&name).await;
                its_faults_are_none(&page, &name).await;
                if name.starts_with("result") {
                    page.until_it_says_drawn().await;
                    its_faults_are_none(&page, &name).await;
                    page.click("a[href^='/renders/']").await;
                    page.until(
                        "there is a report",
                        "location.pathname.startsWith('/renders/')",
                    )
                    .await;
                    page.until("it is whole", "document.readyState === 'complete'")
                        .await;
                    page.keep_screenshot(&name.replace("result", "report"))
                        .await;
                    its_faults_are_none(&page, &name).await;
                }
            }
        }
    }
}

/// Nothing sticks out, every control has a name, every text stands out from what is behind it.
async fn its_faults_are_none(page: &Page, name: &str) {
    let faults: Vec<String> = page.value(include_str!("readable.js")).await;
    assert_eq!(faults, Vec::<String>::new(), "{name}");
}

#[tokio::test]
async fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open(&format!("{}/form?width=120&height=80", site.url))
        .await;
    // From the top, each Tab goes to the next thing, up to the button that follows the fields.
    let last = "document.activeElement.matches('form > button')";
    let mut visited = Vec::new();
    while !page.value::<bool>(last).await {
        assert!(
            visited.len() < 50,
            "Tab never reaches the button: {visited:?}"
        );
        page.press("Tab").await;
        let name: String = page
            .value("document.activeElement.name || document.activeElement.innerText")
            .await;
        // What shows the focus is the element itself or, for a swatch, the label around it.
        let outlined = "[document.activeElement, document.activeElement.closest('label')]
            .filter(Boolean).map(element => getComputedStyle(element))
            .some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                && style.opacity > 0)";
        assert!(page.value::<bool>(outlined).await, "{name} shows its focus");
        visited.push(name);
    }
    for field in [
        "re",
        "im",
        "zoom",
        "rotation",
        "formula",
        "iterations",
        "width",
        "height",
        "samples",
    ] {
        assert!(
            visited.iter().any(|name| name == field),
            "{field}: {visited:?}"
        );
    }
    for field in ["palette", "colouring", "density", "offset", "interior"] {
        assert!(
            visited.iter().any(|name| name == field),
            "{field}: {visited:?}"
        );
    }
    page.press("Enter").await;
    page.until_the_picture_is_there().await;
}
