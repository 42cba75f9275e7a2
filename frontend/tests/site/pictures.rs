//! Pictures that arrive.

use std::io::{Cursor, Read};
use std::sync::atomic::Ordering;

use flate2::read::ZlibDecoder;
use image::ImageReader;

use crate::harness::{Answer, Site, Workers, pixel};

fn assert_is_the_pattern(png: &[u8], width: u32, height: u32) {
    let picture = ImageReader::with_format(Cursor::new(png), image::ImageFormat::Png);
    let picture = picture.decode().unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (width, height));
    for (x, y, found) in picture.enumerate_pixels() {
        assert_eq!(found.0, pixel(x, y), "at {x}, {y}");
    }
}

/// The bodies of a PNG's chunks of one type.
fn chunks(png: &[u8], wanted: &[u8; 4]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut rest = &png[8..];
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if &tail[..4] == wanted {
            chunks.push(tail[4..4 + length].to_vec());
        }
        rest = &tail[length + 8..];
    }
    chunks
}

fn texts(png: &[u8]) -> Vec<String> {
    let texts = chunks(png, b"tEXt").into_iter();
    texts.map(|text| String::from_utf8(text).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gathered_picture_has_every_pixel_that_was_drawn() {
    let site = Site::start(Workers::start().await).await;
    for (width, height) in [
        (1, 1),
        (64, 64),
        (640, 480),
        (1023, 517),
        (3, 2000),
        (2000, 1),
    ] {
        let png = site.png(&format!("width={width}&height={height}")).await;
        assert_is_the_pattern(&png, width, height);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bands_are_one_sound_zlib_stream() {
    let site = Site::start(Workers::start().await).await;
    let png = site.png("width=500&height=400").await;
    let stream = chunks(&png, b"IDAT").concat();
    let mut rows = Vec::new();
    // The decoder checks the sum of all rows, which decoders of pictures often pass over.
    ZlibDecoder::new(&stream[..])
        .read_to_end(&mut rows)
        .unwrap();
    assert_eq!(rows.len(), 400 * (1 + 3 * 500));
    assert_eq!(chunks(&png, b"IEND").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_picture_is_drawn_in_many_pieces_and_a_tiny_one_in_one() {
    let site = Site::start(Workers::start().await).await;
    site.png("width=64&height=64").await;
    assert_eq!(site.workers.asked(), 1);
    site.png("width=1024&height=1024").await;
    assert!(
        site.workers.asked() > 4 * 4,
        "{} pieces",
        site.workers.asked()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_says_what_it_shows_and_who_made_it() {
    let site = Site::start(Workers::start().await).await;
    let png = site
        .png("re=-0.74364388703715870475219150611477400&zoom=1e3&palette=ocean&width=9&height=9")
        .await;
    let texts = texts(&png);
    assert!(texts[0].starts_with("Software\0Tilebrot "), "{texts:?}");
    let view = texts[1].strip_prefix("Tilebrot\0").unwrap();
    let view: serde_json::Value = serde_json::from_str(view).unwrap();
    assert_eq!(view["re"], "-0.74364388703715870475219150611477400");
    assert_eq!(view["zoom"], "1e3");
    assert_eq!(view["palette"], "ocean");
    assert_eq!(view["iterations"], 777, "the limit that auto stood for");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_piece_is_asked_for_with_the_surveyed_limit_and_distribution() {
    let site = Site::start(Workers::start().await).await;
    site.png("colouring=histogram&width=300&height=300").await;
    let requests = site.workers.log.requests.lock().unwrap();
    for request in requests.iter() {
        assert_eq!(request.view.iterations, protocol::Iterations::Limit(777));
        assert_eq!(request.distribution, Some(vec![1.0, 2.5, 9.0]));
        assert_eq!(request.format, Some(protocol::Format::Band));
    }
    let keys = site.workers.log.keys.lock().unwrap();
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), requests.len(), "a key for each request");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_the_answer_names_the_file_the_limit_and_the_kind() {
    let site = Site::start(Workers::start().await).await;
    let url = site.url("/render.png?zoom=2.5e3&width=64&height=48");
    let head = site.client.head(&url).send().await.unwrap();
    assert!(
        head.headers().get("content-length").is_none(),
        "the picture has a length that nobody knows yet"
    );
    let whole = site.client.get(&url).send().await.unwrap();
    for response in [head, whole] {
        let headers = response.headers();
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(
            headers["content-disposition"],
            "inline; filename=\"mandelbrot-zoom-2.5e3-64x48.png\""
        );
        assert_eq!(headers["x-iterations"], "777");
        assert_eq!(headers["x-accel-buffering"], "no");
        assert!(headers.contains_key("cache-control"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_head_draws_nothing() {
    let site = Site::start(Workers::start().await).await;
    let head = site
        .client
        .head(site.url("/render.png"))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(site.workers.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_too_long_for_an_address_comes_as_json() {
    let site = Site::start(Workers::start().await).await;
    let re = format!("-0.5{}", "0".repeat(30_000));
    let body = serde_json::json!({ "re": re, "im": re, "width": 20, "height": 10 });
    let answer = site
        .client
        .post(site.url("/render.png"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_is_the_pattern(&answer.bytes().await.unwrap(), 20, 10);
    assert_eq!(
        site.workers.log.requests.lock().unwrap()[0]
            .view
            .re
            .as_str(),
        re
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_pieces_are_in_hand_than_the_window_holds() {
    let frozen_first = |request: &protocol::TileRequest, _: usize| {
        if request.rect.y == 0 {
            Answer::Frozen
        } else {
            Answer::Band
        }
    };
    let site = Site::start(Workers::that(frozen_first).await).await;
    let response = site.get("/render.png?width=2048&height=2048").await;
    // Two a slot and two more: the first, which never comes, and those behind it.
    crate::harness::until("the window is full", async || {
        site.workers.asked() == 10 && site.workers.in_flight() == 1
    })
    .await;
    assert!(site.workers.log.most_in_flight.load(Ordering::SeqCst) <= 10);
    tokio::task::yield_now().await;
    assert_eq!(
        site.workers.asked(),
        10,
        "nothing is asked for past the window"
    );
    drop(response);
}
