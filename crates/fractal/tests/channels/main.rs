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
    renderer.with_channels(Channels { derivative: true })
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
        let view = self.view();
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
            let distance = f64::from(field.distance[sample]) / truth.distance - 1.0;
            let normal = field.normal[sample].map(f64::from);
            let turned = (normal[0] - truth.normal[0]).hypot(normal[1] - truth.normal[1]);
            errors.push(distance.abs().max(turned));
        }
        assert_eq!(errors.len(), pixels, "too few pixels escape");
        errors.sort_by(f64::total_cmp);
        let (median, most) = (errors[pixels / 2], errors[pixels * 9 / 10]);
        eprintln!(
            "{} {}: median {median:.1e}, nine tenths {most:.1e}, worst {:.1e}",
            self.zoom,
            self.limit,
            errors[pixels - 1]
        );
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
        ("burning-ship-e58", 30),
        ("tricorn-e58", 30),
        ("dendrite-i", 20),
    ] {
        eprintln!("{id}");
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
        "burning-ship-e318",
        "tricorn-e320",
    ] {
        eprintln!("{id}");
        place(id).is_true(Tier::ExtendedPerturbation, 20);
    }
}
