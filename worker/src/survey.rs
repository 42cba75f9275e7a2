//! What a quick look at the whole view tells before its pieces are drawn: the limit that `auto` stands
//! for, and, for histogram colouring, how the counts of a small preview are distributed.

use std::sync::atomic::AtomicBool;

use fractal::Distribution;
use protocol::{Colouring, Survey};

use crate::job::Failure;
use crate::prepare::Scene;

/// The preview's longer side, in pixels: some 30,000 samples, whose quantiles are within a percent of
/// those of the whole picture, for about 1/60 of the work of a 1920 × 1080 one.
const PREVIEW_SIDE: u32 = 240;

/// Surveys `scene`.
pub(crate) fn survey(
    scene: &Scene,
    capacity: usize,
    cancel: &AtomicBool,
) -> Result<Survey, Failure> {
    let distribution = match scene.view().colours.colouring {
        Colouring::Histogram => Some(distribution(scene, cancel)?.quantiles().to_vec()),
        Colouring::Smooth | Colouring::Bands | Colouring::Distance | Colouring::Slope => None,
    };
    let plan = scene.renderer.plan();
    Ok(Survey {
        iterations: plan.limit(),
        tier: plan.tier().to_string(),
        distribution,
        capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
    })
}

/// How the smooth counts of `scene` are distributed, from a preview of it.
pub(crate) fn distribution(scene: &Scene, cancel: &AtomicBool) -> Result<Distribution, Failure> {
    let (preview, whole) = scene.preview(PREVIEW_SIDE);
    Ok(Distribution::of(&preview.field(whole, cancel)?.smooth))
}
