//! Tiles: what do their answers say, and what is refused?

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::harness::{Site, Workers, npy, pixel};

pub(crate) async fn site() -> Site {
    Site::start(Workers::start().await).await
}

/// A client that follows nothing and unpacks nothing.
pub(crate) fn plain() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap()
}

pub(crate) async fn ask(site: &Site, path: &str, fields: &[(&'static str, &str)]) -> Response {
    let mut request = plain().get(site.url(path));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

pub(crate) async fn metric(site: &Site, line: &str) -> u64 {
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
