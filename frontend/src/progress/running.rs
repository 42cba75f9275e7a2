//! How does a render end? In one of four ways, and exactly once: its last byte is taken, it fails, it
//! is refused, or whoever wanted it goes away. A guard travels with the picture's body and sees to it.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use protocol::Survey;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::counters::{Counters, Ended, Piece};
use crate::progress::registry::Account;
use crate::progress::report::{Report, State};
use crate::render::tiles::Drawn;
use crate::trouble::{Failure, Trouble};

/// Tells the counters, and whoever watches, what happens to a render's pieces.
#[derive(Clone)]
pub(crate) struct Teller {
    counters: Counters,
    account: Option<Account>,
}

impl Teller {
    pub(crate) fn new(counters: Counters, account: Option<Account>) -> Teller {
        Teller { counters, account }
    }

    fn report(&self, change: impl FnOnce(&mut Report)) {
        if let Some(account) = &self.account {
            account.send_modify(change);
        }
    }

    /// A deep view's reference orbit is so far, from 0 to 1.
    pub(crate) fn orbit(&self, progress: f64) {
        self.report(|report| report.orbit = Some(progress));
    }

    pub(crate) fn planned(&self, survey: &Survey, rows: u32) {
        self.report(|report| report.planned(survey, rows));
    }

    pub(crate) fn drawn(&self, band: &Drawn) {
        self.counters.piece(Piece::Drawn);
        self.report(|report| report.drawn(band));
    }

    /// The render was not even admitted.
    pub(crate) fn refused(&self, failure: &Failure) {
        let cause = failure.problem().detail().to_owned();
        self.report(|report| report.ended(State::Failed, Some(cause)));
    }

    /// A piece is asked for once more.
    pub(crate) fn piece(&self, outcome: Piece) {
        self.counters.piece(outcome);
        self.report(|report| match outcome {
            Piece::Retried => report.retries += 1,
            Piece::Doubled => report.doubles += 1,
            Piece::Drawn => {}
        });
    }
}

/// A render in flight, from its admission to its end.
pub(crate) struct Running {
    teller: Teller,
    started: Instant,
    sent: AtomicU64,
    over: bool,
    _admitted: OwnedSemaphorePermit,
}

impl Running {
    /// A render that was admitted just now.
    pub(crate) fn new(teller: Teller, admitted: OwnedSemaphorePermit) -> Running {
        teller.counters.in_flight.inc();
        teller.report(Report::started);
        Running {
            teller,
            started: Instant::now(),
            sent: AtomicU64::new(0),
            over: false,
            _admitted: admitted,
        }
    }

    /// The last byte was taken.
    pub(crate) fn finish(mut self) {
        self.end(Ended::Finished, State::Finished, None);
        self.teller
            .counters
            .seconds
            .observe(self.started.elapsed().as_secs_f64());
    }

    /// There will be no picture; said once, here.
    pub(crate) fn fail(mut self, failure: &Failure) {
        let ended = match failure {
            Failure::Workers(Trouble::Refused(_)) => Ended::Refused,
            _ => {
                tracing::warn!(%failure, sent = self.sent.load(Ordering::Relaxed), "a render failed");
                Ended::Failed
            }
        };
        let cause = failure.problem().detail().to_owned();
        self.end(ended, State::Failed, Some(cause));
    }

    /// A part of the picture is on its way to the client.
    pub(crate) fn sent(&self, bytes: &Bytes) {
        let length = bytes.len() as u64;
        self.sent.fetch_add(length, Ordering::Relaxed);
        self.teller.counters.png_bytes.inc_by(length);
        self.teller.report(|report| report.png_bytes += length);
    }

    fn end(&mut self, ended: Ended, state: State, cause: Option<String>) {
        self.over = true;
        self.teller.counters.render(ended);
        self.teller.report(|report| report.ended(state, cause));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.teller.counters.in_flight.dec();
        if !self.over {
            self.end(Ended::Abandoned, State::Abandoned, None);
        }
    }
}
