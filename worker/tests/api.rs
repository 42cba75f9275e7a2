//! Does a worker's HTTP do what its description says?

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::num::NonZero;

use image::RgbImage;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use service::Shutdown;
use tokio::task::JoinHandle;
use worker::Settings;

struct Worker {
    url: String,
    client: Client,
    stop: Shutdown,
    running: JoinHandle<Result<(), worker::Error>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A worker of one thread with one place and a queue of one.
async fn start() -> Worker {
    start_with_queue(1).await
}

async fn start_with_queue(queue: usize) -> Worker {
    let (listener, address) = service::bind("127.0.0.1:0").await.unwrap();
    let stop = Shutdown::new();
    let settings = Settings {
        queue,
        ..Settings::new("painter".into(), NonZero::new(1), NonZero::new(1))
    };
    Worker {
        url: format!("http://{address}"),
        client: Client::new(),
        running: tokio::spawn(worker::run(listener, settings, stop.clone())),
        stop,
    }
}

impl Worker {
    async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
    }

    async fn in_flight(&self) -> u64 {
        let ready: Value = self.get("/readyz").await.json().await.unwrap();
        ready["in_flight"].as_u64().unwrap()
    }

    /// The value of a counter or gauge.
    async fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").await.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    async fn under_way(&self) -> Vec<Value> {
        self.get("/v1/orbits").await.json().await.unwrap()
    }

    async fn until_under_way(&self, is_wanted: impl Fn(&[Value]) -> bool) {
        while !is_wanted(&self.under_way().await) {
            tokio::task::yield_now().await;
        }
    }

    async fn until_in_flight(&self, count: u64) {
        while self.in_flight().await != count {
            tokio::task::yield_now().await;
        }
    }
}

/// Minutes of work: interior near the seahorses that no shortcut finds, at a limit that is never reached.
const ENDLESS: &str =
    "/v1/tile?re=-0.7453&im=0.1127&zoom=20&width=2000&height=2000&samples=8&iterations=1000000000";

fn decoded(png: &[u8]) -> RgbImage {
    image::load_from_memory(png).unwrap().into_rgb8()
}

/// The shape, the type and the numbers' bytes of a NumPy file.
fn npy(file: &[u8]) -> (String, &[u8]) {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = String::from_utf8(file[10..10 + length].to_vec()).unwrap();
    (header, &file[10 + length..])
}

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
async fn npy_holds_distances_periods_and_multipliers() {
    let worker = start().await;
    // The middle pixels are about -0.5, in the cardioid; the corner is far from the set.
    let view = "/v1/tile?width=8&height=6&iterations=100&format=npy&field=";
    for (field, kind, size) in [
        ("distance", "'<f4'", 4),
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

#[tokio::test]
async fn a_new_worker_counts_every_outcome_from_nought_and_says_what_it_draws_with() {
    let worker = start().await;
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    for outcome in ["drawn", "not_modified", "refused", "abandoned", "failed"] {
        let line = format!("tilebrot_tiles_total{{outcome=\"{outcome}\"}} 0\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    let backend = format!("{:?}", fractal::Backend::detect()).to_lowercase();
    let info = format!("tilebrot_worker_info{{backend=\"{backend}\",threads=\"1\"}} 1\n");
    assert!(metrics.contains(&info), "{info} in {metrics}");
}

type Asked = JoinHandle<reqwest::Result<Response>>;

/// Asks twice at a worker that draws already: one takes the place in the queue, and there is none for the other.
async fn queued(ask: impl Fn() -> Asked) -> (Asked, Response) {
    let (mut one, mut other) = (ask(), ask());
    let (refused, waiting) = tokio::select! {
        refused = &mut one => (refused, other),
        refused = &mut other => (refused, one),
    };
    let refused = refused.unwrap().unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    (waiting, refused)
}

#[tokio::test]
async fn past_its_queue_a_worker_says_busy_at_once_and_when_to_come_back() {
    let worker = start().await;
    let ask = || tokio::spawn(worker.client.get(format!("{}{ENDLESS}", worker.url)).send());
    let drawing = ask();
    worker.until_in_flight(1).await;
    let (waiting, refused) = queued(ask).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.json::<Value>().await.unwrap()["capacity"], 1);
    drawing.abort();
    waiting.abort();
    worker.until_in_flight(0).await;
    assert_eq!(
        worker.get("/v1/tile?width=9&height=9").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_work_stops_when_the_requester_leaves() {
    let worker = start().await;
    let drawing = tokio::spawn(worker.client.get(format!("{}{ENDLESS}", worker.url)).send());
    worker.until_in_flight(1).await;
    drawing.abort();
    worker.until_in_flight(0).await;
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("tilebrot_tiles_total{outcome=\"abandoned\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_worker_that_stops_finishes_the_tile_in_flight_and_the_one_in_its_queue() {
    let mut worker = start().await;
    let tile =
        "/v1/tile?re=-0.7453&im=0.1127&zoom=300&width=400&height=400&samples=2&iterations=20000";
    let ask = || tokio::spawn(worker.client.get(format!("{}{tile}", worker.url)).send());
    let drawing = ask();
    worker.until_in_flight(1).await;
    let (waiting, _) = queued(ask).await;
    worker.stop.cancel();
    for asked in [drawing, waiting] {
        // Where it is a process, all else ends with it.
        assert!(!worker.running.is_finished());
        let answer = asked.await.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        decoded(&answer.bytes().await.unwrap());
    }
    (&mut worker.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_form_cannot_give_is_refused_by_field() {
    let worker = start().await;
    for (query, field) in [
        ("format=band&x=1&w=5", "x"),
        ("format=band&w=5", "w"),
        ("format=band&height=400&y=1", "y"),
        ("format=band&height=400&h=5", "h"),
        ("format=npy&samples=2", "samples"),
        ("format=png&field=iterations", "field"),
        ("zoom=1e25001", "zoom"),
        ("zoom=1e999999999", "zoom"),
        ("zoom=1e40&iterations=100000000", "iterations"),
        ("formula=julia&seed_re=2&seed_im=2", "seed_re"),
    ] {
        let answer = worker.get(&format!("/v1/tile?width=90&{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn the_longest_distribution_is_drawn_and_a_longer_one_refused() {
    let worker = start().await;
    for (count, status) in [
        (protocol::TileRequest::MOST_QUANTILES, StatusCode::OK),
        (
            protocol::TileRequest::MOST_QUANTILES + 1,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let quantiles: Vec<String> = (1..=count).map(|count| count.to_string()).collect();
        let query = format!("colouring=histogram&distribution={}", quantiles.join(","));
        let answer = worker
            .get(&format!("/v1/tile?width=9&height=9&{query}"))
            .await;
        assert_eq!(answer.status(), status, "{count} quantiles");
    }
}

#[tokio::test]
async fn a_survey_resolves_auto_and_measures_the_distribution() {
    let worker = start().await;
    let survey: Value = worker
        .get("/v1/survey?colouring=histogram")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(survey["tier"], "direct");
    assert_eq!(survey["capacity"], 1);
    assert!(survey["iterations"].as_u64().unwrap() >= 100);
    let quantiles = survey["distribution"].as_array().unwrap();
    assert!(quantiles.len() > 100);
    let plain: Value = worker.get("/v1/survey").await.json().await.unwrap();
    assert!(plain.get("distribution").is_none());
    // A view that is all interior has no counts to be distributed.
    let inside = worker
        .get("/v1/tile?re=0&im=0&zoom=100&width=40&height=40&colouring=histogram")
        .await;
    assert_eq!(inside.status(), StatusCode::OK);
    assert!(
        decoded(&inside.bytes().await.unwrap())
            .pixels()
            .all(|p| p.0 == [0, 0, 0])
    );
}

#[tokio::test]
async fn the_nucleus_of_a_view_has_its_period_its_digits_and_the_zoom_that_shows_it() {
    let worker = start().await;
    let got = worker.get("/v1/nucleus?re=-1.76&im=0.01&zoom=20").await;
    assert_eq!(got.status(), StatusCode::OK);
    assert_eq!(got.headers()["x-worker"], "painter");
    let got: protocol::Nucleus = got.json().await.unwrap();
    assert_eq!(got.period, 3);
    assert!(got.re.starts_with("-1.7548776662466927600"), "{got:?}");
    assert_eq!(got.im, "0");
    assert!(got.size.starts_with("0.01903"), "{got:?}");
    assert_eq!(got.orientation, 0.0);
    assert_eq!(got.shape.as_deref(), Some("cardioid"));
    // What it says is a view that shows it, of which it says the same.
    let view = json!({ "re": got.re, "im": got.im, "zoom": got.zoom });
    let posted = worker.client.post(format!("{}/v1/nucleus", worker.url));
    let posted = posted.json(&view).send().await.unwrap();
    let posted: protocol::Nucleus = posted.json().await.unwrap();
    assert_eq!((posted.period, posted.size), (got.period, got.size));
}

#[tokio::test]
async fn a_view_without_a_nucleus_is_told_so_and_one_of_another_formula_refused() {
    let worker = start().await;
    let inside = "/v1/nucleus?re=0.1&im=0.1&zoom=1000&iterations=500";
    let none = worker.get(inside).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    assert_eq!(none.headers()["content-type"], "application/problem+json");
    let none: Value = none.json().await.unwrap();
    assert_eq!(none["iterations"], 500, "{none}");
    for (query, field) in [("formula=tricorn", "formula"), ("zoom=1e25001", "zoom")] {
        let refused = worker.get(&format!("/v1/nucleus?{query}")).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
}

#[tokio::test]
async fn the_search_for_a_nucleus_takes_a_place_and_stops_when_the_requester_leaves() {
    let worker = start().await;
    let endless = "/v1/nucleus?re=0.1&im=0.1&zoom=1000&iterations=1000000000";
    let ask = || tokio::spawn(worker.client.get(format!("{}{endless}", worker.url)).send());
    let searching = ask();
    worker.until_in_flight(1).await;
    let (waiting, refused) = queued(ask).await;
    assert!(refused.headers().contains_key("retry-after"));
    searching.abort();
    waiting.abort();
    worker.until_in_flight(0).await;
}

#[tokio::test]
async fn the_description_and_its_page_come_from_the_binary() {
    let worker = start().await;
    let document: Value = worker.get("/openapi.json").await.json().await.unwrap();
    assert!(document["paths"]["/v1/tile"]["post"].is_object());
    let page = worker.get("/docs/").await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing comes from elsewhere"
    );
    assert_eq!(
        worker.get("/docs/swagger-ui-bundle.js").await.status(),
        StatusCode::OK
    );
    assert_eq!(worker.get("/livez").await.status(), StatusCode::OK);
}

/// A place at 10^28, some 580 iterations deep (rust-fractal-core, `locations/line.toml`).
const DEEP: &str = "re=0.438201090809984714798836704183781579775093781331734\
    &im=0.250541573359688171678400414758224860053729045156654\
    &zoom=1.40057E28&width=120&height=90";

/// A deep place inside of the set, whose orbit goes on for minutes.
const ENDLESS_ORBIT: &str =
    "re=-0.1&im=0.1&zoom=1e30&iterations=40000000&quality=fast&width=20&height=20";

#[tokio::test]
async fn a_deep_tile_is_a_piece_of_the_whole_picture() {
    let worker = start().await;
    for view in [
        DEEP,
        // Past the exponents of f64.
        "re=-2&zoom=1e400&width=120&height=90&samples=2&quality=exact",
    ] {
        let answer = worker.get(&format!("/v1/tile?{view}")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let timing = answer.headers()["server-timing"].to_str().unwrap();
        assert!(timing.contains("orbit;dur="), "{timing}");
        let whole = decoded(&answer.bytes().await.unwrap());
        let first = whole.get_pixel(0, 0);
        assert!(whole.pixels().any(|pixel| pixel != first), "{view}");
        let piece = worker
            .get(&format!("/v1/tile?{view}&x=31&y=20&w=60&h=41"))
            .await;
        let piece = decoded(&piece.bytes().await.unwrap());
        let cut = image::imageops::crop_imm(&whole, 31, 20, 60, 41).to_image();
        assert!(piece == cut, "{view}");
    }
}

#[tokio::test]
async fn tiles_that_come_together_share_an_orbit_and_later_ones_find_it() {
    let worker = start_with_queue(8).await;
    let tile = format!("{}/v1/tile?{DEEP}", worker.url);
    let ask = |row: u32| worker.client.get(format!("{tile}&y={row}&h=10")).send();
    let answers = futures::future::join_all((0..8).map(|i| ask(10 * i))).await;
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 1);
    assert_eq!(worker.metric("tilebrot_orbits_reused_total").await, 7);
    assert!(worker.metric("tilebrot_orbits_bytes").await > 10_000);
    // So do a survey with a look and a preview, and a lower limit.
    let survey = worker
        .get(&format!("/v1/survey?{DEEP}&colouring=histogram"))
        .await;
    let survey: Value = survey.json().await.unwrap();
    assert_eq!(survey["tier"], "perturbation");
    let limit = survey["iterations"].as_u64().unwrap();
    let again = worker
        .get(&format!("/v1/tile?{DEEP}&iterations={limit}"))
        .await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 1);
    assert_eq!(worker.metric("tilebrot_orbits_reused_total").await, 9);
}

#[tokio::test]
async fn auto_is_the_same_limit_for_all_and_a_longer_orbit_draws_the_same_bytes() {
    let (looking, told) = (start().await, start().await);
    for view in [DEEP, "re=-0.75&im=0.1&zoom=40&width=120&height=90"] {
        let auto = looking.get(&format!("/v1/tile?{view}")).await;
        let limit = auto.headers()["x-iterations"].to_str().unwrap().to_owned();
        let survey: Value = told
            .get(&format!("/v1/survey?{view}"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(survey["iterations"].to_string(), limit);
        // A worker that was never asked for auto has an orbit that is just long enough.
        let fresh = start().await;
        let explicit = fresh
            .get(&format!("/v1/tile?{view}&iterations={limit}"))
            .await;
        assert!(auto.bytes().await.unwrap() == explicit.bytes().await.unwrap());
    }
}

#[tokio::test]
async fn a_histogram_s_preview_along_the_view_s_orbit_is_that_of_a_tile_of_its_size() {
    let worker = start().await;
    let view = DEEP.replace("width=120&height=90", "width=1200&height=900");
    let survey: Value = worker
        .get(&format!("/v1/survey?{view}&colouring=histogram"))
        .await
        .json()
        .await
        .unwrap();
    let limit = &survey["iterations"];
    let small = DEEP.replace("width=120&height=90", "width=240&height=180");
    let tile = worker
        .get(&format!("/v1/tile?{small}&iterations={limit}&format=npy"))
        .await;
    let tile = tile.bytes().await.unwrap();
    let mut counts: Vec<f32> = npy(&tile)
        .1
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .filter(|count| count.is_finite())
        .collect();
    counts.sort_by(f32::total_cmp);
    let quantiles = survey["distribution"].as_array().unwrap();
    let median = quantiles[quantiles.len() / 2].as_f64().unwrap();
    let expected = f64::from(counts[counts.len() / 2]);
    assert!((median - expected).abs() < 0.1, "{median} and {expected}");
}

#[tokio::test]
async fn who_waits_for_an_orbit_takes_nobody_s_place_and_an_orbit_that_nobody_waits_for_stops() {
    let worker = start().await;
    let url = format!("{}/v1/tile?{ENDLESS_ORBIT}", worker.url);
    let waiting = tokio::spawn(worker.client.get(&url).send());
    worker
        .until_under_way(|orbits| orbits.iter().any(|orbit| orbit["steps"].as_u64() > Some(0)))
        .await;
    let orbit = worker.under_way().await[0].clone();
    assert_eq!(orbit["limit"], 40_000_000);
    assert_eq!(orbit["waiting"], 1);
    assert!((0.0..0.9).contains(&orbit["progress"].as_f64().unwrap()));
    let ready: Value = worker.get("/readyz").await.json().await.unwrap();
    assert_eq!(
        (&ready["in_flight"], &ready["capacity"]),
        (&json!(0), &json!(2))
    );
    // The only place is free, but no other may wait for an orbit.
    let other = worker.get("/v1/tile?width=9&height=9").await;
    assert_eq!(other.status(), StatusCode::OK);
    let refused = worker.get(&format!("/v1/tile?{DEEP}")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["x-worker"], "painter");
    assert!(refused.headers().contains_key("retry-after"));

    waiting.abort();
    worker.until_under_way(<[Value]>::is_empty).await;
    while worker.metric("tilebrot_orbits_computing").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(worker.metric("tilebrot_orbits_computed_total").await, 0);
    let metrics = worker.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("tilebrot_tiles_total{outcome=\"abandoned\"} 1"));
}

/// A survey in lines.
async fn surveyed_in_lines(worker: &Worker, view: &str) -> Response {
    let survey = worker
        .client
        .get(format!("{}/v1/survey?{view}", worker.url))
        .header("accept", "application/x-ndjson");
    survey.send().await.unwrap()
}

#[tokio::test]
async fn a_survey_in_lines_tells_how_far_the_orbit_is_before_it_is_there() {
    let worker = start().await;
    let mut answer = surveyed_in_lines(&worker, ENDLESS_ORBIT).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers()["x-worker"], "painter");
    let mut steps = 0;
    while steps == 0 {
        let line = answer.chunk().await.unwrap().unwrap();
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["orbit"]["limit"], 40_000_000);
        steps = line["orbit"]["steps"].as_u64().unwrap();
    }
    drop(answer);
    worker.until_under_way(<[Value]>::is_empty).await;

    for view in [DEEP, "zoom=2"] {
        let answer = surveyed_in_lines(&worker, view).await;
        let text = answer.text().await.unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert!(
            last["survey"]["iterations"].as_u64().unwrap() >= 1000,
            "{last}"
        );
    }
    let refused = surveyed_in_lines(&worker, "zoom=1e30000").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
