//! When is a picture complete? When every band has come, in order, and the checksum of all rows is
//! behind them. The bands' chunks pass through as they are; nothing is unpacked, nothing is kept.

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use protocol::{Adler, View};

use crate::render::png;
use crate::render::tiles::Drawn;

/// The bytes of the PNG of `view`, made of `bands` in order from the top. An error ends it without the
/// last chunks, so that half a picture is never taken for a whole one.
pub(crate) fn gather<E, S>(
    view: &View,
    bands: S,
) -> impl Stream<Item = Result<Bytes, E>> + use<E, S>
where
    S: Stream<Item = Result<Drawn, E>> + Unpin,
{
    let head = stream::iter([Ok(png::head(view))]);
    let rest = stream::try_unfold(Some((bands, Adler::EMPTY)), async |state| {
        let Some((mut bands, sum)) = state else {
            return Ok(None);
        };
        Ok(Some(match bands.try_next().await? {
            Some(band) => (band.chunks, Some((bands, sum.then(band.adler)))),
            None => (png::tail(sum), None),
        }))
    });
    head.chain(rest)
}
