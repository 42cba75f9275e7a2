//! What is in a tile, in each of its formats?

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{decoded, npy, start};

#[tokio::test]
async fn a_tile_is_a_piece_of_the_whole_picture() {
    let worker = start().await;
    let view = "width=200&height=120&iterations=300&palette=ember";
    let answer = worker.get(&format!("/v1/tile?{view}")).await;
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.headers()["x-worker"], "painter");
    assert_eq!(answer.headers()["x-worker-capacity"], "1");
    assert_eq!(answer.headers()["x-iterations"], "300");
    let timing = answer.headers()["server-timing"]
        .to_str()
        .unwrap()
        .to_owned();
    for part in ["queue", "field", "colour", "encode"] {
        assert!(timing.contains(&format!("{part};dur=")), "{timing}");
    }
    let whole = decoded(&answer.bytes().await.unwrap());
    let piece = worker
        .get(&format!("/v1/tile?{view}&x=50&y=30&w=70&h=40"))
        .await;
    let piece = decoded(&piece.bytes().await.unwrap());
    let cut = image::imageops::crop_imm(&whole, 50, 30, 70, 40).to_image();
    assert!(piece == cut);
}

#[tokio::test]
async fn stops_of_a_request_colour_as_the_same_stops_of_the_catalogue() {
    let worker = start().await;
    let tile = async |palette: &str| {
        let fields = "width=120&height=80&iterations=300&samples=2&offset=0.3";
        let answer = worker
            .get(&format!("/v1/tile?{fields}&palette={palette}"))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap()
    };
    let ember = protocol::Palette::named("ember").unwrap();
    let stops: Vec<String> = ember
        .stops()
        .map(|protocol::Stop { position, colour }| {
            let [red, green, blue] = colour;
            format!("{position}-{red:02x}{green:02x}{blue:02x}")
        })
        .collect();
    let brought = tile(&stops.join("_")).await;
    assert!(brought == tile("ember").await);
    assert!(brought == tile(&stops.join("_")).await, "and so again");
    assert!(brought != tile(&stops[1..].join("_")).await);
}

#[tokio::test]
async fn post_takes_the_same_fields_as_get() {
    let worker = start().await;
    let posted = worker
        .client
        .post(format!("{}/v1/tile", worker.url))
        .json(&json!({
            "re": "-0.7500000000000000000000000000000000000001", "im": 0.1, "zoom": 40,
            "width": 64, "height": 48, "format": "png",
        }));
    let posted = posted.send().await.unwrap();
    let got = worker
        .get("/v1/tile?re=-0.7500000000000000000000000000000000000001&im=0.1&zoom=40&width=64&height=48")
        .await;
    assert_eq!(posted.headers()["etag"], got.headers()["etag"]);
    assert!(posted.bytes().await.unwrap() == got.bytes().await.unwrap());
}

#[tokio::test]
async fn npy_holds_smooth_counts_and_integer_counts() {
    let worker = start().await;
    let view = "/v1/tile?width=8&height=6&iterations=100&format=npy";
    let file = worker.get(view).await.bytes().await.unwrap();
    let (header, numbers) = npy(&file);
    assert!(
        header.contains("'<f4'") && header.contains("(6, 8)"),
        "{header}"
    );
    let smooth: Vec<f32> = numbers
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let file = worker
        .get(&format!("{view}&field=iterations"))
        .await
        .bytes()
        .await
        .unwrap();
    let (header, numbers) = npy(&file);
    assert!(header.contains("'<u4'"), "{header}");
    let counts: Vec<u32> = numbers
        .as_chunks()
        .0
        .iter()
        .map(|b| u32::from_le_bytes(*b))
        .collect();
    assert_eq!((smooth.len(), counts.len()), (48, 48));
    // -0.5 ± half a pixel is interior; the corner is outside and escapes at once.
    assert!(counts[0] > 0 && counts[0] < 10);
    assert!(counts.contains(&0));
    for (smooth, count) in smooth.iter().zip(&counts) {
        assert_eq!(smooth.is_infinite(), *count == 0);
        assert!(
            *count == 0 || (smooth - *count as f32).abs() < 2.0,
            "{smooth} {count}"
        );
    }
    let wide = worker
        .get("/v1/tile?width=8&height=6&iterations=100000&format=npy")
        .await;
    assert!(npy(&wide.bytes().await.unwrap()).0.contains("'<f8'"));
}

#[tokio::test]
async fn npy_holds_distances_directions_periods_and_multipliers() {
    let worker = start().await;
    // The middle pixels are about -0.5, in the cardioid; the corner is far from the set.
    let view = "/v1/tile?width=8&height=6&iterations=100&format=npy&field=";
    for (field, kind, size) in [
        ("distance", "'<f4'", 4),
        ("direction", "'<f4'", 4),
        ("period", "'<u4'", 4),
        ("multiplier", "'<c8'", 8),
    ] {
        let file = worker
            .get(&format!("{view}{field}"))
            .await
            .bytes()
            .await
            .unwrap();
        let (header, numbers) = npy(&file);
        assert!(
            header.contains(kind) && header.contains("(6, 8)"),
            "{header}"
        );
        assert_eq!(numbers.len(), 48 * size);
        let middle = &numbers[(2 * 8 + 4) * size..][..4];
        let (corner, middle) = (numbers[..4].try_into().unwrap(), middle.try_into().unwrap());
        match field {
            "distance" => {
                assert!(f32::from_le_bytes(corner) > 1.0);
                assert_eq!(f32::from_le_bytes(middle), 0.0);
            }
            "direction" => {
                // The corner is to the upper left of the set.
                let corner = f32::from_le_bytes(corner);
                assert!((1.6..3.1).contains(&corner), "{corner}");
                assert!(f32::from_le_bytes(middle).is_nan());
            }
            "period" => assert_eq!([corner, middle].map(u32::from_le_bytes), [0, 1]),
            _ => assert!(f32::from_le_bytes(middle) != 0.0 && f32::from_le_bytes(corner) == 0.0),
        }
    }
}

#[tokio::test]
async fn a_known_tile_is_not_drawn_again() {
    let worker = start().await;
    let etag = worker.get("/v1/tile?width=32&height=32").await.headers()["etag"].clone();
    let url = format!("{}/v1/tile?width=32&height=32", worker.url);
    let again = worker
        .client
        .get(url)
        .header("if-none-match", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_ne!(
        worker.get("/v1/tile?width=32&height=33").await.headers()["etag"],
        etag
    );
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("tilebrot_tiles_total{outcome=\"not_modified\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("tilebrot_tiles_total{outcome=\"drawn\"} 2"),
        "{metrics}"
    );
}
