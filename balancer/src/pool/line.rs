//! In which order do requests wait? The most urgent first; among equally urgent ones each client in turn, so that
//! nobody who asks for much starves the others; and of one client the oldest.
//!
//! The turns are a deficit round robin (Shreedhar and Varghese, "Efficient Fair Queuing Using Deficit Round Robin",
//! 1996) in which every request costs the same: a turn is one request, and who cannot use it keeps it.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

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

/// All who wait in a pool.
#[derive(Debug)]
pub(crate) struct Line<R> {
    /// One for each urgency.
    classes: [Class<R>; URGENCIES],
    length: usize,
    limit: usize,
}

/// Those who wait with the same urgency.
#[derive(Debug)]
struct Class<R> {
    /// The clients of `waiting`, in the order of their turns.
    turns: VecDeque<ClientKey>,
    /// Never empty for a client, the oldest first.
    waiting: HashMap<ClientKey, VecDeque<(u64, Waiter<R>)>>,
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
        let waiter = self.class(rank).remove(rank)?;
        self.length -= 1;
        Some(waiter)
    }

    /// Takes one out of the line, who is served: its client's turn is over.
    pub(crate) fn serve(&mut self, rank: Rank) -> Option<Waiter<R>> {
        let waiter = self.leave(rank)?;
        self.class(rank).end_turn(rank.client);
        Some(waiter)
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
        let classes = self.classes.each_mut().map(|class| {
            class.turns.clear();
            std::mem::take(&mut class.waiting)
        });
        let queues = classes.into_iter().flat_map(HashMap::into_values);
        queues.flatten().map(|(_, waiter)| waiter)
    }
}

impl<R> Class<R> {
    fn new() -> Class<R> {
        Class {
            turns: VecDeque::new(),
            waiting: HashMap::new(),
        }
    }

    fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    fn join(&mut self, rank: Rank, waiter: Waiter<R>) {
        let queue = self.waiting.entry(rank.client).or_default();
        if queue.is_empty() {
            self.turns.push_back(rank.client);
        }
        let place = queue.partition_point(|(arrival, _)| *arrival < rank.arrival);
        queue.insert(place, (rank.arrival, waiter));
    }

    fn remove(&mut self, rank: Rank) -> Option<Waiter<R>> {
        let queue = self.waiting.get_mut(&rank.client)?;
        let place = queue.binary_search_by_key(&rank.arrival, |(arrival, _)| *arrival);
        let (_, waiter) = queue.remove(place.ok()?)?;
        if queue.is_empty() {
            self.waiting.remove(&rank.client);
            self.turns.retain(|client| *client != rank.client);
        }
        Some(waiter)
    }

    fn end_turn(&mut self, client: ClientKey) {
        let turn = self.turns.iter().position(|other| *other == client);
        if let Some(client) = turn.and_then(|turn| self.turns.remove(turn)) {
            self.turns.push_back(client);
        }
    }

    /// In its round, which is one per request that its client has before it, and there at its client's turn.
    fn place(&self, rank: Rank) -> usize {
        let Some(queue) = self.waiting.get(&rank.client) else {
            return self.len() + 1;
        };
        let round = queue.partition_point(|(arrival, _)| *arrival < rank.arrival);
        let mut its_turn_was = false;
        let served = self.turns.iter().map(|client| {
            let rounds = if its_turn_was { round } else { round + 1 };
            its_turn_was |= *client == rank.client;
            self.waiting.get(client).map_or(0, |q| q.len().min(rounds))
        });
        served.sum()
    }

    /// Round by round, in each the clients in turn.
    fn iter(&self, urgency: Urgency) -> impl Iterator<Item = (Rank, &Waiter<R>)> {
        let round = move |round: usize| {
            self.turns.iter().filter_map(move |client| {
                let (arrival, waiter) = self.waiting.get(client)?.get(round)?;
                Some((
                    Rank {
                        urgency,
                        client: *client,
                        arrival: *arrival,
                    },
                    waiter,
                ))
            })
        };
        // Most who look want the first: how many rounds there are is asked only by who goes on.
        let rounds = std::iter::once_with(|| 1..self.rounds());
        round(0).chain(rounds.flatten().flat_map(round))
    }

    fn rounds(&self) -> usize {
        self.waiting.values().map(VecDeque::len).max().unwrap_or(0)
    }

    /// The last turn of the last round.
    fn last(&self, urgency: Urgency) -> Option<Rank> {
        let (_, queue, client) = self
            .turns
            .iter()
            .filter_map(|client| {
                let queue = self.waiting.get(client)?;
                Some((queue.len(), queue, *client))
            })
            .max_by_key(|(length, _, _)| *length)?;
        let (arrival, _) = queue.back()?;
        Some(Rank {
            urgency,
            client,
            arrival: *arrival,
        })
    }
}

#[cfg(test)]
#[path = "line/tests.rs"]
mod tests;
