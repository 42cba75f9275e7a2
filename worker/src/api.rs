//! The worker's HTTP: which path leads where, and what a tile's answer carries beside its body.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use protocol::{Format, Survey, TileRequest, View};
use serde_json::json;
use service::{Metrics, Problem, Readiness};

use crate::admission::Admission;
use crate::draw::{Drawn, Timings};
use crate::job::Pool;
use crate::metrics::{Outcome, TileMetrics};
use crate::nucleus::nucleus_of;
use crate::orbits::Orbits;
use crate::prepare::Prepared;
use crate::request::{Query, negotiate};
use crate::turn::{Refused, Turn, Waited};
use crate::{Settings, draw, openapi, problems, stream, survey, translate};

/// Tiles of one release are the same for ever; the next release may pick other `auto` limits.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=86400");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Everything that the handlers share.
pub(crate) struct Worker {
    pub(crate) settings: Settings,
    pub(crate) readiness: Readiness,
    pub(crate) admission: Admission,
    pub(crate) pool: Pool,
    pub(crate) orbits: Orbits,
    pub(crate) tile_metrics: TileMetrics,
    pub(crate) metrics: Metrics,
}

pub(crate) fn routes(worker: Arc<Worker>) -> Router {
    Router::new()
        .route("/v1/tile", get(tile).post(tile))
        .route("/v1/survey", get(survey_of).post(survey_of))
        .route("/v1/nucleus", get(nucleus_of).post(nucleus_of))
        .route("/v1/orbits", get(orbits))
        .route("/livez", get(service::livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(openapi::routes(&worker.settings.limits))
        .fallback(problems::not_found)
        .method_not_allowed_fallback(problems::method_not_allowed)
        .with_state(worker)
}

async fn readyz(State(worker): State<Arc<Worker>>) -> Response {
    worker.readiness.answer(json!({
        // Those that wait for an orbit take nobody's place: a balancer may send as many more.
        "capacity": worker.admission.capacity() + worker.orbits.waiting(),
        "in_flight": worker.admission.in_flight(),
        "worker": worker.settings.name,
    }))
}

async fn metrics(State(worker): State<Arc<Worker>>) -> Response {
    worker.metrics.answer()
}

async fn tile(
    State(worker): State<Arc<Worker>>,
    headers: HeaderMap,
    Query(fields): Query,
) -> Result<Response, Problem> {
    let request =
        TileRequest::read(fields, &worker.settings.limits).map_err(|e| problems::refused(&e))?;
    let format = negotiate(request.format, &headers)?;
    // From here on the request says its form, however it was chosen.
    let request = TileRequest {
        format: Some(format),
        ..request
    };
    translate::check_channel(&request, format).map_err(|e| problems::refused(&e))?;
    let prepared =
        Prepared::new(&request.view, &worker.settings).map_err(|e| problems::refused(&e))?;
    let etag = etag(&request);
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == etag)
    {
        worker.tile_metrics.count(Outcome::NotModified);
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let turn = match Turn::new(&worker.admission, &worker.orbits, &prepared) {
        Ok(turn) => turn,
        Err(refused) => {
            worker.tile_metrics.count(Outcome::Refused);
            return Ok(busy(&worker, refused));
        }
    };
    let (drawn, limit, waited) = drawn(&worker, turn, prepared, request, format).await?;
    let mut response = (
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(format.media_type()),
            ),
            (header::ETAG, etag),
            (header::CACHE_CONTROL, CACHE_CONTROL),
            (header::VARY, HeaderValue::from_static("accept")),
            (SERVER_TIMING, server_timing(waited, &drawn.timings)),
            (
                HeaderName::from_static(protocol::header::X_ITERATIONS),
                HeaderValue::from(limit),
            ),
        ],
        drawn.body,
    )
        .into_response();
    sign(&worker, response.headers_mut());
    Ok(response)
}

/// A tile, the iteration limit that it has, and what its request waited for.
async fn drawn(
    worker: &Worker,
    turn: Turn,
    prepared: Prepared,
    request: TileRequest,
    format: Format,
) -> Result<(Drawn, u64, Waited), Problem> {
    let arrived = Instant::now();
    // The requester's departure drops this future, which cancels the job; a count that is not
    // settled by then is a tile that nobody waited for.
    let outcome = worker.tile_metrics.pending();
    let ready = match turn.come().await {
        Ok(ready) => ready,
        Err(cause) => {
            outcome.failed();
            return Err(problems::no_orbit(cause));
        }
    };
    let job = move |cancel: &AtomicBool| {
        let scene = prepared.scene(ready.orbit, cancel)?;
        let limit = scene.renderer.plan().limit();
        Ok((draw::tile(&scene, &request, format, cancel)?, limit))
    };
    match worker.pool.run(ready.permit, job).await {
        Ok((drawn, limit)) => {
            outcome.drawn(drawn.samples, arrived.elapsed());
            Ok((drawn, limit, ready.waited))
        }
        Err(failure) => {
            outcome.failed();
            Err(problems::not_drawn(&failure))
        }
    }
}

async fn survey_of(
    State(worker): State<Arc<Worker>>,
    headers: HeaderMap,
    Query(fields): Query,
) -> Result<Response, Problem> {
    let view = View::read(fields, &worker.settings.limits).map_err(|e| problems::refused(&e))?;
    let prepared = Prepared::new(&view, &worker.settings).map_err(|e| problems::refused(&e))?;
    let turn = match Turn::new(&worker.admission, &worker.orbits, &prepared) {
        Ok(turn) => turn,
        Err(refused) => return Ok(busy(&worker, refused)),
    };
    let meter = turn.meter();
    let surveyed = surveyed(Arc::clone(&worker), prepared, turn);
    let mut response = if stream::is_wanted(&headers) {
        stream::answer(meter, surveyed.boxed())
    } else {
        Json(surveyed.await?).into_response()
    };
    sign(&worker, response.headers_mut());
    Ok(response)
}

async fn surveyed(worker: Arc<Worker>, prepared: Prepared, turn: Turn) -> Result<Survey, Problem> {
    let ready = turn.come().await.map_err(problems::no_orbit)?;
    let capacity = worker.admission.capacity();
    let job = move |cancel: &AtomicBool| {
        let scene = prepared.scene(ready.orbit, cancel)?;
        survey::survey(&scene, capacity, cancel)
    };
    let surveyed = worker.pool.run(ready.permit, job).await;
    surveyed.map_err(|failure| problems::not_drawn(&failure))
}

/// The reference orbits that are being computed, and how far each is.
async fn orbits(State(worker): State<Arc<Worker>>) -> Response {
    let never_stored = [(header::CACHE_CONTROL, "no-store")];
    (never_stored, Json(worker.orbits.under_way())).into_response()
}

/// Why a request was not let in.
fn busy(worker: &Worker, refused: Refused) -> Response {
    match refused {
        Refused::Busy => problems::busy(&worker.admission).into_response(),
        Refused::NoOrbit(cause) => {
            let mut response = problems::no_orbit(cause).into_response();
            // A sign of life: this worker is not stuck, though it may answer so for minutes.
            sign(worker, response.headers_mut());
            response
        }
    }
}

/// Says who drew it, and how many it draws at once.
pub(crate) fn sign(worker: &Worker, headers: &mut HeaderMap) {
    headers.insert(
        protocol::header::X_WORKER_CAPACITY,
        HeaderValue::from(worker.admission.capacity()),
    );
    if let Ok(name) = HeaderValue::from_str(&worker.settings.name) {
        headers.insert(protocol::header::X_WORKER, name);
    }
}

/// A strong validator: everything that the body depends on, and the release that draws it.
fn etag(request: &TileRequest) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    serde_json::to_string(request)
        .unwrap_or_default()
        .hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes are a header value")
}

/// Where the time went, in milliseconds (W3C Server Timing). What is done is summed over threads.
fn server_timing(waited: Waited, timings: &Timings) -> HeaderValue {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let text = format!(
        "orbit;dur={:.3}, queue;dur={:.3}, field;dur={:.3}, colour;dur={:.3}, encode;dur={:.3}",
        ms(waited.orbit),
        ms(waited.queue),
        ms(timings.field),
        ms(timings.colour),
        ms(timings.encode)
    );
    HeaderValue::from_str(&text).expect("numbers and names are a header value")
}
