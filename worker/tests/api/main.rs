//! Does a worker's HTTP do what its description says?

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod admission;
mod deep;
mod harness;
mod nucleus;
mod tiles;
mod views;
