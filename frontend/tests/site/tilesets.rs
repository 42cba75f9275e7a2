//! Do other programs find the tiles, and may scripts of other sites read them?

use reqwest::Method;

use crate::tiles::{ask, plain, site};

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
