//! Which tiles need no worker? Those that were asked for lately, as many as there is memory for.

use std::sync::Arc;

use moka::sync::Cache as Memory;

use crate::tiles::tile::{Tile, TileKey};

/// What an entry takes beside its bytes, about.
const ENTRY: usize = 256;

/// Tiles that are kept.
pub(crate) struct Cache {
    memory: Memory<TileKey, Arc<Tile>>,
}

impl Cache {
    /// A cache that keeps `memory` bytes.
    pub(crate) fn new(memory: u64) -> Cache {
        let weight = |_: &TileKey, tile: &Arc<Tile>| {
            let bytes = ENTRY + tile.body.len() + tile.worker.len() + tile.timing.len();
            bytes.try_into().unwrap_or(u32::MAX)
        };
        let memory = Memory::builder().max_capacity(memory).weigher(weight);
        Cache {
            memory: memory.build(),
        }
    }

    /// The tile, if it is in memory.
    pub(crate) fn remembered(&self, key: TileKey) -> Option<Arc<Tile>> {
        self.memory.get(&key)
    }

    /// Keeps a tile.
    pub(crate) fn keep(&self, key: TileKey, tile: Arc<Tile>) {
        self.memory.insert(key, tile);
    }
}
