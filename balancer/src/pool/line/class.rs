//! Whose turn is it? Of clients whose requests are equally urgent, the one whose requests were given least of the servers'
//! time.
//!
//! That is deficit round robin (Shreedhar and Varghese, "Efficient Fair Queuing Using Deficit Round Robin", 1996) for costs
//! that are known afterwards only. So it is kept as start-time fair queuing (Goyal, Vin and Cheng, 1996): a client's
//! account is the time that it was given, in which a request that begins is charged for as long as its client's
//! last one took, and what is wrong with that is put right when it ends. A client that comes anew begins with the account of
//! whoever was served last: it has no credit for the time in which it asked for nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use super::{Charge, Rank, Waiter};
use crate::client::ClientKey;
use crate::urgency::Urgency;

/// A request's least cost. In less, what is measured says more of the machine than of the request, and clients whose
/// requests are that short take turns.
pub(super) const LEAST_COST: Duration = Duration::from_millis(50);
/// A request's highest cost: half of the default of the longest wait, so that nobody is shut out for one request.
const HIGHEST_COST: Duration = Duration::from_secs(30);
/// Accounts of clients of which nothing waits; past that those that owe least are closed.
const MOST_ACCOUNTS: usize = 4096;

/// Those who wait with the same urgency.
#[derive(Debug)]
pub(super) struct Class<R> {
    /// Never empty for a client, the oldest first.
    pub(super) waiting: HashMap<ClientKey, VecDeque<(u64, Waiter<R>)>>,
    /// Of all clients in `waiting`, and of others that were given more than those.
    accounts: HashMap<ClientKey, Account>,
    /// The account of whoever was served last; never goes back.
    now: Duration,
    /// Counts turns.
    turns: u64,
    /// Requests that were charged for and have not ended.
    in_flight: usize,
}

/// What a client was given.
#[derive(Clone, Copy, Debug)]
struct Account {
    given: Duration,
    /// Of its next request, as far as one can know.
    cost: Duration,
    /// The last turn that it had: of equal accounts, the one whose turn is longest ago is the next.
    turn: u64,
}

/// When a request is served, compared with others of its class.
type Time = (Duration, u64);

impl Account {
    /// When the request is served before which its client has so many others.
    fn time(&self, before: usize) -> Time {
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        let given = self.given.saturating_add(self.cost.saturating_mul(before));
        (given, self.turn)
    }

    /// How many requests of this client are served up to `time`, if there are as many.
    fn served_by(&self, time: Time) -> usize {
        if self.time(0) > time {
            return 0;
        }
        let between = (time.0 - self.given).as_nanos();
        let whole = usize::try_from(between / self.cost.as_nanos()).unwrap_or(usize::MAX);
        // The last of them may be of the same time, when turns count.
        whole.saturating_add(usize::from(self.time(whole) <= time))
    }
}

impl<R> Class<R> {
    pub(super) fn new() -> Class<R> {
        Class {
            waiting: HashMap::new(),
            accounts: HashMap::new(),
            now: Duration::ZERO,
            turns: 0,
            in_flight: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    pub(super) fn join(&mut self, rank: Rank, waiter: Waiter<R>) {
        let queue = self.waiting.entry(rank.client).or_default();
        if queue.is_empty() {
            self.turns += 1;
            let new = Account {
                given: self.now,
                cost: LEAST_COST,
                turn: self.turns,
            };
            let account = self.accounts.entry(rank.client).or_insert(new);
            if account.given < self.now {
                (account.given, account.turn) = (self.now, self.turns);
            }
        }
        let place = queue.partition_point(|(arrival, _)| *arrival < rank.arrival);
        queue.insert(place, (rank.arrival, waiter));
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<Waiter<R>> {
        let queue = self.waiting.get_mut(&rank.client)?;
        let place = queue.binary_search_by_key(&rank.arrival, |(arrival, _)| *arrival);
        let (_, waiter) = queue.remove(place.ok()?)?;
        if queue.is_empty() {
            self.waiting.remove(&rank.client);
        }
        Some(waiter)
    }

    /// Charges `client`, of which a request was taken out to begin; how much.
    pub(super) fn charge(&mut self, client: ClientKey) -> Duration {
        self.turns += 1;
        self.in_flight += 1;
        let Some(account) = self.accounts.get_mut(&client) else {
            return Duration::ZERO;
        };
        self.now = self.now.max(account.given);
        let cost = account.cost;
        account.given = account.given.saturating_add(cost);
        account.turn = self.turns;
        cost
    }

    /// A request that was charged for has ended.
    pub(super) fn settle(&mut self, charge: Charge, took: Duration) {
        self.in_flight -= 1;
        if self.in_flight == 0 && self.waiting.is_empty() {
            // Nobody is before or behind anybody.
            self.accounts.clear();
            return;
        }
        let cost = took.clamp(LEAST_COST, HIGHEST_COST);
        if let Some(account) = self.accounts.get_mut(&charge.client) {
            let given = account.given.saturating_add(cost);
            account.given = given.saturating_sub(charge.cost);
            account.cost = cost;
        }
    }

    /// Closes accounts that say no more than a new one would.
    pub(super) fn forget(&mut self) {
        let kept = 2 * self.waiting.len() + 64;
        if self.accounts.len() <= kept {
            return;
        }
        let (waiting, now) = (&self.waiting, self.now);
        self.accounts
            .retain(|client, account| account.given > now || waiting.contains_key(client));
        while self.accounts.len() > self.waiting.len() + MOST_ACCOUNTS {
            let absent = self.accounts.iter();
            let absent = absent.filter(|(client, _)| !self.waiting.contains_key(client));
            let least = absent.min_by_key(|(_, account)| account.given);
            let Some(client) = least.map(|(client, _)| *client) else {
                return;
            };
            self.accounts.remove(&client);
        }
    }

    /// Those who wait, by client, with their clients' accounts.
    fn queues(&self) -> impl Iterator<Item = (ClientKey, Account, &VecDeque<(u64, Waiter<R>)>)> {
        self.waiting
            .iter()
            .filter_map(|(client, queue)| Some((*client, *self.accounts.get(client)?, queue)))
    }

    /// As far as costs are what they were.
    pub(super) fn place(&self, rank: Rank) -> usize {
        let (Some(queue), Some(account)) = (
            self.waiting.get(&rank.client),
            self.accounts.get(&rank.client),
        ) else {
            return self.len() + 1;
        };
        let before = queue.partition_point(|(arrival, _)| *arrival < rank.arrival);
        let time = account.time(before);
        self.queues()
            .map(|(client, account, queue)| {
                if client == rank.client {
                    before + 1
                } else {
                    queue.len().min(account.served_by(time))
                }
            })
            .sum()
    }

    pub(super) fn iter(&self, urgency: Urgency) -> impl Iterator<Item = (Rank, &Waiter<R>)> {
        // Most who look want the first alone: a heap is built in linear time.
        let queues: Vec<_> = self.queues().collect();
        let firsts = queues.iter().enumerate();
        let firsts = firsts.map(|(i, (_, account, _))| Reverse((account.time(0), i, 0)));
        let mut next: BinaryHeap<Reverse<(Time, usize, usize)>> = firsts.collect();
        std::iter::from_fn(move || {
            let Reverse((_, i, before)) = next.pop()?;
            let (client, account, queue) = queues.get(i)?;
            if before + 1 < queue.len() {
                next.push(Reverse((account.time(before + 1), i, before + 1)));
            }
            let (arrival, waiter) = queue.get(before)?;
            let rank = Rank {
                urgency,
                client: *client,
                arrival: *arrival,
            };
            Some((rank, waiter))
        })
    }

    /// Whoever is served when all others are.
    pub(super) fn last(&self, urgency: Urgency) -> Option<Rank> {
        let last = self
            .queues()
            .max_by_key(|(_, account, queue)| account.time(queue.len() - 1));
        let (client, _, queue) = last?;
        let (arrival, _) = queue.back()?;
        Some(Rank {
            urgency,
            client,
            arrival: *arrival,
        })
    }
}
