//! What becomes of a client's request on its way to a server? Its fields are those of the next hop, its body is held if
//! it may be sent again, and it gets a rank that it keeps through all its tries.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Response, Uri, header};

use crate::body::{Body, closing};
use crate::client::ClientKey;
use crate::edge::{Caller, Wanted, announce};
use crate::headers;
use crate::listen::ClientBody;
use crate::patience::{BodyError, Patience};
use crate::payload::Payload;
use crate::pool::Pool;
use crate::refuse;
use crate::tries::Errand;

const POOL_CAPACITY: HeaderName = HeaderName::from_static("x-pool-capacity");

/// Answers one request of `client`, which comes through `caller`, from `pool`.
pub(crate) async fn answer(
    pool: &Arc<Pool>,
    caller: &Caller,
    client: ClientKey,
    request: Request<ClientBody>,
) -> Response<Body> {
    pool.counts.requests.fetch_add(1, Ordering::Relaxed);
    let errand = Errand::new(pool, client, &request);
    let mut response = match outgoing(pool, caller, errand.repeatable, request).await {
        Ok((head, payload)) => errand.run(&head, payload).await,
        Err(e) => {
            tracing::debug!(pool = pool.settings.name, error = %e, "request did not arrive whole");
            closing(refuse::incomplete(e.is_late()))
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

/// The request as servers get it.
async fn outgoing(
    pool: &Pool,
    caller: &Caller,
    repeatable: bool,
    request: Request<ClientBody>,
) -> Result<(Parts, Payload), BodyError> {
    let (mut parts, body) = request.into_parts();
    let timeouts = &pool.settings.timeouts;
    let patience = Patience::with_rate(timeouts.body_idle, timeouts.body_rate);
    let payload = if repeatable {
        Payload::hold(body, pool, patience).await?
    } else {
        Payload::stream(body, patience)
    };
    to_origin_form(&mut parts);
    headers::forward(
        &mut parts.headers,
        &caller.peer,
        caller.next_id(),
        parts.version,
    );
    if parts.extensions.remove::<Wanted>().is_some() {
        announce(&mut parts.headers);
    }
    Ok((parts, payload))
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
