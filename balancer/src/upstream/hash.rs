//! What makes a number of a key or a server's name? XXH3, the same on every machine and in every release, so
//! that a restart or a second balancer sends keys where they went before.

use xxhash_rust::xxh3::xxh3_64;

/// Of any bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// Spreads a combination of hashes over all bits.
pub(crate) fn mixed(combined: u64) -> u64 {
    xxh3_64(&combined.to_le_bytes())
}
