//! `/cluster`: the servers behind the site, now and as they come, work and go.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use service::Problem;
use tokio::time::{MissedTickBehavior, interval};

use crate::cluster::{MOST_VIEWERS, Unseen};
use crate::site::Site;

/// Between two pictures.
const INTERVAL: Duration = Duration::from_millis(500);
/// A page that is left open comes back by itself.
const LONGEST_WATCH: Duration = Duration::from_secs(1800);

/// `GET /cluster`: the pools and their servers.
pub(crate) async fn cluster(State(site): State<Site>) -> Response {
    match site.cluster.picture().await {
        Ok(picture) => ([(header::CACHE_CONTROL, "no-store")], Json(&*picture)).into_response(),
        Err(unseen) => problem(unseen).into_response(),
    }
}

/// `GET /cluster/events`: the same twice a second, as events `cluster`; `trouble` says why there is no picture.
pub(crate) async fn events(State(site): State<Site>) -> Response {
    // An event source that is refused does not ask again: a site that will never show its cluster says so.
    if let Err(unseen @ Unseen::Unknown) = site.cluster.picture().await {
        return problem(unseen).into_response();
    }
    let Ok(seat) = site.cluster.seats.clone().try_acquire_owned() else {
        let detail = format!("{MOST_VIEWERS} look already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many viewers", detail)
            .retry_after(5)
            .into_response();
    };
    let over = async move {
        tokio::select! {
            () = site.shutdown.cancelled() => {}
            () = tokio::time::sleep(LONGEST_WATCH) => {}
        }
    };
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watched = (ticks, site.cluster.clone(), seat);
    let pictures = stream::unfold(watched, async |(mut ticks, cluster, seat)| {
        ticks.tick().await;
        let event = match cluster.picture().await {
            Ok(picture) => Event::default().event("cluster").json_data(&*picture),
            Err(unseen) => Ok(Event::default().event("trouble").data(unseen.to_string())),
        };
        // What was read as JSON can be written as JSON.
        let event = event.unwrap_or_default();
        Some((Ok::<_, Infallible>(event), (ticks, cluster, seat)))
    });
    let sse = Sse::new(pictures.take_until(Box::pin(over)));
    // A proxy that gathers events before it passes them on would defeat them.
    ([("x-accel-buffering", "no")], sse).into_response()
}

fn problem(unseen: Unseen) -> Problem {
    match unseen {
        Unseen::Unknown => Problem::new(
            StatusCode::NOT_FOUND,
            "Cluster not shown",
            unseen.to_string(),
        ),
        Unseen::Silent => Problem::new(
            StatusCode::BAD_GATEWAY,
            "Balancer unreachable",
            unseen.to_string(),
        )
        .retry_after(5),
    }
}
