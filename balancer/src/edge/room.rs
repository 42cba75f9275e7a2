//! How many connections may there be? So many in all, and so many of one client, so that nobody takes all the
//! room. A seat is a guard: it is given back when the connection ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client::ClientKey;

/// The room of all listeners.
#[derive(Debug)]
pub(crate) struct Room {
    seats: Arc<Semaphore>,
    per_client: Option<usize>,
    taken: Mutex<HashMap<ClientKey, usize>>,
}

/// One connection's place.
#[derive(Debug)]
pub(crate) struct Seat {
    _permit: OwnedSemaphorePermit,
    of: Option<(Arc<Room>, ClientKey)>,
}

impl Room {
    pub(crate) fn new(connections: usize, per_client: Option<usize>) -> Arc<Room> {
        Arc::new(Room {
            seats: Arc::new(Semaphore::new(connections)),
            per_client,
            taken: Mutex::default(),
        })
    }

    /// Waits until there is room for one more connection.
    pub(crate) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        self.seats.clone().acquire_owned().await.ok()
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<ClientKey, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for `client`, unless it has as many as one may have. `None` stands for somebody who may have any
    /// number.
    pub(crate) fn seat(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        client: Option<ClientKey>,
    ) -> Option<Seat> {
        let counted = client.zip(self.per_client);
        if let Some((client, most)) = counted {
            let mut taken = self.taken();
            let count = taken.entry(client).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(Seat {
            _permit: permit,
            of: counted.map(|(client, _)| (self.clone(), client)),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((room, client)) = &self.of else {
            return;
        };
        let mut taken = room.taken();
        if let Some(count) = taken.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                taken.remove(client);
            }
        }
    }
}
