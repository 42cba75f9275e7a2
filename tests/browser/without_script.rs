//! What is left without JavaScript? The form, the picture, and a report of who drew it.

use crate::chromium::Chromium;
use crate::site::Site;

#[tokio::test]
async fn without_javascript_there_is_a_picture_and_a_report() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let page = chromium.page().await;
    page.disable_scripts().await;
    // The explorer needs scripts, and sends whoever has none to the form.
    page.open(&site.url).await;
    page.until(
        "the form is there, and nothing of it moves any more",
        "location.pathname === '/form' && document.readyState === 'complete'",
    )
    .await;
    for (field, text) in [("width", "600"), ("height", "400"), ("iterations", "200")] {
        page.fill_in(field, text).await;
    }
    page.click("form > button").await;

    page.until_the_picture_is_there().await;
    page.keep_screenshot("result-without-script").await;
    let status = page.text("#status").await;
    assert!(!status.starts_with("Drawn"), "no script ran: {status}");
    let (left, top): (u32, u32) = page
        .value("(({ left, top }) => [left, top].map(Math.round))(picture.getBoundingClientRect())")
        .await;
    let picture = site
        .picture("/render.png?width=600&height=400&iterations=200")
        .await;
    let seen = page.seen().await;
    for (x, y) in [(300, 200), (100, 100), (500, 300), (450, 50), (20, 380)] {
        let expected = picture.get_pixel(x, y);
        assert_eq!(seen.get_pixel(left + x, top + y), expected, "at {x}, {y}");
    }

    page.click("noscript a").await;
    page.until(
        "the report says that the picture is finished",
        "location.pathname.startsWith('/renders/') && document.body.innerText.includes('Finished')",
    )
    .await;
    page.keep_screenshot("report").await;
    let facts = page.text(".facts").await;
    let seconds = facts.lines().skip_while(|line| *line != "Time").nth(1);
    let seconds = seconds.and_then(|text| text.strip_suffix(" s")?.parse::<f64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0.0), "{facts}");
    let rows: Vec<u32> = page
        .value("[...document.querySelectorAll('#workers tr')].map(row => +row.cells[2].innerText)")
        .await;
    assert_eq!(rows.len(), 2, "two workers");
    assert_eq!(rows.iter().sum::<u32>(), 400);
}
