//! What does an operator look at? A page that draws what `/events` tells: all statistics, twice a second. It needs nothing
//! from anywhere else, and its policy lets it load nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use futures::stream;
use http::{StatusCode, header};
use service::Problem;
use tokio::sync::Semaphore;

use crate::control::Control;

/// Between two pictures.
const INTERVAL: Duration = Duration::from_millis(500);
/// So many look at once; each picture takes the pools' locks for a moment.
const MOST_VIEWERS: usize = 32;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct Viewers {
    control: Arc<Control>,
    seats: Arc<Semaphore>,
}

/// `GET /`, what it needs, and `GET /events`.
pub(super) fn router(control: Arc<Control>) -> Router {
    let seats = Arc::new(Semaphore::new(MOST_VIEWERS));
    let page = asset("text/html; charset=utf-8", include_str!("live/live.html"));
    let script = asset("text/javascript", include_str!("live/live.js"));
    let style = asset("text/css", include_str!("live/live.css"));
    Router::new()
        .route("/", page)
        .route("/live.js", script)
        .route("/live.css", style)
        .route("/events", get(events))
        .with_state(Viewers { control, seats })
}

fn asset(kind: &'static str, text: &'static str) -> MethodRouter<Viewers> {
    get(async move || {
        let fields = [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (fields, text)
    })
}

/// All statistics, now and twice a second.
async fn events(State(viewers): State<Viewers>) -> Response {
    let Ok(seat) = viewers.seats.try_acquire_owned() else {
        let detail = format!("{MOST_VIEWERS} look already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many viewers", detail)
            .retry_after(5)
            .into_response();
    };
    let ticks = tokio::time::interval(INTERVAL);
    let pictures = stream::unfold((ticks, seat), move |(mut ticks, seat)| {
        let control = viewers.control.clone();
        async move {
            ticks.tick().await;
            let picture = super::picture(&control).to_string();
            let event = Event::default().data(picture);
            Some((Ok::<_, Infallible>(event), (ticks, seat)))
        }
    });
    Sse::new(pictures).into_response()
}
