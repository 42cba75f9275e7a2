//! Is this process alive, and does it want work? `livez` says that it runs; readiness is a switch that
//! shutdown turns off first, so that a balancer stops sending before the listener closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// `GET /livez`: 200 as long as the process can answer at all.
pub async fn livez() -> impl IntoResponse {
    Json(serde_json::json!({ "status": "alive" }))
}

/// Whether a service wants new work; clones share the switch.
#[derive(Clone, Debug)]
pub struct Readiness {
    ready: Arc<AtomicBool>,
}

impl Default for Readiness {
    fn default() -> Self {
        Readiness {
            ready: Arc::new(AtomicBool::new(true)),
        }
    }
}

impl Readiness {
    /// Says no from now on: the process drains.
    pub fn drain(&self) {
        self.ready.store(false, Ordering::Release);
    }

    /// Whether new work is wanted.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The answer to `GET /readyz`: 200 or 503, with `facts` (a JSON object, such as a capacity) beside `status`.
    pub fn answer(&self, facts: impl Serialize) -> Response {
        let (status, word) = if self.is_ready() {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "draining")
        };
        let mut body = serde_json::json!({ "status": word });
        if let (Some(members), Ok(serde_json::Value::Object(facts))) =
            (body.as_object_mut(), serde_json::to_value(facts))
        {
            members.extend(facts);
        }
        (status, Json(body)).into_response()
    }
}
