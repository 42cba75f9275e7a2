//! Counters for Prometheus: a registry per service, so that several services in one process stay apart. Beside it
//! each shows the process that it runs in, which several may share.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;

use crate::process::Process;

/// A sealed registry that answers `GET /metrics`.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<[Registry; 2]>);

impl Metrics {
    /// Seals `registry`; the metrics registered in it go on counting.
    pub fn new(registry: Registry) -> Metrics {
        // A registry of its own, since the service's may have a prefix, and the names are the same everywhere.
        let mut process = Registry::default();
        process.register_collector(Box::new(Process));
        Metrics(Arc::new([registry, process]))
    }

    /// The answer to `GET /metrics`, in the OpenMetrics text format.
    pub fn answer(&self) -> Response {
        match self.text() {
            Ok(text) => (
                [(
                    header::CONTENT_TYPE,
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                )],
                text,
            )
                .into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        for registry in self.0.iter() {
            encode_registry(&mut text, registry)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_service_shows_its_own_counters_and_its_process_without_its_prefix() {
        let mut registry = Registry::with_prefix("role");
        registry.register("requests", "Requests", Counter::<u64>::default());
        let text = Metrics::new(registry).text().unwrap();
        for series in [
            "role_requests_total ",
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
        ] {
            let lines = text.lines().filter(|line| line.starts_with(series));
            assert_eq!(lines.count(), 1, "{series} in {text}");
        }
        assert_eq!(text.matches("# EOF").count(), 1);
        assert!(text.ends_with("# EOF\n"));
    }
}
