//! Are the numbers beside the counts right: how far a sample is from the set and which way it lies, or which cycle it comes to?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod bits;
mod cycles;
mod distances;
#[path = "../oracle/exact.rs"]
#[expect(dead_code, reason = "counts are not what these tests are about")]
mod exact;
mod growth;
#[path = "../truth/place.rs"]
#[expect(dead_code, reason = "the pixels of these pictures are others")]
mod place;
#[path = "../oracle/random.rs"]
mod random;

use std::sync::atomic::AtomicBool;

use fractal::{Channels, Field, Formula, Plan, Quality, Renderer, Sequential, View};
use place::Place;

const WIDTH: u32 = 64;
const HEIGHT: u32 = 48;

fn view(formula: Formula, re: &str, im: &str, zoom: &str, limit: u64) -> View {
    View {
        re: re.parse().unwrap(),
        im: im.parse().unwrap(),
        zoom: zoom.parse().unwrap(),
        rotation: 0.0,
        width: WIDTH,
        height: HEIGHT,
        samples: 1,
        formula,
        limit,
        reference: None,
        quality: Quality::Standard,
    }
}

/// A place of `tests/truth/places.json`.
fn place(id: &str) -> View {
    View {
        width: WIDTH,
        height: HEIGHT,
        ..Place::named(id).view()
    }
}

fn renderer(view: &View) -> Renderer {
    let plan = Plan::new(view).unwrap();
    let renderer = plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap();
    renderer.with_channels(Channels {
        derivative: true,
        cycles: true,
    })
}

fn field(view: &View) -> Field {
    let never = AtomicBool::new(false);
    renderer(view).field(view.whole(), &never).unwrap()
}
