//! The way of a picture, from its request to its bytes: admitted, surveyed, planned, dispatched,
//! gathered. What fails before the first byte is a plain answer; what fails later breaks the body off.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt};
use protocol::{Iterations, View};
use tokio::sync::Semaphore;

use crate::counters::{Counters, Ended};
use crate::dispatch::{Job, dispatch};
use crate::gather::gather;
use crate::id::RenderId;
use crate::persist::Patience;
use crate::plan::Plan;
use crate::registry::Registry;
use crate::request::RenderRequest;
use crate::running::{Running, Teller, accompanied};
use crate::settings::Settings;
use crate::straggler::Pace;
use crate::tiles::{Surveyed, Tiles};
use crate::trouble::Failure;

/// Whoever makes pictures.
pub(crate) struct Renderer {
    settings: Settings,
    tiles: Tiles,
    admission: Arc<Semaphore>,
    counters: Counters,
    /// The reports of recent renders.
    pub(crate) registry: Registry,
}

/// A picture on its way.
pub(crate) struct Picture {
    running: Running,
    job: Job,
    plan: Plan,
    /// The iteration limit that is used.
    pub(crate) iterations: u64,
}

impl Renderer {
    pub(crate) fn new(settings: Settings, tiles: Tiles, counters: Counters) -> Renderer {
        Renderer {
            admission: Arc::new(Semaphore::new(settings.renders)),
            registry: Registry::default(),
            settings,
            tiles,
            counters,
        }
    }

    /// How many more pictures would be admitted now.
    pub(crate) fn free(&self) -> usize {
        self.admission.available_permits()
    }

    /// Begins a picture: all that can be refused is refused here, before a byte is sent.
    ///
    /// # Errors
    /// Why there will be no picture.
    pub(crate) async fn begin(&self, request: RenderRequest) -> Result<Picture, Failure> {
        let account = request.progress.map(|id| self.registry.begin(id));
        let teller = Teller::new(self.counters.clone(), account);
        let Ok(admitted) = self.admission.clone().try_acquire_owned() else {
            let full = Failure::Full(self.settings.renders);
            self.counters.render(Ended::Refused);
            teller.refused(&full);
            return Err(full);
        };
        let running = Running::new(teller.clone(), admitted);
        let patience = Patience::new(self.settings.deadline, self.settings.patience);
        let surveyed = match self.survey(&request.view, &patience).await {
            Ok(surveyed) => surveyed,
            Err(failure) => {
                running.fail(&failure);
                return Err(failure);
            }
        };
        Ok(self.plan(request.view, surveyed, patience, running, teller))
    }

    async fn survey(&self, view: &View, patience: &Patience) -> Result<Surveyed, Failure> {
        let pace = Pace::alone(self.settings.straggler_after);
        let again = |trouble: &_| tracing::info!(%trouble, "a survey is asked for again");
        let ask = || self.tiles.survey(view, RenderId::random().to_string());
        patience.persist(again, || pace.hedge(|| {}, ask)).await
    }

    fn plan(
        &self,
        mut view: View,
        surveyed: Surveyed,
        patience: Patience,
        running: Running,
        teller: Teller,
    ) -> Picture {
        let survey = surveyed.survey;
        let slots = surveyed.slots.unwrap_or(self.settings.slots);
        let plan = Plan::new(view.width, view.height, view.samples, slots);
        teller.planned(&survey, plan);
        view.iterations = Iterations::Limit(survey.iterations);
        Picture {
            running,
            plan,
            iterations: survey.iterations,
            job: Job {
                view,
                // A preview without an escape has none; each band's worker finds that out alike.
                distribution: survey.distribution.filter(|quantiles| quantiles.len() > 1),
                tiles: self.tiles.clone(),
                patience,
                pace: Pace::among(self.settings.straggler_after, slots as usize),
                teller,
            },
        }
    }
}

impl Picture {
    /// The PNG's bytes. No band is asked for before they are.
    pub(crate) fn bytes(self) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
        let view = self.job.view.clone();
        let bands = dispatch(Arc::new(self.job), self.plan).boxed();
        accompanied(gather(&view, bands), self.running)
    }

    /// The head was all that was wanted.
    pub(crate) fn head_only(self) {
        self.running.finish();
    }
}
