//! What do operators see? `/health` for whoever restarts us, `/stats` for programs, `/metrics` for Prometheus:
//! on a listener of their own, so that the pools' paths are all the servers' own.

mod bans;
mod metrics;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use prometheus_client::registry::Registry;
use serde_json::json;
use service::{Metrics, Shutdown};

use crate::edge::Bans;
use crate::pool::Pool;
use crate::stats::PoolStats;

type Pools = Arc<[Arc<Pool>]>;

/// The admin pages of `pools`, which say that we drain from when `draining` fires.
pub(crate) fn router(pools: Vec<Arc<Pool>>, bans: Arc<Bans>, draining: Shutdown) -> Router {
    let pools: Pools = pools.into();
    let mut registry = Registry::with_prefix("balancer");
    registry.register_collector(Box::new(metrics::Collector(pools.clone())));
    let metrics = Metrics::new(registry);
    Router::new()
        .route("/livez", get(service::livez))
        .route(
            "/health",
            get(async move |pools| health(pools, draining.is_cancelled())),
        )
        .route("/stats", get(stats))
        .route("/metrics", get(async move || metrics.answer()))
        .with_state(pools)
        .merge(bans::router(bans))
}

/// 200 when every pool has a server up and new requests are wanted.
fn health(State(pools): State<Pools>, draining: bool) -> impl IntoResponse {
    let stats: Vec<PoolStats> = pools.iter().map(|pool| PoolStats::of(pool)).collect();
    let (status, word) = if draining {
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
    let pools: serde_json::Map<String, serde_json::Value> = pools.collect();
    (status, Json(json!({ "status": word, "pools": pools })))
}

async fn stats(State(pools): State<Pools>) -> impl IntoResponse {
    let pools: Vec<PoolStats> = pools.iter().map(|pool| PoolStats::of(pool)).collect();
    Json(json!({ "pools": pools }))
}
