//! How often is a tile drawn? Once for all who want it, while anybody does, and never for whom it was kept.

use crate::harness::{Answer, Site, Workers, until};
use crate::tiles::{ask, metric, plain, site};

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_is_drawn_once_and_who_has_it_is_told_so_without_drawing() {
    let site = site().await;
    let path = "/tiles/v1/3/4/5.png?palette=ocean";
    let first = ask(&site, path, &[]).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = first.bytes().await.unwrap();
    let again = ask(&site, path, &[]).await;
    assert_eq!(
        again.headers()["cache-status"],
        "tilebrot; hit; detail=memory"
    );
    assert_eq!(again.headers()["x-iterations"], "777");
    assert!(again.headers().get("server-timing").is_none());
    assert_eq!(again.bytes().await.unwrap(), bytes);
    // The same look in other words is the same tile.
    let other = ask(
        &site,
        "/tiles/v1/3/4/5.png?iterations=auto&palette=ocean",
        &[],
    )
    .await;
    assert_eq!(other.headers()["etag"], tag.as_str());
    assert_eq!(site.workers.asked(), 1);
    assert_eq!(
        metric(
            &site,
            "tilebrot_tile_cache_requests_total{outcome=\"memory\"}"
        )
        .await,
        2
    );
    assert_eq!(
        metric(
            &site,
            "tilebrot_tile_cache_requests_total{outcome=\"drawn\"}"
        )
        .await,
        1
    );

    // Another frontend, which has never drawn it.
    let site = self::site().await;
    let known = ask(
        &site,
        path,
        &[("if-none-match", &format!("\"x\", W/{tag}"))],
    )
    .await;
    assert_eq!(known.status(), 304);
    assert_eq!(known.headers()["etag"], tag.as_str());
    assert!(known.headers().contains_key("cache-control"));
    assert_eq!(known.bytes().await.unwrap().len(), 0);
    let head = plain().head(site.url(path)).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["etag"], tag.as_str());
    assert!(head.headers().get("content-length").is_none());
    assert_eq!(site.workers.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_a_tile_at_once_have_it_drawn_once_and_as_urgently_as_the_first_says() {
    let site = Site::start(Workers::that(|_, _| Answer::Held).await).await;
    let url = site.url("/tiles/v1/2/1/1.png");
    let ask = || {
        let request = plain().get(&url).header("priority", "u=1, i");
        tokio::spawn(async move { request.send().await.unwrap() })
    };
    let first = ask();
    until("the worker is asked", async || {
        site.workers.in_flight() == 1
    })
    .await;
    let others: Vec<_> = (0..5).map(|_| ask()).collect();
    until("all of them wait", async || {
        metric(&site, "tilebrot_tile_cache_waiting").await == 6
    })
    .await;
    // Who left before it came takes nothing from the others.
    first.abort();
    until("the first has left", async || {
        metric(&site, "tilebrot_tile_cache_waiting").await == 5
    })
    .await;
    site.workers.release();
    for other in others {
        let answer = other.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(!answer.bytes().await.unwrap().is_empty());
    }
    assert_eq!(
        *site.workers.log.priorities.lock().unwrap(),
        [Some("u=1".to_owned())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_stops_when_everybody_has_left() {
    let site = Site::start(Workers::that(|_, _| Answer::Frozen).await).await;
    let request = plain().get(site.url("/tiles/v1/2/1/1.png"));
    let asking = tokio::spawn(async move { request.send().await });
    until("the worker is asked", async || {
        site.workers.in_flight() == 1
    })
    .await;
    asking.abort();
    until("the worker is left", async || site.workers.in_flight() == 0).await;
    assert_eq!(site.workers.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_fails_comes_from_the_next_try_and_a_refusal_is_passed_on() {
    let rule = |_: &protocol::TileRequest, earlier| match earlier {
        0 => Answer::Busy,
        1 => Answer::Broken,
        _ => Answer::Band,
    };
    let site = Site::start(Workers::that(rule).await).await;
    let answer = ask(&site, "/tiles/v1/0/0/0.png", &[]).await;
    assert_eq!(answer.status(), 200);
    assert!(image::load_from_memory(&answer.bytes().await.unwrap()).is_ok());
    assert_eq!(site.workers.asked(), 3);

    let site = Site::start(Workers::that(|_, _| Answer::Refused).await).await;
    let answer = ask(&site, "/tiles/v1/0/0/0.png", &[]).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(site.workers.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_in_a_folder_are_there_when_the_frontend_comes_back() {
    let folder = std::env::temp_dir().join(format!("tilebrot-tiles-{}", std::process::id()));
    let start = async || {
        let workers = Workers::start().await;
        Site::with(workers, |settings| {
            settings.tile_cache_folder = Some(folder.clone())
        })
        .await
    };
    let path = "/tiles/v1/5/9/9.npy";
    let first = start().await;
    let drawn = ask(&first, path, &[]).await.bytes().await.unwrap();
    until("it is written", async || {
        metric(&first, "tilebrot_tile_cache_disk_bytes").await > 0
    })
    .await;
    drop(first);
    let second = start().await;
    let found = ask(&second, path, &[]).await;
    assert_eq!(
        found.headers()["cache-status"],
        "tilebrot; hit; detail=disk"
    );
    assert_eq!(found.headers()["x-iterations"], "777");
    assert_eq!(found.bytes().await.unwrap(), drawn);
    assert_eq!(second.workers.asked(), 0);
    let again = ask(&second, path, &[]).await;
    assert_eq!(
        again.headers()["cache-status"],
        "tilebrot; hit; detail=memory"
    );
    assert_eq!(
        metric(
            &second,
            "tilebrot_tile_cache_requests_total{outcome=\"disk\"}"
        )
        .await,
        1
    );
    drop(second);
    std::fs::remove_dir_all(&folder).unwrap();
}
