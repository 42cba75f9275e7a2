//! The way of a picture, from its request to its bytes, in the order in which they pass through:
//! [`request`], [`plan`], [`mod@dispatch`] (as wide as [`slots`] says, with [`tiles`], [`persist`] and
//! [`straggler`] for each piece), [`mod@gather`] (with [`png`]), [`mod@deliver`]. What fails before the first byte is a plain answer; what fails later
//! breaks the body off.

mod deliver;
mod dispatch;
mod gather;
mod helpers;
pub(crate) mod persist;
pub(crate) mod plan;
mod png;
pub(crate) mod request;
mod slots;
mod straggler;
pub(crate) mod tiles;
mod timing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt};
use protocol::{Colouring, Iterations, View};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::counters::{Counters, Ended};
use crate::progress::id::RenderId;
use crate::progress::registry::Registry;
use crate::progress::running::{Running, Teller};
use crate::render::deliver::deliver;
use crate::render::dispatch::{Job, dispatch};
use crate::render::gather::gather;
use crate::render::helpers::Helpers;
use crate::render::persist::{Patience, Pulse};
use crate::render::plan::Plan;
use crate::render::request::RenderRequest;
use crate::render::slots::{Slots, Word};
use crate::render::straggler::Pace;
use crate::render::tiles::{Surveyed, Tiles};
use crate::settings::Settings;
use crate::trouble::{Failure, Refusal, Trouble};

/// How long a form waits for an objection: workers that are not busy answer in a millisecond.
const OBJECTION: Duration = Duration::from_millis(500);

/// Whoever makes pictures.
pub(crate) struct Renderer {
    settings: Settings,
    pub(crate) tiles: Tiles,
    admission: Arc<Semaphore>,
    counters: Counters,
    pulse: Arc<Pulse>,
    /// The reports of recent renders.
    pub(crate) registry: Registry,
}

/// A picture on its way.
pub(crate) struct Picture {
    running: Running,
    job: Job,
    plan: Plan,
    stall: Duration,
    /// The iteration limit that is used.
    pub(crate) iterations: u64,
}

impl Renderer {
    pub(crate) fn new(settings: Settings, tiles: Tiles, counters: Counters) -> Renderer {
        Renderer {
            admission: Arc::new(Semaphore::new(settings.renders)),
            registry: Registry::default(),
            pulse: Arc::new(Pulse::new()),
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
        let surveyed = match self.survey(&request.view, &patience, &teller).await {
            Ok(surveyed) => surveyed,
            Err(failure) => {
                running.fail(&failure);
                return Err(failure);
            }
        };
        Ok(self.plan(request.view, surveyed, patience, running, teller))
    }

    /// What the workers have against `view`, if one of them says so at once: a form can show it beside the
    /// field. Whoever begins with its orbit has no objection; whoever is not sure begins the picture, and is told then.
    pub(crate) async fn objection(&self, view: &View) -> Option<Refusal> {
        let mut view = view.clone();
        // Without the histogram's preview, which costs time and refuses nothing.
        view.colours.colouring = Colouring::Smooth;
        let survey = self.tiles.survey(&view, RenderId::random().to_string());
        match timeout(OBJECTION, survey).await {
            Ok(Err(Trouble::Refused(refusal))) => Some(refusal),
            _ => None,
        }
    }

    /// Only who has not even begun is asked for a second time: a long reference orbit is not made shorter by computing it twice.
    async fn survey(
        &self,
        view: &View,
        patience: &Patience,
        teller: &Teller,
    ) -> Result<(Surveyed, Helpers), Failure> {
        let helpers = Helpers::new();
        let pace = Pace::alone(self.settings.straggler_after);
        let again = |trouble: &_| tracing::info!(%trouble, "a survey is asked for again");
        let ask = || self.tiles.survey(view, RenderId::random().to_string());
        let survey = || async {
            let surveying = pace.hedge(|| {}, ask).await?;
            let tell = |word: &Word, progress| {
                teller.orbit(progress);
                helpers.consider(&self.tiles, view, word);
            };
            surveying.finish(tell).await
        };
        let surveyed = patience.persist(again, survey).await?;
        Ok((surveyed, helpers))
    }

    fn plan(
        &self,
        mut view: View,
        (surveyed, helpers): (Surveyed, Helpers),
        patience: Patience,
        running: Running,
        teller: Teller,
    ) -> Picture {
        let survey = surveyed.survey;
        let slots = Slots::new(self.settings.slots, surveyed.word);
        let plan = Plan::new(&view);
        teller.planned(&survey, view.height);
        view.iterations = Iterations::Limit(survey.iterations);
        Picture {
            running,
            plan,
            stall: self.settings.stall,
            iterations: survey.iterations,
            job: Job {
                view,
                // A preview without an escape has none; each band's worker finds that out alike.
                distribution: survey.distribution.filter(|quantiles| quantiles.len() > 1),
                tiles: self.tiles.clone(),
                // Once drawing, a render holds out as long as anybody's pieces are answered.
                patience: patience.sharing(self.pulse.clone()),
                pace: Pace::among(self.settings.straggler_after, slots.now()),
                _helpers: helpers,
                slots,
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
        deliver(gather(&view, bands), self.running, self.stall)
    }

    /// The head was all that was wanted.
    pub(crate) fn head_only(self) {
        self.running.finish();
    }
}
