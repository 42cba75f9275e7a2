//! What can a server take? As many requests as its capacity, and of those that several could take a share by its
//! weight; both grow from little to all while it starts slowly.

use std::cell::Cell;
use std::sync::Arc;

use super::verdict::{State, Verdict};
use crate::settings::UNKNOWN_CAPACITY;
use crate::upstream::{Server, ServerId, Terms};

/// A server and what it is doing.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) server: Arc<Server>,
    pub(crate) verdict: Verdict,
    /// The server's own at first; operators change them.
    pub(crate) terms: Terms,
    /// As configured or learnt.
    pub(crate) capacity: Option<u32>,
    pub(crate) in_flight: u32,
    /// It is no longer in the list: it keeps what it has and gets nothing new.
    pub(crate) leaving: bool,
    /// An operator wants it to finish what it has and get nothing new.
    pub(crate) drained: bool,
    /// What it gets of its capacity and weight: 1, or less while it starts slowly.
    pub(super) warmth: f64,
    /// It was listed before any server was up.
    pub(super) from_start: bool,
    /// How often it came up.
    pub(super) rises: u32,
    /// What it is owed of turns.
    pub(super) credit: Cell<f64>,
}

impl Member {
    pub(super) fn new(server: Arc<Server>, verdict: Verdict, from_start: bool) -> Member {
        Member {
            verdict,
            terms: server.terms,
            capacity: server.terms.capacity,
            in_flight: 0,
            leaving: false,
            drained: false,
            warmth: 1.0,
            from_start,
            rises: 0,
            credit: Cell::new(0.0),
            server,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.verdict.is_up() && !self.leaving && !self.drained
    }

    /// Whether its first probe may yet find it up.
    pub(super) fn is_undecided(&self) -> bool {
        self.verdict.is_undecided() && !self.leaving && !self.drained
    }

    /// What it is to whoever looks: an operator's word is a server's own.
    pub(crate) fn state(&self) -> State {
        match self.verdict.state() {
            State::Up if self.drained => State::Draining,
            state => state,
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.is_up() && self.has_room()
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.room()
    }

    /// So many requests it gets at once: never none, so that it is seen to work.
    fn room(&self) -> u32 {
        let capacity = self.capacity.unwrap_or(UNKNOWN_CAPACITY);
        if self.warmth < 1.0 {
            (f64::from(capacity) * self.warmth).ceil().max(1.0) as u32
        } else {
            capacity
        }
    }

    /// Its weight against that of others.
    pub(super) fn share(&self) -> f64 {
        f64::from(self.terms.weight) * self.warmth
    }

    /// How much somebody would rather have another one, the least first: whatever failed a request before comes after all
    /// that did not, and backups after those that they stand in for.
    pub(super) fn reluctance(&self, avoid: &[ServerId]) -> u8 {
        let failed = u8::from(avoid.contains(&self.server.id));
        2 * failed + u8::from(self.terms.backup)
    }
}
