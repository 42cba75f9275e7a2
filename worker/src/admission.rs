//! How much work does a worker accept? As many tiles at once as it has places, a few more in a queue, and
//! nothing past that: a full worker says so at once, and the balancer sends the tile elsewhere.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places and the queue in front of them.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    /// Permits to be here at all: drawn or waiting.
    presence: Arc<Semaphore>,
    /// Permits to draw; handed out in order of arrival.
    places: Arc<Semaphore>,
    capacity: usize,
}

/// A right to wait for a place: whoever still lacks something else holds no place meanwhile.
#[derive(Debug)]
pub(crate) struct Presence {
    presence: OwnedSemaphorePermit,
    places: Arc<Semaphore>,
}

/// A place, held until the tile is drawn or its job has noticed that nobody wants it any more.
#[derive(Debug)]
pub(crate) struct Permit {
    _presence: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(capacity: usize, queue: usize) -> Admission {
        Admission {
            presence: Arc::new(Semaphore::new(capacity + queue)),
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
        }
    }

    /// Lets somebody in; `None` when the queue is full.
    pub(crate) fn enter(&self) -> Option<Presence> {
        let presence = Arc::clone(&self.presence).try_acquire_owned().ok()?;
        Some(Presence {
            presence,
            places: Arc::clone(&self.places),
        })
    }

    /// How many tiles are drawn at once.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many are being drawn now.
    pub(crate) fn in_flight(&self) -> usize {
        self.capacity - self.places.available_permits()
    }
}

impl Presence {
    /// Waits for a place.
    pub(crate) async fn place(self) -> Permit {
        let place = self.places.acquire_owned().await;
        Permit {
            _presence: self.presence,
            _place: place.expect("nobody closes the semaphore"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn past_the_queue_nobody_waits() {
        let admission = Admission::new(1, 1);
        let drawing = admission.enter().unwrap().place().await;
        let waiting = tokio::spawn({
            let admission = admission.clone();
            async move { drop(admission.enter().unwrap().place().await) }
        });
        while admission.presence.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(admission.enter().is_none());
        assert_eq!(admission.in_flight(), 1);
        drop(drawing);
        waiting.await.unwrap();
        assert_eq!(admission.in_flight(), 0);
    }
}
