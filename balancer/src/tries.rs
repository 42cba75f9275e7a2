//! When is a request tried again? When it did not reach a server, always; when it may have, only if doing it
//! twice is the same as doing it once (RFC 9110 §9.2.2) and nothing has gone to the client. Always within
//! the pool's budget, and on another server if there is one.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderName, Method, Request, Response, StatusCode};

use crate::body::{Body, closing, problem};
use crate::client::ClientKey;
use crate::payload::Payload;
use crate::pool::{Pool, Rank, Refusal, Wish};
use crate::upstream::{Answer, Failed, Failure, ServerId, exchange};
use crate::urgency::Urgency;
use crate::{hash_key, headers, refuse};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// One request on its way, through all its tries.
pub(crate) struct Errand<'a> {
    pool: &'a Arc<Pool>,
    rank: Rank,
    /// What algorithms that hash go by.
    key: u64,
    /// Whether sending it twice is the same as sending it once.
    pub(crate) repeatable: bool,
    /// Servers that failed it.
    tried: Vec<ServerId>,
    tries_left: u32,
    /// How the last try failed.
    failure: Option<Failure>,
}

/// The answer, or what to try next.
type Outcome = ControlFlow<Response<Body>, Request<Payload>>;

impl<'a> Errand<'a> {
    pub(crate) fn new<B>(
        pool: &'a Arc<Pool>,
        client: ClientKey,
        request: &Request<B>,
    ) -> Errand<'a> {
        Errand {
            rank: pool.arrive(Urgency::of(request.headers()), client),
            key: hash_key::of(&pool.settings, request, client),
            repeatable: is_repeatable(request),
            tried: Vec::new(),
            tries_left: pool.settings.retry.tries,
            failure: None,
            pool,
        }
    }

    pub(crate) async fn run(mut self, mut request: Request<Payload>) -> Response<Body> {
        loop {
            let wish = Wish {
                rank: self.rank,
                key: self.key,
                avoid: &self.tried,
            };
            let slot = match self.pool.slot(wish).await {
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
