//! How much is remembered of clients, when anybody can be many? A bounded number: in two generations, of which
//! the older one is forgotten as a whole when the younger one is full. Who comes back is young again, so those
//! who come often are never forgotten, and no request pays for a search for whom to forget.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;

use crate::client::ClientKey;

/// So many locks that requests on some cores rarely wait for one.
const SHARDS: usize = 16;

/// When each client may come again, in the terms of GCRA. Clones are the same table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    shards: Arc<[Mutex<Generations>; SHARDS]>,
    /// Not known outside, so that nobody can fill one shard alone.
    hasher: RandomState,
}

#[derive(Debug)]
struct Generations {
    young: HashMap<ClientKey, Nanos>,
    old: HashMap<ClientKey, Nanos>,
    most_young: usize,
}

impl Table {
    /// Remembers at least half as many clients, and at most so many.
    pub(super) fn of(clients: usize) -> Table {
        let most_young = clients.div_ceil(2 * SHARDS);
        Table {
            shards: Arc::new(std::array::from_fn(|_| {
                Mutex::new(Generations {
                    young: HashMap::new(),
                    old: HashMap::new(),
                    most_young,
                })
            })),
            hasher: RandomState::new(),
        }
    }

    fn shard(&self, key: ClientKey) -> MutexGuard<'_, Generations> {
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        let shard = self.shards[shard].lock();
        shard.unwrap_or_else(PoisonError::into_inner)
    }

    /// As if the client had never come.
    pub(super) fn forget(&self, key: ClientKey) {
        let mut known = self.shard(key);
        known.young.remove(&key);
        known.old.remove(&key);
    }
}

impl Generations {
    fn put(&mut self, key: ClientKey, value: Nanos) {
        self.young.insert(key, value);
        if self.young.len() >= self.most_young {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl StateStore for Table {
    type Key = ClientKey;

    fn measure_and_replace<T, F, E>(&self, key: &ClientKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut known = self.shard(*key);
        if let Some(place) = known.young.get_mut(key) {
            let (outcome, next) = f(Some(*place))?;
            *place = next;
            return Ok(outcome);
        }
        let before = known.old.get(key).copied();
        match f(before) {
            Ok((outcome, next)) => {
                known.put(*key, next);
                Ok(outcome)
            }
            Err(e) => {
                // A client that is refused has come back too.
                if let Some(before) = before {
                    known.put(*key, before);
                }
                Err(e)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn key(n: u32) -> ClientKey {
        IpAddr::V4(Ipv4Addr::from_bits(n)).into()
    }

    /// How often `key` was seen before.
    fn see(table: &Table, key: ClientKey) -> u64 {
        let seen = table.measure_and_replace(&key, |before| {
            let before = before.map_or(0, u64::from);
            Ok::<_, ()>((before, Nanos::from(before + 1)))
        });
        seen.unwrap()
    }

    #[test]
    fn those_who_come_often_are_remembered_and_the_others_forgotten() {
        let table = Table::of(1000);
        for n in 0..100_000 {
            assert_eq!(see(&table, key(7 << 24)), u64::from(n));
            see(&table, key(n));
        }
        let kept = table.shards.iter().map(|shard| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        });
        let kept: usize = kept.sum();
        assert!((400..=1100).contains(&kept), "{kept}");
    }
}
