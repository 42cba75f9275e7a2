//! When is a request tried again? When it did not reach a server, always; when it may have, only if doing it
//! twice is the same as doing it once (RFC 9110 §9.2.2) and nothing has gone to the client. Always within
//! the pool's budget, and on another server if there is one.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;

use crate::body::{Body, closing, problem};
use crate::headers::{self, Peer};
use crate::payload::{BodyError, Payload};
use crate::pool::{Pool, Rank, Refusal};
use crate::refuse;
use crate::upstream::{Answer, Failed, Failure, ServerId, exchange};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const POOL_CAPACITY: HeaderName = HeaderName::from_static("x-pool-capacity");

/// Answers one request of the client `peer` from `pool`.
pub(crate) async fn answer(
    pool: &Arc<Pool>,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<Body> {
    pool.counts.requests.fetch_add(1, Ordering::Relaxed);
    pool.budget.earn();
    let repeatable = is_repeatable(&request);
    let mut response = match outgoing(pool, peer, repeatable, request).await {
        Ok(request) => Errand::new(pool, repeatable).run(request).await,
        Err(e) => {
            tracing::debug!(pool = pool.settings.name, error = %e, "request did not arrive whole");
            closing(refuse::incomplete())
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
    peer: &Peer,
    repeatable: bool,
    request: Request<Incoming>,
) -> Result<Request<Payload>, BodyError> {
    let (mut parts, body) = request.into_parts();
    let idle = pool.settings.timeouts.body_idle;
    let payload = if repeatable {
        Payload::hold(body, pool, idle).await?
    } else {
        Payload::stream(body, idle)
    };
    to_origin_form(&mut parts);
    headers::forward(&mut parts.headers, peer, parts.version);
    parts.version = Version::HTTP_11;
    Ok(Request::from_parts(parts, payload))
}

/// One request on its way, through all its tries.
struct Errand<'a> {
    pool: &'a Arc<Pool>,
    rank: Rank,
    /// Whether sending it twice is the same as sending it once.
    repeatable: bool,
    /// Servers that failed it.
    tried: Vec<ServerId>,
    tries_left: u32,
    /// How the last try failed.
    failure: Option<Failure>,
}

/// The answer, or what to try next.
type Outcome = ControlFlow<Response<Body>, Request<Payload>>;

impl<'a> Errand<'a> {
    fn new(pool: &'a Arc<Pool>, repeatable: bool) -> Errand<'a> {
        Errand {
            rank: pool.arrive(),
            repeatable,
            tried: Vec::new(),
            tries_left: pool.settings.retry.tries,
            failure: None,
            pool,
        }
    }

    async fn run(mut self, mut request: Request<Payload>) -> Response<Body> {
        loop {
            let slot = match self.pool.slot(self.rank, &self.tried).await {
                Ok(slot) => slot,
                Err(refusal) => return self.give_up(refusal),
            };
            let server = slot.server.id;
            self.tries_left -= 1;
            let spare = self.spare(&request);
            let outcome = match exchange(slot, request).await {
                Ok(response) => self.received(server, response, spare),
                Err(failed) => self.failed(server, failed, spare),
            };
            request = match outcome {
                ControlFlow::Break(response) => return response,
                ControlFlow::Continue(next) => next,
            };
            self.pool.counts.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// No server is left for it: what the last one did says more than that.
    fn give_up(self, refusal: Refusal) -> Response<Body> {
        self.pool.counts.refused.fetch_add(1, Ordering::Relaxed);
        let pool = &self.pool.settings.name;
        problem(match self.failure {
            Some(failure) if refusal == Refusal::NoneUp => refuse::no_answer(pool, &failure),
            _ => refuse::no_slot(pool, refusal),
        })
    }

    /// What another try would send, when one could be allowed after this one was sent.
    fn spare(&self, request: &Request<Payload>) -> Option<Request<Payload>> {
        if !self.repeatable || self.tries_left == 0 {
            return None;
        }
        let mut spare = Request::new(request.body().again()?);
        *spare.method_mut() = request.method().clone();
        *spare.uri_mut() = request.uri().clone();
        *spare.headers_mut() = request.headers().clone();
        Some(spare)
    }

    fn received(
        &mut self,
        server: ServerId,
        response: Response<Answer>,
        spare: Option<Request<Payload>>,
    ) -> Outcome {
        let unwilling = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
        if unwilling.contains(&response.status())
            && let Some(spare) = spare
        {
            self.tried.push(server);
            // Without another server the answer stands: asking the same one again at once gains nothing.
            if self.pool.has_other(&self.tried) && self.pool.may_retry() {
                return ControlFlow::Continue(spare);
            }
        }
        let mut response = response.map(Body::from);
        headers::strip_hop_by_hop(response.headers_mut());
        ControlFlow::Break(response)
    }

    fn failed(
        &mut self,
        server: ServerId,
        failed: Failed,
        spare: Option<Request<Payload>>,
    ) -> Outcome {
        let Failed { failure, unsent } = failed;
        let next = match failure {
            Failure::Connect(_) | Failure::Broken(_) | Failure::Lost => {
                unsent.map(|request| *request).or(spare)
            }
            Failure::Late | Failure::Switched | Failure::Client(_) => None,
        };
        if let Some(next) = next
            && self.tries_left > 0
            && self.pool.may_retry()
        {
            self.tried.push(server);
            self.failure = Some(failure);
            return ControlFlow::Continue(next);
        }
        self.pool.counts.refused.fetch_add(1, Ordering::Relaxed);
        let problem_of = if matches!(failure, Failure::Client(_)) {
            closing
        } else {
            problem
        };
        ControlFlow::Break(problem_of(refuse::no_answer(
            &self.pool.settings.name,
            &failure,
        )))
    }
}

fn is_repeatable<B>(request: &Request<B>) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS => true,
        Method::POST | Method::PATCH => request.headers().contains_key(IDEMPOTENCY_KEY),
        _ => false,
    }
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
