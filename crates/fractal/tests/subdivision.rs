//! Does a picture stay the same if what its set encloses is filled?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::atomic::AtomicBool;

use fractal::{
    Backend, Channels, Field, Formula, Plan, PlanError, Quality, Rect, Renderer, Sequential, View,
};

const DERIVATIVE: Channels = Channels {
    derivative: true,
    cycles: false,
};

fn view(formula: Formula, re: &str, im: &str, zoom: &str, limit: u64) -> View {
    View {
        re: re.parse().unwrap(),
        im: im.parse().unwrap(),
        zoom: zoom.parse().unwrap(),
        rotation: 0.0,
        width: 97,
        height: 65,
        samples: 1,
        formula,
        limit,
        reference: None,
        quality: Quality::Standard,
    }
}

/// Pictures of which the set is a good part: in f64 alone, in f64 and then more digits, by a reference, in extended exponents.
fn cases() -> Vec<View> {
    let seed = || Formula::Julia {
        seed_re: "-0.12".parse().unwrap(),
        seed_im: "0.74".parse().unwrap(),
    };
    let mandelbrot = |re, im, zoom, limit| view(Formula::Mandelbrot, re, im, zoom, limit);
    let minibrot = mandelbrot(
        "-1.75981713080484791658287605332552723242",
        "-0.01259331079974965731938866685431430276",
        "2.4e19",
        2520,
    );
    let fast = |view: View| View {
        quality: Quality::Fast,
        ..view
    };
    vec![
        fast(mandelbrot("-0.5", "0", "1.4", 500)),
        mandelbrot("-0.75", "0.1", "40", 2000),
        View {
            rotation: 33.3,
            samples: 3,
            ..fast(mandelbrot("-1.25", "0.02", "30", 1500))
        },
        view(Formula::Multibrot { power: 5 }, "-0.3", "0.2", "1.1", 400),
        view(seed(), "0", "0", "1.3", 999),
        fast(minibrot.clone()),
        View {
            rotation: -70.0,
            ..minibrot
        },
        deep_cubic(),
    ]
}

/// A whole minibrot past f64's exponents.
fn deep_cubic() -> View {
    let places: serde_json::Value =
        serde_json::from_str(include_str!("truth/places.json")).unwrap();
    let place = places.as_array().unwrap().iter();
    let mut place = place.filter(|place| place["id"] == "multibrot-3-e320");
    let place = place.next().unwrap();
    let text = |name: &str| place[name].as_str().unwrap();
    let formula = Formula::Multibrot { power: 3 };
    view(formula, text("re"), text("im"), text("zoom"), 11_000)
}

fn renderer(view: &View) -> Renderer {
    let plan = Plan::new(view).unwrap();
    plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
}

fn subdividing(view: &View) -> Renderer {
    let plan = Plan::new(view).unwrap().subdividing().unwrap();
    plan.prepare(&Sequential, &AtomicBool::new(false)).unwrap()
}

fn field(renderer: &Renderer, rect: Rect) -> Field {
    renderer.field(rect, &AtomicBool::new(false)).unwrap()
}

/// What lies at the end of a channel narrower than a pixel is lost; nothing else may differ.
#[test]
fn only_what_is_filled_can_be_wrong_and_hardly_anything_is() {
    for view in cases() {
        let expected = field(&renderer(&view), view.whole());
        let found = field(&subdividing(&view), view.whole());
        let inside = expected.counts.iter().filter(|&&count| count == 0).count();
        let all = expected.counts.len();
        assert!((all / 20..all).contains(&inside), "{view:?}: {inside}");
        let mut lost = 0;
        for sample in 0..expected.counts.len() {
            if found.counts[sample] == expected.counts[sample] {
                assert_eq!(
                    found.smooth[sample].to_bits(),
                    expected.smooth[sample].to_bits()
                );
            } else {
                assert_eq!(found.counts[sample], 0, "sample {sample} of {view:?}");
                lost += 1;
            }
        }
        assert!(1000 * lost <= expected.counts.len(), "{view:?}: {lost}");
    }
}

/// In f64 alone, in f64 that is looked at, and along a reference: where nothing was filled, nothing would be lost.
#[test]
fn channels_between_samples_are_lost_which_shows_that_squares_are_filled() {
    let disc = view(Formula::Mandelbrot, "-1.25", "0", "97", 3000);
    let minibrot = view(
        Formula::Mandelbrot,
        "-1.75981713080484791658287605332552723242",
        "-0.01259331079974965731938866685431430276",
        "9e19",
        25_200,
    );
    let fast = Quality::Fast;
    for (view, quality) in [(&disc, fast), (&disc, Quality::Standard), (&minibrot, fast)] {
        let view = View {
            width: 301,
            height: 200,
            quality,
            ..view.clone()
        };
        let all = field(&renderer(&view), view.whole());
        let filled = field(&subdividing(&view), view.whole());
        let pairs = all.counts.iter().zip(&filled.counts);
        let lost = pairs.filter(|&(&count, &filled)| count > 0 && filled == 0);
        assert!((1..20).contains(&lost.count()), "{view:?}");
    }
}

#[test]
fn it_is_the_same_bit_for_bit_on_every_backend_and_for_every_cut() {
    for view in cases() {
        let renderer = subdividing(&view).with_channels(DERIVATIVE);
        let never = AtomicBool::new(false);
        let all = field(&renderer, view.whole());
        for backend in Backend::available() {
            let found = renderer.field_with(backend, view.whole(), &never).unwrap();
            assert_eq!(found, all, "{backend:?} {view:?}");
        }
        for [x, y, w, h] in [
            [0, 0, 97, 1],
            [0, 58, 97, 7],
            [31, 33, 33, 31],
            [64, 32, 32, 32],
            [77, 0, 1, 65],
        ] {
            let part = field(&renderer, Rect { x, y, w, h });
            let samples = view.samples as usize;
            let across = w as usize * samples;
            for row in 0..part.height {
                let at = (y as usize * samples + row) * all.width + x as usize * samples;
                let (own, its) = (row * across..(row + 1) * across, at..at + across);
                assert_eq!(
                    part.counts[own.clone()],
                    all.counts[its.clone()],
                    "{view:?}"
                );
                assert_eq!(part.smooth[own.clone()], all.smooth[its.clone()]);
                assert_eq!(part.distance[own.clone()], all.distance[its.clone()]);
                assert_eq!(part.normal[own], all.normal[its]);
            }
        }
    }
}

#[test]
fn channels_are_those_of_the_counts() {
    let both = Channels {
        cycles: true,
        ..DERIVATIVE
    };
    for view in cases() {
        let with = field(&subdividing(&view).with_channels(both), view.whole());
        let without = field(&subdividing(&view), view.whole());
        assert_eq!(
            (&with.counts, &with.smooth),
            (&without.counts, &without.smooth)
        );
        for (count, distance) in with.counts.iter().zip(&with.distance) {
            assert!(*count > 0 || *distance == 0.0, "{view:?}");
        }
        // Filled samples have their cycles, as if they had been iterated.
        let all = field(&renderer(&view).with_channels(both), view.whole());
        for sample in 0..with.period.len() {
            if all.counts[sample] == with.counts[sample] {
                assert_eq!(with.period[sample], all.period[sample]);
                assert_eq!(with.multiplier[sample], all.multiplier[sample]);
            }
        }
    }
}

/// None of these is polynomial in c: the maximum principle says nothing.
#[test]
fn formulas_whose_sets_may_have_holes_are_refused() {
    for formula in [Formula::BurningShip, Formula::Tricorn] {
        for zoom in ["1", "1e30"] {
            let plan = Plan::new(&view(formula.clone(), "-0.5", "0", zoom, 100)).unwrap();
            assert_eq!(plan.subdividing().unwrap_err(), PlanError::NotSubdivided);
        }
    }
}

#[test]
fn it_ends_when_it_is_cancelled() {
    for view in cases() {
        let raised = AtomicBool::new(true);
        assert!(subdividing(&view).field(view.whole(), &raised).is_err());
    }
}
