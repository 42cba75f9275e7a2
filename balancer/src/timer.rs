//! How is a wait bounded at nearly every request, when nearly none lasts? By a timer that stays: to set one and to take it
//! back costs two locks of the runtime each time. This one is moved when it fires, and not whenever its deadline is;
//! a task that it wakes too early asks again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Whether it is set and has not fired yet. The task that set it will be woken, and need not ask before.
    pub(crate) fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|timer| !timer.is_elapsed())
    }

    /// Waits for `deadline`, which may be another one each time.
    pub(crate) fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let timer = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_keeps_every_deadline_in_whatever_order_they_come() {
        let mut timer = Timer::default();
        let start = Instant::now();
        let second = Duration::from_secs(1);
        for (set, next) in [(5, 9), (20, 12), (30, 31)] {
            let early = poll_fn(|cx| Poll::Ready(timer.poll_until(cx, start + set * second)));
            assert!(early.await.is_pending(), "{set}");
            assert!(timer.is_set());
            poll_fn(|cx| timer.poll_until(cx, start + next * second)).await;
            assert_eq!(start.elapsed(), next * second);
            assert!(!timer.is_set());
        }
    }
}
