//! What is kept of a tile? Its bytes as they travel, and what its answer said beside them.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

/// A tile by its address, its form and its appearance: 128 bits, so that no two tiles that anybody ever sees have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TileKey(u128);

impl TileKey {
    /// The key of the tile that has `name` among all that there are.
    pub(crate) fn of(name: &str) -> TileKey {
        TileKey(xxh3_128(name.as_bytes()))
    }

    /// Reads what was written: 32 hexadecimal digits, in lower case.
    pub(crate) fn parse(text: &str) -> Option<TileKey> {
        let key = TileKey(u128::from_str_radix(text, 16).ok()?);
        (key.to_string() == text).then_some(key)
    }

    /// Half of it.
    pub(crate) fn seed(self) -> u64 {
        self.0 as u64
    }
}

/// 32 hexadecimal digits.
impl std::fmt::Display for TileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    /// A PNG; an npy file is packed by zstd.
    pub(crate) body: Bytes,
    /// Who drew it.
    pub(crate) worker: String,
    /// The iteration limit that was used.
    pub(crate) iterations: u64,
    /// Where the worker's time went, as it said.
    pub(crate) timing: String,
}

/// Where a tile came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From memory.
    Memory,
    /// From the folder.
    Disk,
    /// From a worker.
    Worker,
    /// From the same, for somebody who had asked before.
    Shared,
}

impl Source {
    /// As the `Cache-Status` field says it (RFC 9211).
    pub(crate) fn cache_status(self) -> &'static str {
        match self {
            Source::Memory => "tilebrot; hit; detail=memory",
            Source::Disk => "tilebrot; hit; detail=disk",
            Source::Worker => "tilebrot; fwd=miss",
            Source::Shared => "tilebrot; fwd=miss; collapsed",
        }
    }
}
