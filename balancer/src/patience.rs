//! How long is a body waited for? For each piece not for ever, and for a client's body in all not longer than its
//! bytes justify, so that nobody holds a place by sending one byte now and then. The clock runs only while the
//! body is asked for more: a slow reader is not held against the sender. It is read only when there is a wait.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::Instant;

use crate::timer::Timer;

/// For a connection to get going, before the rate counts (as Kestrel has it).
const GRACE: Duration = Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that did not reach its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection it came from failed.
    #[error(transparent)]
    Source(BoxError),
    /// Nothing came for too long.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
    /// It came too slowly.
    #[error("came with less than {0} bytes a second")]
    Slow(u32),
}

impl BodyError {
    /// Of whatever the source says.
    pub(crate) fn source(error: impl Into<BoxError>) -> BodyError {
        BodyError::Source(error.into())
    }

    /// Whether it was waited for in vain, and not cut off.
    pub(crate) fn is_late(&self) -> bool {
        !matches!(self, BodyError::Source(_))
    }
}

/// Waits for the next piece of a body.
#[derive(Debug)]
pub(crate) struct Patience {
    idle: Duration,
    /// Bytes a second; 0 is any.
    rate: u32,
    bytes: u64,
    /// How long the body was waited for, the present wait not included.
    waited: Duration,
    /// Since when it is waited for now.
    since: Option<Instant>,
    timer: Timer,
}

impl Patience {
    /// For a piece at most `idle`, and in all as long as `rate` bytes a second justify.
    pub(crate) fn with_rate(idle: Duration, rate: u32) -> Patience {
        Patience {
            idle,
            rate,
            bytes: 0,
            waited: Duration::ZERO,
            since: None,
            timer: Timer::default(),
        }
    }

    /// How long the next piece is waited for.
    fn left(&self) -> Duration {
        if self.rate == 0 {
            return self.idle;
        }
        let due = self.bytes.saturating_mul(1000) / u64::from(self.rate);
        let left = (GRACE + Duration::from_millis(due)).saturating_sub(self.waited);
        left.min(self.idle)
    }

    pub(crate) fn poll<B>(
        &mut self,
        body: &mut B,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
    {
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            self.arrived();
            if let Some(Ok(frame)) = &frame {
                self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::source)));
        }
        self.poll_over(cx).map(|e| Some(Err(e)))
    }

    /// The present wait is over.
    fn arrived(&mut self) {
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let left = self.left();
        let since = *self.since.get_or_insert_with(Instant::now);
        let is_slow = left < self.idle;
        self.timer.poll_until(cx, since + left).map(|()| {
            if is_slow {
                BodyError::Slow(self.rate)
            } else {
                BodyError::Idle(self.idle)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Waits for pieces of `bytes` that come each `pause`, and tells when it was too much.
    async fn given_up_after(
        mut patience: Patience,
        bytes: u64,
        pause: Duration,
    ) -> (u64, BodyError) {
        let begin = Instant::now();
        loop {
            let over = poll_fn(|cx| patience.poll_over(cx));
            match tokio::time::timeout(pause, over).await {
                Ok(e) => return (begin.elapsed().as_secs(), e),
                Err(_) => {
                    patience.arrived();
                    patience.bytes += bytes;
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up() {
        let (idle, second) = (Duration::from_secs(60), Duration::from_secs(1));
        let slow = given_up_after(Patience::with_rate(idle, 240), 1, second).await;
        assert!(matches!(slow, (5, BodyError::Slow(240))), "{slow:?}");
        // Half the rate: the grace is eaten up at half a second each second.
        let slow = given_up_after(Patience::with_rate(idle, 240), 120, second).await;
        assert!(matches!(slow, (9..=10, BodyError::Slow(240))), "{slow:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_given_up() {
        let idle = Duration::from_secs(60);
        let stopped = given_up_after(Patience::with_rate(idle, 0), 1, Duration::MAX).await;
        assert!(matches!(stopped, (60, BodyError::Idle(_))), "{stopped:?}");
        let patience = Patience {
            bytes: 1 << 20,
            ..Patience::with_rate(idle, 240)
        };
        let stopped = given_up_after(patience, 1, Duration::MAX).await;
        assert!(matches!(stopped, (60, BodyError::Idle(_))), "{stopped:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_keeps_the_rate_may_take_for_ever() {
        let patience = Patience::with_rate(Duration::from_secs(60), 240);
        let forever = given_up_after(patience, 250, Duration::from_secs(1));
        let hour = Duration::from_secs(3600);
        assert!(tokio::time::timeout(hour, forever).await.is_err());
    }
}
