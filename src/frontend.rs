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

/// The settings for tiles from where `--tiles` says, which must be a base URL without TLS, as that of the admin pages.
fn settings(args: &FrontendArgs) -> Result<frontend::Settings, Mistakes> {
    let mut mistakes = Mistakes::default();
    let named = [
        ("--tiles", Some(&args.tiles)),
        ("--balancer", args.balancer.as_ref()),
    ];
    for (flag, url) in named {
        if let Some(url) = url.filter(|url| !is_plain_http(url)) {
            mistakes.push(flag, url, "http://HOST:PORT");
        }
    }
    mistakes.none_or(frontend::Settings {
        balancer: args.balancer.clone(),
        slots: args.slots.map(NonZero::get),
        grace: args.end.grace,
        tile_memory: args.tile_memory,
        tile_cache_folder: args.tile_cache_folder.clone(),
        tile_cache_size: args.tile_cache_size,
        limits: args.limits.limits(),
        ..frontend::Settings::new(&args.tiles)
    })
}

fn is_plain_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://");
    rest.is_some_and(|rest| !rest.is_empty()) && url.parse::<reqwest::Url>().is_ok()
}
