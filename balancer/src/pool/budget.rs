//! How many retries are too many? As many at a time as a fifth of the requests that are being answered, so that servers
//! in trouble get little more than without retries; a few always, for a quiet pool has no fifth to speak of.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// One retry for so many requests.
const SHARE: u32 = 5;
/// So many in any case.
const FLOOR: u32 = 3;

#[derive(Debug, Default)]
pub(crate) struct Budget {
    active: AtomicU32,
    retrying: AtomicU32,
    freed: Notify,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(crate) struct Active<'a>(&'a Budget);

/// A retry that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Retry<'a>(&'a Budget);

impl Budget {
    /// A request came.
    pub(crate) fn enter(&self) -> Active<'_> {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(self)
    }

    /// A retry, if one more is within the budget.
    pub(crate) fn retry(&self) -> Option<Retry<'_>> {
        let most = (self.active.load(Ordering::Relaxed) / SHARE).max(FLOOR);
        let one_more = |retrying| (retrying < most).then_some(retrying + 1);
        let spent = self
            .retrying
            .try_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        spent.ok().map(|_| Retry(self))
    }

    /// A retry as soon as it is within the budget, if that is before `patience` is over.
    pub(crate) async fn retry_within(&self, patience: Duration) -> Option<Retry<'_>> {
        if let Some(retry) = self.retry() {
            return Some(retry);
        }
        let freed = async {
            loop {
                // Who waits is counted before it looks again, so that no end of a retry in between is missed.
                let mut freed = std::pin::pin!(self.freed.notified());
                freed.as_mut().enable();
                if let Some(retry) = self.retry() {
                    return retry;
                }
                freed.await;
            }
        };
        tokio::time::timeout(patience, freed).await.ok()
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Retry<'_> {
    fn drop(&mut self) {
        self.0.retrying.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(budget: &Budget) -> Vec<Retry<'_>> {
        std::iter::from_fn(|| budget.retry()).collect()
    }

    #[test]
    fn retries_are_a_fifth_of_what_is_active_and_three_at_least() {
        let budget = Budget::default();
        assert_eq!(retries(&budget).len(), 3);
        let active: Vec<_> = (0..100).map(|_| budget.enter()).collect();
        let under_way = retries(&budget);
        assert_eq!(under_way.len(), 20);
        drop(active);
        assert!(budget.retry().is_none(), "they are still under way");
        drop(under_way);
        assert_eq!(retries(&budget).len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_wait_gets_the_retry_that_another_one_ends() {
        let budget = Budget::default();
        let mut under_way = retries(&budget);
        let second = Duration::from_secs(1);
        assert!(budget.retry_within(second).await.is_none());
        let (waited, ()) = tokio::join!(budget.retry_within(second), async {
            tokio::time::sleep(second / 2).await;
            under_way.pop();
        });
        assert!(waited.is_some());
    }
}
