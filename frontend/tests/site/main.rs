//! The frontend as its clients see it, with workers that are under the tests' thumb.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cluster_size;
mod harness;
mod kept_tiles;
mod pages;
mod pictures;
mod progress;
mod tiles;
mod tilesets;
mod troubles;
