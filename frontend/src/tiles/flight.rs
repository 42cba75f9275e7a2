//! Who else wants the same thing? Whoever asks while it is being fetched waits for the same fetching; when nobody waits any more, it
//! stops.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

use crate::tiles::tile::TileKey;

type Fetching<T> = BoxFuture<'static, T>;

/// What is being fetched; clones know the same.
#[derive(Clone)]
pub(crate) struct Flights<T: Clone> {
    under_way: Arc<Mutex<UnderWay<T>>>,
}

struct UnderWay<T: Clone> {
    flights: HashMap<TileKey, (u64, WeakShared<Fetching<T>>)>,
    begun: u64,
}

/// Takes a flight off the list when it has ended, or was given up.
struct Landing<T: Clone> {
    list: Arc<Mutex<UnderWay<T>>>,
    key: TileKey,
    number: u64,
}

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        let (flights, begun) = (HashMap::new(), 0);
        let under_way = Arc::new(Mutex::new(UnderWay { flights, begun }));
        Flights { under_way }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// The flight that is to bring `key`, and whether it begins here, as `fetch`.
    pub(crate) fn join(
        &self,
        key: TileKey,
        fetch: impl Future<Output = T> + Send + 'static,
    ) -> (Shared<Fetching<T>>, bool) {
        let mut list = locked(&self.under_way);
        if let Some(flight) = list.flights.get(&key).and_then(|(_, weak)| weak.upgrade()) {
            return (flight, false);
        }
        list.begun += 1;
        let landing = Landing {
            list: self.under_way.clone(),
            key,
            number: list.begun,
        };
        let number = landing.number;
        let flight = async move {
            let _landing = landing;
            fetch.await
        };
        let flight = flight.boxed().shared();
        // It has not been polled, so it is not at its end.
        if let Some(weak) = flight.downgrade() {
            list.flights.insert(key, (number, weak));
        }
        (flight, true)
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        locked(&self.under_way).flights.len()
    }
}

impl<T: Clone> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut list = locked(&self.list);
        // Somebody may have begun anew meanwhile.
        if list
            .flights
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            list.flights.remove(&self.key);
        }
    }
}

fn locked<T: Clone>(list: &Mutex<UnderWay<T>>) -> MutexGuard<'_, UnderWay<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn everybody_has_the_same_flight_and_the_next_begins_anew() {
        let flights = Flights::default();
        let (send, receive) = oneshot::channel();
        let (first, is_new) = flights.join(TileKey::of("a"), async { receive.await.unwrap() });
        assert!(is_new);
        let (second, is_new) = flights.join(TileKey::of("a"), async { 2 });
        assert!(!is_new);
        // It goes on when who began it has left.
        drop(first);
        send.send(1).unwrap();
        assert_eq!(second.await, 1);
        assert_eq!(flights.count(), 0);
        let (third, is_new) = flights.join(TileKey::of("a"), async { 3 });
        assert!(is_new);
        assert_eq!(third.await, 3);
    }

    #[tokio::test]
    async fn a_flight_that_nobody_waits_for_is_given_up() {
        let flights = Flights::default();
        let (send, receive) = oneshot::channel::<u8>();
        let fetch = async { receive.await.unwrap() };
        let (mut flight, _) = flights.join(TileKey::of("a"), fetch);
        assert!((&mut flight).now_or_never().is_none());
        drop(flight);
        assert!(send.is_closed());
        assert_eq!(flights.count(), 0);
    }
}
