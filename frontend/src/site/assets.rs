//! What do pages load? A few files that are part of the binary, and a stylesheet made of the palettes.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{PALETTES, Palette};

use crate::site::edge::nothing_here;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and content of every file; the swatches' stylesheet is made of data.
static ASSETS: LazyLock<[(&str, &str, String); 7]> = LazyLock::new(|| {
    [
        (
            "style.css",
            CSS,
            include_str!("../../static/style.css").to_owned(),
        ),
        (
            "form.css",
            CSS,
            include_str!("../../static/form.css").to_owned(),
        ),
        ("palettes.css", CSS, swatches()),
        (
            "result.js",
            SCRIPT,
            include_str!("../../static/result.js").to_owned(),
        ),
        (
            "progress.js",
            SCRIPT,
            include_str!("../../static/progress.js").to_owned(),
        ),
        (
            "workers.js",
            SCRIPT,
            include_str!("../../static/workers.js").to_owned(),
        ),
        (
            "favicon.svg",
            "image/svg+xml",
            include_str!("../../static/favicon.svg").to_owned(),
        ),
    ]
});

/// `GET /static/{file}`: always asked for again and seldom sent again, so that a new version is seen
/// at once.
pub(crate) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, content)) = ASSETS.iter().find(|(name, ..)| *name == file) else {
        return nothing_here().await.into_response();
    };
    let tag = format!("\"{:08x}\"", crc32fast::hash(content.as_bytes()));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, *kind)], content.as_str()).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    response
}

/// A class for each palette. Browsers that cannot blend in linear light take the first declaration.
fn swatches() -> String {
    let mut css = String::new();
    for palette in &PALETTES {
        let stops = gradient(palette);
        let _ = writeln!(
            css,
            ".swatch-{} {{ background: linear-gradient(to right, {stops}); background: linear-gradient(to right in srgb-linear, {stops}); }}",
            palette.name
        );
    }
    css
}

/// The stops of one turn, with the first again at its end.
fn gradient(palette: &Palette) -> String {
    let first = palette.stops().next().map(|stop| (1.0, stop.colour));
    let stops = palette
        .stops()
        .map(|stop| (stop.position, stop.colour))
        .chain(first);
    let stops = stops.map(|(position, [red, green, blue])| {
        format!("#{red:02x}{green:02x}{blue:02x} {}%", position * 100.0)
    });
    stops.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_palette_has_a_swatch_that_begins_and_ends_alike() {
        let css = swatches();
        assert_eq!(css.lines().count(), PALETTES.len());
        assert!(
            css.contains(".swatch-dusk { background: linear-gradient(to right, #030a26 0%, "),
            "{css}"
        );
        assert!(css.contains("#030a26 100%); }"), "{css}");
    }
}
