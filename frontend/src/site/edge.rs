//! What is true of every answer, whatever is asked? Its security headers; and that what went wrong is
//! told to programs as a problem and to people as a page.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::{PROBLEM_JSON, Problem};

use crate::site::Pages;

/// Nothing comes from elsewhere, nothing is inline, nobody frames us, and no address leaks.
const SECURITY: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The longest problem that is turned into a page.
const MOST_PROBLEM: usize = 1 << 18;

/// Adds the security headers to every answer.
pub(crate) async fn security(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        let (name, value) = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        response.headers_mut().insert(name, value);
    }
    response
}

/// Turns a problem into a page when a person will read it.
pub(crate) async fn problems_as_pages(
    State(pages): State<Arc<Pages>>,
    request: Request,
    next: Next,
) -> Response {
    let person = wants_page(request.headers());
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !person || kind.is_none_or(|kind| kind != PROBLEM_JSON) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(problem) = to_bytes(body, MOST_PROBLEM).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let page = pages.problem(&problem).into_response();
    let (page_head, page_body) = page.into_parts();
    head.headers.extend(page_head.headers);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, page_body)
}

/// Whether the client is a browser that navigates, not a program and not an `img`.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT);
    let mut kinds = accepted
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','));
    kinds.any(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "text/html")
    })
}

/// There is nothing at this address.
pub(crate) async fn nothing_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "Not found",
        "there is nothing at this address",
    )
}

/// The address exists, the method does not.
pub(crate) async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        "this address does not take that method",
    )
}
