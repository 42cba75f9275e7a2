//! Counters for Prometheus: a registry per service, so that several services in one process stay apart.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// A sealed registry that answers `GET /metrics`.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Registry>);

impl Metrics {
    /// Seals `registry`; the metrics registered in it go on counting.
    pub fn new(registry: Registry) -> Metrics {
        Metrics(Arc::new(registry))
    }

    /// The answer to `GET /metrics`, in the OpenMetrics text format.
    pub fn answer(&self) -> Response {
        let mut text = String::new();
        match encode(&mut text, &self.0) {
            Ok(()) => (
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
}
