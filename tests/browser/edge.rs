//! What does somebody see whom the balancer does not let through? A visitor its place in the waiting room, until it is that
//! one's turn; who asks too often that it is too often; and the operator who is banned, and how to end that.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::network::GetCookiesParams;

use crate::chromium::Chromium;
use crate::page::Page;
use crate::site::{Balancer, Site};

/// The waiting page's place.
const PLACE: &str = "document.getElementById('place')?.innerText";
/// Whether the page is the site's own.
const INSIDE: &str = "document.title.includes('Tilebrot')";

/// Settings of a balancer before one site, with `listener` in its listener's part.
fn settings(site: &Site, listener: &str) -> String {
    format!(
        "admin = \"127.0.0.1:0\"\n\n[[listener]]\naddress = \"127.0.0.1:0\"\npool = \"site\"\n{listener}\n\n\
         [[pool]]\nname = \"site\"\nservers = [{:?}]\n",
        site.url
    )
}

/// Who the visitor is by the waiting room's ticket, which scripts cannot read. The rest of it says when it was seen last.
async fn ticket(page: &Page) -> String {
    let cookies = page.inner.execute(GetCookiesParams::default()).await;
    let cookies = &cookies.expect("cookies").result.cookies;
    assert_eq!(cookies.len(), 1, "one ticket: {cookies:?}");
    assert!(cookies[0].http_only);
    let words: Vec<&str> = cookies[0].value.split('.').take(3).collect();
    assert_eq!((words.len(), words[0]), (3, "w"), "it waits: {words:?}");
    words.join(".")
}

/// Marks the page, so that the one that takes its place is known by lacking it.
async fn mark(page: &Page) {
    page.value::<()>("void (window.before = true)").await;
}

async fn until_renewed(page: &Page) {
    page.until(
        "the page renews itself",
        "document.readyState === 'complete' && window.before === undefined",
    )
    .await;
}

#[tokio::test]
async fn visitors_wait_on_a_page_that_renews_itself_until_it_is_their_turn() {
    let site = Site::start();
    // A profile is a person with cookies of its own: three browsers are three visitors.
    let (inside, first, second) = (
        Chromium::start().await,
        Chromium::start().await,
        Chromium::start().await,
    );
    let room = "waiting_room = { active = 1, session = \"8s\", refresh = \"1s\" }";
    let balancer = Balancer::with(&inside.folder("settings"), &settings(&site, room));
    let visitor = inside.page().await;
    visitor.open(&balancer.url).await;
    // Until the site's first probe has passed it waits, too.
    visitor.until("there is room for one", INSIDE).await;
    // Somebody inside who goes on looking stays there.
    visitor
        .value::<()>("void setInterval(() => fetch('/livez'), 500)")
        .await;

    let (one, two) = (first.page().await, second.page().await);
    one.open(&balancer.url).await;
    one.until("the first waits", &format!("{PLACE} === '1'"))
        .await;
    two.open(&balancer.url).await;
    two.until("the second waits", &format!("{PLACE} === '2'"))
        .await;
    assert_eq!(two.text("h1").await, "Please wait");
    assert_ne!(two.text("#wait").await, "");
    two.keep_screenshot("waiting-room").await;
    for page in [&one, &two] {
        let faults: Vec<String> = page.value(include_str!("readable.js")).await;
        assert_eq!(faults, Vec::<String>::new());
    }

    let before = ticket(&two).await;
    for _ in 0..3 {
        mark(&two).await;
        until_renewed(&two).await;
        assert_eq!(two.value::<String>(PLACE).await, "2");
    }
    assert_eq!(ticket(&two).await, before, "it is the same visitor");

    // The one inside leaves; after its session the first has its turn, and only then the second.
    visitor.open("about:blank").await;
    one.until("it is the first one's turn", INSIDE).await;
    two.until("the second has moved up", &format!("{PLACE} === '1'"))
        .await;
    one.open("about:blank").await;
    two.until("it is the second one's turn", INSIDE).await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_and_a_ban_is_seen_and_lifted_on_the_live_page() {
    let site = Site::start();
    let chromium = Chromium::start().await;
    let rate = "rate = { requests = 2, burst = 20, ban_after = 5 }";
    let balancer = Balancer::with(&chromium.folder("settings"), &settings(&site, rate));
    let (visitor, operator) = (chromium.page().await, chromium.page().await);
    operator.open(&balancer.admin).await;
    operator
        .until(
            "the site is up",
            "document.querySelector('.state')?.innerText === 'up'",
        )
        .await;
    let banned = "document.getElementById('bans').innerText.includes('127.0.0.1')";
    assert!(
        !operator
            .value::<bool>("document.getElementById('bans').checkVisibility()")
            .await
    );

    visitor.open(&format!("{}/livez", balancer.url)).await;
    // What a page in a hurry does; the titles of what it is told.
    let answers: Vec<String> = visitor
        .value(
            "(async () => {
                 const told = [];
                 while (told.at(-1) !== '429 Banned') {
                     const answer = await fetch('/livez');
                     const title = answer.status === 429 ? (await answer.json()).title : '';
                     told.push(`${answer.status} ${title}`.trim());
                     if (answer.status === 429 && !(answer.headers.get('retry-after') > 0)) told.push('no Retry-After');
                 }
                 return told;
             })()",
        )
        .await;
    assert_eq!(answers[0], "200");
    let refused = answers
        .iter()
        .filter(|told| *told == "429 Too many requests");
    assert_eq!(refused.count(), 5, "{answers:?}");
    visitor.open(&format!("{}/livez", balancer.url)).await;
    let shown = visitor.text("body").await;
    assert!(shown.contains("Banned") && shown.contains("429"), "{shown}");

    operator.until("the ban is shown", banned).await;
    operator.keep_screenshot("live-banned").await;
    let faults: Vec<String> = operator.value(include_str!("readable.js")).await;
    assert_eq!(faults, Vec::<String>::new());
    operator.click("#bans button").await;
    operator
        .until("nobody is banned any more", &format!("!({banned})"))
        .await;
    let mut shown = String::new();
    while !shown.contains("alive") {
        // As `Retry-After` says.
        tokio::time::sleep(Duration::from_secs(1)).await;
        visitor.open(&format!("{}/livez", balancer.url)).await;
        shown = visitor.text("body").await;
        assert!(!shown.contains("Banned"), "{shown}");
    }
    assert_eq!(operator.complaints(), Vec::<String>::new());
}
