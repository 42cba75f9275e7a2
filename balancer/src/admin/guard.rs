//! Who may change something? Whoever reaches the Unix socket or a loopback address, and no page of another origin in a
//! browser on the same machine: those can send requests there, but neither as JSON without being asked first, nor
//! without their origin, nor (by a name of theirs that resolves to loopback) with an address as the host.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, Method, StatusCode};
use service::Problem;

/// How the admin pages are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A Unix socket, which its file's mode guards.
    Socket,
    /// A loopback address.
    Loopback,
    /// Any other address.
    Network,
}

/// Lets a request pass that only looks, or that may change something.
pub(super) async fn guard(State(way): State<Way>, request: Request, next: Next) -> Response {
    let looks = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    match refusal(way, request.method(), request.headers()) {
        Some(detail) if !looks => {
            Problem::new(StatusCode::FORBIDDEN, "Forbidden", detail).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Why a request that changes something may not.
fn refusal(way: Way, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let field = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/json")
    };
    if way == Way::Network {
        return Some("changes are taken on the Unix socket and on loopback addresses only");
    }
    if method != Method::DELETE && !field(CONTENT_TYPE).is_some_and(is_json) {
        return Some("a change needs the Content-Type application/json");
    }
    let host = field(HOST).unwrap_or_default();
    if field(ORIGIN).is_some_and(|origin| origin != format!("http://{host}")) {
        return Some("a page of another origin may change nothing");
    }
    if way == Way::Loopback && !is_own(host) {
        return Some("the host must be localhost or an address");
    }
    None
}

/// Whether nobody else can have the name `host`, with or without a port.
fn is_own(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(way: Way, method: Method, fields: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        refusal(way, &method, &headers).is_none()
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn changes_come_from_this_machine_and_not_from_pages_of_others() {
        let here = ("host", "127.0.0.1:9090");
        assert!(may(Way::Loopback, Method::POST, &[here, JSON]));
        assert!(may(
            Way::Loopback,
            Method::PATCH,
            &[("host", "localhost"), JSON]
        ));
        assert!(may(
            Way::Loopback,
            Method::POST,
            &[("host", "[::1]:9090"), JSON]
        ));
        assert!(may(Way::Loopback, Method::DELETE, &[here]));
        let own = ("origin", "http://127.0.0.1:9090");
        assert!(may(Way::Loopback, Method::POST, &[here, JSON, own]));
        assert!(may(Way::Socket, Method::POST, &[("host", "any"), JSON]));
        for fields in [
            &[here, ("content-type", "text/plain")][..],
            &[here],
            &[here, JSON, ("origin", "https://evil.example")],
            &[here, JSON, ("origin", "null")],
            &[here, JSON, ("origin", "http://127.0.0.1:1")],
            &[
                ("host", "evil.example:9090"),
                JSON,
                ("origin", "http://evil.example:9090"),
            ],
            &[JSON],
        ] {
            assert!(!may(Way::Loopback, Method::POST, fields), "{fields:?}");
        }
        assert!(!may(Way::Network, Method::POST, &[here, JSON]));
        assert!(!may(Way::Network, Method::DELETE, &[here]));
    }
}
