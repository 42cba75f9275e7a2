//! Is the picture right, and did the cluster draw it?

use std::sync::atomic::AtomicBool;

use image::RgbImage;
use protocol::{Fields, Limits, View};
use serde_json::Value;

use crate::harness::{Cluster, Process, get, json, render_id, report};

/// The picture of a view, straight from the arithmetic: what every way through the cluster must equal.
pub(crate) fn straight(view: &fractal::View, colouring: fractal::Colouring) -> RgbImage {
    let colours = fractal::Colours {
        gradient: worker::gradient_of(&protocol::Colours::default().palette),
        colouring,
        density: 1.0,
        offset: 0.0,
        interior: [0; 3],
    };
    let whole = fractal::Rect {
        x: 0,
        y: 0,
        w: view.width,
        h: view.height,
    };
    let cancel = AtomicBool::new(false);
    let plan = fractal::Plan::new(view).unwrap();
    let renderer = plan.prepare(&fractal::Sequential, &cancel).unwrap();
    let field = renderer.field(whole, &cancel).unwrap();
    RgbImage::from_raw(
        view.width,
        view.height,
        fractal::paint(&field, view.samples, &colours),
    )
    .unwrap()
}

pub(crate) fn seahorses() -> fractal::View {
    fractal::View {
        re: "-0.75".parse().unwrap(),
        im: "0.1".parse().unwrap(),
        zoom: "40".parse().unwrap(),
        rotation: 0.0,
        width: 640,
        height: 480,
        samples: 2,
        formula: fractal::Formula::Mandelbrot,
        limit: 2000,
        reference: None,
        quality: fractal::Quality::Standard,
    }
}

const SEAHORSES: &str = "re=-0.75&im=0.1&zoom=40&width=640&height=480&samples=2&iterations=2000";

#[tokio::test]
async fn one_command_draws_a_correct_picture_with_every_worker() {
    let up = Process::up(3, 1);
    let client = reqwest::Client::new();
    let id = render_id();
    let answer = get(
        &client,
        &format!("{}/render.png?{SEAHORSES}&progress={id}", up.url),
    )
    .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/png");
    let png = answer.bytes().await.unwrap();
    let picture = image::load_from_memory(&png).unwrap().into_rgb8();
    assert!(picture == straight(&seahorses(), fractal::Colouring::Smooth));

    let report = report(&client, &up.url, &id).await;
    assert_eq!(report["state"], "finished", "{report}");
    let workers = report["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 3, "{report}");
    let pieces: u64 = workers
        .iter()
        .map(|worker| worker["pieces"].as_u64().unwrap())
        .sum();
    // Three workers with two places each, and two pieces for each at least.
    assert!(pieces >= 12, "{report}");
}

#[tokio::test]
async fn a_view_is_the_same_file_whatever_the_cluster() {
    let sizes = [(1, 1), (3, 1), (2, 3)];
    let clusters = sizes.map(|(workers, threads)| Process::up(workers, threads));
    let client = reqwest::Client::new();
    for view in [
        SEAHORSES,
        "width=3001&height=117&zoom=3",
        "width=97&height=1013&colouring=histogram",
        "re=-1.25&zoom=9&width=301&height=203&iterations=3000&quality=fast&subdivision=interior",
    ] {
        let mut files = Vec::new();
        for up in &clusters {
            let url = format!("{}/render.png?{view}", up.url);
            files.push(get(&client, &url).await.bytes().await.unwrap());
        }
        assert!(files.iter().all(|file| *file == files[0]), "{view}");
    }
}

#[tokio::test]
async fn a_histogram_is_that_of_the_whole_view_and_not_of_a_band() {
    let cluster = Cluster::start(2).await;
    let query = "width=400&height=300&colouring=histogram&iterations=500";
    let gathered = cluster
        .get(&format!("/render.png?{query}"))
        .await
        .bytes()
        .await
        .unwrap();
    let tile = format!("{}/v1/tile?{query}", cluster.tiles.url);
    let whole = get(&cluster.client, &tile).await.bytes().await.unwrap();
    let decoded = |png: &[u8]| image::load_from_memory(png).unwrap().into_rgb8();
    assert!(decoded(&gathered) == decoded(&whole));
}

#[tokio::test]
async fn the_picture_carries_its_view() {
    let cluster = Cluster::start(1).await;
    let query = "re=-0.7436438870371587047521915061&zoom=1e3&width=90&height=60&palette=ocean";
    let png = cluster
        .get(&format!("/render.png?{query}"))
        .await
        .bytes()
        .await
        .unwrap();
    let texts = texts(&png);
    let software = texts
        .iter()
        .find(|(keyword, _)| keyword == "Software")
        .unwrap();
    assert!(software.1.starts_with("Tilebrot "), "{software:?}");
    let (_, json) = texts
        .iter()
        .find(|(_, text)| text.starts_with('{'))
        .unwrap();
    let carried = View::read(
        Fields::from_json(json.as_bytes()).unwrap(),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(carried.re.as_str(), "-0.7436438870371587047521915061");
    assert_eq!((carried.width, carried.height), (90, 60));
    let fields: Value = serde_json::from_str(json).unwrap();
    assert!(fields["iterations"].is_u64(), "auto was resolved: {fields}");
}

#[test]
fn the_picture_in_the_readme_is_what_the_program_draws() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/seahorses.png");
    let png = std::fs::read(file).unwrap();
    let (_, json) = texts(&png)
        .into_iter()
        .find(|(keyword, _)| keyword == "Tilebrot")
        .unwrap();
    let view = View::read(
        Fields::from_json(json.as_bytes()).unwrap(),
        &Limits::default(),
    )
    .unwrap();
    let protocol::Iterations::Limit(limit) = view.iterations else {
        panic!("the limit was not resolved: {json}");
    };
    let view = fractal::View {
        re: view.re.as_str().parse().unwrap(),
        im: view.im.as_str().parse().unwrap(),
        zoom: view.zoom.as_str().parse().unwrap(),
        width: view.width,
        height: view.height,
        samples: view.samples,
        limit,
        ..seahorses()
    };
    let picture = image::load_from_memory(&png).unwrap().into_rgb8();
    assert!(picture == straight(&view, fractal::Colouring::Smooth));
}

/// Keywords and texts of a PNG's tEXt chunks.
fn texts(png: &[u8]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut rest = &png[8..];
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if &head[4..] == b"tEXt" {
            let content = String::from_utf8(after[..length].to_vec()).unwrap();
            let (keyword, text) = content.split_once('\0').unwrap();
            texts.push((keyword.to_owned(), text.to_owned()));
        }
        rest = &after[length + 4..];
    }
    texts
}

#[tokio::test]
async fn a_view_past_the_deepest_is_refused_with_the_limit() {
    let cluster = Cluster::start(1).await;
    let answer = cluster
        .get("/render.png?re=-0.75&im=0.1&zoom=1e25001")
        .await;
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem = json(answer).await;
    assert_eq!(problem["errors"][0]["field"], "zoom", "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains("to 1e25000"),
        "{problem}"
    );
}

#[tokio::test]
async fn every_formula_and_colouring_comes_through_the_cluster() {
    let cluster = Cluster::start(1).await;
    let mut pictures = std::collections::HashSet::new();
    for formula in [
        "mandelbrot",
        "multibrot&power=4",
        "julia",
        "burning_ship",
        "tricorn",
    ] {
        for colouring in ["smooth", "bands", "histogram", "distance", "slope"] {
            let path = format!(
                "/render.png?width=120&height=90&zoom=0.9&formula={formula}&colouring={colouring}"
            );
            let answer = cluster.get(&path).await;
            assert_eq!(answer.status(), 200, "{path}");
            let picture = image::load_from_memory(&answer.bytes().await.unwrap())
                .unwrap()
                .into_rgb8();
            assert!(
                pictures.insert(picture.into_raw()),
                "{path} looks like another one"
            );
        }
    }
}

#[tokio::test]
async fn the_site_tells_the_minibrot_of_a_view_and_that_there_is_none() {
    let cluster = Cluster::start(1).await;
    let found = json(cluster.get("/nucleus?re=-1.76&im=0.01&zoom=20").await).await;
    assert_eq!(found["period"], 3, "{found}");
    let none = cluster.get("/nucleus?re=-2.5&im=1&zoom=20").await;
    assert_eq!(none.status(), 404);
    let problem = json(none).await;
    assert_eq!(problem["title"], "no nucleus", "{problem}");
    let julia = cluster
        .get("/nucleus?formula=julia&seed_re=0&seed_im=1")
        .await;
    assert_eq!(julia.status(), 422);
    assert!(
        json(julia).await["detail"]
            .as_str()
            .unwrap()
            .contains("formula")
    );
    assert_eq!(cluster.get("/nucleus?zoom=x").await.status(), 400);
}
