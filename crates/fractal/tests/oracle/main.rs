//! Are the counts true? Every view is compared with exact orbits at random pixels; where f64 counts otherwise,
//! the orbit must be one that f64 cannot follow.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod exact;
mod random;
mod rounding;

use std::sync::atomic::AtomicBool;

use exact::{Complex, Exact, Map};
use fractal::{Field, Formula, Plan, Quality, Sequential, Tier, View};
use random::SplitMix64;
use rounding::{margin, rounded_to_f64};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const PIXELS: usize = 2000;

/// 2^-120 is 10^-36: after an orbit has amplified it by the 10^16 at which f64 fails, twenty digits are still right.
const PLACES: usize = 120;

/// A view as text, which the oracle and the crate read each in their own way.
struct Place {
    re: &'static str,
    im: &'static str,
    zoom: &'static str,
    limit: u64,
    formula: Formula,
}

fn mandelbrot(re: &'static str, im: &'static str, zoom: &'static str, limit: u64) -> Place {
    Place {
        re,
        im,
        zoom,
        limit,
        formula: Formula::Mandelbrot,
    }
}

impl Place {
    fn field(&self) -> Field {
        let view = View {
            re: self.re.parse().unwrap(),
            im: self.im.parse().unwrap(),
            zoom: self.zoom.parse().unwrap(),
            rotation: 0.0,
            width: WIDTH,
            height: HEIGHT,
            samples: 1,
            formula: self.formula.clone(),
            limit: self.limit,
            reference: None,
            // Which stays in the direct tier, whose truth this is about.
            quality: Quality::Fast,
        };
        let cancel = AtomicBool::new(false);
        let plan = Plan::new(&view).unwrap();
        assert_eq!(plan.tier(), Tier::Direct);
        let renderer = plan.prepare(&Sequential, &cancel).unwrap();
        renderer.field(view.whole(), &cancel).unwrap()
    }

    fn exact(&self) -> Exact {
        let map = match self.formula {
            Formula::Multibrot { power } => Map::Power(power),
            Formula::BurningShip => Map::BurningShip,
            Formula::Tricorn => Map::Tricorn,
            _ => Map::Power(2),
        };
        Exact {
            map,
            places: PLACES,
        }
    }

    /// The pixel's centre.
    fn point(&self, x: usize, y: usize) -> Complex {
        let along = 2 * x as i64 + 1 - i64::from(WIDTH);
        let up = i64::from(HEIGHT) - (2 * y as i64 + 1);
        Complex {
            re: self.exact().coordinate(self.re, self.zoom, HEIGHT, along),
            im: self.exact().coordinate(self.im, self.zoom, HEIGHT, up),
        }
    }

    fn c(&self, point: &Complex) -> Complex {
        let Formula::Julia { seed_re, seed_im } = &self.formula else {
            return point.clone();
        };
        Complex {
            re: self.exact().number(&seed_re.to_string()),
            im: self.exact().number(&seed_im.to_string()),
        }
    }

    /// Compares counts at random pixels, and answers how many differ.
    ///
    /// Each of these must be ill-conditioned: at the index where the two orbits part, the error that f64 can have
    /// made until then reaches across the margin by which the exact orbit passes or misses |z| = 2.
    fn differences(&self) -> usize {
        let (field, exact) = (self.field(), self.exact());
        let mut differing = 0;
        for (x, y) in random_pixels() {
            let found = field.counts[y * WIDTH as usize + x];
            let point = self.point(x, y);
            let c = self.c(&point);
            let expected = exact.count(&point, &c, self.limit);
            if found == expected {
                continue;
            }
            differing += 1;
            let parting = if found == 0 || expected == 0 {
                found.max(expected)
            } else {
                found.min(expected)
            };
            let (margin, error) = margin(&exact, &point, &c, parting);
            assert!(
                error >= margin,
                "pixel {x}, {y}: {found} instead of {expected}, though |z| is {margin:e} from 2 and f64 errs by {error:e} at most",
            );
        }
        differing
    }

    /// How many exact counts of escaping pixels change when nothing but the point is rounded to f64.
    fn differences_of_rounded_points(&self) -> usize {
        let (field, exact) = (self.field(), self.exact());
        let escaping = random_pixels().filter(|&(x, y)| field.counts[y * WIDTH as usize + x] > 0);
        let changes = escaping.filter(|&(x, y)| {
            let point = self.point(x, y);
            let rounded = rounded_to_f64(&point);
            let count = |c| exact.count(c, c, self.limit);
            count(&point) != count(&rounded)
        });
        changes.count()
    }

    /// At least 99.9 % of the counts are those of exact orbits.
    fn is_true(&self) {
        let differing = self.differences();
        assert!(
            differing * 1000 <= PIXELS,
            "{differing} of {PIXELS} pixels differ"
        );
    }

    /// Where more than one pixel in a thousand is ill-conditioned, no f64 loop can agree on 99.9 %: the kernel is to err hardly more
    /// often than exact orbits of points that were rounded.
    fn is_as_true_as_its_points(&self) {
        let (differing, unavoidable) = (self.differences(), self.differences_of_rounded_points());
        println!("{differing} of {PIXELS} differ; {unavoidable} by rounding the points alone");
        assert!(
            differing <= unavoidable * 3 / 2 + 2,
            "{differing} differ, but only {unavoidable} must"
        );
    }
}

fn random_pixels() -> impl Iterator<Item = (usize, usize)> {
    let mut random = SplitMix64(0x7113_b207);
    (0..PIXELS).map(move |_| (random.below(WIDTH) as usize, random.below(HEIGHT) as usize))
}

#[test]
fn the_full_set_is_true() {
    let (re, im) = ("-0.75", "0");
    mandelbrot(re, im, "1.6", 1000).is_true();
}

#[test]
fn the_edge_of_the_disc_of_period_2_is_true() {
    let (re, im) = ("-1.25", "0.05");
    mandelbrot(re, im, "20", 2000).is_true();
}

#[test]
fn the_feigenbaum_point_is_true() {
    let (re, im) = ("-1.401155189", "0");
    mandelbrot(re, im, "200", 20_000).is_true();
}

#[test]
fn a_bulb_on_the_upper_side_is_true() {
    let (re, im) = (
        "-0.160671574544376235234299806562325714463",
        "1.0369425716116291171688106641088455988557",
    );
    mandelbrot(re, im, "300", 20_000).is_true();
}

#[test]
fn a_dendrite_at_1e4_is_true() {
    let (re, im) = ("-0.10109636384562", "0.95628651080914");
    mandelbrot(re, im, "1e4", 5000).is_true();
}

#[test]
fn a_dendrite_around_i_is_true() {
    let (re, im) = ("0", "1");
    mandelbrot(re, im, "1e9", 3000).is_true();
}

#[test]
fn a_flake_on_the_needle_is_true() {
    let (re, im) = (
        "-1.99996619445037030418434688506350579675531241540724851511761922944801584242342684381376129778868913812287",
        "-0.00000000000000000000000000000000030013824367909383290724973039775",
    );
    mandelbrot(re, im, "1e9", 20_000).is_true();
}

#[test]
fn a_minibrot_of_period_3_is_true() {
    let (re, im) = (
        "-1.759817130804847813610825010561798238244",
        "-0.012593310799749865383746631843264858450340",
    );
    mandelbrot(re, im, "1e10", 4036).is_true();
}

#[test]
fn a_line_at_1e10_is_true() {
    let (re, im) = (
        "4.38201090809984714798836704183781579775e-01",
        "2.50541573359688171678400414758224860053e-01",
    );
    mandelbrot(re, im, "1e10", 2500).is_true();
}

#[test]
fn a_double_spiral_at_1e10_is_true() {
    let (re, im) = (
        "-0.77467244693567380811804611773212224",
        "0.13742929234091689059154346409786952900",
    );
    mandelbrot(re, im, "1e10", 5000).is_true();
}

#[test]
fn seahorse_valley_is_as_true_as_its_points() {
    let (re, im) = ("-0.75", "0.1");
    mandelbrot(re, im, "40", 10_000).is_as_true_as_its_points();
}

#[test]
fn elephant_valley_is_as_true_as_its_points() {
    let (re, im) = ("0.2869", "0.0142");
    mandelbrot(re, im, "2000", 20_000).is_as_true_as_its_points();
}

#[test]
fn a_seahorse_at_4e10_is_as_true_as_its_points() {
    let (re, im) = (
        "-0.743643887037158704752191506114774",
        "0.131825904205311970493132056385139",
    );
    mandelbrot(re, im, "4E10", 10_000).is_as_true_as_its_points();
}

#[test]
fn a_dense_filament_on_the_needle_is_as_true_as_its_points() {
    let (re, im) = (
        "-1.94151209635203346443964399999999999999999995",
        "0.00663498740113024706519999999999999999995",
    );
    mandelbrot(re, im, "1e8", 20_000).is_as_true_as_its_points();
}

#[test]
fn multibrots_are_true() {
    for power in 2..=8 {
        let formula = Formula::Multibrot { power };
        Place {
            formula,
            ..mandelbrot("0", "0", "1.3", 500)
        }
        .is_true();
    }
    let formula = Formula::Multibrot { power: 3 };
    Place {
        formula,
        ..mandelbrot("0.4", "0.7", "3000", 5000)
    }
    .is_true();
}

#[test]
fn a_julia_set_is_true() {
    let seed = |text: &str| text.parse().unwrap();
    let formula = Formula::Julia {
        seed_re: seed("-0.7436438870371587"),
        seed_im: seed("0.1318259042053119"),
    };
    Place {
        formula,
        ..mandelbrot("0", "0", "1.5", 10_000)
    }
    .is_true();
}

#[test]
fn a_ship_in_the_armada_is_as_true_as_its_points() {
    let formula = Formula::BurningShip;
    Place {
        formula,
        ..mandelbrot("-1.755", "-0.03", "40", 2000)
    }
    .is_as_true_as_its_points();
}

#[test]
fn the_tricorn_is_true() {
    let formula = Formula::Tricorn;
    Place {
        formula,
        ..mandelbrot("-0.1", "0.85", "10", 2000)
    }
    .is_true();
}
