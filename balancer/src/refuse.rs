//! What does the balancer answer itself? Requests that it cannot carry, and requests that no server could
//! answer; always a problem (RFC 9457) that says who failed, never how.

use http::header::{HOST, UPGRADE};
use http::{HeaderMap, Method, Request, StatusCode, Version};
use service::Problem;

use crate::pool::Refusal;
use crate::upstream::Failure;

/// When to come back to a pool without servers: about the time in which a probe finds one.
const NONE_UP_SECONDS: u64 = 3;
/// When to come back to a full queue: slots are freed all the time.
const FULL_SECONDS: u64 = 1;

/// The problem with a request that cannot be carried at all.
pub(crate) fn unsuitable<B>(request: &Request<B>) -> Option<Problem> {
    let bad = |detail| Some(Problem::new(StatusCode::BAD_REQUEST, "Bad request", detail));
    if request.method() == Method::CONNECT {
        return not_implemented("CONNECT makes tunnels, and this proxy makes none");
    }
    if wants_other_protocol(request.headers()) {
        return not_implemented("this proxy carries no WebSocket yet");
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 {
        return bad("more than one Host (RFC 9112 section 3.2)");
    }
    if hosts == 0 && request.version() == Version::HTTP_11 && request.uri().authority().is_none() {
        return bad("no Host (RFC 9112 section 3.2)");
    }
    None
}

fn not_implemented(detail: &'static str) -> Option<Problem> {
    Some(Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "Not implemented",
        detail,
    ))
}

/// An offer of h2c may be ignored (RFC 9110 §7.8); a WebSocket handshake means nothing without its upgrade.
fn wants_other_protocol(headers: &HeaderMap) -> bool {
    let values = headers.get_all(UPGRADE).into_iter();
    let mut names = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case("websocket"))
}

/// The problem of a request that got no server.
pub(crate) fn no_slot(pool: &str, refusal: Refusal) -> Problem {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    match refusal {
        Refusal::NoneUp => {
            let detail = format!("no server of pool {pool} is up");
            Problem::new(status, "No server is up", detail).retry_after(NONE_UP_SECONDS)
        }
        Refusal::LineFull => {
            let detail = format!("all servers of pool {pool} are busy and its queue is full");
            Problem::new(status, "Queue is full", detail).retry_after(FULL_SECONDS)
        }
        Refusal::Waited { place } => {
            let detail = format!("no server of pool {pool} became free in time");
            let problem = Problem::new(status, "Waited too long", detail);
            problem.with("place", place).retry_after(FULL_SECONDS)
        }
    }
    .with("pool", pool)
}

/// The problem of a request whose last try failed so.
pub(crate) fn no_answer(pool: &str, failure: &Failure) -> Problem {
    let (status, title, detail) = match failure {
        Failure::Connect(_) => (
            StatusCode::BAD_GATEWAY,
            "No connection",
            "no server took the connection",
        ),
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
        Failure::Client(_) => (
            StatusCode::BAD_REQUEST,
            "Incomplete request",
            "the request's body did not arrive whole",
        ),
    };
    Problem::new(status, title, format!("{detail} (pool {pool})")).with("pool", pool)
}

/// The problem of a body that did not arrive, before any server was asked.
pub(crate) fn incomplete() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "Incomplete request",
        "the request's body did not arrive whole",
    )
}
