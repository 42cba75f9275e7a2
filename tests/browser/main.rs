//! Are the pages what people meet in a browser? Each test starts the program and a headless Chromium of
//! its own, does what a person does with mouse and keyboard, and looks at what is on the page.
//!
//! `CHROMIUM` names the browser (default: where Debian puts `chromium-headless-shell`), `TILEBROT_BIN` the
//! program (default: built first, as for the cluster's tests), and `SCREENSHOTS` a folder in which to keep
//! pictures of the pages.

mod chromium;
mod cluster;
mod page;
mod process;
mod site;
mod view;

mod edge;
mod explorer;
mod form;
mod live;
mod picture;
mod readable;
mod resilience;
mod without_script;

use std::time::Duration;

/// Long past anything that works, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);
