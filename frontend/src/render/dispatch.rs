//! How do bands get drawn? Many at a time, each by a task of its own that asks until it is answered; a
//! window keeps those in flight and those waiting for their turn few. Whoever drops the stream drops
//! the tasks, and with them their connections: that is how the workers learn that nobody waits.

use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};
use protocol::{Channel, Format, Rect, TileRequest, View};
use tokio_util::task::AbortOnDropHandle;

use crate::counters::Piece;
use crate::progress::id::RenderId;
use crate::progress::running::Teller;
use crate::render::persist::Patience;
use crate::render::plan::Plan;
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
    pub(crate) pace: Pace,
    pub(crate) teller: Teller,
}

/// The bands of `plan`, in order from the top.
pub(crate) fn dispatch(job: Arc<Job>, plan: Plan) -> impl Stream<Item = Result<Drawn, Failure>> {
    stream::iter(plan.bands())
        .map(move |rows| {
            let job = job.clone();
            // A task of its own: bands arrive while the client is slow to take the earlier ones.
            let task = AbortOnDropHandle::new(tokio::spawn(async move { job.draw(rows).await }));
            async {
                task.await
                    .unwrap_or_else(|e| Err(Failure::Internal(e.to_string())))
            }
        })
        .buffered(plan.window)
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
        self.teller.drawn(&band);
        Ok(band)
    }
}
