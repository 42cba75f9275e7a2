//! What can be told of a render? How far it is, how long it has taken, and who drew how much of it.
//! The same account is sent as events while it runs and shown as a page when it is over.

use std::time::Duration;

use protocol::Survey;
use serde::Serialize;
use tokio::time::Instant;

use crate::render::tiles::Drawn;

/// Workers that are told apart; the rest are counted together, so that a report stays small.
const MOST_WORKERS: usize = 256;

/// How far a render is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Nobody has asked for the picture yet.
    Waiting,
    /// A worker looks at the view as a whole.
    Surveying,
    /// Bands are being drawn.
    Drawing,
    /// The last byte was sent.
    Finished,
    /// There will be no picture.
    Failed,
    /// Whoever wanted the picture went away.
    Abandoned,
}

impl State {
    /// Whether nothing more will happen.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, State::Finished | State::Failed | State::Abandoned)
    }
}

/// What one worker did for a picture.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Share {
    /// The worker's name.
    pub(crate) worker: String,
    pub(crate) pieces: u32,
    pub(crate) rows: u32,
    pub(crate) png_bytes: u64,
    /// Computing, by the worker's own clock.
    pub(crate) worked_seconds: f64,
    /// Waiting in the worker, by the same clock.
    pub(crate) queued_seconds: f64,
}

/// The account of one render.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) state: State,
    /// How far a deep view's reference orbit is, from 0 to 1, while it is waited for.
    pub(crate) orbit: Option<f64>,
    /// The limit that was used.
    pub(crate) iterations: Option<u64>,
    /// The arithmetic that was used.
    pub(crate) tier: Option<String>,
    /// Pieces that have arrived; how many there will be depends on who comes and goes.
    pub(crate) pieces: u32,
    pub(crate) rows: u32,
    pub(crate) rows_done: u32,
    /// Bytes of PNG sent so far.
    pub(crate) png_bytes: u64,
    /// Pieces asked for again because a request for them failed.
    pub(crate) retries: u32,
    /// Pieces asked for twice at a time because the first request took far too long.
    pub(crate) doubles: u32,
    pub(crate) workers: Vec<Share>,
    pub(crate) elapsed_seconds: f64,
    /// Why there is no picture.
    pub(crate) cause: Option<String>,
    #[serde(skip)]
    started: Option<Instant>,
}

impl Default for Report {
    fn default() -> Self {
        Report {
            state: State::Waiting,
            orbit: None,
            iterations: None,
            tier: None,
            pieces: 0,
            rows: 0,
            rows_done: 0,
            png_bytes: 0,
            retries: 0,
            doubles: 0,
            workers: Vec::new(),
            elapsed_seconds: 0.0,
            cause: None,
            started: None,
        }
    }
}

impl Report {
    /// The picture was asked for.
    pub(crate) fn started(&mut self) {
        self.state = State::Surveying;
        self.started = Some(Instant::now());
    }

    /// The picture will have so many rows.
    pub(crate) fn planned(&mut self, survey: &Survey, rows: u32) {
        self.state = State::Drawing;
        self.orbit = None;
        self.iterations = Some(survey.iterations);
        self.tier = Some(survey.tier.clone());
        self.rows = rows;
    }

    /// A band arrived.
    pub(crate) fn drawn(&mut self, band: &Drawn) {
        self.pieces += 1;
        self.rows_done += band.rows;
        let share = self.share(&band.word.worker);
        share.pieces += 1;
        share.rows += band.rows;
        share.png_bytes += band.chunks.len() as u64;
        share.worked_seconds += band.timing.worked.as_secs_f64();
        share.queued_seconds += band.timing.queued.as_secs_f64();
    }

    fn share(&mut self, worker: &str) -> &mut Share {
        let name = if self.workers.len() < MOST_WORKERS {
            worker
        } else {
            "others"
        };
        let at = self
            .workers
            .iter()
            .position(|share| share.worker == worker || share.worker == name);
        let at = at.unwrap_or_else(|| {
            self.workers.push(Share {
                worker: name.to_owned(),
                pieces: 0,
                rows: 0,
                png_bytes: 0,
                worked_seconds: 0.0,
                queued_seconds: 0.0,
            });
            self.workers.sort_by(|a, b| a.worker.cmp(&b.worker));
            self.workers
                .iter()
                .position(|share| share.worker == name)
                .unwrap_or_default()
        });
        &mut self.workers[at]
    }

    /// Nothing more will happen; the clock stops.
    pub(crate) fn ended(&mut self, state: State, cause: Option<String>) {
        self.elapsed_seconds = self.elapsed().as_secs_f64();
        self.started = None;
        self.state = state;
        self.orbit = None;
        self.cause = cause;
    }

    fn elapsed(&self) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// The account as of now.
    pub(crate) fn now(&self) -> Report {
        let mut report = self.clone();
        if self.started.is_some() {
            report.elapsed_seconds = self.elapsed().as_secs_f64();
        }
        report
    }
}
