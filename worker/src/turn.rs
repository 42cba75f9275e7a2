//! In which order does a request wait? First for its reference orbit, holding nothing that others need; then for a place to draw.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fractal::Orbit;

use crate::admission::{Admission, Permit, Presence};
use crate::orbits::{Found, Meter, NoOrbit, Orbits};
use crate::prepare::Prepared;

/// A request that was let in.
pub(crate) struct Turn {
    presence: Presence,
    orbit: Option<Found>,
    arrived: Instant,
}

/// Why a request is not even let in.
pub(crate) enum Refused {
    /// The queue is full.
    Busy,
    /// It needs an orbit, and as many wait for orbits as may.
    NoOrbit(NoOrbit),
}

/// All that a request has waited for.
pub(crate) struct Ready {
    pub(crate) permit: Permit,
    pub(crate) orbit: Option<Arc<Orbit>>,
    pub(crate) waited: Waited,
}

/// How long a request has waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    pub(crate) orbit: Duration,
    pub(crate) queue: Duration,
}

impl Turn {
    /// Lets a request in that is going to draw `prepared`. If nobody else computes the orbit, that begins here.
    pub(crate) fn new(
        admission: &Admission,
        orbits: &Orbits,
        prepared: &Prepared,
    ) -> Result<Turn, Refused> {
        let arrived = Instant::now();
        let presence = admission.enter().ok_or(Refused::Busy)?;
        let orbit = prepared.orbit().map(|key| orbits.find(key)).transpose();
        Ok(Turn {
            presence,
            orbit: orbit.map_err(Refused::NoOrbit)?,
            arrived,
        })
    }

    /// Tells how far the orbit is, when it must be waited for.
    pub(crate) fn meter(&self) -> Option<Meter> {
        match &self.orbit {
            Some(Found::UnderWay(wait)) => Some(wait.meter()),
            Some(Found::Ready(_)) | None => None,
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// [`NoOrbit::Panicked`].
    pub(crate) async fn come(self) -> Result<Ready, NoOrbit> {
        let orbit = match self.orbit {
            Some(Found::Ready(orbit)) => Some(orbit),
            Some(Found::UnderWay(wait)) => Some(wait.outcome().await?),
            None => None,
        };
        let with_orbit = self.arrived.elapsed();
        let permit = self.presence.place().await;
        Ok(Ready {
            permit,
            orbit,
            waited: Waited {
                orbit: with_orbit,
                queue: self.arrived.elapsed().saturating_sub(with_orbit),
            },
        })
    }
}
