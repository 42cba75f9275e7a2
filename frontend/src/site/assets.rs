//! What do pages load? A few files that are part of the binary, and some made of data.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{PALETTES, Palette};
use serde::Serialize;
use serde_json::{Value, json};

use crate::site::edge::nothing_here;
use crate::site::presets::PRESETS;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the folder `static`, as it is.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        (
            $name,
            $kind,
            include_str!(concat!("../../static/", $name)).to_owned(),
        )
    };
}

/// The explorer's modules, as they are; what is made of data comes beside them.
macro_rules! modules {
    ([$($first:literal),* $(,)?], [$($name:literal),* $(,)?] $(,)?) => {
        /// The modules that draw the picture, so that a page can ask for them before all else.
        pub(crate) const FIRST_MODULES: &[&str] = &[
            $(concat!("explorer/", $first, ".js"),)*
            "explorer/palettes.js",
        ];

        /// Every other module that the explorer loads, so that a page can ask for all of them at once.
        pub(crate) const MODULES: &[&str] = &[
            $(concat!("explorer/", $name, ".js"),)*
            "explorer/places.js",
        ];

        fn modules() -> Vec<Asset> {
            vec![$(file_of_explorer!($first),)* $(file_of_explorer!($name)),*]
        }
    };
}

macro_rules! file_of_explorer {
    ($name:literal) => {
        (
            concat!("explorer/", $name, ".js"),
            SCRIPT,
            include_str!(concat!("../../static/explorer/", $name, ".js")).to_owned(),
        )
    };
}

/// Name, media type and content.
type Asset = (&'static str, &'static str, String);

modules![
    [
        "begin",
        "canvas",
        "colours",
        "decimal",
        "histogram",
        "npy",
        "outside",
        "palette",
        "plane",
        "shaders",
        "state",
        "stops",
        "tiles",
        "tint",
        "viewer",
        "webgl",
    ],
    [
        "advice",
        "bookmarks",
        "cluster",
        "download",
        "drop",
        "editor",
        "explorer",
        "gallery",
        "history",
        "keyboard",
        "minibrot",
        "minimap",
        "overlay",
        "palettefiles",
        "panel",
        "period",
        "png",
        "pointer",
        "readout",
        "save",
        "servers",
        "stoplist",
    ],
];

/// Every file; some are made of data.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets = vec![
        file!("style.css", CSS),
        file!("form.css", CSS),
        ("palettes.css", CSS, swatches()),
        file!("result.js", SCRIPT),
        file!("progress.js", SCRIPT),
        file!("workers.js", SCRIPT),
        file!("favicon.svg", "image/svg+xml"),
        file!("explorer/explorer.css", CSS),
        ("explorer/palettes.js", SCRIPT, palettes()),
        ("explorer/places.js", SCRIPT, places()),
    ];
    assets.append(&mut modules());
    assets
});

/// `GET /static/{*file}`: always asked for again and seldom sent again, so that a new version is seen
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

/// The palettes as a module: their evenly spaced colours.
fn palettes() -> String {
    let list: Vec<Value> = PALETTES
        .iter()
        .map(|palette| {
            let colours: Vec<[u8; 3]> = palette.stops().map(|stop| stop.colour).collect();
            json!({ "name": palette.name, "about": palette.about, "colours": colours })
        })
        .collect();
    module("PALETTES", &list)
}

/// The places to go as a module.
fn places() -> String {
    module("PLACES", &json!(PRESETS))
}

fn module(name: &str, value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    format!("// Made of the program's own data.\nexport const {name} = {json};\n")
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

/// The stops of one turn, some of them beyond its ends.
fn gradient(palette: &Palette) -> String {
    let stops = palette.around().into_iter().map(|stop| {
        let [red, green, blue] = stop.colour;
        format!("#{red:02x}{green:02x}{blue:02x} {}%", stop.position * 100.0)
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
            css.contains(
                ".swatch-dusk { background: linear-gradient(to right, #223664 -6.25%, #030a26 0%, "
            ),
            "{css}"
        );
        assert!(css.contains("#030a26 100%); }"), "{css}");
    }
}
