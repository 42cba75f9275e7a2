//! Does the form help: with places to begin, and when something typed cannot be used?

use crate::chromium::Chromium;
use crate::site::Site;

#[tokio::test]
async fn a_wrong_field_is_explained_beside_it() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open(&format!("{}/form", site.url)).await;
    page.fill_in("re", "-0.1234567890123456789").await;
    page.fill_in("zoom", "garbage").await;
    page.click("form > button").await;

    page.until(
        "there is an error beside the zoom",
        "location.pathname === '/render' && document.getElementById('zoom-error') !== null",
    )
    .await;
    page.keep_screenshot("wrong").await;
    let status: u16 = page
        .value("performance.getEntriesByType('navigation')[0].responseStatus")
        .await;
    assert_eq!(status, 400);
    assert_eq!(page.text_of_field("zoom").await, "garbage");
    assert_eq!(page.text_of_field("re").await, "-0.1234567890123456789");
    let error = page.text("#zoom-error").await;
    assert!(error.contains("Accepted is a decimal number"), "{error}");
    let described: String = page.value("zoom.getAttribute('aria-describedby')").await;
    assert_eq!(described, "zoom-error");
    let errors: u32 = page
        .value("document.querySelectorAll('.error').length")
        .await;
    assert_eq!(errors, 1, "the other fields are right");
    let distance: f64 = page
        .value(
            "document.getElementById('zoom-error').getBoundingClientRect().top
                - zoom.getBoundingClientRect().bottom",
        )
        .await;
    assert!((0.0..40.0).contains(&distance), "beside it: {distance}");

    page.fill_in("zoom", "1").await;
    page.fill_in("width", "120").await;
    page.fill_in("height", "80").await;
    page.click("form > button").await;
    page.until_the_picture_is_there().await;
}

#[tokio::test]
async fn a_preset_fills_the_form() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.open(&format!("{}/form", site.url)).await;
    let seed_is_shown = "document.getElementById('seed_re').checkVisibility()";
    assert!(!page.value::<bool>(seed_is_shown).await);
    page.click(".places a[href*='julia']").await;

    page.until("the form shows the place", "location.search !== ''")
        .await;
    page.until("the page is whole", "document.readyState === 'complete'")
        .await;
    page.keep_screenshot("preset").await;
    for (field, text) in [
        ("formula", "julia"),
        ("seed_re", "-0.8"),
        ("seed_im", "0.156"),
        ("re", "0"),
        ("zoom", "1.8"),
    ] {
        assert_eq!(page.text_of_field(field).await, text, "{field}");
    }
    let palette: String = page
        .value("document.querySelector('[name=palette]:checked').value")
        .await;
    assert_eq!(palette, "lagoon");
    assert!(page.value::<bool>(seed_is_shown).await);
    let whole = "document.querySelector('.glance img').naturalWidth > 0";
    page.until("there is a glance at the place", whole).await;
    assert_eq!(page.complaints(), Vec::<String>::new());
}
