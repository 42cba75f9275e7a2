//! When is a request tried again? When it did not reach a server, always; when it may have, only if doing it
//! twice is the same as doing it once (RFC 9110 §9.2.2) and nothing has gone to the client. Always within
//! the pool's budget, if a server has had it, and on another server if there is one.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderName, Method, Request, Response};

use crate::body::{Body, closing, problem};
use crate::client::ClientKey;
use crate::payload::Payload;
use crate::pool::{Pool, Rank, Refusal, Retry, Wish};
use crate::refuse::{self, Why};
use crate::upstream::{Answer, Failed, Failure, RequestHead, ServerId};
use crate::urgency::Urgency;
use crate::{hash_key, headers, hedge};

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

/// The answer, or another try, with its part of the budget if it needs one.
type Outcome<'a> = ControlFlow<Response<Body>, Option<Retry<'a>>>;

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

    pub(crate) async fn run(
        &mut self,
        head: &RequestHead,
        payload: &mut Payload,
    ) -> Response<Body> {
        let pool = self.pool;
        let _active = pool.enter();
        let mut _retry = None;
        loop {
            let wish = Wish {
                rank: self.rank,
                key: self.key,
                avoid: &self.tried,
            };
            let slot = match pool.slot(wish).await {
                Ok(slot) => slot,
                Err(refusal) => return self.give_up(refusal),
            };
            self.tries_left -= 1;
            // After this one was sent, should it fail.
            let may_repeat = self.repeatable && self.tries_left > 0 && payload.is_held();
            let asked = hedge::ask(pool, wish, slot, (head, &mut *payload), may_repeat).await;
            // The retry is over, whatever came of it; another one has to be within the budget again.
            _retry = None;
            self.tried.extend(asked.failed_too);
            let outcome = match asked.outcome {
                Ok(response) => self.received(asked.server, response, may_repeat),
                Err(failed) => self.failed(asked.server, failed, may_repeat).await,
            };
            _retry = match outcome {
                ControlFlow::Break(response) => return response,
                ControlFlow::Continue(retry) => retry,
            };
            pool.counts.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// No server is left for it: what the last one did says more than that.
    fn give_up(&self, refusal: Refusal) -> Response<Body> {
        self.pool.counts.refused.fetch_add(1, Ordering::Relaxed);
        let pool = &self.pool.settings.name;
        match &self.failure {
            Some(failure) if refusal == Refusal::NoneUp => {
                let mut answer = problem(refuse::no_answer(pool, failure));
                answer.extensions_mut().insert(Why::of(failure));
                answer
            }
            _ => problem(refuse::no_slot(pool, refusal)),
        }
    }

    fn received(
        &mut self,
        server: ServerId,
        response: Response<Answer>,
        may_repeat: bool,
    ) -> Outcome<'a> {
        if may_repeat && hedge::is_unwilling(response.status()) {
            self.tried.push(server);
            // Without another server the answer stands: asking the same one again at once gains nothing.
            if self.pool.has_other(&self.tried)
                && let Some(retry) = self.pool.retry()
            {
                return ControlFlow::Continue(Some(retry));
            }
        }
        let mut response = response.map(Body::from);
        headers::strip_hop_by_hop(response.headers_mut());
        ControlFlow::Break(response)
    }

    async fn failed(&mut self, server: ServerId, failed: Failed, may_repeat: bool) -> Outcome<'a> {
        let Failed { failure, unsent } = failed;
        self.tried.push(server);
        if unsent {
            // No server has done any work for it, so another one may have it; a try that nobody noticed is none,
            // as long as there is a server that was not asked yet.
            self.tries_left += u32::from(self.pool.has_other(&self.tried));
            if self.tries_left > 0 {
                self.failure = Some(failure);
                return ControlFlow::Continue(None);
            }
        } else if may_repeat
            && matches!(failure, Failure::Broken(_) | Failure::Lost)
            // All that a dead server had comes at once: past the budget they come one after the other.
            && let Some(retry) = Box::pin(self.pool.retry_soon()).await
        {
            self.failure = Some(failure);
            return ControlFlow::Continue(Some(retry));
        }
        self.pool.counts.refused.fetch_add(1, Ordering::Relaxed);
        let problem_of = if matches!(failure, Failure::Client(_)) {
            closing
        } else {
            problem
        };
        let mut answer = problem_of(refuse::no_answer(&self.pool.settings.name, &failure));
        answer.extensions_mut().insert(Why::of(&failure));
        ControlFlow::Break(answer)
    }
}

fn is_repeatable<B>(request: &Request<B>) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS => true,
        Method::POST | Method::PATCH => request.headers().contains_key(IDEMPOTENCY_KEY),
        _ => false,
    }
}
