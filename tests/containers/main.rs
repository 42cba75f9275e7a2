//! Does the cluster hold on a real container engine? Every test brings up containers of its own, as a user would, and
//! takes them down. They share the machine's cores and are run one at a time: `tests/containers.sh` does that, and makes the
//! images that they need.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

mod efficiency;
mod faults;
mod image_itself;
mod in_the_balancers_place;
mod observed;
mod scaling;
mod swarm;
