//! Workers that draw a pattern instead of a fractal, into real bands, and that fail when they are told.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::{Compress, Compression, FlushCompress};
use futures::stream;
use protocol::{
    Adler, Band, Fields, Format, Limits, Strip, Strips, Survey, SurveyLine, TileRequest, View,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// What a worker does with a request for a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The band.
    Band,
    /// The band, as large as its pixels.
    Bulky,
    /// 503.
    Busy,
    /// A body that ends early.
    Broken,
    /// A band with a changed byte in it.
    Damaged,
    /// 422 with a problem.
    Refused,
    /// Nothing, until the requester goes away.
    Frozen,
    /// What was asked for, once it is released.
    Held,
}

type Rule = dyn Fn(&TileRequest, usize) -> Answer + Send + Sync;

/// The workers, as one address.
pub(crate) struct Workers {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Log>,
}

/// What the workers were asked.
pub(crate) struct Log {
    rule: Mutex<Option<Arc<Rule>>>,
    survey: Mutex<Option<(u16, serde_json::Value)>>,
    /// How far the orbit is, by the lines before a survey.
    orbits: Mutex<Vec<f64>>,
    /// A permit for each held answer that may go out.
    released: Semaphore,
    /// A permit for each survey that may be done.
    held: Arc<Semaphore>,
    /// Surveys that are neither answered nor given up.
    surveying: AtomicUsize,
    /// A field that every answer carries.
    said: Mutex<Option<(HeaderName, HeaderValue)>>,
    /// Requests for bands so far.
    pub(crate) asked: AtomicUsize,
    /// Requests for bands that are neither answered nor given up.
    pub(crate) in_flight: AtomicUsize,
    /// The most of them at a time.
    pub(crate) most_in_flight: AtomicUsize,
    pub(crate) requests: Mutex<Vec<TileRequest>>,
    pub(crate) keys: Mutex<Vec<String>>,
    /// What each request said of its urgency.
    pub(crate) priorities: Mutex<Vec<Option<String>>>,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            rule: Mutex::default(),
            survey: Mutex::default(),
            orbits: Mutex::default(),
            released: Semaphore::new(0),
            held: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            surveying: AtomicUsize::default(),
            said: Mutex::default(),
            asked: AtomicUsize::default(),
            in_flight: AtomicUsize::default(),
            most_in_flight: AtomicUsize::default(),
            requests: Mutex::default(),
            keys: Mutex::default(),
            priorities: Mutex::default(),
        }
    }
}

impl Workers {
    /// Workers that draw all that is asked.
    pub(crate) async fn start() -> Workers {
        Workers::that(|_, _| Answer::Band).await
    }

    /// Workers that do as `rule` says; it is given how many requests there were before.
    pub(crate) async fn that(
        rule: impl Fn(&TileRequest, usize) -> Answer + Send + Sync + 'static,
    ) -> Workers {
        let log = Arc::new(Log::default());
        *log.rule.lock().unwrap() = Some(Arc::new(rule));
        let routes = Router::new()
            .route("/v1/survey", post(survey))
            .route("/v1/tile", post(tile));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = routes.with_state(log.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Workers { address, log }
    }

    /// From now on every answer carries this field.
    pub(crate) fn say(&self, name: &str, value: &str) {
        *self.log.said.lock().unwrap() = Some((name.parse().unwrap(), value.parse().unwrap()));
    }

    /// From now on surveys tell of an orbit that is so far, and are not done before `survey_is_done` says so.
    pub(crate) fn compute_orbits(&self, progress: &[f64]) {
        *self.log.orbits.lock().unwrap() = progress.to_vec();
        self.log.held.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// One more survey may be done.
    pub(crate) fn survey_is_done(&self) {
        self.log.held.add_permits(1);
    }

    /// One held answer may go out.
    pub(crate) fn release(&self) {
        self.log.released.add_permits(1);
    }

    /// From now on a survey is answered so.
    pub(crate) fn survey_with(&self, status: u16, body: serde_json::Value) {
        *self.log.survey.lock().unwrap() = Some((status, body));
    }

    pub(crate) fn surveying(&self) -> usize {
        self.log.surveying.load(Ordering::SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.log.in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn asked(&self) -> usize {
        self.log.asked.load(Ordering::SeqCst)
    }
}

async fn survey(State(log): State<Arc<Log>>, body: Bytes) -> Response {
    let view = View::read(Fields::from_json(&body).unwrap(), &Limits::default()).unwrap();
    if let Some((status, body)) = log.survey.lock().unwrap().clone() {
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        let kind = [("content-type", "application/problem+json")];
        return (status, kind, body.to_string()).into_response();
    }
    let survey = Survey {
        iterations: match view.iterations {
            protocol::Iterations::Auto => 777,
            protocol::Iterations::Limit(limit) => limit,
        },
        tier: "direct".to_owned(),
        distribution: (view.colours.colouring == protocol::Colouring::Histogram)
            .then(|| vec![1.0, 2.5, 9.0]),
        capacity: 2,
    };
    let flight = Surveying::new(&log);
    let orbits = log.orbits.lock().unwrap().clone();
    let lines = stream::unfold(Some((flight, 0)), move |state| {
        let (orbits, last) = (orbits.clone(), SurveyLine::Survey(survey.clone()));
        async move {
            let (flight, told) = state?;
            let now = orbits.get(told).or(orbits.last());
            // The first lines come at once, then the last of them again and again.
            let pause = Duration::from_millis(if told < orbits.len() { 0 } else { 20 });
            let line = tokio::select! {
                biased;
                done = flight.0.held.acquire() => {
                    done.unwrap().forget();
                    last
                }
                () = sleep(pause), if now.is_some() => {
                    let progress = *now.unwrap();
                    let (steps, limit) = (0, 1);
                    SurveyLine::Orbit { progress, steps, limit }
                }
            };
            let is_last = matches!(line, SurveyLine::Survey(_));
            let next = (!is_last).then_some((flight, told + 1));
            let text = serde_json::to_string(&line).unwrap() + "\n";
            Some((Ok::<_, std::io::Error>(text), next))
        }
    });
    let headers = [
        ("x-worker", "worker-1"),
        ("x-worker-capacity", "2"),
        ("content-type", SurveyLine::MEDIA_TYPE),
    ];
    let mut response = (headers, Body::from_stream(lines)).into_response();
    response
        .headers_mut()
        .extend(log.said.lock().unwrap().clone());
    response
}

/// A survey that is neither answered nor given up.
struct Surveying(Arc<Log>);

impl Surveying {
    fn new(log: &Arc<Log>) -> Surveying {
        log.surveying.fetch_add(1, Ordering::SeqCst);
        Surveying(log.clone())
    }
}

impl Drop for Surveying {
    fn drop(&mut self) {
        self.0.surveying.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn tile(State(log): State<Arc<Log>>, headers: HeaderMap, body: Bytes) -> Response {
    let request = TileRequest::read(Fields::from_json(&body).unwrap(), &Limits::default()).unwrap();
    let earlier = log.asked.fetch_add(1, Ordering::SeqCst);
    let flight = Flight::new(&log);
    log.requests.lock().unwrap().push(request.clone());
    log.keys
        .lock()
        .unwrap()
        .push(headers["idempotency-key"].to_str().unwrap().to_owned());
    let priority = headers.get("priority");
    let priority = priority.map(|said| said.to_str().unwrap().to_owned());
    log.priorities.lock().unwrap().push(priority);
    let rule = log.rule.lock().unwrap().clone().unwrap();
    let answer = rule(&request, earlier);
    let worker = format!("worker-{}", request.rect.y / request.rect.h % 2 + 1);
    let format = request.format.unwrap_or(Format::Png);
    let mut body = match format {
        Format::Band if answer == Answer::Bulky => packed(&request, Compression::none()),
        Format::Band => band(&request),
        Format::Png => png(&request),
        Format::Npy => npy(&request),
    };
    match answer {
        Answer::Band | Answer::Bulky => {}
        Answer::Busy => return axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Answer::Refused => {
            let problem =
                json!({ "title": "too deep", "status": 422, "detail": "the limit is 1e13" });
            return (
                axum::http::StatusCode::UNPROCESSABLE_ENTITY,
                problem.to_string(),
            )
                .into_response();
        }
        Answer::Broken => {
            let half = Bytes::from(body).slice(..40);
            let parts = [Ok(half), Err(std::io::Error::other("cut"))];
            return Body::from_stream(futures::stream::iter(parts)).into_response();
        }
        Answer::Damaged => body[50] ^= 1,
        Answer::Frozen => std::future::pending().await,
        Answer::Held => log.released.acquire().await.unwrap().forget(),
    }
    drop(flight);
    let headers = [
        ("x-worker", worker.as_str()),
        ("server-timing", "queue;dur=1, field;dur=20, encode;dur=5"),
        ("content-type", format.media_type()),
        ("x-iterations", "777"),
    ];
    let mut response = (headers, body).into_response();
    response
        .headers_mut()
        .extend(log.said.lock().unwrap().clone());
    response
}

/// A request in flight, until it is answered or its requester goes away.
struct Flight(Arc<Log>);

impl Flight {
    fn new(log: &Arc<Log>) -> Flight {
        let now = log.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        log.most_in_flight.fetch_max(now, Ordering::SeqCst);
        Flight(log.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The pattern's colour.
pub(crate) fn pixel(x: u32, y: u32) -> [u8; 3] {
    let mixed = x.wrapping_mul(31) ^ y.wrapping_mul(17);
    [x as u8, y as u8, mixed as u8]
}

/// The piece of the pattern, as a PNG.
fn png(request: &TileRequest) -> Vec<u8> {
    let rect = request.rect;
    let piece = image::RgbImage::from_fn(rect.w, rect.h, |x, y| {
        image::Rgb(pixel(rect.x + x, rect.y + y))
    });
    let mut png = std::io::Cursor::new(Vec::new());
    piece.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// What stands for counts: bytes as many as there would be.
pub(crate) fn npy(request: &TileRequest) -> Vec<u8> {
    let rect = request.rect;
    let rows = rect.y..rect.y + rect.h;
    let numbers = rows.flat_map(|y| (rect.x..rect.x + rect.w).map(move |x| x * y));
    numbers.flat_map(u32::to_le_bytes).collect()
}

/// The band, as the wire has it: strips of unfiltered rows, each deflated up to a sync flush.
pub(crate) fn band(request: &TileRequest) -> Vec<u8> {
    packed(request, Compression::fast())
}

fn packed(request: &TileRequest, compression: Compression) -> Vec<u8> {
    let strips = Strips::of(&request.view);
    let (top, bottom) = (request.rect.y, request.rect.y + request.rect.h);
    assert!(strips.begin_at(top) && strips.end_at(bottom), "{request:?}");
    let tops = (top..bottom).step_by(strips.rows() as usize);
    let strips: Vec<Strip> = tops
        .map(|top| strip(request, top..bottom.min(top + strips.rows()), compression))
        .collect();
    Band::encode(&strips)
}

fn strip(request: &TileRequest, rows: Range<u32>, compression: Compression) -> Strip {
    let mut raw = Vec::new();
    for y in rows.clone() {
        raw.push(0);
        for x in 0..request.view.width {
            raw.extend_from_slice(&pixel(x, y));
        }
    }
    let mut sum = simd_adler32::Adler32::new();
    sum.write(&raw);
    let mut deflated = Vec::with_capacity(raw.len() + raw.len() / 100 + 1024);
    let mut compress = Compress::new(compression, false);
    compress
        .compress_vec(&raw, &mut deflated, FlushCompress::Sync)
        .unwrap();
    assert_eq!(compress.total_in(), raw.len() as u64);
    Strip {
        rows: rows.len() as u32,
        adler: Adler {
            sum: sum.finish(),
            length: raw.len() as u64,
        },
        deflated,
    }
}
