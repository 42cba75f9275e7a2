//! Which points are the pixels of a place? The oracle reads the place's text in its own way, beside the crate.

use std::str::FromStr;

use dashu_float::DBig;
use fractal::View;
use serde::Deserialize;

use crate::exact::{Complex, Exact, Map};

/// Pixels of every frame.
pub(crate) const WIDTH: u32 = 1920;
pub(crate) const HEIGHT: u32 = 1080;

#[derive(Deserialize)]
pub(crate) struct Place {
    pub(crate) id: String,
    #[serde(flatten)]
    formula: Formula,
    re: String,
    im: String,
    /// 4 / visible height.
    zoom: String,
    pub(crate) iterations: u64,
}

#[derive(Deserialize)]
#[serde(tag = "formula", rename_all = "kebab-case")]
enum Formula {
    Mandelbrot,
    Multibrot { power: u32 },
    Julia { seed_re: String, seed_im: String },
    BurningShip,
    Tricorn,
}

impl Place {
    /// The places of `places.json`, in its order.
    pub(crate) fn all() -> Vec<Place> {
        serde_json::from_str(include_str!("places.json")).unwrap()
    }

    pub(crate) fn named(id: &str) -> Place {
        let mut all = Place::all();
        all.retain(|place| place.id == id);
        all.pop().unwrap()
    }

    /// What the crate is asked for.
    pub(crate) fn view(&self) -> View {
        let number = |text: &str| text.parse().unwrap();
        View {
            re: number(&self.re),
            im: number(&self.im),
            zoom: number(&self.zoom),
            rotation: 0.0,
            width: WIDTH,
            height: HEIGHT,
            samples: 1,
            formula: match &self.formula {
                Formula::Mandelbrot => fractal::Formula::Mandelbrot,
                Formula::Multibrot { power } => fractal::Formula::Multibrot { power: *power },
                Formula::Julia { seed_re, seed_im } => fractal::Formula::Julia {
                    seed_re: number(seed_re),
                    seed_im: number(seed_im),
                },
                Formula::BurningShip => fractal::Formula::BurningShip,
                Formula::Tricorn => fractal::Formula::Tricorn,
            },
            limit: self.iterations,
            reference: None,
            quality: fractal::Quality::Standard,
        }
    }

    /// The same, along the orbit of a point so many visible heights to the right and up.
    pub(crate) fn view_along(&self, heights: [i64; 2]) -> View {
        let number = |text: &str| DBig::from_str(text).unwrap().with_precision(0).value();
        let zoom = number(&self.zoom);
        let places = self.re.len().max(self.im.len()) + 50;
        let beside = |centre: &str, heights: i64| {
            let moved = DBig::from(4 * heights).with_precision(places).value() / &zoom;
            (number(centre) + moved).to_string().parse().unwrap()
        };
        let [right, up] = heights;
        View {
            reference: Some([beside(&self.re, right), beside(&self.im, up)]),
            ..self.view()
        }
    }

    /// The oracle's numbers here: they resolve a pixel, and so many bits beyond it.
    pub(crate) fn exact(&self, guard_bits: usize) -> Exact {
        let map = match &self.formula {
            Formula::Multibrot { power } => Map::Power(*power),
            Formula::BurningShip => Map::BurningShip,
            Formula::Tricorn => Map::Tricorn,
            Formula::Mandelbrot | Formula::Julia { .. } => Map::Power(2),
        };
        let (significand, exponent) = self
            .zoom
            .split_once(['e', 'E'])
            .unwrap_or((&self.zoom, "0"));
        let (significand, exponent): (f64, f64) =
            (significand.parse().unwrap(), exponent.parse().unwrap());
        let zoom_bits = significand.log2() + exponent * std::f64::consts::LOG2_10;
        let pixel_bits = (zoom_bits + f64::from(HEIGHT).log2()).ceil() as usize;
        Exact {
            map,
            places: pixel_bits + guard_bits,
        }
    }

    /// z₁ and c of a pixel's centre.
    pub(crate) fn start_and_c(&self, exact: &Exact, x: u32, y: u32) -> (Complex, Complex) {
        let along = 2 * i64::from(x) + 1 - i64::from(WIDTH);
        let up = i64::from(HEIGHT) - (2 * i64::from(y) + 1);
        let point = Complex {
            re: exact.coordinate(&self.re, &self.zoom, HEIGHT, along),
            im: exact.coordinate(&self.im, &self.zoom, HEIGHT, up),
        };
        let c = match &self.formula {
            Formula::Julia { seed_re, seed_im } => Complex {
                re: exact.number(seed_re),
                im: exact.number(seed_im),
            },
            _ => point.clone(),
        };
        (point, c)
    }
}
