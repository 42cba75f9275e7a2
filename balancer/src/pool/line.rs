//! In which order do requests wait? The most urgent first; among equally urgent ones that of the client whose requests have
//! taken least of the servers' time, so that nobody who asks for much, or for what takes long, starves the others; and of one
//! client the oldest.

mod class;

use std::time::{Duration, Instant};

use self::class::Class;
use crate::client::ClientKey;
use crate::upstream::ServerId;
use crate::urgency::{URGENCIES, Urgency};

/// A request's claim to the next free slot. A retry keeps the rank of its first try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) urgency: Urgency,
    pub(crate) client: ClientKey,
    /// Counts up, and no two are the same.
    pub(crate) arrival: u64,
}

/// One who waits, with the way to tell it.
#[derive(Debug)]
pub(crate) struct Waiter<R> {
    /// What algorithms that hash go by.
    pub(crate) key: u64,
    /// Servers that failed it before.
    pub(crate) avoid: Vec<ServerId>,
    pub(crate) since: Instant,
    /// Where the answer goes.
    pub(crate) reply: R,
}

/// What a request from the line was charged for when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    urgency: Urgency,
    client: ClientKey,
    cost: Duration,
}

/// All who wait in a pool.
#[derive(Debug)]
pub(crate) struct Line<R> {
    /// One for each urgency.
    classes: [Class<R>; URGENCIES],
    length: usize,
    limit: usize,
}

impl<R> Line<R> {
    pub(crate) fn new(limit: usize) -> Line<R> {
        Line {
            classes: std::array::from_fn(|_| Class::new()),
            length: 0,
            limit,
        }
    }

    /// Another limit; whoever waits already stays.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a waiter. Whoever is last then, if there is no room for so many, has to go: it is returned, and it may be
    /// the one who came.
    pub(crate) fn join(&mut self, rank: Rank, waiter: Waiter<R>) -> Option<(Rank, Waiter<R>)> {
        self.class(rank).join(rank, waiter);
        self.length += 1;
        let last = (self.length > self.limit).then(|| self.last()).flatten()?;
        Some((last, self.leave(last)?))
    }

    /// Takes one out of the line, who gives up.
    pub(crate) fn leave(&mut self, rank: Rank) -> Option<Waiter<R>> {
        let class = self.class(rank);
        let waiter = class.remove(rank)?;
        class.forget();
        self.length -= 1;
        Some(waiter)
    }

    /// Takes one out of the line, who is served: its client is charged for it, until [`Line::ended`] knows better.
    pub(crate) fn serve(&mut self, rank: Rank) -> Option<(Waiter<R>, Charge)> {
        let class = self.class(rank);
        let waiter = class.remove(rank)?;
        let charge = Charge {
            urgency: rank.urgency,
            client: rank.client,
            cost: class.charge(rank.client),
        };
        class.forget();
        self.length -= 1;
        Some((waiter, charge))
    }

    /// A request that was served took so long.
    pub(crate) fn ended(&mut self, charge: Charge, took: Duration) {
        let class = &mut self.classes[usize::from(charge.urgency.number())];
        class.settle(charge, took);
    }

    fn class(&mut self, rank: Rank) -> &mut Class<R> {
        &mut self.classes[usize::from(rank.urgency.number())]
    }

    /// How many would be served up to and including `rank`.
    pub(crate) fn place(&self, rank: Rank) -> usize {
        let (sooner, from) = self.classes.split_at(usize::from(rank.urgency.number()));
        let sooner: usize = sooner.iter().map(Class::len).sum();
        sooner + from.first().map_or(0, |class| class.place(rank))
    }

    /// In the order in which they are served.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Rank, &Waiter<R>)> {
        let numbered = self.classes.iter().zip(Urgency::ALL);
        numbered.flat_map(|(class, urgency)| class.iter(urgency))
    }

    fn last(&self) -> Option<Rank> {
        let mut numbered = self.classes.iter().zip(Urgency::ALL).rev();
        numbered.find_map(|(class, urgency)| class.last(urgency))
    }

    /// Empties the line.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waiter<R>> + use<R> {
        self.length = 0;
        let classes = self
            .classes
            .each_mut()
            .map(|class| std::mem::take(&mut class.waiting));
        let queues = classes.into_iter().flat_map(IntoIterator::into_iter);
        queues
            .flat_map(|(_, queue)| queue)
            .map(|(_, waiter)| waiter)
    }
}

#[cfg(test)]
#[path = "line/tests.rs"]
mod tests;
