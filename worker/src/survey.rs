//! What a quick look at the whole view tells before its pieces are drawn: the limit that `auto` stands
//! for, and, for histogram colouring, how the counts of a small preview are distributed.

use std::sync::atomic::AtomicBool;

use fractal::{Distribution, Plan};
use protocol::{Colouring, Survey, View};

use crate::job::Failure;
use crate::translate;

/// The preview's longer side, in pixels: some 30,000 samples, whose quantiles are within a percent of
/// those of the whole picture, for about 1/60 of the work of a 1920 × 1080 one.
const PREVIEW_SIDE: u32 = 240;

/// Surveys `view`, whose plan is `plan`.
pub(crate) fn survey(
    plan: &Plan,
    view: &View,
    capacity: usize,
    cancel: &AtomicBool,
) -> Result<Survey, Failure> {
    let distribution = match view.colours.colouring {
        Colouring::Histogram => Some(distribution(view, cancel)?.quantiles().to_vec()),
        Colouring::Smooth | Colouring::Bands => None,
    };
    Ok(Survey {
        iterations: plan.limit(),
        tier: plan.tier().to_string(),
        distribution,
        capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
    })
}

/// How the smooth counts of `view` are distributed, from a preview of it.
pub(crate) fn distribution(view: &View, cancel: &AtomicBool) -> Result<Distribution, Failure> {
    let longer = view.width.max(view.height);
    // Rounded up, so that the preview shows no more of the plane than its view does.
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(PREVIEW_SIDE.min(longer));
        side.div_ceil(u64::from(longer)) as u32
    };
    let preview = translate::resized(view, scaled(view.width), scaled(view.height));
    // A preview has wider pixels than its view, so whatever the view's depth is, it has a plan.
    let plan = translate::plan(&preview).expect("a preview is shallower than its view");
    let whole = fractal::Rect {
        x: 0,
        y: 0,
        w: preview.width,
        h: preview.height,
    };
    Ok(Distribution::of(&plan.field(whole, cancel)?.smooth))
}
