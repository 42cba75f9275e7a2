//! Who is banned, and for how long? The list, and a way to strike a client off it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;
use service::Problem;

use crate::client::ClientKey;
use crate::edge::Bans;

/// `GET /bans` and `DELETE /bans/CLIENT`.
pub(super) fn router(bans: Arc<Bans>) -> Router {
    Router::new()
        .route("/bans", get(all))
        .route("/bans/{*client}", delete(lift))
        .with_state(bans)
}

async fn all(State(bans): State<Arc<Bans>>) -> impl IntoResponse {
    Json(json!({ "bans": bans.all() }))
}

async fn lift(State(bans): State<Arc<Bans>>, Path(client): Path<String>) -> Response {
    let key: ClientKey = match client.parse() {
        Ok(key) => key,
        Err(accepted) => {
            let detail = format!("client: {client:?} is not accepted: {accepted}");
            return Problem::new(StatusCode::BAD_REQUEST, "Bad request", detail).into_response();
        }
    };
    if bans.lift(key) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("client {key} is not banned");
    Problem::new(StatusCode::NOT_FOUND, "Not banned", detail).into_response()
}
