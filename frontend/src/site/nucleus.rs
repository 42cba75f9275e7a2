//! `/nucleus`: the minibrot of a view, found by a worker.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use protocol::{Fields, View};

use crate::progress::id::RenderId;
use crate::site::Site;
use crate::site::picture::refused;
use crate::trouble::Failure;

/// `GET /nucleus?…` with the fields of a view: what the worker's `/v1/nucleus` says; 404 where the view has none.
pub(crate) async fn nucleus(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::from_query(&query.unwrap_or_default());
    let view = match View::read(fields, &site.limits) {
        Ok(view) => view,
        Err(errors) => return refused(&errors).into_response(),
    };
    // Any key will do: it says that the question may be asked again elsewhere.
    let key = RenderId::random().to_string();
    match site.renderer.tiles.nucleus(&view, key).await {
        Ok(nucleus) => Json(nucleus).into_response(),
        Err(trouble) => Failure::Workers(trouble).into_response(),
    }
}
