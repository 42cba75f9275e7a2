//! What does a process say while it runs? Little on a terminal, in colour; one JSON object a line for
//! machines. Standard output belongs to the answer (the ready line, a picture), so logs go to stderr.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; in colour when stderr is a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Installs the process's log. `filter` is a `tracing` filter such as `info` or `balancer=debug`;
/// one that does not parse is reported and `warn` is used.
///
/// Calling it again changes nothing, so that tests can share a process.
pub fn init(format: LogFormat, filter: &str) {
    let (filter, refused) = match filter.parse::<EnvFilter>() {
        Ok(parsed) => (parsed, None),
        Err(e) => (EnvFilter::new("warn"), Some(e)),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    let installed = match format {
        LogFormat::Text => builder
            .with_ansi(stderr().is_terminal())
            .with_target(false)
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let (Ok(()), Some(e)) = (installed, refused) {
        tracing::warn!(error = %e, "the log filter does not parse: logging warnings only");
    }
}
