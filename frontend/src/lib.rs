//! How does a view become one PNG? It is cut into bands of whole rows, which are asked for at the
//! workers, many at a time, and written one after the other as they come: that is `render`.
//! `tiles` has the tiles of the quadtree, `progress` tells how far each picture is, and `site` is the pages around it: an explorer,
//! a form, a result that shows the picture arriving, the report of who drew how much, and the `cluster` at work.

mod cluster;
mod counters;
mod progress;
mod render;
mod settings;
mod site;
mod tiles;
mod trouble;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use service::{Metrics, Mistakes, Readiness, Shutdown};
use tokio::net::TcpListener;

use crate::cluster::Cluster;
use crate::counters::Counters;
use crate::render::Renderer;
use crate::render::tiles::Tiles;
pub use crate::settings::Settings;
use crate::site::Pages;
use crate::site::Site;
use crate::tiles::TileStore;

/// Why a frontend does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings that cannot be used; their text is fit for the terminal.
    #[error(transparent)]
    Settings(#[from] Mistakes),
    /// The client for the workers cannot be set up.
    #[error("the client for the workers cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// The folder for tiles cannot be used.
    #[error("the tile cache's folder cannot be used: {0}")]
    TileCache(#[source] std::io::Error),
    /// The listener failed.
    #[error("the listener failed: {0}")]
    Listener(#[from] std::io::Error),
}

/// Serves the site on `listener` until `shutdown` fires and the pictures in flight are sent.
///
/// # Errors
/// [`Error`], before or while it serves.
pub async fn run(
    listener: TcpListener,
    settings: Settings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let base = settings.base()?;
    let cluster = Cluster::new(settings.admin())?;
    let tiles = Tiles::new(base, settings.piece_timeout)?;
    let (limits, grace) = (settings.limits, settings.grace);
    let mut metrics = Registry::default();
    let counters = Counters::new(&mut metrics);
    let readiness = Readiness::default();
    let tile_store =
        TileStore::new(&settings, tiles.clone(), &mut metrics).map_err(Error::TileCache)?;
    let site = Site {
        limits,
        tiles: tile_store,
        renders: settings.renders,
        renderer: Arc::new(Renderer::new(settings, tiles, counters)),
        cluster: Arc::new(cluster),
        pages: Arc::new(Pages::new()),
        metrics: Metrics::new(metrics),
        readiness: readiness.clone(),
        shutdown: shutdown.clone(),
    };
    let draining = shutdown.clone();
    tokio::spawn(async move {
        draining.cancelled().await;
        readiness.drain();
    });
    Ok(service::serve(listener, site::router(site), shutdown, grace).await?)
}
