//! Clusters of containers on a real engine, and clients of theirs: what the tests and the comparison of balancers share.
//! `tests/containers.sh` makes the images that they need.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

pub mod client;
pub mod cluster;
pub mod engine;

use std::time::{Duration, Instant};

/// Long past anything that works, on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Looks until there is something, and gives it with the time at which it was seen.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
