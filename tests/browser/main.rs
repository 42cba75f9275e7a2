//! Are the pages what people meet in a browser, and the tiles what other programs take them for? Each test starts the program and a
//! headless Chromium of its own, does what a person does with mouse and keyboard, and looks at what is on the page.
//!
//! `CHROMIUM` names the browser (default: where Debian puts `chromium-headless-shell`), `TILEBROT_BIN` the
//! program (default: built first, as for the cluster's tests), and `SCREENSHOTS` a folder in which to keep
//! pictures of the pages.

mod axe;
mod chromium;
mod cluster;
mod colours;
mod elsewhere;
mod folder;
mod page;
mod process;
mod site;

mod edge;
mod explorer;
mod figures;
mod files;
mod form;
mod gdal;
mod guide;
mod hands;
mod live;
mod palettes;
mod picture;
mod readable;
mod resilience;
mod screens;
mod types;
mod viewers;
mod without_script;

use std::time::Duration;

/// Long past anything that works, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The block of docs/tiles.md in this language that begins so, for the site at `url`.
fn documented(language: &str, beginning: &str, url: &str) -> String {
    let text = include_str!("../../docs/tiles.md");
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1);
    let block = blocks.find(|block| block.starts_with(beginning));
    let block = block.and_then(|block| block.split("\n```").next());
    let block = block.unwrap_or_else(|| panic!("docs/tiles.md has no {beginning}"));
    block.replace("http://127.0.0.1:8080", url)
}
