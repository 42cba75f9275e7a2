//! `tilebrot worker`.

use std::net::SocketAddr;

use crate::cli::WorkerArgs;
use crate::exit::Exit;
use crate::role;

pub(crate) async fn run(args: WorkerArgs) -> Result<(), Exit> {
    let (listen, end) = (args.listen.clone(), args.end);
    role::run(
        "worker",
        &listen,
        end.shutdown_delay,
        |listener, bound, shutdown| {
            let name = args.name.unwrap_or_else(|| name_of(bound));
            let settings = worker::Settings {
                grace: end.grace,
                limits: args.limits.limits(),
                orbit_memory: args.orbits.orbit_memory,
                ..worker::Settings::new(name, args.threads, args.capacity)
            };
            worker::run(listener, settings, shutdown)
        },
    )
    .await
}

/// Unique among the workers of a cluster: containers differ by host, processes on a host by port.
fn name_of(bound: SocketAddr) -> String {
    let host = gethostname::gethostname();
    format!("{}:{}", host.to_string_lossy(), bound.port())
}
