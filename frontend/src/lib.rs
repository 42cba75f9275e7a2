//! How does a view become one PNG? It is cut into bands of whole rows ([`plan`]), which are asked for
//! at the workers, many at a time ([`dispatch`]), and written one after the other as they are
//! ([`gather`]). Around that way there are pages: a form, a result that shows the picture arriving, and
//! the report of who drew how much.

// The picture, in the order in which data passes through.
mod dispatch;
mod gather;
mod persist;
mod plan;
mod png;
mod render;
mod request;
mod straggler;
mod tiles;
mod timing;
// What is told of it.
mod counters;
mod id;
mod registry;
mod report;
mod running;
mod trouble;
// The site.
mod assets;
mod edge;
mod events;
mod form;
mod pages;
mod picture;
mod presets;
mod settings;
mod site;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use service::{Metrics, Mistakes, Readiness, Shutdown};
use tokio::net::TcpListener;

use crate::counters::Counters;
use crate::pages::Pages;
use crate::render::Renderer;
pub use crate::settings::Settings;
use crate::site::Site;
use crate::tiles::Tiles;

/// Why a frontend does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings that cannot be used; their text is fit for the terminal.
    #[error(transparent)]
    Settings(#[from] Mistakes),
    /// The client for the workers cannot be set up.
    #[error("the client for the workers cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
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
    let tiles = Tiles::new(settings.base()?, settings.piece_timeout)?;
    let (limits, grace) = (settings.limits, settings.grace);
    let mut metrics = Registry::default();
    let counters = Counters::new(&mut metrics);
    let readiness = Readiness::default();
    let site = Site {
        limits,
        renders: settings.renders,
        renderer: Arc::new(Renderer::new(settings, tiles, counters)),
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
