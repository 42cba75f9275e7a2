//! Where does the computing happen, and when does it stop? On a pool of threads of its own, so that the
//! threads which answer health checks stay free; and when the future that waits for it is dropped,
//! because the requester has gone, the job is told so and its place is free as soon as it has noticed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fractal::Cancelled;
use tokio::sync::oneshot;

use crate::admission::Permit;

/// Why a job ended without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nobody waits for it any more.
    #[error("cancelled")]
    Cancelled,
    /// A mistake of ours.
    #[error("panicked")]
    Panicked,
    /// The picture could not be written.
    #[error("not encoded: {0}")]
    Encode(#[from] image::ImageError),
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Failure::Cancelled
    }
}

/// The threads that compute.
pub(crate) struct Pool(rayon::ThreadPool);

impl Pool {
    pub(crate) fn new(threads: usize) -> Result<Pool, rayon::ThreadPoolBuildError> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("tile-{i}"))
            .build()
            .map(Pool)
    }

    /// Runs `job` on the pool; it may use rayon and must look at its flag often. `permit` is held until
    /// it has ended, whether or not anybody still waits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        permit: Permit,
        job: impl FnOnce(&AtomicBool) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let cancel = Arc::new(AtomicBool::new(false));
        let raise_when_dropped = RaiseOnDrop(Arc::clone(&cancel));
        let (done, result) = oneshot::channel();
        self.0.spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| job(&cancel)));
            drop(permit);
            // Nobody may be waiting any more, and then nobody wants to know.
            let _ = done.send(outcome.unwrap_or(Err(Failure::Panicked)));
        });
        let outcome = result.await.unwrap_or(Err(Failure::Panicked));
        drop(raise_when_dropped);
        outcome
    }
}

struct RaiseOnDrop(Arc<AtomicBool>);

impl Drop for RaiseOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;

    #[tokio::test]
    async fn a_job_that_nobody_waits_for_frees_its_place() {
        let pool = Pool::new(1).unwrap();
        let admission = Admission::new(1, 0);
        let permit = admission.enter().unwrap().place().await;
        let (started, has_started) = oneshot::channel();
        let endless = pool.run(permit, |cancel| {
            started.send(()).unwrap();
            while !cancel.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            Err::<(), _>(Failure::Cancelled)
        });
        tokio::select! {
            _ = endless => panic!("nothing ends it"),
            started = has_started => started.unwrap(),
        }
        while admission.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_job_that_panics_is_a_failure_and_the_pool_goes_on() {
        let pool = Pool::new(1).unwrap();
        let admission = Admission::new(1, 0);
        for _ in 0..2 {
            let permit = admission.enter().unwrap().place().await;
            let outcome = pool
                .run(permit, |_| -> Result<(), Failure> { panic!("on purpose") })
                .await;
            assert!(matches!(outcome, Err(Failure::Panicked)));
        }
        let permit = admission.enter().unwrap().place().await;
        assert_eq!(pool.run(permit, |_| Ok(7)).await.unwrap(), 7);
    }
}
