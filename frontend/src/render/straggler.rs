//! When is a piece asked for a second time while the first request still runs? When it has taken far
//! longer than any of its siblings, as on a frozen worker. The first answer wins and the other request
//! is dropped.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::select_ok;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::trouble::Trouble;

/// How many times as long as the slowest sibling is far longer. Pieces of one picture honestly differ,
/// and a piece drawn twice is work lost.
const FAR_LONGER: u32 = 4;
/// One piece in so many slots may run twice at a time, so that doubling cannot flood the workers.
const SLOTS_PER_DOUBLE: u32 = 4;

/// How long the pieces of one picture take.
#[derive(Debug)]
pub(crate) struct Pace {
    /// No piece that is younger is sent again.
    least: Duration,
    slowest: Mutex<Option<Duration>>,
    /// The work in a row, by the latest pieces.
    row: Mutex<Duration>,
    doubles: Semaphore,
    /// How many doubles there may be at a time.
    granted: Mutex<usize>,
}

impl Pace {
    /// A request with no siblings: `least` alone decides.
    pub(crate) fn alone(least: Duration) -> Pace {
        Pace {
            slowest: Mutex::new(Some(Duration::ZERO)),
            ..Pace::among(least, 1)
        }
    }

    /// The pieces of a picture on `slots`; until one of them is done, none is late.
    pub(crate) fn among(least: Duration, slots: u32) -> Pace {
        let granted = doubles_among(slots);
        Pace {
            least,
            slowest: Mutex::new(None),
            row: Mutex::default(),
            doubles: Semaphore::new(granted),
            granted: Mutex::new(granted),
        }
    }

    /// There are as many `slots` now; doubles that run go on.
    pub(crate) fn resize(&self, slots: u32) {
        let (mut granted, wanted) = (lock(&self.granted), doubles_among(slots));
        if wanted > *granted {
            self.doubles.add_permits(wanted - *granted);
            *granted = wanted;
        } else {
            *granted -= self.doubles.forget_permits(*granted - wanted);
        }
    }

    /// A piece of so many rows was drawn with so much work.
    pub(crate) fn drawn(&self, rows: u32, worked: Duration) {
        let mut row = lock(&self.row);
        *row = (*row + worked / rows.max(1)) / 2;
    }

    /// The work in a row, by the latest pieces; nothing until one is done.
    pub(crate) fn row(&self) -> Duration {
        *lock(&self.row)
    }

    /// Does `attempt`, and a second one beside it (telling `doubled`) once it is late.
    pub(crate) async fn hedge<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        doubled: impl Fn(),
        attempt: impl Fn() -> F,
    ) -> Result<T, Trouble> {
        let started = Instant::now();
        let first = std::pin::pin!(attempt());
        let mut first = first;
        let permit = tokio::select! {
            outcome = &mut first => {
                if outcome.is_ok() {
                    self.finished(started.elapsed());
                }
                return outcome;
            }
            permit = self.late(started) => permit,
        };
        doubled();
        let second = std::pin::pin!(attempt());
        let outcome = select_ok([first, second]).await.map(|(answer, _)| answer);
        drop(permit);
        outcome
    }

    /// Waits until a piece begun at `started` is late and may be doubled.
    async fn late(&self, started: Instant) -> Option<tokio::sync::SemaphorePermit<'_>> {
        loop {
            let due = started
                + self
                    .limit()
                    .unwrap_or_else(|| started.elapsed() + self.least);
            if Instant::now() < due {
                sleep_until(due).await;
                continue;
            }
            let permit = self.doubles.acquire().await.ok();
            if Instant::now() >= started + self.limit().unwrap_or_default() {
                return permit;
            }
        }
    }

    fn limit(&self) -> Option<Duration> {
        lock(&self.slowest).map(|slowest| self.least.max(slowest * FAR_LONGER))
    }

    fn finished(&self, taken: Duration) {
        let mut slowest = lock(&self.slowest);
        *slowest = (*slowest).max(Some(taken));
    }
}

fn doubles_among(slots: u32) -> usize {
    (slots / SLOTS_PER_DOUBLE).max(1) as usize
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const LEAST: Duration = Duration::from_secs(5);

    async fn take(time: Duration) -> Result<(), Trouble> {
        sleep(time).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_piece_is_answered_by_its_double() {
        let pace = Pace::among(LEAST, 8);
        pace.hedge(|| {}, || take(Duration::from_secs(2)))
            .await
            .unwrap();
        let (started, tries) = (Instant::now(), Cell::new(0));
        let outcome = pace.hedge(
            || {},
            || {
                tries.set(tries.get() + 1);
                let frozen = tries.get() == 1;
                async move {
                    if frozen {
                        pending::<()>().await;
                    }
                    Ok(())
                }
            },
        );
        outcome.await.unwrap();
        assert_eq!(tries.get(), 2);
        assert_eq!(
            started.elapsed(),
            Duration::from_secs(8),
            "four times the slowest sibling"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_piece_is_late_before_any_is_done() {
        let doubles = Cell::new(0);
        let pace = Pace::among(LEAST, 8);
        let doubled = || doubles.set(doubles.get() + 1);
        pace.hedge(doubled, || take(Duration::from_secs(100)))
            .await
            .unwrap();
        assert_eq!(doubles.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn doubles_are_few_at_a_time() {
        let doubles = Cell::new(0);
        let pace = Pace::among(LEAST, 8);
        pace.hedge(|| {}, || take(Duration::ZERO)).await.unwrap();
        let frozen = (0..16)
            .map(|_| pace.hedge(|| doubles.set(doubles.get() + 1), pending::<Result<(), _>>));
        let mut all = futures::future::join_all(frozen);
        let mut a_minute = async || {
            let minute = tokio::time::timeout(Duration::from_secs(60), &mut all);
            assert!(minute.await.is_err());
            doubles.get()
        };
        assert_eq!(a_minute().await, 2);
        pace.resize(16);
        assert_eq!(a_minute().await, 4, "the cluster grew");
        pace.resize(4);
        pace.resize(12);
        assert_eq!(a_minute().await, 4, "what runs goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_survey_is_late_by_itself() {
        let doubles = Cell::new(0);
        let doubled = || doubles.set(doubles.get() + 1);
        Pace::alone(LEAST)
            .hedge(doubled, || take(Duration::from_secs(6)))
            .await
            .unwrap();
        assert_eq!(doubles.get(), 1);
    }
}
