//! `tilebrot frontend`.

use std::num::NonZero;

use crate::cli::FrontendArgs;
use crate::exit::Exit;
use crate::role;

pub(crate) async fn run(args: FrontendArgs) -> Result<(), Exit> {
    let settings = settings(&args);
    // What cannot be is said before anybody could connect.
    settings.base()?;
    let delay = args.end.shutdown_delay;
    role::run("frontend", &args.listen, delay, |listener, _, shutdown| {
        frontend::run(listener, settings, shutdown)
    })
    .await
}

fn settings(args: &FrontendArgs) -> frontend::Settings {
    frontend::Settings {
        balancer: args.balancer.clone(),
        slots: args.slots.map(NonZero::get),
        grace: args.end.grace,
        tile_memory: args.tile_memory,
        tile_cache_folder: args.tile_cache_folder.clone(),
        tile_cache_size: args.tile_cache_size,
        limits: args.limits.limits(),
        ..frontend::Settings::new(&args.tiles)
    }
}
