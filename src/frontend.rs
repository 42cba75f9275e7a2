//! `tilebrot frontend`.

use std::num::NonZero;

use service::Mistakes;

use crate::cli::FrontendArgs;
use crate::exit::Exit;
use crate::role;

pub(crate) async fn run(args: FrontendArgs) -> Result<(), Exit> {
    let settings = settings(&args)?;
    let delay = args.end.shutdown_delay;
    role::run("frontend", &args.listen, delay, |listener, _, shutdown| {
        frontend::run(listener, settings, shutdown)
    })
    .await
}

/// The settings for tiles from where `--tiles` says, which must be a base URL without TLS.
fn settings(args: &FrontendArgs) -> Result<frontend::Settings, Mistakes> {
    let tiles = args.tiles.as_str();
    let mut mistakes = Mistakes::default();
    let usable = tiles
        .strip_prefix("http://")
        .is_some_and(|rest| !rest.is_empty());
    if !usable || tiles.parse::<reqwest::Url>().is_err() {
        mistakes.push("--tiles", tiles, "http://HOST:PORT");
    }
    mistakes.none_or(frontend::Settings {
        slots: args.slots.map(NonZero::get),
        grace: args.end.grace,
        tile_memory: args.tile_memory,
        tile_cache_folder: args.tile_cache_folder.clone(),
        tile_cache_size: args.tile_cache_size,
        limits: args.limits.limits(),
        ..frontend::Settings::new(tiles)
    })
}
