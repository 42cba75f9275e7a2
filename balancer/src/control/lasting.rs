//! What lasts as long as the process? Where the admin pages are: operators find them where they were when all else changes.
//! A file that says something else of them is refused whole, for what is taken over in part is what no file says.

use std::path::PathBuf;

use service::Mistakes;

use crate::settings::Settings;

/// Says what of the next settings the running balancer cannot take over.
pub(super) fn check(now: &Settings, next: &Settings) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    for ((key, now), (_, next)) in lasting(now).into_iter().zip(lasting(next)) {
        if now != next {
            let accepted = format!("it stays {now:?} until the balancer is started again");
            mistakes.push(key, next, accepted);
        }
    }
    mistakes.none_or(())
}

/// Keys and values, `none` where nothing is set.
fn lasting(settings: &Settings) -> [(&'static str, String); 2] {
    let none = || "none".to_owned();
    let path = |path: &Option<PathBuf>| {
        let path = path.as_ref();
        path.map_or_else(none, |path| path.display().to_string())
    };
    let Settings { admin, .. } = settings;
    [
        ("admin", admin.clone().unwrap_or_else(none)),
        ("admin_socket", path(&settings.admin_socket)),
    ]
}
