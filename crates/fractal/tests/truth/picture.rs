//! What does the crate count at a place? All that these tests ask of the public API.

use std::sync::atomic::AtomicBool;

use fractal::{Plan, PlanError, Rect, Renderer, Sequential, View};

use crate::place::Place;

/// How true a picture has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quality {
    Standard,
    Exact,
}

/// A place, planned once for all the pixels that are asked of it.
pub(crate) struct Picture(Renderer);

impl Picture {
    pub(crate) fn of(place: &Place, quality: Quality) -> Result<Picture, PlanError> {
        Picture::of_view(place.view(), quality)
    }

    /// Of a place's view, with a reference of its own, say.
    pub(crate) fn of_view(view: View, quality: Quality) -> Result<Picture, PlanError> {
        let view = View {
            quality: match quality {
                Quality::Standard => fractal::Quality::Standard,
                Quality::Exact => fractal::Quality::Exact,
            },
            ..view
        };
        let renderer = Plan::new(&view)?.prepare(&Sequential, &AtomicBool::new(false));
        Ok(Picture(renderer.unwrap()))
    }

    /// Row by row from the top.
    pub(crate) fn counts(&self, x: u32, y: u32, side: u32) -> Vec<u64> {
        let square = Rect {
            x,
            y,
            w: side,
            h: side,
        };
        let field = self.0.field(square, &AtomicBool::new(false));
        field.unwrap().counts
    }
}
