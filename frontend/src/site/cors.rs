//! Who may read tiles? Every page of every site: they are the same for everybody, and no cookie changes them.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What scripts of other sites may see of an answer.
const SEEN: HeaderValue = HeaderValue::from_static(
    "cache-control, cache-status, content-encoding, etag, retry-after, server-timing, x-iterations, x-worker",
);
/// What they may send.
const SENT: HeaderValue =
    HeaderValue::from_static("accept, accept-encoding, cache-control, if-none-match, priority");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const ANYBODY: HeaderValue = HeaderValue::from_static("*");
const A_DAY: HeaderValue = HeaderValue::from_static("86400");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const EVERYWHERE: HeaderValue = HeaderValue::from_static("cross-origin");

/// What a browser asks before it asks (the Fetch standard, "CORS protocol").
pub(crate) async fn preflight() -> Response {
    let fields = [
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        // Browsers remember no more than a day of it.
        (header::ACCESS_CONTROL_MAX_AGE, A_DAY),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

/// Opens every answer, refusals too.
pub(crate) async fn open(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fields = response.headers_mut();
    fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, SEEN);
    fields.insert(TIMING_ALLOW_ORIGIN, ANYBODY);
    fields.insert(RESOURCE_POLICY, EVERYWHERE);
    response
}
