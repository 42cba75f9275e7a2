//! Are distances and normals those of exact arithmetic, at every depth, and the same bits however they are computed?
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod exact;

use std::sync::atomic::AtomicBool;

use exact::Picture;
use fractal::{
    Backend, Channels, Field, Formula, Plan, Quality, Rect, Renderer, Sequential, Tier, View,
};
use serde_json::Value;

const WIDTH: u32 = 64;
const HEIGHT: u32 = 48;

/// In pixels: nearer to the set f64 may not know which way it lies, and nobody sees it.
const UNSTEADY: f64 = 1e-6;

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
        quality: Quality::Standard,
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

fn whole(view: &View) -> Rect {
    Rect {
        x: 0,
        y: 0,
        w: view.width,
        h: view.height,
    }
}

fn field(view: &View) -> Field {
    let never = AtomicBool::new(false);
    renderer(view).field(whole(view), &never).unwrap()
}

/// A place of `tests/truth/places.json`.
struct Place {
    formula: Formula,
    re: String,
    im: String,
    zoom: String,
    limit: u64,
}

fn place(id: &str) -> Place {
    let places: Value = serde_json::from_str(include_str!("../truth/places.json")).unwrap();
    let place = places.as_array().unwrap().iter().find(|p| p["id"] == id);
    let place = place.unwrap();
    let text = |name: &str| place[name].as_str().unwrap().to_owned();
    let formula = match place["formula"].as_str().unwrap() {
        "mandelbrot" => Formula::Mandelbrot,
        "multibrot" => Formula::Multibrot {
            power: place["power"].as_u64().unwrap() as u32,
        },
        "julia" => Formula::Julia {
            seed_re: text("seed_re").parse().unwrap(),
            seed_im: text("seed_im").parse().unwrap(),
        },
        "burning-ship" => Formula::BurningShip,
        _ => Formula::Tricorn,
    };
    Place {
        formula,
        re: text("re"),
        im: text("im"),
        zoom: text("zoom"),
        limit: place["iterations"].as_u64().unwrap(),
    }
}

impl Place {
    fn new(formula: Formula, re: &str, im: &str, zoom: &str, limit: u64) -> Place {
        let [re, im, zoom] = [re, im, zoom].map(str::to_owned);
        Place {
            formula,
            re,
            im,
            zoom,
            limit,
        }
    }

    fn view(&self) -> View {
        view(
            self.formula.clone(),
            &self.re,
            &self.im,
            &self.zoom,
            self.limit,
        )
    }

    /// Compares `pixels` random ones that escape with the truth, in a tier.
    fn is_true(&self, tier: Tier, pixels: usize) {
        let view = View {
            // A truer field of the same place would not be computed directly.
            quality: if tier == Tier::Direct {
                Quality::Fast
            } else {
                Quality::Exact
            },
            ..self.view()
        };
        assert_eq!(Plan::new(&view).unwrap().tier(), tier);
        let field = field(&view);
        let digits = [&self.re, &self.im]
            .map(|text| text.len())
            .into_iter()
            .max();
        let depth = self.zoom.parse::<f64>().map_or(0.0, f64::log10);
        let depth = if depth.is_finite() { depth } else { 400.0 };
        let picture = Picture {
            formula: &self.formula,
            re: &self.re,
            im: &self.im,
            zoom: &self.zoom,
            width: WIDTH,
            height: HEIGHT,
            limit: self.limit,
            places: (digits.unwrap().max(depth as usize) * 10 / 3) + 200,
        };
        let mut random = 1_u64;
        let mut errors = Vec::new();
        let mut tries = 0;
        while errors.len() < pixels && tries < 20 * pixels {
            tries += 1;
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (column, row) = (
                (random >> 33) as u32 % WIDTH,
                (random >> 45) as u32 % HEIGHT,
            );
            let sample = (row * WIDTH + column) as usize;
            let Some(truth) = picture.truth(column, row) else {
                continue;
            };
            if truth.count != field.counts[sample] {
                errors.push(f64::INFINITY);
                continue;
            }
            if truth.distance < UNSTEADY {
                let is_tiny = f64::from(field.distance[sample]) < 10.0 * UNSTEADY;
                errors.push(if is_tiny { 0.0 } else { f64::INFINITY });
                continue;
            }
            let distance = f64::from(field.distance[sample]) / truth.distance - 1.0;
            let normal = field.normal[sample].map(f64::from);
            let turned = (normal[0] - truth.normal[0]).hypot(normal[1] - truth.normal[1]);
            errors.push(distance.abs().max(turned));
        }
        assert_eq!(errors.len(), pixels, "too few pixels escape");
        errors.sort_by(f64::total_cmp);
        let (median, most) = (errors[pixels / 2], errors[pixels * 9 / 10]);
        assert!(median < 1e-5 && most < 1e-3, "{median:e}, {most:e}");
    }
}

#[test]
fn shallow_places_are_true() {
    use Formula::*;
    let seed = |re: &str, im: &str| Julia {
        seed_re: re.parse().unwrap(),
        seed_im: im.parse().unwrap(),
    };
    for (formula, re, im, zoom, limit) in [
        (Mandelbrot, "-0.75", "0", "1.6", 1000),
        (Mandelbrot, "-0.75", "0.1", "40", 5000),
        (Mandelbrot, "0.2869", "0.0142", "2000", 20_000),
        (Mandelbrot, "-1.25066", "0.02012", "2e5", 5000),
        (Multibrot { power: 3 }, "0", "0", "1.3", 500),
        (Multibrot { power: 8 }, "0.1", "0.6", "2.6", 500),
        (seed("-0.8", "0.156"), "0", "0", "1.2", 1000),
        (BurningShip, "-1.755", "-0.03", "40", 1000),
        (Tricorn, "-0.1", "0.85", "10", 1000),
    ] {
        Place::new(formula, re, im, zoom, limit).is_true(Tier::Direct, 100);
    }
}

#[test]
fn places_past_f64s_grain_are_true() {
    for (id, pixels) in [
        ("line-e28", 40),
        ("seahorse-e31", 20),
        ("multibrot-3-e60", 30),
        ("multibrot-5-e20", 30),
        ("julia-e60", 30),
        ("burning-ship-e60", 30),
        ("tricorn-e58", 30),
        ("dendrite-i", 20),
    ] {
        place(id).is_true(Tier::Perturbation, pixels);
    }
}

#[test]
fn places_past_f64s_exponents_are_true() {
    for id in [
        "border-dendrite-e308",
        "multibrot-3-e320",
        "multibrot-5-e320",
        "julia-e320",
        "burning-ship-e320",
        "tricorn-e320",
    ] {
        place(id).is_true(Tier::ExtendedPerturbation, 20);
    }
}

/// Every formula in the direct tier and past f64's grain, and some past f64's exponents.
fn cases() -> Vec<View> {
    use Formula::*;
    let ids = [
        "line-e28",
        "multibrot-3-e60",
        "julia-e60",
        "burning-ship-e18",
        "tricorn-e18",
        "border-dendrite-e308",
        "tricorn-e320",
        "julia-e320",
    ];
    let mut cases: Vec<View> = ids.iter().map(|id| place(id).view()).collect();
    cases.extend([
        view(Mandelbrot, "-0.75", "0.1", "40", 3001),
        view(Mandelbrot, "-2", "0", "0.001", 1),
        view(Mandelbrot, "1e20", "-3e20", "1e-12", 17),
        view(BurningShip, "-1.755", "-0.03", "40", 1000),
        view(Tricorn, "1", "1.7320508075688772935", "2e11", 1000),
        // Iterated by the reference after a look in f64.
        view(
            Mandelbrot,
            "-0.743643887037158704752191506114774",
            "0.131825904205311970493132056385139",
            "4e10",
            3000,
        ),
    ]);
    cases.extend(["seahorse-e31", "multibrot-3-e320"].map(|id| minibrot(id, 50)));
    cases.extend((3..=8).map(|power| view(Multibrot { power }, "-0.3", "0.2", "1.1", 700)));
    cases.push(View {
        rotation: 33.3,
        samples: 3,
        ..view(Mandelbrot, "-1.25", "0.02", "30", 1500)
    });
    cases
}

#[test]
fn every_backend_gives_the_same_bits() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let renderer = renderer(&view);
        let on = |backend| {
            let field = renderer.field_with(backend, whole(&view), &never).unwrap();
            bits(&field)
        };
        let scalar = on(Backend::Scalar);
        for backend in Backend::available() {
            assert!(on(backend) == scalar, "{backend:?} on {view:?}");
        }
    }
}

#[test]
fn every_piece_has_the_bits_of_the_whole() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let renderer = renderer(&view);
        let picture = bits(&renderer.field(whole(&view), &never).unwrap());
        let row = (view.width * view.samples) as usize;
        for (w, h) in [(view.width, 1), (37, 41)] {
            for (x, y) in [(0, 0), (37 % view.width, 41 % view.height)] {
                let (w, h) = (w.min(view.width - x), h.min(view.height - y));
                let rect = Rect { x, y, w, h };
                let piece = bits(&renderer.field(rect, &never).unwrap());
                let [x, y, w, h] = [x, y, w, h].map(|side| (side * view.samples) as usize);
                let cut = (y..y + h).flat_map(|y| &picture[y * row + x..y * row + x + w]);
                assert!(piece.iter().eq(cut), "{rect:?} of {view:?}");
            }
        }
    }
}

fn bits(field: &Field) -> Vec<[u32; 6]> {
    (0..field.counts.len())
        .map(|sample| {
            let [right, up] = field.normal[sample];
            let [re, im] = field.multiplier[sample];
            let [distance, right, up, re, im] =
                [field.distance[sample], right, up, re, im].map(f32::to_bits);
            [distance, right, up, re, im, field.period[sample]]
        })
        .collect()
}

#[test]
fn counts_are_the_same_with_derivatives() {
    let never = AtomicBool::new(false);
    for view in cases() {
        let with = renderer(&view);
        let without = with.clone().with_channels(Channels::default());
        let [with, without] = [with, without].map(|r| r.field(whole(&view), &never).unwrap());
        assert!(with.counts == without.counts && with.smooth == without.smooth);
        assert!(without.distance.is_empty() && without.normal.is_empty());
        for (sample, &count) in with.counts.iter().enumerate() {
            let (distance, [right, up]) = (with.distance[sample], with.normal[sample]);
            let length = right.hypot(up);
            assert!(!distance.is_nan() && distance >= 0.0);
            assert!(length == 0.0 || (length - 1.0).abs() < 1e-5, "{right} {up}");
            assert!(count > 0 || (distance == 0.0 && length == 0.0));
            assert!(length > 0.0 || distance == 0.0 || distance.is_infinite());
        }
    }
}

#[test]
fn normals_turn_with_the_picture_and_point_away_from_the_set() {
    let upright = View {
        width: HEIGHT,
        ..view(Formula::Mandelbrot, "-0.5", "0", "0.4", 300)
    };
    let turned = field(&View {
        rotation: 90.0,
        ..upright.clone()
    });
    let upright = field(&upright);
    let side = HEIGHT as usize;
    for (x, y) in [(0, 0), (40, 3), (7, 30)] {
        let here = y * side + x;
        // The turned picture's right is the plane's up.
        let there = (side - 1 - x) * side + y;
        let ([right, up], [turned_right, turned_up]) = (upright.normal[there], turned.normal[here]);
        assert!((turned_right - up).abs() < 1e-5 && (turned_up + right).abs() < 1e-5);
        let far = (upright.distance[there] / turned.distance[here] - 1.0).abs();
        assert!(far < 1e-5);
    }
    assert!(upright.normal[0][0] < -0.5 && upright.normal[0][1] > 0.5);
}

#[test]
fn distances_are_in_pixels_however_many_samples_a_pixel_has() {
    for base in [
        view(Formula::Mandelbrot, "-0.75", "0.1", "40", 3000),
        place("line-e28").view(),
        place("border-dendrite-e308").view(),
    ] {
        let three = field(&View {
            samples: 3,
            ..base.clone()
        });
        let one = field(&base);
        for (x, y) in [(5, 7), (31, 20), (60, 44)] {
            let middle = (3 * y + 1) * 3 * WIDTH as usize + 3 * x + 1;
            let (fine, coarse) = (three.distance[middle], one.distance[y * WIDTH as usize + x]);
            assert!((fine - coarse).abs() <= 1e-3 * coarse, "{fine} {coarse}");
        }
    }
}

#[test]
fn interior_samples_know_their_period() {
    // The middle of this picture is the component of period 3 above the cardioid.
    let field = field(&view(Formula::Mandelbrot, "-0.1226", "0.7449", "10", 5000));
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    for (sample, (&period, &count)) in field.period.iter().zip(&field.counts).enumerate() {
        let (x, y) = (sample % width, sample / width);
        let [re, im] = field.multiplier[sample];
        assert!(re.hypot(im) <= 1.0 && (period > 0 || re == 0.0 && im == 0.0));
        assert!(count == 0 || period == 0);
        if x.abs_diff(width / 2) < 8 && y.abs_diff(height / 2) < 8 {
            assert_eq!(period, 3, "{x}, {y}");
        }
    }
    let nucleus = field.multiplier[height / 2 * width + width / 2];
    let (period, [re, im]) = (field.period[0], nucleus);
    assert!(re.hypot(im) < 0.15 && period != 3);
}

/// The minibrot of a place, a little more than whole.
fn minibrot(id: &str, periods: u64) -> View {
    let view = place(id).view();
    let nucleus = fractal::nucleus(&view, &AtomicBool::new(false));
    let nucleus = nucleus.unwrap().unwrap();
    View {
        re: nucleus.re,
        im: nucleus.im,
        zoom: nucleus.zoom,
        limit: periods * nucleus.period,
        ..view
    }
}

#[test]
fn interior_samples_know_their_cycle_at_every_depth() {
    for (id, tier, chosen) in [
        ("e14-bench", Tier::Perturbation, 12),
        ("line-e28", Tier::Perturbation, 12),
        ("peanuts-e39", Tier::Perturbation, 4),
        ("multibrot-3-e60", Tier::Perturbation, 12),
        ("multibrot-3-e320", Tier::ExtendedPerturbation, 4),
    ] {
        let view = minibrot(id, 200);
        assert_eq!(Plan::new(&view).unwrap().tier(), tier);
        let field = field(&view);
        let [re, im, zoom] = [&view.re, &view.im, &view.zoom].map(ToString::to_string);
        let picture = Picture {
            formula: &view.formula,
            re: &re,
            im: &im,
            zoom: &zoom,
            width: WIDTH,
            height: HEIGHT,
            limit: view.limit,
            places: re.len().max(im.len()) * 10 / 3 + 200,
        };
        // Half of them in bulbs, which have longer periods than the body.
        let body = *field
            .period
            .iter()
            .filter(|period| **period > 0)
            .min()
            .unwrap();
        let mut seen = [0, 0];
        let mut random = 7_u64;
        while seen.iter().sum::<u32>() < chosen {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let sample = (random >> 33) as usize % field.counts.len();
            let (period, [re, im]) = (field.period[sample], field.multiplier[sample]);
            let modulus = re.hypot(im);
            // Others take too long to come to their cycle.
            let place = usize::from(period > body);
            if period == 0 || !(0.01..0.7).contains(&modulus) || 2 * seen[place] >= chosen {
                continue;
            }
            let (column, row) = (sample as u32 % WIDTH, sample as u32 / WIDTH);
            let truth = picture.cycle(column, row, period);
            let error = (f64::from(re) - truth[0]).hypot(f64::from(im) - truth[1]);
            assert!(
                error < 1e-6,
                "{id}: {error:e} at {column}, {row}, period {period}"
            );
            seen[place] += 1;
        }
        // All that do not escape are inside, but for some on the edge.
        let inside = field.counts.iter().filter(|count| **count == 0).count();
        let known = field.period.iter().filter(|period| **period > 0).count();
        assert!(
            known > 150 && inside - known < 20,
            "{id}: {known} of {inside}"
        );
    }
}
