//! What becomes of a client's request on its way to a server? Its fields are those of the next hop, its body is held if
//! it may be sent again, and it gets a rank that it keeps through all its tries.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body::Body as _;

use crate::body::{Body, closing};
use crate::client::ClientKey;
use crate::edge::{Caller, Wanted, announce};
use crate::headers;
use crate::listen::ClientBody;
use crate::patience::{BodyError, Patience};
use crate::payload::Payload;
use crate::pool::Pool;
use crate::refuse::{self, Why};
use crate::tries::Errand;
use crate::upstream::{Failure, RequestHead};

const POOL_CAPACITY: HeaderName = HeaderName::from_static("x-pool-capacity");

/// Answers one request of `client`, which comes through `caller`, from `pool`.
pub(crate) async fn answer(
    pool: &Arc<Pool>,
    caller: &Caller,
    client: ClientKey,
    request: Request<ClientBody>,
) -> Response<Body> {
    pool.counts.requests.fetch_add(1, Ordering::Relaxed);
    let mut errand = Errand::new(pool, client, &request);
    let (parts, body) = request.into_parts();
    let arrived = if body.is_end_stream() {
        Ok(Payload::empty())
    } else {
        // In a box: most requests have no body, nor need the room for one.
        Box::pin(payload(pool, body, errand.repeatable)).await
    };
    let mut response = match arrived {
        Ok(mut payload) => {
            let head = prepare(parts, caller);
            errand.run(&head, &mut payload).await
        }
        Err(e) => {
            tracing::debug!(pool = pool.settings.name, error = %e, "request did not arrive whole");
            let mut answer = closing(refuse::incomplete(e.is_late()));
            answer.extensions_mut().insert(Why::of(&Failure::Client(e)));
            answer
        }
    };
    if pool.settings.advertise_capacity
        && let Some(capacity) = pool.capacity()
    {
        response
            .headers_mut()
            .insert(POOL_CAPACITY, HeaderValue::from(capacity));
    }
    response
}

/// A body on its way to servers.
async fn payload(pool: &Pool, body: ClientBody, repeatable: bool) -> Result<Payload, BodyError> {
    let timeouts = &pool.settings.timeouts;
    let patience = Patience::with_rate(timeouts.body_idle, timeouts.body_rate);
    if repeatable {
        Payload::hold(body, pool, patience).await
    } else {
        Ok(Payload::stream(body, patience))
    }
}

/// A request's head as servers get it.
fn prepare(mut parts: Parts, caller: &Caller) -> RequestHead {
    to_origin_form(&mut parts);
    let (headers, version) = (&mut parts.headers, parts.version);
    let added = headers::forward(headers, &caller.peer, caller.next_id().as_bytes(), version);
    if parts.extensions.remove::<Wanted>().is_some() {
        announce(&mut parts.headers);
    }
    RequestHead { parts, added }
}

/// Servers are asked for a path; the host of an absolute URI goes before the `Host` field (RFC 9112 §3.2.2).
fn to_origin_form(parts: &mut Parts) {
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    if parts.uri.scheme().is_some() || parts.uri.authority().is_some() {
        let path = parts.uri.path_and_query().cloned();
        parts.uri = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    }
}
