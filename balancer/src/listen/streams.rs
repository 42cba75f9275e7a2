//! When is a stream of HTTP/2 given up? When its client has taken nothing of an answer for the stall time: one that never opens
//! its window would hold a server's slot for ever, and the connection, which carries other streams, has nothing to say about it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::Instant;

use super::http_2::Activity;
use crate::timer::Timer;

/// Whom one stream waits for; its body tells, and its task asks.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// A piece of the answer is there, and has not been taken yet.
    is_clients: AtomicBool,
    /// The answer has been asked for since its task looked last.
    moved: AtomicBool,
}

impl Turn {
    /// The answer was asked for its next piece, which is there or has to be waited for.
    pub(super) fn asked(&self, there: bool) {
        self.is_clients.store(there, Ordering::Relaxed);
        self.moved.store(true, Ordering::Relaxed);
    }
}

/// Runs the streams of one connection, each in a task of its own.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) activity: Arc<Activity>,
    pub(super) stall: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        // hyper runs a stream right after it has asked for its answer.
        let turn = self.activity.take_turn();
        let stall = self.stall;
        tokio::spawn(async move {
            match turn {
                Some(turn) => unless_stalled(stream, &turn, stall).await,
                None => drop(stream.await),
            }
        });
    }
}

/// Runs `stream` to its end, or until its client has taken nothing for so long; dropping it resets it (RFC 9113 §6.4).
async fn unless_stalled(stream: impl Future, turn: &Turn, stall: Duration) {
    let mut stream = pin!(stream);
    let (mut since, mut timer) = (None, Timer::default());
    poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if turn.moved.swap(false, Ordering::Relaxed) {
            since = None;
        }
        if !turn.is_clients.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let since = *since.get_or_insert_with(Instant::now);
        timer.poll_until(cx, since + stall)
    })
    .await;
}
