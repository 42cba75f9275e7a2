//! Who is not answered for a while? Clients that kept coming while they were refused. The list is bounded and
//! the same for all listeners; operators can read it and strike names off it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::client::ClientKey;

/// Half a megabyte of names; past that the ban that ends soonest makes room.
const MOST: usize = 10_000;

/// All bans.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    until: Mutex<HashMap<ClientKey, Instant>>,
    /// How many, so that requests need no lock while there is none.
    count: AtomicUsize,
}

/// So many are told with all other statistics, which are sent twice a second to whoever looks.
const SHOWN: usize = 50;

/// How many are banned, and the first of them.
#[derive(Debug, Serialize)]
pub(crate) struct BansPicture {
    count: usize,
    first: Vec<Ban>,
}

/// One ban, as operators see it.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Ban {
    /// An IPv4 address, or the /64 of an IPv6 address.
    pub(crate) client: String,
    /// Until it ends.
    pub(crate) seconds: u64,
}

impl Bans {
    fn list(&self) -> MutexGuard<'_, HashMap<ClientKey, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bans `client` for `time` from now.
    pub(crate) fn ban(&self, client: ClientKey, time: Duration) {
        let now = Instant::now();
        let mut list = self.list();
        if list.len() >= MOST && !list.contains_key(&client) {
            list.retain(|_, until| *until > now);
            let soonest = list.iter().min_by_key(|(_, until)| **until);
            if let Some(client) = soonest.map(|(client, _)| *client)
                && list.len() >= MOST
            {
                list.remove(&client);
            }
        }
        list.insert(client, now + time);
        self.count.store(list.len(), Ordering::Relaxed);
        drop(list);
        tracing::warn!(%client, ?time, "client banned");
    }

    /// How long `client` is banned still.
    pub(crate) fn remaining(&self, client: ClientKey) -> Option<Duration> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut list = self.list();
        let left = list.get(&client)?.duration_since(Instant::now());
        if left.is_zero() {
            list.remove(&client);
            self.count.store(list.len(), Ordering::Relaxed);
            return None;
        }
        Some(left)
    }

    /// All bans that hold, the longest first.
    pub(crate) fn all(&self) -> Vec<Ban> {
        let now = Instant::now();
        let list = self.list();
        let holding = list.iter().filter(|(_, until)| **until > now);
        let mut bans: Vec<Ban> = holding
            .map(|(client, until)| Ban {
                client: client.to_string(),
                seconds: until.duration_since(now).as_secs(),
            })
            .collect();
        bans.sort_by(|a, b| (b.seconds, &a.client).cmp(&(a.seconds, &b.client)));
        bans
    }

    /// How many bans hold, and those that last longest.
    pub(crate) fn picture(&self) -> BansPicture {
        let mut first = self.all();
        let count = first.len();
        first.truncate(SHOWN);
        BansPicture { count, first }
    }

    /// Ends the ban of `client`; whether there was one.
    pub(crate) fn lift(&self, client: ClientKey) -> bool {
        let mut list = self.list();
        let lifted = list.remove(&client).is_some();
        self.count.store(list.len(), Ordering::Relaxed);
        drop(list);
        if lifted {
            tracing::info!(%client, "ban lifted");
        }
        lifted
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn key(n: u32) -> ClientKey {
        IpAddr::V4(Ipv4Addr::from_bits(n)).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_ban_ends_with_its_time_or_when_it_is_lifted() {
        let bans = Bans::default();
        assert_eq!(bans.remaining(key(1)), None);
        bans.ban(key(1), Duration::from_secs(10));
        bans.ban(key(2), Duration::from_secs(20));
        assert_eq!(bans.remaining(key(1)), Some(Duration::from_secs(10)));
        assert_eq!(bans.remaining(key(3)), None);
        let names: Vec<_> = bans.all().into_iter().map(|ban| ban.client).collect();
        assert_eq!(names, ["0.0.0.2", "0.0.0.1"]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(bans.remaining(key(1)), None);
        assert_eq!(bans.all().len(), 1);
        assert!(bans.lift(key(2)) && !bans.lift(key(2)));
        assert_eq!(bans.remaining(key(2)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_list_drops_the_ban_that_ends_soonest() {
        let bans = Bans::default();
        for n in 0..=MOST as u32 {
            bans.ban(key(n), Duration::from_secs(u64::from(n) + 100));
        }
        assert_eq!(bans.all().len(), MOST);
        let picture = bans.picture();
        assert_eq!((picture.count, picture.first.len()), (MOST, SHOWN));
        assert_eq!(bans.remaining(key(0)), None);
        assert!(bans.remaining(key(1)).is_some());
    }
}
