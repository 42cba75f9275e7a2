//! `/renders/{id}`: how far a render is, as events while it runs and as a report at any time.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use service::Problem;
use tokio::sync::watch;

use crate::progress::id::RenderId;
use crate::progress::report::Report;
use crate::site::Site;
use crate::site::edge::wants_page;

/// Between two events: more often than this nobody sees.
const PAUSE: Duration = Duration::from_millis(100);
/// The clock on the page ticks though no band arrives.
const TICK: Duration = Duration::from_secs(1);
/// A page that waits for a picture that nobody asks for is told no more.
const LONGEST_WATCH: Duration = Duration::from_secs(1800);

/// `GET /renders/{id}`: the report, for people or for programs.
pub(crate) async fn report(
    State(site): State<Site>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let report = RenderId::parse(&id).and_then(|id| site.renderer.registry.report(id));
    let Some(report) = report else {
        return unknown().into_response();
    };
    let never_stored = [(header::CACHE_CONTROL, "no-store")];
    if wants_page(&headers) {
        (never_stored, site.pages.report(&report)).into_response()
    } else {
        (never_stored, Json(report)).into_response()
    }
}

/// `GET /renders/{id}/events`: the report each time it changes, until nothing more will.
pub(crate) async fn events(State(site): State<Site>, Path(id): Path<String>) -> Response {
    let registry = &site.renderer.registry;
    let known = RenderId::parse(&id).filter(|id| registry.report(*id).is_some());
    let Some(id) = known else {
        return unknown().into_response();
    };
    let Some(account) = registry.watch(id) else {
        let detail = "as many watch this render as may";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many watchers", detail);
        return problem.retry_after(1).into_response();
    };
    let over = async move {
        tokio::select! {
            () = site.shutdown.cancelled() => {}
            () = tokio::time::sleep(LONGEST_WATCH) => {}
        }
    };
    let events = reports(account).map(|report| Event::default().event("report").json_data(report));
    let sse = Sse::new(events.take_until(Box::pin(over))).keep_alive(KeepAlive::default());
    // A proxy that gathers events before it passes them on would defeat them.
    ([("x-accel-buffering", "no")], sse).into_response()
}

/// The report now and after each change, up to the one that is final.
fn reports(account: watch::Receiver<Report>) -> impl Stream<Item = Report> {
    stream::unfold(Some((account, true)), async |state| {
        let (mut account, first) = state?;
        if !first {
            tokio::time::sleep(PAUSE).await;
            let changed = tokio::time::timeout(TICK, account.changed()).await;
            if changed.is_ok_and(|alive| alive.is_err()) {
                return None;
            }
        }
        let report = account.borrow_and_update().now();
        let next = (!report.state.is_final()).then_some((account, false));
        Some((report, next))
    })
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "Unknown render",
        "no render of this name is known here, or it was long ago",
    )
}
