//! The truth: how orbits of exact arithmetic grow when their points move, by their whole Jacobian matrix, whatever the formula.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;
use fractal::{Formula, View};

use crate::exact::{Complex, Exact, Map};

type Real = FBig<HalfEven>;

/// Bits of the derivative, whose rounding nothing amplifies.
const PRECISION: usize = 100;

/// Binary places beyond those that resolve a pixel.
const GUARD: usize = 200;

/// |z|² past which orbits are not followed.
const BAILOUT_BITS: usize = 32;

/// Turns after which an orbit whose multiplier is at most 0.7 has come to within 10^-12 of its cycle.
const TURNS: u32 = 80;

/// A view without rotation, one sample a pixel.
pub(crate) struct Picture<'a> {
    view: &'a View,
    exact: Exact,
}

/// What is true of a pixel.
pub(crate) struct Truth {
    pub(crate) count: u64,
    pub(crate) distance: f64,
    pub(crate) normal: [f64; 2],
}

impl Picture<'_> {
    pub(crate) fn new(view: &View) -> Picture<'_> {
        let map = match view.formula {
            Formula::Multibrot { power } => Map::Power(power),
            Formula::BurningShip => Map::BurningShip,
            Formula::Tricorn => Map::Tricorn,
            _ => Map::Power(2),
        };
        // Up to 20 digits are written without an exponent.
        let zoom = view.zoom.to_string();
        let digits = zoom.split_once('e');
        let digits = digits.map_or(20, |(_, exponent)| exponent.parse().unwrap());
        let places = digits * 10 / 3 + GUARD;
        Picture {
            view,
            exact: Exact { map, places },
        }
    }

    /// A pixel's centre.
    fn point(&self, column: u32, row: u32) -> Complex {
        let View { width, height, .. } = *self.view;
        let right = 2 * i64::from(column) + 1 - i64::from(width);
        let up = i64::from(height) - 2 * i64::from(row) - 1;
        let zoom = self.view.zoom.to_string();
        let part = |centre: String, halves| self.exact.coordinate(&centre, &zoom, height, halves);
        Complex {
            re: part(self.view.re.to_string(), right),
            im: part(self.view.im.to_string(), up),
        }
    }

    fn real(&self, value: &IBig) -> Real {
        Real::from_parts(value.clone(), -(self.exact.places as isize))
            .with_precision(PRECISION)
            .value()
    }

    fn parts(&self, z: &Complex) -> [Real; 2] {
        [self.real(&z.re), self.real(&z.im)]
    }

    fn step(&self, z: &Complex, c: &Complex) -> Complex {
        self.exact.norm_and_step(z, c).1
    }

    /// The multiplier of the cycle of `period` points that attracts a pixel of a holomorphic formula, along the orbit of 0 itself, once
    /// that has come near the cycle.
    ///
    /// # Panics
    /// If it does not come to a cycle of that period, or to a shorter one.
    pub(crate) fn cycle(&self, column: u32, row: u32, period: u32) -> [f64; 2] {
        let c = self.point(column, row);
        let mut z = c.clone();
        // Among its points that one is nearest to 0, and farthest from the others for its size.
        for _ in 1..period * TURNS {
            z = self.step(&z, &c);
        }
        let modulus = |z: &Complex| {
            let [x, y] = self.parts(z);
            &x * &x + &y * &y
        };
        let apart = |one: &Complex, other: &Complex| {
            let difference = Complex {
                re: &one.re - &other.re,
                im: &one.im - &other.im,
            };
            modulus(&difference) / modulus(other)
        };
        let tiny = Real::from_parts(IBig::ONE, -40);
        let one = Real::from(1).with_precision(PRECISION).value();
        let (begin, mut product) = (z.clone(), [one, Real::from(0)]);
        for n in 1..=period {
            let [a, b] = product;
            let [re, _, im, _] = self.derivative(self.parts(&z));
            product = [&re * &a - &im * &b, &re * &b + &im * &a];
            z = self.step(&z, &c);
            let has_returned = apart(&z, &begin) < tiny;
            let may = period.is_multiple_of(n);
            assert!(!may || has_returned == (n == period), "{n} of {period}");
        }
        product.map(|part| part.to_f64().value())
    }

    /// Of a pixel that escapes; `None` where it does not.
    pub(crate) fn truth(&self, column: u32, row: u32) -> Option<Truth> {
        let places = self.exact.places;
        let mut z = self.point(column, row);
        let zoom = self.view.zoom.to_string();
        let pixel = self.exact.coordinate("0", &zoom, self.view.height, 2);
        let (pixel, zero) = (self.real(&pixel), Real::from(0));
        let identity = [pixel.clone(), zero.clone(), zero, pixel];
        let (c, added) = match &self.view.formula {
            Formula::Julia { seed_re, seed_im } => {
                let c = Complex {
                    re: self.exact.number(&seed_re.to_string()),
                    im: self.exact.number(&seed_im.to_string()),
                };
                (c, None)
            }
            _ => (z.clone(), Some(identity.clone())),
        };
        let mut jacobian = identity;
        let (four, bailout) = (
            self.exact.norm_of_2(),
            IBig::ONE << (BAILOUT_BITS + 2 * places),
        );
        let mut count = 0;
        for n in 1..self.view.limit + 100 {
            let (norm, next) = self.exact.norm_and_step(&z, &c);
            if norm > four && count == 0 {
                count = n;
            }
            if count > self.view.limit {
                return None;
            }
            let parts = self.parts(&z);
            if norm > bailout {
                let (distance, normal) = distance_and_normal(parts, jacobian);
                return Some(Truth {
                    count,
                    distance,
                    normal,
                });
            }
            jacobian = product(&self.derivative(parts), &jacobian);
            if let Some(added) = &added {
                for (entry, more) in jacobian.iter_mut().zip(added) {
                    *entry += more;
                }
            }
            z = next;
        }
        None
    }

    /// The matrix of a step, row by row.
    fn derivative(&self, [x, y]: [Real; 2]) -> [Real; 4] {
        let zero = Real::from(0);
        let one = Real::from(1).with_precision(PRECISION).value();
        let power = match self.exact.map {
            Map::Power(power) => power,
            _ => 2,
        };
        let (mut re, mut im) = (one, zero.clone());
        for _ in 1..power {
            (re, im) = (&re * &x - &im * &y, &re * &y + &im * &x);
        }
        let power = Real::from(power);
        let (re, im) = (re * &power, im * &power);
        let flips = match self.exact.map {
            Map::Power(_) => false,
            Map::BurningShip => &x * &y < zero,
            Map::Tricorn => true,
        };
        if flips {
            [re.clone(), -im.clone(), -im, -re]
        } else {
            [re.clone(), -im.clone(), im, re]
        }
    }
}

/// In pixels, of an orbit that is past the bailout.
fn distance_and_normal([x, y]: [Real; 2], [a, b, c, d]: [Real; 4]) -> (f64, [f64; 2]) {
    let gradient = [a * &x + c * &y, b * &x + d * &y];
    // Both over |z|², so that they are numbers that f64 holds.
    let norm = &x * &x + &y * &y;
    let [right, up] = gradient.map(|part| (part / &norm).to_f64().value());
    let length = right.hypot(up);
    let distance = norm.to_f64().value().ln() / length;
    (distance, [right / length, up / length])
}

fn product([a, b, c, d]: &[Real; 4], [e, f, g, h]: &[Real; 4]) -> [Real; 4] {
    [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h]
}
