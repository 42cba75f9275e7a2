//! What is where on the site?

mod assets;
mod cluster;
mod cors;
mod edge;
mod events;
mod form;
mod nucleus;
mod pages;
mod picture;
mod presets;
mod tiles;
mod tilesets;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use protocol::Limits;
use service::{Metrics, Readiness, Shutdown};

pub(crate) use self::pages::Pages;
use crate::cluster::Cluster;
use crate::render::Renderer;
use crate::tiles::TileStore;

/// The longest view as JSON: five decimals with all the digits that limits may allow, and names.
const MOST_BODY: usize = 1 << 20;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) limits: Limits,
    pub(crate) renders: usize,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) tiles: TileStore,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) shutdown: Shutdown,
}

/// Every address, and what holds for all of them.
pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(explorer))
        .route("/form", get(form::form))
        .route("/render", get(form::submit))
        .route(
            "/render.png",
            get(picture::from_query).post(picture::from_json),
        )
        .route("/renders/{id}", get(events::report))
        .route("/renders/{id}/events", get(events::events))
        .route("/cluster", get(cluster::cluster))
        .route("/cluster/events", get(cluster::events))
        .route("/nucleus", get(nucleus::nucleus))
        .route("/static/{*file}", get(assets::asset))
        .merge(open())
        .route("/livez", get(service::livez))
        .route("/readyz", get(readyz))
        .route(
            "/metrics",
            get(async |State(site): State<Site>| site.metrics.answer()),
        )
        .fallback(edge::nothing_here)
        .method_not_allowed_fallback(edge::wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(
            site.pages.clone(),
            edge::problems_as_pages,
        ))
        .layer(from_fn(edge::security))
        .with_state(site)
}

/// `GET /`: the explorer, whose script reads the address.
async fn explorer(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    site.pages
        .explorer(&query.unwrap_or_default(), &site.limits)
}

/// What scripts of every site may read.
fn open() -> Router<Site> {
    Router::new()
        .route(
            "/tiles/{version}/{z}/{x}/{file}",
            get(tiles::tile).options(cors::preflight),
        )
        .route(
            "/tiles/{z}/{x}/{file}",
            get(tiles::newest).options(cors::preflight),
        )
        .route(
            "/tiles.json",
            get(tilesets::tilejson).options(cors::preflight),
        )
        .route("/tiles.dzi", get(tilesets::dzi).options(cors::preflight))
        .route(
            "/tiles_files/{level}/{file}",
            get(tilesets::dzi_tile).options(cors::preflight),
        )
        .route_layer(from_fn(cors::open))
}

async fn readyz(State(site): State<Site>) -> Response {
    let free = site.renderer.free();
    let facts = serde_json::json!({ "capacity": site.renders, "in_flight": site.renders - free });
    site.readiness.answer(facts)
}
