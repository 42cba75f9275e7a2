//! When is a request sent again, and when is it given up? Troubles that may pass are tried again after
//! a growing, jittered wait; a render gives up when the workers have answered nobody for as long as its
//! patience lasts, or when its deadline is over.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::trouble::{Failure, Trouble};

/// The first wait: a slot that was busy a moment ago is often free.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait, asked for or not: a worker that is back is noticed within seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// When the workers last answered somebody: a sign of life, and hope for whoever still asks.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<Instant>);

impl Pulse {
    /// Of workers that have not answered yet.
    pub(crate) fn new() -> Pulse {
        Pulse(Mutex::new(Instant::now()))
    }

    fn felt(&self) -> MutexGuard<'_, Instant> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// How long a render still waits.
#[derive(Debug)]
pub(crate) struct Patience {
    allowed: Duration,
    deadline: Instant,
    patience: Duration,
    pulse: Arc<Pulse>,
}

impl Patience {
    /// Of a render that begins now and may take what is `allowed`.
    pub(crate) fn new(allowed: Duration, patience: Duration) -> Patience {
        Patience {
            allowed,
            deadline: Instant::now() + allowed,
            patience,
            pulse: Arc::new(Pulse::new()),
        }
    }

    /// The same, with hope from every answer to anybody who shares `pulse`.
    pub(crate) fn sharing(self, pulse: Arc<Pulse>) -> Patience {
        Patience { pulse, ..self }
    }

    /// Does `attempt` until it brings something, telling `again` of every failed try that is followed
    /// by another.
    ///
    /// # Errors
    /// The last trouble, once there is no hope; or that the deadline passed.
    pub(crate) async fn persist<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        again: impl Fn(&Trouble),
        attempt: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let late = || Failure::Deadline(self.allowed);
        let mut failures = 0;
        let mut failing_since = None;
        loop {
            let outcome = timeout_at(self.deadline, attempt()).await;
            let trouble = match outcome.map_err(|_| late())? {
                Ok(answer) => {
                    *self.pulse.felt() = Instant::now();
                    return Ok(answer);
                }
                Err(trouble) if !trouble.is_worth_another_try() => return Err(trouble.into()),
                Err(trouble) => trouble,
            };
            let now = Instant::now();
            if trouble.is_sign_of_life() {
                *self.pulse.felt() = now;
            }
            let since = *failing_since.get_or_insert(now);
            let resumed = now + backoff(failures, trouble.retry_after(), random());
            if resumed > since.max(*self.pulse.felt()) + self.patience {
                return Err(trouble.into());
            }
            if resumed > self.deadline {
                return Err(late());
            }
            again(&trouble);
            failures += 1;
            sleep(resumed - now).await;
        }
    }
}

/// The wait after `failures` earlier ones: doubling, at least what the server asked for, and longer by
/// up to a half at random, so that pieces refused together do not come back together.
fn backoff(failures: u32, retry_after: Option<Duration>, random: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.min(10));
    let wait = doubled.max(retry_after.unwrap_or_default());
    wait.min(LONGEST_WAIT).mul_f64(1.0 + random / 2.0)
}

/// From 0, inclusive, to 1, exclusive.
fn random() -> f64 {
    f64::from(getrandom::u32().unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use axum::http::StatusCode;

    use super::*;

    const BUSY: Trouble = Trouble::Busy {
        status: StatusCode::SERVICE_UNAVAILABLE,
        retry_after: None,
        is_alive: false,
    };

    fn patience() -> Patience {
        Patience::new(Duration::from_secs(60), Duration::from_secs(8))
    }

    #[test]
    fn waits_grow_to_a_limit_and_heed_the_server() {
        assert_eq!(backoff(0, None, 0.0), FIRST_WAIT);
        assert_eq!(backoff(2, None, 0.0), FIRST_WAIT * 4);
        assert_eq!(backoff(99, None, 0.0), LONGEST_WAIT);
        assert_eq!(
            backoff(0, Some(Duration::from_secs(1)), 0.0),
            Duration::from_secs(1)
        );
        assert_eq!(
            backoff(0, Some(Duration::from_secs(9999)), 0.0),
            LONGEST_WAIT
        );
        assert_eq!(backoff(0, None, 0.5), FIRST_WAIT.mul_f64(1.25));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trouble_that_passes_is_outlived() {
        let (patience, tries) = (patience(), Cell::new(0));
        let outcome = patience.persist(
            |_| {},
            || {
                tries.set(tries.get() + 1);
                let answer = if tries.get() < 3 {
                    Err(BUSY)
                } else {
                    Ok(tries.get())
                };
                async move { answer }
            },
        );
        assert_eq!(outcome.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_tried_again() {
        let tries = Cell::new(0);
        let outcome: Result<(), _> = patience()
            .persist(
                |_| {},
                || {
                    tries.set(tries.get() + 1);
                    async { Err(Trouble::Foreign(StatusCode::NOT_FOUND)) }
                },
            )
            .await;
        assert!(outcome.is_err());
        assert_eq!(tries.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn hope_ends_when_nobody_answers_for_long_enough() {
        let started = Instant::now();
        let outcome: Result<(), _> = patience().persist(|_| {}, || async { Err(BUSY) }).await;
        assert!(matches!(
            outcome,
            Err(Failure::Workers(Trouble::Busy { .. }))
        ));
        let taken = started.elapsed();
        assert!(
            taken > Duration::from_secs(4) && taken <= Duration::from_secs(8),
            "{taken:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_sibling_that_is_answered_is_hope() {
        let patience = patience();
        let started = Instant::now();
        let siblings = async {
            for _ in 0..4 {
                sleep(Duration::from_secs(5)).await;
                patience.persist(|_| {}, || async { Ok(()) }).await.unwrap();
            }
        };
        let (outcome, ()) = futures::join!(
            patience.persist::<(), _>(|_| {}, || async { Err(BUSY) }),
            siblings
        );
        assert!(outcome.is_err());
        assert!(started.elapsed() > Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn workers_that_say_themselves_that_they_are_busy_are_waited_for_until_the_deadline() {
        let computing = || async {
            Err::<(), _>(Trouble::Busy {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: Some(Duration::from_secs(1)),
                is_alive: true,
            })
        };
        let outcome = patience().persist(|_| {}, computing).await;
        assert!(matches!(outcome, Err(Failure::Deadline(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_request_that_hangs() {
        let outcome: Result<(), _> = patience().persist(|_| {}, std::future::pending).await;
        assert!(matches!(outcome, Err(Failure::Deadline(_))));
    }
}
