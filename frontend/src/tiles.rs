//! How does a tile come? From the cache, or from whoever is fetching it already, or from a worker: once for all who ask at the same
//! time, and no longer than any of them waits. Beside it is what other programs need to find tiles ([`crate::site`]).

mod cache;
pub(crate) mod coding;
mod counters;
mod disk;
mod flight;
mod shelf;
pub(crate) mod tile;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use protocol::{Format, TileRequest};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::progress::id::RenderId;
use crate::render::persist::{Patience, Pulse};
use crate::render::tiles::Tiles;
use crate::settings::Settings;
use crate::tiles::cache::Cache;
use crate::tiles::counters::{Came, Counters};
use crate::tiles::flight::Flights;
use crate::tiles::tile::{Source, Tile, TileKey};
use crate::trouble::Failure;

/// How many tiles are fetched at once; more are refused with 503. A page asks for some fifty, and each that has come holds at most
/// half a megabyte.
const MOST_FLIGHTS: usize = 512;

/// Whoever has tiles.
#[derive(Clone)]
pub(crate) struct TileStore {
    fetcher: Arc<Fetcher>,
    flights: Flights<Result<(Arc<Tile>, Source), Failure>>,
}

/// What a flight needs.
struct Fetcher {
    workers: Tiles,
    cache: Cache,
    counters: Counters,
    room: Semaphore,
    pulse: Arc<Pulse>,
    deadline: Duration,
    patience: Duration,
}

impl TileStore {
    /// Tiles from `workers`.
    ///
    /// # Errors
    /// When the cache's folder cannot be used.
    pub(crate) fn new(
        settings: &Settings,
        workers: Tiles,
        registry: &mut Registry,
    ) -> io::Result<TileStore> {
        let registry = registry.sub_registry_with_prefix("tilebrot_tile_cache");
        let counters = Counters::new(registry);
        Ok(TileStore {
            flights: Flights::default(),
            fetcher: Arc::new(Fetcher {
                workers,
                cache: Cache::new(settings, counters.clone())?,
                counters,
                room: Semaphore::new(MOST_FLIGHTS),
                pulse: Arc::new(Pulse::new()),
                deadline: settings.piece_timeout,
                patience: settings.patience,
            }),
        })
    }

    /// The client has it already.
    pub(crate) fn not_modified(&self) {
        self.fetcher.counters.count(Came::NotModified);
    }

    /// The tile `key`, for which a worker is asked by what `request` writes, as urgently as `priority` says.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn tile(
        &self,
        key: TileKey,
        request: impl FnOnce() -> TileRequest + Send + 'static,
        priority: Option<String>,
    ) -> Result<(Arc<Tile>, Source), Failure> {
        let counters = &self.fetcher.counters;
        if let Some(tile) = self.fetcher.cache.remembered(key) {
            counters.count(Came::Memory);
            return Ok((tile, Source::Memory));
        }
        let fetcher = self.fetcher.clone();
        let (flight, is_new) =
            self.flights.join(
                key,
                async move { fetcher.fetch(key, request, priority).await },
            );
        let waiting = counters.waiting();
        let outcome = flight.await;
        drop(waiting);
        let (came, source) = match &outcome {
            Err(_) => (Came::Failed, Source::Worker),
            Ok((_, Source::Worker)) if !is_new => (Came::Shared, Source::Shared),
            Ok((_, Source::Worker)) => (Came::Drawn, Source::Worker),
            Ok((_, source)) => (Came::Disk, *source),
        };
        counters.count(came);
        outcome.map(|(tile, _)| (tile, source))
    }
}

impl Fetcher {
    async fn fetch(
        &self,
        key: TileKey,
        request: impl FnOnce() -> TileRequest + Send + 'static,
        priority: Option<String>,
    ) -> Result<(Arc<Tile>, Source), Failure> {
        let Ok(_place) = self.room.try_acquire() else {
            return Err(Failure::Full(MOST_FLIGHTS));
        };
        if let Some(tile) = self.cache.found(key).await {
            return Ok((tile, Source::Disk));
        }
        // A thread of its own, as for packing: the exact decimals of a deep place take milliseconds.
        let written = spawn_blocking(request).await;
        let request = written.map_err(|error| Failure::Internal(error.to_string()))?;
        let patience = Patience::new(self.deadline, self.patience).sharing(self.pulse.clone());
        let again = |trouble: &_| tracing::info!(%trouble, "a tile is asked for again");
        let ask = || {
            let name = RenderId::random().to_string();
            self.workers.tile(&request, name, priority.as_deref())
        };
        let mut tile = patience.persist(again, ask).await?;
        if request.format == Some(Format::Npy) {
            let raw = tile.body;
            let packed = spawn_blocking(move || coding::packed(&raw)).await;
            let packed = packed.map_err(|error| Failure::Internal(error.to_string()))?;
            tile.body = packed.map_err(|error| Failure::Internal(error.to_string()))?;
        }
        let tile = Arc::new(tile);
        self.cache.keep(key, tile.clone());
        Ok((tile, Source::Worker))
    }
}
