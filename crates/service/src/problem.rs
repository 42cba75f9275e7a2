//! How does a service say that something went wrong? As `application/problem+json` (RFC 9457): a status,
//! a title that names the kind of fault, a detail for this case, and members that programs can read.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of a problem (RFC 9457 §3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A fault as a client sees it. What it holds is sent, so it holds no internal error text.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
    retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A problem with a fixed title (the same for every case of the kind) and a detail for this case.
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Problem {
        let mut members = Map::new();
        members.insert("type".into(), "about:blank".into());
        members.insert("title".into(), title.into());
        members.insert("status".into(), status.as_u16().into());
        members.insert("detail".into(), detail.into().into());
        Problem {
            status,
            members,
            retry_after_seconds: None,
        }
    }

    /// Adds an extension member (RFC 9457 §3.2).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Problem {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.members.insert(name.into(), value);
        self
    }

    /// Tells the client when to come back, in the `Retry-After` field.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The status it is sent with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The detail for this case.
    pub fn detail(&self) -> &str {
        self.members
            .get("detail")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The body, as sent.
    pub fn json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.json()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_carries_its_status_in_head_and_body() {
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "all 2 slots are taken",
        )
        .with("capacity", 2)
        .retry_after(1);
        let body: Value = serde_json::from_str(&problem.json()).unwrap();
        assert_eq!(body["status"], 503);
        assert_eq!(body["capacity"], 2);
        let response = problem.into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    }
}
