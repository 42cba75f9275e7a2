//! What do operators see, and what may they change? `/health` for whoever restarts us, `/stats` for programs, `/metrics`
//! for Prometheus, servers and bans: on listeners of their own, so that the pools' paths are all the servers' own.

mod bans;
mod guard;
mod live;
mod metrics;
mod servers;
mod socket;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use service::Metrics;

pub(crate) use self::guard::Way;
pub use self::socket::AdminSocket;
pub(crate) use self::socket::serve as serve_socket;
use crate::control::Control;
use crate::stats::PoolStats;

/// More than any change takes.
const LONGEST_BODY: usize = 64 << 10;

/// The admin pages of `control`'s pools, as they are reached by `way`.
pub(crate) fn router(control: Arc<Control>, way: Way) -> Router {
    let bans = control.bans();
    let mut registry = Registry::with_prefix("balancer");
    registry.register_collector(Box::new(metrics::Collector(control.clone())));
    let metrics = Metrics::new(registry);
    Router::new()
        .route("/livez", get(service::livez))
        .route("/health", get(health))
        .route("/stats", get(stats))
        .route("/metrics", get(async move || metrics.answer()))
        .with_state(control.clone())
        .merge(live::router(control.clone()))
        .merge(servers::router(control))
        .merge(bans::router(bans))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(way, guard::guard))
}

/// 200 when every pool has a server up and new requests are wanted.
async fn health(State(control): State<Arc<Control>>) -> impl IntoResponse {
    let stats = pools(&control);
    let (status, word) = if control.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if stats.iter().all(PoolStats::is_up) {
        (StatusCode::OK, "up")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "down")
    };
    let pools = stats.iter().map(|pool| {
        let up = if pool.is_up() { "up" } else { "down" };
        (pool.name.clone(), json!(up))
    });
    let pools: serde_json::Map<String, Value> = pools.collect();
    let mistake = control.reloads.told().mistake;
    let health = json!({ "status": word, "pools": pools, "settings_mistake": mistake });
    (status, Json(health))
}

async fn stats(State(control): State<Arc<Control>>) -> impl IntoResponse {
    Json(picture(&control))
}

/// All that is known now.
fn picture(control: &Control) -> Value {
    let rooms = control.waiting_rooms().into_iter();
    let waiting: serde_json::Map<_, _> = rooms
        .map(|(listener, room)| (listener, json!(room)))
        .collect();
    json!({
        "pools": pools(control),
        "waiting_rooms": waiting,
        "bans": control.bans().picture(),
        "reloads": control.reloads.told(),
        "log_lines_lost": control.lost_lines(),
    })
}

fn pools(control: &Control) -> Vec<PoolStats> {
    let pools = control.pools();
    pools.iter().map(|pool| PoolStats::of(pool)).collect()
}
