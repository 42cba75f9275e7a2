//! In which order do requests wait? By rank, the smallest first. A rank is the arrival now; urgency and
//! fairness come before it when they are known.

use std::collections::BTreeMap;

use crate::upstream::ServerId;

/// A request's claim to the next free slot. A retry keeps the rank of its first try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u64);

/// One who waits, with the way to tell it.
#[derive(Debug)]
pub(crate) struct Waiter<R> {
    /// Servers that failed it before.
    pub(crate) avoid: Vec<ServerId>,
    /// Where the answer goes.
    pub(crate) reply: R,
}

/// All who wait in a pool.
#[derive(Debug)]
pub(crate) struct Line<R> {
    waiters: BTreeMap<Rank, Waiter<R>>,
    limit: usize,
}

impl<R> Line<R> {
    pub(crate) fn new(limit: usize) -> Line<R> {
        Line {
            waiters: BTreeMap::new(),
            limit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Adds a waiter, unless the line is full.
    pub(crate) fn join(&mut self, rank: Rank, waiter: Waiter<R>) -> bool {
        let room = self.waiters.len() < self.limit;
        if room {
            self.waiters.insert(rank, waiter);
        }
        room
    }

    /// Takes one out of the line.
    pub(crate) fn leave(&mut self, rank: Rank) -> Option<Waiter<R>> {
        self.waiters.remove(&rank)
    }

    /// How many would be served up to and including `rank`.
    pub(crate) fn place(&self, rank: Rank) -> usize {
        self.waiters.range(..=rank).count()
    }

    /// In the order in which they are served.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Rank, &Waiter<R>)> {
        self.waiters.iter().map(|(rank, waiter)| (*rank, waiter))
    }

    /// Empties the line.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waiter<R>> + use<R> {
        std::mem::take(&mut self.waiters).into_values()
    }
}
