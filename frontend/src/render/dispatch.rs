//! How do bands get drawn? Many at a time, each by a task of its own that asks until it is answered; a
//! window keeps those in flight and those waiting for their turn few, and is as wide as the cluster is at that
//! moment. Whoever drops the stream drops the tasks, and with them their connections: that is how the workers
//! learn that nobody waits.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{self, FuturesOrdered, Stream, StreamExt};
use protocol::{Channel, Format, Rect, TileRequest, View};
use tokio_util::task::AbortOnDropHandle;

use crate::counters::Piece;
use crate::progress::id::RenderId;
use crate::progress::running::Teller;
use crate::render::helpers::Helpers;
use crate::render::persist::Patience;
use crate::render::plan::{self, Plan};
use crate::render::slots::Slots;
use crate::render::straggler::Pace;
use crate::render::tiles::{Drawn, Tiles};
use crate::trouble::Failure;

/// All that the bands of a picture have in common.
pub(crate) struct Job {
    /// The picture, with its iteration limit resolved.
    pub(crate) view: View,
    pub(crate) distribution: Option<Vec<f64>>,
    pub(crate) tiles: Tiles,
    pub(crate) patience: Patience,
    pub(crate) slots: Slots,
    pub(crate) pace: Pace,
    pub(crate) teller: Teller,
    /// Who still computes the reference orbit goes on with it as long as there are bands.
    pub(crate) _helpers: Helpers,
}

/// The bands of `plan`, in order from the top.
pub(crate) fn dispatch(job: Arc<Job>, plan: Plan) -> impl Stream<Item = Result<Drawn, Failure>> {
    let mut window = Window {
        job,
        plan,
        bands: FuturesOrdered::new(),
        held: 0,
    };
    stream::poll_fn(move |context| window.poll_next(context))
}

/// The bands in hand: in flight, or arrived and waiting for their turn.
struct Window {
    job: Arc<Job>,
    plan: Plan,
    bands: FuturesOrdered<BoxFuture<'static, Result<Drawn, Failure>>>,
    /// Strips of all bands in hand.
    held: u32,
}

impl Window {
    /// Any answer wakes the stream, not only that of the next band; so the window grows with the cluster even
    /// while its first band takes long.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Drawn, Failure>>> {
        self.fill();
        let next = self.bands.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(band))) = &next {
            self.held = self.held.saturating_sub(self.plan.strips_in(band.rows));
            self.fill();
        }
        next
    }

    /// Asks for bands while there is room.
    fn fill(&mut self) {
        let slots = self.job.slots.now();
        while self.bands.len() < plan::window(slots) {
            let work = self.job.pace.row();
            let Some(rows) = self.plan.cut(slots, work, self.held) else {
                return;
            };
            self.held += self.plan.strips_in(rows.end - rows.start);
            let job = self.job.clone();
            // A task of its own: bands arrive while the client is slow to take the earlier ones.
            let task = AbortOnDropHandle::new(tokio::spawn(async move { job.draw(rows).await }));
            self.bands.push_back(Box::pin(async {
                task.await
                    .unwrap_or_else(|e| Err(Failure::Internal(e.to_string())))
            }));
        }
    }
}

impl Job {
    async fn draw(&self, rows: Range<u32>) -> Result<Drawn, Failure> {
        let request = TileRequest {
            view: self.view.clone(),
            rect: Rect {
                x: 0,
                y: rows.start,
                w: self.view.width,
                h: rows.end - rows.start,
            },
            format: Some(Format::Band),
            field: Channel::Smooth,
            distribution: self.distribution.clone(),
        };
        let again = |trouble: &_| {
            tracing::info!(row = rows.start, %trouble, "a band is asked for again");
            self.teller.piece(Piece::Retried);
        };
        let doubled = || self.teller.piece(Piece::Doubled);
        // Each request has a key of its own: a second one is not to be taken for the first.
        let ask = || self.tiles.band(&request, RenderId::random().to_string());
        let hedged = || self.pace.hedge(doubled, ask);
        let band = self.patience.persist(again, hedged).await?;
        self.slots.hear(band.word.clone());
        self.pace.drawn(band.rows, band.timing.worked);
        self.pace.resize(self.slots.now());
        self.teller.drawn(&band);
        Ok(band)
    }
}
