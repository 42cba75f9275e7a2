//! Tiles: who draws them, how often, and what their answers say.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};

use crate::harness::{Answer, Site, Workers, npy, pixel, until};

async fn site() -> Site {
    Site::start(Workers::start().await).await
}

/// A client that follows nothing and unpacks nothing.
fn plain() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap()
}

async fn ask(site: &Site, path: &str, fields: &[(&'static str, &str)]) -> Response {
    let mut request = plain().get(site.url(path));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn metric(site: &Site, line: &str) -> u64 {
    let text = site.get("/metrics").await.text().await.unwrap();
    let value = text.lines().find_map(|own| own.strip_prefix(line));
    value
        .unwrap_or_else(|| panic!("no {line} in {text}"))
        .trim()
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_is_its_piece_of_the_ancestors_picture_and_says_all_that_caches_need() {
    let site = site().await;
    let answer = ask(&site, "/tiles/v1/6/41/9.png", &[]).await;
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(
        headers["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .contains("x-iterations")
    );
    assert_eq!(headers["x-iterations"], "777");
    assert!(headers["x-worker"].to_str().unwrap().starts_with("worker-"));
    assert_eq!(
        headers["server-timing"],
        "queue;dur=1, field;dur=20, encode;dur=5"
    );
    assert_eq!(headers["cache-status"], "tilebrot; fwd=miss");
    let tag = headers["etag"].to_str().unwrap();
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34,
        "{tag}"
    );
    let picture = image::load_from_memory(&answer.bytes().await.unwrap())
        .unwrap()
        .into_rgb8();
    assert_eq!(picture.dimensions(), (256, 256));
    // The second of four columns and of four rows.
    for (x, y, found) in picture.enumerate_pixels() {
        assert_eq!(found.0, pixel(256 + x, 256 + y));
    }
    let requests = site.workers.log.requests.lock().unwrap();
    let view = &requests[0].view;
    assert_eq!(
        (view.zoom.as_str(), view.width, view.height),
        ("16", 1024, 1024)
    );
    assert_eq!((view.re.as_str(), view.im.as_str()), ("0.125", "1.375"));
}

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
async fn counts_are_packed_for_who_unpacks_them_and_have_a_tag_each_way() {
    let site = site().await;
    let path = "/tiles/v1/1/1/0.npy?field=distance";
    let mut tags = Vec::new();
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("br, gzip", Some("gzip")),
        ("zstd;q=0.1, gzip;q=0.2", Some("gzip")),
        ("identity", None),
    ] {
        let accepts = ("accept-encoding", accepted);
        let answer = ask(&site, path, &[accepts]).await;
        let headers = answer.headers().clone();
        let said = headers
            .get("content-encoding")
            .map(|said| said.to_str().unwrap());
        assert_eq!(said, coding, "{accepted}");
        assert_eq!(headers["content-type"], "application/x-npy");
        assert_eq!(headers["vary"], "accept-encoding");
        let body = answer.bytes().await.unwrap();
        let mut unpacked = Vec::new();
        match coding {
            Some("zstd") => unpacked = zstd::decode_all(&body[..]).unwrap(),
            Some(_) => {
                let mut decoder = flate2::read::GzDecoder::new(&body[..]);
                std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
            }
            None => unpacked.extend(&body),
        }
        let request = site.workers.log.requests.lock().unwrap()[0].clone();
        assert_eq!(request.field, protocol::Channel::Distance);
        assert!(unpacked == npy(&request), "{accepted}");
        assert_eq!(body.len() < unpacked.len(), coding.is_some());

        // Who has it in this coding is told so, and who has it in another is not.
        let tag = headers["etag"].to_str().unwrap().to_owned();
        let known = ask(&site, path, &[accepts, ("if-none-match", &tag)]).await;
        assert_eq!(
            (known.status(), &known.headers()["vary"]),
            (304.try_into().unwrap(), &headers["vary"])
        );
        assert_eq!(known.headers()["etag"], tag.as_str());
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        for other in tags.iter().filter(|tag| **tag != headers["etag"]) {
            let unknown = ask(&site, path, &[accepts, ("if-none-match", other)]).await;
            assert_eq!(unknown.status(), 200, "{accepted}");
        }
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
    assert_eq!(site.workers.asked(), 1);
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
async fn what_is_no_tile_is_a_problem_with_a_name() {
    let site = site().await;
    let long = format!("/tiles/v1/9/{}/0.png", "1".repeat(12_000));
    let cases = [
        ("/tiles/v1/0/1/0.png", 404, "x"),
        ("/tiles/v1/5/0/32.png", 404, "y"),
        ("/tiles/v1/40000/0/0.png", 404, "z"),
        ("/tiles/3/8/0.png", 404, "x"),
        ("/tiles/v1/x/0/0.png", 400, "z"),
        ("/tiles/v1/3/-1/0.npy", 400, "x"),
        ("/tiles/v1/3/0/1e0.png", 400, "y"),
        ("/tiles/v1/3/01/0.png", 400, "x"),
        (&long, 400, "x"),
        ("/tiles/v1/0/0/0.png?zoom=2", 400, "zoom"),
        ("/tiles/v1/0/0/0.npy?palette=ocean", 400, "palette"),
        ("/tiles/v1/0/0/0.png?field=distance", 400, "field"),
        ("/tiles/v1/0/0/0.png?colour=red", 400, "colour"),
        ("/tiles/0/0/0.png?iterations=x", 400, "iterations"),
        ("/tiles/v1/0/0/0.png?colouring=histogram", 422, "colouring"),
        ("/tiles/v1/0/0/0.png?iterations=0", 422, "iterations"),
    ];
    for (path, status, field) in cases {
        let answer = ask(&site, path, &[]).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{path}"
        );
        assert_eq!(
            answer.headers()["access-control-allow-origin"],
            "*",
            "{path}"
        );
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{path}");
        assert!(
            problem["errors"][0]["accepted"]
                .as_str()
                .is_some_and(|said| !said.is_empty())
        );
    }
    for path in [
        "/tiles/v0/0/0/0.png",
        "/tiles/v1/0/0/0.jpg",
        "/tiles/v1/0/0/0",
    ] {
        assert_eq!(ask(&site, path, &[]).await.status(), 404, "{path}");
    }
    assert_eq!(site.workers.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_without_a_version_leads_to_the_newest() {
    let site = site().await;
    let answer = ask(&site, "/tiles/7/90/3.npy?iterations=500&quality=fast", &[]).await;
    assert_eq!(answer.status(), 307);
    let location = "/tiles/v1/7/90/3.npy?iterations=500&quality=fast";
    assert_eq!(answer.headers()["location"], location);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(ask(&site, location, &[]).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_other_sites_may_ask_with_an_urgency() {
    let site = site().await;
    let preflight = plain()
        .request(Method::OPTIONS, site.url("/tiles/v1/0/0/0.npy"))
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "priority")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    let headers = preflight.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(
        headers["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("priority")
    );
    assert!(
        headers["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("GET")
    );
    let put = plain()
        .put(site.url("/tiles/v1/0/0/0.npy"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tilejson_document_leads_to_the_tiles_with_its_own_query() {
    let site = site().await;
    let answer = ask(&site, "/tiles.json?palette=ocean&iterations=500", &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let document: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        (&document["minzoom"], &document["maxzoom"]),
        (&0.into(), &45.into())
    );
    let template = document["tiles"][0].as_str().unwrap();
    let address = template
        .replace("{z}", "2")
        .replace("{x}", "1")
        .replace("{y}", "3");
    assert_eq!(
        address,
        site.url("/tiles/v1/2/1/3.png?iterations=500&palette=ocean")
    );
    assert_eq!(plain().get(address).send().await.unwrap().status(), 200);
    let secure = ask(&site, "/tiles.json", &[("x-forwarded-proto", "https")]).await;
    assert!(
        secure
            .text()
            .await
            .unwrap()
            .contains("\"https://127.0.0.1:")
    );
    for (path, status) in [
        ("/tiles.json?zoom=2", 400),
        ("/tiles.json?colouring=histogram", 422),
    ] {
        assert_eq!(ask(&site, path, &[]).await.status(), status, "{path}");
    }
    let bad_host = ask(&site, "/tiles.json", &[("host", "a\"b")]).await;
    assert_eq!(bad_host.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deep_zoom_image_has_every_level_down_to_one_pixel() {
    let site = site().await;
    let answer = ask(&site, "/tiles.dzi", &[]).await;
    assert_eq!(answer.headers()["content-type"], "application/xml");
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("TileSize=\"256\"") && text.contains("Width=\"1073741824\""),
        "{text}"
    );
    for (level, side) in [(0, 1), (5, 32), (7, 128), (8, 256), (10, 256), (30, 256)] {
        let answer = ask(&site, &format!("/tiles_files/{level}/0_0.png"), &[]).await;
        assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
        let picture = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (side, side), "{level}");
    }
    // The very tile that has an address of its own.
    let asked = site.workers.asked();
    ask(&site, "/tiles/v1/2/0/0.png", &[]).await;
    assert_eq!(site.workers.asked(), asked);
    for path in [
        "31/0_0.png",
        "3/1_0.png",
        "9/2_0.png",
        "9/0-0.png",
        "x/0_0.png",
        "9/0_0.jpg",
    ] {
        let answer = ask(&site, &format!("/tiles_files/{path}"), &[]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
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
