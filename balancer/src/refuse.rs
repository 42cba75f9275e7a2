//! What does the balancer answer itself? Requests that it cannot carry, and requests that no server could
//! answer; always a problem (RFC 9457) that says who failed, never how.

use std::sync::Arc;

use http::header::HOST;
use http::uri::Scheme;
use http::{Method, Request, StatusCode, Uri, Version};
use service::Problem;

use crate::listen::Fault;
use crate::pool::{Queued, Refusal};
use crate::upstream::Failure;

/// When to come back to a pool without servers: about the time in which a probe finds one.
const NONE_UP_SECONDS: u64 = 3;
/// When to come back to a full queue whose pace is not known: slots are freed all the time.
const FULL_SECONDS: u64 = 1;
/// When to come back at the latest: a queue that long may be shorter by then.
const MOST_SECONDS: u64 = 60;

/// The problem with a request that cannot be carried at all.
pub(crate) fn unsuitable<B>(request: &Request<B>, url_bytes: usize) -> Option<Problem> {
    let bad = |detail| Some(Problem::new(StatusCode::BAD_REQUEST, "Bad request", detail));
    if request.method() == Method::CONNECT {
        return not_implemented("CONNECT makes tunnels, and this proxy makes none");
    }
    let url = request
        .uri()
        .path_and_query()
        .map_or(0, |url| url.as_str().len());
    if url > url_bytes {
        let detail = format!("the target has {url} bytes, and {url_bytes} are the most");
        return Some(Problem::new(
            StatusCode::URI_TOO_LONG,
            "Target too long",
            detail,
        ));
    }
    if let Some(detail) = misdirected(request.method(), request.uri()) {
        return bad(detail);
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return bad("more than one Host (RFC 9112 section 3.2)");
    }
    let illegal = host.is_some_and(|host| !is_host(host.as_bytes()));
    if illegal
        || request
            .uri()
            .authority()
            .is_some_and(|authority| !is_host(authority.as_str().as_bytes()))
    {
        return bad("an illegal Host (RFC 9112 section 3.2)");
    }
    if host.is_none()
        && request.version() == Version::HTTP_11
        && request.uri().authority().is_none()
    {
        return bad("no Host (RFC 9112 section 3.2)");
    }
    None
}

/// The problem of a head that is not one.
pub(crate) fn malformed(fault: Fault) -> Problem {
    let (status, title, detail) = match fault {
        Fault::Version => (
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "Version not supported",
            "this major version of HTTP is not spoken here (RFC 9110 section 2.5)",
        ),
        Fault::TargetTooLong => (
            StatusCode::URI_TOO_LONG,
            "Target too long",
            "the request line is longer than all of a head may be",
        ),
        Fault::TooLong => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Head too long",
            "the head is too long, or has too many fields",
        ),
        unclear => (
            StatusCode::BAD_REQUEST,
            "Bad request",
            match unclear {
                Fault::Blanks => "too many empty lines before the request (RFC 9112 section 2.2)",
                Fault::LineEnd => "a line that does not end with CR LF (RFC 9112 section 2.2)",
                Fault::Length => {
                    "a Content-Length that is no number, or several (RFC 9112 section 6.3)"
                }
                Fault::Coding => {
                    "another Transfer-Encoding than one chunked, or one beside a length (RFC 9112 section 6.1)"
                }
                Fault::Field => "a field with an illegal name or value (RFC 9112 section 5)",
                _ => "the request line is not method, target and version (RFC 9112 section 3)",
            },
        ),
    };
    Problem::new(status, title, detail)
}

/// What is wrong with a target, by its form (RFC 9112 §3.2).
fn misdirected(method: &Method, uri: &Uri) -> Option<&'static str> {
    let web = [Scheme::HTTP, Scheme::HTTPS];
    match (uri.scheme(), uri.authority()) {
        (None, Some(_)) => {
            Some("the target is an authority, which is for CONNECT (RFC 9112 section 3.2.3)")
        }
        (Some(scheme), _) if !web.contains(scheme) => {
            Some("the target is of another scheme than http and https (RFC 9110 section 4.2)")
        }
        (None, None) if uri.path() == "*" && method != Method::OPTIONS => {
            Some("the target is *, which is for OPTIONS (RFC 9112 section 3.2.4)")
        }
        _ => None,
    }
}

/// Whether this is `uri-host [ ":" port ]` (RFC 9110 §7.2): no user, no list, nothing that servers could
/// read in two ways, and not empty (RFC 9110 §4.2.1).
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !host.ends_with(b"]") => (&host[..colon], &host[colon + 1..]),
        _ => (host, &b""[..]),
    };
    let name = match name {
        [b'[', address @ .., b']'] => {
            let legal = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            return !address.is_empty() && address.iter().all(legal) && is_port(port);
        }
        name => name,
    };
    // RFC 3986 §3.2.2: a registered name, but for commas: some servers take them for a list.
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(byte);
    !name.is_empty() && name.iter().all(legal) && is_port(port)
}

fn is_port(port: &[u8]) -> bool {
    port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
}

fn not_implemented(detail: &'static str) -> Option<Problem> {
    Some(Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "Not implemented",
        detail,
    ))
}

/// The problem of a request that got no server.
pub(crate) fn no_slot(pool: &str, refusal: Refusal) -> Problem {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    match refusal {
        Refusal::NoneUp => {
            let detail = format!("no server of pool {pool} is up");
            Problem::new(status, "No server is up", detail).retry_after(NONE_UP_SECONDS)
        }
        Refusal::LineFull(queued) => {
            let detail = format!("all servers of pool {pool} are busy and its queue is full");
            placed(Problem::new(status, "Queue is full", detail), queued)
        }
        Refusal::Waited(queued) => {
            let detail = format!("no server of pool {pool} became free in time");
            placed(Problem::new(status, "Waited too long", detail), queued)
        }
    }
    .with("pool", pool)
}

/// Says the place and the wait that it would take from now on, null when that is not known.
fn placed(problem: Problem, queued: Queued) -> Problem {
    let seconds = queued.expected_wait.map(|wait| wait.as_secs_f64());
    let rounded = seconds.map_or(FULL_SECONDS, |seconds| seconds.ceil() as u64);
    problem
        .with("place", queued.place)
        .with("expected_wait_seconds", seconds)
        .retry_after(rounded.clamp(FULL_SECONDS, MOST_SECONDS))
}

/// The problem of a request whose last try failed so.
pub(crate) fn no_answer(pool: &str, failure: &Failure) -> Problem {
    let (status, title, detail) = match failure {
        Failure::Connect(_) => (
            StatusCode::BAD_GATEWAY,
            "No connection",
            "no server took the connection",
        ),
        Failure::Broken(e) if e.is_unclear() => return unclear(pool, e),
        Failure::Broken(_) => (
            StatusCode::BAD_GATEWAY,
            "No answer",
            "the server closed the connection before it answered",
        ),
        Failure::Lost => (
            StatusCode::BAD_GATEWAY,
            "No answer",
            "the server went down before it answered",
        ),
        Failure::Switched => (
            StatusCode::BAD_GATEWAY,
            "No answer",
            "the server switched to another protocol",
        ),
        Failure::Late => (
            StatusCode::GATEWAY_TIMEOUT,
            "No answer in time",
            "the server did not answer in time",
        ),
        Failure::Client(e) => return incomplete(e.is_late()),
    };
    Problem::new(status, title, format!("{detail} (pool {pool})")).with("pool", pool)
}

/// The problem of a request whose answer cannot be passed on; what the server said there is not repeated.
fn unclear(pool: &str, why: &impl std::fmt::Display) -> Problem {
    let detail = format!("the server gave no clear answer: {why} (pool {pool})");
    Problem::new(StatusCode::BAD_GATEWAY, "No clear answer", detail).with("pool", pool)
}

/// An answer's extension: how it came that no server gave it, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Why(pub(crate) Arc<str>);

impl Why {
    pub(crate) fn of(failure: &Failure) -> Why {
        Why(failure.to_string().into())
    }
}

/// The problem of a request that took longer in all than it may.
pub(crate) fn late(pool: &str) -> Problem {
    let detail = format!("the request took too long in all (pool {pool})");
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "No answer in time", detail).with("pool", pool)
}

/// The problem of a body that did not arrive, in time (RFC 9110 §15.5.9) or at all.
pub(crate) fn incomplete(late: bool) -> Problem {
    if late {
        let detail = "the request's body did not arrive in time";
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "Request took too long", detail);
    }
    let detail = "the request's body did not arrive whole";
    Problem::new(StatusCode::BAD_REQUEST, "Incomplete request", detail)
}
