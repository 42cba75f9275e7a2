//! Which tiles need no worker? Those that were asked for lately: as many in memory as there is room for, and more in a folder, if
//! there is one.

use std::io;
use std::sync::Arc;

use moka::sync::Cache as Memory;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::settings::Settings;
use crate::tiles::counters::Counters;
use crate::tiles::disk::Disk;
use crate::tiles::tile::{Tile, TileKey};

/// What an entry takes beside its bytes, about.
const ENTRY: usize = 256;
/// How many tiles wait to be written; a disk that is slower than the workers keeps fewer, and holds up nobody.
const MOST_WRITES: usize = 64;

/// Tiles that are kept.
pub(crate) struct Cache {
    memory: Memory<TileKey, Arc<Tile>>,
    disk: Option<Arc<Disk>>,
    writes: Arc<Semaphore>,
    counters: Counters,
}

impl Cache {
    /// The cache that `settings` ask for.
    ///
    /// # Errors
    /// When there is to be a folder and it cannot be used.
    pub(crate) fn new(settings: &Settings, counters: Counters) -> io::Result<Cache> {
        let weight = |_: &TileKey, tile: &Arc<Tile>| {
            let bytes = ENTRY + tile.body.len() + tile.worker.len() + tile.timing.len();
            bytes.try_into().unwrap_or(u32::MAX)
        };
        let memory = Memory::builder().max_capacity(settings.tile_memory);
        let folder = settings.tile_cache_folder.as_ref();
        let disk = folder.map(|folder| Disk::open(folder, settings.tile_cache_size));
        let disk = disk.transpose()?.map(Arc::new);
        if let Some(disk) = &disk {
            counters.disk_bytes.set(disk.bytes() as i64);
        }
        Ok(Cache {
            memory: memory.weigher(weight).build(),
            disk,
            writes: Arc::new(Semaphore::new(MOST_WRITES)),
            counters,
        })
    }

    /// The tile, if it is in memory.
    pub(crate) fn remembered(&self, key: TileKey) -> Option<Arc<Tile>> {
        self.memory.get(&key)
    }

    /// The tile, if it is in the folder.
    pub(crate) async fn found(&self, key: TileKey) -> Option<Arc<Tile>> {
        let disk = self.disk.clone()?;
        let tile = spawn_blocking(move || disk.read(key)).await.ok()??;
        let tile = Arc::new(tile);
        self.memory.insert(key, tile.clone());
        Some(tile)
    }

    /// Keeps a tile that was drawn.
    pub(crate) fn keep(&self, key: TileKey, tile: Arc<Tile>) {
        self.memory.insert(key, tile.clone());
        let Some(disk) = self.disk.clone() else {
            return;
        };
        let counters = self.counters.clone();
        let Ok(place) = self.writes.clone().try_acquire_owned() else {
            counters.unwritten.inc();
            return;
        };
        spawn_blocking(move || {
            if let Err(error) = disk.write(key, &tile) {
                tracing::warn!(%error, "a tile is not kept on disk");
                counters.unwritten.inc();
            }
            counters.disk_bytes.set(disk.bytes() as i64);
            drop(place);
        });
    }
}
