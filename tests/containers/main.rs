//! Does the cluster hold on a real container engine? Every test brings up containers of its own, as a user would, and
//! takes them down. They share the machine's cores and are run one at a time: `tests/containers.sh` does that, and makes the
//! images that they need.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

mod client;
mod cluster;
mod efficiency;
mod engine;
mod faults;
mod image_itself;
mod in_the_balancers_place;
mod scaling;
mod swarm;

use std::time::{Duration, Instant};

/// Long past anything that works, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Looks until there is something, and gives it with the time at which it was seen.
#[track_caller]
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
